"""x ** n for a number n: an operation of one input for each n."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from autograd import ieee
from autograd.op import Op


@dataclass(frozen=True, eq=False)
class Power(Op):
    """x ** n for a number n. See ``power``."""

    exponent: float = 1.0

    def __reduce__(self) -> tuple[Any, ...]:
        return (power, (self.exponent,))


@functools.lru_cache(maxsize=1024)
def power(exponent: float) -> Power:
    """x ** n for a number n: the operation pow with its exponent fixed, so x is its one input."""
    n = float(exponent)
    written = f"{n:g}" if float(f"{n:g}") == n else repr(n)

    def rule(y: Any, x: Any) -> tuple[Any]:
        # n is not an operand, so a rule may look at it; and 0 * x**-1 would be nan at x = 0.
        if n in (0, 1):
            return (n,)
        return (n * x if n == 2 else n * power(n - 1)(x),)

    accurate = None
    one_less, rest = _one_less(n)
    if n == 0.5:  # the square root, as NumPy and PyTorch have it
        accurate = lambda y, x: (0.5 / y,)
    elif rest:  # where n - 1 is rounded, as for 1/3, that counts |n log(x)| times
        accurate = lambda y, x: (n * power(one_less)(x) * power(rest)(x),)
    return Power(
        f"power({n!r})",
        ieee.sqrt if n == 0.5 else lambda x: ieee.pow(x, n),
        rule,
        accurate,
        symbol=f"**{written}",
        text=f"{{}} ** {written}" if n >= 0 else f"{{}} ** ({written})",
        latex=f"{{{{{{}}}}}}^{{{{{written}}}}}",
        precedence=3,
        domain=((0.2, 3.0),),
        registered=False,
        exponent=n,
    )


def _one_less(n: float) -> tuple[float, float]:
    """n - 1, rounded towards 0, and what that leaves out. The two have the same sign, so that the
    product of their powers has no 0 * inf."""
    if not math.isfinite(n):
        return n, 0.0
    one_less = n - 1
    rest = Fraction(n) - 1 - Fraction(one_less)
    if rest * Fraction(one_less) < 0:
        one_less = math.nextafter(one_less, 0.0)
        rest = Fraction(n) - 1 - Fraction(one_less)
    return one_less, float(rest)
