"""The terms of sums of different lengths as rows, with holes where a sum has no term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.stages.group import Int32s

Bools = NDArray[np.bool_]

# Padding may multiply the terms of a group by this much.
MOST_PADDING = 3


class NotPaddable(Exception):
    """The terms of these sums do not line up."""


@dataclass
class Rows:
    """Nodes that lie side by side: a row for each sum, a column for each of its terms.

    Attributes:
        nodes: (rows, columns). In a hole stands the node of the model.
        model: (rows, columns), for each row the longest row like it.
        valid: (rows, columns), False in a hole.
    """

    nodes: Int32s
    model: Int32s
    valid: Bools

    def __getitem__(self, rows: NDArray[np.integer]) -> Rows:
        return Rows(self.nodes[rows], self.model[rows], self.valid[rows])

    def as_bytes(self) -> list[bytes]:
        """Equal for equal rows."""
        every = np.concatenate([self.nodes, self.model, self.valid], axis=1)
        return [row.tobytes() for row in np.ascontiguousarray(every, np.int32)]

    @property
    def by_column(self) -> Bools:
        """(rows,), whether each node is that of the model: a key, which all queries meet."""
        same: Bools = (self.nodes == self.model).all(axis=1)
        return same

    @property
    def by_row(self) -> Bools:
        """(rows,), whether all nodes of a row are one: a query, which meets all keys."""
        one = (self.nodes == self.first) | ~self.valid
        one &= self.model == self.model[:, :1]
        same: Bools = one.all(axis=1)
        return same

    @property
    def differ(self) -> bool:
        """Whether some nodes are of one row and one column alone."""
        return not (self.by_column | self.by_row).all()

    @property
    def first(self) -> Int32s:
        """(rows, 1), the first node of each row."""
        return np.take_along_axis(self.nodes, self.valid.argmax(axis=1)[:, None], axis=1)


def lined_up(source: Int32s, lengths: NDArray[np.integer]) -> Rows:
    """The terms of sums as rows, each below the others' terms of the same place: the first sum of
    its length belongs to the first of the longest ones, and so on."""
    longest = int(lengths.max())
    if len(lengths) * longest > MOST_PADDING * len(source):
        raise NotPaddable
    valid = np.arange(longest) < lengths[:, None]
    nodes = np.zeros(valid.shape, np.int32)
    nodes[valid] = source
    models = np.flatnonzero(lengths == longest)
    model_of = np.empty(len(lengths), np.int64)
    for length in set(lengths.tolist()):
        rows = np.flatnonzero(lengths == length)
        if len(rows) != len(models):
            raise NotPaddable
        model_of[rows] = models
    model = nodes[model_of]
    return Rows(np.where(valid, nodes, model), model, valid)


def lined_up_by(source: Int32s, factors: Int32s, lengths: NDArray[np.integer]) -> Rows | None:
    """The terms of sums as rows, with products by the same factor below each other, as those by one
    weight of a convolution. None if a longest sum does not have all factors of a shorter one."""
    longest = int(lengths.max())
    starts = np.cumsum(lengths) - lengths
    models = np.flatnonzero(lengths == longest)
    full = factors[starts[models][:, None] + np.arange(longest)]
    known, place = np.unique(full, return_index=True)
    column_of = np.full(int(factors.max()) + 1, -1)
    column_of[known] = place % longest
    model_of = np.zeros(len(column_of), np.int64)
    model_of[known] = models[place // longest]
    if (column_of[full] != np.arange(longest)).any() or (column_of[factors] < 0).any():
        return None
    if len(lengths) * longest > MOST_PADDING * len(source):
        return None
    owner, columns = np.repeat(np.arange(len(lengths)), lengths), column_of[factors]
    model_row = model_of[factors[starts]]
    model = source[starts[model_row][:, None] + np.arange(longest)]
    nodes, valid = model.copy(), np.zeros(model.shape, np.bool_)
    nodes[owner, columns], valid[owner, columns] = source, True
    return Rows(nodes, model, valid) if valid.sum() == len(source) else None


def stacked(rows: Sequence[Rows]) -> Rows:
    """Rows below rows."""
    return Rows(
        np.concatenate([x.nodes for x in rows]),
        np.concatenate([x.model for x in rows]),
        np.concatenate([x.valid for x in rows]),
    )
