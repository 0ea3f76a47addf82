"""Data first: the order of the instructions that ``pack`` makes."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.program import Array, Instruction, Simple
from autograd.compiler.stages.trace import INPUT


def data_first(instructions: Sequence[Simple]) -> list[Instruction]:
    """The instructions in another order: first those that data flows through, and those that they
    need. Then weights get their shape from the network, and not from a penalty on their size.
    """
    made_by = {i.out: i for i in instructions}
    data: set[Array] = set()
    for i in instructions:
        arrays = [v.array for v in i.operands]
        if any(a in data or _is_data(a) for a in arrays):
            data.add(i.out)
    order: dict[Array, Simple] = {}

    def emit(i: Simple) -> None:
        stack = [i]
        while stack:
            top = stack[-1]
            missing = [
                made_by[v.array]
                for v in top.operands
                if v.array in made_by and v.array not in order
            ]
            if missing:
                stack.extend(missing)
            else:
                order.setdefault(stack.pop().out, top)

    for i in instructions:
        if i.out in data:
            emit(i)
    for i in instructions:
        emit(i)
    return [*order.values()]


def _is_data(array: Array) -> bool:
    return array.kind == INPUT or (array.numbers is not None and array.size > 1)
