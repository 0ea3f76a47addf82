"""The graph of a trace: chains of additions become sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.algebra import FOLDS
from autograd.compiler.stages.group import ADD, SUB, SUM, Graph, Int32s
from autograd.compiler.stages.trace import CONSTANT, LEAF, Trace

CODES = {ops.add: ADD, ops.sum: SUM, ops.sub: SUB}


def graph_of(trace: Trace) -> Graph:
    """The graph of a trace. Temporary arrays are deleted at once, because they are large."""
    n = len(trace)
    op = _codes(trace)[trace.codes]
    # A node that follows from constants alone is as good as a leaf.
    op[trace.kinds == CONSTANT] = LEAF
    owner = np.repeat(np.arange(n, dtype=np.int32), np.diff(trace.starts))
    keep = op[owner] != LEAF
    first = np.zeros(len(owner) + 1, np.bool_)
    first[trace.starts[:-1]] = True
    source, owner, first = trace.inputs[keep], owner[keep], first[:-1][keep]
    del keep

    source, copies, from_zero = _without_copies(trace, op, source, owner, first)
    keep = ~copies[owner]
    source, owner, first = source[keep], owner[keep], first[keep]
    del keep, copies
    absorbed, root = _absorbed(trace, op, source, owner, first)
    subtracting = op == SUB
    negative = subtracting[owner] & ~first
    del first
    summing = (op == ADD) | (op == SUM) | (subtracting & absorbed)
    zero = _zero(trace, source) & summing[owner]
    del summing, subtracting
    owner = root[owner]
    # A 0.0 makes 0.0 of a sum of terms that are all -0.0, wherever it stands; -0.0 does nothing.
    from_zero[root[from_zero]] = True
    from_zero |= op == SUM
    from_zero[owner[zero & (np.signbit(trace.numbers[source]) == negative)]] = True
    keep = ~absorbed[source] & ~zero
    # A sum in which all terms are 0 keeps them.
    terms = np.bincount(owner[keep], minlength=n)
    keep |= zero & (terms[owner] == 0)
    del zero, terms
    source, owner, negative = source[keep], owner[keep], negative[keep]
    del keep
    if absorbed.any():
        # Stable, so that the terms of a sum stay in the order of its additions.
        order = np.argsort(owner, kind="stable")
        source, owner, negative = source[order], owner[order], negative[order]
    return Graph(trace, op, source, owner, negative, from_zero)


def _absorbed(
    trace: Trace,
    op: NDArray[np.int16],
    source: Int32s,
    owner: Int32s,
    first: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], Int32s]:
    """Which additions are part of another sum, and the sum that each node is part of. Likewise for
    chains of ``maximum`` and ``minimum``.

    No bit of a result may change. So in ``(a + b) + c`` the first addition is part of the sum, and
    in ``c + (a + b)``, which is the same; but of ``(a + b) + (c + d)`` only one can be, and a
    subtraction only in front, as in ``total - a * b`` in a loop. Where both could be, it is the one
    that adds up: from 0 on, or of more terms. Two that are alike remain terms, and so does the
    first term of Python's ``sum``.
    """
    n = len(trace)
    uses = np.bincount(source, minlength=n)
    uses[trace.outputs] += 1
    uses[trace.failures] += 1
    adding = op == ADD
    either = adding | (op == SUB)
    consumer = owner[first & either[owner]]
    front, behind = source[first & either[owner]], source[~first & either[owner]]
    once = uses == 1
    left = np.arange(n, dtype=np.int32)
    left[consumer] = front
    left = _ends(left)
    from_zero = _zero(trace, left)
    ahead = (once & either)[front]
    later = (once & adding)[behind] & adding[consumer] & ~_zero(trace, front)
    deeper = trace.depths[front] - trace.depths[behind]
    deeper[from_zero[front]] = 1
    ahead, later = ahead & ~(later & (deeper <= 0)), later & ~(ahead & (deeper >= 0))
    parts = [(front[ahead], consumer[ahead]), (behind[later], consumer[later])]
    for code in (code for code, made_by in enumerate(trace.ops) if made_by in FOLDS):
        fold = op == code
        consumer, front = owner[first & fold[owner]], source[first & fold[owner]]
        behind = source[~first & fold[owner]]
        ahead = (once & fold)[front]  # of two chains that meet, one goes on
        later = (once & fold)[behind] & ~ahead
        parts += [(front[ahead], consumer[ahead]), (behind[later], consumer[later])]
    absorbed = np.zeros(n, np.bool_)
    root = np.arange(n, dtype=np.int32)
    for part, whole in parts:
        absorbed[part] = True
        root[part] = whole
    return absorbed, _ends(root)


def _without_copies(
    trace: Trace, op: NDArray[np.int16], source: Int32s, owner: Int32s, first: NDArray[np.bool_]
) -> tuple[Int32s, NDArray[np.bool_], NDArray[np.bool_]]:
    """The edges, in which ``a`` stands for ``0.0 + a`` where that is added to something; which
    nodes are no longer used, and to which 0.0 is added so. The sum that begins with a sum stays as
    it is."""
    from_zero = np.zeros(len(trace), np.bool_)
    adding = op == ADD
    consumer = owner[first & adding[owner]]
    front, behind = source[first & adding[owner]], source[~first & adding[owner]]
    copies = _zero(trace, front) & ~(adding | (op == SUB))[behind]
    original = np.full(len(trace), -1, np.int32)
    original[consumer[copies]] = behind[copies]
    uses = np.bincount(source, minlength=len(trace))
    uses[trace.outputs] += 1
    uses[trace.failures] += 1
    edges = (original[source] >= 0) & (uses[source] == 1)
    edges &= adding[owner] | (first & (op == SUB)[owner])
    from_zero[owner[edges]] = True
    copied = source[edges]
    source = np.where(edges, original[source], source)
    # b + (0 + a) is a + b, as b + (0 + a + c) is a + c + b.
    turned = np.flatnonzero(edges & ~first)
    turned = turned[~edges[turned - 1] & ~adding[source[turned - 1]]]
    source[turned], source[turned - 1] = source[turned - 1], source[turned]
    unused = np.zeros(len(trace), np.bool_)
    unused[copied] = True
    return source, unused, from_zero


def _zero(trace: Trace, nodes: Int32s) -> NDArray[np.bool_]:
    """Which nodes are constants of 0."""
    zero: NDArray[np.bool_] = (trace.kinds[nodes] == CONSTANT) & (trace.numbers[nodes] == 0)
    return zero


def _ends(following: Int32s) -> Int32s:
    """For each node the end of its path: what follows it, what follows that, and so on."""
    while not np.array_equal(after := following[following], following):
        following = after
    return following


def _codes(trace: Trace) -> NDArray[np.int16]:
    """The code of each operation of the trace; additions have codes of their own."""
    codes = [CODES.get(op, code) for code, op in enumerate(trace.ops)]
    return np.array([*codes, LEAF], np.int16)
