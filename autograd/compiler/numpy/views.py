"""Views as NumPy expressions: slices, new axes, turned axes; otherwise gathers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np

from autograd.compiler.numpy.dialect import Dialect, Target
from autograd.compiler.numpy.names import VariableNames
from autograd.compiler.numpy.text import (
    CALL,
    Text,
    array_of,
    element,
    index_of,
    number_text,
    slice_of,
    tuple_of,
)
from autograd.compiler.numpy.windows import picture
from autograd.compiler.program import Array, Indices, Shape, View, row_major

# Stands for the number of rows where shapes are compared.
ROWS = 1_000_003


class Views:
    """Writes views.

    Args:
        names: those of the arrays.
        rows: the number of rows, as an expression.
        single: whether the arrays of constants are float32.
        dialect: of the library that runs the source.

    Attributes:
        inlined: the expressions of arrays without a name, which stand where they are used.
        narrow: the shapes of these expressions. They may lack axes along which arrays repeat.
        constants: the values that stand above the function, with their names.
        definitions: of the functions that the expressions call.
    """

    def __init__(self, names: VariableNames, rows: str, single: bool, dialect: Dialect) -> None:
        self.names, self.rows, self.single, self.dialect = names, rows, single, dialect
        self.inlined: dict[Array, Text] = {}
        self.narrow: dict[Array, Shape] = {}
        self.constants: dict[str, str] = {}
        self.definitions: set[str] = set()

    def named(self, array: Array) -> Text:
        """An array as it stands."""
        if array in self.inlined:
            return self.inlined[array]
        if array.numbers is not None:
            numbers = array_of(array.numbers.reshape(array.shape), self.single)
            return Text(self._constant(numbers, "mask" if numbers.startswith("np.tri") else "data"))
        return Text(self.names[array])

    def _constant(self, value: str, stem: str = "data") -> str:
        """The name of a constant of that value."""
        if value not in self.constants:
            self.constants[value] = self.names.free(f"{stem}1")
        return self.constants[value]

    def flat_index(self, v: View) -> str:
        """The lanes of a view as an index of its flat array: a slice or an array."""
        if v.index is None and len(v.shape) == 1 and v.strides[0]:
            last = v.offset + v.strides[0] * (v.shape[0] - 1)
            return slice_of(v.offset, last, v.strides[0], v.array.size)
        return self.index(v.lanes())

    def index(self, lanes: Indices) -> str:
        """The name of an array of lanes."""
        return self._constant(index_of(lanes), "index")

    def load(self, v: View, out: Array | None = None) -> Text:
        """A view as an expression. For ``out`` it suffices that it broadcasts to that shape."""
        array = v.array
        if (literal := array.literal()) is not None:
            if out is None and v.shape:
                dtype = ", np.float32" if self.single else ""
                shown = element(literal)
                return Text(f"np.full({tuple_of([*map(str, v.shape)])}, {shown}{dtype})")
            return number_text(literal)
        x = self.named(array)
        if v.whole:
            return x
        if v.index is None and (found := self._broadcast(v, x)):
            shape = tuple_of([*([self.rows] * array.batched), *map(str, v.shape)])
            return found if out else Text(f"np.broadcast_to({found.text}, {shape})")
        order = axis_order(v)
        if order is not None and (slices := self.slices(v)) is not None:
            text = f"{x.within(CALL)}[{slices}]" if slices.strip(":, ") else x.within(CALL)
            if order != sorted(order):
                return Text(self._turned(text, order, array.batched))
            if array.batched and not v.shape:
                return Text(self.dialect.column(text))
            return Text(text) if text != x.text else x
        rows, flat = [self.rows] * array.batched, x.within(CALL)
        all_of_it = v.index is None and v.offset == 0 and v.size == array.size
        if all_of_it and v.strides == row_major(v.shape):
            return Text(f"{flat}.reshape({', '.join([*rows, *map(str, v.shape)])})")
        if turned := self._split(v, flat) or self._joined(v, flat):
            return Text(turned)
        if len(array.shape) != 1:
            flat = f"{flat}.reshape({', '.join([*rows, str(array.size)])})"
        return Text(f"{flat}[{':, ' * array.batched}{self.flat_index(v)}]")

    def _broadcast(self, v: View, x: Text) -> Text | None:
        """The whole array repeated along new axes."""
        if (pattern := _pattern(v)) is None:
            return None
        if v.array.batched:
            return Text(f"{x.within(CALL)}[{', '.join([':', *pattern])}]")
        while pattern and pattern[0] == "None":
            pattern.pop(0)
        return Text(f"{x.within(CALL)}[{', '.join(pattern)}]") if "None" in pattern else x

    def windows(self, v: View) -> str | None:
        """A view, (places, numbers in a window), as (numbers, batch, places); None if it has no
        windows, or the library gathers them as fast."""
        if not self.dialect.windows or not v.array.batched or not (found := picture(v)):
            return None
        self.definitions.add(self.dialect.windows)
        shapes = (tuple_of([*map(str, shape)]) for shape in found)
        return f"windows({self.named(v.array).text}, {', '.join(shapes)})"

    def step(self, v: View, t: str) -> str | None:
        """The index of ``v[t]`` in the array of a view whose first axis is that of a loop, or None
        if it is not that simple."""
        order = axis_order(v)
        if order is None or order[1:] != sorted(order[1:]) or self.slices(v) is None:
            return None
        array, axis = v.array, order[0]
        stride = row_major(array.shape)[axis]
        by, rest = v.strides[0] // stride, View(v.array, v.shape[1:], v.offset, v.strides[1:])
        start = v.offset // stride % array.shape[axis]
        parts = (self.slices(rest) or ":").split(", ")[array.batched :]
        parts += [":"] * (axis + 1 - len(parts))
        times = t if by == 1 else f"-{t}" if by == -1 else f"{by} * {t}"
        if start and by < 0:
            times = f"{start} - {times.removeprefix('-')}"
        elif start:
            times = f"{times} + {start}"
        parts[axis] = times
        while parts[-1] == ":":
            parts.pop()
        return ", ".join([":"] * array.batched + parts)

    def slices(self, v: View) -> str | None:
        """The view as slices of the array, one per axis, or None if that is impossible.

        The axes of the view may be in another order."""
        order = axis_order(v)
        if order is None:
            return None
        array, strides = v.array, row_major(v.array.shape)
        rest, parts = v.offset, []
        for axis, n in enumerate(array.shape):
            first, rest = divmod(rest, strides[axis]) if strides[axis] else (0, rest)
            if axis not in order:
                parts.append(str(first))
                continue
            view_axis = order.index(axis)
            step = v.strides[view_axis] // strides[axis]
            last = first + step * (v.shape[view_axis] - 1)
            if not (0 <= last < n and 0 <= first < n):
                return None
            parts.append(slice_of(first, last, step, n))
        while parts and parts[-1] == ":" and len(parts) > 1:
            parts.pop()
        return ", ".join([":"] * array.batched + parts)

    def _split(self, v: View, x: str) -> str | None:
        """A view that has several axes for one axis of the array: one that it is cut into."""
        if (axes := self._axes_within(v)) is None:
            return None
        strides = row_major(v.array.shape)
        rest, parts, sizes, order = v.offset, [], [], []
        for axis, n in enumerate(v.array.shape):
            first, rest = divmod(rest, strides[axis]) if strides[axis] else (0, rest)
            inner = axes[axis]
            if not inner:
                parts.append(str(first))
                continue
            count, step = math.prod(v.shape[a] for a in inner), v.strides[inner[-1]]
            if any(v.strides[a] != v.shape[b] * v.strides[b] for a, b in pairwise(inner)):
                return None
            step //= strides[axis]
            last = first + step * (count - 1)
            if not (0 <= last < n and 0 <= first < n):
                return None
            parts.append(slice_of(first, last, step, n))
            sizes += [v.shape[a] for a in inner]
            order += inner
        while parts and parts[-1] == ":":
            parts.pop()
        batch = v.array.batched
        text = f"{x}[{', '.join([':'] * batch + parts)}]" if parts else x
        text += f".reshape({', '.join([self.rows] * batch + [str(n) for n in sizes])})"
        places = [order.index(a) for a in range(len(order))]
        return self._turned(text, places, batch) if places != sorted(places) else text

    def _axes_within(self, v: View) -> list[list[int]] | None:
        """For each axis of the array the axes of the view that run along it, outer ones first."""
        if v.index is not None or not v.array.shape:
            return None
        strides = row_major(v.array.shape)
        found: list[list[int]] = [[] for _ in strides]
        for a in sorted(range(len(v.shape)), key=lambda a: -abs(v.strides[a])):
            fitting = [k for k, s in enumerate(strides) if s and v.strides[a] % s == 0]
            fitting = [
                k
                for k in fitting
                if 0 < abs(v.strides[a]) // strides[k] * (v.shape[a] - 1) < v.array.shape[k]
            ]
            if not fitting:
                return None
            found[max(fitting, key=lambda k: strides[k])].append(a)
        return found

    def _joined(self, v: View, x: str) -> str | None:
        """The whole array with its axes turned, and then in another shape."""
        array = v.array
        if v.size != array.size or not 2 <= len(array.shape) <= 4:
            return None
        lanes, every = v.lanes().reshape(-1), np.arange(array.size).reshape(array.shape)
        for axes in permutations(range(len(array.shape))):
            if np.array_equal(every.transpose(axes).reshape(-1), lanes):
                text = self._turned(x, axes, array.batched)
                shape = [self.rows] * array.batched + [str(n) for n in v.shape]
                return f"{text}.reshape({', '.join(shape)})"
        return None

    def _turned(self, text: str, order: Sequence[int], batched: bool) -> str:
        rank = sorted(order)
        axes = [rank.index(a) for a in order]
        if not batched and axes == [1, 0]:
            return f"{text}.T"
        axes = [0, *(a + 1 for a in axes)] if batched else axes
        return f"{text}.transpose({', '.join(map(str, axes))})"

    def full(self, array: Array) -> Shape:
        """The shape with the batch, which counts as ``ROWS``."""
        return (ROWS,) * array.batched + array.shape

    def written_shape(self, v: View) -> Shape:
        """The shape of the expression that ``load`` writes where it may broadcast."""
        if v.array.literal() is not None:
            return ()
        batch = (ROWS,) * v.array.batched
        if v.whole:
            return self.narrow.get(v.array, batch + v.shape)
        if v.index is not None or (pattern := _pattern(v)) is None:
            return batch + v.shape
        shape = [n if place == ":" else 1 for n, place in zip(v.shape, pattern)]
        if not v.array.batched:
            while shape and pattern[len(pattern) - len(shape)] == "None":
                shape.pop(0)
        return (*batch, *shape)

    def target(self, array: Array, flat: bool = False) -> Target:
        """An array to be changed; flat: with one axis for all but the batch."""
        form = f"({', '.join([*([self.rows] * array.batched), str(array.size)])})"
        flat = flat and len(array.shape) != 1
        return Target(self.names[array], self.shape(array), form if flat else "")

    def shape(self, array: Array) -> str:
        """The shape with the batch as an expression."""
        return tuple_of([*([self.rows] * array.batched), *map(str, array.shape)])


def axis_order(v: View) -> list[int] | None:
    """For each axis of the view the axis of the array that it runs along."""
    if v.index is not None or not v.array.shape:
        return None
    strides = row_major(v.array.shape)
    order: list[int] = []
    for stride, n in zip(v.strides, v.shape):
        if stride == 0 or n == 1:
            return None
        fitting = [a for a, s in enumerate(strides) if s and stride % s == 0 and a not in order]
        fitting = [a for a in fitting if abs(stride) // strides[a] * (n - 1) < v.array.shape[a]]
        if not fitting:
            return None
        order.append(max(fitting, key=lambda a: strides[a]))
    return order


def _pattern(v: View) -> list[str] | None:
    """ ":" for each axis of the array and "None" for each new one, if the view repeats the whole
    array along new axes."""
    strides = [s for s, n in zip(v.strides, v.shape) if s or n == 1]
    kept = [n for s, n in zip(v.strides, v.shape) if s or n == 1]
    array = v.array
    if v.offset or tuple(kept) != array.shape or tuple(strides) != row_major(array.shape):
        return None
    return [":" if s or n == 1 else "None" for s, n in zip(v.strides, v.shape)]
