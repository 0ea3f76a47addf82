"""The operation table: one row, one operation, and every lens reads it.

A row says how to compute an operation, its derivative by each input, and how it is written.
Derivative rules are plain arithmetic on whatever they are given: on floats they give numbers, on
Values they give the graph of the derivative. They may use ``+ - * / **`` and other rows, and may
not branch on their inputs.

To add an operation, write a row; it works at once on floats and Values, in networks, drawings and
checks::

    swish = Op("swish", lambda x: x * sigmoid(x),
               lambda y, x: (y + sigmoid(x) * (1 - y),))

The choices at corners, where the derivative does not exist or mathematics gives several answers.
They are PyTorch's:

====================  =======================================================================
relu at 0             value 0, derivative 0
abs at 0              value 0, derivative 0
maximum, minimum      of two equal inputs: derivative 1/2 by each
sqrt at 0             derivative inf
log at 0              value -inf, derivative inf; below 0 the value is nan, the derivative 1/x
1/0                   inf, with the sign of both; 0/0 is nan
0 ** 0                value 1; derivative 0 by the base and 0 by the exponent
x ** 0                value 1 for every x; derivative by x is 0, at x = 0 too
0 ** b, b > 0         derivative by the exponent 0; by the base 0, 1 (b = 1) or inf (b < 1)
0 ** b, b < 0         value inf; derivative by the base -inf, by the exponent nan
a ** b, a < 0         nan unless b is a whole number; derivative by the exponent nan
nan                   goes through every operation, maximum, minimum, relu and abs included
====================  =======================================================================
"""

from __future__ import annotations

import builtins
import functools
import math
import operator
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real as RealNumber
from typing import Any

from autograd import ieee
from autograd.ieee import Real

TABLE: dict[str, Op] = {}
"""Every row by its name."""

_BUILT_IN: frozenset[str] = frozenset()  # filled in below the last row

_A_ROW = (
    "A row returns a float for every input, inf or nan where there is no answer; autograd's own "
    "exp, log, sqrt and so on do that where Python's math raises"
)
_A_RULE = (
    "A rule takes the output and each input, and returns a tuple with a derivative by each input, "
    "as in lambda y, x: (1 - y * y,)"
)


