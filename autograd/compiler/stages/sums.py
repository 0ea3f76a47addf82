"""Sums of groups of nodes, as instructions.

A sum keeps the order of its terms, unless a product of matrices is in it: the terms of that come
first. Whether they are one turns out later, so it is tried, and taken back if they are none.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from autograd import ops
from autograd.compiler.algebra import gives_minus_zero
from autograd.compiler.instructions import SumStart
from autograd.compiler.program import Array, Collect, Program, Reduce, Simple, View, view, whole
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.fold import Terms, folded
from autograd.compiler.stages.group import ADD, CHAIN, SUM, ZERO, Graph, Int32s, Ints
from autograd.compiler.stages.trace import CONSTANT
from autograd.ops import Op

Runs = list[tuple[int, Int32s]]
"""Terms of sums as runs of one group and sign: a key, which is twice the group, plus 1 if the terms
are subtracted; and a matrix of terms with a line per sum."""


class SumPacker:
    """Turns groups of sums into instructions.

    Args:
        graph: the edges.
        groups: the group of each node.
        in_order: the groups of sums in which no product of matrices was found.

    Attributes:
        lane: for each node its place in the array of its group.
        arrays: that of each group, as far as they are made.
        leaves: those that no instruction makes.
        without_minus_zero: arrays in which no number is -0.0.
        constants, instructions: of the program.
    """

    def __init__(self, graph: Graph, groups: Int32s, in_order: set[int]) -> None:
        self.trace, self.graph, self.groups = graph.trace, graph, groups
        self.in_order = in_order
        self.zeros = np.flatnonzero((graph.op == ZERO) & (groups >= 0))
        self.with_zero: dict[int, Array] = {}
        real = groups.copy()
        real[self.zeros] = -1
        order = np.argsort(real, kind="stable").astype(np.int32)
        sizes = np.bincount(real + 1)
        self.members = np.split(order, np.cumsum(sizes)[:-1])[1:]
        self.lane = np.zeros(len(self.trace), np.int32)
        for members in self.members:
            self.lane[members] = np.arange(len(members))
        self.arrays: list[Array] = []
        self.leaves: set[Array] = set()
        self.without_minus_zero: set[Array] = set()
        self.constants: list[Array] = []
        self.instructions: list[Simple] = []
        self._at_once = self._summed_at_once()
        self._sums: dict[tuple[int, int], View] = {}
        self._moved: dict[int, list[Array]] = {}  # for each group what comes out of order

    def products_not_found(self, program: Program) -> set[int]:
        """The groups of sums that are out of order, and have no product of matrices in them."""
        if not self._moved:
            return set()
        left = {i.out for i in contract(program).flat() if isinstance(i, Reduce)}
        return {group for group, sums in self._moved.items() if left.issuperset(sums)}

    # --- terms ---

    def sum(self, out: Array, members: Int32s) -> Array:
        """A sum for each of the members of a group."""
        first = members[0]
        kind, group = self.graph.op[first], int(self.groups[first])
        start: SumStart = "zero" if self.graph.from_zero[first] else "first"
        recorded = self._terms(members)
        products, others = self._products(kind, recorded)
        if group in self.in_order:
            products, others = [], recorded
        keys = [key for key, _ in (*products, *others)]
        in_order = keys == [key for key, _ in recorded] and len(products) < 2
        parts: list[Terms] = []
        for key, terms in products:
            negative = key % 2 == 1
            if (v := self._part_of_many(key, members)) is None:
                alone = len(products) + len(others) == 1 and not negative
                sums = out if alone else Array(out.shape, self.arrays[key // 2].kind)
                begins = start if in_order and not negative else "zero"
                self.instructions.append(Reduce(sums, ops.sum, self.pick(terms), start=begins))
                v = whole(sums)
                if begins == "zero":
                    self.without_minus_zero.add(sums)
            if not in_order:
                self._moved.setdefault(group, []).append(v.array)
            parts.append(Terms(v, negative))
        for key, terms in others:
            along = kind != ADD and terms.shape[1] > 1
            for view_of in [terms] if along else terms.T:
                parts.append(Terms(self.pick(view_of), key % 2 == 1))
        if start == "zero":
            self._from_zero(out, parts)
        if not (len(parts) == 1 and parts[0].view.array is out):
            self.instructions += folded(out, self._first_two(parts), start)
        return out

    def _from_zero(self, out: Array, parts: list[Terms]) -> None:
        """Add a 0.0 to the terms of a sum that begins with one, if they may all be -0.0."""
        self.without_minus_zero.add(out)
        if len(parts[0].view.shape) > 1 and not parts[0].negative:
            return  # a Reduce that begins with 0.0
        if any(p.view.array in {out, *self.without_minus_zero} and not p.negative for p in parts):
            return
        zero = Array((1,), CONSTANT, numbers=np.zeros(1))
        self.constants.append(zero)
        parts.append(Terms(View(zero, out.shape, 0, (0,))))

    def _first_two(self, parts: list[Terms]) -> list[Terms]:
        """The terms, of which the first two change places where a person would write ``a - b`` for
        ``-b + a``, and a computed array before a leaf, as in ``a @ W + b``."""
        if len(parts) < 2 or parts[1].negative or any(len(p.view.shape) > 1 for p in parts[:2]):
            return parts
        a, b, *rest = parts
        late = a.view.array in self.leaves and b.view.array not in self.leaves
        return [b, a, *rest] if a.negative or late else parts

    def never_minus_zero(self, op: Op, operands: tuple[View, ...]) -> bool:
        """Whether no result of an operation is -0.0."""
        if op is ops.mul:
            return operands[0].key == operands[1].key
        return not gives_minus_zero(op)

    def _terms(self, members: Int32s) -> Runs:
        """The terms of sums in their order."""
        edges = self.edges(members)
        sources = self.graph.source[edges]
        run = self.groups[sources] * 2 + self.graph.negative[edges]
        del edges
        if self.graph.op[members[0]] != CHAIN and run.shape[1] == 2:  # a + b is b + a
            order = np.argsort(run, axis=1, kind="stable")
            sources = np.take_along_axis(sources, order, axis=1)
            run = np.take_along_axis(run, order, axis=1)
        assert (run == run[0]).all(), "two sums of one group have other terms"
        cuts = [0, *np.flatnonzero(np.diff(run[0])) + 1, sources.shape[1]]
        return [(int(run[0, a]), sources[:, a:b]) for a, b in pairwise(cuts)]

    def _products(self, kind: int, runs: Runs) -> tuple[Runs, Runs]:
        """The runs that may be products of matrices, one for each key, and the others."""
        by_key: dict[int, list[Int32s]] = {}
        for key, terms in runs:
            if kind != ADD and self._is_product(terms[0]):
                by_key.setdefault(key, []).append(terms)
        products = [(key, np.concatenate(by_key[key], axis=1)) for key in sorted(by_key)]
        # A neuron with one input is a product of matrices too; w * x in a formula is not.
        products = [(key, x) for key, x in products if x.shape[1] > 1 or kind == SUM]
        found = {key for key, _ in products}
        return products, [(key, terms) for key, terms in runs if key not in found]

    def _is_product(self, terms: Int32s) -> bool:
        """Whether terms of one group are products, and not squares."""
        code = self.graph.op[terms[0]]
        if not (0 <= code < len(self.trace.ops) and self.trace.ops[code] is ops.mul):
            return False
        a, b = self.graph.source[self.edges(terms)].T
        return bool((a != b).any())

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
                    if self._is_product(self.members[source][:1]):
                        users.setdefault(int(source), {})[group] = int(count)
        return {
            source: list(counts)
            for source, counts in users.items()
            if len(counts) > 1
            and self.in_order.isdisjoint(counts)
            and len(set(counts.values())) == 1
            and min(counts.values()) > 1
            and sum(n * len(self.members[group]) for group, n in counts.items())
            == len(self.members[source])
        }

    def _part_of_many(self, key: int, members: Int32s) -> View | None:
        """The sums of the terms ``key`` of these nodes, if they are taken together with others."""
        source, user = key // 2, int(self.groups[members[0]])
        if source not in self._at_once:
            return None
        if (user, key) not in self._sums:
            parts = [
                ((group, run), terms)
                for group in self._at_once[source]
                for run, terms in self._products(SUM, self._terms(self.members[group]))[0]
                if run // 2 == source
            ]
            if len({terms.shape[1] for _, terms in parts}) > 1:
                del self._at_once[source]  # some terms are added, and some are subtracted
                return None
            every = np.concatenate([terms for _, terms in parts])
            array = Array((len(every),), self.arrays[source].kind)
            self.instructions.append(Reduce(array, ops.sum, self.pick(every), start="zero"))
            self.without_minus_zero.add(array)
            start = 0
            for name, terms in parts:
                self._sums[name] = view(array, np.arange(start, start + len(terms)))
                start += len(terms)
        return self._sums[user, key]

    # --- nodes as lanes ---

    def edges(self, members: Int32s) -> Ints:
        """Where the inputs of nodes of one group stand: a matrix with a line per node."""
        terms = int(self.graph.terms[members[0]])
        return self.graph.starts[members][:, None] + np.arange(terms)

    def pick(self, nodes: Int32s) -> View:
        """The view of nodes that all belong to one group."""
        group, lanes = int(self.groups[nodes.flat[0]]), self.lane[nodes]
        array = self.arrays[group]
        if len(self.zeros) and lanes.max() == array.size:
            array = self._and_zero(group)
        return view(array, lanes)

    def pick_one(self, node: int) -> View:
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
