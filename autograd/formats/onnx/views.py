"""Views as ONNX nodes: slices, new axes, turned axes; otherwise one Gather."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiler.numpy.names import VariableNames
from autograd.compiler.numpy.views import ROWS, axis_order
from autograd.compiler.program import Array, Shape, View, row_major
from autograd.formats.onnx.nodes import Graph, Tensor

LAST = np.iinfo(np.int64).max


class Views:
    """Writes views.

    Args:
        graph: where to.
        names: those of the arrays.
        dtype: of the numbers.

    Attributes:
        tensors: what has been written of each array, of shape (batch, *shape).
        rows: the number of rows, as a tensor of shape (1,).
    """

    def __init__(self, graph: Graph, names: VariableNames, dtype: np.dtype[Any]) -> None:
        self.graph, self.names, self.dtype = graph, names, dtype
        self.tensors: dict[Array, Tensor] = {}
        self.rows = Tensor(graph, names.free("rows"), np.dtype(np.int64))
        self.rows_needed = False

    def load(self, v: View, batched: bool | None = None) -> Tensor:
        """A view as a tensor of its shape, after the batch if its array has one.

        Args:
            batched: True where it must have a batch in any case.
        """
        x, shape = self.narrow(v)
        batched = v.array.batched if batched is None else batched
        return self.widened(x, shape, (ROWS,) * batched + v.shape)

    def narrow(self, v: View) -> tuple[Tensor, Shape]:
        """The same, or a tensor that broadcasts to it; and the shape, where the batch counts as
        ``ROWS``."""
        array = v.array
        if (literal := array.literal()) is not None:
            return self.graph.constant(literal, self.dtype), ()
        if array.numbers is not None:
            numbers = array.numbers.reshape(-1)[v.lanes()]
            return self.graph.constant(numbers, self.dtype), v.shape
        x, batch = self.tensors[array], (ROWS,) * array.batched
        if v.whole:
            return x, batch + v.shape
        new = [a for a, n in enumerate(v.shape) if v.index is None and not v.strides[a]]
        kept = [a for a in range(len(v.shape)) if a not in new]
        if v.index is None:
            shape = tuple(v.shape[a] for a in kept)
            v = View(array, shape, v.offset, tuple(v.strides[a] for a in kept))
        shape = tuple(1 if a in new else v.shape[kept.index(a)] for a in range(len(kept + new)))
        x = self._picked(x, v)
        if not array.batched:  # axes in front come by themselves
            while new and new[0] == 0:
                new, shape = [a - 1 for a in new[1:]], shape[1:]
        if new:
            x = self.graph.add("Unsqueeze", x, self.whole_numbers(a + array.batched for a in new))
        return x, batch + shape

    def widened(self, x: Tensor, shape: Shape, wanted: Shape) -> Tensor:
        """x of one shape repeated along the axes that it lacks."""
        if shape == wanted:
            return x
        if wanted[:1] != (ROWS,):
            return self.graph.add("Expand", x, self.whole_numbers(wanted))
        sizes = self.rows
        self.rows_needed = True
        if rest := wanted[1:]:
            sizes = self.graph.add("Concat", sizes, self.whole_numbers(rest), axis=0)
        return self.graph.add("Expand", x, sizes)

    def whole_numbers(self, numbers: Any) -> Tensor:
        """A tensor of integers."""
        return self.graph.constant(list(numbers), np.int64)

    def reshaped(self, x: Tensor, shape: Shape, batched: bool) -> Tensor:
        """x in another shape, after the batch if there is one. (A size of 0 keeps that of x.)"""
        return self.graph.add("Reshape", x, self.whole_numbers((0,) * batched + shape))

    def _picked(self, x: Tensor, v: View) -> Tensor:
        """A view without axes along which it repeats."""
        array, batched = v.array, int(v.array.batched)
        if v.whole:
            return x
        if (sliced := self._sliced(x, v)) is not None:
            return sliced
        if v.index is None and v.size == array.size and v.strides == row_major(v.shape):
            return self.reshaped(x, v.shape, array.batched)
        if len(array.shape) != 1:
            x = self.reshaped(x, (array.size,), array.batched)
        return self.graph.add("Gather", x, self.graph.constant(v.lanes(), np.int64), axis=batched)

    def _sliced(self, x: Tensor, v: View) -> Tensor | None:
        """Slices of the array, with its axes in another order; None if that is impossible."""
        if (order := axis_order(v)) is None:
            return None
        array, batched, rest = v.array, int(v.array.batched), v.offset
        dropped: list[tuple[int, int]] = []
        slices: list[tuple[int, int, int, int]] = []
        for axis, (n, stride) in enumerate(zip(array.shape, row_major(array.shape))):
            first, rest = divmod(rest, stride) if stride else (0, rest)
            if axis not in order:
                dropped.append((axis + batched, first))
                continue
            a = order.index(axis)
            step = v.strides[a] // stride
            last = first + step * (v.shape[a] - 1)
            if not (0 <= first < n and 0 <= last < n):
                return None
            if (first, step, v.shape[a]) != (0, 1, n):
                end = last + (1 if step > 0 else -1)
                slices.append((first, end if end >= 0 else -LAST, axis + batched, step))
        if slices:
            starts, ends, axes, steps = map(self.whole_numbers, zip(*slices))
            x = self.graph.add("Slice", x, starts, ends, axes, steps)
        for axis, place in reversed(dropped):
            x = self.graph.add("Gather", x, self.graph.constant(place, np.int64), axis=axis)
        return self.turned(x, [sorted(order).index(a) for a in order], array.batched)

    def turned(self, x: Tensor, axes: list[int], batched: bool = False) -> Tensor:
        """x with its axes in another order, after the batch if there is one."""
        if axes == sorted(axes):
            return x
        every = [0, *(a + 1 for a in axes)] if batched else axes
        return self.graph.add("Transpose", x, perm=every)
