"""The operations that the compiler knows: those whose algebra it uses, and its own.

It knows all others by their definition alone: it traces their rules, and an executor may have a
kernel for their value.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import ops
from autograd.ops import Op

ALGEBRA = {
    ops.add: "a chain of additions is one sum, of its terms in their order; the partials are 1",
    ops.sub: "a sum may subtract some of its terms",
    ops.neg: "a + -b is a - b; -1 times x is -x",
    ops.sum: "a sum is taken along an axis, and over the batch in any order",
    ops.mul: "sums of products are products of matrices; factors commute; 1 times x is x",
    ops.div: "x / n is easier to read than 1/n times x",
}
"""Each with the reason. Besides these ``ops.Power``, because executors write x ** n with the number
n in its place."""


def _guard(name: str, holds: Callable[[float, float], bool]) -> Op:
    # 1 where the guard fails, so that the sum over all guards counts failures.
    return Op(
        name,
        lambda a, b: 0.0 if holds(a, b) else 1.0,
        lambda y, a, b: (0.0, 0.0),
        arity=2,
        registered=False,
    )


GUARDS = {
    "less": _guard("unless_less", lambda a, b: a < b),
    "not less": _guard("unless_not_less", lambda a, b: not a < b),
    "less_equal": _guard("unless_less_equal", lambda a, b: a <= b),
    "not less_equal": _guard("unless_not_less_equal", lambda a, b: not a <= b),
    "equal": _guard("unless_equal", lambda a, b: a == b or (a != a and b != b)),
    "not equal": _guard("unless_not_equal", lambda a, b: a != b),
}
"""A comparison as an operation of two inputs: 0 where it turns out as recorded, else 1."""

# A derivative without create_graph, or a result under no_grad, is a mere number from then on.
constant_part = Op("constant_part", lambda x: x, lambda y, x: (0.0,), registered=False)


def _chosen(y: Any, xs: Sequence[Any]) -> tuple[Any, ...]:
    # 1 by the number that stands there, 0 by the others: |i - k| is 0, or at least 1.
    index, *column = xs
    return (0.0, *(1 - ops.step(ops.abs(index - float(k))) for k in range(len(column))))


# One number of a row that ``take`` takes: of an index, and of a column of the table, the number in
# the column that the index says. Pack writes it as a ``Take``.
pick = Op("pick", lambda xs: xs[1 + int(xs[0])], _chosen, arity=None, registered=False)

CUTS = frozenset({constant_part, pick, *GUARDS.values()})
"""Where no derivative flows by an input whose partial is 0. (Through any other operation 0 times an
infinite gradient is nan, as in plain Python.)"""

EXPONENTIAL = ops.exp
"""What a softmax takes of its scores: then what is subtracted from all of them changes nothing."""

LOG_SUM = ops.logsumexp
"""Where a term of -inf counts for nothing."""

SHARE = ops.strong_mul
"""What multiplies the exponentials of a softmax by one over their sum."""

PRODUCTS = (ops.mul, SHARE)
"""The operations that multiply, which differ at infinities alone."""

FOLDS = {ops.maximum: -math.inf, ops.minimum: math.inf}
"""The operations of which a chain is one node of many inputs, each with the number that changes
nothing there."""

MAGNITUDE = ops.abs
"""What tells how large a number is, whatever its sign."""


@functools.lru_cache(maxsize=1024)
def stays_finite(op: Op) -> bool:
    """Whether the result is finite wherever the inputs are, short of overflow by their product."""
    places = (-1000.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1000.0)
    several = op.arity if op.arity is not None else 2
    return all(math.isfinite(op.compute(xs)) for xs in itertools.product(places, repeat=several))


@functools.lru_cache(maxsize=1024)
def passes_nan(op: Op) -> bool:
    """Whether the result is nan wherever an input is. Not so where others win, as in nan ** 0."""
    if not op.is_built_in and op is not constant_part and not isinstance(op, ops.Power):
        return False
    places = (math.nan, -math.inf, -1.0, 0.0, 1.0, math.inf)
    several = op.arity if op.arity is not None else 2
    every = itertools.product(places, repeat=several)
    return all(math.isnan(op.compute(xs)) for xs in every if any(map(math.isnan, xs)))


@functools.lru_cache(maxsize=1024)
def gives_minus_zero(op: Op) -> bool:
    """Whether the result may be -0.0, as far as is known of the operation."""
    if isinstance(op, ops.Power):
        return op.exponent % 2 != 0
    return op not in (ops.exp, ops.abs, ops.sigmoid, ops.softplus, ops.sech2, ops.norm, ops.hypot)


def built_in(op: Op) -> bool:
    """Whether every executor knows the operation."""
    own = isinstance(op, ops.Power) or op in (constant_part, pick) or op in GUARDS.values()
    return own or (op.is_built_in and op not in ops.COMPOSED)
