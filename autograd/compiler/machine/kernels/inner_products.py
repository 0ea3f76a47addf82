"""Kernels of products of two operands that both lie along k (PRODUCT_INNER), or along one more axis
(PRODUCT_ROWS). See products.py for tiles.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.machine.kernels.kinds import lanes
from autograd.compiler.machine.kernels.line import Kernel, Line, Repeated
from autograd.compiler.machine.kernels.vectors import Value
from autograd.compiler.machine.opcodes import Field, Flag, Opcode

# --- k along both ---


def product_inner(line: Line) -> None:
    """PRODUCT_INNER: ``dst[m, j] = sum over k of a[m, k] * b[j, k]``; neither has gaps along k."""
    code = line.code
    m, n, k = line.sizes()
    a, a_step = line.pointer(Field.A), line.get(Field.A0)
    b, b_step = line.pointer(Field.B), line.get(Field.B0)
    dst_step, dst_along = line.get(Field.DST0), line.get(Field.DST1)
    left, right = (a, a_step, dst_step, m), (b, b_step, dst_along, n)
    with code.when(n.equals(1)):
        _inner_tiles(line, left, right, k, (8, 1), (1,))
        code.give()
    _inner_tiles(line, left, right, k, (3, 1), (4, 1))


Side = tuple[Value, Value, Value, Value]
"""A factor: where it starts, its stride, that of the result along it, and how many rows it has."""


def _inner_tiles(
    line: Line, left: Side, right: Side, k: Value, heights: Sequence[int], widths: Sequence[int]
) -> None:
    """Tiles of the result, of these heights and widths."""
    code, accumulates = line.code, line.flag(Flag.ACCUMULATE)
    (a, a_step, dst_step, m), (b, b_step, dst_along, n) = left, right
    dst, row = line.pointer(Field.DST), code.number("i64", 0)
    for height in heights:
        with code.loop(row, m - (height - 1), height) as rows:
            lefts = [code.at(line.real, a, (rows.index + i) * a_step) for i in range(height)]
            column = code.number("i64", 0)
            for width in widths:
                with code.loop(column, n - (width - 1), width) as columns:
                    at = columns.index
                    rights = [code.at(line.real, b, (at + j) * b_step) for j in range(width)]
                    found = _inner_tile(line, lefts, rights, k)
                    for i in range(height):
                        to = code.at(line.real, dst, (rows.index + i) * dst_step)
                        for j in range(width):
                            _put(line, found[j][i], to, (at + j) * dst_along, accumulates)
                column = columns.index
        row = rows.index


def _put(line: Line, x: Value, to: Value, index: Value, accumulates: Value) -> None:
    """Store a number, or add it to what is there. (Adding -0 leaves every number as it is.)"""
    code = line.code
    at = code.at(line.real, to, index)
    before = code.select(accumulates, code.load(line.real, at), -0.0)
    code.store(x + before, at)


def _inner_tile(
    line: Line, lefts: Sequence[Value], rights: Sequence[Value], k: Value
) -> list[list[Value]]:
    """The sum for each right row and each left row."""
    code, height = line.code, len(lefts)
    index, zero = code.number("i64", 0), code.number(line.vector, 0.0)
    sums = [zero] * (height * len(rights))
    for kind, n in line.kinds:
        with code.loop(index, k - (n - 1), n, carried=sums) as loop:
            xs = [code.load(kind, left, loop.index) for left in lefts]
            new: list[Value] = []
            for right in rights:
                y = code.load(kind, right, loop.index)
                new += [x * y + s for x, s in zip(xs, loop.values[len(new) :])]
            loop.following = new
        index, sums = loop.index, loop.values
        if n > 1:
            of_rows = [_totals_of(line, sums[i::height]) for i in range(height)]
            sums = [x for several in zip(*of_rows) for x in several]
    return [sums[start : start + height] for start in range(0, len(sums), height)]


def _totals_of(line: Line, sums: Sequence[Value]) -> list[Value]:
    code, several, group = line.code, list(sums), line.lanes
    while group > 1 and len(several) > 1:
        half = group // 2
        # The halves of all groups of both vectors side by side, and added.
        starts = range(0, 2 * line.lanes, group)
        low = [s + i for s in starts for i in range(half)]
        several = [
            code.shuffle(x, y, low) + code.shuffle(x, y, [i + half for i in low])
            for x, y in zip(several[::2], several[1::2])
        ]
        group = half
    if len(sums) == 1:
        return [code.total(several[0])]
    if len(several) > 1:  # vectors of fewer lanes than there are sums
        return [code.extract(x, i) for x in several for i in range(line.lanes)]
    (x,) = several
    while group > 1:
        half = group // 2
        low = [s + i for s in range(0, lanes(x.kind), group) for i in range(half)]
        x = code.shuffle(x, x, low) + code.shuffle(x, x, [i + half for i in low])
        group = half
    return [code.extract(x, i) for i in range(len(sums))]


# --- everything along v ---


class _Rows:
    """``dst[m, j, v] = sum over k of a[m, k, v] * b[j, k, v]``."""

    def __init__(self, line: Line) -> None:
        self.line, self.code, self.real = line, line.code, line.real
        self.m, self.n, self.v = line.sizes()
        self.k = line.get(Field.C)
        self.a, self.a_step, self.a_k = line.placed(Field.A, Field.A0, Field.A1)
        self.b, self.b_step, self.b_k = line.placed(Field.B, Field.B0, Field.B1)
        self.repeated = [Repeated(line, Flag.A_BROADCAST), Repeated(line, Flag.B_BROADCAST)]

    def write(self) -> None:
        """Tiles of 2 x 2 places as far as they go, if nothing is repeated; then single places."""
        line, code = self.line, self.code
        covered = 2 * line.lanes
        both_differ = line.flag(Flag.A_BROADCAST | Flag.B_BROADCAST) ^ 1
        in_tiles = [code.select(both_differ, size, 0) for size in (self.m, self.n, self.v)]
        even_rows, even_columns, even_v = (x & -size for x, size in zip(in_tiles, (2, 2, covered)))
        with (
            code.loop(0, even_rows, 2) as rows,
            code.loop(0, even_columns, 2) as columns,
            code.loop(0, even_v, covered) as along,
        ):
            self._tile(rows.index, columns.index, along.index)
        with code.loop(0, self.m) as rows, code.loop(0, self.n) as columns:
            row, column = rows.index, columns.index
            done = (row < even_rows) & (column < even_columns)
            at = code.select(done, even_v, 0)
            for kind, several in ((line.vector, 4), (line.vector, 1), (line.real, 1)):
                covered = several * lanes(kind)
                with code.loop(at, self.v - (covered - 1), covered) as along:
                    self._single(kind, several, row, column, along.index)
                at = along.index

    def _tile(self, row: Value, column: Value, v: Value) -> None:
        code, kind = self.code, self.line.vector
        lefts = [code.at(self.real, self.a, (row + i) * self.a_step + v) for i in range(2)]
        rights = [code.at(self.real, self.b, (column + j) * self.b_step + v) for j in range(2)]
        offset, zero = code.number("i64", 0), code.number(kind, 0.0)
        with code.loop(0, self.k, carried=[offset, offset, *[zero] * 8]) as loop:
            of_a, of_b, *sums = loop.values
            xs = [self._two(code.at(self.real, left, of_a)) for left in lefts]
            new: list[Value] = []
            for right in rights:
                ys = self._two(code.at(self.real, right, of_b))
                pairs = [(x, y) for of_row in xs for x, y in zip(of_row, ys)]
                new += [x * y + s for (x, y), s in zip(pairs, sums[len(new) :])]
            loop.following = [of_a + self.a_k, of_b + self.b_k, *new]
        sums = loop.values[2:]
        for place in range(4):
            j, i = divmod(place, 2)
            self._put(row + i, column + j, v, sums[2 * place : 2 * place + 2])

    def _two(self, at: Value) -> list[Value]:
        return [self.code.load(self.line.vector, at, s * self.line.lanes) for s in range(2)]

    def _single(self, kind: str, several: int, row: Value, column: Value, v: Value) -> None:
        code, n = self.code, lanes(kind)
        steps = [repeated.step for repeated in self.repeated]
        starts = [
            code.at(self.real, self.a, row * self.a_step + v * steps[0]),
            code.at(self.real, self.b, column * self.b_step + v * steps[1]),
        ]
        zeros = [code.number(kind, 0.0)] * several
        with code.loop(0, self.k, carried=[*starts, *zeros]) as loop:
            left, right, *sums = loop.values
            at = [repeated.at(x) for repeated, x in zip(self.repeated, (left, right))]
            xs, ys = (
                [code.load(kind, x, step * (s * n)) for s in range(several)]
                for x, step in zip(at, steps)
            )
            new = [x * y + s for x, y, s in zip(xs, ys, sums)]
            moved = code.at(self.real, left, self.a_k), code.at(self.real, right, self.b_k)
            loop.following = [*moved, *new]
        self._put(row, column, v, loop.values[2:])

    def _put(self, row: Value, column: Value, v: Value, sums: Sequence[Value]) -> None:
        """Store vectors, or add them to what is there."""
        line, code = self.line, self.code
        dst, step, along = line.placed(Field.DST, Field.DST0, Field.DST1)
        accumulates = line.flag(Flag.ACCUMULATE)
        for s, x in enumerate(sums):
            n = lanes(x.kind)
            at = code.at(self.real, dst, row * step + column * along + v + s * n)
            before = code.select(code.splat(accumulates, n), code.load(x.kind, at), -0.0)
            code.store(x + before, at)


def _rows(line: Line) -> None:
    _Rows(line).write()


KERNELS: dict[Opcode, Kernel] = {Opcode.PRODUCT_INNER: product_inner, Opcode.PRODUCT_ROWS: _rows}
"""The kernel of each opcode here."""
