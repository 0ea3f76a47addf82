"""clamp: a number within bounds, with PyTorch's derivatives at the bounds.

It is an operation of its own, because ``maximum`` and ``minimum`` share the derivative between two
equal inputs, and a clamped number keeps all of it on a bound.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from autograd import ops
from autograd.op import Op


@dataclass(frozen=True, eq=False, repr=False)
class Clamp(Op):
    """x within bounds. See ``clamped``."""

    low: float = -math.inf
    high: float = math.inf

    def __reduce__(self) -> tuple[Any, ...]:
        return (clamped, (self.low, self.high))


@functools.lru_cache(maxsize=1024)
def clamped(low: float, high: float) -> Clamp:
    """min(max(x, low), high) for two numbers. Its derivative is 1 from low to high, both included,
    and 0 outside."""
    bounds = f"{low!r}, {high!r}"
    inside = ((low, high),) if -math.inf < low < high < math.inf else ()

    def forward(x: Any) -> Any:
        x = x if low == -math.inf else ops.maximum(x, low)
        return x if high == math.inf else ops.minimum(x, high)

    def rule(y: Any, x: Any) -> tuple[Any]:
        within: Any = 1.0
        if low != -math.inf:
            within = within * (1 - _beyond(low, x))
        if high != math.inf:
            within = within * (1 - _beyond(x, high))
        return (within,)

    return Clamp(
        f"clamp({bounds})",
        forward,
        rule,
        symbol="clamp",
        text=f"clamp({{}}, {bounds})",
        latex=rf"\operatorname{{{{clamp}}}}\left({{}}, {_latex(low)}, {_latex(high)}\right)",
        domain=inside,
        registered=False,
        low=low,
        high=high,
    )


def _beyond(a: Any, b: Any) -> Any:
    """1 if a > b, else 0. (``above`` is a half where they are equal.)"""
    return ops.step(ops.above(a, b) - 0.5)


def _latex(bound: float) -> str:
    return repr(bound).replace("inf", r"\infty")
