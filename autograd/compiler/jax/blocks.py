"""The parameters' blocks, such as matrices, one after another in one vector.

The trace has them in another order, in which a block's numbers may lie apart: the weights of a
neuron, its bias, the weights of the next. XLA reads and writes such numbers one by one, which takes
much longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.compiler.program import Block, Indices

Array = Any  # of JAX, or a tracer


class Blocks:
    """The blocks of a program.

    Args:
        blocks: each parameter is in at most one of them.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._shapes = [b.array.shape for b in blocks]
        self._lanes = np.concatenate([np.zeros(0, np.int64), *(b.lanes for b in blocks)])
        self._ends = np.cumsum([len(b.lanes) for b in blocks], dtype=np.int64)

    def order(self, count: int) -> Indices:
        """Where the trace has, of ``count`` parameters, what the vector has one after another. What
        is in no block comes last."""
        return np.concatenate([self._lanes, np.setdiff1d(np.arange(count), self._lanes)])

    def taken(self, vector: Array) -> list[Array]:
        """Each block."""
        parts = jnp.split(vector, self._ends)
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes)]

    def joined(self, parts: Sequence[Array], like: Array) -> Array:
        """The vector, (n,) as ``like``, of a part for each block. What is in no block is 0."""
        rest = jnp.zeros(len(like) - len(self._lanes), like.dtype)
        return jnp.concatenate([*(part.reshape(-1) for part in parts), rest])
