"""The executor of ``exact=True``: every sum in plain Python's order, gradients too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor
from autograd.compiler.program import Floats, Indices
from autograd.compiler.scalars.executor import ScalarsExecutor
from autograd.compiler.stages.trace import INPUT, PARAMETER, Trace


class ExactExecutor(Executor):
    """Node by node, as ``backward`` goes, for several rows at once.

    Each row has an adjoint of its own for every node, those of parameters too. They are added over
    the rows at last, from the first row to the last.

    Args:
        trace: the graph, in which no nodes are merged.
        by, backend, dtype: as for a ``ScalarsExecutor``.
    """

    def __init__(self, trace: Trace, by: str, backend: str, dtype: Any = np.float64) -> None:
        self.by, self.parameters = by, len(trace.parameters)
        self._by_row = ScalarsExecutor(_as_eager(trace), by and "inputs", backend, dtype, True)
        self.name, self.dtype = backend, self._by_row.dtype

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        return self._by_row.rows(theta[:0], self._with_parameters(theta, arguments))

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        given = self._with_parameters(theta, arguments)
        total, failures, (*by_inputs, by_row) = self._by_row.gradients(theta[:0], given)
        if self.by == "inputs":
            return total, failures, by_inputs
        by_parameters = np.zeros(self.parameters, self.dtype)
        for of_row in by_row:
            by_parameters += of_row
        return total, failures, by_parameters

    def _with_parameters(self, theta: Floats, arguments: Sequence[Floats]) -> list[Floats]:
        batch = len(arguments[0]) if arguments else 1
        return [*arguments, np.broadcast_to(theta, (batch, len(theta)))]


def _as_eager(trace: Trace) -> Trace:
    """The trace with its nodes in the order of ``topological_order``, seen from the results, and
    the parameters as one more argument."""
    order = _order(trace)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    inputs = [trace.inputs_of(i) for i in order.tolist()]
    arguments = [np.where(nodes < 0, nodes, place[nodes]) for nodes in trace.arguments]
    return replace(
        trace,
        codes=trace.codes[order],
        starts=np.concatenate([[0], np.cumsum(np.diff(trace.starts)[order])]),
        inputs=place[np.concatenate([np.zeros(0, np.int32), *inputs])],
        numbers=trace.numbers[order],
        kinds=np.where(trace.kinds == PARAMETER, np.int8(INPUT), trace.kinds)[order],
        depths=trace.depths[order],
        parameters=[],
        parameter_nodes=trace.parameter_nodes[:0],
        arguments=[*arguments, place[trace.parameter_nodes]],
        outputs=place[trace.outputs],
        failures=place[trace.failures],
    )


def _order(trace: Trace) -> Indices:
    """All nodes by depth, and within a depth by first use as the backward pass comes to them, the
    last first. Those that no result needs come before these."""
    depths = trace.depths.tolist()
    waiting: defaultdict[int, dict[int, None]] = defaultdict(dict)
    for end in trace.outputs.tolist():
        waiting[depths[end]][end] = None
    first_use = np.full(len(trace), len(trace))
    found = 0
    for depth in range(max(depths, default=-1), -1, -1):
        here = waiting.pop(depth, {})
        for node in here:
            first_use[node], found = found, found + 1
            for child in trace.inputs_of(node).tolist():
                waiting[depths[child]][child] = None
    return np.lexsort((-first_use, trace.depths))
