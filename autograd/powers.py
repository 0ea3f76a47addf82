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

    accurate, parts = None, _one_less(n)
    if n == 0.5:  # the square root, as NumPy and PyTorch have it
        accurate = lambda y, x: (0.5 / y,)
    elif n == -0.5:
        accurate = lambda y, x: (-0.5 * y * y * y,)
    elif len(parts) > 1:
        accurate = lambda y, x: (math.prod((power(part)(x) for part in parts), start=n),)
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
        # The rounding of y counts three times in y * y * y, and that of the power of a half twice.
        # A compiled power is up to 1.1 units off.
        ulps=6.0 if n == -0.5 else 5.0 if parts[0] in parts[1:] else 4.0,
        registered=False,
        exponent=n,
    )


def _one_less(n: float) -> list[float]:
    """Numbers that add up to n - 1 and have the same sign, so that a product of their powers has no
    0 * inf."""
    if not math.isfinite(n) or n == 0:
        return [n - 1]
    one_less = n - 1
    rest = Fraction(n) - 1 - Fraction(one_less)
    if rest * Fraction(one_less) < 0:
        one_less = math.nextafter(one_less, 0.0)
        rest = Fraction(n) - 1 - Fraction(one_less)
    # The power may overflow where n would make it small again; that of the half does not. (From
    # 0.05 on no float's power overflows.)
    parts = [one_less / 2] * 2 if -1 < n < 0.05 else [one_less]
    # Where n - 1 is rounded, as for 1/3, that counts |n log(x)| times.
    return [*parts, float(rest)] if rest else parts
