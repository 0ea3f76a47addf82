"""Which nodes of a trace have the same structure: groups, found by hashing.

Two nodes belong to one group if the same operation makes them from inputs of the same groups.
Leaves start as three kinds of group (the arguments, parameters, constants); those of parameters
and constants are then split by their uses, which sets weights apart from biases and one layer from
the next, and the grouping is made again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.algebra import pick
from autograd.compiler.stages.trace import CONSTANT, INPUT, LEAF, Trace
from autograd.ops import Op

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Hashes = NDArray[np.uint64]

# With more groups, a program would be as long as the graph: it has no structure worth finding.
# Those of a recurrence become a loop.
MOST_GROUPS = 3000
MOST_GROUPS_OF_STEPS = 30_000
# A recurrence repeats most of its levels, with at most this many levels between repeats.
REPEATED = 0.9
LONGEST_STEP = 400
# Levels with few edges are hashed edge by edge, because NumPy would take ten times as long.
FEW_EDGES = 6
# How many nodes at a time, which bounds the memory for temporary arrays.
AT_ONCE = 1 << 12


class Unstructured(Exception):
    """A graph has too many groups, or is too deep to look for groups level by level."""


ADD, SUM, CHAIN, SUB, ZERO = 30_001, 30_002, 30_003, 30_004, 30_005
_CODES = {ops.add: ADD, ops.sum: SUM, ops.sub: SUB}
"""The codes of additions, whatever the trace calls them. CHAIN is many additions as one sum. ZERO
is a 0 that belongs to the group of its one input, as the border around a picture."""


class Graph:
    """The edges of a trace, in which each chain of additions has become one sum.

    Its arrays are narrow, because a graph may have ten million nodes.

    Args:
        trace: its nodes.
        op: (n,), the code of each node's operation, or LEAF.
        source, owner: (edges,), an input and the node that has it, by owner.
        negative: (edges,), whether the owner subtracts it.

    Attributes:
        padded: the sums that got terms which count for nothing.
        reached: (n,), False for nodes that stay apart from others, because no gradient comes to
            them.
    """

    def __init__(
        self,
        trace: Trace,
        op: NDArray[np.int16],
        source: Int32s,
        owner: Int32s,
        negative: NDArray[np.bool_],
    ) -> None:
        self.trace, self.op = trace, op
        n = len(trace)
        self.padded: Int32s = np.zeros(0, np.int32)
        self.reached = np.ones(n, np.bool_)
        self.source, self.owner, self.negative = source, owner, negative
        self.terms = np.bincount(owner, minlength=n).astype(np.int32)
        self.starts = np.zeros(n + 1, np.int64)
        np.cumsum(self.terms, out=self.starts[1:])
        # Two terms are added element by element; more terms, along an axis.
        negatives = np.bincount(owner[negative], minlength=n)
        subtracting = (op == SUB) & (self.terms > 0)
        op[(op == ADD) & ((self.terms > 2) | (negatives > 0))] = CHAIN
        op[subtracting & ((self.terms != 2) | (negatives != 1))] = CHAIN
        self.summing = (op == ADD) | (op == SUM) | (op == CHAIN)
        del negatives, subtracting
        self.live = (self.terms > 0) | (op == LEAF)
        self.used = np.zeros(n, np.bool_)
        self.used[source] = True
        self.used[trace.outputs] = True
        self.used[trace.failures] = True
        products = [code for code, made_by in enumerate(trace.ops) if made_by is ops.mul]
        self.commutes = np.isin(self.op, products)
        n_ary = [code for code, made_by in enumerate(trace.ops) if _treats_alike(made_by)]
        # Those that have any number of inputs, and treat all alike.
        self.many = self.summing | np.isin(self.op, n_ary)
        self.picks = np.isin(self.op, [code for code, by in enumerate(trace.ops) if by is pick])

    # --- groups, as numbers from 0 ---

    def leaves_by_kind(self) -> Hashes:
        """A first hash for each leaf: one per argument, one for parameters, one for constants."""
        hashes = np.zeros(len(self.trace), np.uint64)
        leaf = self.op == LEAF
        hashes[leaf] = mix(self.trace.kinds[leaf].astype(np.uint64) + np.uint64(1))
        for number, nodes in enumerate(self.trace.arguments):
            hashes[nodes[nodes >= 0]] = mix(np.uint64(100 + number))
        return hashes

    def leaves_by_use(self, leaves: Hashes, groups: Int32s) -> Hashes:
        """The hashes of leaves, mixed with their uses: the consumer's group, and the place."""
        edges = np.flatnonzero((self.op == LEAF)[self.source])
        edges = edges[self.trace.kinds[self.source[edges]] != INPUT]
        edges = edges[self.op[self.owner[edges]] != ZERO]
        place = edges - self.starts[self.owner[edges]]
        place[(self.many | self.commutes)[self.owner[edges]]] = 0
        # All rows of a table are alike.
        np.minimum(place, 1, out=place, where=self.picks[self.owner[edges]])
        place[self.negative[edges]] += 1000
        use = groups[self.owner[edges]] * np.int64(1 << 32) + place
        del place
        uses, use_of_edge = np.unique(use, return_inverse=True)
        # A use counts once, however often the leaf is used like this.
        pairs = self.source[edges] * np.int64(len(uses)) + use_of_edge
        del edges, use, use_of_edge
        pairs = np.unique(pairs)
        result = leaves.copy()
        hashes = mix(uses)[pairs % len(uses)]
        np.add.at(result, pairs // len(uses), hashes)
        return result

    def group(self, leaves: Hashes, any_length: bool = False) -> Int32s:
        """The group of each node; -1 for a node that is not needed.

        Args:
            leaves: a hash for each leaf.
            any_length: whether sums, and other operations of any number of inputs, may be of one
                group though they have different numbers of terms.
        """
        n = len(self.trace)
        hashes = leaves.copy()
        groups = np.full(n, -1, np.int32)
        numbers: dict[int, int] = {}
        most = MOST_GROUPS_OF_STEPS if repeats(self.trace) else MOST_GROUPS
        for start in range(0, n, AT_ONCE):
            nodes = np.arange(start, min(start + AT_ONCE, n))
            nodes = nodes[self.live[nodes] & self.used[nodes]]
            inner = nodes[self.op[nodes] != LEAF]
            if len(inner):
                self._hash(inner, hashes, any_length)
            self._number(nodes, hashes, groups, numbers)
            if len(numbers) > most:
                raise Unstructured(f"over {most:,} groups of operations in {n:,} nodes")
        return groups

    def _hash(self, nodes: Ints, hashes: Hashes, any_length: bool) -> None:
        """Set the hashes of these nodes, level by level. What does not hang on those of their
        inputs comes first, for all at once, because a level may have few nodes."""
        terms = self.terms[nodes].astype(np.int64)
        spans = _spans(self.starts[nodes], terms)
        source = self.source[spans]
        many = np.repeat(self.many[nodes], terms)
        place = spans - np.repeat(self.starts[nodes], terms)
        place[many | np.repeat(self.commutes[nodes], terms)] = 0
        place[self.negative[spans]] += 1000
        of_place = mix(place + 7) | np.uint64(1)  # odd, so that a product with it loses nothing
        op = self.op[nodes].astype(np.int64)
        zeros = op == ZERO
        ends = np.cumsum(terms)
        starts = ends - terms
        if any_length:
            op[op == ADD] = CHAIN
            terms[self.many[nodes]] = 0
        of_node = mix(op + 1000) + mix(terms) + mix(self.reached[nodes].astype(np.int64))
        depths = self.trace.depths[nodes]
        cuts = [0, *(np.flatnonzero(depths[1:] != depths[:-1]) + 1).tolist(), len(nodes)]
        has_zeros = zeros.any() and not any_length
        few = _OneByOne(source, of_place, of_node, any_length & self.many[nodes])
        for a, b in pairwise(cuts):
            edges = slice(starts[a], ends[b - 1])
            if edges.stop - edges.start <= FEW_EDGES and not has_zeros:
                for k in range(a, b):
                    hashes[nodes[k]] = few.hash(k, range(starts[k], ends[k]), hashes)
                continue
            mixed = hashes[source[edges]] * of_place[edges]
            if any_length and many[edges].any():
                owner = np.repeat(np.arange(a, b), ends[a:b] - starts[a:b])
                mixed = _once(mixed, owner, many[edges])
            total = np.add.reduceat(mixed, starts[a:b] - starts[a])
            hashes[nodes[a:b]] = mix(total + of_node[a:b])
            if has_zeros and zeros[a:b].any():
                zero = nodes[a:b][zeros[a:b]]
                hashes[zero] = hashes[self.source[self.starts[zero]]]

    def _number(self, nodes: Ints, hashes: Hashes, groups: Int32s, numbers: dict[int, int]) -> None:
        """Number the groups of these nodes in order of appearance: each after its inputs."""
        distinct, first, which = np.unique(hashes[nodes], return_index=True, return_inverse=True)
        for place in np.argsort(first):
            numbers.setdefault(int(distinct[place]), len(numbers))
        names = np.array([numbers[int(h)] for h in distinct], np.int32)
        groups[nodes] = names[which]


class _OneByOne:
    """The hashes of single nodes, in plain integers: the same numbers as for many at once.

    Args:
        source, of_place: (edges,), the input and the hash of its place.
        of_node: (nodes,), the hash of the operation.
        once: (nodes,), whether inputs alike count once.
    """

    def __init__(self, source: Int32s, of_place: Hashes, of_node: Hashes, once: Any) -> None:
        self.source, self.of_place, self.of_node, self.once = source, of_place, of_node, once

    def hash(self, node: int, edges: range, hashes: Hashes) -> int:
        """The hash of a node, from those of its inputs."""
        mixed = [
            int(hashes[self.source[edge]]) * int(self.of_place[edge]) & _MOST for edge in edges
        ]
        total = sum(set(mixed) if self.once[node] else mixed)
        return _mixed(total + int(self.of_node[node]))


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

    absorbed, root = _absorbed(trace, op, source, owner, first)
    subtracting = op == SUB
    negative = subtracting[owner] & ~first
    del first
    summing = (op == ADD) | (op == SUM) | (subtracting & absorbed)
    zero = (trace.kinds[source] == CONSTANT) & (trace.numbers[source] == 0)
    zero &= summing[owner]
    del summing, subtracting
    owner = root[owner]
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
    return Graph(trace, op, source, owner, negative)


def _absorbed(
    trace: Trace,
    op: NDArray[np.int16],
    source: Int32s,
    owner: Int32s,
    first: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], Int32s]:
    """Which additions are part of another sum, and the sum that each node is part of.

    A subtraction is part of a sum where a loop adds up, as in ``total = total - a * b``. In
    ``total + (a - b)`` it is kept together, because the difference may be of large numbers.
    """
    n = len(trace)
    uses = np.bincount(source, minlength=n)
    uses[trace.outputs] += 1
    uses[trace.failures] += 1
    consumer = np.full(n, -1, np.int32)
    consumer[source] = owner
    leading = np.zeros(n, np.bool_)
    leading[source] = first
    # A call of sum keeps its terms together; additions join the sum that they are added to.
    adding = op == ADD
    either = adding | (op == SUB)
    absorbed = adding & (adding | (op == SUM))[consumer]
    absorbed |= either & leading & either[consumer]
    absorbed &= (uses == 1) & (consumer >= 0)
    del uses, adding, either, leading
    root = np.arange(n, dtype=np.int32)
    root[absorbed] = consumer[absorbed]
    while not np.array_equal(following := root[root], root):
        root = following
    return absorbed, root


