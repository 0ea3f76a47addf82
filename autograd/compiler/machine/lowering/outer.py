"""Training by one row and plain descent, without the gradients that are outer products.

For one row the gradient of a layer's weights is an outer product of its inputs and its slopes. It
need not be written, checked and read again: the update adds the product to the weights. Where the
inputs are an argument and mostly 0, it touches few of them. What is left of the gradient is a
probe: numbers that are finite if all of it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from autograd import ops
from autograd.compiler.algebra import MAGNITUDE
from autograd.compiler.machine.amount import ONE, ZERO, amount
from autograd.compiler.machine.lowering.axes import Start
from autograd.compiler.machine.lowering.sparse import LARGE
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import Flag, Opcode
from autograd.compiler.machine.table import Line, Operand
from autograd.compiler.program import Array, Contract, Program, View, whole


@dataclass(frozen=True, eq=False)
class Outer:
    """The gradient of a block of weights, of shape (m, j): ``left[m] * right[j]``.

    Attributes:
        sparse: whether ``left`` is an argument of the function, in which many numbers may be 0.
    """

    block: Array
    left: View
    right: View
    sparse: bool


def outer_products(program: Program) -> dict[Contract, Outer]:
    """The instructions that only make a gradient of this kind."""
    uses = Counter(v.array for i in program.instructions for v in i.operands)
    uses.update(v.array for v in program.ends())
    block_of = {v.array: a for a, v in program.gradients.items() if v is not None and v.whole}
    blocks = {block.array for block in program.blocks}
    found = {}
    for i in program.instructions:
        if not isinstance(i, Contract) or uses[i.out] != 1 or block_of.get(i.out) not in blocks:
            continue
        of_left, of_right, out = i.labels
        if len(of_left) != 1 or len(of_right) != 1 or len(out) != 2 or min(i.out.shape) < LARGE:
            continue
        left, right = (i.left, i.right) if of_left + of_right == out else (i.right, i.left)
        if left.index is None and right.index is None:
            found[i] = Outer(block_of[i.out], left, right, left.array in program.arguments)
    return found


def probe(writer: Writer, of: Outer, place: View) -> None:
    """Lines for numbers that are finite if the outer product is: one factor times the sum of the
    other without signs. Only a product of some 1e308 is taken for infinite before it is."""
    size = whole(writer.array(of.left.shape, False))
    writer.map(MAGNITUDE, size, [of.left])
    total = whole(writer.array((), False))
    writer.reduce(ops.sum, total, size)
    repeated = View(total.array, place.shape, 0, (0,))
    writer.apply(Opcode.MUL, place, [of.right, repeated])


def descend(writer: Writer, of: Outer, block: Array, rate: View, check: View | None) -> None:
    """Lines for ``block -= left * (rate * right)``.

    Args:
        check: gets numbers that are finite if the weights that were changed are.
    """
    step = whole(writer.array(of.right.shape, False))
    writer.apply(Opcode.MUL, step, [of.right, rate])
    writer.map(ops.neg, step, [step])
    m, j = map(amount, block.shape)
    left, along = Start(of.left.array, amount(of.left.offset)), amount(of.left.strides[0])
    weights = Operand(block, strides=(j,))
    operands = weights, left.operand(along), Operand(step.array), None
    flags = Flag.ACCUMULATE | Flag.FINITE
    opcode = Opcode.PRODUCT_SPARSE if of.sparse else Opcode.PRODUCT
    writer.lines.append(Line(opcode, (m, ONE, j), operands, flags))
    if check is not None:
        numbers = Operand(check.array, amount(check.offset))
        operands = numbers, left.operand(ZERO, along), weights, None
        writer.lines.append(Line(opcode, (ONE, m, j), operands, Flag.FINITE))
