"""Contract, the third stage: sums of products become matrix products.

A sum of products is a pair of lists of factors, left and right. Take the distinct left lists and
the distinct right lists of all the sums in a group: where each left list meets each right list,
the group *is* the product of two matrices, whose rows these lists are. That one test finds dense
layers, batches written as a loop over samples, shared weights, convolutions, and products of
activations. Where the sums fall into equal parts that each pass the test, there is a product per
part. Only in such products may terms be added in another order than they were recorded in.
"""

from __future__ import annotations

import numpy as np

from autograd import ops
from autograd.compiler.program import (
    Contract,
    Indices,
    Map,
    Program,
    Reduce,
    Simple,
    View,
    view,
)
from autograd.compiler.stages.group import mix
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.rewrite import Rewriter, rewritten
from autograd.compiler.stages.trace import CONSTANT, INPUT


def contract(program: Program, input_major: bool = False) -> Program:
    """The program with its sums of products as contractions.

    Args:
        program: what ``pack`` wrote.
        input_major: keep weights as (inputs, outputs), and not as (outputs, inputs) like a
            textbook, where this makes native loops longer or lets them skip zeros.
    """
    made_by = {i.out: i for i in program.flat()}
    # A product that only sums use needs no array.
    kept = {v.array for v in program.ends()}
    for i in program.flat():
        if not (isinstance(i, Reduce) and i.op is ops.sum):
            kept.update(v.array for v in i.operands)

    def step(rewriter: Rewriter, i: Simple) -> None:
        if isinstance(i, Reduce) and i.op is ops.sum and i.operand.array not in kept:
            product = made_by.get(i.operand.array)
            if isinstance(product, Map) and product.op is ops.mul:
                left, right = (_through(i.operand, factor) for factor in product.operands)
                if _contracted(rewriter, i, left, right, input_major):
                    return
        rewriter.keep(i)

    return needed(rewritten(program, step))


def _through(outer: View, inner: View) -> View:
    """The lanes of ``inner`` that ``outer`` picks, which is a view of the array made from it."""
    return view(inner.array, inner.lanes().reshape(-1)[outer.lanes()])


def _contracted(rewriter: Rewriter, i: Reduce, a: View, b: View, input_major: bool) -> bool:
    """Write the contraction of two factors, each (sums, terms), if it is one."""

    # The weights go to the left, and data or computed arrays to the right.
    # Of two computed factors the later one, or the first of two parts of one, has the rows of the
    # result, as in queries @ keys.T and weights @ values.
    def rank(v: View) -> tuple[bool, bool, bool, int]:
        array = v.array
        free, made = array in rewriter.free, rewriter.made.get(array, -1)
        return (array.kind == INPUT, not free, array.kind == CONSTANT, made)

    if rank(a) > rank(b) or (rank(a) == rank(b) and a.array not in rewriter.free):
        a, b = b, a
    if a.array is b.array and np.array_equal(a.lanes(), b.lanes()):
        return False  # a sum of squares
    if a.array.literal() is not None or b.array.literal() is not None:
        return False  # a multiple of a sum
    # The terms in the order in which the right factor has them, if it has one.
    by = a if b.array.kind == CONSTANT and b.array in rewriter.free else b
    column = np.argsort(rewriter.lanes(by)[0], kind="stable")
    of_a, rows_a = _distinct_rows(rewriter.lanes(a)[:, column])
    of_b, rows_b = _distinct_rows(rewriter.lanes(b)[:, column])
    if rows_a == rows_b == 1 and (a.array.kind == INPUT) == (b.array.kind == INPUT):
        return False  # one sum, of factors that no other row shares
    grid = _grid(of_a, of_b, rows_a, rows_b)
    if grid is None:
        return False
    lanes_a = a.lanes()[:, column][grid[:, 0, :]]
    lanes_b = b.lanes()[:, column][grid[:, :, 0]]
    labels_a = "plk"
    if input_major and a.array in rewriter.free and _runs_over_outputs(rewriter, b, rows_a):
        lanes_a, labels_a = lanes_a.swapaxes(1, 2), "pkl"
    lanes_a, labels_a = _lean(lanes_a, labels_a)
    lanes_b, labels_b = _lean(lanes_b, "prk")
    grid, labels = _lean(grid, "prl")
    rewriter.settle(a, lanes_a)
    rewriter.settle(b, lanes_b)
    left = View(a.array, lanes_a.shape, index=lanes_a)
    right = View(b.array, lanes_b.shape, index=lanes_b)
    rewriter.place(i.out, grid, grid.shape)
    rewriter.keep(Contract(i.out, left, right, (labels_a, labels_b, labels)))
    return True


def _runs_over_outputs(rewriter: Rewriter, b: View, outputs: int) -> bool:
    """Whether the inner loop of a product should run over its results: for an argument, whose
    zeros it can skip; otherwise where there are more results than terms."""
    of_argument = b.array in rewriter.program.arguments
    return of_argument or outputs >= b.shape[1]


def _lean(lanes: Indices, labels: str) -> tuple[Indices, str]:
    """Without the axes of size 1."""
    kept = [c for c, n in zip(labels, lanes.shape) if n > 1]
    return lanes.reshape([n for n in lanes.shape if n > 1]), "".join(kept)


def _distinct_rows(rows: Indices) -> tuple[Indices, int]:
    """For each row its number among the distinct rows, which are in order of their first lanes;
    and how many distinct rows there are."""
    hashes = (mix(rows) * mix(np.arange(rows.shape[1]))).sum(axis=1)
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    distinct = rows[first]
    if not np.array_equal(distinct[which], rows):
        raise AssertionError("two rows of lanes have one hash")
    order = np.lexsort(distinct.T[:3][::-1])
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[which.reshape(-1)], len(order)


def _grid(of_a: Indices, of_b: Indices, rows_a: int, rows_b: int) -> Indices | None:
    """The sum for each pair of rows: (parts, rows of b, rows of a). None if pairs are missing,
    or if the parts differ in size."""
    part_a, part_b = np.full(rows_a, rows_b), np.arange(rows_b)
    if rows_a * rows_b == len(of_a):
        part_a[:], part_b[:] = 0, 0
    else:  # rows that meet in a sum belong to one part
        for _ in range(4):
            before = part_b.copy()
            np.minimum.at(part_a, of_a, part_b[of_b])
            np.minimum.at(part_b, of_b, part_a[of_a])
            if np.array_equal(before, part_b):
                break
        else:
            return None
    names, part_of_b = np.unique(part_b, return_inverse=True)
    part_of_a = np.searchsorted(names, part_a)
    parts = len(names)
    size_a, size_b = rows_a // parts, rows_b // parts
    if parts * size_a * size_b != len(of_a) or (parts > 1 and size_a == size_b == 1):
        return None
    if any(
        (np.bincount(p, minlength=parts) != n).any()
        for p, n in ((part_of_a, size_a), (part_of_b, size_b))
    ):
        return None
    place_a, place_b = _rank_within(part_of_a), _rank_within(part_of_b)
    grid = np.full((parts, size_b, size_a), -1)
    grid[part_of_b[of_b], place_b[of_b], place_a[of_a]] = np.arange(len(of_a))
    return grid if (grid >= 0).all() else None


def _rank_within(part: Indices) -> Indices:
    """For each row its place among those of its part."""
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], part[order])
    rank = np.empty(len(part), np.int64)
    rank[order] = np.arange(len(part)) - starts
    return rank
