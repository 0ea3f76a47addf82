"""The rows of the operation table as NumPy expressions.

They follow autograd/ieee.py at infinities, nan and signed zeros, with one exception: NumPy takes
``x**0.5`` as a square root, which is nan at -inf and -0.0 at -0.0 where C's pow is inf and 0.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd import ops
from autograd.compiler.numpy.text import CALL, MINUS, POWER, PRODUCT, SUM, Text, number
from autograd.compiler.stages.expand import built_in
from autograd.compiler.stages.record import GUARDS, constant_part
from autograd.ops import Op

HELPERS = {
    "sigmoid": ("x", "return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))"),
    "softplus": ("x", "return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))"),
    "sech2": ("x", "t = np.exp(-2 * np.abs(x))\nreturn 4 * t / (1 + t * (2 + t))"),
    "above": ("a, b", "return np.where(a == b, 0.5, (np.sign(a - b) + 1) / 2)"),
    "strong_mul": ("a, b", "return np.where(a == 0, 0.0, a * b)"),
    "logsumexp": (
        "x, axis",
        "top = np.max(x, axis=axis, keepdims=True)\n"
        "top = np.where(np.isfinite(top), top, 0.0)\n"
        "return np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))",
    ),
}
"""Functions that NumPy lacks, by the row that needs them: what they take, and their lines."""

CALLS = {
    "tanh": "np.tanh({})",
    "exp": "np.exp({})",
    "log": "np.log({})",
    "sqrt": "np.sqrt({})",
    "sin": "np.sin({})",
    "cos": "np.cos({})",
    "abs": "np.abs({})",
    "sign": "np.sign({})",
    "relu": "np.maximum({}, 0)",
    "step": "np.maximum(np.sign({}), 0)",  # np.heaviside takes seven times as long
    "maximum": "np.maximum({}, {})",
    "minimum": "np.minimum({}, {})",
    "pow": "np.power({}, {})",
}


def helper(name: str) -> str:
    """The definition of a helper function."""
    parameters, lines = HELPERS[name]
    return "\n    ".join([f"def {name}({parameters}):", *lines.split("\n")])


def row(op: Op, xs: Sequence[Text]) -> Text | None:
    """The row on operands already written; None if NumPy cannot say it.

    ``name(...)`` of a name in ``HELPERS`` calls that function.
    """
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
        return xs[0]
    if op.name.startswith("power(") and not op.registered:
        return _power(float(op.name[6:-1]), xs[0])
    for name, guard in GUARDS.items():
        if op is guard:
            return _failure(name, *xs)
    if built_in(op) and op.name in CALLS:
        return Text(CALLS[op.name].format(*(x.text for x in xs)))
    if built_in(op) and op.name in HELPERS:
        return Text(f"{op.name}({', '.join(x.text for x in xs)})")
    return None


def summed(xs: Sequence[Text]) -> Text:
    """Terms added, or taken away where they start with a minus."""
    if len(xs) == 1:
        return xs[0]
    if len(xs) == 2 and xs[0].negative and not xs[1].negative:
        xs = [xs[1], xs[0]]  # b - a for -a + b
    terms = [xs[0].within(SUM)]
    terms += [f"- {x.text[1:]}" if x.negative else f"+ {x.within(SUM)}" for x in xs[1:]]
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
    return Text(f"{base}**{number(n).text}", POWER)


def _failure(name: str, a: Text, b: Text) -> Text:
    """1 where a comparison does not turn out as it did while recording."""
    x, y = a.within(SUM), b.within(SUM)
    sign = {"less": "<", "less_equal": "<=", "equal": "=="}[name.removeprefix("not ")]
    test = f"({x} {sign} {y})"
    if name == "equal":
        test = f"({test} | (({x} != {x}) & ({y} != {y})))"
    if name.startswith("not "):
        return Text(f"1.0 * {test}", PRODUCT)
    return Text(f"1.0 - {test}", SUM)
