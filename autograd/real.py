"""Real numbers: what counts as one, and a float that follows IEEE 754 at every edge."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Rational
from numbers import Real as RealNumber

from autograd import ieee
from autograd.given import shown, shown_whole
from autograd.visible import visible


def as_float(x: object, name: str = "") -> float:
    """A real number of any kind as a float. An error begins with ``name``, the argument's.

    Raises:
        TypeError: ``x`` is not one real number; the message says what to write instead.
        OverflowError: ``x`` is larger than any float, as integers may be.
    """
    if type(x) is float:
        return x
    if type(x) is int or isinstance(x, RealNumber):  # the latter alone is slow
        try:
            return float(x)
        except OverflowError:
            size = shown(math.floor(x) if isinstance(x, Rational) else x)
            raise OverflowError(
                f"{visible(name)}{': ' * bool(name)}expected a real number of at most 1.8e308, as "
                f"large as floats are; got {type(x).__name__} {size}"
            ) from None
    raise TypeError(f"{visible(name)}{': ' * bool(name)}{_advice(x)}")


def nine_digits(x: object) -> str:
    """A number with nine digits; whatever stands in the place of one, as it is."""
    try:
        return f"{as_float(x):.9g}"
    except (TypeError, OverflowError):
        return shown(x)


_EACH = "take its elements one by one, as in [Value(x) for x in {}]"


def _advice(x: object) -> str:
    kind = type(x).__name__
    got = f"expected one real number (int, float or a numpy scalar); got {kind}"
    if hasattr(type(x), "apply_op"):
        return f"{got}: write x.data for its number; where a Value may stand, x itself will do"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        if x.shape == ():
            return f"{got} of no dimensions: write x.item()"
        return f"{got} of shape {tuple(x.shape)}: {_EACH.format('array')}"
    if isinstance(x, str):
        return f"{got} {shown(x)}: write float(text) if it spells a number"
    if isinstance(x, complex):
        return f"{got} {shown(x)}: write z.real or z.imag; derivatives here are of real numbers"
    if x is None:
        return f"{got}: a function that should return a number may lack its return"
    if isinstance(x, (list, tuple, set, dict)):
        return f"{got} of {count(len(x), 'element')}: {_EACH.format('numbers')}"
    return f"{got}: write float(x) if it stands for a number"


def is_array(x: object) -> bool:
    """Whether NumPy goes through ``x`` element by element; an operator then leaves it to NumPy.

    Not the compiler's arrays, which are operands themselves.
    """
    kind = type(x)
    if kind is float or kind is int:  # the most frequent, and asking for names takes longer
        return False
    array = hasattr(kind, "__array_ufunc__") and hasattr(kind, "__len__")
    return array and not hasattr(kind, "apply_op")


def count(n: int, noun: str) -> str:
    """``1 input``, ``3 inputs``."""
    return f"{n} {noun}" if n == 1 else f"{shown_whole(n)} {noun}s"


def same_number(a: float, b: float) -> bool:
    """Whether two numbers differ by no more than rounding; nan is the same as nan."""
    return math.isclose(a, b, rel_tol=1e-9) or (a != a and b != b)


def largest(numbers: Iterable[float]) -> float:
    """The largest magnitude among finite numbers, which rounding is relative to."""
    return max((abs(x) for x in numbers if math.isfinite(x)), default=0.0)


def close(a: float, b: float, scale: float, rounding: float = 1e-9) -> bool:
    """Whether two results differ by no more than rounding, where numbers as large as ``scale``
    occur on the way; nan is the same as nan."""
    return a == b or abs(a - b) <= rounding * scale or (a != a and b != b)


class Real(float):
    """A float whose operators follow ``ieee.py``. Derivative rules run on it at the edges."""

    __slots__ = ()

    def __neg__(self) -> Real:
        return Real(-float(self))


def _operators(
    function: Callable[[float, float], float],
) -> tuple[Callable[[Real, float], Real], Callable[[Real, float], Real]]:
    def method(self: Real, other: float) -> Real:
        return Real(function(float(self), float(other)))

    def reverse(self: Real, other: float) -> Real:
        return Real(function(float(other), float(self)))

    return method, reverse


for _name, _function in {
    "add": float.__add__,
    "sub": float.__sub__,
    "mul": float.__mul__,
    "truediv": ieee.div,
    "pow": ieee.pow,
}.items():
    _method, _reverse = _operators(_function)
    setattr(Real, f"__{_name}__", _method)
    setattr(Real, f"__r{_name}__", _reverse)
