"""Take and Scatter as lines for the machine."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.machine.amount import ONE, REAL, ZERO, Amount
from autograd.compiler.machine.lowering.axes import Axis, Start, merged, over
from autograd.compiler.machine.lowering.writer import BROADCAST, Writer, two_axes
from autograd.compiler.machine.opcodes import Flag, Opcode
from autograd.compiler.machine.table import Line, NotLowered
from autograd.compiler.program import Scatter, Take, View, whole


def take(writer: Writer, i: Take) -> None:
    """``out[place] = columns[place][index[place]]``."""
    columns = i.columns
    if columns.index is not None:
        columns = writer.copied(columns, writer.rows_of(columns.array))
    first, step = _first_and_step(writer, columns)
    starts, axes = writer.axes([whole(i.out), first, i.index], writer.rows_of(i.out), REAL)
    _lines(writer, Opcode.TAKE, starts, axes, step)


def scatter(writer: Writer, i: Scatter) -> None:
    """``out[columns[place][index[place]]] += part[place]``, where ``out`` is zeros already.

    Raises:
        NotLowered: the lanes of a column are not evenly spaced.
    """
    first, step = _first_and_step(writer, i.columns)
    starts, axes = writer.axes([first, i.part, i.index], True, REAL)
    _lines(writer, Opcode.PUT_ADD, starts, axes, step)


def _first_and_step(writer: Writer, columns: View) -> tuple[View, Amount]:
    """The first number of each column, and the elements from number to number."""
    if columns.index is not None:
        raise NotLowered("the lanes of a column are not evenly spaced")
    first = View(columns.array, columns.shape[:-1], columns.offset, columns.strides[:-1])
    literal = columns.array.literal() is not None
    return first, ZERO if literal else writer.lane(columns.array) * columns.strides[-1]


def _lines(
    writer: Writer, opcode: Opcode, starts: Sequence[Start], axes: Sequence[Axis], step: Amount
) -> None:
    axes = merged(axes)
    fitting = [a for a in axes if all(s in (ZERO, ONE) for s in a.steps)]
    inner = max(fitting, key=lambda a: a.steps[0] == ONE, default=Axis(ONE, (ONE,) * 3))
    first, second, peeled = two_axes([a for a in axes if a is not inner])
    flags = Flag(0)
    for k, of_operand in enumerate(inner.steps):
        # A result that all numbers of the inner axis are added to has the flag of c.
        flags |= (BROADCAST[k] or Flag.C_BROADCAST) if of_operand == ZERO else Flag(0)

    def line(at: list[Start]) -> None:
        dst, a, b = (s.operand(first.steps[k], second.steps[k]) for k, s in enumerate(at))
        sizes = (first.size, second.size, inner.size)
        writer.lines.append(Line(opcode, sizes, (dst, a, b, None), flags, step))

    over(writer.lines, peeled, starts, line)
