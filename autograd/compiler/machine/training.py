"""Training on the machine: one call of its function ``train`` for a whole stretch of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.executor import Learner, Stretch
from autograd.compiler.machine.address import address
from autograd.compiler.machine.kernels.plan import Place
from autograd.compiler.machine.lowering.memory import ALIGNED
from autograd.compiler.machine.lowering.steps import Steps, traced
from autograd.compiler.machine.plan import Plan, function
from autograd.compiler.program import Floats, Indices
from autograd.compiler.update import Traced

if TYPE_CHECKING:
    from autograd.compiler.machine.unit import Unit


class Training:
    """Training with a lowered program.

    Args:
        unit: the program with its arena. This makes the arena larger, for what updates need.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._known: dict[object, Steps] = {}

    def train(
        self, learner: Learner, stretch: Stretch, losses: Floats, arguments: Sequence[Floats]
    ) -> int:
        """As ``Executor.train``.

        Raises:
            NotLowered: the update has an operation that only Python can compute.
        """
        unit, lowered, memories = self.unit, self.unit.lowered, learner.memories
        theta, frozen = learner.theta, learner.frozen
        unit.make_room(min(stretch.batch, stretch.epoch))
        some_move = 0 < len(frozen) < memories.shape[1]
        moving = np.delete(memories, frozen, axis=1) if some_move else memories
        found = traced(learner.update, moving, stretch.batch > 1)
        steps = self._steps(found)
        unit.extend(steps.end)
        arena, places = unit.arena, lowered.place
        steps.fill(arena, found)
        arena[lowered.parameters + places] = theta
        kept = list(zip(steps.memories[1:], found.one[1:]))
        for (start, one), memory, those in zip(kept, memories, moving):
            if len(memory):
                arena[start if one else start + places] = those[0] if one else memory
        plan = self._plan(steps, frozen, stretch, losses, arguments)
        reached = function("train", unit.dtype.itemsize)(plan.address)
        theta[:] = arena[lowered.parameters + places]
        for (start, one), memory in zip(kept, memories):
            memory[:] = arena[start if one else start + places]
        return reached

    def _steps(self, found: Traced) -> Steps:
        """The table of an update. Those that differ in their numbers alone share one."""
        unit, lowered = self.unit, self.unit.lowered
        base = -(-unit.size // ALIGNED) * ALIGNED
        form = tuple((op, tuple(inputs), out) for op, inputs, out in found.traced)
        numbers = tuple(i for i, number in enumerate(found.start) if number is not None)
        key = (base, form, numbers, tuple(found.arrays), tuple(found.results))
        if key not in self._known:
            regions = lowered.width, lowered.parameters, lowered.gradient
            self._known = {key: Steps(found, *regions, base, lowered.outer)}
        return self._known[key]

    def _plan(
        self,
        steps: Steps,
        frozen: Indices,
        stretch: Stretch,
        losses: Floats,
        arguments: Sequence[Floats],
    ) -> Plan:
        unit, lowered = self.unit, self.unit.lowered
        plan = Plan(unit, _sizes(stretch, unit.block), [a.shape[1] for a in arguments])
        order, data = _rows(stretch, arguments, unit.dtype)
        plan.given.point_to(data)
        staying = (lowered.parameters + lowered.place[frozen]).astype(np.int64)
        kept = np.empty(len(frozen), unit.dtype)
        plan.alive += [steps, data, order, staying, kept]
        plan.set(
            {
                Place.ORDER: address(order),
                Place.START: stretch.start,
                Place.STOP: stretch.stop,
                Place.BATCH: stretch.batch,
                Place.EPOCH: stretch.epoch,
                Place.LOSSES: address(losses),
                Place.UPDATE: address(steps.table),
                Place.SCALE: steps.memories[0],
                Place.TOTAL: lowered.total,
                Place.FAILED: -1 if lowered.failed is None else lowered.failed,
                Place.GRADIENT: lowered.gradient,
                Place.WIDTH: lowered.checked,
                Place.CHECK: steps.check,
                Place.CHECKS: steps.checks,
                Place.FROZEN: address(staying),
                Place.STAYING: len(staying),
                Place.KEPT: address(kept),
            }
        )
        return plan


def _rows(
    stretch: Stretch, arguments: Sequence[Floats], dtype: np.dtype[Any]
) -> tuple[Indices, Sequence[Floats]]:
    """The order and the data of a stretch: as they are, or a copy where the dtype differs."""
    order = np.ascontiguousarray(stretch.order, np.int64)
    if all(a.dtype == dtype and a.flags.c_contiguous for a in arguments):
        return order, arguments
    part = slice(stretch.start, stretch.stop)
    renumbered = order.copy()
    renumbered[part] = np.arange(stretch.stop - stretch.start)
    return renumbered, [np.ascontiguousarray(a[order[part]], dtype) for a in arguments]


def _sizes(stretch: Stretch, block: int) -> list[int]:
    """How many rows the blocks of a stretch may have."""
    whole = min(stretch.batch, stretch.epoch)
    sizes = {block} if whole >= block else set()
    sizes |= {whole % block, stretch.epoch % whole % block}
    return sorted(sizes - {0})
