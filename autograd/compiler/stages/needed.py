"""Needed: a program without what nothing uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd.compiler.program import Array, Carried, Instruction, Loop, Program


def needed(program: Program) -> Program:
    """The program without the instructions and constants that nothing uses."""
    live = {v.array for v in program.ends()}
    backward = _needed(program.instructions[program.forward :], live)
    forward = _needed(program.instructions[: program.forward], live)
    program.instructions, program.forward = forward + backward, len(forward)
    program.constants = [a for a in program.constants if a in live]
    return program


def _needed(instructions: Sequence[Instruction], live: set[Array]) -> list[Instruction]:
    """Those that make live arrays. What they use becomes live."""
    kept: list[Instruction] = []
    for i in reversed(instructions):
        if live.isdisjoint(i.outs):
            continue
        lean = _needed_of_loop(i, live) if isinstance(i, Loop) else i
        live.update(v.array for v in lean.operands)
        kept.append(lean)
    return kept[::-1]


def _needed_of_loop(loop: Loop, live: set[Array]) -> Loop:
    """The loop without results, instructions and carried arrays that nothing uses."""
    stacks = tuple(s for s in loop.stacks if s.outer in live)
    finals = tuple(f for f in loop.finals if f.outer in live)
    carried: tuple[Carried, ...] = ()
    while True:
        lean = replace(loop, carried=carried, stacks=stacks, finals=finals)
        inside = {v.array for v in lean.left}
        body = _needed(loop.body, inside)
        more = tuple(c for c in loop.carried if c.before in inside)
        if len(more) == len(carried):
            slices = tuple(s for s in loop.slices if s.inner in inside)
            return replace(lean, body=tuple(body), slices=slices)
        carried = more
