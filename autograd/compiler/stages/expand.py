"""Rows of one's own in terms of the built-in ones, by running their forward on terms."""

from __future__ import annotations

from dataclasses import replace

from autograd.compiler.program import Map, Program
from autograd.compiler.stages.differentiate import Term, Writer
from autograd.compiler.stages.record import GUARDS, constant_part
from autograd.ops import TABLE, Op


def built_in(op: Op) -> bool:
    """Whether backends know the row."""
    known = TABLE.get(op.name) is op and op.is_built_in
    return known or op is constant_part or op in GUARDS.values() or op.name.startswith("power(")


def expand(program: Program) -> Program:
    """The program without rows of one's own, as far as these are written in arithmetic and other
    rows. One that computes in another way, with ``math`` say, stays."""
    for i in program.instructions:
        if isinstance(i, Map) and not built_in(i.op):
            break
    else:
        return program
    writer = Writer()
    forward = 0
    for place, i in enumerate(program.instructions):
        if not (isinstance(i, Map) and not built_in(i.op) and _expanded(writer, i)):
            writer.add(i)
        if place < program.forward:
            forward = len(writer.instructions)
    return replace(
        program,
        instructions=writer.instructions,
        forward=forward,
        constants=program.constants + writer.constants,
    )


def _expanded(writer: Writer, i: Map) -> bool:
    trial = Writer()
    operands = [Term(trial, v) for v in i.operands]
    try:
        y = i.op.forward(operands) if i.op.arity is None else i.op.forward(*operands)
    except (TypeError, AttributeError):
        return False
    if not isinstance(y, Term):
        return False
    last = trial.instructions.pop() if trial.instructions else None
    if not isinstance(last, Map) or not y.view.whole or last.out is not y.view.array:
        return False
    writer.constants += trial.constants
    for instruction in trial.instructions:
        writer.add(instruction)
    writer.add(Map(i.out, last.op, last.operands))
    return True
