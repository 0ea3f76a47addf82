"""The kernel of products whose first factor may have many zeros, as rows of one-hot numbers have.

What is multiplied by 0 is passed over only where that cannot be seen: where the other factor is
finite. (0 times infinity is nan.) So the result is that of PRODUCT, whatever the numbers are.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograd.compiler.machine.kernels.kinds import lanes
from autograd.compiler.machine.kernels.line import Kernel, Line, zero_times
from autograd.compiler.machine.kernels.products import Product
from autograd.compiler.machine.kernels.vectors import Value
from autograd.compiler.machine.opcodes import Flag, Opcode

AT_ONCE = 64
"""How many numbers of the first factor are tested before any is multiplied: a bit for each."""

FEW = 4
"""At most one number in this many may differ from 0, in the first numbers of the first factor. For
more, and where there are so few rows that looking at the second factor takes as long as multiplying
it, the plain product is faster."""

WIDTHS = (4, 1)
"""Of the tiles, in vectors."""


class _Sparse(Product):
    """``dst[m] += a[m, k] * b[k]`` for each a[m, k] that is not 0, in the order of a in memory."""

    def write(self) -> None:
        """The product, by the plain kernel where nothing can be passed over."""
        code = self.code
        along_k = self.a_k.equals(1)
        inner = code.select(along_k, self.k, self.m)
        outer = code.select(along_k, self.m, self.k)
        step = code.select(along_k, self.a_step, self.a_k)
        start = code.number("i64", 0)
        first = code.select(inner < AT_ONCE, inner, AT_ONCE)
        count = code.count_bits(self._not_zero(self.a, start, first))
        unknown = self.line.flag(Flag.FINITE).equals(0)
        many = (first < count * FEW) | (unknown & (self.m < FEW))
        with code.when(many | (along_k | self.a_step.equals(1)).equals(0)):
            self._plain()
        with code.when(unknown), code.when(self._infinite()):
            self._plain()
        with code.when(self.line.flag(Flag.ACCUMULATE).equals(0)):
            self._begin()
        with code.loop(0, outer) as lines:
            numbers = code.at(self.real, self.a, lines.index * step)
            for place in self._places(numbers, inner):
                m = code.select(along_k, lines.index, place)
                k = code.select(along_k, place, lines.index)
                self._add(code.load(self.real, numbers, place), m, k)

    def _plain(self) -> None:
        self.code.hand_over(Value(self.code, "ptr", "@kernel_product"), *self.code.arguments)

    def _infinite(self) -> Value:
        """Whether a number of the second factor is infinite or nan."""
        code = self.code
        whole = self.b_k.equals(self.n)  # its rows have no gaps between them
        rows, n = code.select(whole, 1, self.k), code.select(whole, self.k * self.n, self.n)
        total = code.number(self.real, 0.0)
        with code.loop(0, rows, carried=[total]) as loop:
            row = code.at(self.real, self.b, loop.index * self.b_k)
            loop.following = [loop.values[0] + zero_times(code, self.line.target, row, n)]
        return loop.values[0].differs(0.0)

    def _begin(self) -> None:
        """Write what the sums start with."""
        with self.code.loop(0, self.m) as rows:
            for kind, width, column in self.across(WIDTHS):
                places = [(0, j) for j in range(width)]
                sums = self.starts(kind, places, rows.index, column, self.first, self.first_step)
                self.store(kind, places, rows.index, column, sums)

    def _places(self, numbers: Value, n: Value) -> Iterator[Value]:
        """The code inside runs for each place of n numbers that is not 0, in order."""
        code = self.code
        with code.loop(0, n, AT_ONCE) as parts:
            start = parts.index
            end = code.select(n < start + AT_ONCE, n, start + AT_ONCE)
            bits = self._not_zero(numbers, start, end)
            with code.loop(0, code.count_bits(bits), carried=[bits]) as loop:
                (left,) = loop.values
                yield start + code.first_bit(left)
                loop.following = [left & (left - 1)]

    def _not_zero(self, numbers: Value, start: Value, end: Value) -> Value:
        """An i64: a bit for each number, set if it is not 0."""
        code, bits, at = self.code, self.code.number("i64", 0), start
        for kind, several in ((self.line.vector, 4), (self.line.vector, 1), (self.real, 1)):
            n = lanes(kind)
            if n * several > AT_ONCE:
                continue
            with code.loop(at, end - (n * several - 1), n * several, carried=[bits]) as loop:
                found = loop.values[0]
                for s in range(several):
                    x = code.load(kind, numbers, loop.index + s * n)
                    found = found | (code.bits(x.differs(0.0)) << (loop.index + s * n - start))
                loop.following = [found]
            at, (bits,) = loop.index, loop.values
        return bits

    def _add(self, number: Value, m: Value, k: Value) -> None:
        """``dst[m] += number * b[k]``."""
        code = self.code
        to, row = (
            code.at(self.real, start, index * step)
            for start, index, step in ((self.dst, m, self.dst_step), (self.b, k, self.b_k))
        )
        for kind, width, column in self.across(WIDTHS):
            n = lanes(kind)
            x = code.splat(number, n)
            here, b = code.at(self.real, to, column), code.at(self.real, row, column)
            for j in range(width):
                code.store(
                    x * code.load(kind, b, j * n) + code.load(kind, here, j * n), here, j * n
                )


def _sparse(line: Line) -> None:
    _Sparse(line).write()


KERNELS: dict[Opcode, Kernel] = {Opcode.PRODUCT_SPARSE: _sparse}
"""The kernel of each opcode here."""
