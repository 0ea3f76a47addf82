"""The table of a graph without structure: templates repeated for all steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.machine.opcodes import WIDTH, Field, Flag, Opcode
from autograd.compiler.scalars.steps import Bools, Ints, Longs, Steps, steps
from autograd.compiler.scalars.templates import FUSED, Entry, Lie, Ref, Writer, backward, forward
from autograd.compiler.stages.group import mix
from autograd.compiler.stages.trace import CONSTANT, INPUT, LEAF, Trace
from autograd.ops import Op

ALIGNED = 16
"""Regions of the arena begin at multiples of this many numbers."""

BROADCAST = {Field.A: Flag.A_BROADCAST, Field.B: Flag.B_BROADCAST, Field.C: Flag.C_BROADCAST}


@dataclass
class Scalars:
    """A graph ready for the machine.

    Attributes:
        table, ints: for ``run``; the table ends with STOP.
        arena: the numbers that stay, and the recorded ones; ``run`` changes a copy.
        values: (n,), where the number of each node is. Those of inputs, and what follows from
            them, have the rows of a block side by side.
        adjoints: (n,), where the adjoint of each node is.
        count: where the number of rows stands, as a number.
        sums: the lines that sum over the rows of a block. They take as many as it has.
        others: the operations that Python computes.
    """

    table: Ints
    ints: Ints
    arena: NDArray[np.float64]
    values: Longs
    adjoints: Longs
    count: int
    sums: slice
    others: list[Op]


def scalars(trace: Trace, by: str, padded: int) -> Scalars:
    """The table of a trace.

    Args:
        trace: the graph.
        by: the gradients wanted: by "parameters", by "inputs", or "" for none.
        padded: the rows of a block with padding, a whole number of vectors; 1 for a single row,
            or for a graph without arguments.
    """
    return _Lowering(trace, by, padded).finish()


class _Lowering:
    def __init__(self, trace: Trace, by: str, padded: int) -> None:
        self.trace, self.by, self.padded = trace, by, padded
        self.steps: Steps = steps(trace, padded > 1)
        s = self.steps
        self.n = s.lanes * np.where(s.in_rows, padded, 1)
        self.targets = self._targets()
        self.others: list[Op] = []
        self.numbers: dict[str, float] = {"0.0": 0.0, "1.0": 1.0, "rows": 1.0}
        self.temps = 0
        self.classes = self._classes()
        self._lay_out()

    def _targets(self) -> NDArray[np.int8]:
        """For each column where what is given to its operands goes: a Lie."""
        trace, s = self.trace, self.steps
        if not self.by:
            return np.zeros(len(s.begins), np.int8)
        wanted = trace.kinds != CONSTANT
        if self.by == "inputs":
            wanted &= trace.kinds == INPUT
        else:
            wanted &= (trace.codes != LEAF) | (trace.kinds != INPUT)
        given = np.logical_or.reduceat(wanted[s.read], s.begins) if len(s.begins) else wanted[:0]
        given &= np.repeat(s.reached, np.diff(s.columns))
        # With rows, each node has an adjoint for every row.
        lies = s.lies if self.padded == 1 else np.int8(Lie.SIDE_BY_SIDE)
        return np.where(given, lies, np.int8(Lie.NOWHERE))

    def _classes(self) -> list[tuple[Longs, list[Entry], list[Entry], Sequence[Lie]]]:
        """The steps with one template, and their forward and backward."""
        s = self.steps
        if not len(s.first):
            return []
        width = np.diff(s.columns)
        column = np.arange(len(s.begins)) - np.repeat(s.columns[:-1], width)
        kind = mix(column * 16 + s.lies * 4 + self.targets)
        operation = s.codes.astype(np.int64) * 2 + s.reached
        hashes = mix(np.add.reduceat(kind, s.columns[:-1]) + mix(width)) + mix(operation)
        _, example, which = np.unique(hashes, return_index=True, return_inverse=True)
        members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        return [self._class(steps, int(one)) for steps, one in zip(members, example)]

    def _class(
        self, members: Longs, one: int
    ) -> tuple[Longs, list[Entry], list[Entry], Sequence[Lie]]:
        s = self.steps
        columns = slice(int(s.columns[one]), int(s.columns[one + 1]))
        op = self.trace.ops[s.codes[one]]
        lies = [Lie(x) for x in s.lies[columns]]
        targets = [Lie(x) for x in self.targets[columns]]
        back: list[Entry] = []
        if any(targets):
            writer = Writer(lies, self.others)
            back = backward(writer, op, targets)
            self.temps = max(self.temps, writer.temps)
        writer = Writer(lies, self.others)
        ahead = forward(writer, op, bool(back))
        self.temps = max(self.temps, writer.temps)
        for entry in ahead + back:
            for ref in (entry.a, entry.b, entry.c):
                if ref and ref.kind == "number":
                    self.numbers.setdefault(repr(ref.which), ref.which)
        return members, ahead, back, lies

    # --- where everything is ---

    def _lay_out(self) -> None:
        s, trace, padded = self.steps, self.trace, self.padded
        in_rows = (trace.kinds == INPUT) & (padded > 1)
        self.in_rows = in_rows
        self.size = 0
        self.place_of = {key: k for k, key in enumerate(self.numbers)}
        self._region(len(self.numbers))
        few, many = s.sizes
        plain, rows = self._region(few), self._region(many * padded)
        at = s.place.astype(np.int64)
        self.values = np.where(in_rows, rows + at * padded, plain + at)
        self.width = -(-int(self.n.max(initial=1)) // ALIGNED) * ALIGNED
        self.scratch = self._region(self.temps * self.width)
        fused = np.array([op in FUSED for op in trace.ops] + [False])[s.codes] & bool(self.by)
        slopes = np.where(fused, self.n, 0)
        self.slopes = self._region(int(slopes.sum())) + np.cumsum(slopes) - slopes
        self.cleared = self.size
        self.adjoints = self.values
        self.shift = 0
        if self.by:
            plain, rows = self._region(few), self._region(many * padded)
            self.adjoints = np.where(in_rows, rows + at * padded, plain + at)
            self.shift = int(self.adjoints[0] - self.values[0]) if len(at) else 0
        # What rows give to a node without rows is added up at the end, over the rows.
        self.summed, self.partly = self._summed()

    def _region(self, size: int) -> int:
        start = self.size
        self.size += -(-size // ALIGNED) * ALIGNED
        return start

    def _summed(self) -> tuple[Ints, Longs]:
        """The nodes without rows to which rows give, and where the sum of each row begins."""
        s = self.steps
        columns = np.repeat(s.in_rows, np.diff(s.columns)) & (self.targets != Lie.NOWHERE)
        nodes = s.read[s.begins[columns]] if self.padded > 1 else s.read[:0]
        nodes = np.unique(nodes[~self.in_rows[nodes]])
        start = self._region(len(nodes) * self.padded)
        return nodes, start + np.arange(len(nodes)) * self.padded

    # --- the table ---

    def finish(self) -> Scalars:
        """The table and what it works on."""
        s = self.steps
        ahead, back = np.zeros(len(s.first), np.int64), np.zeros(len(s.first), np.int64)
        for members, onward, back_again, _ in self.classes:
            ahead[members], back[members] = len(onward), len(back_again)
        ends = self.trace.outputs if self.by else self.trace.outputs[:0]
        # Forward; zeros; the seeds; backward: steps in rows, sums over rows, the other steps.
        start_ahead = np.cumsum(ahead) - ahead
        start = int(ahead.sum()) + (1 + len(ends) if self.by else 0)
        last_first = back[::-1]
        start_back = (start + np.cumsum(last_first) - last_first)[::-1].copy()
        plain = ~s.in_rows
        start_back[plain] += len(self.summed)
        in_between = start + int(back[~plain].sum())
        sums = slice(in_between, in_between + len(self.summed))
        self.table = np.zeros((start + int(back.sum()) + len(self.summed) + 1, WIDTH), np.int32)
        self.to = self._where_given()
        self.of_read = self.values[s.read[s.begins]]
        self.of_output = self.values[s.nodes[s.first]]
        self.of_adjoint = self.adjoints[s.nodes[s.first]]
        for members, onward, back_again, lies in self.classes:
            for k, entry in enumerate(onward):
                self._fill(start_ahead[members] + k, entry, members, lies)
            for k, entry in enumerate(back_again):
                self._fill(start_back[members] + k, entry, members, lies)
        if self.by:
            self._seed(int(ahead.sum()), ends)
            self._sums_over_rows(sums)
        self.table[-1, Field.OPCODE] = Opcode.STOP
        arena = np.zeros(self.size)
        arena[: len(self.numbers)] = list(self.numbers.values())
        arena[self.values[~self.in_rows]] = self.trace.numbers[~self.in_rows]
        ints = self.values[s.read].astype(np.int32) if self.padded == 1 else s.read[:0]
        return Scalars(
            self.table, ints, arena, self.values, self.adjoints, self.place_of["rows"], sums,
            self.others,
        )  # fmt: skip

    def _where_given(self) -> Longs:
        """For each column where the adjoints of its operands begin."""
        s = self.steps
        node = s.read[s.begins]
        to = self.adjoints[node]
        if len(self.summed):
            rows = np.repeat(s.in_rows, np.diff(s.columns)) & ~self.in_rows[node]
            rows &= self.targets != Lie.NOWHERE
            to[rows] = self.partly[np.searchsorted(self.summed, node[rows])]
        return to

    def _fill(self, at: Longs, entry: Entry, members: Longs, lies: Sequence[Lie]) -> None:
        """The lines of one entry of a template, for all steps of a class."""
        lines = np.zeros((len(at), WIDTH), np.int32)
        lines[:, Field.OPCODE] = entry.opcode
        lines[:, Field.N0 : Field.N] = 1
        lines[:, Field.N] = self.n[members]
        flags = entry.flags
        for where, ref in zip(
            (Field.DST, Field.A, Field.B, Field.C), (entry.dst, entry.a, entry.b, entry.c)
        ):
            if ref:
                lines[:, where] = self._offsets(ref, members)
                one = ref.kind == "number" or (
                    ref.kind == "input" and lies[int(ref.which)] == Lie.ONE
                )
                flags |= BROADCAST[where] if one else Flag(0)
        if entry.by_index >= 0:
            lines[:, Field.N0], lines[:, Field.N] = self.n[members], 1
            lines[:, Field.DST0] = lines[:, Field.A0] = 1
            column = self.steps.columns[members] + entry.by_index
            lines[:, Field.C] = self.steps.begins[column]
            if entry.opcode == Opcode.SCATTER_ADD:
                lines[:, Field.DST] = self.shift
        if entry.terms:
            lines[:, Field.N1], lines[:, Field.A1] = entry.terms, self.width
        lines[:, Field.FLAGS] = int(flags)
        self.table[at] = lines

    def _offsets(self, ref: Ref, members: Longs) -> Longs | int:
        """Where a template's operand is, for each of these steps."""
        which = int(ref.which) if ref.kind != "number" else 0
        if ref.kind in ("input", "to"):
            column = self.steps.columns[members] + which
            return self.of_read[column] if ref.kind == "input" else self.to[column]
        if ref.kind == "number":
            return self.place_of[repr(ref.which)]
        if ref.kind == "temp":
            return self.scratch + which * self.width
        by_step = {"output": self.of_output, "slope": self.slopes, "adjoint": self.of_adjoint}
        return by_step[ref.kind][members] if ref.kind in by_step else 0

    def _seed(self, at: int, ends: Ints) -> None:
        """All adjoints are 0, and those of the results 1 for each row."""
        lines = self.table[at : at + 1 + len(ends)]
        lines[:, Field.N0 : Field.N + 1] = 1
        lines[0, Field.OPCODE] = Opcode.COPY
        lines[0, Field.DST], lines[0, Field.N] = self.cleared, self.size - self.cleared
        lines[0, Field.A], lines[0, Field.FLAGS] = self.place_of["0.0"], Flag.A_BROADCAST
        in_rows: Bools = self.in_rows[ends]
        lines[1:, Field.OPCODE] = Opcode.ADD
        lines[1:, Field.N] = np.where(in_rows, self.padded, 1)
        lines[1:, Field.DST] = lines[1:, Field.A] = self.adjoints[ends]
        # A result that is the same for all rows counts once per row.
        lines[1:, Field.B] = np.where(in_rows, self.place_of["1.0"], self.place_of["rows"])
        lines[1:, Field.FLAGS] = Flag.B_BROADCAST

    def _sums_over_rows(self, where: slice) -> None:
        lines = self.table[where]
        lines[:, Field.OPCODE] = Opcode.SUM_INNER
        lines[:, Field.N0 : Field.N + 1] = 1
        lines[:, Field.DST], lines[:, Field.A] = self.adjoints[self.summed], self.partly
        lines[:, Field.FLAGS] = Flag.ACCUMULATE