def _treats_alike(op: Op) -> bool:
    return op.arity is None and op.is_built_in


def _codes(trace: Trace) -> NDArray[np.int16]:
    """The code of each operation of the trace; additions have codes of their own."""
    codes = [_CODES.get(op, code) for code, op in enumerate(trace.ops)]
    return np.array([*codes, LEAF], np.int16)


def _once(mixed: Hashes, owner: Ints, many: NDArray[np.bool_]) -> Hashes:
    """The hashes of terms, by owner; where it may have ``many``, those alike count once."""
    order = np.lexsort((mixed, owner))
    owner, mixed, many = owner[order], mixed[order], many[order]
    again = many[1:] & (owner[1:] == owner[:-1]) & (mixed[1:] == mixed[:-1])
    mixed[1:][again] = 0
    return mixed


def _spans(starts: Ints, counts: Ints) -> Ints:
    """``start, start + 1, ...`` for each start, with its count of numbers, joined."""
    total = int(counts.sum())
    steps = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + steps


def repeats(trace: Trace) -> bool:
    """Whether the operations at the levels of a graph repeat, as those of a recurrence do."""
    levels = int(trace.depths[-1]) + 1
    of_level = np.zeros(levels, np.uint64)
    np.add.at(of_level, trace.depths, mix(trace.codes.astype(np.int64)))
    half = levels // 2
    return any(
        np.mean(of_level[step:] == of_level[:-step]) > REPEATED
        for step in range(1, min(half, LONGEST_STEP) + 1)
    )


def mix(x: NDArray[Any] | np.uint64) -> Hashes:
    """A hash of 64 bits for each number of 64 bits.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014, with the
    constants of variant 13.
    """
    z = np.array(x, np.uint64, ndmin=1)  # of which an overflow gives no warning
    z += _GOLDEN
    z ^= z >> _30
    z *= _FIRST
    z ^= z >> _27
    z *= _SECOND
    z ^= z >> _31
    return z


def _mixed(x: int) -> int:
    """``mix`` of one number."""
    z = (x + _NUMBERS[0]) & _MOST
    z = ((z ^ z >> 30) * _NUMBERS[1]) & _MOST
    z = ((z ^ z >> 27) * _NUMBERS[2]) & _MOST
    return z ^ z >> 31


_MOST = (1 << 64) - 1
_NUMBERS = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_GOLDEN, _FIRST, _SECOND = map(np.uint64, _NUMBERS)
_30, _27, _31 = map(np.uint64, (30, 27, 31))
