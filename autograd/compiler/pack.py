"""Pack, the second stage: operations of the same structure become one array instruction.

Two nodes belong to one group if they are made by the same row of the table from inputs of the
same groups. Leaves start as three kinds of group (the arguments, parameters, constants); those of
parameters and constants are then split by who uses them, which sets weights apart from biases and
one layer from the next, and the grouping is made again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.program import (
    Array,
    Block,
    Collect,
    Instruction,
    Map,
    Program,
    Reduce,
    View,
    needed,
    view,
    whole,
)
from autograd.compiler.trace import CONSTANT, INPUT, LEAF, PARAMETER, Trace

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

# Beyond, a graph has no structure worth finding, and its program would be as long as the graph.
MOST_GROUPS = 3000
# Deeper, and with few nodes at each depth, it is chains: they are not even looked at.
MOST_LEVELS = 2000
FEW_NODES = 16


class Unstructured(Exception):
    """A graph of too many groups, or too deep for them to be found level by level."""


def pack(trace: Trace) -> Program:
    """The array program of a trace, every array one-dimensional.

    Raises:
        Unstructured: it would be hardly shorter than the trace.
    """
    levels = int(trace.depths[-1]) + 1
    if levels > MOST_LEVELS and len(trace) < FEW_NODES * levels:
        raise Unstructured(f"{levels:,} operations in a row in {len(trace):,} nodes")
    graph = _Graph(trace)
    leaf_groups = graph.leaves_by_kind()
    groups = graph.group(leaf_groups)
    groups = graph.group(graph.leaves_by_use(leaf_groups, groups))
    return _Writer(trace, graph, groups).program()


class _Graph:
    """The edges of a trace, with chains of additions made into one sum each."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        n = len(trace)
        codes = trace.codes.astype(np.int64)
        # What follows from constants alone is as good as a leaf.
        codes[trace.kinds == CONSTANT] = LEAF
        owner = np.repeat(np.arange(n), np.diff(trace.starts))
        keep = codes[owner] != LEAF
        source, owner = trace.inputs[keep].astype(np.int64), owner[keep]
        position = np.arange(len(keep))[keep] - trace.starts[owner]

        self.op = _row_kinds(trace)[codes]
        self.op[codes == LEAF] = LEAF
        summing = np.isin(self.op, (_ADD, _SUM))
        uses = np.bincount(source, minlength=n)
        uses[trace.outputs] += 1
        uses[trace.failures] += 1
        consumer = np.full(n, -1)
        consumer[source] = owner
        # A sum written as such keeps its terms together; additions become one sum.
        absorbed = (self.op == _ADD) & (uses == 1) & (consumer >= 0) & summing[consumer]
        root = np.arange(n)
        root[absorbed] = consumer[absorbed]
        while not np.array_equal(following := root[root], root):
            root = following

        live = np.isin(np.arange(n), owner) | (self.op == LEAF)
        live[absorbed] = False
        zero = (codes[source] == LEAF) & (trace.kinds[source] == CONSTANT)
        zero &= (trace.numbers[source] == 0) & summing[owner]
        keep = ~absorbed[source] & ~zero
        # A sum of nothing but zeros keeps them.
        terms = np.bincount(root[owner[keep]], minlength=n)
        keep |= zero & (terms[root[owner]] == 0)
        source, owner, position = source[keep], owner[keep], position[keep]
        order = np.lexsort((position, owner, self.trace.depths[owner], root[owner]))
        self.source, self.owner = source[order], root[owner[order]]
        self.terms = np.bincount(self.owner, minlength=n)
        self.starts = np.concatenate([[0], np.cumsum(self.terms)])
        self.position = np.arange(len(order)) - self.starts[self.owner]
        # Two numbers added are a sum element by element; more, a sum along an axis.
        self.op[(self.op == _ADD) & (self.terms > 2)] = _CHAIN
        self.summing = summing
        self.live = live
        self.used = np.bincount(self.source, minlength=n) > 0
        self.used[trace.outputs] = True
        self.used[trace.failures] = True

    # --- groups, as numbers from 0 ---

    def leaves_by_kind(self) -> Hashes:
        """A first hash for each leaf: by argument, parameters, constants."""
        hashes = np.zeros(len(self.trace), np.uint64)
        leaf = self.op == LEAF
        hashes[leaf] = mix(self.trace.kinds[leaf].astype(np.uint64) + np.uint64(1))
        for number, nodes in enumerate(self.trace.arguments):
            hashes[nodes[nodes >= 0]] = mix(np.uint64(100 + number))
        return hashes

    def leaves_by_use(self, leaves: Hashes, groups: Ints) -> Hashes:
        """Their hashes with the set of uses (consumer's group and place) mixed in."""
        edge = (self.op[self.source] == LEAF) & (self.trace.kinds[self.source] != INPUT)
        source, owner = self.source[edge], self.owner[edge]
        place = np.where(self.summing[owner] | self._commutes[owner], 0, self.position[edge])
        use = mix(mix(groups[owner].astype(np.uint64)) + place.astype(np.uint64))
        pairs = np.unique(np.rec.fromarrays([source, use]))
        result = leaves.copy()
        np.add.at(result, pairs["f0"], mix(pairs["f1"]))
        return result

    def group(self, leaves: Hashes) -> Ints:
        """The group of each node; -1 for those that are gone."""
        n = len(self.trace)
        hashes = leaves.copy()
        bounds = np.searchsorted(self.trace.depths, np.arange(self.trace.depths[-1] + 2))
        self._commutes = np.isin(self.op, self._commutative_rows())
        for first, last in zip(bounds[:-1], bounds[1:]):
            nodes = np.arange(first, last)[(self.op[first:last] != LEAF) & self.live[first:last]]
            if not len(nodes):
                continue
            spans = _spans(self.starts[nodes], self.terms[nodes])
            of_input = hashes[self.source[spans]]
            owner = np.repeat(np.arange(len(nodes)), self.terms[nodes])
            free = (self.summing[nodes] | self._commutes[nodes])[owner]
            place = np.where(free, 0, self.position[spans]).astype(np.uint64)
            mixed = mix(of_input + mix(place + np.uint64(7)))
            first_term = np.concatenate([[0], np.cumsum(self.terms[nodes])[:-1]])
            total = np.add.reduceat(mixed, first_term)
            code = mix(self.op[nodes].astype(np.uint64) + np.uint64(1000))
            hashes[nodes] = mix(total + code + mix(self.terms[nodes].astype(np.uint64)))
        groups = np.full(n, -1)
        present = self.live & self.used
        _, first_seen, group = np.unique(hashes[present], return_index=True, return_inverse=True)
        # Numbered as they first appear, so that each comes after its inputs.
        rank = np.empty(len(first_seen), np.int64)
        rank[np.argsort(first_seen)] = np.arange(len(first_seen))
        groups[present] = rank[group]
        if len(rank) > MOST_GROUPS:
            raise Unstructured(f"{len(rank):,} groups of operations in {n:,} nodes")
        return groups

    def _commutative_rows(self) -> list[int]:
        names = ("mul", "maximum", "minimum")
        return [c for c, row in enumerate(self.trace.rows) if row.name in names and row.arity == 2]


