"""What is carried from one iteration of a loop to the next, without copies.

What an iteration leaves is computed where the next one reads it: if either is stacked, in an array
of one more element than there are iterations, in which iteration t reads element t and writes
element t + 1; else in the place of what it replaces, if that is not read any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autograd import ops
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import MAPS, Opcode
from autograd.compiler.machine.table import Round
from autograd.compiler.program import Array, Carried, Loop, Map, Stack, View, row_major, whole


@dataclass
class InPlace:
    """What needs no copies.

    Attributes:
        carried: what is carried so.
        stacks: what is stacked so.
        last: where what the last iteration left is then.
    """

    carried: set[Carried]
    stacks: set[Stack]
    last: dict[Array, View]


def in_place(writer: Writer, i: Loop, round: Round, ends: Iterable[Array]) -> InPlace:
    """Let what an iteration leaves be where the next one reads it, and write the starts.

    Args:
        ends: arrays that must have a place of their own.
    """
    done, fixed = InPlace(set(), set(), {}), set(ends)
    for c in i.carried:
        if not _fits(writer, i, c):
            continue
        stacks = [s for s in i.stacks if s.inner.array in (c.before, c.after.array)]
        if not stacks:
            if _is_read_before(i, c):
                writer.copy(whole(c.before), c.start)
                writer.stand_in(c.after.array, whole(c.before), round, 0)
                done.carried.add(c)
        elif all(_stands(writer, s, c) and s.outer not in fixed for s in stacks):
            _stacked(writer, i, c, round, stacks, done)
    return done


def _fits(writer: Writer, i: Loop, c: Carried) -> bool:
    """Whether what is carried is a whole result of the body, which lies as what it replaces."""
    after = c.after.array
    made = [b for b in i.body if after in b.outs and not isinstance(b, Loop)]
    rows = writer.rows_of(c.before)
    return (
        bool(made)
        and c.after.whole
        and after.shape == c.before.shape
        and rows == writer.rows_of(after)
        # What is summed over the rows is added up elsewhere.
        and rows == any(writer.rows_of(v.array) for v in made[0].operands)
        and sum(x.after.array is after for x in i.carried) == 1
    )


def _stands(writer: Writer, s: Stack, c: Carried) -> bool:
    free = s.outer not in writer.stands_for
    return free and s.inner.whole and writer.rows_of(s.outer) == writer.rows_of(c.before)


def _stacked(
    writer: Writer, i: Loop, c: Carried, round: Round, stacks: list[Stack], done: InPlace
) -> None:
    shape, size = c.before.shape, c.before.size
    every = writer.array((i.count + 1, *shape), writer.rows_of(c.before))

    def place(t: int, shape: tuple[int, ...] = shape) -> View:
        return View(every, shape, t * size, row_major(shape))

    before, after = (1, 0) if i.reverse else (0, 1)
    first, last = (i.count, 0) if i.reverse else (0, i.count)
    writer.copy(place(first), c.start)
    writer.stand_in(c.before, place(before), round, size)
    writer.stand_in(c.after.array, place(after), round, size)
    for s in stacks:
        at = before if s.inner.array is c.before else after
        writer.stand_in(s.outer, place(at, s.outer.shape), round, 0)
    done.carried.add(c)
    done.stacks.update(stacks)
    done.last[c.after.array] = place(last)


def _is_read_before(i: Loop, c: Carried) -> bool:
    """Whether nothing reads what is replaced once it is replaced."""
    if any(v.array is c.before for v in i.left):
        return False
    readers = [n for n, b in enumerate(i.body) if any(v.array is c.before for v in b.operands)]
    made = next(n for n, b in enumerate(i.body) if c.after.array in b.outs)
    latest = max(readers, default=-1)
    return latest < made or (latest == made and _is_one_line(i.body[made], c.before))


def _is_one_line(i: object, array: Array) -> bool:
    """Whether an instruction replaces this operand element by element, in one line."""
    if not isinstance(i, Map) or not all(v.whole for v in i.operands if v.array is array):
        return False
    if i.op in (ops.sum, ops.add):
        return len(i.operands) == 2
    return i.op in MAPS and Opcode.ADD <= MAPS[i.op] <= Opcode.SIGMOID_SLOPE
