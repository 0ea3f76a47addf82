"""Kernels that work number by number, in parts: what they do to a vector, to a number, and where.

Where is a matter of the form: how many operands there are. All kernels of a form share one function
that reads the line and loops over its places. For each row it calls the function of its own opcode
for the whole vectors, then the one for a number as often as numbers are left over. (LLVM compiles a
loop in a millisecond; a loop nest for each of some fifty opcodes would be most of the module.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd.compiler.machine.kernels.kinds import FLOATS, element, several, vector
from autograd.compiler.machine.kernels.line import (
    NUMBER,
    PARAMETERS,
    VECTORS,
    Line,
    Repeated,
    Target,
)
from autograd.compiler.machine.kernels.vectors import Code, Value
from autograd.compiler.machine.opcodes import Field, Flag


@dataclass(frozen=True)
class Operand:
    """An operand of a form: its fields, and the flag by which it is one number for a whole row."""

    field: Field
    first: Field
    second: Field
    flag: Flag | None = None


DST = Operand(Field.DST, Field.DST0, Field.DST1)
A = Operand(Field.A, Field.A0, Field.A1, Flag.A_BROADCAST)
B = Operand(Field.B, Field.B0, Field.B1, Flag.B_BROADCAST)
C = Operand(Field.C, Field.DST0, Field.DST1, Flag.C_BROADCAST)
SECOND_RESULT = Operand(Field.C, Field.DST0, Field.DST1)


@dataclass(frozen=True)
class Form:
    """A name, the operands that are written, and those that are read."""

    name: str
    results: tuple[Operand, ...]
    inputs: tuple[Operand, ...]

    @property
    def operands(self) -> tuple[Operand, ...]:
        """All of them."""
        return self.results + self.inputs


UNARY = Form("unary", (DST,), (A,))
BINARY = Form("binary", (DST,), (A, B))
TERNARY = Form("ternary", (DST,), (A, B, C))
PAIR = Form("pair", (DST, SECOND_RESULT), (A,))

Function = Callable[..., Sequence[Value]]
"""The results, from the inputs."""


@dataclass(frozen=True)
class Map:
    """A kernel of a form.

    Attributes:
        form: its operands.
        function: what it computes, for scalars and vectors alike.
        in_double: whether it computes in double whatever the module's numbers are.
        by_vector: whether it works on vectors at all, or calls libm for each number.
    """

    form: Form
    function: Function
    in_double: bool = False
    by_vector: bool = True


# --- the functions of a form ---


def form_codes(form: Form, target: Target) -> list[Code]:
    """The function that all kernels of this form share, and the one that it calls for loops."""
    code, rows = Code(form.name, PARAMETERS), Code(f"{form.name}_rows", PARAMETERS)
    line = Line(code, target)
    # A single number, and a single row of whole vectors, cost no more than they must.
    one_row = line.raw(Field.N0) | line.raw(Field.N1)
    n = line.raw(Field.N)
    with code.when((one_row | n).equals(1)):
        number = code.load("ptr", line.entry, NUMBER)
        code.hand_over(number, *(line.pointer(o.field) for o in form.operands))
    plain = (one_row ^ 1) | line.raw(Field.FLAGS) | (n & (line.lanes - 1))
    with code.when(plain.equals(0)):
        vectors, ones = code.load("ptr", line.entry, VECTORS), code.number("i64", 1)
        pointers = [line.pointer(o.field) for o in form.operands]
        code.hand_over(vectors, line.get(Field.N), *pointers, *(ones for _ in pointers))
    code.hand_over(Value(code, "ptr", f"@{rows.name}"), *code.arguments)
    _write_rows(form, Line(rows, target))
    return [code, rows]


def _write_rows(form: Form, line: Line) -> None:
    code = line.code
    n0, n1, n = line.sizes()
    whole = n & -line.lanes
    vectors, number = (code.load("ptr", line.entry, place) for place in (VECTORS, NUMBER))
    moving = [line.placed(o.field, o.first, o.second) for o in form.operands]
    repeated = [None if o.flag is None else Repeated(line, o.flag) for o in form.operands]
    steps = [code.number("i64", 1) if r is None else r.step for r in repeated]
    with line.rows(n0, n1, moving) as starts:
        pointers = [p if r is None else r.at(p) for p, r in zip(starts, repeated)]
        with code.when(whole > 0):
            code.call_pointer(vectors, whole, *pointers, *steps)
        ends = [code.at(line.real, p, whole * s) for p, s in zip(pointers, steps)]
        with code.loop(whole, n, carried=ends) as loop:
            code.call_pointer(number, *loop.values)
            loop.following = [code.at(line.real, p, s) for p, s in zip(loop.values, steps)]


# --- the functions of an opcode ---


def map_codes(opcode: str, kernel: Map, target: Target) -> list[Code]:
    """The function for whole vectors and the one for a number, then what both call."""
    codes = [_vectors(opcode, kernel, target), _number(opcode, kernel, target)]
    if kernel.in_double and kernel.by_vector:
        codes.append(_values(opcode, kernel, target))
    return codes


def _vectors(opcode: str, kernel: Map, target: Target) -> Code:
    """Its arguments: how many numbers, the pointers, and their inner strides."""
    count = len(kernel.form.operands)
    code = Code(f"vectors_{opcode}", ["i64"] + ["ptr"] * count + ["i64"] * count)
    n, *operands = code.arguments
    pointers, steps = operands[:count], operands[count:]
    lanes = _lanes(kernel, target)
    with code.loop(0, n, lanes, carried=pointers) as loop:
        _apply(code, opcode, kernel, target, vector(target.real, lanes), loop.values)
        loop.following = [code.at(target.real, p, s * lanes) for p, s in zip(loop.values, steps)]
    return code


def _number(opcode: str, kernel: Map, target: Target) -> Code:
    """Its arguments: the pointers."""
    code = Code(f"number_{opcode}", ["ptr"] * len(kernel.form.operands))
    _apply(code, opcode, kernel, target, target.real, code.arguments)
    return code


def _lanes(kernel: Map, target: Target) -> int:
    """How many numbers it computes at once. A vector has fewer doubles than floats."""
    scalar = "double" if kernel.in_double else target.real
    return target.width // FLOATS[scalar] if kernel.by_vector else 1


def _apply(
    code: Code, opcode: str, kernel: Map, target: Target, kind: str, pointers: Sequence[Value]
) -> None:
    results = len(kernel.form.results)
    inputs = [code.load(kind, p) for p in pointers[results:]]
    if kernel.in_double:
        inputs = [code.real(x, "double") for x in inputs]
    if kernel.in_double and kernel.by_vector:
        # The same code for a number: a second one would take LLVM as long again.
        wide = (
            [code.splat(x, _lanes(kernel, target)) for x in inputs]
            if kind == target.real
            else inputs
        )
        found = code.call_all(f"values_{opcode}", [wide[0].kind] * results, wide)
        outputs = [code.extract(y, 0) for y in found] if kind == target.real else found
    else:
        outputs = list(kernel.function(*inputs))
    for y, p in zip(outputs, pointers[:results], strict=True):
        code.store(code.real(y, element(kind)), p)


def _values(opcode: str, kernel: Map, target: Target) -> Code:
    """The operation itself, from vectors of doubles to vectors of doubles."""
    kind = vector("double", _lanes(kernel, target))
    results = [kind] * len(kernel.form.results)
    code = Code(f"values_{opcode}", [kind] * len(kernel.form.inputs), several(results))
    code.fused = target.fused
    code.give_all(kernel.function(*code.arguments))
    return code
