"""Taylor series of the error function and its complement, which ONNX lacks for float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograd.compiler.program import Floats
from autograd.ieee import TWO_BY_SQRT_PI

PER_UNIT = 8
"""How many points there are per unit, each with a series."""

TERMS = 14
"""The next term is below 1e-17 of the sum, because x is at most 1/16 away from its point."""


def erf() -> Floats:
    """The coefficients at 0, 1/8, ..., 6: a row for each. From 6 on erf is 1."""
    return _table(6, _erf_at)


def scaled_erfc() -> Floats:
    """The same of e^(x²) erfc(x), from 0 to 28."""
    return _table(28, _scaled_erfc_at)


def _table(last: int, at: Callable[[float], list[float]]) -> Floats:
    return np.array([at(i / PER_UNIT) for i in range(last * PER_UNIT + 1)])


def _erf_at(x: float) -> list[float]:
    """f' = g = 2/sqrt(pi) e^(-x²), and g' = -2 x g."""
    g = [TWO_BY_SQRT_PI * math.exp(-x * x)]
    for n in range(TERMS - 2):
        g.append(-2 * (x * g[n] + (g[n - 1] if n else 0.0)) / (n + 1))
    return [math.erf(x), *(c / (n + 1) for n, c in enumerate(g))]


def _scaled_erfc_at(x: float) -> list[float]:
    """f' = 2 x f - 2/sqrt(pi)."""
    f = [math.exp(x * x) * math.erfc(x) if x < 10 else _for_large(x)]
    f.append(2 * x * f[0] - TWO_BY_SQRT_PI)
    for n in range(1, TERMS - 1):
        f.append(2 * (x * f[n] + f[n - 1]) / (n + 1))
    return f


def _for_large(x: float) -> float:
    """e^(x²) erfc(x) for x from 10 on, by its asymptotic series (Abramowitz and Stegun, 7.1.23)."""
    total = term = 1.0
    for n in range(1, 20):
        term *= -(2 * n - 1) / (2 * x * x)
        total += term
    return total * TWO_BY_SQRT_PI / 2 / x
