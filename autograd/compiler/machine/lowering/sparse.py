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
    writer: Writer, starts: Sequence[Start], axes: Sequence[Axis], given: Collection[Array]
) -> bool:
    """Write a product over blocks of rows, if one of its factors is one of these arrays, and it is
    of the form of a layer or of its gradient.

    Args:
        starts, axes: of the result and both factors.
    """
    for a, b in ((1, 2), (2, 1)):
        if starts[a].array not in given or len(axes) != 3:
            continue
        j, k, rows = sorted(axes, key=lambda x: (x.size.plain == 0, x.steps[a] != ZERO))
        if rows.size.plain or min(j.size.plain, k.size.plain) < LARGE or j.steps[a]:
            continue
        turned = Start(writer.array((j.size.plain,), True))
        dst, given_rows, other = starts[DST], starts[a], starts[b]
        if rows.steps[DST] and not rows.steps[b] and j.steps[b] == ONE:
            # turned[row, j] = sum over k of a[k, row] * b[k, j]
            operands = (
                turned.operand(j.size),
                given_rows.operand(ONE, k.steps[a]),
                other.operand(k.steps[b]),
                None,
            )
            sizes = PADDED, k.size, j.size
            writer.lines.append(Line(Opcode.PRODUCT_SPARSE, sizes, operands))
            over = Axis(j.size, (j.steps[DST], ONE)), Axis(PADDED, (ONE, j.size))
            writer.strided([dst, turned], over)
            return True
        if not rows.steps[DST] and rows.steps[b] and j.steps[DST] == ONE:
            # dst[k, j] += sum over the rows of a[k, row] * turned[row, j]
            over = Axis(PADDED, (j.size, ONE)), Axis(j.size, (ONE, j.steps[b]))
            writer.strided([turned, other], over)
            operands = (
                dst.operand(k.steps[DST]),
                given_rows.operand(k.steps[a], ONE),
                turned.operand(j.size),
                None,
            )
            sizes, flags = (k.size, REAL, j.size), Flag.ACCUMULATE
            writer.lines.append(Line(Opcode.PRODUCT_SPARSE, sizes, operands, flags))
            return True
    return False
