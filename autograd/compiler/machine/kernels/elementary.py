"""The operations of the table as LLVM code, for scalars and vectors alike.

A loop that calls libm's tanh waits 15 ns for each element; the same loop over the code here runs
in SIMD registers, under 1 ns. For that it is *branch-free*: both sides of every choice are computed
and one is selected, and powers of two are made by writing the exponent bits of a double.

Every operation follows autograd/ieee.py at infinities, nan, overflow and signed zeros. Those with
one input are within 4 units in the last place of the true value, subnormal results included (a
subnormal result may be off by a few of its own, wider, units). All compute in double; a module for
float32 widens its numbers first.

Methods. ``exp`` and its relatives reduce x = n log 2 + r with |r| <= log(2)/2, take a polynomial
for e^r - 1 and scale by 2^n; ``log`` and log(1 + u) use log m = 2 artanh((m - 1)/(m + 1)), as
fdlibm's e_log.c and s_expm1.c (Sun Microsystems, 1993) do. The coefficients are Chebyshev fits,
``mpmath.chebyfit`` at 40 digits, recomputed in tests/compiler/test_elementary.py.
"""

from __future__ import annotations

from math import inf, nan

from autograd.compiler.machine.kernels.kinds import lanes
from autograd.compiler.machine.kernels.vectors import Operand, Value

LOG2_E = 1.4426950408889634
# log 2 in two pieces: the first has 32 bits, so that n times it is exact.
LOG_2_HIGH = 0.6931471803691238
LOG_2_LOW = 1.9082149292705877e-10
# Adding 1.5 * 2**52 rounds a double to a whole number, which then stands in its lowest bits.
ROUND = 6755399441055744.0
ROUND_BITS = 0x4338000000000000
SIGN_BIT = -0x8000000000000000
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
SMALLEST_NORMAL = 2.2250738585072014e-308

EXPONENTIAL = (
    2.0914686968086876e-09,
    2.5105217004720745e-08,
    2.75572736431103e-07,
    2.7557255400206422e-06,
    2.4801587325547743e-05,
    0.00019841269874820627,
    0.0013888888888883748,
    0.008333333333326136,
    0.04166666666666667,
    0.1666666666666667,
    0.5,
)
"""(e^r - 1 - r) / r² for |r| <= log(2)/2, the highest power first."""

LOGARITHM = (
    0.14619343453512615,
    0.15331487235865734,
    0.18182896183483085,
    0.2222221103781659,
    0.28571428626570206,
    0.3999999999989819,
    0.666666666666667,
)
"""(2 artanh(s) - 2 s) / s³ by z = s², for m from sqrt(1/2) to sqrt(2)."""

LOGARITHM_OF_FRACTION = (
    0.16164759653383798,
    0.0880040182344519,
    0.12001138706465926,
    0.13314137282887778,
    0.1538557048730195,
    0.18181789421088576,
    0.22222222717726978,
    0.285714285671058,
    0.40000000000014596,
    0.6666666666666666,
)
"""The same for m from 1 to 2."""


# --- building blocks ---


def select(condition: Value, a: Operand, b: Operand) -> Value:
    """a where the condition holds, else b: never a branch."""
    kind = next((x.kind for x in (a, b) if isinstance(x, Value)), "")
    if not kind:
        kind = condition.kind.replace("i1", "double")
    code = condition.code
    return code.select(condition, code.number(kind, a), b)


def bits(x: Value) -> Value:
    """The 64 bits of a double as an integer."""
    return x.code.convert("bitcast", x, "i64")


def from_bits(n: Value) -> Value:
    """The double with these 64 bits."""
    return n.code.convert("bitcast", n, "double")


def fabs(x: Value) -> Value:
    """x without its sign."""
    return x.code.intrinsic("fabs", x)


def is_nan(x: Value) -> Value:
    """Whether x is nan."""
    return x.differs(x)


def polynomial(coefficients: tuple[float, ...], x: Value) -> Value:
    """By Horner's rule, the highest power first."""
    p = x_like(x, coefficients[0])
    for c in coefficients[1:]:
        p = p * x + c
    return p


def power_of_two(n: Value) -> Value:
    """2 ** n for -1022 <= n <= 1023."""
    return from_bits((n + 1023) << 52)


def reduced(x: Value) -> tuple[Value, Value]:
    """n and e^r - 1 such that e^x = 2^n e^r and |r| <= log(2)/2."""
    shifted = x * LOG2_E + ROUND
    whole = shifted - ROUND
    r = (x - whole * LOG_2_HIGH) - whole * LOG_2_LOW
    return bits(shifted) - ROUND_BITS, r * r * polynomial(EXPONENTIAL, r) + r


