"""Sums that keep their order: instructions for terms that are added one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograd import ops
from autograd.compiler.instructions import SumStart
from autograd.compiler.program import Array, Collect, Map, Reduce, Simple, View, view, whole
from autograd.ops import Op

FEW = 4
"""Up to this number of terms are subtracted one by one."""

MANY = 16
"""More terms than this are laid side by side, if that takes fewer copies."""


@dataclass(frozen=True)
class Terms:
    """Terms of some sums that follow each other.

    Attributes:
        view: of the shape of the sums, or with an axis of terms besides.
        negative: whether they are subtracted.
    """

    view: View
    negative: bool = False


def folded(out: Array, terms: Sequence[Terms], start: SumStart) -> list[Simple]:
    """The instructions of sums of terms, from the first to the last.

    Args:
        out: the sums.
        terms: at least one.
        start: as a Reduce has it. That a sum of single terms starts with 0.0 is for the caller to
            see to, who may know that it makes no difference.
    """
    widths = [part.view.size // max(out.size, 1) for part in terms if part.negative]
    fold = _Fold(out, sum(widths) > FEW)
    for part in terms:
        fold.add(part, start)
    return fold.finished()


class _Fold:
    """Writes sums.

    Args:
        out: the sums.
        adds: whether -x is added, and x is not subtracted, which is the same to the bit.
    """

    def __init__(self, out: Array, adds: bool) -> None:
        self.out, self.adds = out, adds
        self.written: list[Simple] = []
        self.waiting: list[View] = []  # what is added at once, the sum so far in front

    def add(self, terms: Terms, start: SumStart) -> None:
        """Add terms, or subtract them."""
        v = terms.view
        if terms.negative and not self.adds:
            for column in self._columns(v):
                total = self._total()
                self._map(*((ops.sub, (total, column)) if total else (ops.neg, (column,))))
            return
        if terms.negative:
            # Before ``layout``, arrays have one axis.
            made = Array((v.size,), v.array.kind)
            self.written.append(Map(made, ops.neg, (view(v.array, v.lanes().reshape(-1)),)))
            v = view(made, np.arange(v.size).reshape(v.shape))
        if self.waiting or self._width(v) == 1:
            self.waiting.append(v)
        else:
            self._reduce(v, start)

    def _total(self) -> View | None:
        """The sum of what waits."""
        if sum(map(self._width, self.waiting)) > 1:
            views, self.waiting = self.waiting, []
            width, arrays = sum(map(self._width, views)), len({v.array for v in views})
            if width > MANY and width >= 4 * arrays:
                self._reduce(self._side_by_side(views), "first")
            else:
                self._map(ops.sum, tuple(c for v in views for c in self._columns(v)))
        return self.waiting[0] if self.waiting else None

    def _map(self, op: Op, operands: tuple[View, ...]) -> None:
        made = Array(self.out.shape, max(v.array.kind for v in operands))
        self.written.append(Map(made, op, operands))
        self.waiting = [whole(made)]

    def _reduce(self, v: View, start: SumStart) -> None:
        made = Array(self.out.shape, v.array.kind)
        self.written.append(Reduce(made, ops.sum, v, start=start))
        self.waiting = [whole(made)]

    def _side_by_side(self, views: Sequence[View]) -> View:
        """A copy of all terms in their order, along a last axis."""
        shape = self.out.shape
        lanes = [v.lanes().reshape(*shape, -1) for v in views]
        ends = np.cumsum([x.shape[-1] for x in lanes])
        made = Array((self.out.size * int(ends[-1]),), max(v.array.kind for v in views))
        every = np.arange(made.size).reshape(*shape, -1)
        places, parts = [], []
        for array in dict.fromkeys(v.array for v in views):
            own = [k for k, v in enumerate(views) if v.array is array]
            columns = np.concatenate(
                [np.arange(ends[k] - lanes[k].shape[-1], ends[k]) for k in own]
            )
            places.append(view(made, every[..., columns]))
            parts.append(view(array, np.concatenate([lanes[k] for k in own], axis=-1)))
        self.written.append(Collect(made, tuple(places), tuple(parts)))
        return view(made, every)

    def finished(self) -> list[Simple]:
        total = self._total()
        assert total is not None, "a sum has no terms"
        last = self.written[-1] if self.written else None
        if last is None or total.array is not last.out or total.array.kind != self.out.kind:
            return [*self.written, Map(self.out, ops.sum, (total,))]
        return [*self.written[:-1], replace(last, out=self.out)]

    def _width(self, v: View) -> int:
        """How many terms stand there."""
        return 1 if v.shape == self.out.shape else v.shape[-1]

    def _columns(self, v: View) -> list[View]:
        """The terms one by one."""
        if v.shape == self.out.shape:
            return [v]
        return [view(v.array, column) for column in np.moveaxis(v.lanes(), -1, 0)]
