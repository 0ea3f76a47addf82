"""Pack, the second stage: operations of the same structure become one array instruction."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from autograd import ops
from autograd.compiler.algebra import pick
from autograd.compiler.program import (
    Array,
    Block,
    Collect,
    Map,
    Program,
    Reduce,
    Simple,
    Take,
    View,
    view,
    whole,
)
from autograd.compiler.stages.data_first import data_first
from autograd.compiler.stages.group import (
    ADD,
    CHAIN,
    SUM,
    ZERO,
    Graph,
    Int32s,
    Ints,
    Unstructured,
    graph_of,
    repeats,
)
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.padding.pad import loses_nan, padded
from autograd.compiler.stages.trace import CONSTANT, INPUT, LEAF, PARAMETER, Trace

# Deeper, and with few nodes at each depth, a graph is chains: it is not even looked at. The steps
# of a recurrence are.
MOST_LEVELS = 2000
MOST_LEVELS_OF_STEPS = 12_000
FEW_NODES = 16


def pack(trace: Trace, careful: bool = False) -> Program:
    """The array program of a trace. All of its arrays are one-dimensional.

    Args:
        trace: the graph.
        careful: whether it must hold for infinite numbers and nan too: then sums of several
            lengths stay apart, and nodes that get a gradient from those that get none.

    Raises:
        Unstructured: the program would hardly be shorter than the trace.
    """
    levels = int(trace.depths[-1]) + 1
    most = MOST_LEVELS_OF_STEPS if levels > MOST_LEVELS and repeats(trace) else MOST_LEVELS
    if levels > most and len(trace) < FEW_NODES * levels:
        raise Unstructured(f"{levels:,} operations in a row in {len(trace):,} nodes")
    graph = graph_of(trace)
    if careful:
        graph.reached = trace.reached_nodes()
        groups = graph.group(graph.leaves_by_kind())
    else:
        graph, groups = padded(graph)
    groups = graph.group(graph.leaves_by_use(graph.leaves_by_kind(), groups))
    program = _Packer(graph.trace, graph, groups).program()
    program.only_finite = not careful and (len(graph.padded) > 0 or not trace.all_reached)
    return program


class _Packer:
    """Turns groups into instructions."""

    def __init__(self, trace: Trace, graph: Graph, groups: Int32s) -> None:
        self.trace, self.graph, self.groups = trace, graph, groups
        self.zeros = np.flatnonzero((graph.op == ZERO) & (groups >= 0))
        self.with_zero: dict[int, Array] = {}
        real = groups.copy()
        real[self.zeros] = -1
        groups = real
        order = np.argsort(groups, kind="stable").astype(np.int32)
        sizes = np.bincount(groups + 1)
        self.members = np.split(order, np.cumsum(sizes)[:-1])[1:]
        self.lane = np.zeros(len(trace), np.int32)
        for members in self.members:
            self.lane[members] = np.arange(len(members))
        self.arrays: list[Array] = []
        self.at_once = self._summed_at_once()
        self.sums: dict[tuple[int, int], View] = {}
        self.leaves: set[Array] = set()
        self.instructions: list[Simple] = []
        self.constants: list[Array] = []
        self.watched = set(groups[graph.padded].tolist()) if loses_nan(graph) else set()
        self.totals: list[View] = []  # of what is watched

    def program(self) -> Program:
        """The whole program."""
        trace = self.trace
        place_of = np.full(len(trace), -1, np.int32)
        place_of[trace.parameter_nodes] = np.arange(len(trace.parameters))
        argument_of = {}
        arguments = []
        for nodes in trace.arguments:
            array = Array((len(nodes),), INPUT)
            arguments.append(array)
            self.lane[nodes[nodes >= 0]] = np.flatnonzero(nodes >= 0)
            for group in set(self.groups[nodes[nodes >= 0]].tolist()) - {-1}:
                argument_of[group] = array
        blocks = []
        for group, members in enumerate(self.members):
            first = members[0]
            if group in argument_of:
                array = argument_of[group]
            elif self.graph.op[first] != LEAF:
                array = self._instruction(members)
                if group in self.watched:
                    self.totals.append(self._reduced(whole(array)))
            elif place_of[first] >= 0:
                # In the order of the parameters, in which a person would list them.
                members = members[np.argsort(place_of[members])]
                self.lane[members] = np.arange(len(members))
                array = Array((len(members),), PARAMETER)
                blocks.append(Block(array, place_of[members]))
            else:
                array = self._constant(members)
            self._note(group, array)
        outputs = self._gathered(trace.outputs)
        if trace.single:
            outputs = View(outputs.array, (), outputs.offset)
        failures = self._failures()
        made = data_first(self.instructions)
        leaves = arguments, trace.parameters, blocks, self.constants
        program = Program(*leaves, made, outputs, trace.single, failures)
        program.forward = len(made)
        return needed(program)

    def _constant(self, members: Int32s) -> Array:
        numbers = self.trace.numbers[members]
        if np.all((numbers == numbers[0]) & (np.signbit(numbers) == np.signbit(numbers[0]))):
            numbers, self.lane[members] = numbers[:1], 0
        array = Array(numbers.shape, CONSTANT, numbers=numbers)
        self.constants.append(array)
        return array

    def _failures(self) -> View | None:
        """How many guards fail, or nan if something that is watched is infinite or nan."""
        counts: list[View] = []
        # A comparison of constants always has the same outcome.
        guards = self.trace.failures[self.trace.kinds[self.trace.failures] != CONSTANT]
        if len(guards):
            counts.append(self._reduced(self._gathered(guards)))
        if self.totals:
            zero = Array((1,), CONSTANT, numbers=np.zeros(1))
            self.constants.append(zero)
            total = self._total(self.totals)
            nothing = Array((), total.array.kind)
            self.instructions.append(Map(nothing, ops.mul, (View(zero, (), 0), total)))
            counts.append(whole(nothing))
        return self._total(counts) if counts else None

    def _reduced(self, v: View) -> View:
        total = Array((), v.array.kind)
        self.instructions.append(Reduce(total, ops.sum, v))
        return whole(total)

    def _note(self, group: int, array: Array) -> None:
        """Note the array of the next group."""
        self.arrays.append(array)
        if len(self.zeros):
            self.lane[self.zeros[self.groups[self.zeros] == group]] = array.size
        if self.graph.op[self.members[group][0]] == LEAF:
            self.leaves.add(array)

    def _instruction(self, members: Int32s) -> Array:
        graph = self.graph
        kind = int(self.trace.kinds[members[0]])
        out = Array((len(members),), kind)
        adds = graph.op[members[0]] == ADD
        plain = not graph.many[members[0]] and not graph.picks[members[0]]
        if len(members) == 1 and (adds or plain):
            self._instruction_of_one(out, int(members[0]))
            return out
        if graph.op[members[0]] in (ADD, SUM, CHAIN):
            return self._sum(out, members)
        sources = graph.source[self._edges(members)]
        of_source = self.groups[sources]
        if graph.commutes[members[0]]:
            swap = of_source[:, 0] > of_source[:, 1]
            sources[swap] = sources[swap][:, ::-1]
            of_source[swap] = of_source[swap][:, ::-1]
        op = self.trace.ops[self.trace.codes[members[0]]]
        if op is pick:
            columns = self._side_by_side(sources[:, 1:], of_source[:, 1:])
            self.instructions.append(Take(out, columns, self._pick(sources[:, 0])))
            return out
        if graph.many[members[0]]:
            # It treats all of its inputs alike, so they may lie along an axis, in any order.
            by_group = np.argsort(of_source, axis=1, kind="stable")
            sources = np.take_along_axis(sources, by_group, axis=1)
            of_source = np.take_along_axis(of_source, by_group, axis=1)
            self.instructions.append(Reduce(out, op, self._side_by_side(sources, of_source)))
        else:
            operands = tuple(self._pick(column) for column in sources.T)
            self.instructions.append(Map(out, op, operands))
        return out

    def _instruction_of_one(self, out: Array, node: int) -> None:
        """The same for a node that is alone in its group, as each step of a long recurrence is."""
        graph = self.graph
        sources = graph.source[graph.starts[node] : graph.starts[node + 1]].tolist()
        if graph.commutes[node] or graph.op[node] == ADD:
            sources.sort(key=self.groups.__getitem__)
        operands = [self._pick_one(s) for s in sources]
        if graph.op[node] == ADD:
            made = Map(out, ops.sum, self._in_order(operands))
        else:
            made = Map(out, self.trace.ops[self.trace.codes[node]], tuple(operands))
        self.instructions.append(made)

    def _side_by_side(self, sources: Int32s, of_source: Int32s) -> View:
        """The inputs of nodes as a matrix: a line per node, with inputs of any groups."""
        if (of_source == of_source[0, 0]).all():
            return self._pick(sources)
        kind = max(self.arrays[group].kind for group in of_source[0])
        out = Array(sources.shape, kind)
        places = np.arange(sources.size).reshape(sources.shape)
        self.instructions.append(
            Collect(
                out,
                tuple(view(out, column) for column in places.T),
                tuple(self._pick(column) for column in sources.T),
            )
        )
        return whole(out)

    def _edges(self, members: Int32s) -> Ints:
        """Where the inputs of nodes of one group stand: a matrix with a line per node."""
        terms = int(self.graph.terms[members[0]])
        return self.graph.starts[members][:, None] + np.arange(terms)

    def _terms(self, members: Int32s) -> list[tuple[int, Int32s]]:
        """The terms of sums by group and sign: a key, which is twice the group, plus 1 if the terms
        are subtracted; and a matrix of terms with a line per sum."""
        edges = self._edges(members)
        sources = self.graph.source[edges]
        run = self.groups[sources] * 2 + self.graph.negative[edges]
        del edges
        if (np.diff(run, axis=1) < 0).any():
            order = np.argsort(run, axis=1, kind="stable")
            sources = np.take_along_axis(sources, order, axis=1)
            run = np.take_along_axis(run, order, axis=1)
        assert (run == run[0]).all(), "two sums of one group have other terms"
        cuts = [0, *np.flatnonzero(np.diff(run[0])) + 1, sources.shape[1]]
        return [(int(run[0, a]), sources[:, a:b]) for a, b in pairwise(cuts)]

    def _sum(self, out: Array, members: Int32s) -> Array:
        """A sum: first the terms of each group and sign along an axis, then their total."""
        runs = self._terms(members)
        kind = self.graph.op[members[0]]
        added: list[View] = []
        subtracted: list[View] = []
        for key, terms in runs:
            operands = subtracted if key % 2 else added
            if (v := self._part_of_many(key, members)) is not None:
                operands.append(v)
            elif kind == ADD or not self._along_axis(kind, terms):
                operands += [self._pick(column) for column in terms.T]
            else:
                array = self.arrays[key // 2]
                part = out if len(runs) == 1 and operands is added else Array(out.shape, array.kind)
                self.instructions.append(Reduce(part, ops.sum, self._pick(terms)))
                operands.append(whole(part))
        if subtracted:
            less = self._total(subtracted)
            if added:
                self.instructions.append(Map(out, ops.sub, (self._total(added), less)))
            else:
                self.instructions.append(Map(out, ops.neg, (less,)))
        elif added[0].array is not out or not added[0].whole:
            self.instructions.append(Map(out, ops.sum, self._in_order(added)))
        return out

    def _total(self, operands: list[View]) -> View:
        """The sum of several views."""
        if len(operands) == 1:
            return operands[0]
        total = Array(operands[0].shape, max(v.array.kind for v in operands))
        self.instructions.append(Map(total, ops.sum, self._in_order(operands)))
        return whole(total)

    def _in_order(self, operands: list[View]) -> tuple[View, ...]:
        # A computed array comes before a leaf, as in a @ W + b.
        return tuple(sorted(operands, key=lambda v: v.array in self.leaves))

    def _along_axis(self, kind: int, terms: Int32s) -> bool:
        """Whether terms are summed along an axis. A neuron with one input is still a product of
        matrices; w * x in a formula is not."""
        return terms.shape[1] > 1 or (kind == SUM and self._is_product(terms[:, 0]))

    def _is_product(self, members: Int32s) -> bool:
        code = self.graph.op[members[0]]
        return 0 <= code < len(self.trace.ops) and self.trace.ops[code] is ops.mul

    # --- sums that need not wait for each other ---

    def _summed_at_once(self) -> dict[int, list[int]]:
        """The groups of products whose sums can all be taken at once, although these are part of
        totals that come step by step; and the groups of those totals. In a recurrent network the
        products of weights and inputs are such a group."""
        graph = self.graph
        users: dict[int, dict[int, int]] = {}
        for group, members in enumerate(self.members):
            first = members[0]
            if graph.op[first] in (SUM, CHAIN):
                terms = graph.source[graph.starts[first] : graph.starts[first] + graph.terms[first]]
                for source, count in zip(*np.unique(self.groups[terms], return_counts=True)):
                    if self._is_product(self.members[source]):
                        users.setdefault(int(source), {})[group] = int(count)
        return {
            source: list(counts)
            for source, counts in users.items()
            if len(counts) > 1
            and len(set(counts.values())) == 1
            and min(counts.values()) > 1
            and sum(n * len(self.members[group]) for group, n in counts.items())
            == len(self.members[source])
        }

    def _part_of_many(self, key: int, members: Int32s) -> View | None:
        """The sums of the terms ``key`` of these nodes, if they are taken together with others."""
        source, user = key // 2, int(self.groups[members[0]])
        if source not in self.at_once:
            return None
        if (user, key) not in self.sums:
            parts = [
                ((group, run), terms)
                for group in self.at_once[source]
                for run, terms in self._terms(self.members[group])
                if run // 2 == source
            ]
            if len({terms.shape[1] for _, terms in parts}) > 1:
                del self.at_once[source]  # some terms are added, and some are subtracted
                return None
            every = np.concatenate([terms for _, terms in parts])
            array = Array((len(every),), self.arrays[source].kind)
            self.instructions.append(Reduce(array, ops.sum, self._pick(every)))
            start = 0
            for name, terms in parts:
                self.sums[name] = view(array, np.arange(start, start + len(terms)))
                start += len(terms)
        return self.sums[user, key]

    def _pick(self, nodes: Int32s) -> View:
        """The view of nodes that all belong to one group."""
        group, lanes = int(self.groups[nodes.flat[0]]), self.lane[nodes]
        array = self.arrays[group]
        if lanes.max() == array.size:
            array = self._and_zero(group)
        return view(array, lanes)

    def _pick_one(self, node: int) -> View:
        """The view of one node."""
        group, lane = int(self.groups[node]), int(self.lane[node])
        array = self.arrays[group]
        return View(self._and_zero(group) if lane == array.size else array, (1,), lane, (0,))

    def _and_zero(self, group: int) -> Array:
        """The array of a group, and a 0 at its end."""
        if group not in self.with_zero:
            array = self.arrays[group]
            longer = self.with_zero[group] = Array((array.size + 1,), array.kind)
            place = view(longer, np.arange(array.size))
            self.instructions.append(Collect(longer, (place,), (whole(array),)))
        return self.with_zero[group]

    def _gathered(self, nodes: Int32s) -> View:
        """The view of nodes of any groups."""
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
