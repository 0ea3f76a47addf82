"""A place in the arena for every array. An array that is no longer needed gives its place away."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable

from autograd.compiler.machine.amount import PADDED, Amount, amount
from autograd.compiler.machine.opcodes import Flag, Opcode
from autograd.compiler.machine.table import Begin, End, Line, Lines
from autograd.compiler.program import Array

ALIGNED = 16
"""Arrays without a batch start at multiples of as many elements, 64 bytes or more."""


class Pool:
    """Places in a stretch of memory. Those that are free are known by start and size."""

    def __init__(self, aligned: int) -> None:
        self.aligned = aligned
        self.size = 0
        self.free: list[tuple[int, int]] = []

    def rounded(self, size: int) -> int:
        """What an array of that size takes."""
        return -(-max(size, 1) // self.aligned) * self.aligned

    def take(self, size: int) -> int:
        """A place: the first free one that is large enough, or a new one at the end."""
        size = self.rounded(size)
        for at, (start, n) in enumerate(self.free):
            if n >= size:
                self.free[at : at + 1] = [(start + size, n - size)] if n > size else []
                return start
        start = self.size
        if self.free and sum(self.free[-1]) == self.size:
            start = self.free.pop()[0]
        self.size = start + size
        return start

    def give(self, start: int, size: int) -> None:
        """Take a place back, and join it with its free neighbours."""
        size = self.rounded(size)
        at = bisect.bisect(self.free, (start, 0))
        if at < len(self.free) and self.free[at][0] == start + size:
            size += self.free.pop(at)[1]
        if at and sum(self.free[at - 1]) == start:
            start, before = self.free.pop(at - 1)
            size += before
            at -= 1
        self.free.insert(at, (start, size))


class Memory:
    """The places of arrays.

    Args:
        in_rows: whether an array has the rows of a block as its last axis.

    Attributes:
        home: where each array starts.
    """

    def __init__(self, in_rows: Callable[[Array], bool]) -> None:
        self.in_rows = in_rows
        self.places: dict[Array, int] = {}
        self.fixed, self.lanes = Pool(ALIGNED), Pool(1)

    def keep(self, array: Array) -> None:
        """Give an array a place for good."""
        if array not in self.places:
            self.places[array] = self._pool(array).take(array.size)

    def plan(self, lines: Lines) -> None:
        """Give a place to each array that has none, from its first line to its last."""
        first, last = _lives(lines)
        ending: dict[int, list[Array]] = {}
        for array, place in last.items():
            if array not in self.places:
                ending.setdefault(place, []).append(array)
        starting: dict[int, list[Array]] = {}
        for array, place in first.items():
            if array not in self.places:
                starting.setdefault(place, []).append(array)
        for place, line in enumerate(lines):
            leaving = ending.get(place, [])
            for array in starting.get(place, []):
                over = _overwritten(line, array) if isinstance(line, Line) else None
                if over in leaving and self._alike(over, array):
                    leaving.remove(over)
                    self.places[array] = self.places[over]
                else:
                    self.places[array] = self._pool(array).take(array.size)
            for array in leaving:
                self._pool(array).give(self.places[array], array.size)

    def home(self, array: Array) -> Amount:
        """Where an array starts. Arrays with rows stand after all others."""
        place = self.places[array]
        return PADDED * place + self.fixed.size if self.in_rows(array) else amount(place)

    @property
    def size(self) -> Amount:
        """The elements of the whole arena."""
        return PADDED * self.lanes.size + self.fixed.size

    def _pool(self, array: Array) -> Pool:
        return self.lanes if self.in_rows(array) else self.fixed

    def _alike(self, a: Array, b: Array) -> bool:
        pool = self._pool(a)
        return pool is self._pool(b) and pool.rounded(a.size) == pool.rounded(b.size)


def _lives(lines: Lines) -> tuple[dict[Array, int], dict[Array, int]]:
    """The first and the last line that needs the place of each array.

    What a loop shares with the lines outside it must keep its place during the whole loop.
    """
    first: dict[Array, int] = {}
    last: dict[Array, int] = {}
    loops: list[tuple[int, int]] = []
    open_loops: list[int] = []
    touched: dict[Array, list[int]] = {}
    for place, line in enumerate(lines):
        if isinstance(line, Begin):
            open_loops.append(place)
        elif isinstance(line, End):
            loops.append((open_loops.pop(), place))
        else:
            for array in _arrays(line):
                touched.setdefault(array, []).append(place)
    for array, places in touched.items():
        first[array], last[array] = places[0], places[-1]
    for start, end in loops:  # inner loops come first
        inside = {a for line in lines[start:end] if isinstance(line, Line) for a in _arrays(line)}
        for array in inside:
            if first[array] < start or last[array] > end:
                first[array] = min(first[array], start)
                last[array] = max(last[array], end)
    return first, last


def _arrays(line: Line) -> Iterable[Array]:
    return [o.array for o in line.operands if o]


def _overwritten(line: Line, array: Array) -> Array | None:
    """An operand in whose place the result of an operation can go, element by element."""
    dst = line.operands[0]
    if not (dst and dst.array is array and Opcode.ADD <= line.opcode <= Opcode.SIGMOID_SLOPE):
        return None
    for operand, flag in zip(line.operands[1:], BROADCAST):
        if operand is None or flag in line.flags or operand.array is array:
            continue
        same = (operand.offset, operand.strides, operand.moves) == (
            dst.offset,
            dst.strides,
            dst.moves,
        )
        others = [o for o in line.operands[1:] if o and o is not operand]
        if same and not operand.moves and all(o.array is not operand.array for o in others):
            return operand.array
    return None


BROADCAST = (Flag.A_BROADCAST, Flag.B_BROADCAST, Flag.C_BROADCAST)
