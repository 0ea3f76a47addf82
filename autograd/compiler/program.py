"""The array program: what the stages of the compiler read and write.

An ``Array`` is a name and a shape. If it depends on the inputs it has one more axis in front, the
batch. Instructions make arrays from others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from autograd.compiler.instructions import (
    Carried,
    Collect,
    Contract,
    Final,
    Instruction,
    Loop,
    Map,
    Reduce,
    Scatter,
    Simple,
    Slice,
    Stack,
    Take,
    every,
)
from autograd.compiler.views import (
    Array,
    Floats,
    Indices,
    Shape,
    View,
    row_major,
    turned,
    view,
    whole,
)
from autograd.value import Value

__all__ = [
    "Array",
    "Block",
    "Carried",
    "Collect",
    "Contract",
    "Final",
    "Floats",
    "Indices",
    "Instruction",
    "Loop",
    "Map",
    "Program",
    "Reduce",
    "Scatter",
    "Shape",
    "Simple",
    "Slice",
    "Stack",
    "Take",
    "View",
    "every",
    "name_all",
    "row_major",
    "turned",
    "view",
    "whole",
]


@dataclass(eq=False)
class Block:
    """An array of parameters: ``parameters[lanes]`` of the program, in that order."""

    array: Array
    lanes: Indices


@dataclass(eq=False)
class Program:
    """Instructions in order, with their inputs and results.

    Attributes:
        arguments: an array for each argument of the function, of shape (n,).
        parameters: the leaves to differentiate by.
        blocks: arrays of parameters.
        constants: arrays of numbers.
        instructions: each stands after those whose results it uses.
        outputs: the results.
        single: whether there is one result, of shape ().
        failures: how many guards fail, or nan (see ``only_finite``); None if neither can be.
        gradients: for each block, and each argument, the derivative of the sum of all results
            over the batch; None where it is 0. Empty before ``differentiate``.
        forward: the number of instructions that the results need. The others compute gradients.
        only_finite: whether it may be wrong where something is infinite or nan, because 0 times
            that is nan: a term that should count for nothing, or a gradient that should be 0. Then
            a result or a gradient is not finite, or ``failures`` is nan.
    """

    arguments: list[Array]
    parameters: list[Value]
    blocks: list[Block]
    constants: list[Array]
    instructions: list[Instruction]
    outputs: View
    single: bool = True
    failures: View | None = None
    gradients: dict[Array, View | None] = field(default_factory=dict)
    forward: int = 0
    only_finite: bool = False

    def arrays(self) -> Iterator[Array]:
        """Every array, leaves first; those in a loop come after its results."""
        yield from self.arguments
        yield from (block.array for block in self.blocks)
        yield from self.constants
        for i in every(self.instructions):
            yield from i.outs
            if isinstance(i, Loop):
                yield from (c.before for c in i.carried)
                yield from (s.inner for s in i.slices)

    def flat(self) -> list[Simple]:
        """The instructions of a program in which no loops have been found."""
        flat = [i for i in self.instructions if not isinstance(i, Loop)]
        if len(flat) < len(self.instructions):
            raise ValueError("this program has loops: give the one that ``layout`` made")
        return flat

    def ends(self) -> list[View]:
        """The views that must be computed."""
        ends = [self.outputs] if self.failures is None else [self.outputs, self.failures]
        return ends + [v for v in self.gradients.values() if v is not None]

    def products(self) -> list[Contract]:
        """The matrix products, also those in loops."""
        return [i for i in every(self.instructions) if isinstance(i, Contract)]

    def __len__(self) -> int:
        """How many instructions there are, with those in loops."""
        return sum(1 for _ in every(self.instructions))

    def __str__(self) -> str:
        """One instruction per line, with shapes. B is the batch."""
        name_all(self)
        lines = [f"{len(self)} instructions, {len(self.products())} matrix products"]
        lines += [f"{_typed(a)} = argument" for a in self.arguments]
        lines += [f"{_typed(b.array)} = parameters" for b in self.blocks]
        lines += [f"{_typed(a)} = {_numbers(a)}" for a in self.constants]
        lines += [line for i in self.instructions for line in _lines(i)]
        lines.append(f"return {_shown(self.outputs)}")
        for array, gradient in self.gradients.items():
            lines.append(f"gradient of {array.name}: {_shown(gradient) if gradient else 0}")
        return "\n".join(lines)


def name_all(program: Program) -> None:
    """Give a name to every array that has none."""
    taken = {a.name for a in program.arrays()}
    number = 0
    for array in program.arrays():
        while not array.name:
            number += 1
            if f"v{number}" not in taken:
                array.name = f"v{number}"


def _typed(array: Array) -> str:
    sizes = ["B"] * array.batched + [str(n) for n in array.shape]
    return f"{array.name}: ({', '.join(sizes)})"


def _numbers(array: Array) -> str:
    if (literal := array.literal()) is not None:
        return f"{literal!r}"
    return f"{array.size} constants"


def _shown(v: View) -> str:
    if v.whole:
        return v.array.name
    if v.index is not None:
        return f"{v.array.name}[gather {'x'.join(map(str, v.shape))}]"
    axes = "".join(f", {n} by {s}" for n, s in zip(v.shape, v.strides))
    return f"{v.array.name}[from {v.offset}{axes}]"


def _lines(i: Instruction) -> list[str]:
    if not isinstance(i, Loop):
        return [f"{_typed(i.out)} = {_right_side(i)}"]
    times = f"{i.count - 1}, ..., 0" if i.reverse else f"0, ..., {i.count - 1}"
    lines = [f"loop t = {times}"]
    for c in i.carried:
        lines.append(f"    {_typed(c.before)} = {_shown(c.start)}, then {_shown(c.after)}")
    lines += [f"    {_typed(s.inner)} = {_shown(s.outer)}[t]" for s in i.slices]
    lines += [f"    {line}" for instruction in i.body for line in _lines(instruction)]
    lines += [f"    {_typed(s.outer)}[t] = {_shown(s.inner)}" for s in i.stacks]
    return lines + [f"{_typed(f.outer)} = {_shown(f.inner)} at last" for f in i.finals]


def _right_side(i: Simple) -> str:
    operands = ", ".join(map(_shown, i.operands))
    if isinstance(i, Map):
        return f"{i.op.name}({operands})"
    if isinstance(i, Reduce):
        return f"{i.op.name} over the last axes of {operands}"
    if isinstance(i, Contract):
        left, right, out = i.labels
        return f"matrix product {left},{right}->{out}({operands})"
    if isinstance(i, Take):
        return f"take({operands})"
    if isinstance(i, Scatter):
        return f"scatter({_shown(i.columns)}[{_shown(i.index)}] += {_shown(i.part)})"
    parts = ", ".join(f"{_shown(p)} += {_shown(x)}" for p, x in zip(i.places, i.parts))
    return f"collect({parts})"