def halved(n: Value) -> Value:
    """n // 2 for |n| < 2048; AVX2 has no arithmetic shift of 64 bits."""
    return n.code.bitwise("lshr", n + 2048, 1) - 1024


def scaled(y: Value, n: Value) -> Value:
    """y * 2^n, rounded once, for |n| < 2044."""
    half = halved(n)
    return y * power_of_two(half) * power_of_two(n - half)


def exp_of_negative(x: Value) -> Value:
    """e^-|x|."""
    x = -fabs(x)
    n, p = reduced(select(x < -746.0, -746.0, x))
    return scaled(1.0 + p, n)


def expm1_of_positive(x: Value) -> Value:
    """e^x - 1 for 0 <= x <= 700; for small x to the last digits."""
    n, p = reduced(x)
    scale = power_of_two(n)
    return scale * p + (scale - 1.0)


def log1p_of_fraction(u: Value) -> Value:
    """log(1 + u) for 0 <= u <= 1."""
    s = u / (2.0 + u)
    z = s * s
    # 2 s = u - s u, so the leading term is rounded but once.
    return u - s * (u - z * polynomial(LOGARITHM_OF_FRACTION, z))


def with_sign_of(x: Value, y: Value) -> Value:
    """A y that is not negative, with the sign of x."""
    return from_bits(bits(y) | (bits(x) & SIGN_BIT))


# --- exponentials and logarithms ---


def exp(x: Value) -> Value:
    """e ** x; inf from 709.79 on."""
    bounded = select(x > 710.0, 710.0, x)
    n, p = reduced(select(x < -746.0, -746.0, bounded))
    return scaled(1.0 + p, n)


def exponent_and_mantissa(x: Value) -> tuple[Value, Value]:
    """k and m with x = 2^k m and m from sqrt(1/2) to sqrt(2), so that near 1 nothing cancels."""
    b = bits(x)
    k = x.code.bitwise("lshr", b - (SQRT_HALF_BITS - (1024 << 52)), 52) - 1024
    return from_bits(k + ROUND_BITS) - ROUND, from_bits(b - (k << 52))


def log(x: Value) -> Value:
    """The natural logarithm; -inf at 0, nan below."""
    subnormal = x < SMALLEST_NORMAL
    exponent, m = exponent_and_mantissa(select(subnormal, x * 18014398509481984.0, x))  # 2**54
    f, exponent = m - 1.0, exponent - select(subnormal, x_like(x, 54.0), 0.0)
    s = f / (2.0 + f)
    z = s * s
    half_square = 0.5 * f * f
    correction = s * (half_square + z * polynomial(LOGARITHM, z)) + exponent * LOG_2_LOW
    y = exponent * LOG_2_HIGH - ((half_square - correction) - f)
    y = select(x < inf, y, x)
    return select(x > 0.0, y, select(x.equals(0.0), -inf, select(is_nan(x), x, nan)))


def log1p(x: Value) -> Value:
    """log(1 + x), for small x to the last digits; -inf at -1, nan below."""
    u = 1.0 + x
    # What the rounding of 1 + x left out, times the slope there.
    y = log(u) - ((u - 1.0) - x) / u
    return select(x.equals(0.0) | x.equals(inf), x, select(u.equals(0.0), -inf, y))


def sqrt(x: Value) -> Value:
    """The square root; nan below 0."""
    return x.code.intrinsic("sqrt", x)


def expm1(x: Value) -> Value:
    """e^x - 1, for small x to the last digits."""
    bounded = select(x > 710.0, 710.0, x)
    n, p = reduced(select(x < -60.0, -60.0, bounded))
    # 2^n e^r - 1 = 2^n (e^r - 1) + (2^n - 1) in two steps, because 2^1024 is not a double.
    half = power_of_two(n - 1)
    return select(fabs(x) < 2.0**-54, x, 2.0 * (half * p + (half - 0.5)))


def exp_mul(a: Value, b: Value) -> Value:
    """e^(a b); see autograd/ieee.py."""
    with a.code.exactly():
        product = a * b
        rest = product_rest(a, b, product)
        y = exp(product)
        return select(fabs(y * rest) < inf, y + y * rest, y)


def product_rest(a: Value, b: Value, product: Value) -> Value:
    """a * b less its rounded product, exactly (Dekker 1971); nan where a or b is huge."""
    c, d = SPLIT * a, SPLIT * b
    a_high, b_high = c - (c - a), d - (d - b)
    a_low, b_low = a - a_high, b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


SPLIT = 134217729.0


# --- activations ---


