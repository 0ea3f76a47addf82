"""Pad, before groups become arrays: sums that grow from one position to the next get equal lengths.

Position i of a sequence adds over positions 0 to i, so each position has a sum of another length,
and what follows from it would be another group. Here the longest of these sums is the *model*, and
every other gets the terms that it lacks, *holes*: each is computed as the model's term is, from
what the sum itself has in common with all of its terms, and what the model's term has in common
with those of other sums. So the hole of a score q[i] * k[j] is q[i] * k[j], for a j after i. Then a
mask makes it count for nothing: a 0 that multiplies it; or where it goes through an exponential,
an -inf that is added, as textbooks do.

Where a hole is infinite or nan, its sum becomes nan, because 0 times it is. What nan goes through
shows that; elsewhere ``pack`` lets a program watch its padded sums. Its rows are then computed
without padding; see ``Compilation``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.algebra import (
    EXPONENTIAL,
    FOLDS,
    LOG_SUM,
    PRODUCTS,
    SHARE,
    passes_nan,
    stays_finite,
)
from autograd.compiler.stages.group import ADD, CHAIN, SUB, SUM, ZERO, Graph, Int32s, runs_of
from autograd.compiler.stages.padding.new_nodes import NewNodes
from autograd.compiler.stages.padding.rows import (
    Bools,
    NotPaddable,
    Rows,
    lined_up,
    lined_up_by,
    stacked,
)
from autograd.compiler.stages.padding.zeros import without_zeros
from autograd.compiler.stages.trace import CONSTANT, LEAF
from autograd.ops import Op

NEUTRAL = {LOG_SUM: -np.inf, **FOLDS}
"""The number that counts for nothing, where that is not 0."""


def padded(graph: Graph) -> tuple[Graph, Int32s]:
    """The graph in which sums that grow have one length, and its groups before leaves are split."""
    shorter, needed = without_zeros(graph)
    tries = [(shorter, needed)] * (shorter is not graph) + [(graph, needed[:0])]
    for found, sums in tries:
        by_kind = found.leaves_by_kind()
        groups = found.group(by_kind, any_length=True)
        if len(_ragged(found, groups)):
            by_use = found.leaves_by_use(by_kind, groups)
            if made := pad(found, found.group(by_use, any_length=True), sums):
                return made, made.group(made.leaves_by_kind())
            groups = found.group(by_kind)
    return graph, groups


def pad(graph: Graph, groups: Int32s, needed: Int32s) -> Graph | None:
    """The graph with holes and masks, or None if no sums are padded, or not all that must be.

    Args:
        graph: as it was traced.
        groups: those of any length.
        needed: the sums that must be padded.
    """
    ragged = _ragged(graph, groups)
    padder = _Padder(graph, groups)
    for group in ragged.tolist():
        padder.pad(np.flatnonzero(groups == group).astype(np.int32))
    every = bool(padder.sums) and padder.sums.keys() >= set(needed.tolist())
    return padder.padded() if every else None


def loses_nan(graph: Graph) -> bool:
    """Whether an operation on what others make, such as a comparison, may give a number for nan."""
    every = graph.trace.ops
    if graph.folds[graph.padded].any():
        return True  # the largest of -inf and a hole
    # In a softmax nan comes to all shares, because they are exponentials of differences.
    share = graph.op[graph.source] == (every.index(EXPONENTIAL) if EXPONENTIAL in every else None)
    shares = np.unique(graph.owner[share])
    made = np.unique(graph.owner[graph.op[graph.source] != LEAF])
    losing = [code for code, op in enumerate(every) if not passes_nan(op)]
    products = every.index(SHARE) if SHARE in every else None
    made = made[~(np.isin(made, shares) & (graph.op[made] == products))]
    return bool(np.isin(graph.op[made], losing).any())


def _ragged(graph: Graph, groups: Int32s) -> Int32s:
    # A hole adds 0.0, which changes a sum of -0.0, unless that begins with 0.0.
    nodes = np.flatnonzero((graph.many | graph.folds) & (groups >= 0))
    nodes = nodes[graph.from_zero[nodes] | ~graph.summing[nodes]]
    of, terms = groups[nodes], graph.terms[nodes]
    count = int(groups.max(initial=-1)) + 1
    least = np.full(count, np.iinfo(np.int32).max, np.int32)
    most = np.zeros(count, np.int32)
    np.minimum.at(least, of, terms)
    np.maximum.at(most, of, terms)
    return np.flatnonzero((least < most) & (most > 0)).astype(np.int32)


class _Padder:
    """Adds nodes to a graph."""

    def __init__(self, graph: Graph, groups: Int32s) -> None:
        self.graph, self.groups = graph, groups
        self.source = _same_constants(graph, groups)[graph.source]
        self.depths = 2 * _levels(graph, groups)[groups]
        self.depths[groups < 0] = 0
        self.new = NewNodes(graph.trace)
        self.known: dict[tuple[str, bytes], Int32s] = {}
        self.masks: dict[tuple[float, bytes], Int32s] = {}
        self.instead: dict[int, int] = {}  # the node with a mask, for each that gets one
        self.sums: dict[int, list[tuple[Int32s, bool]]] = {}

    # --- sums ---

    def pad(self, members: Int32s) -> None:
        """Give the sums of one group the same length, if their terms line up."""
        try:
            with self._all_or_nothing():
                op = self._op(members)
                neutral = NEUTRAL.get(op, 0.0) if op else 0.0
                parts = []
                for key, rows in self._runs(members):
                    if isinstance(rows, Rows):
                        rows = self._infinite(rows, neutral) if neutral else self._zero(rows)
                    parts.append((rows, bool(key % 2)))
        except NotPaddable:
            return
        for place, member in enumerate(members.tolist()):
            self.sums[member] = [(rows[place], negative) for rows, negative in parts]

    def _runs(self, members: Int32s) -> list[tuple[int, Int32s | Rows]]:
        """The terms in their order, as runs of one group and sign, which are the key; as ``Rows``
        where their numbers differ."""
        graph = self.graph
        counts = graph.terms[members].astype(np.int64)
        owner = np.repeat(np.arange(len(members)), counts)
        edges = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        edges += graph.starts[members][owner]
        source = self.source[edges]
        key = self.groups[source] * 2 + graph.negative[edges]
        folds = bool(graph.folds[members[0]])
        if graph.summing[members[0]] or folds:
            place = runs_of(key, owner)
        else:  # of which all inputs are alike
            place = np.unique(key, return_inverse=True)[1]
        runs: list[tuple[int, Int32s | Rows]] = []
        for run in range(int(place.max()) + 1):
            here = place == run
            (k,) = np.unique(key[here]).tolist()
            lengths = np.bincount(owner[here], minlength=len(members))
            if lengths.min() == lengths.max():
                runs.append((k, source[here].reshape(len(members), -1)))
            else:
                line_up = lined_up if folds else self._lined_up
                runs.append((k, line_up(source[here], lengths)))
        return runs

    def _lined_up(self, source: Int32s, lengths: NDArray[np.integer]) -> Rows:
        """The terms of sums as rows: products by a factor that all sums share, others by place."""
        if self._op(source) is ops.mul:
            for factors in np.moveaxis(self.source[self._edges(source)], -1, 0):
                if (rows := lined_up_by(source, factors, lengths)) is not None:
                    return rows
        return lined_up(source, lengths)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Forget what was added, if it turns out that rows are not paddable."""
        saved = self.new.size, self.known.copy(), self.masks.copy(), self.instead.copy()
        try:
            yield
        except NotPaddable:
            size, self.known, self.masks, self.instead = saved
            self.new.cut(size)
            raise

    # --- rows without holes ---

    def _zero(self, rows: Rows) -> Int32s:
        """The rows with holes that are 0."""
        return self._once("0", rows, self._made_zero)

    def _made_zero(self, rows: Rows) -> Int32s:
        op = self._op(rows.nodes, rows.model)
        if op is EXPONENTIAL:
            (x,) = self._inputs(rows)
            return self._made(rows, [self._infinite(x, -np.inf)])
        if op in (*PRODUCTS, ops.div):
            a, b = self._inputs(rows)
            if a.differ:
                return self._made(rows, [self._zero(a), self._hole(b)])
            if b.differ and op is not ops.div:
                return self._made(rows, [self._hole(a), self._zero(b)])
        try:
            with self._all_or_nothing():
                return self._masked(rows, ops.mul, 0.0)
        except NotPaddable:
            return self._bordered(rows)

    def _bordered(self, rows: Rows) -> Int32s:
        """The rows with a 0 in each hole, as around a picture."""
        hole = ~rows.valid
        full, model = rows.nodes.copy(), rows.model[hole]
        if len(set(self.groups[rows.nodes[rows.valid]].tolist())) != 1:
            raise NotPaddable
        full[hole] = self.new.add(
            ZERO, LEAF, self.depths[model] + 1, model[:, None], np.zeros(1, np.bool_)
        )
        return full

    def _infinite(self, rows: Rows, number: float) -> Int32s:
        """The rows with holes that are -inf or inf."""
        return self._once(repr(number), rows, lambda rows: self._made_infinite(rows, number))

    def _made_infinite(self, rows: Rows, number: float) -> Int32s:
        if self._op(rows.nodes, rows.model) is ops.sub:
            a, b = self._inputs(rows)
            if a.differ and not b.differ:
                return self._made(rows, [self._infinite(a, number), self._hole(b)])
        return self._masked(rows, ops.add, number)

    def _hole(self, rows: Rows) -> Int32s:
        """The rows with holes that are computed as the model is."""
        full = np.where(rows.valid | rows.by_column[:, None], rows.nodes, rows.first)
        rest = np.flatnonzero(~(rows.by_column | rows.by_row))
        if len(rest):
            full[rest] = self._once("computed", rows[rest], self._computed)
        return full

    def _computed(self, rows: Rows) -> Int32s:
        op = self._op(rows.nodes, rows.model)
        inputs = self._inputs(rows)
        if not stays_finite(op) and not (op is ops.div and not inputs[1].differ):
            raise NotPaddable
        groups = [int(self.groups[x.nodes[0, 0]]) for x in inputs]
        found: list[Int32s] = [rows.nodes] * len(inputs)
        for group in set(groups):  # alike inputs together, because there may be many
            places = [k for k, g in enumerate(groups) if g == group]
            full = self._hole(stacked([inputs[k] for k in places]))
            for k, part in zip(places, np.split(full, len(places))):
                found[k] = part
        return self._made(rows, found)

    def _once(self, kind: str, rows: Rows, make: Callable[[Rows], Int32s]) -> Int32s:
        """What ``make`` makes of each row, once for equal rows."""
        keys = [(kind, key) for key in rows.as_bytes()]
        first: dict[tuple[str, bytes], int] = {}
        for place, key in enumerate(keys):
            if key not in self.known:
                first.setdefault(key, place)
        if first:
            for key, row in zip(first, make(rows[np.array(list(first.values()))])):
                self.known[key] = row
        return np.stack([self.known[key] for key in keys])

    # --- nodes ---

    def _op(self, *nodes: Int32s) -> Op | None:
        """The operation of nodes, which must have the same; None for leaves."""
        codes = set(np.concatenate([self.graph.op[n].reshape(-1) for n in nodes]).tolist())
        names = {CHAIN if code == ADD else code for code in codes}
        if len(names) != 1:
            raise NotPaddable
        (code,) = names
        if code == LEAF:
            return None
        return {CHAIN: ops.add, SUM: ops.sum, SUB: ops.sub}.get(code) or self.graph.trace.ops[code]

    def _edges(self, nodes: Int32s) -> NDArray[np.int64]:
        """(..., inputs), where the inputs of nodes stand, by group: all nodes have the same."""
        graph = self.graph
        terms = np.unique(graph.terms[nodes])
        if len(terms) != 1 or not terms[0]:
            raise NotPaddable
        edges: NDArray[np.int64] = graph.starts[nodes][..., None] + np.arange(terms[0])
        first = nodes.flat[0]
        in_order = graph.summing[first] and terms[0] > 2
        if (graph.many[first] or graph.commutes[first]) and not in_order:
            key = self.groups[self.source[edges]] * 2 + graph.negative[edges]
            edges = np.take_along_axis(edges, np.argsort(key, axis=-1, kind="stable"), axis=-1)
        return edges

    def _inputs(self, rows: Rows) -> list[Rows]:
        """Rows of the first inputs of nodes, of the second ones, and so on."""
        nodes, model = (self.source[self._edges(x)] for x in (rows.nodes, rows.model))
        if nodes.shape != model.shape:
            raise NotPaddable
        every = zip(np.moveaxis(nodes, -1, 0), np.moveaxis(model, -1, 0))
        return [Rows(n, m, rows.valid) for n, m in every]

    def _made(self, rows: Rows, inputs: list[Int32s]) -> Int32s:
        """The rows with a new node in each hole, made from ``inputs`` as the model is."""
        full, hole = rows.nodes.copy(), ~rows.valid
        model = rows.model[hole]
        if len(model):
            first = model[0]
            full[hole] = self.new.add(
                int(self.graph.op[first]),
                int(self.graph.trace.codes[first]),
                self.depths[model],
                np.stack([x[hole] for x in inputs], axis=1),
                self.graph.negative[self._edges(first)],
                from_zero=bool(self.graph.from_zero[first]),
            )
        return full

    def _masked(self, rows: Rows, op: Op, number: float) -> Int32s:
        """The rows with a mask: a number that makes holes count for nothing, and changes nothing
        elsewhere."""
        full, valid = self._hole(rows), rows.valid
        mask = np.stack([self._mask(row, number) for row in valid])
        nodes, place = np.unique(full[valid], return_index=True)
        fresh = np.array([n not in self.instead for n in nodes.tolist()], np.bool_)
        nodes, place = nodes[fresh], place[fresh]
        code = self.new.code(op)
        made = self.new.add(
            ADD if op is ops.add else code,
            code,
            np.concatenate([self.depths[nodes], self.depths[rows.model[~valid]]]) + 1,
            np.stack(
                [
                    np.concatenate([nodes, full[~valid]]),
                    np.concatenate([mask[valid][place], mask[~valid]]),
                ],
                axis=1,
            ),
            np.zeros(2, np.bool_),
            of_masks=True,
        )
        self.instead.update(zip(nodes.tolist(), made[: len(nodes)].tolist()))
        full[~valid] = made[len(nodes) :]
        full[valid] = [self.instead[n] for n in full[valid].tolist()]
        return full

    def _mask(self, valid: Bools, number: float) -> Int32s:
        """The mask of a row: constants, one for each column."""
        key = (number, valid.tobytes())
        if key not in self.masks:
            neutral = 0.0 if np.isinf(number) else 1.0
            self.masks[key] = self.new.constants(np.where(valid, neutral, number))
        return self.masks[key]

    # --- the graph ---

    def padded(self) -> Graph:
        """The graph with the new nodes."""
        graph, new = self.graph, self.new
        owners = np.array(list(self.sums), np.int32)
        lengths = [sum(len(nodes) for nodes, _ in parts) for parts in self.sums.values()]
        of_sums = [part for parts in self.sums.values() for part in parts]
        kept = ~np.isin(graph.owner, owners)
        source = np.concatenate([self.source[kept], *(nodes for nodes, _ in of_sums)])
        owner = np.concatenate([graph.owner[kept], np.repeat(owners, lengths)])
        negative = [graph.negative[kept], *(np.full(len(n), minus) for n, minus in of_sums)]
        instead = np.arange(new.size, dtype=np.int32)
        instead[list(self.instead)] = list(self.instead.values())
        return new.graph(
            graph, self.depths, instead[source], owner, np.concatenate(negative), instead, owners
        )


def _same_constants(graph: Graph, groups: Int32s) -> Int32s:
    """For each node itself, or if it is a constant, the first one of its group and number."""
    trace = graph.trace
    same = np.arange(len(trace), dtype=np.int32)
    nodes = np.flatnonzero((graph.op == LEAF) & (trace.kinds == CONSTANT))
    keys = np.stack([groups[nodes], trace.numbers[nodes].view(np.int64)])
    _, first, which = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    same[nodes] = nodes[first][which.reshape(-1)]
    return same


def _levels(graph: Graph, groups: Int32s) -> Int32s:
    """For each group 1 more than the highest level of its inputs, 0 for leaves."""
    count = int(groups.max(initial=-1)) + 1
    levels = np.zeros(count, np.int32)
    known, first = np.unique(groups, return_index=True)
    for group, node in zip(known.tolist(), first.tolist()):
        if group >= 0 and graph.terms[node]:
            inputs = graph.source[graph.starts[node] : graph.starts[node + 1]]
            levels[group] = levels[groups[inputs]].max() + 1
    return levels
