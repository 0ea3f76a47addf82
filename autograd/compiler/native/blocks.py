"""A program over a block of rows: the batch becomes an axis like any other.

Native code takes the rows of a batch in blocks, and runs each instruction over a whole block. In
memory the rows are the first axis, so that the lanes of a row are neighbours; or, where a row has
few lanes, the last. Or they come one by one, without an axis.

Four kinds of steps remain:

    Each      an operation, at every place
    Product   a sum of products, over the labels that the result lacks; or of one factor alone
    LogSum    logsumexp over some labels
    Clear     zeros
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd import ops
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Indices,
    Map,
    Reduce,
    Simple,
    View,
    row_major,
    whole,
)
from autograd.ops import Op

SMALL = 32


class RowCount(int):
    """The size of the axis of rows: so many fit; ``rows``, a variable, of them are there."""


def text(size: int, inner: bool = False) -> str:
    """A size, as source; of an innermost loop so that LLVM does not know small ones: it would
    unroll them before it looks for vectors."""
    if isinstance(size, RowCount):
        return "rows"
    return f"{int(size)} * one" if inner and size < SMALL else str(int(size))


@dataclass(frozen=True)
class Form:
    """How rows lie in memory.

    Attributes:
        rows: how many a block has at most; None: one by one, without an axis.
        last: whether the rows are the last axis, neighbours in memory; else the first.
    """

    rows: int | None = None
    last: bool = False


@dataclass(frozen=True, eq=False)
class Place:
    """Where numbers are: at ``offset + sum(i * stride)`` of the memory of an array, with
    ``index[sum(i * step)]`` added if there is an index."""

    array: Array
    shape: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]
    index: Indices | None = None
    steps: tuple[int, ...] = ()

    def axes(self, kept: Sequence[int]) -> Place:
        """With these axes alone, in this order; the others at 0."""

        def pick(numbers: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(numbers[a] for a in kept)

        return Place(
            self.array,
            pick(self.shape),
            self.offset,
            pick(self.strides),
            self.index,
            pick(self.steps) if self.index is not None else (),
        )

    def lean(self) -> Place:
        """Without axes of one place."""
        return self.axes([a for a, n in enumerate(self.shape) if n != 1 or isinstance(n, RowCount)])

    def stride(self, axis: int) -> int:
        """In memory; 2 for what an index says."""
        if self.index is not None and self.steps[axis]:
            return 2
        return self.strides[axis]

    @property
    def constant(self) -> bool:
        """Whether it is one number at all places."""
        return not any(self.strides) and self.index is None


@dataclass(eq=False)
class Each:
    """``out = op(*operands)`` at every place; without ``op`` a copy; ``add``: ``out += ...``."""

    out: Place
    op: Op | None
    operands: tuple[Place, ...]
    add: bool = False


@dataclass(eq=False)
class Product:
    """``out[labels] += left * right``, summed over what ``out`` lacks; ``right`` may be None.

    ``fresh``: out has no value yet; ``start``: then it starts from that one, a bias.
    """

    out: Place
    left: Place
    right: Place | None
    labels: tuple[str, str, str]
    fresh: bool = True
    start: Place | None = None


@dataclass(eq=False)
class LogSum:
    """``out = logsumexp(operand)`` over the last axes, beyond those of ``out``."""

    out: Place
    operand: Place


@dataclass(eq=False)
class Clear:
    """Zeros."""

    out: Place


Step = Each | Product | LogSum | Clear


class Blocks:
    """Translates instructions for a form.

    Args:
        form: of the rows.
        outside: arrays that the caller owns, row after row: arguments, results.
    """

    def __init__(self, form: Form, outside: set[Array]) -> None:
        self.form, self.outside = form, outside
        # Sums that are added to something else's memory.
        self.into: dict[Array, View] = {}

    # --- places ---

    def size(self, array: Array) -> int:
        """How many numbers the memory of an array holds."""
        return array.size * (self.form.rows or 1 if array.batched else 1)

    def place(self, v: View, rows: bool) -> Place:
        """A view; ``rows``: with the axis of rows, along which what is not batched stays."""
        form, array = self.form, v.array
        turned = form.last and array.batched and array not in self.outside and form.rows
        scale = form.rows or 1 if turned else 1
        along = (1 if turned else array.size) if array.batched else 0
        shape, index = v.shape, None
        steps: tuple[int, ...] = ()
        if v.index is not None:
            index, steps = v.index.reshape(-1) * scale, row_major(v.shape)
            strides: tuple[int, ...] = (0,) * len(shape)
        else:
            strides = tuple(s * scale for s in v.strides)
        if rows and form.rows:
            at = len(shape) if form.last else 0
            shape = (*shape[:at], RowCount(form.rows), *shape[at:])
            strides = (*strides[:at], along, *strides[at:])
            steps = (*steps[:at], 0, *steps[at:]) if index is not None else ()
        return Place(array, shape, v.offset * scale, strides, index, steps)

    # --- instructions ---

    def steps(self, i: Simple) -> list[Step]:
        """What an instruction does to a block."""
        if isinstance(i, Map):
            places = [self.place(v, i.out.batched).lean() for v in (whole(i.out), *i.operands)]
            return [Each(places[0], i.op, tuple(places[1:]))]
        if isinstance(i, Collect):
            return self._collect(i)
        if isinstance(i, Contract):
            return [self._contract(i)]
        if not isinstance(i, Reduce):
            raise TypeError(f"there is no native code for {type(i).__name__}")
        if i.op is ops.sum:
            return [self._sum(i)]
        out = self.place(whole(i.out), i.out.batched)
        operand = self.place(i.operand, i.out.batched)
        if self.form.last and i.out.batched and self.form.rows:
            kept, axes = len(i.out.shape), len(operand.shape)
            operand = operand.axes([*range(kept), axes - 1, *range(kept, axes - 1)])
        return [LogSum(out, operand)]

    def store(self, target: View, v: View, add: bool = False) -> Each:
        """A copy to a place of another array."""
        batched = target.array.batched
        return Each(self.place(target, batched).lean(), None, (self.place(v, batched).lean(),), add)

    def _collect(self, i: Collect) -> list[Step]:
        steps: list[Step] = [Clear(self.place(whole(i.out), i.out.batched).lean())]
        return steps + [self.store(p, part, True) for p, part in zip(i.places, i.parts)]

    def _contract(self, i: Contract) -> Product:
        batched = i.left.array.batched or i.right.array.batched or i.out.batched
        left, left_labels = self._labelled(i.left, i.labels[0], i.left.array.batched)
        right, right_labels = self._labelled(i.right, i.labels[1], i.right.array.batched)
        out, out_labels = self._labelled(self._target(i.out), i.labels[2], i.out.batched)
        fresh = i.out not in self.into and not (batched and not i.out.batched)
        return Product(out, left, right, (left_labels, right_labels, out_labels), fresh)

    def _sum(self, i: Reduce) -> Product:
        labels = "abcdefghijklm"[: len(i.operand.shape)]
        over_rows = i.over_batch or (i.operand.array.batched and not i.out.batched)
        batched = i.operand.array.batched or i.over_batch or i.out.batched
        operand, operand_labels = self._labelled(i.operand, labels, batched)
        out, out_labels = self._labelled(
            self._target(i.out), labels[: len(i.out.shape)], i.out.batched
        )
        fresh = i.out not in self.into and not over_rows
        return Product(out, operand, None, (operand_labels, "", out_labels), fresh)

    def _target(self, array: Array) -> View:
        return self.into.get(array) or whole(array)

    def _labelled(self, v: View, labels: str, rows: bool) -> tuple[Place, str]:
        place = self.place(v, rows)
        if rows and self.form.rows:
            labels = labels + "n" if self.form.last else "n" + labels
        kept = [a for a, n in enumerate(place.shape) if n != 1 or isinstance(n, RowCount)]
        return place.axes(kept), "".join(labels[a] for a in kept)
