"""Merge: one node for one computation.

Two nodes that the same operation makes from the same inputs are one. So what a program repeats,
such as a hidden layer inside a comprehension, is computed once. Constants are the same if their
bits are; the other leaves, which the user made, are always distinct.

A term or a partial sum merges only together with the whole sum. Otherwise two rows of data that
begin alike would share a part of their sums, and the sums of all rows would no longer look alike,
which is what makes them a product of matrices.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.ops import Op

if TYPE_CHECKING:
    from autograd.compiler.stages.trace import Ints, Trace

COMMUTES = frozenset({ops.add, ops.mul})
"""Operations that give the same bits for their inputs in either order."""

_bits = struct.Struct("d").pack


def hash_of_constant(x: float) -> int:
    """A hash of the bits of a number: 0.0 and -0.0 differ, and one nan is like another."""
    return hash(_bits(x))


def merged(trace: Trace, hashes: NDArray[np.int64]) -> Trace:
    """The trace without repeated computations.

    Args:
        trace: a graph of n nodes.
        hashes: (n,), for each node a hash of its operation and of the hashes of its inputs.
    """
    chosen = _chosen(trace, hashes)
    kept = chosen == np.arange(len(trace))
    if kept.all():
        return trace
    counts = np.where(kept, np.diff(trace.starts), 0)
    inputs = chosen[trace.inputs[np.repeat(kept, np.diff(trace.starts))]]
    # Constants that only the others used.
    used = np.zeros(len(trace), np.bool_)
    used[inputs] = True
    for ends in (trace.parameter_nodes, chosen[trace.outputs], chosen[trace.failures]):
        used[ends] = True
    for nodes in trace.arguments:
        used[nodes[nodes >= 0]] = True
    kept &= used
    place = (np.cumsum(kept, dtype=np.int32) - 1)[chosen]
    return replace(
        trace,
        codes=trace.codes[kept],
        starts=np.concatenate([[0], np.cumsum(counts[kept])]),
        inputs=place[inputs],
        numbers=trace.numbers[kept],
        kinds=trace.kinds[kept],
        depths=trace.depths[kept],
        parameter_nodes=place[trace.parameter_nodes],
        arguments=[np.where(nodes < 0, nodes, place[nodes]) for nodes in trace.arguments],
        outputs=place[trace.outputs],
        failures=_distinct(place[trace.failures]),
    )


def _chosen(trace: Trace, hashes: NDArray[np.int64]) -> Ints:
    """For each node the first that is the same computation: often the node itself."""
    chosen = np.arange(len(trace), dtype=np.int32)
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    # Equal numbers besides, so that two computations with one hash are not taken for the same.
    again = hashes[order[1:]] == hashes[order[:-1]]
    if not again.any():
        return chosen
    bits = trace.numbers.view(np.int64)
    again &= bits[order[1:]] == bits[order[:-1]]
    first = np.flatnonzero(np.concatenate([[True], ~again]))
    chosen[order] = np.repeat(order[first], np.diff(first, append=len(order)))
    chosen[trace.codes < 0] = np.flatnonzero(trace.codes < 0)
    if (again := chosen != np.arange(len(trace))).any():
        whole = _sum_of_each(trace)
        alone = again & (chosen[whole] == whole)
        chosen[alone] = np.flatnonzero(alone)
    return chosen


def _sum_of_each(trace: Trace) -> Ints:
    """For a term or a partial sum the whole sum, where it is used there only; for every other node
    the node itself."""
    n = len(trace)
    uses = np.bincount(trace.inputs, minlength=n)
    np.add.at(uses, trace.outputs, 1)
    np.add.at(uses, trace.failures, 1)
    consumer = np.zeros(n, np.int32)
    consumer[trace.inputs] = np.repeat(np.arange(n, dtype=np.int32), np.diff(trace.starts))
    adds = _is_one_of(trace, {ops.add, ops.sub, ops.sum})
    part = _is_one_of(trace, {ops.add, ops.sub, ops.mul}) & (uses == 1) & adds[consumer]
    whole = np.where(part, consumer, np.arange(n, dtype=np.int32))
    while not np.array_equal(following := whole[whole], whole):
        whole = following
    return whole


def _is_one_of(trace: Trace, some: set[Op]) -> NDArray[np.bool_]:
    known = np.array([op in some for op in trace.ops] + [False])  # the last for leaves, code -1
    return known[trace.codes]


def _distinct(nodes: Ints) -> Ints:
    return np.array(list(dict.fromkeys(nodes.tolist())), np.int32)
