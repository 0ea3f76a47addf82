"""Powers and lengths, which need more digits inside than a double has.

A number of twice the digits is a sum ``high + low`` of two doubles, low being at most half a unit
in high's last place (Dekker 1971).
"""

from __future__ import annotations

from math import inf, nan

from autograd.compiler.machine.kernels.elementary import (
    LOG_2_HIGH,
    LOG_2_LOW,
    SIGN_BIT,
    SMALLEST_NORMAL,
    bits,
    exponent_and_mantissa,
    fabs,
    from_bits,
    is_nan,
    polynomial,
    product_rest,
    reduced,
    scaled,
    select,
    sqrt,
    x_like,
)
from autograd.compiler.machine.kernels.vectors import Value

Pair = tuple[Value, Value]

LOGARITHM_AFTER_CUBE = (
    0.11723603622905411,
    0.11706195689881364,
    0.13334806212100603,
    0.15384594934597917,
    0.1818181833565416,
    0.22222222221654733,
    0.2857142857142937,
    0.4,
)
"""(2 artanh(s) - 2 s - 2/3 s³) / s⁵ by z = s², for m from sqrt(1/2) to sqrt(2)."""

TWO_THIRDS, TWO_THIRDS_REST = 0.6666666666666666, 3.700743415417188e-17

# A power of two, by its bits, from 2**-1022 to 2**1022.
LEAST_POWER, MOST_POWER, POWERS = 1 << 52, 0x7FD << 52, 0x7FE << 52


def times(a: Value, b: Value) -> Pair:
    """The product, rounded, and its rest."""
    with a.code.exactly():
        product = a * b
        if a.code.fused:
            return product, a.code.intrinsic("fma", a, b, -product)
        return product, product_rest(a, b, product)


def plus(a: Value, b: Value) -> Pair:
    """The sum, rounded, and its rest; a is 0 or not smaller than b."""
    with a.code.exactly():
        total = a + b
        return total, (a - total) + b


def log_of_mantissa(m: Value) -> Pair:
    """log m for m from sqrt(1/2) to sqrt(2), to some 66 digits."""
    f = m - 1.0
    below, below_rest = plus(x_like(m, 2.0), f)
    inverse = 1.0 / below
    s = f * inverse
    product, rest = times(s, below)
    s_rest = (((f - product) - rest) - s * below_rest) * inverse
    # log m = 2 s + s (2/3 z + z² p(z)) with z = s².
    z, z_rest = times(s, s)
    z_rest = z_rest + 2.0 * s * s_rest
    third, third_rest = times(x_like(m, TWO_THIRDS), z)
    third_rest = third_rest + TWO_THIRDS * z_rest + TWO_THIRDS_REST * z
    tail, tail_rest = plus(third, z * z * polynomial(LOGARITHM_AFTER_CUBE, z))
    part, part_rest = times(s, tail)
    part_rest = part_rest + s * (tail_rest + third_rest) + s_rest * tail
    high, low = plus(2.0 * s, part)
    return high, low + (2.0 * s_rest + part_rest)


def power_of_positive(x: Value, b: Value) -> Value:
    """x ** b for a finite x above 0 and a finite b."""
    subnormal = x < SMALLEST_NORMAL
    exponent, m = exponent_and_mantissa(select(subnormal, x * 18014398509481984.0, x))  # 2**54
    exponent = exponent - select(subnormal, x_like(x, 54.0), 0.0)
    high, low = log_of_mantissa(m)
    log, rest = plus(exponent * LOG_2_HIGH, high)
    log, rest = plus(log, rest + (low + exponent * LOG_2_LOW))
    y, y_rest = times(b, log)
    inside = fabs(y) < 746.0
    y_rest = select(inside, y_rest + b * rest, 0.0)
    bounded = select(y > 710.0, 710.0, select(y < -746.0, -746.0, y))
    n, p = reduced(bounded)
    return scaled(1.0 + (p + y_rest * (1.0 + p)), n)


def is_whole(size: Value) -> Value:
    """Whether a number that is not negative has nothing behind the point; an infinity has not."""
    return (size >= 2.0**52) | ((size + 2.0**52) - 2.0**52).equals(size)


def pow(a: Value, b: Value) -> Value:
    """a ** b as C's pow: nan where the real power does not exist, 1 for any a where b is 0."""
    x, size = fabs(a), fabs(b)
    # Over 2**53 every double is even; half of an infinity is one.
    whole, even = is_whole(size), is_whole(0.5 * size)
    extreme = x.equals(0.0) | x.equals(inf) | size.equals(inf)
    grows = (x > 1.0) ^ (b <= 0.0)
    y = select(extreme, select(grows, x_like(x, inf), 0.0), power_of_positive(x, b))
    y = select(x.equals(1.0), 1.0, y)
    y = select(whole & (even ^ -1), from_bits(bits(y) | (bits(a) & SIGN_BIT)), y)
    missing = (a < 0.0) & (x < inf) & (whole ^ -1)
    y = select(missing | is_nan(a) | is_nan(b), nan, y)
    return select(a.equals(1.0) | b.equals(0.0), 1.0, y)


def power_below(top: Value) -> Value:
    """The bits of the power of two below a size, for which no square overflows."""
    b = bits(top) & -LEAST_POWER
    b = select(b < LEAST_POWER, LEAST_POWER, b)
    return select(b > MOST_POWER, MOST_POWER, b)


def hypot(a: Value, b: Value) -> Value:
    """The length of (a, b); infinite if one of them is, even against nan."""
    x, y = fabs(a), fabs(b)
    power = power_below(select(x > y, x, y))
    scale = from_bits(POWERS - power)
    u, v = x * scale, y * scale
    length = sqrt(u * u + v * v) * from_bits(power)
    return select(x.equals(inf) | y.equals(inf), inf, length)
