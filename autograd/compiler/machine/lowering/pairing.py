"""Two operations on the same numbers, done together: a function and its slope."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.machine.opcodes import PAIRS
from autograd.compiler.program import Instruction, Map

SECOND = {second: first for first, second in PAIRS}


def pairs(instructions: Sequence[Instruction]) -> dict[Map, Map]:
    """For the first instruction of each pair, the second, which comes later."""
    firsts: dict[object, Map] = {}
    found: dict[Map, Map] = {}
    for i in instructions:
        if not isinstance(i, Map) or len(i.operands) != 1:
            continue
        key = (i.operands[0].array, i.operands[0].key)
        if any(i.op == first for first, _ in PAIRS):
            firsts.setdefault((i.op, key), i)
        elif i.op in SECOND and (first := firsts.get((SECOND[i.op], key))):
            found.setdefault(first, i)
    return found