@dataclass(frozen=True, eq=False)
class Op:
    """One operation: a row of the table, and a function of floats or Values.

    Args:
        name: a Python name, by which networks and files refer to the row.
        forward: floats in, float out. Infinities and nan rather than exceptions.
        partials: ``partials(y, *inputs)`` returns the tuple of local derivatives, one for each
            input, as it is taught. ``y`` is the output, so nothing need be computed twice.
        accurate: the same derivatives in the form to compute with, where the taught form loses
            digits (1 - tanh² is 0 from 19 on). None: the taught form is accurate.
        arity: the number of inputs. None: any number, and then ``forward`` and the rules take
            the inputs as one sequence.
        symbol: the operation on a node of a drawing. Default: the name.
        text, latex: how it is written, a ``{}`` for each input. With any number of inputs, an
            infix ``{} + {}`` is repeated, and ``f({})`` gets them all. Default: a call.
        precedence: how tightly it binds when written: 1 as a sum, 2 as a product, 3 as a power,
            4 (a call) never needs parentheses.
        domain: for each input the interval where the derivative may be tested, clear of corners.
        ulps: how far a derivative may be from the true one, in units in the last place. 4 for
            every row of one input over its whole domain; for others, in ``domain``.
        registered: whether the row stands in the table.

    Raises:
        ValueError: a row of that name is built in, or the name is not a Python name.
    """

    name: str
    forward: Callable[..., float]
    partials: Callable[..., tuple[Any, ...]]
    accurate: Callable[..., tuple[Any, ...]] | None = None
    arity: int | None = 1
    symbol: str = ""
    text: str = ""
    latex: str = ""
    precedence: int = 4
    domain: tuple[tuple[float, float], ...] = ()
    ulps: float = 4.0
    registered: bool = True

    def __post_init__(self) -> None:
        if not self.name.isidentifier() and self.registered:
            raise ValueError(f"a row needs a Python name such as 'swish'; got {self.name!r}")
        if self.name in _BUILT_IN and self.registered:
            raise ValueError(f"the row {self.name!r} is built in; choose another name for yours")
        inputs = ", ".join(["{}"] * (self.arity or 1))
        fill = functools.partial(object.__setattr__, self)
        fill("symbol", self.symbol or self.name)
        fill("text", self.text or f"{self.name}({inputs})")
        fill("latex", self.latex or rf"\operatorname{{{{{self.name}}}}}\left({inputs}\right)")
        fill("domain", self.domain or ((-3.0, 3.0),) * (self.arity or 3))
        if self.registered:
            TABLE[self.name] = self

    @functools.cached_property
    def rule(self) -> Callable[..., tuple[Any, ...]]:
        """The derivatives to compute with: the accurate form where there is one."""
        return self.accurate or self.partials

    @property
    def is_built_in(self) -> bool:
        """Whether it came with this table, and was not added later."""
        return self.registered and self.name in _BUILT_IN

    def __call__(self, *inputs: Any) -> Any:
        """The operation on floats (a float) or, with at least one Value, a new Value.

        A row of any number of inputs takes them one by one or as one iterable.
        """
        if len(inputs) == self.arity == 1 and type(inputs[0]) is float:
            return self.forward(inputs[0])  # what rules call most
        if len(inputs) != self.arity:
            inputs = self._gathered(inputs)
        for x in inputs:
            if type(x) is not float:
                return self._dispatch(inputs)
        return self.forward(inputs) if self.arity is None else self.forward(*inputs)

    def _gathered(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.arity is not None:
            raise TypeError(f"{self.name} takes {count(self.arity, 'input')}; got {len(inputs)}")
        if len(inputs) == 1 and hasattr(type(inputs[0]), "__iter__"):
            return tuple(inputs[0])
        return inputs

    def _dispatch(self, inputs: tuple[Any, ...]) -> Any:
        """Let the kind of the operands decide: the first that is no number does the work."""
        for x in inputs:
            if hasattr(type(x), "apply_op"):
                return type(x).apply_op(self, inputs)
        result = self(*map(as_float, inputs))
        return Real(result) if any(isinstance(x, Real) for x in inputs) else result

    def apply_rule(self, y: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The local derivatives, on operands of any kind."""
        return self.rule(y, inputs) if self.arity is None else self.rule(y, *inputs)

    def compute(self, xs: Sequence[float]) -> float:
        """The value at ``xs``, checked: the careful way, where ``forward`` alone is the fast one.

        Raises:
            TypeError, ArithmeticError, ValueError: the row failed; the message names it.
        """
        try:
            y = self.forward(xs) if self.arity is None else self.forward(*xs)
            if isinstance(y, complex):  # from a power of a negative number: IEEE says nan
                y = self.forward(*map(Real, xs))
            return as_float(y)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise self._failure(xs, error, _A_ROW) from error

    def evaluate(self, xs: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """Value and local derivatives at ``xs``, checked, with IEEE arithmetic throughout.

        Raises:
            TypeError, ArithmeticError, ValueError: the row failed; the message names it.
        """
        y = self.compute(xs)
        try:
            partials = self.apply_rule(Real(y), [Real(x) for x in xs])
            return y, tuple(as_float(partial) for partial in partials)
        except (ArithmeticError, ValueError, TypeError) as error:
            advice = _A_RULE if isinstance(error, TypeError) else _A_ROW
            raise self._failure(xs, error, advice) from error

    def _failure(self, xs: Sequence[float], error: Exception, advice: str) -> Exception:
        at = ", ".join(map(repr, xs))
        return type(error)(f"the row {self.name!r} failed at ({at}): {error}. {advice}")

    def write(self, *inputs: str, latex: bool = False) -> str:
        """The operation on inputs already written; parentheses are the caller's, by precedence."""
        template = self.latex if latex else self.text
        if self.arity is not None:
            return template.format(*inputs)
        if template.count("{}") == 1:
            return template.format(", ".join(inputs))
        return functools.reduce(template.format, inputs)

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Rules are functions, so a row travels (pickle, copy) by its name.
        return (row, (self.name,))


def row(name: str) -> Op:
    """The row of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in TABLE:
        raise ValueError(f"no operation is called {name!r}; there are {', '.join(sorted(TABLE))}")
    return TABLE[name]


def as_float(x: object) -> float:
    """A real number of any kind as a float.

    Raises:
        TypeError: it is not one real number; the message says what to write instead.
        OverflowError: an integer too large for a float.
    """
    if type(x) is float:
        return x
    if isinstance(x, RealNumber):
        return float(x)
    raise TypeError(_what_to_write(x))


_EACH = "take its elements one by one, as in [Value(x) for x in {}]"


def _what_to_write(x: object) -> str:
    kind = type(x).__name__
    got = f"expected one real number (int, float or a numpy scalar); got {kind}"
    if hasattr(type(x), "apply_op"):
        return f"{got}: write x.data for its number; where a Value may stand, x itself will do"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        if x.shape == ():
            return f"{got} of no dimensions: write x.item()"
        return f"{got} of shape {tuple(x.shape)}: {_EACH.format('array')}"
    if isinstance(x, str):
        return f"{got} {reprlib.repr(x)}: write float(text) if it spells a number"
    if isinstance(x, complex):
        return f"{got} {x!r}: write z.real or z.imag; derivatives here are of real numbers"
    if x is None:
        return f"{got}: a function that should return a number may lack its return"
    if isinstance(x, (list, tuple, set, dict)):
        return f"{got} of {count(len(x), 'element')}: {_EACH.format('numbers')}"
    return f"{got}: write float(x) if it stands for a number"


def count(n: int, noun: str) -> str:
    """``1 input``, ``3 inputs``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


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

# Helpers of other rows' rules: their derivatives are 0 wherever they exist.
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
        strong_mul(b, pow(a, b - 1)),
        strong_mul(y * sign(a) * sign(a), log(a)),
    ),
    arity=2,
    symbol="**",
    text="{} ** {}",
    latex="{{{}}}^{{{}}}",
    precedence=3,
    domain=((0.2, 3.0), (-3.0, 3.0)),
    # One rounding of b - 1 and of log(a), magnified by at most |b log a| below 4.
    ulps=8.0,
)


