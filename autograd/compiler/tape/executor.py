"""The tape executor: graphs without structure, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor
from autograd.compiler.program import Floats
from autograd.compiler.stages.trace import Trace
from autograd.compiler.tape.tape import Tape


class TapeExecutor(Executor):
    """A graph on the tape. It computes in float64, and returns arrays of the dtype wanted.

    Args:
        tape: of the graph.
        trace: the graph.
        by: the gradient of ``gradients``: by "parameters" or by "inputs"; "" for none.
        dtype: of the results, float64 or float32.
    """

    name = "tape"

    def __init__(self, tape: Tape, trace: Trace, by: str, dtype: Any = np.float64) -> None:
        self.tape, self.trace, self.by = tape, trace, by
        self.dtype, self.parameters = np.dtype(dtype), len(trace.parameters)
        self.inputs = np.concatenate([np.zeros(0, np.int32), *trace.arguments])
        self.used = self.inputs >= 0
        self._kept = (self.tape.recorded(), np.empty(len(self.tape)))

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        place, values = self.tape.place, self.tape.recorded()
        values[place[self.trace.parameter_nodes]] = theta
        table = self._table(arguments)
        results = np.empty((len(table), len(self.trace.outputs)), self.dtype)
        for row in range(len(table)):
            values[place[self.inputs[self.used]]] = table[row]
            self.tape.forward(values)
            results[row] = values[place[self.trace.outputs]]
        return results, np.zeros(0)

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        if self.by == "parameters" and not len(self.inputs):
            return self._once(theta)
        numbers = self.trace.numbers.copy()
        numbers[self.trace.parameter_nodes] = theta
        table = self._table(arguments)
        output = int(self.trace.outputs[0])
        inputs = self.inputs[self.used]
        values, of_inputs, of_leaves = self.tape.over_rows(numbers, inputs, table, output)
        total = float(values.sum())
        if self.by == "parameters":
            return total, np.zeros(0), of_leaves[self.trace.parameter_nodes]
        every = np.zeros((len(table), len(self.inputs)), self.dtype)
        every[:, self.used] = of_inputs
        cuts = np.cumsum([len(nodes) for nodes in self.trace.arguments])[:-1]
        return total, np.zeros(0), np.split(every, cuts, axis=1)

    def _table(self, arguments: Sequence[Floats]) -> Floats:
        """(batch, n): the arguments side by side, as far as the graph uses them."""
        batch = len(arguments[0]) if arguments else 1
        table: Floats = np.concatenate([np.zeros((batch, 0)), *arguments], axis=1)
        return table[:, self.used]

    def _once(self, theta: Floats) -> tuple[float, Floats, Any]:
        """Without rows: in memory that is kept from call to call."""
        place, output = self.tape.place, int(self.trace.outputs[0])
        parameters = place[self.trace.parameter_nodes]
        values, adjoints = self._kept
        values[parameters] = theta
        self.tape.forward(values)
        self.tape.backward(values, output, adjoints)
        return float(values[place[output]]), np.zeros(0), adjoints[parameters]
