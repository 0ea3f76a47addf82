"""Differentiate: a program of the results becomes a program of the results and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd.compiler.program import Array, Instruction, Loop, Program
from autograd.compiler.stages.backward import Backward
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.shares import shifted
from autograd.compiler.stages.term import InstructionWriter


def differentiate(program: Program, arguments: bool = False) -> Program:
    """The program with the gradients of the sum of its results, summed over the batch too.

    Args:
        program: the result of ``roll``.
        arguments: differentiate by the inputs too, and not only by the parameters.
    """
    targets = [block.array for block in program.blocks]
    targets += program.arguments if arguments else []
    writer = InstructionWriter()
    backward = Backward(writer, program.instructions, reached(program.instructions, set(targets)))
    backward.forward |= set(program.arrays())
    backward.shifted = shifted(program)
    outputs = program.outputs
    seed = writer.literal(1.0, outputs.shape)
    if program.arguments and not outputs.array.batched:
        # A result that is the same for all rows counts once per row.
        seed = writer.reduce(seed, len(seed.shape), over_batch=True)
    backward.give(outputs, seed, outputs)
    backward.run()
    gradients = {array: backward.adjoint(array) for array in targets}
    return needed(
        replace(
            program,
            constants=program.constants + writer.constants,
            instructions=backward.instructions + writer.instructions,
            gradients=gradients,
            forward=len(backward.instructions),
        )
    )


def reached(instructions: Sequence[Instruction], targets: set[Array]) -> set[Array]:
    """The arrays that depend on the targets, and the targets."""
    found = set(targets)
    for i in instructions:
        if isinstance(i, Loop):
            found |= reached_by_loop(i, found)
        elif any(v.array in found for v in i.operands):
            found.add(i.out)
    return found


def reached_by_loop(loop: Loop, targets: set[Array]) -> set[Array]:
    """The same for a loop: arrays in it, and its results."""
    found = set(targets)
    found |= {s.inner for s in loop.slices if s.outer.array in found}
    found |= {c.before for c in loop.carried if c.start.array in found}
    before = -1
    while before < len(found):
        before = len(found)
        found |= reached(loop.body, found)
        found |= {c.before for c in loop.carried if c.after.array in found}
    found |= {s.outer for s in loop.stacks if s.inner.array in found}
    return found | {f.outer for f in loop.finals if f.inner.array in found}
