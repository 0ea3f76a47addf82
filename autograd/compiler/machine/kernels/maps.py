"""Kernels that work number by number: ``dst = op(a)``, ``dst = op(a, b)``, and fused ones."""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.machine.kernels import elementary, powers, trigonometry
from autograd.compiler.machine.kernels.elementary import select, x_like
from autograd.compiler.machine.kernels.forms import BINARY, PAIR, TERNARY, UNARY, Map
from autograd.compiler.machine.kernels.vectors import Value
from autograd.compiler.machine.opcodes import Opcode

One = Callable[[Value], Value]
Two = Callable[[Value, Value], Value]


def unary(function: One) -> Map:
    """``dst = function(a)``, in the module's own precision."""
    return Map(UNARY, lambda a: [function(a)])


def binary(function: Two) -> Map:
    """``dst = function(a, b)``, in the module's own precision."""
    return Map(BINARY, lambda a, b: [function(a, b)])


def fused_product(combine: Two) -> Map:
    """``dst = combine(a * b, c)``, the product rounded as if it stood alone."""

    def both(a: Value, b: Value, c: Value) -> list[Value]:
        with a.code.exactly():
            return [combine(a * b, c)]

    return Map(TERNARY, both)


def precise(function: One) -> Map:
    """``dst = function(a)``, in double."""
    return Map(UNARY, lambda a: [function(a)], in_double=True)


def precise_binary(function: Two) -> Map:
    """``dst = function(a, b)``, in double."""
    return Map(BINARY, lambda a, b: [function(a, b)], in_double=True)


def of_libm(name: str) -> Map:
    """``dst = function(a)``: libm's function of this name."""
    return Map(UNARY, lambda a: [a.code.call(name, "double", a)], in_double=True, by_vector=False)


def of_libm_binary(name: str) -> Map:
    """``dst = function(a, b)``: libm's function of this name."""
    return Map(
        BINARY, lambda a, b: [a.code.call(name, "double", a, b)], in_double=True, by_vector=False
    )


# --- comparisons ---


def unless(holds: Callable[[Value, Value], Value]) -> Two:
    """1 where the comparison fails, else 0."""
    return lambda a, b: select(holds(a, b), x_like(a, 0.0), 1.0)


def if_so(holds: Callable[[Value, Value], Value]) -> Two:
    """0 where the comparison fails, else 1: for a guard that it should fail."""
    return lambda a, b: select(holds(a, b), x_like(a, 1.0), 0.0)


def same(a: Value, b: Value) -> Value:
    """Whether two numbers are equal, or both are nan."""
    return a.equals(b) | (elementary.is_nan(a) & elementary.is_nan(b))


KERNELS: dict[Opcode, Map] = {
    Opcode.COPY: unary(lambda x: x),
    Opcode.ADD: binary(lambda a, b: a + b),
    Opcode.SUB: binary(lambda a, b: a - b),
    Opcode.MUL: binary(lambda a, b: a * b),
    Opcode.DIV: binary(lambda a, b: a / b),
    Opcode.NEG: unary(lambda x: -x),
    Opcode.ABS: unary(elementary.fabs),
    Opcode.SQRT: unary(elementary.sqrt),
    Opcode.SIGN: unary(elementary.sign),
    Opcode.STEP: unary(elementary.step),
    Opcode.RELU: unary(elementary.relu),
    Opcode.ABOVE: binary(elementary.above),
    Opcode.STRONG_MUL: binary(elementary.strong_mul),
    Opcode.MAXIMUM: binary(elementary.maximum),
    Opcode.MINIMUM: binary(elementary.minimum),
    Opcode.UNLESS_LESS: binary(unless(lambda a, b: a < b)),
    Opcode.UNLESS_NOT_LESS: binary(if_so(lambda a, b: a < b)),
    Opcode.UNLESS_LESS_EQUAL: binary(unless(lambda a, b: a <= b)),
    Opcode.UNLESS_NOT_LESS_EQUAL: binary(if_so(lambda a, b: a <= b)),
    Opcode.UNLESS_EQUAL: binary(unless(same)),
    Opcode.UNLESS_NOT_EQUAL: binary(unless(lambda a, b: a.differs(b))),
    Opcode.MUL_ADD: fused_product(lambda product, c: product + c),
    Opcode.MUL_SUB: fused_product(lambda product, c: c - product),
    Opcode.EXP: precise(elementary.exp),
    Opcode.LOG: precise(elementary.log),
    Opcode.EXPM1: precise(elementary.expm1),
    Opcode.LOG1P: precise(elementary.log1p),
    Opcode.SECH2: precise(elementary.sech2),
    Opcode.TANH: precise(elementary.tanh),
    Opcode.SIGMOID: precise(elementary.sigmoid),
    Opcode.SOFTPLUS: precise(elementary.softplus),
    Opcode.EXP_MUL: precise_binary(elementary.exp_mul),
    Opcode.TANH_SECH2: Map(PAIR, elementary.tanh_and_sech2, in_double=True),
    Opcode.SIGMOID_SLOPE: Map(PAIR, elementary.sigmoid_and_slope, in_double=True),
    Opcode.NORMAL_CDF: precise(elementary.normal_cdf),
    Opcode.SIN: precise(trigonometry.sin),
    Opcode.COS: precise(trigonometry.cos),
    Opcode.TAN: precise(trigonometry.tan),
    Opcode.SINH: precise(trigonometry.sinh),
    Opcode.COSH: precise(trigonometry.cosh),
    Opcode.ATAN: precise(trigonometry.atan),
    Opcode.ERF: of_libm("erf"),
    Opcode.POW: precise_binary(powers.pow),
    Opcode.ATAN2: of_libm_binary("atan2"),
    Opcode.HYPOT: precise_binary(powers.hypot),
}
"""The kernel of each opcode here."""
