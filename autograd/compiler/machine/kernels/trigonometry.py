"""Angles and hyperbolas.

``sin``, ``cos`` and ``tan`` reduce x = k pi/2 + r with |r| <= pi/4, pi/2 being three numbers, the
first two short enough for their products with k to be exact (Cody and Waite 1980). Beyond 1e6 k has
too many digits: there libm is called. The coefficients are Chebyshev fits, as in elementary.py.
"""

from __future__ import annotations

from autograd.compiler.machine.kernels.elementary import (
    ROUND,
    bits,
    by_libm,
    fabs,
    from_bits,
    polynomial,
    power_of_two,
    reduced,
    scaled,
    select,
    with_sign_of,
    x_like,
)
from autograd.compiler.machine.kernels.vectors import Value

SINE = (
    1.5918115263265974e-10,
    -2.505113165023518e-08,
    2.7557316101617874e-06,
    -0.00019841269836756774,
    0.008333333333330948,
    -0.16666666666666666,
)
"""(sin r - r) / r³ by r², for |r| <= pi/4."""

COSINE = (
    -1.1382623647474604e-11,
    2.087614614655861e-09,
    -2.7557317271145144e-07,
    2.480158729876456e-05,
    -0.0013888888888887398,
    0.041666666666666664,
)
"""(cos r - 1 + r²/2) / r⁴ by r², for |r| <= pi/4."""

ARCTANGENT = (
    -0.01917392228554793,
    0.03922923713835943,
    -0.05085365922344248,
    0.05858132894427922,
    -0.06664509603255386,
    0.07692183059894114,
    -0.09090904572487347,
    0.11111111015117626,
    -0.1428571428466482,
    0.19999999999995513,
    -0.3333333333333333,
)
"""(atan t - t) / t³ by t², for |t| <= tan(pi/8)."""

TWO_BY_PI = 0.6366197723675814
# pi/2 in three pieces: the first two have 33 and 32 bits.
HALF_PI_1, HALF_PI_2, HALF_PI_3 = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
QUARTER_PI, QUARTER_PI_REST = 0.7853981633974483, 3.061616997868383e-17
TAN_EIGHTH_PI = 0.4142135623730951
LARGEST_ANGLE = 1e6


def large_by_libm(name: str, x: Value, y: Value) -> Value:
    """y; where an angle is large, what libm computes. (This ends the function of an opcode.)"""
    large = fabs(x) > LARGEST_ANGLE
    with x.code.when(x.code.any(large)):
        x.code.give(select(large, by_libm(name, x), y))
    return y


def reduced_angle(x: Value) -> tuple[Value, Value, Value]:
    """k, sin r and cos r."""
    with x.code.exactly():
        shifted = x * TWO_BY_PI + ROUND
        k = shifted - ROUND
        first = x - k * HALF_PI_1
        second = k * HALF_PI_2
        r = first - second
        r = r + (((first - r) - second) - k * HALF_PI_3)
    z = r * r
    half = 0.5 * z
    rounded = 1.0 - half
    cosine = rounded + (((1.0 - rounded) - half) + z * z * polynomial(COSINE, z))
    return bits(shifted), r + r * z * polynomial(SINE, z), cosine


def sin(x: Value) -> Value:
    """The sine; nan at either infinity."""
    k, sine, cosine = reduced_angle(x)
    y = select((k & 1).equals(0), sine, cosine)
    y = from_bits(bits(y) ^ ((k & 2) << 62))
    return large_by_libm("sin", x, select(x.equals(0.0), x, y))


def cos(x: Value) -> Value:
    """The cosine; nan at either infinity."""
    k, sine, cosine = reduced_angle(x)
    y = select((k & 1).equals(0), cosine, sine)
    return large_by_libm("cos", x, from_bits(bits(y) ^ (((k + 1) & 2) << 62)))


def tan(x: Value) -> Value:
    """The tangent; nan at either infinity."""
    k, sine, cosine = reduced_angle(x)
    even = (k & 1).equals(0)
    y = select(even, sine, -cosine) / select(even, cosine, sine)
    return large_by_libm("tan", x, select(x.equals(0.0), x, y))


def atan(x: Value) -> Value:
    """The angle with this tangent."""
    size = fabs(x)
    # atan x is that of (x - 1) / (x + 1) plus pi/4, and that of -1 / x plus pi/2.
    small, large = size <= TAN_EIGHTH_PI, size > 1.0 / TAN_EIGHTH_PI
    above = select(small, size, select(large, -1.0, size - 1.0))
    t = above / select(small, 1.0, select(large, size, size + 1.0))
    quarters = select(small, 0.0, select(large, x_like(x, 2.0), 1.0))
    z = t * t
    rest = t * z * polynomial(ARCTANGENT, z) + quarters * QUARTER_PI_REST
    return with_sign_of(x, quarters * QUARTER_PI + (t + rest))


def bounded_size(x: Value) -> Value:
    """The size of x, or 710.5, where e^x / 2 overflows already."""
    size = fabs(x)
    return select(size > 710.5, 710.5, size)


def sinh(x: Value) -> Value:
    """(e^x - e^-x) / 2."""
    n, p = reduced(bounded_size(x))
    quarter = power_of_two(n - 2)
    # u = (e^|x| - 1) / 4, which does not overflow.
    u = quarter * p + (quarter - 0.25)
    y = with_sign_of(x, 2.0 * (u + u / (4.0 * u + 1.0)))
    return select(fabs(x) < 2.0**-28, x, y)


def cosh(x: Value) -> Value:
    """(e^x + e^-x) / 2."""
    n, p = reduced(bounded_size(x))
    u = scaled(1.0 + p, n - 1)
    return u + 0.25 / u
