"""The array program: what the stages of the compiler read and write.

An ``Array`` is a name and a shape. If it depends on the inputs it has one more axis in front, the
batch. Four instructions make an array from others. They see these through ``View``s, which pick
lanes (elements) in any order and shape:

    Map       an operation, element by element
    Reduce    a sum over the last axes, or over the batch
    Contract  a product of matrices: a sum over the labels that the result lacks
    Collect   zeros, to which parts are added lane by lane
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.stages.trace import INPUT
from autograd.ops import Op
from autograd.value import Value

Shape = tuple[int, ...]
Indices = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


@dataclass(eq=False)
class Array:
    """A variable of a program.

    Attributes:
        shape: without the batch.
        kind: INPUT if it differs between the rows of a batch, else PARAMETER or CONSTANT.
        name: for the printed program.
        numbers: of a constant.
        adjoint_of: the array whose adjoint it is.
    """

    shape: Shape
    kind: int
    name: str = ""
    numbers: Floats | None = None
    adjoint_of: Array | None = None

    @property
    def size(self) -> int:
        """The number of lanes."""
        return math.prod(self.shape)

    @property
    def batched(self) -> bool:
        """Whether it has the batch as its first axis."""
        return self.kind == INPUT

    def literal(self) -> float | None:
        """The number of a constant whose elements are all the same."""
        if self.numbers is None or self.numbers.size == 0:
            return None
        first = self.numbers.flat[0]
        same = (self.numbers == first) & (np.signbit(self.numbers) == np.signbit(first))
        alike = bool(np.all(same)) or bool(np.all(np.isnan(self.numbers)))
        return float(first) if alike else None


@dataclass(frozen=True, eq=False)
class View:
    """Lanes of an array: lane ``offset + sum(i * stride)`` at place i, or ``index[i]``.

    A stride of 0 repeats along its axis.
    """

    array: Array
    shape: Shape
    offset: int = 0
    strides: Shape = ()
    index: Indices | None = None

    @property
    def size(self) -> int:
        """The number of places."""
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        """Whether it is the array as it stands."""
        return (
            self.index is None
            and self.offset == 0
            and self.shape == self.array.shape
            and self.strides == row_major(self.shape)
        )

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for views of the same lanes, in the same form."""
        index = None if self.index is None else self.index.tobytes()
        return (self.array, self.shape, self.offset, self.strides, index)

    def lanes(self) -> Indices:
        """The lane at each place, of ``shape``."""
        if self.index is not None:
            return self.index
        lanes = np.full(self.shape, self.offset, np.int64)
        for axis, stride in enumerate(self.strides):
            steps = np.arange(self.shape[axis]) * stride
            lanes += steps.reshape([-1 if a == axis else 1 for a in range(len(self.shape))])
        return lanes


def row_major(shape: Shape) -> Shape:
    """The strides of an array without gaps, last axis fastest; 0 for an axis of size 1."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return tuple(0 if n == 1 else s for n, s in zip(shape, strides))


def whole(array: Array) -> View:
    """The array as it stands."""
    return View(array, array.shape, 0, row_major(array.shape))


def view(array: Array, lanes: Indices) -> View:
    """The view of those lanes. It has strides where the lanes are evenly spaced."""
    shape = lanes.shape
    if lanes.size == 0:
        return View(array, shape, 0, (0,) * len(shape), lanes)
    offset = int(lanes.flat[0])
    strides = []
    for axis, n in enumerate(shape):
        second = tuple(1 if a == axis else 0 for a in range(len(shape)))
        strides.append(int(lanes[second]) - offset if n > 1 else 0)
    affine = View(array, shape, offset, tuple(strides))
    same = lanes.size == 1 or bool(np.array_equal(affine.lanes(), lanes))
    return affine if same else View(array, shape, 0, (), np.ascontiguousarray(lanes))


def turned(v: View, axes: Sequence[int]) -> View:
    """A view with its axes in another order."""
    shape = tuple(v.shape[a] for a in axes)
    if v.index is not None:
        return View(v.array, shape, index=v.index.transpose(axes))
    return View(v.array, shape, v.offset, tuple(v.strides[a] for a in axes))


@dataclass(frozen=True, eq=False)
class Map:
    """``out = op(*operands)``, all of one shape. ``sum`` and ``add`` take any number of them."""

    out: Array
    op: Op
    operands: tuple[View, ...]


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


Instruction = Map | Reduce | Contract | Collect


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
        """Every array, leaves first."""
        yield from self.arguments
        yield from (block.array for block in self.blocks)
        yield from self.constants
        yield from (instruction.out for instruction in self.instructions)

    def ends(self) -> list[View]:
        """The views that must be computed."""
        ends = [self.outputs] if self.failures is None else [self.outputs, self.failures]
        return ends + [v for v in self.gradients.values() if v is not None]

    def products(self) -> list[Contract]:
        """The matrix products."""
        return [i for i in self.instructions if isinstance(i, Contract)]

    def __str__(self) -> str:
        """One instruction per line, with shapes. B is the batch."""
        name_all(self)
        lines = [f"{len(self.instructions)} instructions, {len(self.products())} matrix products"]
        lines += [f"{_typed(a)} = argument" for a in self.arguments]
        lines += [f"{_typed(b.array)} = parameters" for b in self.blocks]
        lines += [f"{_typed(a)} = {_numbers(a)}" for a in self.constants]
        lines += [f"{_typed(i.out)} = {_right_side(i)}" for i in self.instructions]
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


def _right_side(i: Instruction) -> str:
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


def needed(program: Program) -> Program:
    """The program without the instructions and constants that nothing uses."""
    live = {v.array for v in program.ends()}
    kept: list[Instruction] = []
    for place in range(len(program.instructions) - 1, -1, -1):
        i = program.instructions[place]
        if i.out in live:
            live.update(v.array for v in i.operands)
            kept.append(i)
    dropped = len(program.instructions) - len(kept)
    kept.reverse()
    if dropped:
        before = set(map(id, program.instructions[: program.forward]))
        program.forward = sum(id(i) in before for i in kept)
    program.instructions = kept
    program.constants = [a for a in program.constants if a in live]
    return program
