"""The executor of graphs without structure: blocks of rows, all rows of a block at once."""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.executor import Executor
from autograd.compiler.machine.opcodes import Field
from autograd.compiler.machine.ready import Ready
from autograd.compiler.machine.unit import aligned
from autograd.compiler.program import Floats
from autograd.compiler.scalars import in_numpy
from autograd.compiler.scalars.table import scalars
from autograd.compiler.stages.trace import INPUT, Trace

VECTOR = 8
"""Blocks have whole vectors of rows."""

FEWEST_ROWS, MOST_ROWS = 32, 512
IN_CACHE = 1 << 21
"""The bytes that a block of rows should take. It is read once forward and once backward, from one
end to the other, so it need not lie in the nearest cache."""

MOST_TABLES = 3
"""How many tables are kept, for blocks of other sizes."""


class ScalarsExecutor(Executor):
    """A graph without structure.

    Args:
        trace: the graph.
        by: the gradient of ``gradients``: by "parameters" or by "inputs"; "" for none.
        backend: "machine" or "numpy".
        dtype: of all numbers, float64 or float32.
        node_by_node: whether nodes are never taken together, which changes the order of sums in
            a single row's gradient; then the results are added in the order of the rows, too.
    """

    def __init__(
        self,
        trace: Trace,
        by: str,
        backend: str,
        dtype: Any = np.float64,
        node_by_node: bool = False,
    ) -> None:
        self.node_by_node = node_by_node
        self.trace, self.by = trace, by
        self.name, self.dtype = backend, np.dtype(dtype)
        self.parameters = len(trace.parameters)
        every = np.concatenate([np.zeros(0, np.int32), *trace.arguments])
        self.used = every >= 0
        self.inputs = every[self.used]
        per_row = int(np.count_nonzero(trace.kinds == INPUT)) * self.dtype.itemsize
        fitting = IN_CACHE // max(1, per_row * (2 if by else 1)) // VECTOR * VECTOR
        self.most_rows = min(MOST_ROWS, max(FEWEST_ROWS, fitting))
        self._tables: dict[int, _Table] = {}
        self._turn = threading.Lock()  # there is one arena for all threads

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        rows = self._rows(arguments)
        results = np.empty((len(rows), len(self.trace.outputs)), self.dtype)
        failures = np.zeros(len(rows) if len(self.trace.failures) else 0)
        with self._turn:
            for at, table in self._run(theta, rows):
                results[at] = table.outputs()
                if len(failures):
                    failures[at] = table.failures()
        return results, failures

    @np.errstate(all="ignore")
    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        trace, rows = self.trace, self._rows(arguments)
        failures = np.zeros(len(rows) if len(trace.failures) else 0)
        total, by_parameters = 0.0, np.zeros(self.parameters, self.dtype)
        by_inputs = np.zeros((len(rows), len(self.used)), self.dtype)
        with self._turn:
            for at, table in self._run(theta, rows):
                total = self._added(total, table.outputs())
                if len(failures):
                    failures[at] = table.failures()
                if self.by == "parameters":
                    by_parameters += table.by_parameters()
                else:
                    by_inputs[at, self.used] = table.by_inputs()
        if self.by == "parameters":
            return total, failures, by_parameters
        cuts = np.cumsum([len(nodes) for nodes in trace.arguments])[:-1]
        return total, failures, np.split(by_inputs, cuts, axis=1)

    def _added(self, total: float, results: Floats) -> float:
        if not self.node_by_node:
            return total + float(results.sum())
        for row in results.tolist():
            total += functools.reduce(operator.add, row, 0.0)
        return total

    def _rows(self, arguments: Sequence[Floats]) -> Floats:
        """(batch, n): the arguments side by side, as far as the graph uses them."""
        batch = len(arguments[0]) if arguments else 1
        rows: Floats = np.concatenate([np.zeros((batch, 0)), *arguments], axis=1)
        return rows if self.used.all() else rows[:, self.used]

    def _run(self, theta: Floats, rows: Floats) -> Iterator[tuple[slice, _Table]]:
        """Run the blocks one after the other."""
        batch, at = len(rows), 0
        while at < batch:
            left = batch - at
            alone = left == 1 and not self.node_by_node
            padded = 1 if alone else min(self.most_rows, -(-left // VECTOR) * VECTOR)
            block = slice(at, min(at + padded, batch))
            table = self._table(padded)
            table.run(theta, rows[block])
            yield block, table
            at = block.stop

    def _table(self, padded: int) -> _Table:
        if padded not in self._tables:
            if len(self._tables) == MOST_TABLES:
                self._tables.clear()
            self._tables[padded] = _Table(self, padded)
        return self._tables[padded]


class _Table:
    """A table with its arena, for blocks of at most ``padded`` rows."""

    def __init__(self, executor: ScalarsExecutor, padded: int) -> None:
        trace = executor.trace
        self.scalars = s = scalars(trace, executor.by, padded)
        self.arena = aligned(len(s.arena), executor.dtype)
        self.arena[:] = s.arena
        self.padded, self.rows = padded, 0
        in_rows = (trace.kinds == INPUT) & (padded > 1)

        def of_rows(start: Places, nodes: NDArray[np.int32]) -> Places:
            """(rows, nodes): where their numbers are; without rows, one number for all."""
            places: Places = np.arange(padded)[:, None] * in_rows[nodes] + start[nodes]
            return places

        self._inputs = of_rows(s.values, executor.inputs)
        self._theta = s.values[trace.parameter_nodes]
        self._outputs = of_rows(s.values, trace.outputs)
        self._failures = of_rows(s.values, trace.failures)
        self._by_parameters = s.adjoints[trace.parameter_nodes]
        self._by_inputs = of_rows(s.adjoints, executor.inputs)
        if executor.name == "machine" and not s.others:
            self._ready: Callable[[], None] = Ready(s.table, self.arena, s.ints)
        else:
            self._ready = functools.partial(in_numpy.run, s.table, self.arena, s.ints, s.others)

    def run(self, theta: Floats, rows: Floats) -> None:
        """Fill in the arena for a block of rows."""
        s, arena = self.scalars, self.arena
        arena[self._theta] = theta
        arena[self._inputs[: len(rows)]] = rows
        if self.rows != len(rows):
            self.rows = len(rows)
            arena[s.count] = len(rows)
            s.table[s.sums, Field.N] = len(rows)
        if len(rows) < self.padded:  # what pads a block is computed too, and counts for nothing
            arena[self._inputs[len(rows) :]] = rows[-1]
        self._ready()

    def outputs(self) -> Floats:
        """(rows, outputs)."""
        return self._at(self._outputs[: self.rows])

    def failures(self) -> Floats:
        """(rows,), how many guards fail."""
        failures: Floats = self._at(self._failures[: self.rows]).sum(axis=1)
        return failures

    def by_parameters(self) -> Floats:
        """(parameters,), the gradient summed over the rows."""
        return self._at(self._by_parameters)

    def by_inputs(self) -> Floats:
        """(rows, inputs), the gradients."""
        return self._at(self._by_inputs[: self.rows])

    def _at(self, places: Places) -> Floats:
        numbers: Floats = self.arena[places]
        return numbers


Places = NDArray[np.int64]
