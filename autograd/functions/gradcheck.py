"""gradcheck: a function's derivatives against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from autograd.given import listed, shown
from autograd.gradient import grad
from autograd.real import as_float
from autograd.value import Value

HALVINGS = 40
"""Of a step, at most: from 10 for sin at 1e4, say, to below a thousandth."""


def gradcheck(
    function: Callable[..., Value],
    inputs: Sequence[Value | float],
    *,
    step: float = 1e-3,
    tolerance: float = 1e-6,
) -> bool:
    """Compare the derivatives of ``function`` at ``inputs`` with central differences.

    Args:
        function: it takes one Value per input and returns one.
        inputs: the point, clear of corners such as relu at 0.
        step: the first step of the differences, relative to the input. It is halved until the
            quotients agree, so that it suits the function and stays inside its domain.
        tolerance: how far the two may differ, relative to the derivative or to 1, the larger.

    Returns:
        True.

    Raises:
        GradcheckError: they differ; the message shows both, by the first input where they do.
        TypeError: ``function`` is not a function or returns something else than a Value, or an
            input, the step or the tolerance is not a number.
        ValueError: the step or the tolerance is not above 0 and finite.

    Richardson extrapolation (Ridders 1982): the quotients at a step, at half of it and at a
    quarter lead to a step of 0, with an error of the order of step⁶.
    """
    if not callable(function) or not isinstance(inputs, Iterable):
        raise TypeError(
            f"gradcheck takes a function and a list with one number per argument, as in "
            f"gradcheck(lambda x, y: x * y, [2.0, 3.0]); got {shown(function)} and {shown(inputs)}"
        )
    for name, number in ("step", step), ("tolerance", tolerance):
        if not 0 < as_float(number, name) < math.inf:
            raise ValueError(f"the {name} of gradcheck is a number above 0; got {shown(number)}")
    given = listed(inputs, "inputs are a list", "a point")
    point = [x.data if isinstance(x, Value) else as_float(x) for x in given]
    leaves = [Value(x) for x in point]
    output = _called(function, leaves)
    for i, analytic in enumerate(grad(output, leaves)):
        numeric = _derivative(function, point, i, step, tolerance)
        if not abs(analytic.data - numeric) <= tolerance * max(1.0, abs(numeric)):
            raise GradcheckError(
                f"derivative by input {i} at {point}: the chain rule gives {analytic.data:.10g}, "
                f"finite differences {numeric:.10g}. A rule may be wrong, or a corner may be near"
            )
    return True


def _called(function: Callable[..., Value], inputs: Iterable[Value]) -> Value:
    output = function(*inputs)
    if not isinstance(output, Value):
        raise TypeError(
            f"gradcheck needs a function that computes with its Values, and not with their .data, "
            f"and returns a Value; got {type(output).__name__} {shown(output)}"
        )
    return output


class GradcheckError(AssertionError):
    """A derivative that finite differences contradict."""


def _derivative(
    function: Callable[..., Value], point: Sequence[float], i: int, step: float, tolerance: float
) -> float:
    """The extrapolation whose last two orders differ least; nan if the quotients are nan."""

    def quotient(h: float) -> float:
        above, below = list(point), list(point)
        above[i] += h
        below[i] -= h
        if above[i] == below[i]:
            return math.nan
        try:
            ends = [_called(function, map(Value, point)).data for point in (above, below)]
        except (ArithmeticError, ValueError):  # beyond the function's domain, as it is for math.log
            return math.nan
        rise = ends[0] - ends[1]
        return rise / (above[i] - below[i])

    found, least = math.nan, math.inf
    for first_step in _first_steps(point[i], step):
        first, second = quotient(first_step), quotient(first_step / 2)
        for halvings in range(2, HALVINGS):
            third = quotient(first_step / 2**halvings)
            better, best = second + (second - first) / 3, third + (third - second) / 3
            error = abs(best - better)
            if error < least:
                found, least = best + (best - better) / 15, error
            if least <= 1e-2 * tolerance * max(1.0, abs(found)):
                return found
            first, second = second, third
    return found


def _first_steps(x: float, step: float) -> Iterator[float]:
    yield step * max(1.0, abs(x))
    if 0 < abs(x) < 1:  # as near to the end of a domain as log at 1e-300
        yield step * abs(x)
