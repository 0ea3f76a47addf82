"""The machine's executor: a program as a table of instructions, which kernels run."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor, Learner, Stretch
from autograd.compiler.machine.amount import ONE_ROW
from autograd.compiler.machine.build import machine
from autograd.compiler.machine.lowering.lower import ROWS, lower
from autograd.compiler.machine.lowering.lowered import Lowered
from autograd.compiler.machine.lowering.steps import descends, traced
from autograd.compiler.machine.point import Point, point_function
from autograd.compiler.machine.ready import Ready
from autograd.compiler.machine.table import NotLowered
from autograd.compiler.machine.training import Training
from autograd.compiler.machine.unit import Unit
from autograd.compiler.program import Floats, Program
from autograd.compiler.stages.needed import needed

NO_FAILURES = np.zeros(0)
"""Of a program without guards."""


class MachineExecutor(Executor):
    """A program as tables of instructions.

    Args:
        program: with gradients or without.
        dtype: of the numbers, float64 or float32.

    Raises:
        NotLowered: the program has operations that only Python can compute.
    """

    name = "machine"

    def __init__(self, program: Program, dtype: Any) -> None:
        self.dtype, self.parameters = np.dtype(dtype), len(program.parameters)
        self._program = program
        self._turn = threading.Lock()  # there is one arena for all threads
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
            failures = self._room_for_failures(unit, batch)
            unit.compute(theta, arguments, [values, failures])
        return values, NO_FAILURES if failures is None else failures

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        batch = len(arguments[0]) if arguments else 1
        with self._turn:
            unit = self._one if batch == 1 else self._blocks
            failures = self._room_for_failures(unit, batch)
            results: list[Floats | None] = [None, failures]
            gradient: Any = None
            if self._by_inputs:
                homes = zip(unit.lowered.by_arguments, arguments)
                gradient = [
                    (np.zeros if h is None else np.empty)(a.shape, self.dtype) for h, a in homes
                ]
                unit.compute(theta, arguments, results + gradient)
            else:
                gradient = np.empty(self.parameters, self.dtype)
                unit.compute(theta, arguments, results, gradient)
            total = float(unit.arena[unit.lowered.total])
        return total, NO_FAILURES if failures is None else failures, gradient

    def _room_for_failures(self, unit: Unit, batch: int) -> Floats | None:
        return None if unit.lowered.failures is None else np.empty(batch, self.dtype)

    def point(self, by: str) -> Point | None:
        """A function of plain numbers, or None where an argument or the result is several; see
        ``point_function``."""
        program = self._program
        if any(a.size != 1 for a in program.arguments) or not program.single:
            return None
        unit = self._one
        unit.arena[unit.lowered.count] = 1
        ready = Ready(unit.table(ROWS, ONE_ROW), unit.arena, unit.lowered.ints)
        return point_function(unit.lowered, unit.arena, ready, self._turn, by)

    @np.errstate(all="ignore")
    def train(
        self, learner: Learner, stretch: Stretch, losses: Floats, arguments: Sequence[Floats]
    ) -> int:
        """As ``Executor.train``, in one call of native code."""
        given = learner, stretch, losses, arguments
        if len(learner.theta) == self.parameters and arguments:
            with self._turn, contextlib.suppress(NotLowered):
                return self._training(learner, stretch.batch).train(*given)
        return super().train(*given)

    def _training(self, learner: Learner, batch: int) -> Training:
        if batch > 1:
            return self._by_blocks
        plain = descends(traced(learner.update, learner.memories, False)) is not None
        finite = np.isfinite(learner.theta.astype(self.dtype, copy=False)).all()
        return self._by_descent if plain and finite else self._by_one

    @cached_property
    def _by_one(self) -> Training:
        return Training(self._one)

    @cached_property
    def _by_descent(self) -> Training:
        lowered = lower(self._program, False, descends=True)
        return Training(Unit(lowered, self.dtype)) if lowered.outer else self._by_one

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

    @cached_property
    def _blocks(self) -> Unit:
        return Unit(lower(self._program, True), self.dtype)

    @cached_property
    def _one(self) -> Unit:
        return Unit(lower(self._program, False), self.dtype)

    @cached_property
    def _without(self) -> Program:
        if not self._program.gradients:
            return self._program
        return needed(replace(self._program, gradients={}))

    @cached_property
    def _blocks_without(self) -> Unit:
        if self._without is self._program:
            return self._blocks
        return Unit(lower(self._without, True), self.dtype)

    @cached_property
    def _one_without(self) -> Unit:
        if self._without is self._program:
            return self._one
        return Unit(lower(self._without, False), self.dtype)
