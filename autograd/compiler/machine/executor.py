"""The machine's executor: a program as a table of instructions, which kernels run."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor, Stretch
from autograd.compiler.machine.address import address
from autograd.compiler.machine.amount import ONE_ROW, Rows
from autograd.compiler.machine.build import machine
from autograd.compiler.machine.lowering.lower import Home, Lowered, lower
from autograd.compiler.machine.point import Point, point_function
from autograd.compiler.machine.table import Ints32, NotLowered
from autograd.compiler.machine.training import Training
from autograd.compiler.program import Floats, Indices, Program
from autograd.compiler.stages.needed import needed
from autograd.compiler.update import Update

Ready = Callable[[], None]

Prepare = Callable[[Ints32, Floats, Ints32], Ready]
"""What runs a table on an arena with index tables, as often as it is called."""


def native(table: Ints32, arena: Floats, ints: Ints32) -> Ready:
    """The kernels of the machine for a table."""
    return Native(machine(arena.itemsize).run, table, arena, ints)


class Native:
    """A call of the kernels. It keeps the arrays alive whose addresses it holds."""

    def __init__(self, run: Callable[..., None], *arrays: Ints32 | Floats) -> None:
        self.arrays = arrays
        self.call = functools.partial(run, *map(address, arrays))

    def __call__(self) -> None:
        """Run the table."""
        self.call()


CACHE = 256 * 1024
"""The bytes that a block of rows should take: about half of the second cache."""

LINE = 64
"""The bytes of a line of the cache."""

FEWEST_ROWS, MOST_ROWS = 72, 1024
"""Of a block. With fewer rows the weights of a large network would be read too often."""

MOST_READY = 64
"""How many tables are kept, for blocks of other sizes."""


class MachineExecutor(Executor):
    """A program as tables of instructions.

    Args:
        program: with gradients or without.
        dtype: of the numbers, float64 or float32.
        prepare: makes what runs a table.

    Raises:
        NotLowered: the program has operations that only Python can compute.
    """

    name = "machine"

    def __init__(self, program: Program, dtype: Any, prepare: Prepare = native) -> None:
        self.dtype, self.parameters = np.dtype(dtype), len(program.parameters)
        self._program, self._prepare = program, prepare
        self._turn = threading.Lock()  # there is one arena for all threads
        if prepare is native:
            start = time.perf_counter()
            self.from_disk = machine(self.dtype.itemsize).from_disk
            self.seconds = time.perf_counter() - start
        self._first = self._blocks if program.arguments else self._one  # may raise NotLowered

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        batch = len(arguments[0]) if arguments else 1
        with self._turn:
            unit = self._one_without if batch == 1 else self._blocks_without
            values = np.empty((batch, self._program.outputs.size), self.dtype)
            failures = np.zeros(0 if unit.lowered.failures is None else batch, self.dtype)
            unit.start(theta, batch)
            for rows in unit.run_blocks(arguments, batch):
                unit.read(unit.lowered.outputs, values[rows])
                unit.read(unit.lowered.failures, failures[rows, None])
        return values, failures

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        batch = len(arguments[0]) if arguments else 1
        with self._turn:
            unit = self._one if batch == 1 else self._blocks
            lowered = unit.lowered
            failures = np.zeros(0 if lowered.failures is None else batch, self.dtype)
            by_inputs = [np.zeros(a.shape, self.dtype) for a in arguments if self._by_inputs]
            unit.start(theta, batch)
            for rows in unit.run_blocks(arguments, batch):
                unit.read(lowered.failures, failures[rows, None])
                for home, gradient in zip(lowered.by_arguments, by_inputs):
                    unit.read(home, gradient[rows])
            unit.finish()
            total = float(unit.arena[lowered.total])
            if self._by_inputs:
                return total, failures, by_inputs
            return total, failures, unit.arena[unit.gradient].copy()

    def point(self, by: str) -> Point | None:
        """A function of plain numbers, or None where an argument or the result is several; see
        ``point_function``."""
        program = self._program
        if any(a.size != 1 for a in program.arguments) or not program.single:
            return None
        unit = self._one
        unit.start(np.zeros(self.parameters, self.dtype), 1)
        return point_function(unit.lowered, unit.arena, unit.to_run(1), self._turn, by)

    def train(
        self,
        update: Update,
        theta: Floats,
        memories: Floats,
        frozen: Indices,
        stretch: Stretch,
        losses: Floats,
        arguments: Sequence[Floats],
    ) -> int:
        """As ``Executor.train``, in one call of native code."""
        state = (update, theta, memories, frozen, stretch, losses, arguments)
        if len(theta) == self.parameters and arguments:
            with self._turn, contextlib.suppress(NotLowered):
                return (self._by_one if stretch.batch == 1 else self._by_blocks).train(*state)
        return super().train(*state)

    @cached_property
    def _by_one(self) -> Training:
        return Training(self._one)

    @cached_property
    def _by_blocks(self) -> Training:
        return Training(self._blocks)

    @cached_property
    def _by_inputs(self) -> bool:
        arguments = self._program.arguments
        return bool(arguments) and arguments[0] in self._program.gradients

    @property
    def blocks(self) -> Lowered:
        """The program with gradients for blocks of rows."""
        return self._blocks.lowered

    @property
    def one(self) -> Lowered:
        """The program with gradients for one row."""
        return self._one.lowered

    @cached_property
    def _blocks(self) -> Unit:
        return Unit(lower(self._program, True), self.dtype, self._prepare)

    @cached_property
    def _one(self) -> Unit:
        return Unit(lower(self._program, False), self.dtype, self._prepare)

    @cached_property
    def _without(self) -> Program:
        if not self._program.gradients:
            return self._program
        return needed(replace(self._program, gradients={}))

    @cached_property
    def _blocks_without(self) -> Unit:
        if self._without is self._program:
            return self._blocks
        return Unit(lower(self._without, True), self.dtype, self._prepare)

    @cached_property
    def _one_without(self) -> Unit:
        if self._without is self._program:
            return self._one
        return Unit(lower(self._without, False), self.dtype, self._prepare)


class Unit:
    """A lowered program with its arena."""

    def __init__(self, lowered: Lowered, dtype: np.dtype[Any], prepare: Prepare) -> None:
        self.lowered, self.dtype, self.prepare = lowered, dtype, prepare
        self.ready: dict[tuple[int, Rows], Ready] = {}
        self.rows = ONE_ROW
        self.room = self.size = 0
        self.arena = np.zeros(0, dtype)
        self.most = rows_of_a_block(lowered, dtype)
        self.parameters = _as_slice(lowered.parameters + lowered.place)
        self.gradient = _as_slice(lowered.gradient + lowered.place)
        self.make_room(1)

    def start(self, theta: Floats, batch: int) -> None:
        """The numbers of the parameters, and what does not depend on the rows."""
        lowered = self.lowered
        self.make_room(batch)
        self.arena[self.parameters] = theta
        self.arena[lowered.count] = batch
        self._do(0)

    def run_blocks(self, arguments: Sequence[Floats], batch: int) -> Any:
        """Compute block after block; yields the slice of the rows whose results can be read."""
        lowered = self.lowered
        step = self.most if lowered.in_rows else 1
        for first in range(0, batch, step):
            part = slice(first, min(first + step, batch))
            self.rows = self.padded(part.stop - first)
            for home, argument in zip(lowered.arguments, arguments):
                self.place(home, argument.shape[1])[...] = argument[part]
            self._do(1)
            yield part

    def finish(self) -> None:
        """What is done once after all rows."""
        self._do(2)

    def place(self, home: Home, width: int) -> Floats:
        """The numbers of an array as (rows, width), or (1, width) where all rows share them."""
        start = home.offset.at(self.rows)
        if not home.in_rows:
            return self.arena[start : start + width].reshape(1, width)
        lanes = self.arena[start : start + width * self.rows.padded]
        return lanes.reshape(width, self.rows.padded)[:, : self.rows.real].T

    def read(self, home: Home | None, out: Floats) -> None:
        """Copy a result to ``out``, (rows, width)."""
        if home is not None:
            out[...] = self.place(home, out.shape[1])

    def _do(self, part: int) -> None:
        """Run one of the three tables."""
        self.to_run(part)()

    def to_run(self, part: int) -> Ready:
        """What runs one of the three tables for the rows of now."""
        key = (part, self.rows)
        if key not in self.ready:
            lowered = self.lowered
            table = (lowered.before, lowered.rows, lowered.after)[part].at(self.rows)
            if len(self.ready) > MOST_READY:
                self.ready.clear()
            self.ready[key] = self.prepare(table, self.arena, lowered.ints)
        return self.ready[key]

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
            self.rows, self.room = rows, rows.padded
            self.size = self.lowered.size.at(rows) + 1
            self._replace(self.size)

    def extend(self, size: int) -> None:
        """An arena of more than ``size`` elements; those after ``self.size`` serve training."""
        if size >= len(self.arena):
            self._replace(size + 1)

    def _replace(self, size: int) -> None:
        self.ready.clear()
        self.arena = aligned(size, self.dtype)
        for start, numbers in self.lowered.constants:
            self.arena[start : start + len(numbers)] = numbers


def _as_slice(places: Indices) -> Any:
    """The slice of these places, which is faster, if they stand one after another."""
    first = int(places[0]) if len(places) else 0
    following = np.array_equal(places, np.arange(first, first + len(places)))
    return slice(first, first + len(places)) if following else places


def rows_of_a_block(lowered: Lowered, dtype: np.dtype[Any]) -> int:
    """How many rows to compute at a time, so that they stay in the cache. Blocks of an odd number
    of cache lines do not put the lanes of an array on top of each other there."""
    unit = LINE // dtype.itemsize
    rows = CACHE // (dtype.itemsize * max(lowered.lanes, 1))
    rows = max(FEWEST_ROWS, min(rows, MOST_ROWS))
    return max(rows // unit - (rows // unit + 1) % 2, 1) * unit


def aligned(n: int, dtype: Any) -> Floats:
    """Zeros in memory that is aligned to 64 bytes."""
    width = np.dtype(dtype).itemsize
    raw = np.zeros(n + LINE // width, dtype)
    start = -raw.__array_interface__["data"][0] // width % (LINE // width)
    return raw[start : start + n]
