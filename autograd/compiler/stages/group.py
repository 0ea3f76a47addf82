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
from autograd.compiler.algebra import FOLDS, pick
from autograd.compiler.stages.trace import INPUT, LEAF, Trace
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
# Added to the code of a sum that begins with 0.0.
FROM_ZERO = 100_000
# How many nodes at a time, which bounds the memory for temporary arrays.
AT_ONCE = 1 << 12


class Unstructured(Exception):
    """A graph has too many groups, or is too deep to look for groups level by level."""


ADD, SUM, CHAIN, SUB, ZERO = 30_001, 30_002, 30_003, 30_004, 30_005
"""The codes of additions, whatever the trace calls them. CHAIN is many additions as one sum, from
its first term to its last. ZERO is a 0 that belongs to the group of its one input, as the border
around a picture."""


class Graph:
    """The edges of a trace, in which each chain of additions has become one sum. Its terms are in
    the order of the additions: ``a + b + c``, and ``c + (a + b)``, which is the same to the bit.

    Its arrays are narrow, because a graph may have ten million nodes.

    Args:
        trace: its nodes.
        op: (n,), the code of each node's operation, or LEAF.
        source, owner: (edges,), an input and the node that has it, by owner.
        negative: (edges,), whether the owner subtracts it.
        from_zero: (n,), whether a node is a sum that begins with 0.0, which is no term here.

    Attributes:
        folds: (n,), chains of ``maximum``, or of ``minimum``, as one node of many inputs in order.
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
        from_zero: NDArray[np.bool_],
    ) -> None:
        self.trace, self.op, self.from_zero = trace, op, from_zero
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
        op[subtracting & ((self.terms != 2) | (negatives != 1) | from_zero)] = CHAIN
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
        folds = [code for code, made_by in enumerate(trace.ops) if made_by in FOLDS]
        self.folds = np.isin(self.op, folds)
        self.folds &= bool((self.terms[self.folds] > 2).any())
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
        place[(self.many | self.commutes | self.folds)[self.owner[edges]]] = 0
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
        of_any = self.many[nodes] | (self.folds[nodes] & any_length)
        many = np.repeat(of_any, terms)
        place = spans - np.repeat(self.starts[nodes], terms)
        place[many | np.repeat(self.commutes[nodes], terms)] = 0
        place[self.negative[spans]] += 1000
        of_place = mix(place + 7) | np.uint64(1)  # odd, so that a product with it loses nothing
        op = self.op[nodes].astype(np.int64)
        zeros = op == ZERO
        # Two terms may change places; more are added in their order.
        in_order = self.summing[nodes] & (any_length | (op == CHAIN) | (terms > 2))
        in_order |= self.folds[nodes] & any_length
        op += FROM_ZERO * self.from_zero[nodes]
        ends = np.cumsum(terms)
        starts = ends - terms
        if any_length:
            op[self.op[nodes] == ADD] += CHAIN - ADD
            terms[of_any] = 0
        of_node = mix(op + 1000) + mix(terms) + mix(self.reached[nodes].astype(np.int64))
        depths = self.trace.depths[nodes]
        cuts = [0, *(np.flatnonzero(depths[1:] != depths[:-1]) + 1).tolist(), len(nodes)]
        has_zeros = zeros.any() and not any_length
        few = _OneByOne(source, of_place, of_node, of_any & any_length, in_order)
        has_order = in_order.any()
        for a, b in pairwise(cuts):
            edges = slice(starts[a], ends[b - 1])
            if edges.stop - edges.start <= FEW_EDGES and not has_zeros:
                for k in range(a, b):
                    hashes[nodes[k]] = few.hash(k, range(starts[k], ends[k]), hashes)
                continue
            mixed = hashes[source[edges]] * of_place[edges]
            if has_order and in_order[a:b].any():
                owner = np.repeat(np.arange(a, b), ends[a:b] - starts[a:b])
                run = runs_of(mixed, owner) * in_order[owner]
                mixed *= np.where(run > 0, mix(run) | np.uint64(1), np.uint64(1))
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
        in_order: (nodes,), whether the runs of inputs alike count in their order.
    """

    def __init__(
        self, source: Int32s, of_place: Hashes, of_node: Hashes, once: Any, in_order: Any
    ) -> None:
        self.source, self.of_place, self.of_node = source, of_place, of_node
        self.once, self.in_order = once, in_order

    def hash(self, node: int, edges: range, hashes: Hashes) -> int:
        """The hash of a node, from those of its inputs."""
        mixed = [
            int(hashes[self.source[edge]]) * int(self.of_place[edge]) & _MOST for edge in edges
        ]
        if self.in_order[node]:
            run, last = 0, mixed[0]
            for place, x in enumerate(mixed):
                run, last = run + (x != last), x
                mixed[place] = x * (_mixed(run) | 1) & _MOST if run else x
        total = sum(set(mixed) if self.once[node] else mixed)
        return _mixed(total + int(self.of_node[node]))


def _treats_alike(op: Op) -> bool:
    return op.arity is None and op.is_built_in


def runs_of(keys: NDArray[Any], owner: Ints) -> Ints:
    """For each term of each owner the run of equal keys that it is part of: 0 for the first."""
    begins = np.zeros(len(keys), np.int64)
    begins[1:] = keys[1:] != keys[:-1]
    other = owner[1:] != owner[:-1]
    begins[1:][other] = 0
    runs = np.cumsum(begins)
    first = np.concatenate([[True], other])
    begun: Ints = runs - runs[first][np.cumsum(first) - 1]
    return begun


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
