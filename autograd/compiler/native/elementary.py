"""The operations of the table as native scalar functions that LLVM vectorises.

A loop over an array that calls libm's tanh waits 15 ns for each element; the same loop over the
functions here runs in SIMD registers, under 1 ns. For that they must be *branch-free*: both
sides of every choice are computed and one is selected, and powers of two are made by writing the
exponent bits of a double.

LLVM unrolls a loop of few iterations, where the source gives their number, before it looks for
vectors, and then finds none: ``for i in range(16): y[i] = tanh(x[i])`` takes 4.4 ns an element.
With 16 in a variable that only the run knows it takes 0.9.

Every function follows autograd/ieee.py at infinities, nan, overflow and signed zeros. Those with
one input are within 4 units in the last place of the true value, subnormal results included (a
subnormal result may be off by a few of its own, wider, units). A float32 input is computed in
float64.

Methods. ``exp`` and its relatives reduce x = n log 2 + r with |r| <= log(2)/2, take a polynomial
for e^r - 1 and scale by 2^n; ``log`` and log(1 + u) use log m = 2 artanh((m - 1)/(m + 1)), as
fdlibm's e_log.c and s_expm1.c (Sun Microsystems, 1993) do. The coefficients are Chebyshev fits,
``mpmath.chebyfit`` at 40 digits, recomputed in tests/test_elementary.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf, nan
from typing import Any, TypeVar, cast

import numba
from numba.core import types
from numba.extending import intrinsic

FASTMATH = frozenset({"reassoc", "contract"})
"""The licences of generated code, one by one:

- ``reassoc``: sums in any order, without which no reduction is vectorised;
- ``contract``: a * b + c rounded once, in one instruction.

The others would break what autograd/ieee.py promises: ``nnan`` and ``ninf`` let LLVM assume that
nan and infinities never come (then relu(nan) is 0), ``nsz`` loses the sign of 1/-0, ``arcp``
turns a/b into a * (1/b), infinite for a tiny b, and ``afn`` replaces functions by rougher ones.
"""

F = TypeVar("F", bound=Callable[..., Any])
OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "forceinline": True}


def native(function: F) -> F:
    """Compile for inlining into any native caller.

    Not with ``reassoc``: the argument reductions below depend on the order of their operations.
    The flags belong to the instructions, so they hold within a caller that does allow it.
    """
    compiled: Any = numba.njit(**OPTIONS)(function)
    return cast(F, compiled)


def exact(function: F) -> F:
    """The same without any licence: products are rounded, because their rests are computed."""
    compiled: Any = numba.njit(**{**OPTIONS, "fastmath": False})(function)
    return cast(F, compiled)


# --- what Python cannot say ---


def _instruction(generate: Callable[..., Any]) -> Any:
    """A native function from the code that writes its one instruction."""
    return intrinsic(generate)


def _bits(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


def _from_bits(typing_context: Any, n: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


def _select(typing_context: Any, condition: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return types.float64(types.boolean, types.float64, types.float64), generate


bits: Callable[[float], int] = _instruction(_bits)
"""The 64 bits of a double as an integer."""

from_bits: Callable[[int], float] = _instruction(_from_bits)
"""The double with these 64 bits."""

select: Callable[[bool, float, float], float] = _instruction(_select)
"""``select(condition, a, b)`` is a or b, both already computed: never a branch."""


# --- building blocks ---

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
# Of exp_mul and normal_cdf, as in autograd/ieee.py.
SPLIT = 134217729.0
MINUS_SQRT_HALF, MINUS_SQRT_HALF_REST = -0.7071067811865476, 4.833646656726457e-17
TWO_BY_SQRT_PI = 1.1283791670955126


@native
def power_of_two(n: int) -> float:
    """2 ** n for -1022 <= n <= 1023."""
    return from_bits((n + 1023) << 52)


@native
def reduced(x: float) -> tuple[int, float]:
    """n and e^r - 1 such that e^x = 2^n e^r and |r| <= log(2)/2."""
    shifted = x * LOG2_E + ROUND
    whole = shifted - ROUND
    r = (x - whole * LOG_2_HIGH) - whole * LOG_2_LOW
    p = 2.0914686968086876e-09
    p = p * r + 2.5105217004720745e-08
    p = p * r + 2.75572736431103e-07
    p = p * r + 2.7557255400206422e-06
    p = p * r + 2.4801587325547743e-05
    p = p * r + 0.00019841269874820627
    p = p * r + 0.0013888888888883748
    p = p * r + 0.008333333333326136
    p = p * r + 0.04166666666666667
    p = p * r + 0.1666666666666667
    p = p * r + 0.5
    return bits(shifted) - ROUND_BITS, r * r * p + r


@native
def scaled(y: float, n: int) -> float:
    """y * 2^n, rounded once, for |n| < 2044."""
    half = n >> 1
    return y * power_of_two(half) * power_of_two(n - half)


@native
def exp_of_negative(x: float) -> float:
    """e^-|x|."""
    x = -math.fabs(x)
    n, p = reduced(select(x < -746.0, -746.0, x))
    return scaled(1.0 + p, n)


@native
def expm1_of_positive(x: float) -> float:
    """e^x - 1 for 0 <= x <= 700; for small x to the last digits."""
    n, p = reduced(x)
    scale = power_of_two(n)
    return scale * p + (scale - 1.0)


@native
def log1p_of_fraction(u: float) -> float:
    """log(1 + u) for 0 <= u <= 1."""
    s = u / (2.0 + u)
    z = s * s
    p = 0.16164759653383798
    p = p * z + 0.0880040182344519
    p = p * z + 0.12001138706465926
    p = p * z + 0.13314137282887778
    p = p * z + 0.1538557048730195
    p = p * z + 0.18181789421088576
    p = p * z + 0.22222222717726978
    p = p * z + 0.285714285671058
    p = p * z + 0.40000000000014596
    p = p * z + 0.6666666666666666
    # 2 s = u - s u, so the leading term is rounded but once.
    return u - s * (u - z * p)


@native
def with_sign_of(x: float, y: float) -> float:
    """A y that is not negative, with the sign of x."""
    return from_bits(bits(y) | (bits(x) & SIGN_BIT))


# --- the operations ---


@native
def exp(x: float) -> float:
    """e ** x; inf from 709.79 on."""
    bounded = select(x > 710.0, 710.0, x)
    n, p = reduced(select(x < -746.0, -746.0, bounded))
    return scaled(1.0 + p, n)


@native
def log(x: float) -> float:
    """The natural logarithm; -inf at 0, nan below."""
    subnormal = x < SMALLEST_NORMAL
    b = bits(select(subnormal, x * 18014398509481984.0, x))  # 2**54
    # x = 2^k m with m from sqrt(1/2) to sqrt(2), so that near 1 nothing cancels.
    k = (b - SQRT_HALF_BITS) >> 52
    f = from_bits(b - (k << 52)) - 1.0
    exponent = (from_bits(k + ROUND_BITS) - ROUND) - select(subnormal, 54.0, 0.0)
    s = f / (2.0 + f)
    z = s * s
    p = 0.14619343453512615
    p = p * z + 0.15331487235865734
    p = p * z + 0.18182896183483085
    p = p * z + 0.2222221103781659
    p = p * z + 0.28571428626570206
    p = p * z + 0.3999999999989819
    p = p * z + 0.666666666666667
    half_square = 0.5 * f * f
    correction = s * (half_square + z * p) + exponent * LOG_2_LOW
    y = exponent * LOG_2_HIGH - ((half_square - correction) - f)
    y = select(x < inf, y, x)
    return select(x > 0.0, y, select(x == 0.0, -inf, select(x != x, x, nan)))


@native
def log1p(x: float) -> float:
    """log(1 + x), for small x to the last digits; -inf at -1, nan below."""
    u = 1.0 + x
    # What the rounding of 1 + x left out, times the slope there.
    y = log(u) - ((u - 1.0) - x) / u
    return select((x == 0.0) | (x == inf), x, select(u == 0.0, -inf, y))


@native
def sqrt(x: float) -> float:
    """The square root; nan below 0."""
    return math.sqrt(x)


@native
def tanh(x: float) -> float:
    """tanh x = u / (u + 2) with u = e^2x - 1: near 0 to the last digits, and odd."""
    size = math.fabs(x)
    u = expm1_of_positive(2.0 * select(size > 20.0, 20.0, size))
    return with_sign_of(x, u / (u + 2.0))


@native
def sech2(x: float) -> float:
    """1 / cosh(x)² = 1 - tanh(x)², with all its digits in the tails."""
    x = -2.0 * math.fabs(x)
    n, p = reduced(select(x < -750.0, -750.0, x))
    t = scaled(1.0 + p, n)
    return scaled(1.0 + p, n + 2) / (1.0 + t * (2.0 + t))


@native
def tanh_and_sech2(x: float) -> tuple[float, float]:
    """tanh x and its derivative for little more than the price of one."""
    size = math.fabs(x)
    u = expm1_of_positive(2.0 * select(size > 350.0, 350.0, size))
    inverse = 1.0 / (u + 2.0)
    return with_sign_of(x, u * inverse), 4.0 * ((u + 1.0) * inverse) * inverse


@native
def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), written so that neither tail overflows or loses digits."""
    u = exp_of_negative(x)
    return select(x < 0.0, u, 1.0) / (1.0 + u)


@native
def softplus(x: float) -> float:
    """log(1 + e^x), written so that neither tail overflows or loses digits."""
    return select(x > 0.0, x, 0.0) + log1p_of_fraction(exp_of_negative(x))


@native
def relu(x: float) -> float:
    """x above 0, else 0; nan for nan."""
    return select(x <= 0.0, 0.0, x)


