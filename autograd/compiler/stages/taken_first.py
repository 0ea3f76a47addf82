"""Taken first: a row of a computed table is computed from what is taken of its inputs.

``take([f(a) for a in table], i)`` becomes ``f(take(table, i))``. So what is not taken has no part
in the gradient, not even 0 times an infinity. This is for calls in which something is infinite:
elsewhere a table that is computed once serves all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.algebra import pick
from autograd.compiler.stages.trace import CONSTANT, LEAF, Trace

Bools = NDArray[np.bool_]
Column = tuple[int, ...]
"""The elements that one of them is taken from, as nodes."""

MOST_NEW = 200_000
"""With more new nodes the graph stays as it is, because compiling would take minutes. Tables that
are made from each other, step by step, need as many as the square of the steps."""


def takes_computed(trace: Trace) -> bool:
    """Whether something is taken that follows from inputs or parameters by an operation."""
    picks = np.repeat(_is_pick(trace), np.diff(trace.starts))
    return bool(_is_computed(trace)[trace.inputs[picks]].any())


def taken_first(trace: Trace) -> Trace:
    """The trace in which elements are taken from what they are computed of. A column of which not
    all elements are made by one operation stays as it is."""
    taking = _Taking(trace)
    instead = {}
    for i in np.flatnonzero(_is_pick(trace)).tolist():
        instead[i] = taking.taken(i)
        if len(taking.made) > MOST_NEW:
            return trace
    return taking.trace_with(instead) if taking.made else trace


def _is_pick(trace: Trace) -> Bools:
    picks: Bools = np.array([*(op is pick for op in trace.ops), False])[trace.codes]
    return picks


def _is_computed(trace: Trace) -> Bools:
    computed: Bools = (trace.codes != LEAF) & (trace.kinds != CONSTANT)
    return computed


class _Taking:
    """New nodes for a trace. They are numbered from its end on.

    Attributes:
        made: for each new node the code of its operation, its inputs, and its number.
        known: for an index and a column the node of what is picked.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace, self.computed = trace, _is_computed(trace).tolist()
        self.made: list[tuple[int, list[int], float]] = []
        self.known: dict[tuple[int, Column], int] = {}

    def taken(self, node: int) -> int:
        """The node to use in place of ``node``, which picks an element of a column."""
        index, *column = self.trace.inputs_of(node).tolist()
        every = tuple(column)
        if self._inputs(every) is None:
            return node
        waiting = [every]
        while waiting:
            missing = [x for x in self._inputs(waiting[-1]) or () if (index, x) not in self.known]
            if missing:
                waiting += missing
            else:
                self._take(node, index, waiting.pop())
        return self.known[index, every]

    def _take(self, node: int, index: int, column: Column) -> None:
        """What ``node`` would pick of this column, by what it picks of the inputs."""
        if (index, column) in self.known:
            return
        if len(set(column)) == 1:
            self.known[index, column] = column[0]
            return
        trace = self.trace
        if inputs := self._inputs(column):
            made_by, of = column[0], [self.known[index, x] for x in inputs]
        else:
            made_by, of = node, [index, *column]
        number = trace.numbers[column[int(trace.numbers[index])]]
        self.known[index, column] = len(trace) + len(self.made)
        self.made.append((int(trace.codes[made_by]), of, float(number)))

    def _inputs(self, column: Column) -> list[Column] | None:
        """The columns of what the elements of a column are computed of; None where they are not
        computed, or not alike."""
        trace = self.trace
        if len(set(column)) == 1 or not all(self.computed[i] for i in column):
            return None
        if len({(int(trace.codes[i]), len(trace.inputs_of(i))) for i in column}) > 1:
            return None
        return [*zip(*(trace.inputs_of(i).tolist() for i in column))]

    def trace_with(self, instead: dict[int, int]) -> Trace:
        """The trace with the new nodes, and without those that are no longer used.

        Args:
            instead: for each node that picks the one in its place.
        """
        trace, n = self.trace, len(self.trace)
        of_node = [trace.inputs_of(i).tolist() for i in range(n)]
        inputs = [
            [instead.get(j, j) for j in of] for of in (*of_node, *(of for _, of, _ in self.made))
        ]
        ends = [[instead.get(j, j) for j in x.tolist()] for x in (trace.outputs, trace.failures)]
        leaves = np.concatenate([*trace.arguments, trace.parameter_nodes]).tolist()
        order, depths = _in_order(inputs, {*ends[0], *ends[1], *leaves} - {LEAF})
        place = np.full(len(inputs), -1, np.int32)
        place[order] = np.arange(len(order))
        codes = np.array([*trace.codes, *(code for code, _, _ in self.made)], np.int16)
        numbers = np.array([*trace.numbers, *(number for _, _, number in self.made)])
        kinds = [*trace.kinds.tolist(), *(CONSTANT for _ in self.made)]
        for i in order:
            if inputs[i]:
                kinds[i] = max(kinds[j] for j in inputs[i])
        counts = [len(inputs[i]) for i in order]
        return replace(
            trace,
            codes=codes[order],
            starts=np.concatenate([[0], np.cumsum(counts)]),
            inputs=place[np.array([j for i in order for j in inputs[i]], np.int64)],
            numbers=numbers[order],
            kinds=np.array(kinds, np.int8)[order],
            depths=np.array(depths, np.int32),
            parameter_nodes=place[trace.parameter_nodes],
            arguments=[np.where(x < 0, x, place[x]) for x in trace.arguments],
            outputs=place[np.array(ends[0], np.int64)],
            failures=place[np.array(ends[1], np.int64)],
        )


def _in_order(inputs: Sequence[Sequence[int]], ends: set[int]) -> tuple[list[int], list[int]]:
    """The nodes that the ends need, by depth, and their depths."""
    depths: dict[int, int] = {}
    waiting = sorted(ends)
    while waiting:
        top = waiting[-1]
        if missing := [j for j in inputs[top] if j not in depths]:
            waiting += missing
        else:
            depths.setdefault(waiting.pop(), 1 + max((depths[j] for j in inputs[top]), default=-1))
    order = sorted(depths, key=lambda i: (depths[i], i))
    return order, [depths[i] for i in order]
