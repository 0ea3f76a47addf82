"""Products with an argument of the function, whose rows may have many zeros (letters, classes).

A zero is worth passing over where all that it is multiplied by lies together. So what the rest of
the program keeps lane by lane, the other factor or the result, is turned: row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autograd.compiler.machine.amount import ONE, PADDED, REAL, ZERO
from autograd.compiler.machine.lowering.axes import Axis, Start
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import Flag, Opcode
from autograd.compiler.machine.table import Line
from autograd.compiler.program import Array

LARGE = 16
"""With fewer numbers in a row of either factor the turning takes too long."""

DST = 0


def sparse(
    writer: Writer,
    starts: Sequence[Start],
    axes: Sequence[Axis],
    given: Collection[Array],
    finite: Collection[Array],
) -> bool:
    """Write a product, if one of its factors is an argument and it is of the form of a layer, or,
    over blocks of rows, of its gradient.

    Args:
        starts, axes: of the result and both factors.
        given: the arguments.
        finite: the weights that are known to be finite. For one row it takes as long to look at
            weights as to multiply them.
    """
    if len(axes) < 2:  # one product, or the sum of some
        return False
    for a, b in ((1, 2), (2, 1)):
        order = sorted(axes, key=lambda x: (x.size.plain == 0, x.steps[a] != ZERO))
        if starts[a].array not in given or order[0].steps[a]:
            continue
        if len(axes) == 2 and starts[b].array in finite:
            return _of_one_row(writer, starts, order, a, b)
        if len(axes) == 3 and not order[2].size.plain:
            return _of_rows(writer, starts, order, a, b)
    return False


def _of_one_row(
    writer: Writer, starts: Sequence[Start], axes: Sequence[Axis], a: int, b: int
) -> bool:
    """``dst[j] = sum over k of a[k] * b[k, j]``."""
    j, k = axes
    if not j.steps[DST] == j.steps[b] == ONE or k.steps[DST]:
        return False
    left, right = starts[a].operand(ZERO, k.steps[a]), starts[b].operand(k.steps[b])
    operands = starts[DST].operand(), left, right, None
    writer.lines.append(Line(Opcode.PRODUCT_SPARSE, (ONE, k.size, j.size), operands, Flag.FINITE))
    return True


def _of_rows(writer: Writer, starts: Sequence[Start], axes: Sequence[Axis], a: int, b: int) -> bool:
    """``turned[row, j] = sum over k of a[k, row] * b[k, j]`` and ``dst[j, row] = turned[row, j]``;
    or ``dst[k, j] += sum over the rows of a[k, row] * turned[row, j]`` with b turned before."""
    j, k, rows = axes
    if min(j.size.plain, k.size.plain) < LARGE:
        return False
    turned = Start(writer.array((j.size.plain,), True))
    if rows.steps[DST] and not rows.steps[b] and j.steps[b] == ONE:
        left, right = starts[a].operand(ONE, k.steps[a]), starts[b].operand(k.steps[b])
        operands = turned.operand(j.size), left, right, None
        writer.lines.append(Line(Opcode.PRODUCT_SPARSE, (PADDED, k.size, j.size), operands))
        over = Axis(j.size, (j.steps[DST], ONE)), Axis(PADDED, (ONE, j.size))
        writer.strided([starts[DST], turned], over)
        return True
    if not rows.steps[DST] and rows.steps[b] and j.steps[DST] == ONE:
        over = Axis(PADDED, (j.size, ONE)), Axis(j.size, (ONE, j.steps[b]))
        writer.strided([turned, starts[b]], over)
        left, right = starts[a].operand(k.steps[a], ONE), turned.operand(j.size)
        operands = starts[DST].operand(k.steps[DST]), left, right, None
        sizes, flags = (k.size, REAL, j.size), Flag.ACCUMULATE
        writer.lines.append(Line(Opcode.PRODUCT_SPARSE, sizes, operands, flags))
        return True
    return False
