"""Plans: what the native functions are told that run a program on rows. See kernels/plan.py."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.machine.address import address
from autograd.compiler.machine.build import machine
from autograd.compiler.machine.kernels.plan import SIZES, Place, Transfer
from autograd.compiler.machine.lowering.lower import AFTER, BEFORE, ROWS
from autograd.compiler.machine.lowering.lowered import Home
from autograd.compiler.program import Floats

if TYPE_CHECKING:
    from autograd.compiler.machine.unit import Unit

FIELDS = len(Transfer)
THETA, GRADIENTS = int(Place.THETA), int(Place.GRADIENTS)
"""As plain numbers, which are found faster."""


class Plan:
    """A plan for rows in blocks of these sizes. It keeps alive what it holds the addresses of.

    Args:
        unit: the program with its arena.
        sizes: how many rows the blocks may have, three at most.
        widths: of the arguments.
    """

    def __init__(self, unit: Unit, sizes: Iterable[int], widths: Sequence[int]) -> None:
        lowered = unit.lowered
        blocks = [unit.padded(n) for n in sizes]
        tables = [unit.table(ROWS, rows) for rows in blocks]
        before, after = unit.table(BEFORE, blocks[0]), unit.table(AFTER, blocks[0])
        self.given = Transfers(lowered.arguments, widths)
        self.alive: list[Any] = [unit.arena, lowered.ints, tables, before, after]
        fields = np.zeros(max(Place) + 1, np.int64)
        self.address = address(fields)
        self.fields: Any = memoryview(fields)  # type: ignore[arg-type]
        self.set(
            {
                Place.ARENA: address(unit.arena),
                Place.INTS: address(lowered.ints),
                Place.BEFORE: address(before),
                Place.AFTER: address(after),
                Place.COUNT: lowered.count,
                Place.BLOCK: unit.block,
                Place.ARGUMENTS: self.given.address,
                Place.GIVEN: len(widths),
            }
        )
        for k in range(SIZES):
            rows, made = (blocks[k], tables[k]) if k < len(blocks) else (blocks[0], tables[0])
            of_size = rows.real, rows.padded, address(made)
            self.set({Place.ROWS + 3 * k + i: x for i, x in enumerate(of_size)})

    def set(self, fields: dict[Any, int]) -> None:
        """Set fields."""
        for field, number in fields.items():
            self.fields[field] = number


class Transfers:
    """Arrays outside, (rows, width) each, and where blocks of them are in the arena."""

    def __init__(self, homes: Sequence[Home | None], widths: Sequence[int]) -> None:
        every = np.zeros((len(homes), len(Transfer)), np.int64)
        for line, home, width in zip(every, homes, widths):
            if home is not None:
                start = home.offset
                line[1:] = width, start.plain, start.padded, home.in_rows
        self.address = address(every)
        self.cells: Any = memoryview(every.reshape(-1))  # type: ignore[arg-type]

    def point_to(self, arrays: Iterable[Floats | None]) -> None:
        """Set the arrays outside; None for one that is not wanted."""
        cells, place = self.cells, 0
        for array in arrays:
            cells[place] = 0 if array is None else address(array)
            place += FIELDS


class Call:
    """What computes calls of one number of rows.

    Args:
        unit: the program with its arena.
        batch: the rows.
        widths: of the arguments.
    """

    def __init__(self, unit: Unit, batch: int, widths: Sequence[int]) -> None:
        lowered = unit.lowered
        rest = batch % unit.block
        sizes = [unit.block] * (batch >= unit.block) + [rest] * bool(rest)
        self.plan = plan = Plan(unit, sizes, widths)
        homes = [lowered.outputs, lowered.failures, *lowered.by_arguments]
        self.wanted = Transfers(homes, [lowered.results, 1, *widths])
        plan.set(
            {
                Place.RESULTS: self.wanted.address,
                Place.WANTED: len(homes),
                Place.STOP: batch,
                Place.PARAMETERS: len(lowered.place),
                Place.PLACES: address(unit.places),
                Place.SLOPES: lowered.gradient - lowered.parameters,
            }
        )
        self.dtype = unit.dtype
        self.call = function("call", unit.dtype.itemsize)

    def __call__(
        self,
        theta: Floats,
        arguments: Sequence[Floats],
        results: Sequence[Floats | None],
        gradient: Floats | None,
    ) -> None:
        """Compute.

        Args:
            theta: (parameters,).
            arguments: (batch, n) each.
            results: room for the results of the rows, for the guards that fail, and for the
                derivatives by each argument; None for what is not wanted.
            gradient: room for the derivatives by the parameters.
        """
        arrays = [np.ascontiguousarray(a, self.dtype) for a in (theta, *arguments)]
        plan = self.plan
        plan.fields[THETA] = address(arrays[0])
        plan.fields[GRADIENTS] = 0 if gradient is None else address(gradient)
        plan.given.point_to(arrays[1:])
        self.wanted.point_to(results)
        self.call(plan.address)


@functools.cache
def function(name: str, itemsize: int) -> Callable[[int], int]:
    """A native function that takes a plan."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
    return kind(machine(itemsize).address(name))
