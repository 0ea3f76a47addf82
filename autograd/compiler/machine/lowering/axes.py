"""Nested loops over operands: axes joined where they can be, and split over lines where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autograd.compiler.machine.amount import ONE, ZERO, Amount, product
from autograd.compiler.machine.table import Begin, End, Lines, Moves, Operand, Round
from autograd.compiler.program import Array

UNROLLED = 4
"""At most this many rounds are written out; for more, the table has a loop."""


@dataclass(frozen=True)
class Axis:
    """An axis that operands share.

    Attributes:
        size: how many places it has.
        steps: for each operand the elements from place to place, 0 where it repeats.
    """

    size: Amount
    steps: tuple[Amount, ...]


@dataclass(frozen=True, eq=False)
class Start:
    """Where an operand begins: an array, an offset in elements, and the loops that move it."""

    array: Array
    offset: Amount = ZERO
    moves: Moves = ()

    def by(self, step: Amount, places: int) -> Start:
        """Some places further along an axis."""
        return replace(self, offset=self.offset + step * places)

    def operand(self, *strides: Amount) -> Operand:
        """The operand with its strides."""
        return Operand(self.array, self.offset, strides, self.moves)


Body = Callable[[list[Start]], None]


def without_ones(axes: Sequence[Axis]) -> list[Axis]:
    """The axes that have more than one place."""
    return [axis for axis in axes if axis.size != ONE]


def joined(outer: Axis, inner: Axis) -> Axis | None:
    """Two axes as one, if every operand goes through them evenly."""
    for a, b in zip(outer.steps, inner.steps):
        if product(b, inner.size) != a:
            return None
    size = product(outer.size, inner.size)
    return None if size is None else Axis(size, inner.steps)


def merged(axes: Sequence[Axis]) -> list[Axis]:
    """Neighbouring axes joined where that is possible."""
    result: list[Axis] = []
    for axis in without_ones(axes):
        result.append(axis)
        while len(result) > 1 and (one := joined(result[-2], result[-1])):
            result[-2:] = [one]
    return result


def over(lines: Lines, axes: Sequence[Axis], starts: Sequence[Start], body: Body) -> None:
    """The lines of ``body(starts)`` for each place along axes that no instruction goes over.

    Args:
        axes: outermost first; their sizes are numbers.
    """
    if not axes:
        body(list(starts))
        return
    axis, *rest = axes
    count = axis.size.plain
    if count <= UNROLLED:
        for place in range(count):
            moved = [s.by(step, place) for s, step in zip(starts, axis.steps)]
            over(lines, rest, moved, body)
        return
    round = Round(count)
    lines.append(Begin(round))
    moved = [
        replace(s, moves=(*s.moves, (round, step))) if step else s
        for s, step in zip(starts, axis.steps)
    ]
    over(lines, rest, moved, body)
    lines.append(End(round))
