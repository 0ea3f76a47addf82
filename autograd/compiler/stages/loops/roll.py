"""Roll, the fifth stage: a run of instructions that repeats becomes a loop.

``periods`` finds the runs. Here each becomes a ``Loop``: what an iteration reads from the one
before is carried; what differs between iterations is sliced from one array, leaves too; what is
used after the loop is stacked, or is final if only the last iteration's is. Then the same is done
before the loop, after it, and in its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from autograd import ops
from autograd.compiler.program import (
    Array,
    Collect,
    Instruction,
    Loop,
    Map,
    Program,
    Simple,
    View,
    view,
)
from autograd.compiler.stages.fold import Terms, folded
from autograd.compiler.stages.loops.lift import split
from autograd.compiler.stages.loops.periods import FEWEST, best_run
from autograd.compiler.stages.loops.rolled_loop import LoopBuilder, Moved
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.rewrite import with_views


def roll(program: Program) -> Program:
    """The program with its recurrences as loops.

    Args:
        program: the result of ``layout``.
    """
    moved = Moved(program)
    ends = {v.array for v in program.ends()}
    instructions = _rolled(program.instructions, ends, moved)
    if len(instructions) == len(program.instructions):
        return program
    instructions = _gathered([with_views(i, moved.seen) for i in instructions])
    return needed(
        replace(
            program,
            blocks=moved.blocks(),
            constants=program.constants + moved.constants,
            instructions=instructions,
            outputs=moved.seen(program.outputs),
            failures=None if program.failures is None else moved.seen(program.failures),
            forward=len(instructions),
        )
    )


def _rolled(
    instructions: Sequence[Instruction], used: set[Array], moved: Moved, parallel: bool = False
) -> list[Instruction]:
    """The instructions with loops. ``used`` are the arrays that others use. What stands beside a
    loop may also be ``parallel``: what each step does with the results of one step is done at once.
    """
    if (run := best_run(instructions, parallel)) is None:
        return list(instructions)
    end = run.start + run.period * run.count
    before, after = instructions[: run.start], instructions[end:]
    later = used | {v.array for i in after for v in i.operands}
    builder = LoopBuilder(instructions[run.start : end], run.period, later, moved)
    parts: list[Instruction] = []
    for i in split(builder.loop()):
        if isinstance(i, Loop):
            inside = {v.array for v in i.left}
            i = replace(i, body=tuple(_rolled(i.body, inside, moved)))
        parts.append(i)
    parts = [*builder.before, *parts]
    needed_later = later | {v.array for i in parts for v in with_views(i, moved.seen).operands}
    needed_later |= {v.array for i in parts for v in i.operands}
    first = _rolled(before, needed_later, moved, parallel=True)
    return [*first, *parts, *_rolled(after, used, moved, parallel=True)]


# --- what used one array after the other uses them along an axis ---


def _gathered(instructions: Iterable[Instruction]) -> list[Instruction]:
    """The instructions, in which a sum or a list of many parts of one array takes them at once."""
    gathered: list[Instruction] = []
    for i in instructions:
        if isinstance(i, Map) and i.op in (ops.sum, ops.add):
            gathered += _summed(i)
        elif isinstance(i, Collect):
            gathered.append(_collected(i))
        else:
            gathered.append(i)
    return gathered


def _summed(i: Map) -> list[Simple]:
    """A sum, in which the terms that follow each other in one array become the sum of an axis."""
    if len(i.operands) < FEWEST:
        return [i]
    terms: list[Terms] = []
    for array, group in groupby(i.operands, key=lambda v: v.array):
        views = list(group)
        if len(views) < FEWEST or array.literal() is not None:
            terms += map(Terms, views)
        else:
            terms.append(Terms(view(array, np.stack([v.lanes() for v in views], axis=-1))))
    return folded(i.out, terms, "first")


def _collected(i: Collect) -> Collect:
    """A list, in which parts of one array and one shape are one part."""
    groups: dict[tuple[Array, tuple[int, ...]], list[tuple[View, View]]] = {}
    for place, part in zip(i.places, i.parts):
        groups.setdefault((part.array, part.shape), []).append((place, part))
    places, parts = [], []
    for (array, _), pairs in groups.items():
        if len(pairs) == 1:
            places.append(pairs[0][0])
            parts.append(pairs[0][1])
        else:
            places.append(view(i.out, np.stack([place.lanes() for place, _ in pairs])))
            parts.append(view(array, np.stack([part.lanes() for _, part in pairs])))
    return Collect(i.out, tuple(places), tuple(parts)) if len(parts) < len(i.parts) else i
