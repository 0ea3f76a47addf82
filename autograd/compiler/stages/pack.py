"""Pack, the second stage: operations of the same structure become one array instruction."""

from __future__ import annotations

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
    Take,
    View,
    view,
    whole,
)
from autograd.compiler.stages.chains import graph_of
from autograd.compiler.stages.data_first import data_first
from autograd.compiler.stages.group import (
    ADD,
    CHAIN,
    SUM,
    Graph,
    Int32s,
    Unstructured,
    repeats,
)
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.padding.pad import loses_nan, padded
from autograd.compiler.stages.sums import SumPacker
from autograd.compiler.stages.trace import CONSTANT, INPUT, LEAF, PARAMETER, Trace

# Deeper, and with few nodes at each depth, a graph is chains: it is not even looked at. The steps
# of a recurrence are.
MOST_LEVELS = 2000
MOST_LEVELS_OF_STEPS = 12_000
FEW_NODES = 16


def pack(trace: Trace, careful: bool = False) -> Program:
    """The array program of a trace. All of its arrays are one-dimensional.

    Args:
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
    in_order: set[int] = set()
    while True:
        packer = _Packer(graph, groups, in_order)
        program = packer.program()
        program.only_finite = not careful and (len(graph.padded) > 0 or not trace.all_reached)
        if not (not_found := packer.products_not_found(program)):
            return program
        in_order |= not_found


class _Packer(SumPacker):
    """Turns groups into instructions."""

    def __init__(self, graph: Graph, groups: Int32s, in_order: set[int]) -> None:
        super().__init__(graph, groups, in_order)
        self.watched = set(self.groups[graph.padded].tolist()) if loses_nan(graph) else set()
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
        if not np.signbit(numbers[numbers == 0]).any():
            self.without_minus_zero.add(array)
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
            total = self._added(self.totals)
            nothing = Array((), total.array.kind)
            self.instructions.append(Map(nothing, ops.mul, (View(zero, (), 0), total)))
            counts.append(whole(nothing))
        return self._added(counts) if counts else None

    def _added(self, numbers: list[View]) -> View:
        if len(numbers) == 1:
            return numbers[0]
        total = Array((), max(v.array.kind for v in numbers))
        self.instructions.append(Map(total, ops.sum, tuple(numbers)))
        return whole(total)

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
        first = int(members[0])
        out = Array((len(members),), int(self.trace.kinds[first]))
        adds = graph.op[first] == ADD and not graph.from_zero[first]
        plain = not (graph.many[first] or graph.picks[first] or graph.folds[first])
        if len(members) == 1 and (adds or plain):
            return self._instruction_of_one(out, first)
        if graph.op[first] in (ADD, SUM, CHAIN):
            return self.sum(out, members)
        sources = graph.source[self.edges(members)]
        of_source = self.groups[sources]
        if graph.commutes[first]:
            swap = of_source[:, 0] > of_source[:, 1]
            sources[swap] = sources[swap][:, ::-1]
            of_source[swap] = of_source[swap][:, ::-1]
        op = self.trace.ops[self.trace.codes[first]]
        if op is pick:
            columns = self._side_by_side(sources[:, 1:], of_source[:, 1:])
            self.instructions.append(Take(out, columns, self.pick(sources[:, 0])))
            return out
        if graph.many[first]:
            # It treats all of its inputs alike, so they may lie along an axis, in any order.
            by_group = np.argsort(of_source, axis=1, kind="stable")
            sources = np.take_along_axis(sources, by_group, axis=1)
            of_source = np.take_along_axis(of_source, by_group, axis=1)
            self.instructions.append(Reduce(out, op, self._side_by_side(sources, of_source)))
        else:
            operands = tuple(self.pick(column) for column in sources.T)
            while len(operands) > 2 and graph.folds[first]:
                part = Array(out.shape, out.kind)
                self.instructions.append(Map(part, op, operands[:2]))
                operands = (whole(part), *operands[2:])
            self.instructions.append(Map(out, op, operands))
            if self.never_minus_zero(op, operands):
                self.without_minus_zero.add(out)
        return out

    def _instruction_of_one(self, out: Array, node: int) -> Array:
        """The same for a node that is alone in its group, as each step of a long recurrence is."""
        graph = self.graph
        sources = graph.source[graph.starts[node] : graph.starts[node + 1]].tolist()
        if graph.commutes[node] or graph.op[node] == ADD:
            sources.sort(key=self.groups.__getitem__)
        operands = tuple(self.pick_one(s) for s in sources)
        adds = graph.op[node] == ADD
        if adds:  # a computed array comes before a leaf, as in a @ W + b
            operands = tuple(sorted(operands, key=lambda v: v.array in self.leaves))
        op = ops.sum if adds else self.trace.ops[self.trace.codes[node]]
        self.instructions.append(Map(out, op, operands))
        if self.never_minus_zero(op, operands):
            self.without_minus_zero.add(out)
        return out

    def _side_by_side(self, sources: Int32s, of_source: Int32s) -> View:
        """The inputs of nodes as a matrix: a line per node, with inputs of any groups."""
        if (of_source == of_source[0, 0]).all():
            return self.pick(sources)
        kind = max(self.arrays[group].kind for group in of_source[0])
        out = Array(sources.shape, kind)
        places = np.arange(sources.size).reshape(sources.shape)
        self.instructions.append(
            Collect(
                out,
                tuple(view(out, column) for column in places.T),
                tuple(self.pick(column) for column in sources.T),
            )
        )
        return whole(out)

    def _gathered(self, nodes: Int32s) -> View:
        """The view of nodes of any groups."""
        groups = self.groups[nodes]
        if (groups == groups[0]).all():
            return self.pick(nodes)
        kind = int(self.trace.kinds[nodes].max())
        out = Array((len(nodes),), kind)
        places, parts = [], []
        for group in dict.fromkeys(groups.tolist()):
            where = np.flatnonzero(groups == group)
            places.append(view(out, where))
            parts.append(self.pick(nodes[where]))
        self.instructions.append(Collect(out, tuple(places), tuple(parts)))
        return whole(out)
