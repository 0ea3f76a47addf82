"""The weighted sum, which a network consists of and spends its time on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd import modes, ops
from autograd.real import count
from autograd.value import Number, Value, as_value, make_node, new, number_of, record


def dot(
    weights: Sequence[Value | Number],
    inputs: Sequence[Value | Number],
    bias: Value | Number | None = None,
) -> Value:
    """The weighted sum w1*x1 + w2*x2 + ... (+ bias): a product for each pair, and one sum.

    It records what ``sum([w * x for w, x in zip(weights, inputs)] + [bias])`` records, node by
    node, in one loop of its own, for it is where a network spends its time.

    Raises:
        ValueError: the two differ in length.
    """
    if len(weights) != len(inputs):
        raise ValueError(
            f"a weighted sum needs one weight an input; got {count(len(weights), 'weight')} "
            f"and {count(len(inputs), 'input')}"
        )
    if modes.active:
        return _dot_with_care(weights, inputs, bias)
    # The rows of mul and sum are written out below; a test holds this loop to the table.
    mul = ops.mul
    terms: list[Any] = []
    total, deepest = 0.0, 0
    pairs: Iterable[Any] = zip(weights, inputs)
    try:
        for w, x in pairs:
            a = w.data
            b = x.data
            product = a * b
            if type(product) is not float:
                raise TypeError
            total += product
            depth = w._depth
            if x._depth > depth:
                depth = x._depth
            depth += 1
            if depth > deepest:
                deepest = depth
            node = new(Value)
            node.data = product
            node.grad = None
            node.label = ""
            node._record = (mul, w, x, b, a)
            node._depth = depth
            node._mark = None
            terms.append(node)
        if bias is not None:
            terms.append(bias)
            total += terms[-1].data
            deepest = max(deepest, terms[-1]._depth)
    except (AttributeError, TypeError):  # some are plain numbers
        return _dot_with_care(weights, inputs, bias)
    if type(total) is not float or not terms:
        return _dot_with_care(weights, inputs, bias)
    return make_node(total, deepest + 1, (ops.sum, *terms, *(1.0,) * len(terms)))


def _dot_with_care(
    weights: Sequence[Value | Number], inputs: Sequence[Value | Number], bias: Value | Number | None
) -> Value:
    """``dot`` for the rest: some are plain numbers or hold odd data, or a mode is on."""
    extra = () if bias is None else (bias,)
    if modes.switches.recording or modes.switches.recorder:
        products = [as_value(w) * x for w, x in zip(weights, inputs)]
        return record(ops.sum, (*products, *map(as_value, extra)))
    numbers = map(ops.mul.forward, map(number_of, weights), map(number_of, inputs))
    return Value(ops.sum.forward([*numbers, *map(number_of, extra)]))
