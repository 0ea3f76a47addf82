"""The operation table: each operation is written once, and every lens reads it here.

An Op says how to compute an operation, its derivative by each input, and how to write it.
Derivative rules are plain arithmetic on whatever they are given: on floats they give numbers, on
Values the graph of the derivative. They may use ``+ - * / **`` and other operations, and may not
branch on their inputs.

To add an operation, write an Op. It works at once on floats and Values, in networks, drawings,
pages, compiled programs and checks::

    swish = Op("swish", lambda x: x * sigmoid(x),
               lambda y, x: (y + sigmoid(x) * (1 - y),))

The choices at corners, where the derivative does not exist or mathematics gives several answers.
They are PyTorch's, except where it says so:

====================  =======================================================================
relu at 0             value 0, derivative 0
abs at 0              value 0, derivative 0
maximum, minimum      of two equal inputs: derivative 1/2 by each
sqrt, x ** 0.5 at 0   derivative inf, at -0.0 -inf
log at 0              value -inf, derivative inf; below 0 the value is nan, the derivative 1/x
leaky_relu, elu at 0  derivative 0.01 and 1
silu, gelu            at -inf value and derivative nan, at inf the derivative; near a zero of the
                      derivative its error is up to 4 ulp of its largest term
norm at 0             value 0, derivative 0; atan2 likewise, with the sign of its angle
hypot at (0, 0)       value 0, derivative 0 (PyTorch's is nan)
logsumexp             of infinities: the share of a finite input is 0, all else is nan
1/0                   inf, with the sign of both; 0/0 is nan
0 ** 0                value 1; derivative 0 by the base and 0 by the exponent
x ** 0                value 1 for every x; derivative by x is 0, at x = 0 too
0 ** b, b > 0         derivative by the exponent 0; by the base 0, 1 (b = 1) or inf (b < 1)
0 ** b, b < 0         value inf; derivative by the base -inf, by the exponent nan (PyTorch's -inf)
inf ** b, b < 0       value 0; derivative by the exponent 0 (PyTorch's nan); so for -inf, and for
                      a ** -inf with a < -1
a ** b, a < 0         nan unless b is a whole number; derivative by the exponent nan
nan                   goes through every operation, except that hypot(inf, nan) is inf, nan ** 0 and
                      1 ** nan are 1; and through derivatives (PyTorch's relu, abs, sign, elu,
                      leaky_relu, maximum and minimum have numbers there), except that by a 0
                      beside a nan atan2, hypot and norm have 0 (PyTorch's nan)
====================  =======================================================================
"""

from __future__ import annotations

import builtins
import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

from autograd import ieee
from autograd.op import BUILT_IN
from autograd.op import TABLE as TABLE
from autograd.op import Op as Op
from autograd.op import named as named
from autograd.powers import Power as Power
from autograd.powers import power as power

row = named  # the name by which version 0.1 pickled graphs find it

# --- arithmetic ---

add = Op(
    "add",
    operator.add,
    lambda y, a, b: (1.0, 1.0),
    arity=2,
    symbol="+",
    text="{} + {}",
    latex="{} + {}",
    precedence=1,
)
sub = Op(
    "sub",
    operator.sub,
    lambda y, a, b: (1.0, -1.0),
    arity=2,
    symbol="-",
    text="{} - {}",
    latex="{} - {}",
    precedence=1,
)
mul = Op(
    "mul",
    operator.mul,
    lambda y, a, b: (b, a),
    arity=2,
    symbol="*",
    text="{} * {}",
    latex=r"{} \cdot {}",
    precedence=2,
)
div = Op(
    "div",
    ieee.div,
    lambda y, a, b: (1 / b, -y / b),
    arity=2,
    symbol="/",
    text="{} / {}",
    latex=r"\frac{{{}}}{{{}}}",
    precedence=2,
    domain=((-3.0, 3.0), (0.2, 3.0)),
)
neg = Op(
    "neg",
    operator.neg,
    lambda y, x: (-1.0,),
    symbol="-",
    text="-{}",
    latex="-{}",
    precedence=2,
)
sum = Op(
    "sum",
    # From left to right. Python's own sum compensates for rounding in some versions only.
    lambda xs: functools.reduce(operator.add, xs, 0.0),
    lambda y, xs: (1.0,) * len(xs),
    arity=None,
    symbol="sum",
    text="{} + {}",
    latex="{} + {}",
    precedence=1,
)