def tanh(x: Value) -> Value:
    """tanh x = u / (u + 2) with u = e^2x - 1: near 0 to the last digits, and odd."""
    size = fabs(x)
    u = expm1_of_positive(2.0 * select(size > 20.0, 20.0, size))
    return with_sign_of(x, u / (u + 2.0))


def sech2(x: Value) -> Value:
    """1 / cosh(x)² = 1 - tanh(x)², with all its digits in the tails."""
    x = -2.0 * fabs(x)
    n, p = reduced(select(x < -750.0, -750.0, x))
    t = scaled(1.0 + p, n)
    return scaled(1.0 + p, n + 2) / (1.0 + t * (2.0 + t))


def tanh_and_sech2(x: Value) -> tuple[Value, Value]:
    """tanh x and its derivative for little more than the price of one."""
    x2 = -2.0 * fabs(x)
    n, p = reduced(select(x2 < -750.0, -750.0, x2))
    half = halved(n)
    one, two = power_of_two(half), power_of_two(n - half)
    scale = one * two
    u = scale * p + (scale - 1.0)  # e^-2|x| - 1
    t = 1.0 + p
    below = 1.0 + scale * t
    return with_sign_of(x, -u / below), 4.0 * t * one * two / (below * below)


def sigmoid(x: Value) -> Value:
    """1 / (1 + e^-x), written so that neither tail overflows or loses digits."""
    u = exp_of_negative(x)
    return select(x < 0.0, u, 1.0) / (1.0 + u)


def sigmoid_and_slope(x: Value) -> tuple[Value, Value]:
    """sigmoid x and its derivative, a quarter of sech2(x / 2)."""
    u = exp_of_negative(x)
    inverse = 1.0 / (1.0 + u)
    return select(x < 0.0, u, 1.0) * inverse, u * inverse * inverse


def softplus(x: Value) -> Value:
    """log(1 + e^x), written so that neither tail overflows or loses digits."""
    return select(x > 0.0, x, 0.0) + log1p_of_fraction(exp_of_negative(x))


def relu(x: Value) -> Value:
    """x above 0, else 0; nan for nan."""
    return select(x <= 0.0, 0.0, x)


# --- choices ---


def sign(x: Value) -> Value:
    """-1, 0 or 1; nan for nan."""
    return select(x > 0.0, 1.0, select(x < 0.0, -1.0, select(x.equals(0.0), 0.0, x)))


def step(x: Value) -> Value:
    """1 above 0, else 0; nan for nan."""
    return select(x > 0.0, 1.0, select(x <= 0.0, 0.0, x))


def above(a: Value, b: Value) -> Value:
    """1 where a > b, a half where they are equal, 0 where a < b; nan if either is nan."""
    half_or_nan = select(a.equals(b), x_like(a, 0.5), nan)
    return select(a > b, 1.0, select(a < b, 0.0, half_or_nan))


def x_like(x: Value, number: float) -> Value:
    """A number as a constant of the type of x."""
    return x.code.number(x.kind, number)


def maximum(a: Value, b: Value) -> Value:
    """The larger input; nan if either is nan."""
    return select(a >= b, a, select(is_nan(a), a, b))


def minimum(a: Value, b: Value) -> Value:
    """The smaller input; nan if either is nan."""
    return select(a <= b, a, select(is_nan(a), a, b))


def strong_mul(a: Value, b: Value) -> Value:
    """a * b, except that a = 0 gives 0 even against an infinity or nan."""
    return select(a.equals(0.0), 0.0, a * b)


# --- with libm ---


def by_libm(name: str, *xs: Value) -> Value:
    """A function of libm, called for each lane."""
    code, y = xs[0].code, xs[0]
    if lanes(y.kind) == 1:
        return code.call(name, y.kind, *xs)
    for i in range(lanes(y.kind)):
        number = code.call(name, "double", *(code.extract(x, i) for x in xs))
        y = code.insert(y, number, i)
    return y


MINUS_SQRT_HALF, MINUS_SQRT_HALF_REST = -0.7071067811865476, 4.833646656726457e-17
TWO_BY_SQRT_PI = 1.1283791670955126


def normal_cdf(x: Value) -> Value:
    """erfc(-x / sqrt(2)) / 2; see autograd/ieee.py."""
    with x.code.exactly():
        z = MINUS_SQRT_HALF * x
        rest = product_rest(x_like(x, MINUS_SQRT_HALF), x, z) + MINUS_SQRT_HALF_REST * x
        slope = TWO_BY_SQRT_PI * exp(-z * z) * rest
        in_tail = (z > 0.5) & (z < 28.0)
        return 0.5 * (by_libm("erfc", z) - select(in_tail, slope, 0.0))
