"""What a loop computes of another's results, number by number, happens in its steps.

``lift`` has it before the loop, for all steps at once: so NumPy calls fewer functions. To XLA a
step costs as much either way, and one array more is written and read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd.compiler.numpy.loops import users_of
from autograd.compiler.program import (
    Array,
    Instruction,
    Loop,
    Map,
    Program,
    Slice,
    View,
    whole,
)


def in_steps(program: Program) -> Program:
    """The program with each such operation in the loop that alone reads its result."""
    instructions, forward = list(program.instructions), program.forward
    kept = {v.array for v in program.ends()}
    stacked: set[Array] = set()
    for i in instructions:
        if isinstance(i, Loop):
            stacked.update(s.outer for s in i.stacks)
        elif isinstance(i, Map) and _of_stacks(i, stacked):
            stacked.add(i.out)
    for place in reversed(range(len(instructions))):
        i = instructions[place]
        if not isinstance(i, Map) or i.out in kept or i.out not in stacked:
            continue
        if reader := _only_reader(i.out, instructions):
            instructions[instructions.index(reader)] = _with(i, reader)
            del instructions[place]
            forward -= place < forward
    return replace(program, instructions=instructions, forward=forward)


def _of_stacks(i: Map, stacked: set[Array]) -> bool:
    arrays = [v for v in i.operands if v.array.literal() is None]
    return all(v.whole for v in arrays) and any(v.array in stacked for v in arrays)


def _only_reader(array: Array, instructions: Sequence[Instruction]) -> Loop | None:
    """The loop that reads each step's part, if nothing else uses the array."""
    uses = [v for used, _, v in users_of(instructions) if used is array]
    if len(uses) == 1 and uses[0].whole:
        for i in instructions:
            if isinstance(i, Loop) and any(s.outer is uses[0] for s in i.slices):
                return i
    return None


def _with(i: Map, loop: Loop) -> Loop:
    """The loop with the operation in it."""
    inner = next(s.inner for s in loop.slices if s.outer.array is i.out)
    slices = {s.outer.key: s for s in loop.slices if s.inner is not inner}
    operands = []
    for v in i.operands:
        if v.array.literal() is not None:
            operands.append(View(v.array, v.shape[1:], v.offset, v.strides[1:]))
            continue
        part = Slice(v, Array(v.shape[1:], v.array.kind))
        operands.append(whole(slices.setdefault(v.key, part).inner))
    body = (Map(inner, i.op, tuple(operands)), *loop.body)
    return replace(loop, slices=tuple(slices.values()), body=body)
