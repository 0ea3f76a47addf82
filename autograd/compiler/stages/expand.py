"""A user's operations in terms of the built-in ones, by running their forward on terms."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from autograd import ops
from autograd.compiler.algebra import built_in
from autograd.compiler.program import Instruction, Loop, Map, Program, every
from autograd.compiler.stages.term import InstructionWriter, Term
from autograd.operand import traced
from autograd.ops import Op
from autograd.real import count


def expand(program: Program) -> Program:
    """The program without a user's operations, as far as these are written in arithmetic and
    other operations. One that computes in another way (by ``math``, or with an ``if``) stays, and
    Python computes it, number by number."""
    if all(not isinstance(i, Map) or built_in(i.op) for i in every(program.instructions)):
        return program
    writer = InstructionWriter()
    forward = 0
    for place, i in enumerate(program.instructions):
        _write(writer, i)
        if place < program.forward:
            forward = len(writer.instructions)
    return replace(
        program,
        instructions=writer.instructions,
        forward=forward,
        constants=program.constants + writer.constants,
    )


def _write(writer: InstructionWriter, i: Instruction) -> None:
    if isinstance(i, Loop):
        inner = InstructionWriter()
        for instruction in i.body:
            _write(inner, instruction)
        writer.constants += inner.constants
        writer.add(replace(i, body=tuple(inner.instructions)))
    elif not isinstance(i, Map) or built_in(i.op) or not _expanded(writer, i):
        writer.add(i)


def _expanded(writer: InstructionWriter, i: Map) -> bool:
    trial = InstructionWriter(exact=True)
    try:
        with traced():
            y = i.op.apply([Term(trial, v) for v in i.operands])
    except Exception:  # whatever a user's function raises on what is not a number
        return False
    if not isinstance(y, Term) or y.view.array.kind != i.out.kind:
        return False
    last = trial.instructions[-1] if trial.instructions else None
    if isinstance(last, Map) and y.view.whole and last.out is y.view.array:
        trial.instructions[-1] = Map(i.out, last.op, last.operands)
    else:
        trial.add(Map(i.out, ops.sum, (y.view,)))
    writer.constants += trial.constants
    for instruction in trial.instructions:
        _write(writer, instruction)  # it may be of another user's operation
    return True


@functools.lru_cache(maxsize=1024)
def partial_in_python(op: Op, place: int) -> Op:
    """The derivative of an operation by one of its inputs, as an operation that Python computes."""

    def forward(*inputs: Any) -> float:
        xs = inputs[0] if op.arity is None else inputs
        _, partials = op.evaluate(xs)
        if len(partials) != len(xs):
            raise ValueError(one_for_each(op, partials, xs))
        return partials[place]

    def no_rule(*_: Any) -> NoReturn:
        raise TypeError(f"the derivative of {op.name} is not written in arithmetic")

    name = f"{op.name}_by_input_{place}"
    return _Partial(name, forward, no_rule, arity=op.arity, registered=False)


class _Partial(Op):
    def compute(self, xs: Sequence[float]) -> float:
        value: float = self.apply(xs)  # ``evaluate`` has checked it, and errors name the operation
        return value


def one_for_each(op: Op, partials: Sequence[Any], xs: Sequence[Any]) -> str:
    """The message about a rule that returns another number of partials."""
    return (
        f"the operation {op.name!r} gave {count(len(partials), 'partial')} for "
        f"{count(len(xs), 'input')}: its rule must return one for each"
    )
