"""The operand that writes instead of computing, so that the operation table prints its formulas.

A rule of the table is plain arithmetic on whatever it is given. Given Symbols, it writes:

>>> from autograd.ops import tanh
>>> x = Symbol.named("x")
>>> tanh.partials(tanh(x), x)[0].text
'1 - tanh(x)²'

A row called on Symbols is written as it stands. The operators ``+ - * / **``, which rules use,
also leave out what says nothing: 1 * x, x + 0, -(-x); they gather numbers in front, and write a
product of two equal factors as a square. There is no further algebra.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograd import ops
from autograd.names import displayed, latex_name
from autograd.ops import Op

ATOM = 4
"""The precedence of what never needs parentheses (see ``Op.precedence``)."""


@dataclass(frozen=True, eq=False)
class Symbol:
    """An expression, written.

    Args:
        text: for a terminal: ``1 - tanh(x)²``.
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
        """The symbol of a name; any text, none of it markup."""
        shown = displayed(name)
        return Symbol(shown, latex_name(shown))

    @staticmethod
    def of(x: Symbol | float) -> Symbol:
        """A Symbol as it is; a number written with nine digits."""
        if isinstance(x, Symbol):
            return x
        text = f"{x + 0.0:.9g}"  # + 0.0 turns -0 into 0
        precedence = ops.neg.precedence if text.startswith("-") else ATOM
        latex = _latex_number(text)
        latex_precedence = ops.mul.precedence if "times" in latex else precedence
        return Symbol(text, latex, precedence, latex_precedence, number=float(x))

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Symbol | float]) -> Symbol:
        """What a row of the table calls when one of its inputs is a Symbol: write it."""
        return write(op, [Symbol.of(x) for x in inputs])

    @property
    def parts(self) -> tuple[float, Symbol]:
        """A number, and the Symbol that it multiplies."""
        if self.number is not None:
            return self.number, ONE
        return self.scaled or (1.0, self)

    def __neg__(self) -> Symbol:
        factor, rest = self.parts
        return _scale(-factor, rest)

    def __mul__(self, other: Symbol | float) -> Symbol:
        (c, a), (d, b) = self.parts, Symbol.of(other).parts
        return _scale(c * d, _product(a, b))

    def __rmul__(self, other: float) -> Symbol:
        return Symbol.of(other) * self

    def __add__(self, other: Symbol | float) -> Symbol:
        b = Symbol.of(other)
        if self.number is not None and b.number is not None:
            return Symbol.of(self.number + b.number)
        if self.number == 0:
            return b
        if b.number == 0:
            return self
        return self - -b if b.parts[0] < 0 else _row(ops.add, self, b)

    def __radd__(self, other: float) -> Symbol:
        return Symbol.of(other) + self

    def __sub__(self, other: Symbol | float) -> Symbol:
        b = Symbol.of(other)
        if self.number is not None and b.number is not None:
            return Symbol.of(self.number - b.number)
        if self.number == 0:
            return -b
        return self if b.number == 0 else _row(ops.sub, self, b)

    def __rsub__(self, other: float) -> Symbol:
        return Symbol.of(other) - self

    def __truediv__(self, other: Symbol | float) -> Symbol:
        b = Symbol.of(other)
        if b.number == 1:
            return self
        if self.number is not None and b.number:
            quotient = Symbol.of(self.number / b.number)
            if float(quotient.text) == quotient.number:  # 1 / 2 as 0.5, but 1 / 3 as it is
                return quotient
        return _row(ops.div, self, b)

    def __rtruediv__(self, other: float) -> Symbol:
        return Symbol.of(other) / self

    def __pow__(self, other: Symbol | float) -> Symbol:
        exponent = Symbol.of(other)
        if exponent.number is None:
            return _row(ops.pow, self, exponent)
        if exponent.number == 1:
            return self
        return ONE if exponent.number == 0 else _row(ops.power(exponent.number), self)

    def __rpow__(self, other: float) -> Symbol:
        return Symbol.of(other) ** self

    def __str__(self) -> str:
        return self.text


def _row(op: Op, *inputs: Symbol) -> Symbol:
    return Symbol.apply_op(op, inputs)


ONE = Symbol("1", "1", number=1.0)
DOTS = Symbol("…", r"\cdots")


def _scale(factor: float, rest: Symbol) -> Symbol:
    """factor * rest, which remembers its parts."""
    if rest is ONE or factor == 0:
        return Symbol.of(factor)
    if factor == 1:
        return rest
    written = _row(ops.neg, rest) if factor == -1 else _row(ops.mul, Symbol.of(factor), rest)
    forms = written.text, written.latex, written.precedence, written.latex_precedence
    return Symbol(*forms, scaled=(factor, rest))


def _product(a: Symbol, b: Symbol) -> Symbol:
    if a is ONE or b is ONE:
        return b if a is ONE else a
    return a**2 if a.text == b.text else _row(ops.mul, a, b)


# --- writing one operation ---

_ASSOCIATIVE = ("add", "sum", "mul", "strong_mul")
_OPENING = ("{{", "(", "|", ", ")  # what stands before an input that needs no parentheses
_RAISED = re.compile(r" \*\* (\d+)$")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def write(op: Op, inputs: Sequence[Symbol]) -> Symbol:
    """The operation as its row of the table writes it, with parentheses where they are needed."""
    if len(inputs) == 1 and op.arity is None and op.text.count("{}") == 2:
        return inputs[0]  # a sum of one term
    text = op.write(*(_in_text(op, place, x) for place, x in enumerate(inputs)))
    precedence = op.precedence
    if raised := _RAISED.search(op.text):
        text = text.removesuffix(raised[0]) + raised[1].translate(_SUPERSCRIPTS)
        precedence = min(precedence, ops.pow.precedence)
    latex = op.write(*(_in_latex(op, place, x) for place, x in enumerate(inputs)), latex=True)
    return Symbol(text, latex, precedence, _latex_precedence(op))


def _in_text(op: Op, place: int, x: Symbol) -> str:
    bare = _needs_parentheses(op, op.text, place, x.text, x.precedence)
    return f"({x.text})" if bare else x.text


def _in_latex(op: Op, place: int, x: Symbol) -> str:
    bare = _needs_parentheses(op, op.latex, place, x.latex, x.latex_precedence)
    return rf"\left({x.latex}\right)" if bare else x.latex


def _needs_parentheses(op: Op, template: str, place: int, written: str, precedence: int) -> bool:
    before, after = _around(template, place)
    if before.endswith(_OPENING) and not after.startswith("}}^"):
        return False
    if before and written.startswith("-"):
        return True  # a - (-b)
    leftmost = not before and op.precedence < ops.pow.precedence
    if op.name in _ASSOCIATIVE or leftmost:
        return precedence < op.precedence
    return precedence <= op.precedence and precedence < ATOM


def _around(template: str, place: int) -> tuple[str, str]:
    """What stands before and after the input at ``place``; the last of a template repeats."""
    pieces = template.split("{}")
    slot = min(place, len(pieces) - 2)
    return pieces[slot], pieces[slot + 1]


def _latex_precedence(op: Op) -> int:
    """An operation that encloses all its inputs, as a fraction does, need not be enclosed itself.

    Except below an exponent, if it is no call or has an exponent already.
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