@native
def sin(x: float) -> float:
    """The sine; nan at either infinity."""
    return math.sin(x)


@native
def cos(x: float) -> float:
    """The cosine; nan at either infinity."""
    return math.cos(x)


@native
def tan(x: float) -> float:
    """The tangent; nan at either infinity."""
    return math.tan(x)


@native
def sinh(x: float) -> float:
    """(e^x - e^-x) / 2."""
    return math.sinh(x)


@native
def cosh(x: float) -> float:
    """(e^x + e^-x) / 2."""
    return math.cosh(x)


@native
def atan(x: float) -> float:
    """The angle with this tangent."""
    return math.atan(x)


@native
def erf(x: float) -> float:
    """The error function."""
    return math.erf(x)


@native
def expm1(x: float) -> float:
    """e^x - 1, for small x to the last digits."""
    return math.expm1(x)


@native
def atan2(a: float, b: float) -> float:
    """The angle of the point (b, a)."""
    return math.atan2(a, b)


@native
def hypot(a: float, b: float) -> float:
    """The length of (a, b)."""
    return math.hypot(a, b)


@exact
def exp_mul(a: float, b: float) -> float:
    """e^(a b); see autograd/ieee.py."""
    product = a * b
    c, d = SPLIT * a, SPLIT * b
    a_high, b_high = c - (c - a), d - (d - b)
    a_low, b_low = a - a_high, b - b_high
    rest = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    y = exp(product)
    return select(math.fabs(y * rest) < inf, y + y * rest, y)


@exact
def normal_cdf(x: float) -> float:
    """erfc(-x / sqrt(2)) / 2; see autograd/ieee.py."""
    z = MINUS_SQRT_HALF * x
    c, d = SPLIT * MINUS_SQRT_HALF, SPLIT * x
    a_high, x_high = c - (c - MINUS_SQRT_HALF), d - (d - x)
    a_low, x_low = MINUS_SQRT_HALF - a_high, x - x_high
    rest = a_low * x_low - (((z - a_high * x_high) - a_low * x_high) - a_high * x_low)
    slope = TWO_BY_SQRT_PI * exp(-z * z) * (rest + MINUS_SQRT_HALF_REST * x)
    return 0.5 * (math.erfc(z) - select((z > 0.5) & (z < 28.0), slope, 0.0))


@native
def absolute(x: float) -> float:
    """x without its sign."""
    return math.fabs(x)


@native
def sign(x: float) -> float:
    """-1, 0 or 1; nan for nan."""
    return select(x > 0.0, 1.0, select(x < 0.0, -1.0, select(x == 0.0, 0.0, x)))


@native
def step(x: float) -> float:
    """1 above 0, else 0; nan for nan."""
    return select(x > 0.0, 1.0, select(x <= 0.0, 0.0, x))


@native
def above(a: float, b: float) -> float:
    """1 where a > b, a half where they are equal, 0 where a < b; nan if either is nan."""
    return select(a > b, 1.0, select(a < b, 0.0, select(a == b, 0.5, nan)))


@native
def maximum(a: float, b: float) -> float:
    """The larger input; nan if either is nan."""
    return select(a >= b, a, select(a != a, a, b))


@native
def minimum(a: float, b: float) -> float:
    """The smaller input; nan if either is nan."""
    return select(a <= b, a, select(a != a, a, b))


@native
def add(a: float, b: float) -> float:
    """a + b."""
    return a + b


@native
def sub(a: float, b: float) -> float:
    """a - b."""
    return a - b


@native
def mul(a: float, b: float) -> float:
    """a * b."""
    return a * b


@native
def strong_mul(a: float, b: float) -> float:
    """a * b, except that a = 0 gives 0 even against an infinity or nan."""
    return select(a == 0.0, 0.0, a * b)


@native
def div(a: float, b: float) -> float:
    """a / b, rounded once; a division by zero is an infinity with the sign of both, 0/0 is nan."""
    return a / b


@native
def neg(x: float) -> float:
    """-x."""
    return -x


@native
def pow(a: float, b: float) -> float:
    """a ** b as C's pow: nan where the real power does not exist, 1 for any a where b is 0."""
    return math.pow(a, b)


NATIVE: dict[str, Callable[..., Any]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "neg": neg,
    "sign": sign,
    "step": step,
    "above": above,
    "strong_mul": strong_mul,
    "pow": pow,
    "exp": exp,
    "expm1": expm1,
    "exp_mul": exp_mul,
    "log": log,
    "log1p": log1p,
    "sqrt": sqrt,
    "sech2": sech2,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "sinh": sinh,
    "cosh": cosh,
    "atan": atan,
    "atan2": atan2,
    "erf": erf,
    "normal_cdf": normal_cdf,
    "hypot": hypot,
    "abs": absolute,
    "maximum": maximum,
    "minimum": minimum,
}
"""The native function of each operation with a fixed number of inputs, by its name."""
