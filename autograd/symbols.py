"""An operand that writes instead of computing: with it, the operation table prints its formulas.

A rule of the table is plain arithmetic on whatever it is given. Given Symbols, it writes:

>>> from autograd.ops import tanh
>>> x = Symbol.named("x")
>>> tanh.partials(tanh(x), x)[0].text
'1 - tanh(x)²'

Arithmetic on Symbols drops what says nothing (1 * x, x + 0, -(-x)), gathers numbers in front, and
writes a product of two equal factors as a square. It does no further algebra.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd import ops
from autograd.names import displayed, latex_name
from autograd.op import Op
from autograd.operand import Unknown

ATOM = 4
"""The precedence of expressions that never need parentheses (see ``Op.precedence``)."""


@dataclass(frozen=True, eq=False)
class Symbol(Unknown):
    """A written expression.

    Args:
        text: for a terminal, such as ``1 - tanh(x)²``.
        latex: for a document, in math mode.
        precedence: how tightly ``text`` binds, as an Op's.
        latex_precedence: how tightly ``latex`` binds: a fraction is held together by its bar.
        number: the number, if it is one.
        scaled: (c, rest) if it is c * rest with a number c.
    """

    text: str
    latex: str
    precedence: int = ATOM
    latex_precedence: int = ATOM
    number: float | None = None
    scaled: tuple[float, Symbol] | None = None

    @staticmethod
    def named(name: str) -> Symbol:
        """The symbol of a name, which may be any text. None of it counts as markup."""
        shown = displayed(name)
        return Symbol(shown, latex_name(shown))

    @staticmethod
    def of(x: Symbol | float) -> Symbol:
        """A Symbol as it is, or a number, written with nine digits."""
        if isinstance(x, Symbol):
            return x
        text = f"{x + 0.0:.9g}"  # + 0.0 turns -0 into 0
        precedence = ops.neg.precedence if text.startswith("-") else ATOM
        latex = _latex_number(text)
        latex_precedence = ops.mul.precedence if "times" in latex else precedence
        return Symbol(text, latex, precedence, latex_precedence, number=float(x))

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Symbol | float]) -> Symbol:
        """The operation, written. Arithmetic drops what says nothing."""
        symbols = [Symbol.of(x) for x in inputs]
        if isinstance(op, ops.Power):
            return _power(symbols[0], op.exponent)
        return _ARITHMETIC[op](*symbols) if op in _ARITHMETIC else write_op(op, symbols)

    @property
    def parts(self) -> tuple[float, Symbol]:
        """A number, and the Symbol that it multiplies."""
        if self.number is not None:
            return self.number, ONE
        return self.scaled or (1.0, self)

    def __str__(self) -> str:
        return self.text


ONE = Symbol("1", "1", number=1.0)
DOTS = Symbol("…", r"\cdots")


# --- arithmetic ---


def _add(a: Symbol, b: Symbol) -> Symbol:
    if a.number is not None and b.number is not None:
        return Symbol.of(a.number + b.number)
    if a.number == 0 or b.number == 0:
        return b if a.number == 0 else a
    return _sub(a, _neg(b)) if b.parts[0] < 0 else write_op(ops.add, (a, b))


def _sub(a: Symbol, b: Symbol) -> Symbol:
    if a.number is not None and b.number is not None:
        return Symbol.of(a.number - b.number)
    if a.number == 0:
        return _neg(b)
    return a if b.number == 0 else write_op(ops.sub, (a, b))


def _neg(x: Symbol) -> Symbol:
    factor, rest = x.parts
    return _scale(-factor, rest)


def _mul(x: Symbol, y: Symbol) -> Symbol:
    (c, a), (d, b) = x.parts, y.parts
    if a is ONE or b is ONE:
        return _scale(c * d, b if a is ONE else a)
    return _scale(c * d, _power(a, 2) if a.text == b.text else write_op(ops.mul, (a, b)))


def _scale(factor: float, rest: Symbol) -> Symbol:
    """factor * rest, which remembers its parts."""
    if rest is ONE or factor == 0:
        return Symbol.of(factor)
    if factor == 1:
        return rest
    written = (
        write_op(ops.neg, [rest]) if factor == -1 else write_op(ops.mul, [Symbol.of(factor), rest])
    )
    forms = written.text, written.latex, written.precedence, written.latex_precedence
    return Symbol(*forms, scaled=(factor, rest))


def _div(a: Symbol, b: Symbol) -> Symbol:
    if b.number == 1:
        return a
    if a.number is not None and b.number:
        quotient = Symbol.of(a.number / b.number)
        if float(quotient.text) == quotient.number:  # 1 / 2 as 0.5, but 1 / 3 as it is
            return quotient
    return write_op(ops.div, (a, b))


def _pow(a: Symbol, b: Symbol) -> Symbol:
    return write_op(ops.pow, (a, b)) if b.number is None else _power(a, b.number)


def _power(x: Symbol, exponent: float) -> Symbol:
    if exponent == 1:
        return x
    return ONE if exponent == 0 else write_op(ops.power(exponent), [x])


_ARITHMETIC: dict[Op, Callable[..., Symbol]] = {
    ops.add: _add,
    ops.sub: _sub,
    ops.neg: _neg,
    ops.mul: _mul,
    ops.div: _div,
    ops.pow: _pow,
}

# --- writing one operation ---

_ASSOCIATIVE = (ops.add, ops.sum, ops.mul, ops.strong_mul)
_OPENING = ("{{", "(", "|", ", ")  # before an input that needs no parentheses
_RAISED = re.compile(r" \*\* (\d+)$")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def write_op(op: Op, inputs: Sequence[Symbol]) -> Symbol:
    """The operation as the table writes it, with parentheses where they are needed."""
    if len(inputs) == 1 and op.arity is None and op.text.count("{}") == 2:
        return inputs[0]  # a sum of one term
    operands = [within(op, place, x) for place, x in enumerate(inputs)]
    text = op.write(*(x.text for x in operands))
    latex = op.write(*(x.latex for x in operands), latex=True)
    precedence = op.precedence
    if raised := _RAISED.search(op.text):
        text = text.removesuffix(raised[0]) + raised[1].translate(_SUPERSCRIPTS)
        precedence = min(precedence, ops.pow.precedence)
    return Symbol(text, latex, precedence, _latex_precedence(op))


def within(op: Op, place: int, x: Symbol) -> Symbol:
    """The input at ``place`` as it stands within an operation: in parentheses if it needs them."""
    text, latex = x.text, x.latex
    if _needs_parentheses(op, op.text, place, text, x.precedence):
        text = f"({text})"
    if _needs_parentheses(op, op.latex, place, latex, x.latex_precedence):
        latex = rf"\left({latex}\right)"
    return Symbol(text, latex)


def _needs_parentheses(op: Op, template: str, place: int, written: str, precedence: int) -> bool:
    before, after = _around(template, place)
    if before.endswith(_OPENING) and not after.startswith("}}^"):
        return False
    if before and written.startswith("-"):
        return True  # a - (-b)
    leftmost = not before and op.precedence < ops.pow.precedence
    if op in _ASSOCIATIVE or leftmost:
        return precedence < op.precedence
    return precedence <= op.precedence and precedence < ATOM


def _around(template: str, place: int) -> tuple[str, str]:
    """The text before and after the input at ``place``; the last input of a template repeats."""
    pieces = template.split("{}")
    slot = min(place, len(pieces) - 2)
    return pieces[slot], pieces[slot + 1]


def _latex_precedence(op: Op) -> int:
    """An operation that encloses all its inputs, as a fraction does, needs no parentheses itself.

    It needs them below an exponent, unless it is a call that has no exponent yet.
    """
    *before, _ = op.latex.split("{}")
    if not all(piece.endswith(_OPENING) for piece in before):
        return op.precedence
    is_call = op.precedence == ATOM and not before[-1].endswith("^{{")
    return ATOM if is_call else ops.pow.precedence


def _latex_number(text: str) -> str:
    if text.lstrip("-") in ("inf", "nan"):
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa
