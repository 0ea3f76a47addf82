"""A product and what it is added to or taken from, done by one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from autograd.compiler.machine.opcodes import PAIRS, Flag, Opcode
from autograd.compiler.machine.table import Line, Lines
from autograd.compiler.program import Array

TOGETHER = {Opcode.ADD: Opcode.MUL_ADD, Opcode.SUB: Opcode.MUL_SUB}


def fuse(parts: Sequence[Lines], kept: Collection[Array]) -> None:
    """Join each product with the sum or difference that alone reads it. The bits stay the same.

    Args:
        parts: all lines of a program. They are changed.
        kept: the arrays that are read after them.
    """
    every = [line for part in parts for line in part if isinstance(line, Line)]
    times = Counter(o.array for line in every for o in line.operands if o)
    times.update(kept)
    for lines in parts:
        lines[:] = _fused(lines, times)


def _fused(lines: Lines, times: Counter[Array]) -> Lines:
    result: Lines = []
    products: dict[Array, Line] = {}  # that may wait: what they read has not changed
    readers: dict[Array, list[Array]] = {}
    gone: set[Line] = set()
    for line in lines:
        if not isinstance(line, Line):
            products.clear()
            result.append(line)
            continue
        for of in (2, 1) if line.opcode in TOGETHER else ():
            operand = line.operands[of]
            product = products.get(operand.array) if operand else None
            if product and (both := _joined(product, line, of)):
                gone.add(product)
                line = both
                break
        result.append(line)
        for operand in line.operands[1:]:
            if operand:
                products.pop(operand.array, None)
        # The first operand is written to; by the opcodes that have two results, the last too.
        for changed in line.operands[:: 3 if line.opcode in PAIRS.values() else 4]:
            for array in readers.pop(changed.array, ()) if changed else ():
                products.pop(array, None)
        to = line.operands[0]
        if line.opcode is Opcode.MUL and to and times[to.array] == 2:
            products[to.array] = line
            for operand in line.operands[1:]:
                if operand:
                    readers.setdefault(operand.array, []).append(to.array)
    return [line for line in result if line not in gone]


def _joined(product: Line, line: Line, of: int) -> Line | None:
    """One line for both, if there is one; operand ``of`` is the product."""
    (to, a, b, _), (dst, *terms, _) = product.operands, line.operands
    term, other = terms[of - 1], terms[2 - of]
    if not (to and a and b and dst and term and other):
        return None
    repeats = (Flag.A_BROADCAST, Flag.B_BROADCAST)
    same = (to.offset, to.strides, to.moves) == (term.offset, term.strides, term.moves)
    if not same or product.sizes != line.sizes or repeats[of - 1] in line.flags:
        return None
    if other.strides != dst.strides or (of == 1 and line.opcode is Opcode.SUB):
        return None
    if dst.array in (a.array, b.array):  # where it may stand at other places
        return None
    last = Flag.C_BROADCAST if repeats[2 - of] in line.flags else Flag(0)
    return Line(TOGETHER[line.opcode], line.sizes, (dst, a, b, other), product.flags | last)