# Helpers of other operations' rules. Their derivatives are 0 wherever they exist.
sign: Op = Op("sign", ieee.sign, lambda y, x: (0.0,), domain=((0.1, 3.0),))
step = Op("step", ieee.step, lambda y, x: (0.0,), domain=((0.1, 3.0),))
above = Op(
    "above", ieee.above, lambda y, a, b: (0.0, 0.0), arity=2, domain=((-3.0, 0.0), (0.1, 3.0))
)
strong_mul = Op(
    "strong_mul",
    ieee.strong_mul,
    lambda y, a, b: (b, a),
    arity=2,
    text="{} * {}",
    latex=r"{} \cdot {}",
    precedence=2,
    domain=((0.1, 3.0), (-3.0, 3.0)),
)

# --- powers, exponentials, logarithms ---

pow: Op = Op(
    "pow",
    ieee.pow,
    lambda y, a, b: (b * a ** (b - 1), y * log(a)),
    # The corners of the table above: a zero exponent, and a zero base, win over infinities.
    accurate=lambda y, a, b: (
        _slope(a, b),
        strong_mul(y * sign(a) * sign(a), log(a)),
    ),
    arity=2,
    symbol="**",
    text="{} ** {}",
    latex="{{{}}}^{{{}}}",
    precedence=3,
    domain=((0.2, 3.0), (-3.0, 3.0)),
    # The rounding of b - 1 counts |(b - 1) log a| times, and that is below 5 here.
    ulps=8.0,
)


def _slope(a: Any, b: Any) -> Any:
    """b * a ** (b - 1). Where |b| < 1, the power may overflow and b make it small again: it is the
    product of two halves there (and nan or counts for 0 where a < 0, so they need no sign)."""
    half = strong_mul(step(1 - b * b), 0.5 * (b - 1))
    return strong_mul(strong_mul(b, pow(a, half)), pow(a, b - 1 - half))


exp: Op = Op(
    "exp",
    ieee.exp,
    lambda y, x: (y,),
    latex="e^{{{}}}",
)
log: Op = Op(
    "log",
    ieee.log,
    lambda y, x: (1 / x,),
    latex=r"\log\left({}\right)",
    domain=((0.1, 5.0),),
)
expm1 = Op("expm1", ieee.expm1, lambda y, x: (exp(x),))
exp_mul: Op = Op(
    "exp_mul",  # a helper
    ieee.exp_mul,
    lambda y, a, b: (b * y, a * y),
    arity=2,
    text="exp({} * {})",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
)
log1p = Op(
    "log1p",
    ieee.log1p,
    lambda y, x: (1 / (1 + x),),
    domain=((-0.9, 5.0),),
)
sqrt: Op = Op(
    "sqrt",
    ieee.sqrt,
    lambda y, x: (0.5 / y,),
    latex=r"\sqrt{{{}}}",
    domain=((0.1, 5.0),),
)
logsumexp = Op(
    "logsumexp",
    ieee.logsumexp,
    lambda y, xs: tuple(exp(x - y) for x in xs),
    # y is rounded, so the terms e^(x - y) add up to 1 only after a division by their sum.
    accurate=lambda y, xs: shares([exp(x - y) for x in xs]),
    arity=None,
    # The rounding of x - y counts |x - y| times in e^(x - y), and that is below 8 here.
    ulps=8.0,
)


def shares(terms: Sequence[Any]) -> tuple[Any, ...]:
    """Each term divided by the sum of all. The share of 0 is 0, even of an infinite sum or nan."""
    inverse = 1 / sum(terms)
    return tuple(strong_mul(term, inverse) for term in terms)


# --- activations ---

sech2 = Op(
    "sech2",
    ieee.sech2,
    lambda y, x: (-2 * y * tanh(x),),
    text="sech({}) ** 2",
    precedence=3,
    latex=r"\operatorname{{sech}}^2\left({}\right)",
    # Its derivative is a product of two rounded values, which NumPy's float32 rounds most.
    ulps=6.0,
)
tanh: Op = Op(
    "tanh",
    math.tanh,
    lambda y, x: (1 - y * y,),
    accurate=lambda y, x: (sech2(x),),
    latex=r"\tanh\left({}\right)",
)
sigmoid: Op = Op(
    "sigmoid",
    ieee.sigmoid,
    lambda y, x: (y * (1 - y),),
    accurate=lambda y, x: (0.25 * sech2(0.5 * x),),
    latex=r"\sigma\left({}\right)",
)
softplus = Op("softplus", ieee.softplus, lambda y, x: (sigmoid(x),))
relu = Op(
    "relu",
    ieee.relu,
    lambda y, x: (step(x),),
    symbol="ReLU",
    domain=((0.1, 3.0),),
)
leaky_relu = Op(
    "leaky_relu",  # another slope than 0.01: maximum(x, slope * x)
    lambda x: maximum(x, 0.01 * x),
    lambda y, x: (0.01 + 0.99 * step(x),),
    domain=((0.1, 3.0),),
)
elu = Op(
    "elu",
    lambda x: relu(x) + expm1(minimum(x, 0.0)),
    lambda y, x: (exp(minimum(x, 0.0)),),
    domain=((-3.0, -0.1),),
)
silu = Op(
    "silu",
    lambda x: x * sigmoid(x),
    lambda y, x: (y + sigmoid(x) * (1 - y),),
    accurate=lambda y, x: (sigmoid(x) + x * sigmoid(x) * sigmoid(-x),),
    # Its derivative is a product of three rounded values, which NumPy's float32 rounds most.
    ulps=6.0,
)
normal_cdf: Op = Op(
    "normal_cdf",
    ieee.normal_cdf,
    lambda y, x: (0.3989422804014327 * exp(-0.5 * x**2),),
    accurate=lambda y, x: (0.3989422804014327 * exp_mul(-0.5 * x, x),),
)
gelu = Op(
    "gelu",
    lambda x: x * normal_cdf(x),
    lambda y, x: (normal_cdf(x) + 0.3989422804014327 * x * exp(-0.5 * x**2),),
    accurate=lambda y, x: (normal_cdf(x) + 0.3989422804014327 * x * exp_mul(-0.5 * x, x),),
)

