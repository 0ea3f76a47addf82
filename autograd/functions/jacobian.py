"""jacobian, hessian, hvp: the derivatives of a function at a point, as lists of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.given import listed, shown
from autograd.gradient import grad
from autograd.real import count
from autograd.value import Number, Value, as_value, number_of

Function = Callable[..., Any]


def jacobian(
    function: Function, inputs: Iterable[Value | Number]
) -> list[float] | list[list[float]]:
    """The derivative of each of ``function``'s m results by each of n inputs.

    >>> jacobian(lambda x, y: [x * y, x - y], [2.0, 3.0])
    [[3.0, 2.0], [1.0, -1.0]]

    Args:
        function: it takes one Value per input, and returns a Value or a list of m Values.
        inputs: the point, n numbers.

    Returns:
        m rows of n numbers; one row alone if the function returns one Value.

    Raises:
        TypeError: the function returns something else, or an input is not a number.
    """
    leaves = _leaves(inputs)
    returned = _called(function, leaves)
    if isinstance(returned, Value):
        return _row(returned, leaves)
    results = list(returned) if isinstance(returned, Iterable) else [returned]
    if not any(isinstance(y, Value) for y in results):
        raise TypeError(
            f"jacobian is of a function that computes with its Values, and not with their .data, "
            f"and returns a Value or a list of them; got {type(returned).__name__} "
            f"{shown(returned)}"
        )
    return [_row(as_value(y), leaves) for y in results]


def hessian(function: Function, inputs: Iterable[Value | Number]) -> list[list[float]]:
    """The second derivatives of ``function``'s one result: n rows of n numbers.

    >>> hessian(lambda x, y: x * x * y, [2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]

    Args:
        function: it takes one Value per input, and returns one.
        inputs: the point, n numbers.

    Raises:
        TypeError: the function returns something else than a Value, or an input is not a number.
    """
    leaves = _leaves(inputs)
    first = grad(_result(function, leaves), leaves, create_graph=True)
    return [_row(y, leaves) for y in first]


def hvp(
    function: Function, inputs: Iterable[Value | Number], v: Sequence[Value | Number]
) -> tuple[float, list[float]]:
    """``function``'s result, and its Hessian times the vector v, without the n * n numbers.

    Args:
        function: it takes one Value per input, and returns one.
        inputs: the point, n numbers.
        v: n numbers.

    Raises:
        ValueError: there is not one number in v per input.
        TypeError: the function returns something else than a Value, or an input is not a number.
    """
    leaves = _leaves(inputs)
    weights = [number_of(x) for x in listed(v, "v is a list with one number per input", "v")]
    if len(weights) != len(leaves):
        raise ValueError(
            f"hvp needs one number in v per input; got {count(len(weights), 'number')} and "
            f"{count(len(leaves), 'input')}"
        )
    y = _result(function, leaves)
    first = grad(y, leaves, create_graph=True)
    along = sum((g * w for g, w in zip(first, weights)), Value(0.0))
    return y.data, _row(along, leaves)


def _leaves(inputs: Iterable[Value | Number]) -> list[Value]:
    given = listed(inputs, "inputs are a list with one number per argument", "a point")
    return [Value(number_of(x)) for x in given]


def _called(function: Function, leaves: Sequence[Value]) -> Any:
    if not callable(function):
        raise TypeError(
            f"expected a function and a point, as in jacobian(lambda x, y: x * y, [2.0, 3.0]); "
            f"got {type(function).__name__} {shown(function)}"
        )
    return function(*leaves)


def _result(function: Function, leaves: Sequence[Value]) -> Value:
    y = _called(function, leaves)
    if not isinstance(y, Value):
        raise TypeError(
            f"a Hessian is of a function that returns one Value; got {type(y).__name__} {shown(y)}"
        )
    return y


def _row(y: Value, leaves: Sequence[Value]) -> list[float]:
    return [v.data for v in grad(y, leaves)]
