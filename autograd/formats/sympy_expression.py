"""A recorded graph as an expression of SymPy: its operations, carried out on SymPy's symbols."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from autograd import ops
from autograd.extras import library
from autograd.names import displayed
from autograd.nodes.by_hand import BY_HAND, NO_RULE
from autograd.op import Op
from autograd.operand import Unknown, traced
from autograd.reading import Reading
from autograd.value import Value

MOST_OPERATIONS = 2_000
"""In an expression as it is written: where parts are shared, that may be exponentially more than
the graph has."""

DEEPEST = 75
"""SymPy recurses through an expression, and Python limits how deep."""


def to_sympy(value: Value, names: object = None) -> Any:
    """How a Value was computed, as an expression of SymPy.

    Leaves are symbols, which are real: ``x = sympy.Symbol("x", real=True)``. Take this ``x`` in
    ``diff`` and ``subs``: to SymPy a text "x", or a symbol that may be complex, is another one, by
    which the derivative is 0. Numbers that an operation made Values are exact: 0.1 is 1/10, the
    shortest decimal that stands for it. An operation of your own is written out if its value is
    plain arithmetic. Otherwise it is a function of that name: SymPy differentiates it by your rule,
    and ``lambdify`` computes it by your function. Of two that have one name, the second is called
    ``name_2``.

    >>> x, w = Value(0.5, "x"), Value(2.0, "w")
    >>> y = (w * x).tanh()
    >>> to_sympy(y)
    tanh(w*x)
    >>> to_sympy(grad(y, x, create_graph=True))
    w*sech(w*x)**2

    At corners SymPy's derivatives are its own: that of ``Max(x, 0)`` at 0 is 1/2.

    Args:
        value: any Value with a graph; a derivative too, from ``grad(..., create_graph=True)``.
        names: a dict such as ``locals()``, or a Module. These names take precedence over labels.

    Raises:
        ModuleNotFoundError: SymPy is not installed.
        ValueError: written out, it has more than MOST_OPERATIONS operations, or is nested deeper
            than DEEPEST.
        TypeError: a node was made by hand, so it has no rule; or ``value`` is not a Value.
    """
    library("sympy", "to_sympy")
    reading = Reading(value, names)
    _check_size(reading.nodes)
    token = _function_names.set({})
    try:
        return _expressions(reading)[value]
    finally:
        _function_names.reset(token)


def _expressions(reading: Reading) -> dict[Value, Any]:
    sympy = library("sympy", "to_sympy")
    found: dict[Value, Any] = {}
    for node in reading.nodes:
        if node.op is not None:
            found[node] = _applied(node.op, [found[child] for child in node.inputs])
        elif reading.role(node) == "constant":
            found[node] = _number(node.data)
        else:
            found[node] = sympy.Symbol(displayed(reading.names[node]), real=True)
    return found


def _check_size(nodes: Sequence[Value]) -> None:
    written: dict[Value, int] = {}
    for node in nodes:
        written[node] = sum(written[child] for child in node.inputs) + (node.op is not None)
    output = nodes[-1]
    if written[output] <= MOST_OPERATIONS and output._depth <= DEEPEST:
        return
    size = f"{written[output]:,}" if written[output] < 10**9 else "billions of"
    raise ValueError(
        f"as an expression of SymPy this graph has {size} operations, {output._depth:,} one in the "
        f"other, and it may have {MOST_OPERATIONS:,} and {DEEPEST}: write a value in the middle of "
        "it, or make one a symbol of its own when you record it, as in h = h.detach()"
    )


class _Term(Unknown):
    """An expression as an operand, so that a rule or a composed operation can be carried out."""

    __slots__ = ("expression",)

    refusal = "an expression of SymPy is not a number"

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> _Term:
        return _Term(_applied(op, [_expression(x) for x in inputs]))


def _expression(x: Any) -> Any:
    return x.expression if isinstance(x, _Term) else _number(x)


def _number(x: float) -> Any:
    sympy = library("sympy", "to_sympy")
    if not math.isfinite(x):
        return sympy.nan if x != x else sympy.oo if x > 0 else -sympy.oo
    return sympy.Rational(repr(float(x)))


def _applied(op: Op, inputs: Sequence[Any]) -> Any:
    """An operation on expressions."""
    if op is BY_HAND:
        raise TypeError(NO_RULE)
    if isinstance(op, ops.Power):
        return inputs[0] ** _number(op.exponent)
    if op in _forms():
        return _forms()[op](*inputs)
    try:
        with traced():
            return _expression(op.apply([_Term(x) for x in inputs]))
    except Exception:  # a function of the user's may be any Python, and then it stays one
        return _function(op, _name(op))(*inputs)


_function_names: ContextVar[dict[Op, str]] = ContextVar("_function_names")
"""The names of the functions in the expression that is being made."""


def _name(op: Op) -> str:
    """The operation's name; with a number if another operation of this expression or of the table
    has it."""
    names = _function_names.get({})
    if op not in names:
        taken = {*names.values(), *(name for name, other in ops.TABLE.items() if other is not op)}
        numbered = (f"{op.name}_{n}" for n in itertools.count(2))
        names[op] = next(n for n in itertools.chain([op.name], numbered) if n not in taken)
    return names[op]


@functools.cache
def _function(op: Op, name: str) -> Any:
    """A function of SymPy that has this name, and the operation's derivatives and numbers."""
    sympy = library("sympy", "to_sympy")

    def fdiff(self: Any, argindex: int = 1) -> Any:
        with traced():
            rule = op.apply_rule(_Term(self), [_Term(x) for x in self.args], taught=True)
        return _expression(rule[argindex - 1])

    def computed(*xs: Any) -> Any:
        return op.apply([float(x) for x in xs])

    members = {"fdiff": fdiff, "_imp_": staticmethod(computed), "is_real": True}
    return type(sympy.Function)(name, (sympy.Function,), members)