# --- the rest ---

sin: Op = Op("sin", ieee.sin, lambda y, x: (cos(x),), latex=r"\sin\left({}\right)")
cos: Op = Op("cos", ieee.cos, lambda y, x: (-sin(x),), latex=r"\cos\left({}\right)")
tan = Op(
    "tan",
    ieee.tan,
    lambda y, x: (1 + y * y,),
    latex=r"\tan\left({}\right)",
    domain=((-1, 1),),
    # The rounding of y counts twice in y * y, and in native code it is up to 2.5.
    ulps=6.0,
)
sinh: Op = Op("sinh", ieee.sinh, lambda y, x: (cosh(x),), latex=r"\sinh\left({}\right)")
cosh: Op = Op("cosh", ieee.cosh, lambda y, x: (sinh(x),), latex=r"\cosh\left({}\right)")
atan = Op(
    "atan",
    math.atan,
    lambda y, x: (1 / (1 + x**2),),
    accurate=lambda y, x: (power(-2)(hypot(1.0, x)),),  # x**2 overflows
)
atan2 = Op(
    "atan2",
    math.atan2,
    lambda y, a, b: (b / (a**2 + b**2), -a / (a**2 + b**2)),
    accurate=lambda y, a, b: (_by_square(b, hypot(a, b)), -_by_square(a, hypot(a, b))),
    arity=2,
    domain=((0.2, 3.0), (-3.0, 3.0)),
    ulps=8.0,
)
erf = Op(
    "erf",
    math.erf,
    lambda y, x: (ieee.TWO_BY_SQRT_PI * exp(-(x**2)),),
    accurate=lambda y, x: (ieee.TWO_BY_SQRT_PI * exp_mul(-x, x),),
)
hypot: Op = Op(
    "hypot",
    math.hypot,
    lambda y, a, b: (a / y, b / y),
    accurate=lambda y, a, b: (_part_of(a, y), _part_of(b, y)),
    arity=2,
    domain=((0.2, 3.0), (-3.0, 3.0)),
)
norm = Op(
    "norm",
    ieee.norm,
    lambda y, xs: tuple(x / y for x in xs),
    accurate=lambda y, xs: tuple(_part_of(x, y) for x in xs),
    arity=None,
    latex=r"\left\|{}\right\|",
)


def _part_of(x: Any, length: Any) -> Any:
    """x / length; 0 for x = 0, even if the length is 0."""
    return strong_mul(sign(x) * sign(x), x / length)


def _by_square(x: Any, length: Any) -> Any:
    """x / length**2; 0 for x = 0, even if the length is 0."""
    return strong_mul(sign(x) * sign(x), x / length / length)


abs = Op(
    "abs",
    builtins.abs,
    lambda y, x: (sign(x),),
    text="|{}|",
    latex=r"\left|{}\right|",
    domain=((0.1, 3.0),),
)
maximum: Op = Op(
    "maximum",
    ieee.maximum,
    lambda y, a, b: (above(a, b), above(b, a)),
    arity=2,
    latex=r"\max\left({}, {}\right)",
    domain=((-3.0, 0.0), (0.1, 3.0)),
)
minimum: Op = Op(
    "minimum",
    ieee.minimum,
    lambda y, a, b: (above(b, a), above(a, b)),
    arity=2,
    latex=r"\min\left({}, {}\right)",
    domain=((-3.0, 0.0), (0.1, 3.0)),
)

BUILT_IN.update(TABLE)

COMPOSED = frozenset({leaky_relu, elu, silu, gelu})
"""Those whose value is written in other operations. No executor has a kernel for them."""
