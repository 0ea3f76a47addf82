"""A loop made from a run of instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from autograd.compiler.program import (
    Array,
    Block,
    Carried,
    Collect,
    Contract,
    Final,
    Floats,
    Indices,
    Instruction,
    Loop,
    Map,
    Program,
    Reduce,
    Scatter,
    Shape,
    Slice,
    Stack,
    Take,
    View,
    view,
    whole,
)
from autograd.compiler.stages.trace import CONSTANT
from autograd.compiler.views import moved


class Moved:
    """Arrays that have become parts of larger ones: parameters that the iterations of a loop have
    one after the other, and results that are stacked.

    Attributes:
        constants: new ones.
    """

    def __init__(self, program: Program) -> None:
        self._blocks = {block.array: block for block in program.blocks}
        self._to: dict[Array, tuple[Array, int]] = {}
        self.constants: list[Array] = []

    def blocks(self) -> list[Block]:
        """The blocks of parameters."""
        return list(self._blocks.values())

    def move(self, old: Array, new: Array, offset: int) -> None:
        """The lanes of ``old`` are those of ``new`` from ``offset`` on."""
        self._to[old] = (new, offset)

    def seen(self, v: View) -> View:
        """A view as one of the array that now has its lanes."""
        while v.array in self._to:
            array, offset = self._to[v.array]
            if v.index is None:
                v = View(array, v.shape, v.offset + offset, v.strides)
            else:
                v = View(array, v.shape, index=v.index + offset)
        return v

    def together(self, views: Sequence[View]) -> bool:
        """Make one block of the blocks of parameters that are seen, and say whether that went."""
        arrays = [v.array for v in views]
        shape = arrays[0].shape
        if len(set(arrays)) < len(arrays):
            return False
        if any(a not in self._blocks or a.shape != shape for a in arrays):
            return False
        merged = Array((len(arrays), *shape), arrays[0].kind)
        for t, a in enumerate(arrays):
            self.move(a, merged, t * a.size)
        lanes = [self._blocks.pop(a).lanes.reshape(-1) for a in arrays]
        self._blocks[merged] = Block(merged, np.concatenate(lanes))
        return True

    def constant(self, numbers: Floats) -> View:
        """A new array of numbers. Axes along which they are the same repeat."""
        shape = numbers.shape
        for axis in range(1, numbers.ndim):
            if _same(np.moveaxis(numbers, axis, 0)):
                numbers = np.take(numbers, [0], axis=axis)
        kept = tuple(n for n in numbers.shape if n > 1)
        array = Array(kept, CONSTANT, numbers=numbers.reshape(kept))
        self.constants.append(array)
        lanes = np.arange(array.size).reshape(numbers.shape)
        return view(array, np.broadcast_to(lanes, shape))


class LoopBuilder:
    """Makes a loop.

    Args:
        run: the instructions of all iterations.
        period: how many there are in one.
        later: the arrays that are used after them.
        moved: notes what moves.

    Attributes:
        before: instructions that put arrays together, for the loop to slice.
    """

    def __init__(
        self, run: Sequence[Instruction], period: int, later: set[Array], moved: Moved
    ) -> None:
        self.run = [i for i in run if not isinstance(i, Loop)]
        self.period, self.count = period, len(run) // period
        self.later, self.moved = later, moved
        self.before: list[Instruction] = []
        self.place = {i.out: n for n, i in enumerate(self.run)}
        first = self.run[:period]
        self.inner = [Array(i.out.shape, i.out.kind) for i in first]
        self.slices: dict[tuple[Array, Shape, bytes], Slice] = {}
        self.carried: list[Carried] = []
        self.whole_states: dict[tuple[int, int], Array] = {}
        self.view_states: dict[object, Array] = {}

    def loop(self) -> Loop:
        """The loop."""
        self._states()
        body = tuple(self._instruction(n) for n in range(self.period))
        stacks, finals = [], []
        for n, inner in enumerate(self.inner):
            arrays = [i.out for i in self.run[n :: self.period]]
            used = [a in self.later for a in arrays]
            if any(used[:-1]):
                outer = Array((self.count, *inner.shape), inner.kind)
                stacks.append(Stack(outer, whole(inner)))
                for t, a in enumerate(arrays):
                    self.moved.move(a, outer, t * a.size)
            elif used[-1]:
                finals.append(Final(arrays[-1], whole(inner)))
        return Loop(
            self.count,
            body,
            tuple(self.carried),
            tuple(self.slices.values()),
            tuple(stacks),
            tuple(finals),
        )

    def _instruction(self, n: int) -> Instruction:
        """The instruction at place n of the body."""
        i, out = self.run[n], self.inner[n]
        views = tuple(self._operand(n, k) for k in range(len(i.operands)))
        if isinstance(i, Map):
            return Map(out, i.op, views)
        if isinstance(i, Reduce):
            return replace(i, out=out, operand=views[0])
        if isinstance(i, Contract):
            return Contract(out, views[0], views[1], i.labels)
        if isinstance(i, Take):
            return Take(out, *views)
        if isinstance(i, Scatter):
            raise TypeError("loops are found before a program is given its gradients")
        places = tuple(View(out, p.shape, p.offset, p.strides, p.index) for p in i.places)
        return Collect(out, places, views)

    def _views(self, n: int, k: int) -> list[View]:
        """Operand k of the instruction at place n, in each iteration."""
        return [i.operands[k] for i in self.run[n :: self.period]]

    def _operand(self, n: int, k: int) -> View:
        """The operand in the body."""
        views = self._views(n, k)
        last = views[-1]
        if last.array not in self.place:
            return self._given([self.moved.seen(v) for v in views])
        made, lag = self._source(last)
        if lag == 0:
            return moved(last, self.inner[made])
        if (made, lag) in self.whole_states:
            return moved(last, self.whole_states[made, lag])
        return whole(self.view_states[made, lag, last.key[1:], _keys(views[:lag])])

    def _source(self, last: View) -> tuple[int, int]:
        """Where in the body the array of the last iteration's operand is made, and how many
        iterations earlier."""
        made = self.place[last.array]
        return made % self.period, self.count - 1 - made // self.period

    # --- what differs between iterations, but comes from before the loop ---

    def _given(self, views: list[View]) -> View:
        """An operand that is the same in each iteration, or a slice."""
        arrays = {v.array for v in views}
        if len(arrays) > 1 and self.moved.together(views):
            views = [self.moved.seen(v) for v in views]
            arrays = {views[0].array}
        if len(arrays) == 1:
            lanes = np.stack([v.lanes() for v in views])
            if (lanes == lanes[0]).all():
                return views[0]
            return self._slice(view(views[0].array, lanes))
        if all(v.array.numbers is not None for v in views):
            numbers = np.stack([_numbers(v) for v in views])
            if _same(numbers):
                return views[0]
            return self._slice(self.moved.constant(numbers))
        kind = max(v.array.kind for v in views)
        every = Array((self.count, *views[0].shape), kind)
        lanes = np.arange(every.size).reshape(every.shape)
        places = tuple(view(every, lanes[t]) for t in range(self.count))
        self.before.append(Collect(every, places, tuple(views)))
        return self._slice(whole(every))

    def _slice(self, outer: View) -> View:
        key = (outer.array, outer.shape, outer.lanes().tobytes())
        if key not in self.slices:
            self.slices[key] = Slice(outer, Array(outer.shape[1:], outer.array.kind))
        return whole(self.slices[key].inner)

    # --- what an iteration leaves to the next ---

    def _states(self) -> None:
        """Find all that is carried: arrays where possible, else views of them."""
        uses: dict[int, list[tuple[int, list[View]]]] = {}
        for n in range(self.period):
            for k in range(len(self.run[n].operands)):
                views = self._views(n, k)
                if views[-1].array in self.place:
                    made, lag = self._source(views[-1])
                    if lag:
                        uses.setdefault(made, []).append((lag, views))
        for made, readers in uses.items():
            longest = max(lag for lag, _ in readers)
            starts = [self._start(made, back, readers) for back in range(1, longest + 1)]
            if None not in starts:
                after = whole(self.inner[made])
                for back, start in enumerate(starts, 1):
                    assert start is not None
                    after = self._carry(start, after)
                    self.whole_states[made, back] = after.array
            else:
                for lag, views in readers:
                    self._carry_view(made, lag, views)

    def _carry(self, start: View, after: View) -> View:
        """Carry ``after``; the result is what it was in the iteration before."""
        kind = max(start.array.kind, after.array.kind)
        before = Array(start.shape, kind)
        self.carried.append(Carried(start, before, after))
        return whole(before)

    def _start(self, made: int, back: int, readers: list[tuple[int, list[View]]]) -> View | None:
        """The whole array that stands for what was made ``back`` iterations before the first, if
        all who read it there read one array."""
        shape = self.inner[made].shape
        source: Array | None = None
        lanes = np.full(self.inner[made].size, -1)
        for lag, views in readers:
            if lag < back:
                continue
            first = self.moved.seen(views[lag - back])
            if source not in (None, first.array):
                return None
            source = first.array
            places, given = views[-1].lanes().reshape(-1), first.lanes().reshape(-1)
            known = lanes[places]
            if ((known >= 0) & (known != given)).any():
                return None
            lanes[places] = given
            if (lanes[places] != given).any():  # one lane is read twice, and was two at first
                return None
        if source is None or (lanes < 0).all():
            return None
        lanes[lanes < 0] = lanes.max()  # nobody reads them
        return view(source, lanes.reshape(shape))

    def _carry_view(self, made: int, lag: int, views: list[View]) -> None:
        """Carry a view of an array."""
        key = (made, lag, views[-1].key[1:], _keys(views[:lag]))
        if key in self.view_states:
            return
        after = moved(views[-1], self.inner[made])
        for back in range(1, lag + 1):
            after = self._carry(self.moved.seen(views[lag - back]), after)
        self.view_states[key] = after.array


def _keys(views: Sequence[View]) -> tuple[object, ...]:
    return tuple(v.key for v in views)


def _numbers(v: View) -> Floats:
    assert v.array.numbers is not None
    return v.array.numbers.reshape(-1)[v.lanes()]


def _same(numbers: Floats) -> bool:
    """Whether the numbers are the same along the first axis, bit for bit."""
    bits: Indices = np.ascontiguousarray(numbers, np.float64).view(np.int64)
    return bool((bits == bits[0]).all())