@functools.cache
def _forms() -> dict[Op, Any]:
    """What each operation of the table is in SymPy; those that are composed are carried out."""
    s = library("sympy", "to_sympy")
    half = s.Rational(1, 2)
    return {
        ops.add: lambda a, b: a + b,
        ops.sub: lambda a, b: a - b,
        ops.mul: lambda a, b: a * b,
        ops.strong_mul: lambda a, b: a * b,
        ops.div: lambda a, b: a / b,
        ops.neg: lambda x: -x,
        ops.sum: lambda *xs: s.Add(*xs),
        ops.pow: lambda a, b: a**b,
        ops.exp: s.exp,
        ops.exp_mul: lambda a, b: s.exp(a * b),
        ops.expm1: lambda x: s.exp(x) - 1,
        ops.log: s.log,
        ops.log1p: lambda x: s.log(1 + x),
        ops.logsumexp: lambda *xs: s.log(s.Add(*map(s.exp, xs))),
        ops.sqrt: s.sqrt,
        ops.hypot: lambda a, b: s.sqrt(a**2 + b**2),
        ops.norm: lambda *xs: s.sqrt(s.Add(*(x**2 for x in xs))),
        ops.tanh: s.tanh,
        ops.sech2: lambda x: s.sech(x) ** 2,
        ops.sigmoid: lambda x: 1 / (1 + s.exp(-x)),
        ops.softplus: lambda x: s.log(1 + s.exp(x)),
        ops.normal_cdf: lambda x: (1 + s.erf(x / s.sqrt(2))) / 2,
        ops.sin: s.sin,
        ops.cos: s.cos,
        ops.tan: s.tan,
        ops.sinh: s.sinh,
        ops.cosh: s.cosh,
        ops.atan: s.atan,
        ops.atan2: s.atan2,
        ops.erf: s.erf,
        ops.abs: s.Abs,
        ops.sign: s.sign,
        # Unevaluated, because SymPy compares all their parts otherwise, which takes minutes.
        ops.maximum: lambda a, b: s.Max(a, b, evaluate=False),
        ops.minimum: lambda a, b: s.Min(a, b, evaluate=False),
        ops.relu: lambda x: s.Max(x, 0, evaluate=False),
        ops.step: lambda x: s.Piecewise((1, x > 0), (0, True)),
        ops.above: lambda a, b: s.Piecewise((1, a > b), (half, s.Eq(a, b)), (0, True)),
    }
