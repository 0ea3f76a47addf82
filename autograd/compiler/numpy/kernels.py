"""Operations that NumPy computes by more than arithmetic: for each name the one text of its value.

Printed programs contain this text, and functions on arrays are made from it, so the two agree. The
texts follow autograd/ieee.py at infinities, nan and signed zeros. To add one, write it here under
the name of the operation; without one Python computes the operation, number by number.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.algebra import ALGEBRA
from autograd.compiler.program import Floats
from autograd.ops import Op


@dataclass(frozen=True)
class Kernel:
    """The value of an operation as NumPy.

    Attributes:
        call: an expression with ``{}`` for each operand. An operation of any number of inputs
            has them in one array, and ``{}`` for the axes that they lie along.
        definition: the function that is called, where NumPy has none.
    """

    call: str
    definition: str = ""


KERNELS = {
    "tanh": Kernel("np.tanh({})"),
    "exp": Kernel("np.exp({})"),
    "expm1": Kernel("np.expm1({})"),
    "log": Kernel("np.log({})"),
    "log1p": Kernel("np.log1p({})"),
    "sqrt": Kernel("np.sqrt({})"),
    "sin": Kernel("np.sin({})"),
    "cos": Kernel("np.cos({})"),
    "tan": Kernel("np.tan({})"),
    "sinh": Kernel("np.sinh({})"),
    "cosh": Kernel("np.cosh({})"),
    "atan": Kernel("np.arctan({})"),
    "atan2": Kernel("np.arctan2({}, {})"),
    "hypot": Kernel("np.hypot({}, {})"),
    "abs": Kernel("np.abs({})"),
    "sign": Kernel("np.sign({})"),
    "relu": Kernel("np.maximum({}, 0)"),
    "step": Kernel("np.maximum(np.sign({}), 0)"),  # np.heaviside takes seven times as long
    # Of 0.0 and -0.0 np.maximum gives either, as the processor has it.
    "maximum": Kernel(
        "maximum({}, {})",
        """\
def maximum(a, b):
    return np.where((a >= b) | (a != a), a, b)""",
    ),
    "minimum": Kernel(
        "minimum({}, {})",
        """\
def minimum(a, b):
    return np.where((a <= b) | (a != a), a, b)""",
    ),
    "pow": Kernel("np.power({}, {})"),
    "sigmoid": Kernel(
        "sigmoid({})",
        """\
def sigmoid(x):
    t = np.exp(-np.abs(x))
    return np.where(x < 0, t, 1) / (1 + t)""",
    ),
    "softplus": Kernel(
        "softplus({})",
        """\
def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))""",
    ),
    "sech2": Kernel(
        "sech2({})",
        """\
def sech2(x):
    t = np.exp(-2 * np.abs(x))
    return 4 * t / (1 + t * (2 + t))""",
    ),
    "above": Kernel(
        "above({}, {})",
        """\
def above(a, b):
    return np.where(a == b, 0.5, (np.sign(a - b) + 1) / 2)""",
    ),
    "strong_mul": Kernel(
        "strong_mul({}, {})",
        """\
def strong_mul(a, b):
    return np.where(a == 0, 0.0, a * b)""",
    ),
    "exp_mul": Kernel(
        "exp_mul({}, {})",
        """\
def exp_mul(a, b):
    p = a * b
    split = 134217729 if p.itemsize == 8 else 4097
    c, d = split * a, split * b
    c, d = c - (c - a), d - (d - b)
    rest = (a - c) * (b - d) - (((p - c * d) - (a - c) * d) - c * (b - d))  # a * b - p
    y = np.exp(p)
    return np.where(np.isfinite(y * rest), y + y * rest, y)""",
    ),
    "erf": Kernel(
        "erf({})",
        """\
