"""Writing lines for the machine: copies, gathers, operations element by element, sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd import ops
from autograd.compiler.instructions import SumStart
from autograd.compiler.machine.amount import ONE, PADDED, REAL, ZERO, Amount, amount
from autograd.compiler.machine.lowering.axes import Axis, Start, merged, over
from autograd.compiler.machine.opcodes import MAPS, PAIRS, REDUCTIONS, Flag, Opcode
from autograd.compiler.machine.table import Ints32, Line, Lines, Moves, NotLowered, Operand, Round
from autograd.compiler.program import Array, Indices, View, row_major, view, whole
from autograd.compiler.stages.trace import CONSTANT, INPUT, PARAMETER
from autograd.ops import Op

BROADCAST = (Flag(0), Flag.A_BROADCAST, Flag.B_BROADCAST, Flag.C_BROADCAST)


class Writer:
    """Writes lines.

    Args:
        in_rows: whether arrays with a batch have the rows of a block as their last axis.

    Attributes:
        lines: what it writes to.
        loop: the innermost loop that it writes.
    """

    def __init__(self, in_rows: bool) -> None:
        self.in_rows = in_rows
        self.lines: Lines = []
        self.number_of: dict[str, Array] = {}
        self.indices: list[Ints32] = []
        self.index_of: dict[bytes, int] = {}
        self.gathered: dict[tuple[object, ...], Array] = {}
        self.stands_for: dict[Array, tuple[View, Moves]] = {}
        self.loop: Round | None = None

    def switch(self, lines: Lines) -> None:
        """Write to other lines from now on."""
        self.lines = lines

    # --- operands ---

    def rows_of(self, array: Array) -> bool:
        """Whether an array has the rows of a block."""
        return self.in_rows and array.batched

    def lane(self, array: Array) -> Amount:
        """The elements from one lane to the next."""
        return PADDED if self.rows_of(array) else ONE

    def array(self, shape: Sequence[int], rows: bool) -> Array:
        """A new array, with the rows of a block or without."""
        return Array(tuple(shape), INPUT if rows else PARAMETER)

    def number(self, x: float) -> View:
        """A number, as an array of one element."""
        if repr(x) not in self.number_of:
            self.number_of[repr(x)] = Array((), CONSTANT, numbers=np.array(x))
        return whole(self.number_of[repr(x)])

    def place(self, v: View) -> tuple[Start, list[Amount]]:
        """Where a view begins, and the elements from place to place along each of its axes."""
        v, moves = self.real(v)
        if (literal := v.array.literal()) is not None:
            return Start(self.number(literal).array), [ZERO] * len(v.shape)
        if v.index is not None:
            v, moves = whole(self._gathered(v, moves)), ()
        lane = self.lane(v.array)
        return Start(v.array, lane * v.offset, moves), [lane * s for s in v.strides]

    def stand_in(self, array: Array, first: View, round: Round, step: int) -> None:
        """Let an array of a loop be a part of another array: ``first``, ``step`` lanes further in
        each round."""
        v, moves = self.real(first)
        lane = self.lane(v.array)
        self.stands_for[array] = v, (*moves, (round, lane * step)) if step else moves

    def real(self, v: View) -> tuple[View, Moves]:
        """A view of an array that has memory of its own, and the loops that move it."""
        if v.array not in self.stands_for:
            return v, ()
        of, moves = self.stands_for[v.array]
        if v.index is None and of.strides == row_major(v.array.shape):
            return View(of.array, v.shape, of.offset + v.offset, v.strides), moves
        return view(of.array, of.lanes().reshape(-1)[v.lanes()]), moves

    def axes(
        self, views: Sequence[View], rows: bool, size: Amount = PADDED
    ) -> tuple[list[Start], list[Axis]]:
        """The axes that views of one shape share, and where each view begins. With ``rows`` the
        rows of a block are the last axis, of that size."""
        places = [self.place(v) for v in views]
        shape = views[0].shape
        axes = [Axis(amount(n), tuple(s[k] for _, s in places)) for k, n in enumerate(shape)]
        if rows and self.in_rows:
            steps = tuple(ONE if self.has_rows(start) else ZERO for start, _ in places)
            axes.append(Axis(size, steps))
        return [start for start, _ in places], axes

    def has_rows(self, start: Start) -> bool:
        """Whether the array there has the rows of a block."""
        return self.rows_of(start.array)

    def index(self, lanes: Indices) -> Amount:
        """Where lanes stand among the index tables."""
        key = lanes.tobytes()
        if key not in self.index_of:
            self.index_of[key] = sum(map(len, self.indices))
            self.indices.append(lanes.reshape(-1).astype(np.int32))
        return amount(self.index_of[key])

    # --- copies ---

    def _gathered(self, v: View, moves: Moves) -> Array:
        """An array of the lanes that a view picks by an index."""
        key = (id(self.lines), self.loop, moves, *v.key)
        if key not in self.gathered:
            assert v.index is not None
            rows = self.rows_of(v.array)
            out = self.gathered[key] = self.array(v.shape, rows)
            lane = self.lane(v.array)
            source = Operand(v.array, ZERO, (lane,), moves)
            self.lines.append(
                Line(
                    Opcode.GATHER,
                    (amount(v.size), ONE, PADDED if rows else ONE),
                    (Operand(out, ZERO, (lane,)), source, None, None),
                    number=self.index(v.index),
                )
            )
        return self.gathered[key]

    def scatter(self, place: View, part: View) -> None:
        """Add the lanes of a part to any lanes of another array, one after the other."""
        start, _ = self.place(self.contiguous(part))
        place, moves = self.real(place)
        lane, step = self.lane(place.array), self.lane(start.array)
        self.lines.append(
            Line(
                Opcode.SCATTER_ADD,
                (amount(place.size), ONE, PADDED if self.rows_of(place.array) else ONE),
                (Operand(place.array, ZERO, (lane,), moves), start.operand(step), None, None),
                Flag(0) if step == lane else Flag.A_BROADCAST,
                self.index(place.lanes()),
            )
        )

    def contiguous(self, v: View) -> View:
        """The view as a whole array, a copy if it is not one already."""
        if v.whole and v.array.literal() is None:
            return v
        return self.copied(v, self.rows_of(v.array))

    def copied(self, v: View, rows: bool) -> View:
        """A copy of a view as an array of its own."""
        out = whole(self.array(v.shape, rows))
        self.copy(out, v)
        return out

    def copy(self, out: View, v: View) -> None:
        """``out = v``."""
        starts, axes = self.axes([out, v], self.rows_of(out.array))
        self.strided(starts, axes)

    def strided(self, starts: Sequence[Start], axes: Sequence[Axis]) -> None:
        """A copy between any places."""
        axes = merged(axes)
        fitting = [a for a in axes if a.steps[0] == ONE and a.steps[1] in (ZERO, ONE)]
        if not axes or fitting:
            self.each(Opcode.COPY, starts, axes)
            return
        inner = max(axes, key=lambda a: (ONE in a.steps, a.size.plain))
        outer, peeled = _outer([a for a in axes if a is not inner])

        def line(at: list[Start]) -> None:
            dst, a = (s.operand(*(x.steps[k] for x in outer)) for k, s in enumerate(at))
            sizes = (outer[0].size, outer[1].size, inner.size)
            self.lines.append(
                Line(
                    Opcode.COPY_STRIDED,
                    sizes,
                    (dst, a, None, None),
                    inner=(inner.steps[0], inner.steps[1]),
                )
            )

        over(self.lines, peeled, starts, line)

    # --- element by element ---

    def map(self, op: Op, out: View, operands: Sequence[View]) -> None:
        """An operation of the program."""
        if op in (ops.sum, ops.add):
            first, *rest = operands
            if not rest:
                self.copy(out, first)
            for v in rest:
                self.apply(Opcode.ADD, out, [first, v])
                first = out
        elif isinstance(op, ops.Power):
            self.power(op.exponent, out, operands[0])
        elif op in MAPS:
            self.apply(MAPS[op], out, operands)
        else:
            raise NotLowered(f"only Python can compute the operation {op.name!r}")

    def power(self, n: float, out: View, x: View) -> None:
        """x ** n for a number n."""
        if n == 1:
            self.copy(out, x)
        elif n in (2, 3, 4):
            self.apply(Opcode.MUL, out, [x, x])
            for _ in range(int(n) - 2):
                self.apply(Opcode.MUL, out, [out, x])
        elif n == -1:
            self.apply(Opcode.DIV, out, [self.repeated(1.0, out), x])
        elif n == -2:
            self.apply(Opcode.MUL, out, [x, x])
            self.apply(Opcode.DIV, out, [self.repeated(1.0, out), out])
        elif n == 0.5:
            self.apply(Opcode.SQRT, out, [x])
        else:
            self.apply(Opcode.POW, out, [x, self.repeated(n, out)])

    def repeated(self, x: float, like: View) -> View:
        """A number at every place."""
        return View(self.number(x).array, like.shape, 0, (0,) * len(like.shape))

    def apply(self, opcode: Opcode, out: View, operands: Sequence[View]) -> None:
        """An opcode element by element."""
        starts, axes = self.axes([out, *operands], self.rows_of(out.array))
        self.each(opcode, starts, axes)

    def each(self, opcode: Opcode, starts: Sequence[Start], axes: Sequence[Axis]) -> None:
        """An opcode element by element, for operands anywhere. The first axis along which the
        result has no gaps is the inner one."""
        axes = merged(axes)
        inner = next((a for a in reversed(axes) if a.steps[0] == ONE), None)
        if inner is None:
            assert not axes, "the result of an operation has gaps"
            inner = Axis(ONE, (ONE,) * len(starts))
        slots = (0, 1, 3) if opcode in PAIRS.values() else range(4)
        places = list(starts)
        for k, step in enumerate(inner.steps):
            if step not in (ZERO, ONE):
                places[k], axes = self.without_gaps(places[k], axes, k)
                self.each(opcode, places, axes)
                return
        outer, peeled = _outer([a for a in axes if a is not inner])
        flags = Flag(0)
        for slot, step in zip(slots, inner.steps):
            flags |= BROADCAST[slot] if step == ZERO else Flag(0)

        def line(at: list[Start]) -> None:
            operands: list[Operand | None] = [None] * 4
            for k, (slot, start) in enumerate(zip(slots, at)):
                operands[slot] = start.operand(*(x.steps[k] for x in outer))
            sizes = (outer[0].size, outer[1].size, inner.size)
            self.lines.append(Line(opcode, sizes, tuple(operands), flags))

        over(self.lines, peeled, places, line)

    def without_gaps(self, start: Start, axes: Sequence[Axis], k: int) -> tuple[Start, list[Axis]]:
        """A copy of operand k, and the axes with the steps of the copy. It does not repeat what
        the operand repeats."""
        kept = [a for a in axes if a.steps[k]]
        rows = self.has_rows(start)
        lanes = [a.size.plain for a in kept if not (rows and a.steps[k] == ONE)]
        out = self.array(lanes, rows)
        lane = self.lane(out)
        steps = [lane * s for s in row_major(out.shape)]
        if rows:
            steps.append(ONE)
        copies = [Axis(a.size, (s, a.steps[k])) for a, s in zip(kept, steps)]
        self.strided([Start(out), start], copies)
        new = iter(steps)
        changed = []
        for a in axes:
            step = next(new) if a.steps[k] else ZERO
            changed.append(Axis(a.size, (*a.steps[:k], step, *a.steps[k + 1 :])))
        return Start(out), changed

    # --- reductions ---

    def reduce(self, op: Op, out: View, v: View, start: SumStart | None = None) -> None:
        """An operation over the last axes of ``v``, those that ``out`` lacks; ``start`` is as a
        Reduce has it."""
        if op not in REDUCTIONS:
            raise NotLowered(f"only Python can compute the operation {op.name!r} over an axis")
        kept, rows = len(out.shape), self.rows_of(out.array)
        spread = View(out.array, v.shape, out.offset, _padded(out.strides, len(v.shape)))
        starts, axes = self.axes([spread, v], rows)
        summed = merged(axes[kept : len(v.shape)]) or [Axis(ONE, (ZERO, ZERO))]
        outer = merged([*axes[:kept], *axes[len(v.shape) :]])
        if op is not ops.sum and len(summed) > 1:
            self.reduce(op, out, self.copied(v, rows), start)
            return
        middle, inner_code = REDUCTIONS[op]
        if outer and outer[-1].steps[1] in (ZERO, ONE) and outer[-1].steps[0] == ONE:
            self.reduced(middle, starts, outer, summed, start)
        elif summed[-1].steps[1] in (ZERO, ONE):
            self.reduced(Opcode.SUM_IN_ORDER if start else inner_code, starts, outer, summed, start)
        else:
            self.reduce(op, out, self.copied(v, rows), start)

    def reduced(
        self,
        opcode: Opcode,
        starts: Sequence[Start],
        outer: Sequence[Axis],
        summed: Sequence[Axis],
        start: SumStart | None,
    ) -> None:
        """A reduction of operand 1 to operand 0: over the middle axis, or over the inner one."""
        over_inner = opcode not in (Opcode.SUM, Opcode.LOGSUMEXP, Opcode.NORM)
        as_it_is = over_inner or start
        *more, along = summed if as_it_is else sorted(summed, key=lambda a: a.size.plain)
        inner = None if over_inner else outer[-1]
        kept = list(outer if over_inner else outer[:-1])
        first, second, peeled = two_axes(kept) if over_inner else _one(kept)
        flags = Flag.FIRST if start == "first" else Flag(0)
        if more:
            self.clear(starts[0], outer, -0.0 if start == "first" else 0.0)
            flags = Flag.ACCUMULATE
        if (inner or along).steps[1] == ZERO:
            flags |= Flag.A_BROADCAST

        def line(at: list[Start]) -> None:
            if inner is None:
                sizes = (first.size, second.size, along.size)
                dst, a = (s.operand(first.steps[k], second.steps[k]) for k, s in enumerate(at))
            else:
                sizes = (first.size, along.size, inner.size)
                dst, a = (s.operand(first.steps[k], along.steps[k]) for k, s in enumerate(at))
            self.lines.append(Line(opcode, sizes, (dst, a, None, None), flags))

        over(self.lines, [*peeled, *more], starts, line)

    def sum_over_rows(self, out: View, v: View) -> None:
        """Add to ``out``, which has no batch, the sum of ``v`` over its last axes and the rows."""
        spread = View(out.array, v.shape, out.offset, _padded(out.strides, len(v.shape)))
        starts, axes = self.axes([spread, v], False)
        first, second, peeled = two_axes(merged(axes))
        flags = Flag.ACCUMULATE

        def line(at: list[Start]) -> None:
            dst, a = (s.operand(first.steps[k], second.steps[k]) for k, s in enumerate(at))
            sizes = (first.size, second.size, REAL)
            self.lines.append(Line(Opcode.SUM_INNER, sizes, (dst, a, None, None), flags))

        over(self.lines, peeled, starts, line)

    def clear(self, start: Start, axes: Sequence[Axis], number: float = 0.0) -> None:
        """Zeros at the places of operand 0 of these axes."""
        zero = Start(self.number(number).array)
        self.strided([start, zero], [Axis(a.size, (a.steps[0], ZERO)) for a in axes])


NO_AXIS = Axis(ONE, (ZERO,) * 4)


def _padded(strides: Sequence[int], n: int) -> tuple[int, ...]:
    """Strides with zeros for more axes."""
    return (*strides, *[0] * (n - len(strides)))


def _outer(axes: Sequence[Axis]) -> tuple[tuple[Axis, Axis], list[Axis]]:
    """The two axes that a line goes over besides the inner one, and those that are left."""
    first, second, peeled = two_axes(axes)
    return (first, second), peeled


def two_axes(axes: Sequence[Axis]) -> tuple[Axis, Axis, list[Axis]]:
    """The two longest axes, and those that are left."""
    longest = sorted(axes, key=lambda a: -a.size.plain)[:2]
    taken = [a for a in axes if any(a is x for x in longest)]
    peeled = [a for a in axes if not any(a is x for x in taken)]
    first, second = ([NO_AXIS] * 2 + taken)[-2:]
    return first, second, peeled


def _one(axes: Sequence[Axis]) -> tuple[Axis, Axis, list[Axis]]:
    longest = max(axes, key=lambda a: a.size.plain, default=NO_AXIS)
    return longest, NO_AXIS, [a for a in axes if a is not longest]
