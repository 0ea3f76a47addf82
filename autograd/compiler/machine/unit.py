"""Unit: a lowered program with its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.machine.address import address
from autograd.compiler.machine.amount import ONE_ROW, Rows
from autograd.compiler.machine.lowering.lowered import Lowered
from autograd.compiler.machine.plan import Call
from autograd.compiler.machine.table import Ints32
from autograd.compiler.program import Floats

CACHE = 256 * 1024
"""The bytes that a block of rows should take: about half of the second cache."""

LINE = 64
"""The bytes of a line of the cache."""

FEWEST_ROWS, MOST_ROWS = 72, 1024
"""Of a block. With fewer rows the weights of a large network would be read too often."""

MOST_READY = 64
"""How many tables and plans are kept, for other numbers of rows."""


class Unit:
    """A lowered program with its arena.

    Attributes:
        most: the rows of a block, where the program is for blocks.
        size: the elements of the arena that the program needs. Those behind them serve training.
        places: the number of each parameter, and where it is in the arena; (parameters, 2).
    """

    def __init__(self, lowered: Lowered, dtype: np.dtype[Any]) -> None:
        self.lowered, self.dtype = lowered, dtype
        self.tables: dict[tuple[int, Rows], Ints32] = {}
        self.calls: dict[int, Call] = {}
        self.room = self.size = 0
        self.arena = np.zeros(0, dtype)
        self.most = rows_of_a_block(lowered, dtype)
        places = lowered.parameters + lowered.place
        order = np.argsort(places)  # in which memory is read and written fastest
        self.places = np.stack([order, places[order]], axis=1).astype(np.int32)
        self.make_room(1)

    def compute(
        self,
        theta: Floats,
        arguments: Sequence[Floats],
        results: Sequence[Floats | None],
        gradient: Floats | None = None,
    ) -> None:
        """Compute rows; see ``Call``."""
        batch = len(arguments[0]) if arguments else 1
        call = self.calls.get(batch)
        if call is None:
            self.make_room(batch)
            if len(self.calls) > MOST_READY:
                self.calls.clear()
            call = self.calls[batch] = Call(self, batch, [a.shape[1] for a in arguments])
        call(theta, arguments, results, gradient)

    @property
    def block(self) -> int:
        """The most rows that are computed at a time."""
        return self.most if self.lowered.in_rows else 1

    def table(self, part: int, rows: Rows) -> Ints32:
        """One of the three tables, for blocks of this many rows."""
        key = (part, rows)
        if key not in self.tables:
            lowered = self.lowered
            if len(self.tables) > MOST_READY:
                self.tables.clear()
            self.tables[key] = (lowered.before, lowered.rows, lowered.after)[part].at(rows)
        return self.tables[key]

    def padded(self, rows: int) -> Rows:
        """A block of this many rows, with its padding."""
        if not self.lowered.in_rows:
            return ONE_ROW
        unit = LINE // self.dtype.itemsize
        return Rows(rows, -(-rows // unit) * unit)

    def make_room(self, batch: int) -> None:
        """Memory for the blocks of a batch."""
        rows = self.padded(min(batch, self.most))
        if rows.padded > self.room:
            self.room = rows.padded
            self.size = self.lowered.size.at(rows) + 1
            self._replace(self.size)

    def extend(self, size: int) -> None:
        """An arena of more than ``size`` elements."""
        if size >= len(self.arena):
            self._replace(size + 1)

    def _replace(self, size: int) -> None:
        self.calls.clear()
        self.arena = aligned(size, self.dtype)
        for start, numbers in self.lowered.constants:
            self.arena[start : start + len(numbers)] = numbers


def rows_of_a_block(lowered: Lowered, dtype: np.dtype[Any]) -> int:
    """How many rows to compute at a time, so that they stay in the cache. Blocks of an odd number
    of cache lines do not put the lanes of an array on top of each other there."""
    unit = LINE // dtype.itemsize
    rows = CACHE // (dtype.itemsize * max(lowered.lanes, 1))
    rows = max(FEWEST_ROWS, min(rows, MOST_ROWS))
    return max(rows // unit - (rows // unit + 1) % 2, 1) * unit


def aligned(n: int, dtype: Any) -> Floats:
    """Zeros that begin at a multiple of 64 bytes, where vectors are loaded fastest."""
    width = np.dtype(dtype).itemsize
    raw = np.zeros(n + LINE // width, dtype)
    start = -address(raw) // width % (LINE // width)
    return raw[start : start + n]