def erf(x):
    from math import erf
    return np.array([erf(v) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)""",
    ),
    "normal_cdf": Kernel(
        "normal_cdf({})",
        """\
def normal_cdf(x):
    from math import erfc
    a, b = -0.7071067811865476, x.astype(float)
    z = a * b
    c, d = 134217729 * a, 134217729 * b
    c, d = c - (c - a), d - (d - b)
    rest = (a - c) * (b - d) - (((z - c * d) - (a - c) * d) - c * (b - d))  # a * b - z
    rest += 4.833646656726457e-17 * b
    tail = np.where((0.5 < z) & (z < 28), 1.1283791670955126 * np.exp(-z * z) * rest, 0.0)
    y = np.array([erfc(v) for v in z.ravel().tolist()]).reshape(x.shape)
    return (0.5 * (y - tail)).astype(x.dtype)""",
    ),
    "norm": Kernel(
        "norm({}, {})",
        """\
def norm(x, axis):
    top = np.max(np.abs(x), axis=axis, keepdims=True)
    top = np.where((top > 0) & (top < np.inf), top, 1)
    return np.squeeze(top, axis) * np.sqrt(np.sum((x / top) ** 2, axis=axis))""",
    ),
    "logsumexp": Kernel(
        "logsumexp({}, {})",
        """\
def logsumexp(x, axis):
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    e = np.exp(x - top)
    rest = np.sum(np.where(e == 1, 0, e), axis=axis)
    ties = np.sum(e == 1, axis=axis, dtype=x.dtype)  # the largest, and its equals
    return np.squeeze(top, axis) + np.log1p(rest + (ties - 1))""",
    ),
}


@dataclass(frozen=True)
class Pair:
    """Two operations of the same operand for the price of one.

    Attributes:
        second: the name of the other operation.
        call: an expression of both, with ``{}`` for the operand.
        definition: the function that is called.
        single: the same for arrays of float32.
    """

    second: str
    call: str
    definition: str
    single: str


PAIRS = {
    "tanh": Pair(
        "sech2",
        "tanh_and_slope({})",
        # The slope is 1 - tanh² = r (2 - r) with r = 1 - tanh = 2 / (e^2x + 1). It keeps its digits
        # down to the smallest normal number, and is 0 below. NumPy's tanh takes three times as
        # long as its expm1.
        """\
def tanh_and_slope(x):
    u = np.expm1(2 * np.abs(x))
    r = 2 / (u + 2)
    u = np.minimum(u, 1e300)
    return np.copysign(u / (u + 2), x), r * (2 - r)""",
        # For float32 it is the other way round.
        """\
def tanh_and_slope(x):
    t = np.exp(-2 * np.abs(x))
    return np.tanh(x), 4 * t / (1 + t * (2 + t))""",
    ),
}
"""The pair that an operation opens, by its name."""


def kernel(op: Op) -> Kernel | None:
    """The kernel of an operation; one that merely has the name of a built-in one has none."""
    return KERNELS.get(op.name) if op.is_built_in else None


@functools.lru_cache(maxsize=1024)
def function(op: Op) -> Callable[..., Any]:
    """A function of arrays, which are of one shape or broadcast, for any operation."""
    if found := kernel(op):
        return of_kernel(found, op, {"np": np})
    return arithmetic(op) or in_python(op)


def of_kernel(kernel: Kernel, op: Op, libraries: dict[str, Any]) -> Callable[..., Any]:
    """The function of a kernel, whose text names these libraries; "np" has NumPy's functions."""
    namespace, np = dict(libraries), libraries["np"]
    exec(kernel.definition, namespace)
    names = ["x", "axis"] if op.arity is None else ["a", "b", "c"][: op.arity]
    text = f"lambda {', '.join(names)}: {kernel.call.format(*names)}"
    made: Callable[..., Any] = eval(text, namespace)
    if op.arity is not None:
        return made

    def of_several(*xs: Any) -> Any:
        return made(np.stack(np.broadcast_arrays(*xs)), 0) if xs else op.compute(())

    return of_several


def arithmetic(op: Op) -> Callable[..., Any] | None:
    """The function of an operation that is plain arithmetic, which all arrays have; else None."""
    if isinstance(op, ops.Power):
        exponent = op.exponent
        return lambda x: x**exponent
    if op in ALGEBRA:
        return lambda *xs: op.forward(xs) if op.arity is None else op.forward(*xs)
    return None


def in_python(op: Op) -> Callable[..., Floats]:
    """A function of arrays by which Python computes the operation, number by number."""

    def number_by_number(*xs: Floats) -> Floats:
        arrays = np.broadcast_arrays(*xs)
        columns = (x.reshape(-1).tolist() for x in arrays)
        computed = [op.compute(numbers) for numbers in zip(*columns)]
        return np.array(computed, np.result_type(*arrays)).reshape(arrays[0].shape)

    return number_by_number


def reduced_in_python(op: Op, axes: int) -> Callable[[Floats], Floats]:
    """The same for an operation of any number of inputs, which lie along the last axes."""

    def number_by_number(x: Floats) -> Floats:
        kept: Sequence[int] = x.shape[: x.ndim - axes]
        table = x.reshape(-1, int(np.prod(x.shape[x.ndim - axes :]))).tolist()
        return np.array([op.compute(numbers) for numbers in table], x.dtype).reshape(kept)

    return number_by_number
