"""Training on the machine: one call of its function ``train`` for a whole stretch of rows."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.executor import Stretch
from autograd.compiler.machine.address import address
from autograd.compiler.machine.build import machine
from autograd.compiler.machine.kernels.training import SIZES, Plan
from autograd.compiler.machine.lowering.memory import ALIGNED
from autograd.compiler.machine.lowering.steps import Steps, traced
from autograd.compiler.program import Floats, Indices
from autograd.compiler.update import Traced, Update

if TYPE_CHECKING:
    from autograd.compiler.machine.executor import Unit


class Training:
    """Training with a lowered program.

    Args:
        unit: the program with its arena. This makes the arena larger, for what updates need.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._known: dict[object, Steps] = {}

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
        """As ``Executor.train``.

        Raises:
            NotLowered: the update has an operation that only Python can compute.
        """
        unit, lowered = self.unit, self.unit.lowered
        unit.make_room(min(stretch.batch, stretch.epoch))
        some_move = 0 < len(frozen) < memories.shape[1]
        moving = np.delete(memories, frozen, axis=1) if some_move else memories
        found = traced(update, moving, stretch.batch > 1)
        steps = self._steps(found)
        unit.extend(steps.end)
        arena, places = unit.arena, lowered.place
        steps.fill(arena, found)
        arena[lowered.parameters + places] = theta
        kept = list(zip(steps.memories[1:], found.one[1:]))
        for (start, one), memory, those in zip(kept, memories, moving):
            if len(memory):
                arena[start if one else start + places] = those[0] if one else memory
        plan, alive = self._plan(steps, frozen, stretch, losses, arguments)
        reached = _train(unit.dtype.itemsize)(plan.ctypes.data)
        del alive  # until here
        theta[:] = arena[lowered.parameters + places]
        for (start, one), memory in zip(kept, memories):
            memory[:] = arena[start if one else start + places]
        return int(reached)

    def _steps(self, found: Traced) -> Steps:
        """The table of an update. Those that differ in their numbers alone share one."""
        unit, lowered = self.unit, self.unit.lowered
        base = -(-unit.size // ALIGNED) * ALIGNED
        form = tuple((op, tuple(inputs), out) for op, inputs, out in found.traced)
        numbers = tuple(i for i, number in enumerate(found.start) if number is not None)
        key = (base, form, numbers, tuple(found.arrays), tuple(found.results))
        if key not in self._known:
            self._known = {
                key: Steps(found, lowered.width, lowered.parameters, lowered.gradient, base)
            }
        return self._known[key]

    def _plan(
        self,
        steps: Steps,
        frozen: Indices,
        stretch: Stretch,
        losses: Floats,
        arguments: Sequence[Floats],
    ) -> tuple[NDArray[np.int64], list[Any]]:
        """The plan, and what must live as long as it is in use."""
        unit, lowered = self.unit, self.unit.lowered
        block = unit.most if lowered.in_rows else 1
        sizes = [unit.padded(n) for n in _sizes(stretch, block)]
        tables = [lowered.rows.at(rows) for rows in sizes]
        before, after = lowered.before.at(sizes[0]), lowered.after.at(sizes[0])
        data = [np.ascontiguousarray(a, unit.dtype) for a in arguments]
        order = np.ascontiguousarray(stretch.order, np.int64)
        staying = (lowered.parameters + lowered.place[frozen]).astype(np.int64)
        kept = np.empty(len(frozen), unit.dtype)
        alive = [tables, before, after, data, order, staying, kept]
        plan = np.zeros(Plan.DATA + 4 * len(data), np.int64)
        values = {
            Plan.ARENA: address(unit.arena),
            Plan.INTS: address(lowered.ints),
            Plan.BEFORE: address(before),
            Plan.AFTER: address(after),
            Plan.UPDATE: address(steps.table),
            Plan.ORDER: address(order),
            Plan.START: stretch.start,
            Plan.STOP: stretch.stop,
            Plan.BATCH: stretch.batch,
            Plan.EPOCH: stretch.epoch,
            Plan.BLOCK: block,
            Plan.LOSSES: address(losses),
            Plan.COUNT: lowered.count,
            Plan.SCALE: steps.memories[0],
            Plan.TOTAL: lowered.total,
            Plan.FAILED: -1 if lowered.failed is None else lowered.failed,
            Plan.GRADIENT: lowered.gradient,
            Plan.WIDTH: lowered.width,
            Plan.FROZEN: address(staying),
            Plan.STAYING: len(staying),
            Plan.KEPT: address(kept),
            Plan.ARGUMENTS: len(data),
        }
        for place, value in values.items():
            plan[place] = value
        for k in range(SIZES):
            rows, made = (sizes[k], tables[k]) if k < len(sizes) else (sizes[0], tables[0])
            plan[Plan.ROWS + 3 * k :][:3] = rows.real, rows.padded, address(made)
        for k, (a, home) in enumerate(zip(data, lowered.arguments)):
            start = home.offset
            numbers = address(a), a.shape[1], start.plain, start.padded
            plan[Plan.DATA + 4 * k :][:4] = numbers
        return plan, alive


def _sizes(stretch: Stretch, block: int) -> list[int]:
    """How many rows the blocks of a stretch may have."""
    whole = min(stretch.batch, stretch.epoch)
    sizes = {block} if whole >= block else set()
    sizes |= {whole % block, stretch.epoch % whole % block}
    return sorted(sizes - {0})


def _train(itemsize: int) -> Any:
    address = machine(itemsize).address("train")
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)
