"""The parameters' blocks, such as matrices, in one vector, and their gradients joined to one.

Where a block lies in the vector as it is, transposed or reversed, XLA fuses the change of its form
with what uses it. It reads other blocks number by number, and writing so takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.compiler.program import Block, Indices

Array = Any  # of JAX, or a tracer


@dataclass(frozen=True)
class Place:
    """Where the numbers of a block stand, if they stand together.

    Attributes:
        start, stop: the part of the vector.
        axes: the axes of the block from the slowest in the vector to the fastest.
        reversed: axes along which the block runs backwards in the vector.
    """

    start: int
    stop: int
    axes: tuple[int, ...]
    reversed: tuple[int, ...]

    def taken(self, theta: Array, shape: tuple[int, ...]) -> Array:
        """The block."""
        stored = theta[self.start : self.stop].reshape([shape[a] for a in self.axes])
        return jnp.flip(stored.transpose(np.argsort(self.axes)), self.reversed)

    def stored(self, block: Array) -> Array:
        """The part of the vector."""
        return jnp.flip(block, self.reversed).transpose(self.axes).reshape(-1)


def place_of(lanes: Indices, shape: tuple[int, ...]) -> Place | None:
    """The place of a block with these lanes."""
    lanes = lanes.reshape(shape)
    first = (0,) * len(shape)
    steps = [
        int(lanes[(*first[:a], 1, *first[a + 1 :])] - lanes[first]) if n > 1 else 0
        for a, n in enumerate(shape)
    ]
    axes = tuple(sorted(range(len(shape)), key=lambda a: -abs(steps[a])))
    back = tuple(a for a, step in enumerate(steps) if step < 0)
    place = Place(int(lanes.min()), int(lanes.max()) + 1, axes, back)
    in_order = np.flip(lanes, back).transpose(axes).reshape(-1)
    return place if np.array_equal(in_order, np.arange(place.start, place.stop)) else None


class Blocks:
    """The blocks of a program.

    Args:
        blocks: each parameter is in at most one of them.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        known = [(b.lanes, b.array.shape) for b in blocks]
        self.blocks = [(place_of(lanes, shape), lanes, shape) for lanes, shape in known]

    def taken(self, theta: Array) -> list[Array]:
        """Each block of a vector."""
        return [
            place.taken(theta, shape) if place else theta[lanes].reshape(shape)
            for place, lanes, shape in self.blocks
        ]

    def joined(self, parts: Sequence[Array], like: Array) -> Array:
        """The vector, (n,) as ``like``, of a part for each block. What is in no block is 0."""
        stored = [
            place.stored(part.reshape(shape)) if place else part.reshape(-1)
            for part, (place, _, shape) in zip(parts, self.blocks)
        ]
        order = [np.sort(lanes) if place else lanes for place, lanes, _ in self.blocks]
        by_lane = sorted(range(len(order)), key=lambda i: order[i][0])
        missing = np.setdiff1d(np.arange(len(like)), np.concatenate([*order, []]))
        lanes = np.concatenate([*(order[i] for i in by_lane), missing]).astype(np.int64)
        joined = jnp.concatenate(
            [*(stored[i] for i in by_lane), jnp.zeros(len(missing), like.dtype)]
        )
        in_order = np.array_equal(lanes, np.arange(len(lanes)))
        return joined if in_order else joined[np.argsort(lanes)]
