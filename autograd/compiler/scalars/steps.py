"""Steps: the nodes of a graph in the order in which the machine takes them, and where they lie.

With the rows of a block side by side, every node is a step of its own. Without rows (a batch of
one, or a graph that holds its data) the nodes of one depth and one operation are the lanes of a
step, where they are many; and leaves are numbered in the order in which steps read them, so that
most operands lie side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.scalars.templates import Lie
from autograd.compiler.stages.trace import CONSTANT, INPUT, LEAF, Trace

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEW = 8
"""Fewer lanes than this are steps of their own."""

MANY = 1024
"""More lanes are several steps, so that what lies between two instructions stays in the cache."""

BLOCK = 1 << 18
"""Operands put in order at a time, which bounds temporary memory."""


@dataclass
class Steps:
    """Steps, each of some lanes, with a column of operands for each input.

    Attributes:
        nodes: (interior,), the nodes of all steps, one step after the other.
        first, lanes: (steps,), where the lanes of a step are among ``nodes``.
        codes: (steps,), the operation, as in the trace.
        in_rows: (steps,), whether its results differ from row to row.
        reached: (steps,), whether the results of the graph depend on it.
        columns: (steps + 1,), where the columns of each step begin.
        begins: (columns,), where the operands of a column begin in ``read``.
        read: (operands,), nodes.
        lies: (columns,), how operands lie: a Lie.
        place: (n,), the place of each node among those in rows, or among the others: leaves first.
        sizes: how many nodes there are without rows, and with.
    """

    nodes: Ints
    first: Longs
    lanes: Longs
    codes: NDArray[np.int16]
    in_rows: Bools
    reached: Bools
    columns: Longs
    begins: Longs
    read: Ints
    lies: NDArray[np.int8]
    place: Ints
    sizes: tuple[int, int]


def steps(trace: Trace, rows: bool) -> Steps:
    """The steps of a trace, for a block of rows or for a single one."""
    in_rows = (trace.kinds == INPUT) & rows
    interior = (trace.codes != LEAF) & (trace.kinds != CONSTANT)
    reached = trace.reached_nodes()
    counts = np.diff(trace.starts)
    if rows:
        nodes = np.flatnonzero(interior).astype(np.int32)
        nodes = nodes[np.argsort(in_rows[nodes], kind="stable")]
        first = np.arange(len(nodes))
    else:
        nodes, first = _together(trace, interior, reached)
    lanes = np.diff(first, append=len(nodes))
    leading = nodes[first]
    width = counts[leading]
    columns = np.concatenate([[0], np.cumsum(width)])
    read = _by_column(trace, nodes, first, lanes)
    length = np.repeat(lanes, width)
    begins = np.cumsum(length) - length
    place, sizes = _places(interior, in_rows, nodes, read)
    if rows:
        alone = np.repeat(in_rows[leading], width) & ~in_rows[read]
        lies = np.where(alone, Lie.ONE, Lie.SIDE_BY_SIDE).astype(np.int8)
    else:
        lies = _lies(place[read], begins, length)
    return Steps(
        nodes, first, lanes, trace.codes[leading], in_rows[leading], reached[leading], columns,
        begins, read, lies, place, sizes,
    )  # fmt: skip


def _together(trace: Trace, interior: Bools, reached: Bools) -> tuple[Ints, Longs]:
    """The nodes in the order of their steps, and where steps begin."""
    nodes = np.flatnonzero(interior).astype(np.int32)
    codes = trace.codes[nodes].astype(np.int64) * 2 + reached[nodes]
    _, kind = np.unique(
        np.diff(trace.starts)[nodes] * (2 * len(trace.ops)) + codes, return_inverse=True
    )
    key = trace.depths[nodes].astype(np.int64) * (int(kind.max(initial=0)) + 1) + kind
    order = np.argsort(key, kind="stable")
    key, nodes = key[order], nodes[order]
    group = np.flatnonzero(np.diff(key, prepend=-1))
    lanes = np.diff(group, append=len(nodes))
    within = np.arange(len(nodes)) - np.repeat(group, lanes)
    begins = (within % MANY == 0) | np.repeat(lanes < FEW, lanes)
    return nodes, np.flatnonzero(begins)


def _by_column(trace: Trace, nodes: Ints, first: Longs, lanes: Longs) -> Ints:
    """What the nodes read, step by step, within a step column by column."""
    width = np.diff(trace.starts)[nodes[first]]
    bounds = np.concatenate([[0], np.cumsum(width * lanes)])
    read = np.empty(int(bounds[-1]), np.int32)
    for at in range(0, len(read), BLOCK):
        end = min(at + BLOCK, len(read))
        low = int(np.searchsorted(bounds, at, "right")) - 1
        high = int(np.searchsorted(bounds, end))
        step = np.repeat(np.arange(low, high), np.diff(np.clip(bounds[low : high + 1], at, end)))
        column, lane = np.divmod(np.arange(at, end) - bounds[step], lanes[step])
        read[at:end] = trace.inputs[trace.starts[nodes[first[step] + lane]] + column]
    return read


def _places(
    interior: Bools, in_rows: Bools, nodes: Ints, read: Ints
) -> tuple[Ints, tuple[int, int]]:
    """Where each node stands, among those in rows or among the others: leaves in the order in
    which they are read, and then the nodes of the steps."""
    n = len(interior)
    first_use = np.full(n, len(read), np.int64)
    first_use[read[::-1]] = np.arange(len(read) - 1, -1, -1)  # the first remains
    leaves = np.flatnonzero(~interior)
    leaves = leaves[np.argsort(first_use[leaves], kind="stable")]
    place = np.empty(n, np.int32)
    every = np.concatenate([leaves, nodes])
    with_rows, without = every[in_rows[every]], every[~in_rows[every]]
    place[with_rows], place[without] = np.arange(len(with_rows)), np.arange(len(without))
    return place, (len(without), len(with_rows))


def _lies(places: Ints, begins: Longs, length: Longs) -> NDArray[np.int8]:
    """How the operands of each column lie."""
    change = np.diff(places)

    def all_are(step: int) -> Bools:
        so_far = np.concatenate([[0], np.cumsum(change == step, dtype=np.int32)])
        found: Bools = so_far[begins + length - 1] - so_far[begins] == length - 1
        return found

    kinds = [all_are(1), all_are(0)]
    return np.select(kinds, [Lie.SIDE_BY_SIDE, Lie.ONE], Lie.ANYWHERE).astype(np.int8)