_ADD, _SUM, _CHAIN = 30_001, 30_002, 30_003


def _row_kinds(trace: Trace) -> Ints:
    """The code of each row; add and sum have codes of their own, whatever the trace calls them."""
    return np.array(
        [
            _ADD if row is ops.add else _SUM if row is ops.sum else code
            for code, row in enumerate(trace.rows)
        ]
        + [LEAF],
        np.int64,
    )


class _Writer:
    """Groups as instructions."""

    def __init__(self, trace: Trace, graph: _Graph, groups: Ints) -> None:
        self.trace, self.graph, self.groups = trace, graph, groups
        order = np.argsort(groups, kind="stable")
        order = order[np.searchsorted(groups[order], 0) :]
        bounds = np.searchsorted(groups[order], np.arange(groups.max() + 2))
        self.members = [order[a:b] for a, b in zip(bounds[:-1], bounds[1:])]
        self.lane = np.zeros(len(trace), np.int64)
        for members in self.members:
            self.lane[members] = np.arange(len(members))
        self.arrays: list[Array] = []
        self.leaves: set[Array] = set()
        self.instructions: list[Instruction] = []

    def program(self) -> Program:
        """All of it."""
        trace = self.trace
        place_of = np.full(len(trace), -1)
        place_of[trace.parameter_nodes] = np.arange(len(trace.parameters))
        argument_of = {}
        arguments = []
        for nodes in trace.arguments:
            array = Array((len(nodes),), INPUT)
            arguments.append(array)
            self.lane[nodes[nodes >= 0]] = np.flatnonzero(nodes >= 0)
            for group in set(self.groups[nodes[nodes >= 0]].tolist()) - {-1}:
                argument_of[group] = array
        blocks, constants = [], []
        for group, members in enumerate(self.members):
            first = members[0]
            if group in argument_of:
                array = argument_of[group]
            elif self.graph.op[first] != LEAF:
                array = self._instruction(members)
            elif place_of[first] >= 0:
                # In the order of the parameters, which is that of a person who lists them.
                members = members[np.argsort(place_of[members])]
                self.lane[members] = np.arange(len(members))
                array = Array((len(members),), PARAMETER)
                blocks.append(Block(array, place_of[members]))
            else:
                numbers = trace.numbers[members]
                if np.all(numbers == numbers[0]):
                    numbers, self.lane[members] = numbers[:1], 0
                array = Array(numbers.shape, CONSTANT, numbers=numbers)
                constants.append(array)
            self.arrays.append(array)
            if self.graph.op[first] == LEAF:
                self.leaves.add(array)
        outputs = self._gathered(trace.outputs)
        if trace.single:
            outputs = View(outputs.array, (), outputs.offset)
        failures = None
        if len(trace.failures):
            every = self._gathered(trace.failures)
            total = Array((), every.array.kind)
            self.instructions.append(Reduce(total, ops.sum, every))
            failures = whole(total)
        program = Program(
            arguments,
            trace.parameters,
            blocks,
            constants,
            _data_first(self.instructions),
            outputs,
            trace.single,
            failures,
        )
        program.forward = len(self.instructions)
        return needed(program)

    def _instruction(self, members: Ints) -> Array:
        graph = self.graph
        kind = int(self.trace.kinds[members[0]])
        out = Array((len(members),), kind)
        count = int(graph.terms[members[0]])
        spans = _spans(graph.starts[members], np.full(len(members), count))
        sources = graph.source[spans].reshape(len(members), count)
        of_source = self.groups[sources]
        if graph.op[members[0]] in (_ADD, _SUM, _CHAIN):
            return self._sum(out, members, sources, of_source)
        if graph._commutes[members[0]]:
            swap = np.argsort(of_source, axis=1, kind="stable")
            sources = np.take_along_axis(sources, swap, axis=1)
            of_source = np.take_along_axis(of_source, swap, axis=1)
        op = self.trace.rows[self.trace.codes[members[0]]]
        if op is ops.logsumexp and (of_source == of_source[0, 0]).all():
            self.instructions.append(Reduce(out, op, self._pick(sources)))
        else:
            operands = tuple(self._pick(column) for column in sources.T)
            self.instructions.append(Map(out, op, operands))
        return out

    def _sum(self, out: Array, members: Ints, sources: Ints, of_source: Ints) -> Array:
        """A sum, as sums along an axis over the terms of each group, and their total."""
        order = np.argsort(of_source, axis=1, kind="stable")
        sources = np.take_along_axis(sources, order, axis=1)
        of_source = np.take_along_axis(of_source, order, axis=1)
        assert (of_source == of_source[0]).all(), "two sums of one group have other terms"
        cuts = [0, *np.flatnonzero(np.diff(of_source[0])) + 1, sources.shape[1]]
        runs = [sources[:, a:b] for a, b in zip(cuts[:-1], cuts[1:])]
        kind = self.graph.op[members[0]]
        operands = []
        for run in runs:
            array = self.arrays[self.groups[run[0, 0]]]
            # A neuron with one input is a product of matrices still; a formula's w * x is not.
            alone = run.shape[1] == 1 and not (kind == _SUM and self._is_product(run))
            if kind == _ADD or alone:
                operands += [self._pick(column) for column in run.T]
                continue
            part = out if len(runs) == 1 else Array(out.shape, array.kind)
            self.instructions.append(Reduce(part, ops.sum, self._pick(run)))
            operands.append(whole(part))
        # What was computed comes first, as in a @ W + b.
        operands.sort(key=lambda v: v.array in self.leaves)
        if operands[0].array is not out:
            self.instructions.append(Map(out, ops.sum, tuple(operands)))
        return out

    def _is_product(self, run: Ints) -> bool:
        code = self.graph.op[run[0, 0]]
        return 0 <= code < len(self.trace.rows) and self.trace.rows[code] is ops.mul

    def _pick(self, nodes: Ints) -> View:
        """The view of nodes that are all of one group."""
        return view(self.arrays[self.groups[nodes.flat[0]]], self.lane[nodes])

    def _gathered(self, nodes: Ints) -> View:
        """The view of nodes of any groups."""
        nodes = nodes.astype(np.int64)
        groups = self.groups[nodes]
        if (groups == groups[0]).all():
            return self._pick(nodes)
        kind = int(self.trace.kinds[nodes].max())
        out = Array((len(nodes),), kind)
        places, parts = [], []
        for group in dict.fromkeys(groups.tolist()):
            where = np.flatnonzero(groups == group)
            places.append(view(out, where))
            parts.append(self._pick(nodes[where]))
        self.instructions.append(Collect(out, tuple(places), tuple(parts)))
        return whole(out)


