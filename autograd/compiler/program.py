"""The array program: what the stages of the compiler read and write.

An ``Array`` is a name and a shape. If it depends on the inputs it has one more axis in front, the
batch. Instructions make arrays from others. They see these through ``View``s, which pick lanes
(elements) in any order and shape:

    Map       an operation, element by element
    Reduce    a sum over the last axes, or over the batch
    Contract  a product of matrices: a sum over the labels that the result lacks
    Collect   zeros, to which parts are added lane by lane
    Loop      instructions that run again and again, each time on what the time before left
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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
from autograd.ops import Op
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
    "Shape",
    "Simple",
    "Slice",
    "Stack",
    "View",
    "every",
    "name_all",
    "row_major",
    "turned",
    "view",
    "whole",
]


@dataclass(frozen=True, eq=False)
class Map:
    """``out = op(*operands)``, all of one shape. ``sum`` and ``add`` take any number of them."""

    out: Array
    op: Op
    operands: tuple[View, ...]

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Reduce:
    """``op`` over the last axes of the operand, those that ``out`` lacks; then perhaps the sum over
    the batch. An operand without a batch counts once per row in that sum."""

    out: Array
    op: Op
    operand: View
    over_batch: bool = False

    @property
    def operands(self) -> tuple[View, ...]:
        """The one operand."""
        return (self.operand,)

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Contract:
    """``out[labels] = sum of left * right`` over the labels that ``out`` lacks, as in einsum.

    It sums over the batch too, if an operand has one and ``out`` has none.
    """

    out: Array
    left: View
    right: View
    labels: tuple[str, str, str]

    @property
    def operands(self) -> tuple[View, ...]:
        """Both factors."""
        return (self.left, self.right)

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Collect:
    """``out = 0; out[place] += part`` for each part. ``places`` are views of ``out``."""

    out: Array
    places: tuple[View, ...]
    parts: tuple[View, ...]

    @property
    def operands(self) -> tuple[View, ...]:
        """The parts."""
        return self.parts

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Carried:
    """What an iteration leaves to the next: ``before`` is ``start`` in the first iteration, and
    after that it is what ``after`` was in the iteration before."""

    start: View
    before: Array
    after: View


@dataclass(frozen=True, eq=False)
class Slice:
    """What an iteration is given: ``inner`` is ``outer[t]``; ``outer`` is (count, *inner.shape)."""

    outer: View
    inner: Array


@dataclass(frozen=True, eq=False)
class Stack:
    """What every iteration hands out: ``outer[t] = inner``; ``outer`` is (count, *inner.shape)."""

    outer: Array
    inner: View


@dataclass(frozen=True, eq=False)
class Final:
    """What the last iteration hands out: ``outer`` is its ``inner``."""

    outer: Array
    inner: View


@dataclass(frozen=True, eq=False)
class Loop:
    """``for t in range(count): body``.

    The operands of the body are arrays that it makes itself, the ``before`` of what is carried,
    the ``inner`` of slices, and arrays made before the loop, which are the same each time. All that
    is carried changes at once, after the body. If an outer array has a batch, t is the axis after
    it.

    Attributes:
        count: how many iterations.
        reverse: t runs from ``count - 1`` down to 0.
    """

    count: int
    body: tuple[Instruction, ...]
    carried: tuple[Carried, ...] = ()
    slices: tuple[Slice, ...] = ()
    stacks: tuple[Stack, ...] = ()
    finals: tuple[Final, ...] = ()
    reverse: bool = False

    @property
    def outs(self) -> tuple[Array, ...]:
        """The results: what is stacked, then what is final."""
        return (*(s.outer for s in self.stacks), *(f.outer for f in self.finals))

    @property
    def inner(self) -> tuple[Array, ...]:
        """The arrays that exist in the loop alone, in the order in which they get their numbers."""
        given = [*(c.before for c in self.carried), *(s.inner for s in self.slices)]
        return (*given, *(out for i in self.body for out in i.outs))

    @property
    def left(self) -> tuple[View, ...]:
        """What an iteration leaves: to the next, and to those outside."""
        handed = [*(s.inner for s in self.stacks), *(f.inner for f in self.finals)]
        return (*(c.after for c in self.carried), *handed)

    @property
    def uses(self) -> tuple[View, ...]:
        """All that is read in the loop, after it has started."""
        return (*(v for i in self.body for v in i.operands), *self.left)

    @property
    def operands(self) -> tuple[View, ...]:
        """What it reads from outside."""
        own = set(self.inner)
        given = [*(c.start for c in self.carried), *(s.outer for s in self.slices)]
        return (*given, *(v for v in self.uses if v.array not in own))


Simple = Map | Reduce | Contract | Collect
Instruction = Simple | Loop


def every(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """The instructions, and those in the bodies of loops, each body after its loop."""
    for i in instructions:
        yield i
        if isinstance(i, Loop):
            yield from every(i.body)


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
        failures: how many guards fail; None without guards.
        gradients: for each block, and each argument, the derivative of the sum of all results
            over the batch; None where it is 0. Empty before ``differentiate``.
        forward: the number of instructions that the results need. The others compute gradients.
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
    parts = ", ".join(f"{_shown(p)} += {_shown(x)}" for p, x in zip(i.places, i.parts))
    return f"collect({parts})"
