"""Operations as NumPy expressions: arithmetic with its signs and parentheses, the others as calls.

At infinities, nan and signed zeros they follow autograd/ieee.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd import ops
from autograd.compiler.algebra import GUARDS, constant_part
from autograd.compiler.numpy.dialect import Dialect
from autograd.compiler.numpy.text import CALL, MATRIX, MINUS, POWER, PRODUCT, SUM, Text, number_text
from autograd.ops import Op


def expression(op: Op, xs: Sequence[Text], dialect: Dialect) -> Text | None:
    """The operation on written operands; None if only Python can compute it."""
    turned = [x.turned for x in xs if x.turned]
    if xs and len(turned) == len(xs):
        text = expression(op, turned, dialect)
        return text and text.exchanged
    if op in (ops.sum, ops.add):
        return summed(xs)
    if op is ops.mul:
        return _product(*xs)
    if op is ops.sub:
        return Text(f"{xs[0].within(SUM)} - {xs[1].within(PRODUCT)}", SUM)
    if op is ops.div:
        return Text(f"{xs[0].within(PRODUCT)} / {xs[1].within(POWER)}", PRODUCT)
    if op is ops.neg:
        return Text(f"-{xs[0].within(POWER)}", MINUS)
    if op is constant_part:
        return dialect.constant(xs[0])
    found = dialect.kernel(op)
    if isinstance(op, ops.Power) and not found:
        return _power(op.exponent, xs[0])
    for name, guard in GUARDS.items():
        if op is guard:
            return _failure(name, *xs)
    return Text(found.call.format(*(x.text for x in xs))) if found else None


def summed(xs: Sequence[Text]) -> Text:
    """Terms added, or subtracted if they start with a minus."""
    if len(xs) == 1:
        return xs[0]
    if len(xs) == 2 and xs[0].negative and not xs[1].negative:
        xs = [xs[1], xs[0]]  # b - a for -a + b
    terms = [xs[0].within(SUM)]
    # A sum among the terms keeps its parentheses, because a + (b + c) is not a + b + c.
    terms += [f"- {x.text[1:]}" if x.negative else f"+ {x.within(MATRIX)}" for x in xs[1:]]
    return Text(" ".join(terms), SUM)


def _product(a: Text, b: Text) -> Text:
    if a.text == "1":
        return b
    if a.text == "-1":
        return Text(f"-{b.within(POWER)}", MINUS)
    return Text(f"{a.within(PRODUCT)} * {b.within(PRODUCT + 0.1)}", PRODUCT)


def _power(n: float, x: Text) -> Text:
    if n == 1:
        return x
    if n == -1:
        return Text(f"1 / {x.within(POWER)}", PRODUCT)
    base = x.within(CALL)
    base = f"({base})" if base[0].isdigit() else base
    return Text(f"{base}**{number_text(n).text}", POWER)


def _failure(name: str, a: Text, b: Text) -> Text:
    """1 where a comparison has another outcome than it had while recording."""
    x, y = a.within(SUM), b.within(SUM)
    sign = {"less": "<", "less_equal": "<=", "equal": "=="}[name.removeprefix("not ")]
    test = f"({x} {sign} {y})"
    if name == "equal":
        test = f"({test} | (({x} != {x}) & ({y} != {y})))"
    if name.startswith("not "):
        return Text(f"1.0 * {test}", PRODUCT)
    return Text(f"1.0 - {test}", SUM)
