"""What a kernel knows while it runs: the fields of its line, and loops over what they describe.

A kernel is a Python function that writes the LLVM code of one opcode. It is given a ``Line``. A
file that has kernels lists them in a dictionary, by opcode; module.py collects these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from autograd.compiler.machine.kernels.kinds import FLOATS, vector
from autograd.compiler.machine.kernels.vectors import Code, Value
from autograd.compiler.machine.opcodes import Field, Flag

REGISTER = {Field.DST: 0, Field.A: 1, Field.B: 2, Field.C: 3}
"""The operands, each with the place of its register's byte."""

PARAMETERS = ("ptr", "ptr", "ptr", "ptr")
"""Of a kernel: its line; the registers, each a pointer into the arena; the index table; its entry
in the table of kernels."""

ENTRY, VECTORS, NUMBER = 3, 1, 2
"""An entry has three functions: the kernel, and what it calls for vectors and for a number."""


@dataclass(frozen=True)
class Target:
    """What a module is made for.

    Attributes:
        real: the type of its numbers, ``double`` or ``float``.
        width: the bytes of a vector.
        fused: whether a multiplication and addition at once is an instruction of the processor.
    """

    real: str
    width: int
    fused: bool = False

    @property
    def lanes(self) -> int:
        """How many numbers a vector has."""
        return self.width // FLOATS[self.real]


class Line:
    """An instruction, as its kernel's code sees it.

    Attributes:
        code: the function being written.
        real: the type of the numbers in the arena.
        lanes: how many of them a vector has.
    """

    def __init__(self, code: Code, target: Target) -> None:
        self.code, self.target = code, target
        self.real, self.lanes = target.real, target.lanes
        self.line, self.registers, self.ints, self.entry = code.arguments

    # --- fields ---

    def raw(self, field: Field) -> Value:
        """A field, an i32."""
        return self.code.load("i32", self.line, int(field))

    def get(self, field: Field) -> Value:
        """A field as an i64: a size, a stride, an offset."""
        return self.code.convert("sext", self.raw(field), "i64")

    def sizes(self) -> tuple[Value, Value, Value]:
        """n0, n1 and n."""
        return self.get(Field.N0), self.get(Field.N1), self.get(Field.N)

    def flag(self, flag: Flag) -> Value:
        """Whether a flag is set, an i1."""
        return (self.raw(Field.FLAGS) & int(flag)).differs(0)

    def pointer(self, operand: Field) -> Value:
        """Where an operand starts."""
        shift = 8 * REGISTER[operand]
        number = self.code.bitwise("lshr", self.raw(Field.REGISTERS), shift) & 255
        number = self.code.convert("zext", number, "i64")
        start = self.code.load("ptr", self.registers, number)
        return self.code.at(self.real, start, self.get(operand))

    def placed(self, operand: Field, first: Field, second: Field) -> tuple[Value, Value, Value]:
        """Where an operand starts, and its two strides."""
        return self.pointer(operand), self.get(first), self.get(second)

    # --- numbers ---

    @property
    def vector(self) -> str:
        """The type of a vector of the module's reals."""
        return vector(self.real, self.lanes)

    @property
    def kinds(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """A vector's type and lanes, then a number's: for code written once for both."""
        return (self.vector, self.lanes), (self.real, 1)

    # --- loops ---

    @contextmanager
    def rows(
        self, n0: Value, n1: Value, moving: Sequence[tuple[Value, Value, Value]]
    ) -> Iterator[list[Value]]:
        """Two loops, over n0 and n1, in which pointers move: each with its two strides."""
        code = self.code
        starts = [pointer for pointer, _, _ in moving]
        with code.loop(0, n0, carried=starts) as outer:
            with code.loop(0, n1, carried=outer.values) as inner:
                yield inner.values
                steps = [(p, m[2]) for p, m in zip(inner.values, moving)]
                inner.following = [code.at(self.real, p, s) for p, s in steps]
            steps = [(p, m[1]) for p, m in zip(outer.values, moving)]
            outer.following = [code.at(self.real, p, s) for p, s in steps]

    def along(self, n: Value, to: Value, a: Value, body: Body) -> None:
        """Write ``body(kind, to, a)`` for whole vectors of n, then for the numbers left over.

        An operand a that is one number for all of them has no vectors.
        """
        code, start = self.code, self.code.number("i64", 0)
        repeated = self.flag(Flag.A_BROADCAST)
        steps = [code.number("i64", 1), code.select(repeated, start, 1)]
        carried, ends = [to, a], [code.select(repeated, start, n), n]
        for (kind, count), end in zip(self.kinds, ends):
            with code.loop(start, end - (count - 1), count, carried=carried) as loop:
                body(kind, *loop.values)
                moved = [code.at(self.real, p, s * count) for p, s in zip(loop.values, steps)]
                loop.following = moved
            start, carried = loop.index, loop.values


def zero_times(code: Code, target: Target, numbers: Value, n: Value) -> Value:
    """0 times each of n numbers, added: 0, or nan if one of them is infinite or nan."""
    at, total, several = code.number("i64", 0), code.number(target.real, 0.0), 4
    for lanes in (target.lanes, 1):
        kind, covered = vector(target.real, lanes), lanes * several
        zeros = [code.number(kind, 0.0)] * several
        with code.loop(at, n - (covered - 1), covered, carried=zeros) as loop:
            loop.following = [
                code.load(kind, numbers, loop.index + s * lanes) * 0.0 + x
                for s, x in enumerate(loop.values)
            ]
        at = loop.index
        for x in loop.values:
            total = total + (code.total(x) if lanes > 1 else x)
    with code.loop(at, n, carried=[total]) as loop:
        loop.following = [code.load(target.real, numbers, loop.index) * 0.0 + loop.values[0]]
    return loop.values[0]


Body = Callable[[str, Value, Value], None]
Kernel = Callable[[Line], None]


class Repeated:
    """An operand whose inner stride is 1, or 0 if its flag is set.

    In the second case its number is copied into a vector of its own, from which every load reads;
    so one loop serves both cases, and nothing is read that lies behind the number.

    Attributes:
        step: the inner stride, 1 or 0.
    """

    def __init__(self, line: Line, flag: Flag) -> None:
        self._line = line
        self._set = line.flag(flag)
        self._room = line.code.room(line.real, line.lanes)
        self.step = line.code.select(self._set, line.code.number("i64", 0), 1)

    def at(self, pointer: Value) -> Value:
        """Where to read an operand that starts there."""
        code, line = self._line.code, self._line
        code.store(code.splat(code.load(line.real, pointer), line.lanes), self._room)
        return code.select(self._set, self._room, pointer)
