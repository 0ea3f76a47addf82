"""The parameters as XLA takes them, in parts: each large block, such as a matrix, and one vector of
all that is left.

The trace has them in another order, in which a block's numbers may lie apart: the weights of a
neuron, its bias, the weights of the next. XLA reads and writes such numbers one by one, which takes
much longer. Joining large blocks to one vector takes much longer too, but only in some calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.compiler.program import Block, Indices

Array = Any  # of JAX, or a tracer
Parts = list[Array]

LARGE = 8192
"""A block of this many numbers is a part of its own. Each part costs XLA a few microseconds."""


class Blocks:
    """The blocks of a program.

    Args:
        blocks: each parameter is in at most one of them.
        count: how many parameters the program has.
    """

    def __init__(self, blocks: Sequence[Block], count: int) -> None:
        self._blocks, self._count = blocks, count
        self._large = [i for i, b in enumerate(blocks) if len(b.lanes) >= LARGE]
        self._small = [i for i, b in enumerate(blocks) if len(b.lanes) < LARGE]
        self._ends = np.cumsum([len(blocks[i].lanes) for i in self._small], dtype=np.int64)
        none = np.zeros(0, np.int64)
        small = np.concatenate([none, *(blocks[i].lanes for i in self._small)])
        taken = np.concatenate([small, *(blocks[i].lanes for i in self._large)])
        self._rest = np.concatenate([small, np.setdiff1d(np.arange(count), taken)])

    def parted(self, numbers: Any) -> Parts:
        """The parts of numbers in the order of the trace, (n,). What a learner has beyond it comes
        last."""
        large = (self._blocks[i] for i in self._large)
        parts = [numbers[b.lanes].reshape(b.array.shape) for b in large]
        return [*parts, numbers[self._left(len(numbers))]]

    def put(self, numbers: Any, parts: Parts) -> None:
        """Write parts back: the opposite of ``parted``."""
        for i, part in zip(self._large, parts):
            numbers[self._blocks[i].lanes] = np.ravel(part)
        numbers[self._left(len(numbers))] = parts[-1]

    def _left(self, count: int) -> Indices:
        """Where, of ``count`` numbers, those are that no large block has."""
        if count == self._count:
            return self._rest
        return np.concatenate([self._rest, np.arange(self._count, count)])

    def taken(self, parts: Parts) -> list[Array]:
        """Each block."""
        *large, rest = parts
        found = dict(zip((*self._large, *self._small), (*large, *jnp.split(rest, self._ends))))
        return [found[i].reshape(b.array.shape) for i, b in enumerate(self._blocks)]

    def joined(self, blocks: Sequence[Array], like: Parts) -> Parts:
        """The parts, as ``like``, of an array for each block. What is in no block is 0."""
        large = [blocks[i].reshape(part.shape) for i, part in zip(self._large, like)]
        small = [blocks[i].reshape(-1) for i in self._small]
        rest = jnp.zeros(len(like[-1]) - sum(map(len, small)), like[-1].dtype)
        return [*large, jnp.concatenate([*small, rest])]
