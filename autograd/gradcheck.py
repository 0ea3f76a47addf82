"""Finite differences against the chain rule: the check that needs to know nothing of either."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from autograd.gradient import grad
from autograd.ops import as_float
from autograd.value import Value


def gradcheck(
    function: Callable[..., Value],
    inputs: Sequence[Value | float],
    *,
    step: float = 1e-3,
    tolerance: float = 1e-6,
) -> bool:
    """Compare the derivatives of ``function`` at ``inputs`` with central differences.

    Args:
        function: takes as many Values as there are inputs and returns one.
        inputs: the point, clear of corners such as relu at 0.
        step: the largest step of the differences, relative to the input where that is above 1.
        tolerance: how far the two may be apart, relative to the larger of the derivative and 1.

    Returns:
        True.

    Raises:
        GradcheckError: they differ; the message has both, for the first input where they do.
        TypeError: no function, one that does not return a Value, or inputs that are no numbers.

    The difference quotients at ``step``, a half and a quarter of it are extrapolated to a step of
    0 (Richardson), which leaves an error of the order of step⁶.
    """
    if not callable(function) or not isinstance(inputs, Iterable):
        raise TypeError(
            f"gradcheck takes a function and a list with a number for each of its arguments, as in "
            f"gradcheck(lambda x, y: x * y, [2.0, 3.0]); got {function!r} and {inputs!r}"
        )
    point = [x.data if isinstance(x, Value) else as_float(x) for x in inputs]
    leaves = [Value(x) for x in point]
    output = _called(function, leaves)
    for i, analytic in enumerate(grad(output, leaves)):
        numeric = _derivative(function, point, i, step * max(1.0, abs(point[i])))
        if not abs(analytic.data - numeric) <= tolerance * max(1.0, abs(numeric)):
            raise GradcheckError(
                f"derivative by input {i} at {point}: the chain rule gives {analytic.data:.10g}, "
                f"finite differences {numeric:.10g}. A rule may be wrong, or a corner near"
            )
    return True


def _called(function: Callable[..., Value], inputs: Iterable[Value]) -> Value:
    output = function(*inputs)
    if not isinstance(output, Value):
        raise TypeError(
            f"gradcheck needs a function that computes with the Values it is given, and not with "
            f"their .data, and returns a Value; got {type(output).__name__} {output!r}"
        )
    return output


class GradcheckError(AssertionError):
    """A derivative that finite differences contradict."""


def _derivative(
    function: Callable[..., Value], point: Sequence[float], i: int, step: float
) -> float:
    def quotient(h: float) -> float:
        above, below = list(point), list(point)
        above[i] += h
        below[i] -= h
        rise = _called(function, map(Value, above)).data - _called(function, map(Value, below)).data
        return rise / (above[i] - below[i])

    first, second, third = quotient(step), quotient(step / 2), quotient(step / 4)
    better, best = second + (second - first) / 3, third + (third - second) / 3
    return best + (best - better) / 15
