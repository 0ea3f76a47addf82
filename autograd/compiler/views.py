"""Arrays of a program, and views of them: lanes picked in any order and shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.stages.trace import INPUT

Shape = tuple[int, ...]
Indices = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

FEW = 4096
"""A view of up to this many places keeps its lanes; a larger one finds them anew: less memory."""


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
        """The lane at each place, of ``shape``. Nobody may write to them."""
        if self.index is not None:
            return self.index
        return self._kept_lanes if self.size <= FEW else self._lanes()

    @cached_property
    def _kept_lanes(self) -> Indices:
        return self._lanes()

    def _lanes(self) -> Indices:
        lanes: Indices = np.array(self.offset)
        for n, stride in zip(self.shape, self.strides):
            steps = np.arange(0, n * stride, stride) if stride else np.zeros(n, np.int64)
            lanes = lanes[..., None] + steps
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
    offset = lanes.item(0)
    strides, last, step = [], offset, lanes.size
    for n in shape:
        step //= n  # from a place to the next along this axis
        strides.append(lanes.item(step) - offset if n > 1 else 0)
        last += strides[-1] * (n - 1)
    if lanes.item(-1) == last:
        affine = View(array, shape, offset, tuple(strides))
        if lanes.size == 1 or (affine.lanes() == lanes).all():
            return affine
    return View(array, shape, 0, (), np.ascontiguousarray(lanes))


def turned(v: View, axes: Sequence[int]) -> View:
    """A view with its axes in another order."""
    shape = tuple(v.shape[a] for a in axes)
    if v.index is not None:
        return View(v.array, shape, index=v.index.transpose(axes))
    return View(v.array, shape, v.offset, tuple(v.strides[a] for a in axes))


def moved(v: View, array: Array) -> View:
    """The same lanes of another array."""
    return View(array, v.shape, v.offset, v.strides, v.index)


def picked(v: View, places: View) -> View:
    """The lanes at ``places`` of an array, from ``v``, a view in the shape of that array."""
    return view(v.array, v.lanes().reshape(-1)[places.lanes()])


def aligned(place: View, part: View) -> View | None:
    """The part in the order of the whole array of ``place``, if that covers each lane once."""
    array = place.array
    if place.whole:
        return part
    if place.size != array.size:
        return None
    order = np.argsort(place.lanes().reshape(-1), kind="stable")
    if not np.array_equal(place.lanes().reshape(-1)[order], np.arange(array.size)):
        return None
    return view(part.array, part.lanes().reshape(-1)[order].reshape(array.shape))
