"""New nodes for a graph, which are added in steps and then become part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.stages.group import Graph, Int32s
from autograd.compiler.stages.trace import LEAF, Trace
from autograd.ops import Op

Bools = NDArray[np.bool_]


class NewNodes:
    """Nodes to be added to a trace, in steps."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.size = trace, len(trace)
        self.ops = list(trace.ops)
        self.steps: list[_Step] = []

    def add(
        self,
        op: int,
        code: int,
        depths: Int32s,
        sources: Int32s,
        negative: Bools,
        of_masks: bool = False,
        numbers: NDArray[np.float64] | None = None,
        from_zero: bool = False,
    ) -> Int32s:
        """New nodes of one operation, with a line of sources for each."""
        start, self.size = self.size, self.size + len(depths)
        if numbers is None:
            numbers = np.zeros(len(depths))
        self.steps.append(
            _Step(start, op, code, depths, sources, negative, of_masks, numbers, from_zero)
        )
        return np.arange(start, self.size, dtype=np.int32)

    def constants(self, numbers: NDArray[np.float64]) -> Int32s:
        """New constants."""
        n = len(numbers)
        none = np.zeros((n, 0), np.int32)
        depths = np.zeros(n, np.int32)
        return self.add(LEAF, LEAF, depths, none, np.zeros(0, np.bool_), numbers=numbers)

    def code(self, op: Op) -> int:
        """The code of an operation."""
        if op not in self.ops:
            self.ops.append(op)
        return self.ops.index(op)

    def cut(self, size: int) -> None:
        """Forget all but the first nodes."""
        self.steps = [step for step in self.steps if step.start < size]
        self.size = size

    def graph(
        self,
        graph: Graph,
        depths: Int32s,
        source: Int32s,
        owner: Int32s,
        negative: Bools,
        instead: Int32s,
        sums: Int32s,
    ) -> Graph:
        """The graph with the new nodes.

        Args:
            graph: without them.
            depths: of its nodes.
            source, owner, negative: the edges of its nodes.
            instead: for each node the one that others get in its place.
            sums: those that are padded.
        """
        trace, steps = self.trace, self.steps
        counts = [len(step.depths) for step in steps]
        kinds = self._kinds()
        depths = np.concatenate([depths, *(s.depths for s in steps)])
        order = np.argsort(depths, kind="stable")
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order))
        own = ((s.sources if s.of_masks else instead[s.sources]).reshape(-1) for s in steps)
        source = np.concatenate([source, *own])
        owner = np.concatenate([owner, *(s.owner for s in steps)])
        negative = np.concatenate([negative, *(np.tile(s.negative, len(s.depths)) for s in steps)])
        source, owner = place[source], place[owner]
        by_owner = np.argsort(owner, kind="stable")
        source, owner, negative = source[by_owner], owner[by_owner], negative[by_owner]
        of_steps = list(zip(counts, steps))
        op = np.concatenate([graph.op, *(np.full(n, s.op, np.int16) for n, s in of_steps)])
        codes = [np.full(n, s.code, np.int16) for n, s in of_steps]
        from_zero = np.concatenate(
            [graph.from_zero, *(np.full(n, s.from_zero) for n, s in of_steps)]
        )
        starts = np.zeros(len(order) + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=len(order)), out=starts[1:])
        padded = replace(
            trace,
            ops=tuple(self.ops),
            codes=np.concatenate([trace.codes, *codes])[order],
            starts=starts,
            inputs=source,
            numbers=np.concatenate([trace.numbers, *(s.numbers for s in steps)])[order],
            kinds=kinds[order],
            depths=depths[order],
            parameter_nodes=place[trace.parameter_nodes],
            arguments=[np.where(a < 0, a, place[a]) for a in trace.arguments],
            outputs=place[trace.outputs],
            failures=place[trace.failures],
        )
        made = Graph(padded, op[order], source, owner, negative, from_zero[order])
        made.padded = place[sums]
        return made

    def _kinds(self) -> NDArray[np.int8]:
        kinds = np.concatenate([self.trace.kinds, np.zeros(self.size - len(self.trace), np.int8)])
        for step in self.steps:
            if step.sources.shape[1]:
                end = step.start + len(step.depths)
                kinds[step.start : end] = kinds[step.sources].max(axis=1)
        return kinds


@dataclass
class _Step:
    """New nodes of one operation, from ``start`` on."""

    start: int
    op: int
    code: int
    depths: Int32s
    sources: Int32s
    negative: Bools
    of_masks: bool
    numbers: NDArray[np.float64]
    from_zero: bool

    @property
    def owner(self) -> Int32s:
        nodes = np.arange(self.start, self.start + len(self.depths), dtype=np.int32)
        return np.repeat(nodes, self.sources.shape[1])
