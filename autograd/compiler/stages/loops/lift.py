"""Lift: what need not happen step by step happens for all iterations of a loop at once.

In a loop, an instruction that needs nothing that is carried can stand before it, and one that what
is carried does not need can stand after it. Outside, its arrays have the iterations as one more
axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Final,
    Instruction,
    Loop,
    Map,
    Reduce,
    Scatter,
    Simple,
    Slice,
    Stack,
    Take,
    View,
    view,
    whole,
)
from autograd.compiler.stages.rewrite import with_views
from autograd.compiler.views import moved

Outer = Mapping[Array, View]
"""For an array of an iteration, the view of all of them outside: (count, *shape)."""


def lifted_view(v: View, count: int, outer: Outer) -> View:
    """What all iterations see: (count, *v.shape). An array without ``outer`` is always the same."""
    shape = (count, *v.shape)
    if v.array not in outer:
        if v.index is None:
            return View(v.array, shape, v.offset, (0, *v.strides))
        return View(v.array, shape, index=np.broadcast_to(v.index, shape))
    every = outer[v.array]
    if v.whole:
        return every
    if every.whole and v.index is None:
        return View(every.array, shape, v.offset, (v.array.size, *v.strides))
    return view(every.array, every.lanes().reshape(count, -1)[:, v.lanes()])


def lifted(i: Simple, count: int, outer: Outer, out: Array) -> Simple:
    """The instruction for all iterations. ``out`` is (count, *i.out.shape)."""
    views = [lifted_view(v, count, outer) for v in i.operands]
    if isinstance(i, Map):
        return Map(out, i.op, tuple(views))
    if isinstance(i, Reduce):
        return replace(i, out=out, operand=views[0])
    if isinstance(i, Contract):
        return lifted_product(i, count, outer, out)
    if isinstance(i, Take):
        return Take(out, *views)
    if isinstance(i, Scatter):
        return Scatter(out, _lifted_place(i.columns, count, out), *views)
    places = tuple(_lifted_place(place, count, out) for place in i.places)
    return Collect(out, places, tuple(views))


def _lifted_place(place: View, count: int, out: Array) -> View:
    """A place of the result of an iteration, in the result of all."""
    size = place.array.size
    if place.index is None:
        return View(out, (count, *place.shape), place.offset, (size, *place.strides))
    return view(out, np.add.outer(np.arange(count) * size, place.index))


def lifted_product(i: Contract, count: int, outer: Outer, out: Array) -> Contract:
    """The product for all iterations; if ``out`` is as without them, their sum."""
    of_left, of_right, of_out = i.labels
    step = new_label(of_left + of_right + of_out)
    factors = []
    for v, labels in ((i.left, of_left), (i.right, of_right)):
        varies = v.array in outer
        factors.append((lifted_view(v, count, outer), step + labels) if varies else (v, labels))
    (left, of_left), (right, of_right) = factors
    of_out = of_out if out.shape == i.out.shape else step + of_out
    return Contract(out, left, right, (of_left, of_right, of_out))


def new_label(taken: str) -> str:
    """A label for the iterations."""
    return next(c for c in "tuvwxyzabcdefghijklmnopqrs" if c not in taken)


def split(loop: Loop) -> list[Instruction]:
    """The loop, or two for its two parts, with what need not be in it before and after it."""
    before, loop = _hoisted(loop)
    loop, after = _sunk(loop)
    return [*before, *(part for part in _parted(loop) if part.outs), *after]


def _stacked_as(loop: Loop) -> dict[Array, Array]:
    """The outer array for each inner array that is stacked as it stands."""
    return {s.inner.array: s.outer for s in loop.stacks if s.inner.whole}


def _hoisted(loop: Loop) -> tuple[list[Instruction], Loop]:
    """The instructions that need nothing that is carried, and the loop without them."""
    before: list[Instruction] = []
    body: list[Instruction] = []
    outer = {s.inner: s.outer for s in loop.slices}
    stacked, kept = _stacked_as(loop), list(loop.stacks)
    own = set(loop.inner)
    slices = list(loop.slices)
    for i in loop.body:
        arrays = {v.array for v in i.operands} & own
        if not _liftable(i, own) or isinstance(i, Loop) or not arrays <= outer.keys():
            body.append(i)
        elif not arrays:
            before.append(i)  # it is the same each time
            own.discard(i.out)
        else:
            out = stacked.get(i.out) or Array((loop.count, *i.out.shape), i.out.kind)
            kept = [s for s in kept if s.outer is not out]
            before.append(lifted(i, loop.count, outer, out))
            outer[i.out] = whole(out)
            slices.append(Slice(whole(out), i.out))
    loop = replace(loop, body=tuple(body), stacks=tuple(kept))
    used = {v.array for v in loop.uses}
    return before, replace(loop, slices=tuple(s for s in slices if s.inner in used))


def _liftable(i: Instruction, own: set[Array]) -> bool:
    """Whether there is no gather, which would need an index as long as the loop."""
    return not any(v.index is not None and v.array in own for v in i.operands)


def _sums_the_batch(i: Simple) -> bool:
    """Whether it sums over the batch. Then it has little to give, and much to take."""
    batched = any(v.array.batched for v in i.operands)
    return isinstance(i, Contract | Scatter) and batched and not i.out.batched


def _sunk(loop: Loop) -> tuple[Loop, list[Instruction]]:
    """The loop without the instructions that nothing in it needs, and those instructions."""
    stacked = _stacked_as(loop)
    parts = {s.inner.array for s in loop.stacks if not s.inner.whole}
    used = {c.after.array for c in loop.carried} | {f.inner.array for f in loop.finals} | parts
    body: list[Instruction] = []
    late: list[Simple] = []
    own = set(loop.inner)
    for i in reversed(loop.body):
        if isinstance(i, Loop) or i.out in used or not _liftable(i, own) or _sums_the_batch(i):
            used.update(v.array for v in i.operands)
            body.append(i)
        elif not isinstance(i, Loop):
            late.append(i)
    moved = {i.out for i in late}
    outer = {s.inner: s.outer for s in loop.slices}
    stacks = [s for s in loop.stacks if s.inner.array not in moved]
    after: list[Instruction] = []
    for i in reversed(late):
        for v in i.operands:
            if v.array in own and v.array not in outer:
                every = stacked.get(v.array) or Array((loop.count, *v.array.shape), v.array.kind)
                if v.array not in stacked:
                    stacks.append(Stack(every, whole(v.array)))
                outer[v.array] = whole(every)
        out = stacked.get(i.out) or Array((loop.count, *i.out.shape), i.out.kind)
        outer[i.out] = whole(out)
        after.append(lifted(i, loop.count, outer, out))
    loop = replace(loop, body=tuple(reversed(body)), stacks=tuple(stacks))
    used = {v.array for v in loop.uses}
    return replace(loop, slices=tuple(s for s in loop.slices if s.inner in used)), after


def _parted(loop: Loop) -> list[Loop]:
    """A loop of what is the same for all rows, as the variance in a Kalman filter is, and a loop of
    the rest, which reads what the first has stacked. Each row need not do it again, and backward
    the first gets the sum of all rows at once."""
    own, shared = set(loop.inner), _same_for_all_rows(loop)
    first = tuple(i for i in loop.body if set(i.outs) <= shared)
    rest = tuple(i for i in loop.body if not set(i.outs) <= shared)
    carried = tuple(c for c in loop.carried if c.before in shared)
    if not (carried and first and rest):
        return [loop]
    others = tuple(c for c in loop.carried if c.before not in shared)

    def is_first(handed: Stack | Final) -> bool:
        return handed.inner.array in shared or handed.inner.array not in own

    stacks = [s for s in loop.stacks if is_first(s)]
    stacked, given = _stacked_as(loop), {s.inner: s.outer for s in loop.slices}
    inner: dict[Array, Array] = {}
    slices = [s for s in loop.slices if s.inner not in shared]

    def see(v: View) -> View:
        """What the rest reads of the first part is a slice of what that stacks."""
        array = v.array
        if array not in shared:
            return v
        if array not in inner:
            inner[array] = Array(array.shape, array.kind)
            if array not in given:
                given[array] = whole(
                    stacked.get(array) or Array((loop.count, *array.shape), array.kind)
                )
                if array not in stacked:
                    stacks.append(Stack(given[array].array, whole(array)))
            slices.append(Slice(given[array], inner[array]))
        return moved(v, inner[array])

    second = replace(
        loop,
        body=tuple(with_views(i, see) for i in rest),
        carried=tuple(replace(c, after=see(c.after)) for c in others),
        stacks=tuple(s for s in loop.stacks if not is_first(s)),
        finals=tuple(f for f in loop.finals if not is_first(f)),
    )
    return [
        replace(
            loop,
            body=first,
            carried=carried,
            slices=tuple(s for s in loop.slices if s.inner in shared),
            stacks=tuple(stacks),
            finals=tuple(f for f in loop.finals if is_first(f)),
        ),
        replace(second, slices=tuple(slices)),
    ]


def _same_for_all_rows(loop: Loop) -> set[Array]:
    """The inner arrays that depend on nothing that differs between rows."""
    own = set(loop.inner)
    shared = {a for a in loop.inner if not a.batched}
    while True:
        lost = {c.before for c in loop.carried if not _within(c.after, own, shared)}
        lost |= {
            out
            for i in loop.body
            for out in i.outs
            if not all(_within(v, own, shared) for v in i.operands)
        }
        if not lost & shared:
            return shared
        shared -= lost


def _within(v: View, own: set[Array], shared: set[Array]) -> bool:
    return v.array in shared if v.array in own else not v.array.batched
