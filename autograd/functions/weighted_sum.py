"""The weighted sum, which a network consists of and spends its time on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd import modes, ops
from autograd.given import LISTS, listed
from autograd.nodes.leaves import RESULT
from autograd.real import count
from autograd.value import (
    NOT_COMPUTED,
    Number,
    Value,
    as_value,
    class_of,
    make_node,
    new,
    number_of,
)


def dot(
    weights: Sequence[Value | Number],
    inputs: Sequence[Value | Number],
    bias: Value | Number | None = None,
) -> Value:
    """The weighted sum w1*x1 + w2*x2 + ... (+ bias): a product for each pair, and one sum.

    It records the nodes of ``sum([w * x for w, x in zip(weights, inputs)] + [bias])`` in a loop of
    its own, because a network spends its time here.

    Raises:
        ValueError, TypeError: the two differ in length, or one is a set, a dict or bytes.
    """
    if type(weights) not in LISTS or type(inputs) not in LISTS:
        weights, inputs = (_as_list(vector) for vector in (weights, inputs))
    if len(weights) != len(inputs):
        raise ValueError(
            f"a weighted sum needs one weight per input; got {count(len(weights), 'weight')} "
            f"and {count(len(inputs), 'input')}"
        )
    if modes.active:
        plain = modes.switches.recording or modes.switches.watching
        return (recorded if plain else computed)(weights, inputs, bias)
    if Value.__subclasses__() and _class(weights, inputs, bias) is not Value:
        return recorded(weights, inputs, bias)
    mul = ops.mul  # mul and sum are written out here; a test holds this loop to the table
    terms: list[Any] = []
    total, deepest = 0.0, 0
    pairs: Iterable[Any] = zip(weights, inputs)
    try:
        for w, x in pairs:
            a = w._number
            b = x._number
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
            node._number = product
            node._gradient = NOT_COMPUTED
            node._record = (mul, w, x, b, a)
            node._depth = depth
            node._mark = None
            terms.append(node)
        if bias is not None:
            terms.append(bias)
            total += terms[-1]._number
            deepest = max(deepest, terms[-1]._depth)
    except (AttributeError, TypeError):  # some are plain numbers
        return recorded(weights, inputs, bias)
    if type(total) is not float or not terms:
        return recorded(weights, inputs, bias)
    return make_node(total, deepest + 1, (ops.sum, *terms, *(1.0,) * len(terms)))


def _as_list(vector: Any) -> list[Any]:
    return listed(vector, "dot takes two lists of numbers or Values", "what dot takes")


def recorded(
    weights: Sequence[Value | Number], inputs: Sequence[Value | Number], bias: Value | Number | None
) -> Value:
    """``dot`` in its plain form."""
    products: list[Value | Number] = [as_value(w) * x for w, x in zip(weights, inputs)]
    return Value.apply_op(ops.sum, products if bias is None else [*products, bias])


def computed(
    weights: Sequence[Value | Number], inputs: Sequence[Value | Number], bias: Value | Number | None
) -> Value:
    """``dot`` under ``no_grad``: numbers alone."""
    numbers = [*map(ops.mul.forward, map(number_of, weights), map(number_of, inputs))]
    total = ops.sum.forward(numbers if bias is None else [*numbers, number_of(bias)])
    return make_node(total, 0, RESULT, _class(weights, inputs, bias))


def _class(
    weights: Sequence[Value | Number], inputs: Sequence[Value | Number], bias: Value | Number | None
) -> type[Value]:
    """The class of the result."""
    if not Value.__subclasses__():  # as it is for most
        return Value
    return class_of(v for v in (*weights, *inputs, bias) if isinstance(v, Value))
