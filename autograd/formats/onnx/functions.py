"""NumPy's functions for tensors of an ONNX graph, under their own names.

The texts of ``compiler/numpy/kernels.py`` run on them, so an operation's value has one definition.
ONNX Runtime lacks some operators for float64, and those are written here in what it has.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.compiler.algebra import GUARDS
from autograd.compiler.numpy import kernels
from autograd.compiler.numpy.kernels import Kernel, of_kernel
from autograd.formats.onnx import tables
from autograd.formats.onnx.nodes import Tensor, Traced
from autograd.ops import Op

OWN = {
    "relu": Kernel("np.relu({})"),
    "erf": Kernel("np.erf({})"),
    "normal_cdf": Kernel("np.normal_cdf({})"),
}
"""Operations that ONNX computes otherwise than NumPy."""


def function(op: Op) -> Traced | None:
    """The value of an operation that is not arithmetic as a function of tensors; one of any number
    of inputs takes them along the last axis. None if only Python can compute it."""
    kernel = kernels.kernel(op)
    if kernel is None:
        return None
    kernel = OWN.get(op.name, kernel)
    if op.arity is not None:
        return of_kernel(kernel, op, {"np": Functions})
    namespace: dict[str, Any] = {"np": Functions}
    exec(kernel.definition, namespace)
    made: Traced = namespace[op.name]
    return lambda x: made(x, -1)


def fails(op: Op) -> Traced | None:
    """A guard as a function of two tensors: 1 where the comparison has another outcome than on its
    path. None if the operation is none."""
    name = next((name for name, guard in GUARDS.items() if op is guard), "")
    if not name:
        return None

    def failing(a: Tensor, b: Tensor) -> Tensor:
        kind = name.removeprefix("not ")
        holds = a < b if kind == "less" else a <= b if kind == "less_equal" else a == b
        if kind == "equal":
            holds = holds | (a != a) & (b != b)
        zero, one = a.nodes.constant(0, a.dtype), a.nodes.constant(1, a.dtype)
        return Functions.where(holds, *((one, zero) if name.startswith("not ") else (zero, one)))

    return failing


def _operator(kind: str) -> staticmethod[..., Tensor]:
    """An operator that ONNX has."""

    def written(x: Tensor, *others: Any) -> Tensor:
        return x.nodes.add(kind, x, *others)

    return staticmethod(written)


class Functions:
    """What the texts call ``np``."""

    inf, nan = math.inf, math.nan

    tanh = _operator("Tanh")
    exp = _operator("Exp")
    log = _operator("Log")
    sqrt = _operator("Sqrt")
    sin = _operator("Sin")
    cos = _operator("Cos")
    abs = _operator("Abs")
    sign = _operator("Sign")
    relu = _operator("Relu")
    floor = _operator("Floor")
    maximum = _operator("Max")
    minimum = _operator("Min")
    power = _operator("Pow")

    @staticmethod
    def where(condition: Tensor, a: Any, b: Any) -> Tensor:
        """a where the condition holds, else b."""
        dtype = next((x.dtype for x in (a, b) if isinstance(x, Tensor)), None)
        return condition.nodes.add("Where", condition, a, b, dtype=dtype)

    @staticmethod
    def isfinite(x: Tensor) -> Tensor:
        """Whether x is neither infinite nor nan."""
        return Functions.abs(x) < math.inf

    @staticmethod
    def max(x: Tensor, axis: int, keepdims: bool) -> Tensor:
        """The largest along an axis."""
        return x.nodes.add("ReduceMax", x, _axes(x, axis), keepdims=int(keepdims))

    @staticmethod
    def sum(x: Tensor, axis: int, dtype: Any = None) -> Tensor:
        """The sum along an axis."""
        x = x if dtype is None else x.astype(dtype)
        return x.nodes.add("ReduceSum", x, _axes(x, axis), keepdims=0)

    @staticmethod
    def squeeze(x: Tensor, axis: int) -> Tensor:
        """x without an axis of size 1."""
        return x.nodes.add("Squeeze", x, _axes(x, axis))

    # --- those that it lacks, or has for float32 alone ---

    @staticmethod
    def log1p(x: Tensor) -> Tensor:
        """log(1 + x). The rounding of 1 + x is made good by what it makes of x (Kahan)."""
        u = 1 + x
        y = Functions.log(u)
        y = Functions.where(Functions.abs(x) < 1, y * x / (u - 1), y)
        return Functions.where(u == 1, x, y)

    @staticmethod
    def expm1(x: Tensor) -> Tensor:
        """e^x - 1, in the same way."""
        u = Functions.exp(x)
        y = u - 1
        y = Functions.where(Functions.abs(x) < 1, y * x / Functions.log(u), y)
        return Functions.where(u == 1, x, y)

    @staticmethod
    def sinh(x: Tensor) -> Tensor:
        """(e^x - e^-x) / 2; beyond 20 the second term does not count, and e^x may overflow."""
        if x.itemsize < 8:
            return x.nodes.add("Sinh", x)
        a = Functions.abs(x)
        e, half = Functions.expm1(a), Functions.exp(a / 2)
        y = Functions.where(a > 20, 0.5 * half * half, 0.5 * (e + e / (1 + e)))
        return Functions.where(x < 0, -y, y)

    @staticmethod
    def cosh(x: Tensor) -> Tensor:
        """(e^x + e^-x) / 2."""
        if x.itemsize < 8:
            return x.nodes.add("Cosh", x)
        half = Functions.exp(Functions.abs(x) / 2)
        return 0.5 * half * half + 0.5 / half / half

    @staticmethod
    def tan(x: Tensor) -> Tensor:
        """The tangent."""
        if x.itemsize < 8:
            return x.nodes.add("Tan", x)
        return Functions.sin(x) / Functions.cos(x)

    @staticmethod
    def arctan(x: Tensor) -> Tensor:
        """The arc tangent: y of float32, and the angle that is left, whose tangent is
        (x - tan y) / (1 + x tan y). An angle so small is its tangent."""
        if x.itemsize < 8:
            return x.nodes.add("Atan", x)
        y = Functions.arctan(x.astype(np.float32)).astype(np.float64)
        s, c = Functions.sin(y), Functions.cos(y)
        y = y + (x * c - s) / (c + x * s)
        return Functions.where(Functions.abs(x) < 1e300, y, math.pi / 2 * Functions.sign(x))

    @staticmethod
    def arctan2(a: Tensor, b: Tensor) -> Tensor:
        """The angle of the point (b, a), from that in the first half quadrant."""
        x, y = Functions.abs(b), Functions.abs(a)
        longer, shorter = Functions.maximum(x, y), Functions.minimum(x, y)
        tangent = Functions.where(longer == 0, 0, shorter / longer)
        angle = Functions.arctan(Functions.where(shorter == math.inf, 1, tangent))
        angle = Functions.where(y > x, math.pi / 2 - angle, angle)
        angle = Functions.where(_is_negative(b), math.pi - angle, angle)
        return Functions.where(_is_negative(a), -angle, angle)

    @staticmethod
    def hypot(a: Tensor, b: Tensor) -> Tensor:
        """The square root of a² + b², without their overflow."""
        a, b = Functions.abs(a), Functions.abs(b)
        top = Functions.maximum(a, b)
        unit = Functions.where((top > 0) & (top < math.inf), top, 1)
        a1, b1 = a / unit, b / unit
        y = unit * Functions.sqrt(a1 * a1 + b1 * b1)
        return Functions.where((a == math.inf) | (b == math.inf), math.inf, y)

    @staticmethod
    def erf(x: Tensor) -> Tensor:
        """The error function, from Taylor series at 97 points."""
        if x.itemsize < 8:
            return x.nodes.add("Erf", x)
        y = Functions.sign(x) * _series(Functions.abs(x), 6, tables.erf())
        return Functions.where(x == x, y, x)

    @staticmethod
    def normal_cdf(x: Tensor) -> Tensor:
        """erfc(-x / sqrt(2)) / 2, from series of e^(z²) erfc(z), which keep the digits of tails."""
        wide = x.astype(np.float64)
        z = Functions.abs(wide) * math.sqrt(0.5)
        tail = 0.5 * Functions.exp(-z * z) * _series(z, 28, tables.scaled_erfc())
        y = Functions.where(wide > 0, 1 - tail, tail)
        return Functions.where(wide == wide, y, wide).astype(x.dtype)


def _axes(x: Tensor, *axes: int) -> Tensor:
    return x.nodes.constant(axes, np.int64)


def _is_negative(x: Tensor) -> Tensor:
    """Whether x has a minus sign, -0.0 included."""
    return (x < 0) | (1 / x == -math.inf)


def _series(x: Tensor, last: float, table: Any) -> Tensor:
    """The Taylor series at the point next to x, for x from 0 to ``last``; for nan any number."""
    nodes, add = x.nodes, x.nodes.add
    x = Functions.where(x < last, x, last)
    place = add("Round", x * tables.PER_UNIT)
    t = add("Unsqueeze", x - place / tables.PER_UNIT, _axes(x, -1))
    coefficients = add("Gather", nodes.constant(table), place.astype(np.int64))
    powers = t ** nodes.constant(np.arange(table.shape[1], dtype=np.float64))
    return Functions.sum(coefficients * powers, -1)
