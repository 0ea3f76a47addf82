"""Zeros around data, as the border of a picture: sums are shorter without them."""

from __future__ import annotations

import numpy as np

from autograd.compiler.stages.group import Graph, Int32s
from autograd.compiler.stages.trace import CONSTANT, LEAF


def without_zeros(graph: Graph) -> tuple[Graph, Int32s]:
    """The graph without products by a constant 0 in sums, as of a border of zeros, which ``pad``
    adds again as holes; and the sums that had some."""
    trace = graph.trace
    zero = (graph.op == LEAF) & (trace.kinds == CONSTANT) & (trace.numbers == 0)
    products = np.zeros(len(trace), np.bool_)
    products[graph.owner[zero[graph.source] & graph.commutes[graph.owner]]] = True
    drop = products[graph.source] & graph.summing[graph.owner]
    left = np.bincount(graph.owner[~drop], minlength=len(trace))
    drop &= left[graph.owner] > 0
    sums = np.unique(graph.owner[drop])
    used = np.bincount(graph.source[~drop], minlength=len(trace))
    used[trace.outputs] += 1
    drop |= products[graph.owner] & (used[graph.owner] == 0)
    source, owner, negative = (x[~drop] for x in (graph.source, graph.owner, graph.negative))
    if not len(sums):
        return graph, sums
    return Graph(trace, graph.op.copy(), source, owner, negative, graph.from_zero), sums
