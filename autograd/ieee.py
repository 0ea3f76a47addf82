"""Float arithmetic by the rules of IEEE 754: an answer for every input, never an exception.

Python raises on 1/0, log(0) and exp(1000), and turns (-2)**0.5 into a complex number. The
functions here return inf, -inf or nan instead, as C and PyTorch do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import inf, nan


def div(a: float, b: float) -> float:
    """a / b, rounded once; a zero divisor gives an infinity with the sign of both, and 0/0 nan."""
    try:
        return a / b
    except ZeroDivisionError:
        return nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


def pow(a: float, b: float) -> float:
    """a ** b like C's pow: nan where no real power exists, and 1 for any a if b is 0."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -inf if a < 0 and math.fmod(b, 2.0) else inf
    except ValueError:
        if a != 0:
            return nan
        return math.copysign(inf, a) if abs(math.fmod(b, 2.0)) == 1 else inf


def exp(x: float) -> float:
    """e ** x; inf from 709.79 on."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def log(x: float) -> float:
    """The natural logarithm; -inf at 0, nan below."""
    try:
        return math.log(x)
    except ValueError:
        return -inf if x == 0 else nan


def expm1(x: float) -> float:
    """e ** x - 1, for small x to the last digits; inf from 709.79 on."""
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


def log1p(x: float) -> float:
    """log(1 + x), for small x to the last digits; -inf at -1, nan below."""
    try:
        return math.log1p(x)
    except ValueError:
        return -inf if x == -1 else nan


def sqrt(x: float) -> float:
    """The square root; nan below 0."""
    try:
        return math.sqrt(x)
    except ValueError:
        return nan


def sin(x: float) -> float:
    """The sine; nan at either infinity."""
    try:
        return math.sin(x)
    except ValueError:
        return nan


def cos(x: float) -> float:
    """The cosine; nan at either infinity."""
    try:
        return math.cos(x)
    except ValueError:
        return nan


def tan(x: float) -> float:
    """The tangent; nan at either infinity."""
    try:
        return math.tan(x)
    except ValueError:
        return nan


def sinh(x: float) -> float:
    """(e^x - e^-x) / 2."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(inf, x)


def cosh(x: float) -> float:
    """(e^x + e^-x) / 2."""
    try:
        return math.cosh(x)
    except OverflowError:
        return inf


def exp_mul(a: float, b: float) -> float:
    """e ** (a * b). What the rounding of a * b leaves out counts too."""
    product = a * b
    y = exp(product)
    if not 0 < y < inf:
        return y
    rest = product_rest(a, b, product)
    return y + y * rest if math.isfinite(rest) else y


def product_rest(a: float, b: float, product: float) -> float:
    """a * b less its rounded product, exactly (Dekker 1971); nan where a or b is huge."""
    c, d = SPLIT * a, SPLIT * b
    a_high, b_high = c - (c - a), d - (d - b)
    a_low, b_low = a - a_high, b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


SPLIT = 134217729.0  # 2**27 + 1: it cuts a float in two halves of 26 bits
SQRT_HALF, SQRT_HALF_REST = 0.7071067811865476, -4.833646656726457e-17
TWO_BY_SQRT_PI = 1.1283791670955126


def normal_cdf(x: float) -> float:
    """erfc(-x / sqrt(2)) / 2: the probability that a normal variable is below x."""
    z = -SQRT_HALF * x
    if not 0.5 < z < 28.0:
        return 0.5 * math.erfc(z)
    # In the tail the rounding of z counts: the slope there times what it leaves out.
    rest = product_rest(-SQRT_HALF, x, z) - SQRT_HALF_REST * x
    return 0.5 * (math.erfc(z) - TWO_BY_SQRT_PI * exp(-z * z) * rest)


def sech2(x: float) -> float:
    """1 / cosh(x)² = 1 - tanh(x)², with all its digits in the tails."""
    t = math.exp(-2.0 * abs(x))
    return 4.0 * t / (1.0 + t * (2.0 + t))


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), written so that neither tail overflows or loses digits."""
    return exp(min(x, 0.0)) / (1.0 + exp(-abs(x)))


def softplus(x: float) -> float:
    """log(1 + e^x), written so that neither tail overflows or loses digits."""
    return max(x, 0.0) + math.log1p(exp(-abs(x)))


def maximum(a: float, b: float) -> float:
    """The larger input; nan if either is nan (Python's max depends on their order)."""
    return a if a >= b or a != a else b


def minimum(a: float, b: float) -> float:
    """The smaller input; nan if either is nan."""
    return a if a <= b or a != a else b


def sign(x: float) -> float:
    """-1, 0 or 1; nan for nan."""
    return x if x != x else float((x > 0) - (x < 0))


def step(x: float) -> float:
    """1 above 0, else 0; nan for nan."""
    return 1.0 if x > 0 else 0.0 if x == x else x


def relu(x: float) -> float:
    """x above 0, else 0; nan for nan."""
    return x if x > 0 else 0.0 if x == x else x


def above(a: float, b: float) -> float:
    """1 where a > b, a half where they are equal, 0 where a < b; nan if either is nan."""
    return nan if a != a or b != b else ((a > b) - (a < b) + 1) / 2


def strong_mul(a: float, b: float) -> float:
    """a * b, except that a = 0 gives 0 even against an infinity or nan (Iverson's strong zero)."""
    return 0.0 if a == 0 else a * b


def norm(xs: Sequence[float]) -> float:
    """The square root of the sum of squares, which do not overflow; nan if one is nan."""
    return nan if any(x != x for x in xs) else math.hypot(*xs)


def logsumexp(xs: list[float]) -> float:
    """log(e^x1 + e^x2 + ...), shifted by the largest, so nothing overflows; -inf of nothing."""
    largest = max(xs, default=-inf)
    if any(x != x for x in xs):
        return nan
    if math.isinf(largest):
        return largest
    first = xs.index(largest)
    # 1 for the largest is left to log1p: it would swallow what the others add.
    return largest + math.log1p(sum(math.exp(x - largest) for i, x in enumerate(xs) if i != first))


OF_MATH: dict[Callable[..., float], str] = {
    math.tanh: "The hyperbolic tangent, between -1 and 1.",
    math.atan: "The angle in radians with this tangent, between -π/2 and π/2.",
    math.atan2: "The angle in radians of the point (other, self), between -π and π.",
    math.erf: "The error function: 2 / sqrt(π) times the integral of e^-t² from 0 to this number.",
    math.hypot: "sqrt(self² + other²), the longest side of a right triangle; no square overflows.",
}


def words(forward: Callable[..., float]) -> str | None:
    """What a function computes; of those of ``math``, which are right as they are, in our words."""
    return OF_MATH.get(forward, forward.__doc__)
