"""The tape executor: graphs without structure, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor
from autograd.compiler.program import Floats
from autograd.compiler.stages.trace import Trace
from autograd.compiler.tape.expand import Tapes


class TapeExecutor(Executor):
    """A graph on the tape. It computes in float64, and returns arrays of the dtype wanted.

    Args:
        tapes: of the graph.
        trace: the graph.
        by: the gradient of ``gradients``: by "parameters" or by "inputs"; "" for none.
        dtype: of the results, float64 or float32.
    """

    name = "tape"

    def __init__(self, tapes: Tapes, trace: Trace, by: str, dtype: Any = np.float64) -> None:
        self.tapes, self.trace, self.by = tapes, trace, by
        self.dtype, self.parameters = np.dtype(dtype), len(trace.parameters)
        every = np.concatenate([np.zeros(0, np.int32), *trace.arguments])
        self.used = every >= 0
        self.inputs = every[self.used]
        self._kept = (tapes.values.recorded(), np.empty(len(tapes.adjoints)))

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        values, table = self._values(theta), self._table(arguments)
        results = np.empty((len(table), len(self.trace.outputs)), self.dtype)
        failures = np.zeros(len(table) if len(self.trace.failures) else 0)
        for row in range(len(table)):
            self._forward(values, table[row])
            results[row] = values[self.tapes.places[self.trace.outputs]]
            if len(failures):
                failures[row] = values[self.tapes.places[self.trace.failures]].sum()
        return results, failures

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        if self.by == "parameters" and not len(self.used) and self.tapes.sources is None:
            return self._once(theta)
        table = self._table(arguments)
        run = self._in_kernels if self.tapes.sources is None else self._row_by_row
        total, failures, by_parameters, by_inputs = run(theta, table)
        if self.by == "parameters":
            return total, failures, by_parameters
        every = np.zeros((len(table), len(self.used)), self.dtype)
        every[:, self.used] = by_inputs
        cuts = np.cumsum([len(nodes) for nodes in self.trace.arguments])[:-1]
        return total, failures, np.split(every, cuts, axis=1)

    def _in_kernels(self, theta: Floats, table: Floats) -> tuple[float, Floats, Floats, Floats]:
        """The sum, the failures, and the gradients by parameters and inputs, in one call."""
        numbers = self.trace.numbers.copy()
        numbers[self.trace.parameter_nodes] = theta
        output = int(self.trace.outputs[0])
        values, by_inputs, by_leaves = self.tapes.values.over_rows(
            numbers, self.inputs, table, output
        )
        by_parameters = by_leaves[self.trace.parameter_nodes]
        return float(values.sum()), np.zeros(0), by_parameters, by_inputs

    def _row_by_row(self, theta: Floats, table: Floats) -> tuple[float, Floats, Floats, Floats]:
        """The same where values and adjoints are of two tapes."""
        tapes, trace = self.tapes, self.trace
        values, adjoints = self._values(theta), np.empty(len(tapes.adjoints))
        output = int(trace.outputs[0])
        parameters = tapes.adjoints.place[tapes.nodes[trace.parameter_nodes]]
        inputs = tapes.adjoints.place[tapes.nodes[self.inputs]]
        total, by_parameters = 0.0, np.zeros(len(parameters))
        by_inputs = np.empty(table.shape)
        failures = np.zeros(len(table) if len(trace.failures) else 0)
        for row in range(len(table)):
            self._forward(values, table[row])
            total += float(values[tapes.places[output]])
            if len(failures):
                failures[row] = values[tapes.places[trace.failures]].sum()
            tapes.adjoints.backward(values[tapes.sources], int(tapes.nodes[output]), adjoints)
            by_parameters += adjoints[parameters]
            by_inputs[row] = adjoints[inputs]
        return total, failures, by_parameters, by_inputs

    def _values(self, theta: Floats) -> Floats:
        """The numbers of all nodes, with those of the parameters."""
        values = self.tapes.values.recorded()
        values[self.tapes.places[self.trace.parameter_nodes]] = theta
        return values

    def _forward(self, values: Floats, row: Floats) -> None:
        values[self.tapes.places[self.inputs]] = row
        self.tapes.values.forward(values)

    def _table(self, arguments: Sequence[Floats]) -> Floats:
        """(batch, n): the arguments side by side, as far as the graph uses them."""
        batch = len(arguments[0]) if arguments else 1
        table: Floats = np.concatenate([np.zeros((batch, 0)), *arguments], axis=1)
        return table[:, self.used]

    def _once(self, theta: Floats) -> tuple[float, Floats, Any]:
        """Without rows: in memory that is kept from call to call."""
        tape, output = self.tapes.values, int(self.trace.outputs[0])
        parameters = tape.place[self.trace.parameter_nodes]
        values, adjoints = self._kept
        values[parameters] = theta
        tape.forward(values)
        tape.backward(values, output, adjoints)
        return float(values[tape.place[output]]), np.zeros(0), adjoints[parameters]
