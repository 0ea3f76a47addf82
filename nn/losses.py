"""Losses: how far outputs are from what they should be, as one Value.

Outputs and targets are vectors of the same length n: sequences or 1-D arrays of Values or numbers;
for n = 1 also one Value or number alone.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from numbers import Real
from typing import Any

from autograd import ops
from autograd.functions.softmax import log_softmax
from autograd.functions.weighted_sum import dot
from autograd.given import shown
from autograd.real import as_float, count
from autograd.value import Value
from nn.arguments import Number, Vector, as_list, as_values


def half_squared_error(outputs: Vector, targets: Vector) -> Value:
    """1/2 * sum of (output - target)^2. Its derivative by an output is (output - target).

    Raises:
        ValueError: the two differ in length, or are empty.
    """
    return 0.5 * _sum([(o - t) ** 2 for o, t in _pairs(outputs, targets)])


def mean_squared_error(outputs: Vector, targets: Vector) -> Value:
    """Mean of (output - target)^2.

    Raises:
        ValueError: the two differ in length, or are empty.
    """
    return _mean([(o - t) ** 2 for o, t in _pairs(outputs, targets)])


def hinge(outputs: Vector, targets: Vector) -> Value:
    """Mean of relu(1 - target * output), for targets -1 and 1.

    It is 0 for an output that is on its target's side by at least 1 (Cortes and Vapnik,
    "Support-vector networks", 1995).

    Raises:
        ValueError: the two differ in length, are empty, or a target is neither -1 nor 1.
    """
    pairs = _pairs(outputs, targets)
    margins = [t * o for o, t in pairs]  # refuses what is not a number
    for _, t in pairs:
        if not t * t == 1:  # one comparison, so one recording serves both targets
            raise ValueError(f"the targets of a hinge loss are -1 or 1; got {shown(_number(t))}")
    return _mean([(1 - margin).relu() for margin in margins])


def cross_entropy(logits: Vector, target: int | Vector) -> Value:
    """-sum of target * log(softmax(logits)), the surprise at the target in nats.

    For an index it is computed as logsumexp(logits - the target's logit). Both forms keep their
    digits however large the logits are. A logit of -inf (a mask) adds nothing to the loss for an
    index, and has no gradient. If it is the target's, the loss is inf, and the gradients are nan.

    Args:
        logits: n outputs before any softmax.
        target: the index of the right output, a whole number from 0 to n - 1; or n probabilities.

    Raises:
        ValueError: no output has that index, the number of probabilities is not n, or their sum is
            not 1.
    """
    values = as_values(as_list(logits))
    if not values:
        raise ValueError("cross_entropy needs at least one logit; got none")
    if isinstance(target, (Value, Real)) or getattr(target, "shape", None) == ():
        (index,) = as_list(target)
        return Value.apply_op(ops.logsumexp, _gaps(values, index))
    probabilities: list[Any] = [
        p if isinstance(p, (Value, float)) else as_float(p, "target") for p in as_list(target)
    ]
    if len(probabilities) != len(values):
        hint = "; for an index write target[0]" if len(probabilities) == 1 else ""
        raise ValueError(
            f"cross_entropy got {count(len(values), 'logit')} "
            f"and {len(probabilities)} target probabilities{hint}"
        )
    # The tolerance is that of single precision.
    if any(p < 0 for p in probabilities) or not abs(builtins.sum(probabilities) - 1) < 1e-5:
        numbers = [_number(p) for p in probabilities]
        raise ValueError(
            f"target probabilities are at least 0 and sum to 1; "
            f"these sum to {builtins.sum(numbers):.9g}, the least is {min(numbers):.9g}"
        )
    return -dot(probabilities, log_softmax(values))


def _gaps(values: Sequence[Value], index: Any) -> list[Any]:
    """Each logit less that of the target."""
    if not isinstance(index, Value):
        target = _index(index, len(values))
        return [0.0 if i == target else x - values[target] for i, x in enumerate(values)]
    ones = _indicators(index.detach(), len(values))  # no gradient flows by an index
    # A strong product, because 0 * -inf would be nan.
    logit = ops.sum([ops.strong_mul(one, x) for one, x in zip(ones, values)])
    return [ops.strong_mul(1 - one, x - logit) for one, x in zip(ones, values)]


def _pairs(outputs: Vector, targets: Vector) -> list[tuple[Value, Value | Number]]:
    """Each output, as a Value, with its target."""
    os, ts = as_values(as_list(outputs)), as_list(targets)
    if len(os) != len(ts):
        raise ValueError(
            f"a loss needs as many targets as outputs; got {count(len(os), 'output')} "
            f"and {count(len(ts), 'target')}"
        )
    if not os:
        raise ValueError("a loss needs at least one output; got none")
    return list(zip(os, ts))


def _sum(terms: Sequence[Value]) -> Value:
    return terms[0] if len(terms) == 1 else ops.sum(terms)


def _mean(terms: Sequence[Value]) -> Value:
    return terms[0] if len(terms) == 1 else _sum(terms) / len(terms)


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _index(target: Any, n: int) -> int:
    # A whole float is an index too, because rows of targets are often floats.
    if target not in range(n):
        raise _no_index(target, n)
    return int(target)


def _indicators(target: Value, n: int) -> list[Value]:
    """1 at the index, 0 elsewhere, without a branch, so that one recording of ``compile`` holds
    for all indices. ``above`` is a half where its inputs are equal."""
    ones: list[Value] = [4 * ops.above(target, i) * ops.above(i, target) for i in range(n)]
    if not ops.sum(ones) == 1:
        raise _no_index(target.data, n)
    return ones


def _no_index(target: float, n: int) -> ValueError:
    return ValueError(
        f"the target of {count(n, 'logit')} is an index from 0 to {n - 1}; got {shown(target)}"
    )