@functools.lru_cache(maxsize=1024)
def power(exponent: float) -> Op:
    """x ** n for a number n: the row of pow with its exponent fixed, so that x is its one input."""
    n = exponent
    written = f"{n:g}" if float(f"{n:g}") == n else repr(n)

    def rule(y: Any, x: Any) -> tuple[Any]:
        # n is no operand, so a rule may look at it; and 0 * x**-1 would be nan at x = 0.
        if n in (0, 1):
            return (n,)
        return (n * x if n == 2 else n * power(n - 1)(x),)

    return _Power(
        f"power({n!r})",
        lambda x: ieee.pow(x, n),
        rule,
        symbol=f"**{written}",
        text=f"{{}} ** {written}" if n >= 0 else f"{{}} ** ({written})",
        latex=f"{{{{{{}}}}}}^{{{{{written}}}}}",
        precedence=3,
        domain=((0.2, 3.0),),
        registered=False,
    )


class _Power(Op):
    def __reduce__(self) -> tuple[Any, ...]:
        return (power, (float(self.name[6:-1]),))


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
    arity=None,
    # e^(x - y) turns one rounding of y and one of x - y into a relative error of their size.
    ulps=16.0,
)

# --- activations ---

sech2 = Op(
    "sech2",
    ieee.sech2,
    lambda y, x: (-2 * y * tanh(x),),
    text="sech({}) ** 2",
    precedence=3,
    latex=r"\operatorname{{sech}}^2\left({}\right)",
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

# --- the rest ---

sin: Op = Op("sin", ieee.sin, lambda y, x: (cos(x),), latex=r"\sin\left({}\right)")
cos: Op = Op("cos", ieee.cos, lambda y, x: (-sin(x),), latex=r"\cos\left({}\right)")
abs = Op(
    "abs",
    builtins.abs,
    lambda y, x: (sign(x),),
    text="|{}|",
    latex=r"\left|{}\right|",
    domain=((0.1, 3.0),),
)
maximum = Op(
    "maximum",
    ieee.maximum,
    lambda y, a, b: (above(a, b), above(b, a)),
    arity=2,
    latex=r"\max\left({}, {}\right)",
    domain=((-3.0, 0.0), (0.1, 3.0)),
)
minimum = Op(
    "minimum",
    ieee.minimum,
    lambda y, a, b: (above(b, a), above(a, b)),
    arity=2,
    latex=r"\min\left({}, {}\right)",
    domain=((-3.0, 0.0), (0.1, 3.0)),
)

_BUILT_IN = frozenset(TABLE)
