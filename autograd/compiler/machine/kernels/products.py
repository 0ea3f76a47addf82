"""Kernels of the products of matrices.

A product keeps a tile of its result in vector registers while it goes along k, so that each number
that it loads serves several multiplications. What tiles of the full size leave over at the edges
goes to smaller ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd.compiler.machine.kernels.kinds import lanes
from autograd.compiler.machine.kernels.line import Kernel, Line
from autograd.compiler.machine.kernels.vectors import Value
from autograd.compiler.machine.opcodes import Field, Flag, Opcode

Tiles = Sequence[tuple[int, Sequence[int]]]
"""Heights of tiles, each with widths in vectors, the largest first. The last of both are 1. One row
needs many vectors, or each addition would wait for the one before."""

OF_SIXTEEN: Tiles = ((4, (3, 1)), (2, (4, 1)), (1, (8, 4, 2, 1)))
"""Where there are 16 vector registers: 12 hold a tile, 3 numbers of b, and one a number of a."""

OF_THIRTY_TWO: Tiles = ((6, (4, 1)), (2, (8, 1)), (1, (8, 4, 2, 1)))


class Product:
    """``dst[m, j] = sum over k of a[m, k] * b[k, j]``; b and the result have no gaps along j."""

    def __init__(self, line: Line) -> None:
        self.line, self.code, self.real = line, line.code, line.real
        self.m, self.k, self.n = line.sizes()
        self.dst, self.dst_step = line.pointer(Field.DST), line.get(Field.DST0)
        self.a, self.a_step = line.pointer(Field.A), line.get(Field.A0)
        self.a_k, self.b_k = line.get(Field.A1), line.get(Field.B0)
        self.b = line.pointer(Field.B)
        self.tiles = OF_THIRTY_TWO if line.target.width == 64 else OF_SIXTEEN
        self._set_starts()

    def _set_starts(self) -> None:
        """What the sums start with: the result as it was, c, or 0."""
        line, code = self.line, self.code
        accumulates, starts = line.flag(Flag.ACCUMULATE), line.flag(Flag.START)
        zero = code.room(self.real, 1)
        code.store(code.number(self.real, 0.0), zero)
        first = code.select(starts, line.pointer(Field.C), zero)
        step = code.select(starts, line.get(Field.DST1), 0)
        self.first = code.select(accumulates, self.dst, first)
        self.first_step = code.select(accumulates, self.dst_step, step)
        each = starts & line.flag(Flag.C_BROADCAST).equals(0)
        self.first_along = code.select(accumulates | each, code.number("i64", 1), 0)
        height = self.tiles[0][0]
        self.splats = [code.room(self.real, line.lanes) for _ in range(height)]

    def write(self) -> None:
        """Rows of tiles, one below the other."""
        code, row = self.code, self.code.number("i64", 0)
        for height, widths in self.tiles:
            with code.loop(row, self.m - (height - 1), height) as rows:
                index = rows.index
                lefts = [
                    code.at(self.real, self.a, (index + i) * self.a_step) for i in range(height)
                ]
                for kind, width, column in self.across(widths):
                    self._tile(kind, width, index, column, lefts)
            row = rows.index

    def across(self, widths: Sequence[int]) -> Iterator[tuple[str, int, Value]]:
        """The code inside runs for each tile of a row: its kind, its width and its column."""
        code, column = self.code, self.code.number("i64", 0)
        for kind, width in [*((self.line.vector, w) for w in widths), (self.real, 1)]:
            covered = width * lanes(kind)
            with code.loop(column, self.n - (covered - 1), covered) as columns:
                yield kind, width, columns.index
            column = columns.index

    def _tile(
        self, kind: str, width: int, row: Value, column: Value, lefts: Sequence[Value]
    ) -> None:
        code, n = self.code, lanes(kind)
        places = [(i, j) for i in range(len(lefts)) for j in range(width)]
        right = code.at(self.real, self.b, column)
        sums = self.starts(kind, places, row, column, self.first, self.first_step)
        carried = [code.number("i64", 0), right, *sums]
        with code.loop(0, self.k, carried=carried) as loop:
            along, right, *sums = loop.values
            bs = [code.load(kind, right, j * n) for j in range(width)]
            new = []
            for i, left in enumerate(lefts):
                number = code.splat(code.load(self.real, left, along), n)
                new += [number * b + s for b, s in zip(bs, sums[i * width :])]
            loop.following = [along + self.a_k, code.at(self.real, right, self.b_k), *new]
        self.store(kind, places, row, column, loop.values[2:])

    def starts(
        self,
        kind: str,
        places: Sequence[tuple[int, int]],
        row: Value,
        column: Value,
        first: Value,
        step: Value,
    ) -> list[Value]:
        """What the sums at these places of a tile start with."""
        code, n = self.code, lanes(kind)
        along = column * self.first_along
        whole_row = self.first_along.differs(0)
        bases = []
        for i in range(places[-1][0] + 1):
            at = code.at(self.real, first, (row + i) * step + along)
            code.store(code.splat(code.load(self.real, at), self.line.lanes), self.splats[i])
            bases.append(code.select(whole_row, at, self.splats[i]))
        vectors = self.first_along * n
        return [code.load(kind, code.at(self.real, bases[i], vectors * j)) for i, j in places]

    def store(
        self,
        kind: str,
        places: Sequence[tuple[int, int]],
        row: Value,
        column: Value,
        sums: Sequence[Value],
    ) -> None:
        """Write the sums of a tile into the result."""
        code = self.code
        for (i, j), x in zip(places, sums):
            at = code.at(self.real, self.dst, (row + i) * self.dst_step + column)
            code.store(x, at, j * lanes(kind))


def _dense(line: Line) -> None:
    Product(line).write()


KERNELS: dict[Opcode, Kernel] = {Opcode.PRODUCT: _dense}
"""The kernel of each opcode here."""
