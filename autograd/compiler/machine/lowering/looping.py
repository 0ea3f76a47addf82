"""Loops of a program as loops of the table.

A slice is read where it stands in its outer array, and what is stacked is computed where it will
stand, so that the operands of the body move with t. What is carried is copied only where it
cannot be computed where the next iteration reads it; see ``carrying``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from autograd.compiler.machine.lowering.carrying import in_place
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.table import Begin, End, Round
from autograd.compiler.program import (
    Array,
    Carried,
    Instruction,
    Loop,
    View,
    row_major,
    view,
    whole,
)


def loop(
    writer: Writer, i: Loop, instruction: Callable[[Instruction], None], ends: Iterable[Array]
) -> None:
    """The lines of a loop.

    Args:
        instruction: writes the lines of an instruction of the body.
        ends: arrays that must have a place of their own.
    """
    round = Round(i.count, i.reverse)
    ready = in_place(writer, i, round, ends)
    copied = [c for c in i.carried if c not in ready.carried]
    for c in copied:
        writer.copy(whole(c.before), c.start)
    for s in i.slices:
        outer = s.outer if s.outer.index is None else writer.contiguous(s.outer)
        first = View(outer.array, outer.shape[1:], outer.offset, outer.strides[1:])
        writer.stand_in(s.inner, first, round, outer.strides[0])
    own = {out for b in i.body if not isinstance(b, Loop) for out in b.outs}
    last = ready.last
    for stack in i.stacks:
        inner = stack.inner
        if stack in ready.stacks or inner.array in writer.stands_for:
            continue
        if inner.whole and inner.array in own and inner.array.batched == stack.outer.batched:
            own.discard(inner.array)
            ready.stacks.add(stack)
            last[inner.array] = _last(stack.outer, i)
            writer.stand_in(inner.array, *_first(stack.outer, round))
    writer.lines.append(Begin(round))
    around, writer.loop = writer.loop, round
    for b in i.body:
        instruction(b)
    for stack in i.stacks:
        if stack not in ready.stacks:
            place = Array(stack.outer.shape[1:], stack.outer.kind)
            writer.stand_in(place, *_first(stack.outer, round))
            writer.copy(whole(place), stack.inner)
    before = {c.before for c in i.carried}
    given = before | {s.inner for s in i.slices}
    for f in i.finals:
        if f.inner.array in given:
            writer.copy(whole(f.outer), f.inner)
    _carry(writer, copied, before)
    writer.lines.append(End(round))
    writer.loop = around
    for f in i.finals:
        if f.inner.array in last:
            of = last[f.inner.array]
            lanes = of.lanes().reshape(-1)[f.inner.lanes()]
            writer.copy(whole(f.outer), view(of.array, lanes))
        elif f.inner.array not in given:
            writer.copy(whole(f.outer), f.inner)


def _first(outer: Array, round: Round) -> tuple[View, Round, int]:
    """The first of the arrays that are stacked, and how many lanes it moves in each round."""
    strides = row_major(outer.shape)
    return View(outer, outer.shape[1:], 0, strides[1:]), round, strides[0]


def _last(outer: Array, i: Loop) -> View:
    """What the last iteration stacks."""
    strides = row_major(outer.shape)
    start = 0 if i.reverse else (i.count - 1) * strides[0]
    return View(outer, outer.shape[1:], start, strides[1:])


def _carry(writer: Writer, carried: Sequence[Carried], before: set[Array]) -> None:
    """All that is carried changes at once, so what is still to be read is copied first."""
    kept = []
    for c in carried:
        after = c.after
        if after.array in before and after.array is not c.before:
            copy = whole(writer.array(after.shape, writer.rows_of(after.array)))
            writer.copy(copy, after)
            after = copy
        kept.append(after)
    for c, after in zip(carried, kept):
        writer.copy(whole(c.before), after)
