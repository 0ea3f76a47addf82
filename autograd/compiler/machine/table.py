"""Lines of a program for the machine, and the table of numbers that they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.machine.amount import ZERO, Amount, Rows, amount
from autograd.compiler.machine.opcodes import WIDTH, Field, Flag, Opcode
from autograd.compiler.program import Array

Ints32 = NDArray[np.int32]
MOST_REGISTERS = 255


NO_FLAGS = Flag(0)


@dataclass(eq=False)
class Round:
    """A loop of the table: ``count`` rounds, t = 0, 1, ... or, reversed, t = count - 1, ..., 0."""

    count: int
    reverse: bool = False


Moves = tuple[tuple[Round, Amount], ...]
"""The loops that move an operand, outermost first, each with the elements per step of t."""


@dataclass(frozen=True, eq=False)
class Operand:
    """Elements of an array.

    Attributes:
        offset: of the first, from the start of the array.
        strides: outer, second and inner.
        moves: the loops that move it.
    """

    array: Array
    offset: Amount = ZERO
    strides: tuple[Amount, ...] = ()
    moves: Moves = ()


@dataclass(eq=False)
class Line:
    """One instruction of the machine.

    Attributes:
        sizes: N0, N1 and N.
        operands: dst, a, b and c.
        number: field C where that is not an operand.
        inner: fields B and C of COPY_STRIDED.
    """

    opcode: Opcode
    sizes: tuple[Amount, Amount, Amount]
    operands: tuple[Operand | None, ...]
    flags: Flag = NO_FLAGS
    number: Amount = ZERO
    inner: tuple[Amount, Amount] | None = None


@dataclass(eq=False)
class Begin:
    """The start of a loop."""

    round: Round


@dataclass(eq=False)
class End:
    """The end of a loop."""

    round: Round


Lines = list[Line | Begin | End]


@dataclass(eq=False)
class Table:
    """Lines as numbers: ``plain + real * rows + padded * rows with padding``."""

    plain: Ints32
    real: Ints32
    padded: Ints32

    def at(self, rows: Rows) -> Ints32:
        """The table for blocks of this many rows."""
        made = self.plain + self.real * rows.real + self.padded * rows.padded
        return np.ascontiguousarray(made, np.int32)


def table(lines: Lines, home: Callable[[Array], Amount]) -> Table:
    """The table of lines. ``home`` says where each array starts."""
    return _Writer(lines, home).table()


class _Writer:
    def __init__(self, lines: Lines, home: Callable[[Array], Amount]) -> None:
        self.lines, self.home = lines, home
        self.fields: list[list[Amount | int]] = []
        self.registers: dict[Moves, int] = {(): 0}
        self.open: list[tuple[int, int]] = []  # where loops start, and the registers before them

    def table(self) -> Table:
        for place, line in enumerate(self.lines):
            if isinstance(line, Line):
                self.fields.append(self._fields(line))
            elif isinstance(line, Begin):
                self._begin(line.round, place)
            else:
                self._end()
        self._line(Opcode.STOP, {})
        every = [[amount(x) for x in line] for line in self.fields]
        plain, real, padded = (
            np.array([[getattr(x, part) for x in line] for line in every], np.int32)
            for part in ("plain", "real", "padded")
        )
        return Table(plain, real, padded)

    def _fields(self, line: Line) -> list[Amount | int]:
        fields: list[Amount | int] = [0] * WIDTH
        fields[Field.OPCODE] = int(line.opcode)
        fields[Field.N0 : Field.N + 1] = line.sizes
        registers = 0
        for k, (start, operand) in enumerate(zip(STARTS, line.operands)):
            if operand is None:
                continue
            registers |= self.registers[operand.moves] << 8 * k
            fields[start] = self.home(operand.array) + operand.offset
            if k < 3:
                strides = [*operand.strides[:2], ZERO, ZERO][:2]
                fields[start + 1 : start + 3] = strides
        if line.opcode in BY_NUMBER:
            fields[Field.C] = line.number
        elif line.opcode in (Opcode.PRODUCT, Opcode.PRODUCT_SPARSE) and (c := line.operands[3]):
            fields[Field.DST1] = c.strides[0]
        if line.inner:
            fields[Field.C], fields[Field.B] = line.inner
        fields[Field.REGISTERS] = registers - (registers >> 31 << 32)
        fields[Field.FLAGS] = int(line.flags)
        return fields

    def _begin(self, round: Round, place: int) -> None:
        known = set(self.registers)
        used = {o.moves for line in self._inside(place) for o in line.operands if o}
        needed = {
            moves[: k + 1] for moves in used for k, (r, _) in enumerate(moves) if r is round
        } - known
        self.open.append((len(self.fields), len(self.registers)))
        self._line(Opcode.LOOP, {Field.N0: round.count, Field.N1: len(needed)})
        for moves in sorted(needed, key=lambda m: [(s.plain, s.padded, s.real) for _, s in m]):
            register = self.registers[moves] = len(self.registers)
            if register > MOST_REGISTERS:
                raise NotLowered(f"a loop moves more than {MOST_REGISTERS} operands")
            step = moves[-1][1]
            start = step * (round.count - 1) if round.reverse else ZERO
            fields = {Field.N0: register, Field.N1: self.registers[moves[:-1]]}
            self._line(Opcode.SET, fields)
            self.fields[-1][Field.DST] = start
            self.fields[-1][Field.DST0] = step * -1 if round.reverse else step

    def _end(self) -> None:
        start, registers = self.open.pop()
        self._line(Opcode.ENDLOOP, {Field.N0: len(self.fields) - start})
        for moves in list(self.registers)[registers:]:
            del self.registers[moves]

    def _line(self, opcode: Opcode, values: dict[Field, int]) -> None:
        fields: list[Amount | int] = [0] * WIDTH
        fields[Field.OPCODE] = int(opcode)
        for where, value in values.items():
            fields[where] = value
        self.fields.append(fields)

    def _inside(self, place: int) -> Iterator[Line]:
        """The lines of the loop that begins at ``place``."""
        depth = 0
        for line in self.lines[place:]:
            depth += isinstance(line, Begin) - isinstance(line, End)
            if not depth:
                return
            if isinstance(line, Line):
                yield line


class NotLowered(Exception):
    """A program that the machine cannot run. The message says why."""


BY_NUMBER = (
    *(Opcode.GATHER, Opcode.SCATTER_ADD, Opcode.TAKE, Opcode.PUT_ADD),
    Opcode.PRODUCT_ROWS,
)
"""The opcodes whose field C is a number."""

STARTS = (Field.DST, Field.A, Field.B, Field.C)