def _data_first(instructions: list[Instruction]) -> list[Instruction]:
    """The instructions in another order: first what data flows through, and what that needs.

    So that weights get their shape from the network, and not from the penalty on their size.
    """
    made_by = {i.out: i for i in instructions}
    data: set[Array] = set()
    for i in instructions:
        arrays = [v.array for v in i.operands]
        if any(a in data or _is_data(a) for a in arrays):
            data.add(i.out)
    order: dict[Array, Instruction] = {}

    def emit(i: Instruction) -> None:
        stack = [i]
        while stack:
            top = stack[-1]
            missing = [
                made_by[v.array]
                for v in top.operands
                if v.array in made_by and v.array not in order
            ]
            if missing:
                stack.extend(missing)
            else:
                order.setdefault(stack.pop().out, top)

    for i in instructions:
        if i.out in data:
            emit(i)
    for i in instructions:
        emit(i)
    return list(order.values())


def _is_data(array: Array) -> bool:
    return array.kind == INPUT or (array.numbers is not None and array.size > 1)


def _spans(starts: Ints, counts: Ints) -> Ints:
    """``start, start + 1, ...``, as many as counted, one after the other."""
    total = int(counts.sum())
    steps = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + steps


def mix(x: NDArray[Any] | np.uint64) -> Hashes:
    """A hash of 64 bits for each of 64 bits (Steele, Lea and Flood, "Fast splittable pseudorandom
    number generators", 2014, with the constants of its variant 13)."""
    with np.errstate(over="ignore"):
        z = np.asarray(x, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Hashes = z ^ (z >> np.uint64(31))
        return mixed
