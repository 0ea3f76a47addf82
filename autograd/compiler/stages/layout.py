"""Layout, the fourth stage: lanes in an order in which gathers become slices.

An array whose order is still free takes the order of the largest operand from which it is made
element by element. A leaf takes the order of its first use. An array with an element for every
pair of elements of two vectors becomes a matrix.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import numpy as np

from autograd.compiler.program import (
    Array,
    Contract,
    Indices,
    Map,
    Program,
    Reduce,
    Shape,
    Simple,
    Take,
    View,
)
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.rewrite import Rewriter, rewritten


def layout(program: Program) -> Program:
    """The program with arrays in the shapes and orders that its operations suggest."""
    grids = _grids(program)

    def step(rewriter: Rewriter, i: Simple) -> None:
        _step(rewriter, i, grids)

    return needed(rewritten(program, step))


def _grids(program: Program) -> dict[Array, Indices]:
    """For arrays that sums and products use as matrices their lanes as such a matrix, and so for
    arrays from which these are made element by element."""
    grids: dict[Array, Indices] = {}
    keys = _keys(program)
    for i in reversed(program.flat()):
        used: list[tuple[Array, Indices]] = []
        if isinstance(i, Map) and i.out in grids:
            used = [(v.array, v.lanes()[grids[i.out]]) for v in i.operands]
        elif isinstance(i, Contract):
            used = [(v.array, v.lanes()) for v in i.operands]
        elif isinstance(i, Reduce):
            lanes = i.operand.lanes().reshape(i.out.size, -1)
            key = keys[i.operand.array][lanes]
            rows = np.argsort(key.min(axis=1), kind="stable")
            columns = _columns(i, key[rows[0]])
            used = [(i.operand.array, lanes[rows][:, columns])]
        for array, lanes in used:
            axes = sum(n > 1 for n in lanes.shape)
            if axes > 1 and lanes.size == array.size == len(np.unique(lanes)):
                grids[array] = lanes
    return grids


def _keys(program: Program) -> dict[Array, Indices]:
    """For each lane of each array a number by which a person would sort the lanes: leaves in their
    own order, and what is made from them in theirs."""
    keys: dict[Array, Indices] = {array: np.arange(array.size) for array in program.arrays()}
    for i in program.flat():
        if isinstance(i, Map):
            for v in i.operands if i.out.size > 1 else ():
                key = keys[v.array][v.lanes()]
                if len(np.unique(key)) == i.out.size:
                    keys[i.out] = key
                    break
        elif isinstance(i, Reduce):
            key = keys[i.operand.array][i.operand.lanes()]
            keys[i.out] = key.reshape(i.out.size, -1).min(axis=1)
    return keys


def _step(rewriter: Rewriter, i: Simple, grids: dict[Array, Indices]) -> None:
    if isinstance(i, Map):
        _lay_out(rewriter, i, grids.get(i.out))
    elif isinstance(i, Reduce):
        i = _reduce(rewriter, i)
    elif isinstance(i, Contract):
        i = _contract(rewriter, i, grids.get(i.out))
    elif isinstance(i, Take):
        _take(rewriter, i)
    rewriter.keep(i)


def _contract(rewriter: Rewriter, i: Contract, wanted: Indices | None) -> Contract:
    """A product. The axes of its factors are sorted by the present places of their lanes."""
    views = list(i.operands)
    order: dict[str, Indices] = {}
    for v, labels in zip(reversed(views), reversed(i.labels[:2])):
        lanes = rewriter.lanes(v)
        for axis, c in enumerate(labels):
            if c not in order:
                first = lanes[tuple(slice(None) if a == axis else 0 for a in range(lanes.ndim))]
                order[c] = np.argsort(first, kind="stable")
    factors = []
    for v, labels in zip(views, i.labels):
        lanes = _sorted(v.lanes(), labels, order)
        _settle(rewriter, v, lanes)
        factors.append(View(v.array, lanes.shape, index=lanes))
    grid = _sorted(np.arange(i.out.size).reshape(i.out.shape), i.labels[2], order)
    of_out = i.labels[2]
    if wanted is not None and (axes := _turned_to(grid, wanted)):
        grid, of_out = grid.transpose(axes), "".join(of_out[a] for a in axes)
    rewriter.place(i.out, grid, grid.shape)
    return Contract(i.out, factors[0], factors[1], (*i.labels[:2], of_out))


def _turned_to(grid: Indices, wanted: Indices) -> tuple[int, ...] | None:
    """The order of the axes of a product's result in which its lanes follow each other as they are
    used; the last axis stays the last."""
    last = grid.ndim - 1
    for axes in permutations(range(last)):
        if np.array_equal(grid.transpose(*axes, last).reshape(-1), wanted.reshape(-1)):
            return (*axes, last)
    return None


def _sorted(lanes: Indices, labels: str, order: dict[str, Indices]) -> Indices:
    for axis, c in enumerate(labels):
        lanes = np.take(lanes, order[c], axis=axis)
    return lanes


def _lay_out(rewriter: Rewriter, i: Map, grid: Indices | None) -> None:
    """Choose order and shape of the result of ``i``, and of the free leaves that it uses."""
    if len(i.out.shape) != 1:
        for v in i.operands:
            rewriter.settle(v, v.lanes())
        return
    n = i.out.size
    order: Indices = np.arange(n)
    if n == 1:
        rewriter.place(i.out, order, ())
        for v in i.operands:
            if v.array in rewriter.free:
                rewriter.settle(v, v.lanes().reshape(()))
        return
    operands = [rewriter.lanes(v) for v in i.operands]
    shape: Shape = i.out.shape
    candidates = [
        (v, lanes)
        for v, lanes in zip(i.operands, operands)
        # A matrix of weights has its shape from a product elsewhere.
        if v.array not in rewriter.free or len(v.array.shape) > 1
    ]
    best = None
    for v, lanes in candidates:
        array = rewriter.array(v.array)
        if lanes.size == array.size and len(np.unique(lanes)) == n:
            rank = (v.array not in rewriter.free, array.kind, len(array.shape))
            if best is None or rank > best[0]:
                best = (rank, np.argsort(lanes), array.shape)
    if grid is not None and (best is None or len(best[2]) < 2):
        order, shape = grid.reshape(-1), tuple(k for k in grid.shape if k > 1)
    elif best:
        _, order, shape = best
    elif found := _outer(operands):
        order, shape = found
    elif candidates:
        # Some lanes of a larger array, or some of them repeated: in the order of that array.
        _, lanes = max(candidates, key=lambda c: (c[0].array.kind, len(np.unique(c[1]))))
        order = np.argsort(lanes, kind="stable")
        shape = _shape(lanes[order])
    rewriter.place(i.out, order, shape)
    for v in i.operands:
        _settle(rewriter, v, v.lanes()[order].reshape(shape))


def _take(rewriter: Rewriter, i: Take) -> None:
    """Numbers out of columns: a line for each index and a column for each column of the table,
    where all of them meet; otherwise in the order of the indices."""
    if len(i.out.shape) != 1:
        return
    columns, index = rewriter.lanes(i.columns), rewriter.lanes(i.index)
    first = columns[:, 0]
    n = i.out.size
    order: Indices = np.lexsort((first, index))
    shape: Shape = (n,) if n > 1 else ()
    if n > 1 and (found := _outer([index, first])):
        order, shape = found
    rewriter.place(i.out, order, shape)
    _, place = np.unique(first[order], return_index=True)
    _settle(rewriter, i.columns, i.columns.lanes()[order][place].T)


def _settle(rewriter: Rewriter, v: View, lanes: Indices) -> None:
    """Give a free leaf the order of ``lanes``, which may repeat it along some axes."""
    if v.array not in rewriter.free:
        return
    once = lanes
    for axis in range(lanes.ndim):
        first = np.take(once, [0], axis=axis)
        if (first == once).all():
            once = first
    rewriter.settle(v, once)


def _outer(operands: list[Indices]) -> tuple[Indices, Shape] | None:
    """The order and shape of a result in which each lane of one operand meets each of another."""
    for a in operands:
        rows, row = np.unique(a, return_inverse=True)
        for b in operands:
            columns, column = np.unique(b, return_inverse=True)
            if len(rows) * len(columns) != a.size or min(len(rows), len(columns)) < 2:
                continue
            place = row * len(columns) + column
            if len(np.unique(place)) == a.size:
                return np.argsort(place), (len(rows), len(columns))
    return None


def _shape(lanes: Indices) -> Shape:
    """(m, n) if ascending lanes are m runs of n, evenly spaced; otherwise one axis."""
    breaks = np.flatnonzero(np.diff(lanes) != 1) + 1
    if len(breaks) == 0:
        return (len(lanes),)
    run = int(breaks[0])
    if run > 1 and len(lanes) % run == 0:
        starts = lanes[::run]
        grid = starts[:, None] + np.arange(run)
        even = len(starts) < 2 or len(np.unique(np.diff(starts))) == 1
        if even and np.array_equal(grid.reshape(-1), lanes):
            return (len(starts), run)
    return (len(lanes),)


def _reduce(rewriter: Rewriter, i: Reduce) -> Reduce:
    """A sum along an axis, with results in the order of the operand, and terms too if they may be
    added in any order."""
    lanes = rewriter.lanes(i.operand)
    old = i.operand.lanes()
    if len(i.out.shape) != 1:
        return i
    rows = np.argsort(lanes.min(axis=1), kind="stable")
    columns = _columns(i, lanes[rows[0]])
    old, lanes = old[rows][:, columns], lanes[rows][:, columns]
    shape: Shape = (i.out.size,) if i.out.size > 1 else ()
    array: Array = rewriter.array(i.operand.array)
    terms: Shape = old.shape[1:]
    if found := _axes_of_sums(lanes, array.shape):
        shape, terms = found
    elif i.out.size == 1:
        everything = np.array_equal(lanes[0], np.arange(array.size))
        terms = array.shape if everything else _shape(lanes[0])
    _settle(rewriter, i.operand, old.reshape(shape + terms))
    rewriter.place(i.out, rows, shape)
    in_old_order = np.empty_like(old)
    in_old_order[rows] = old
    in_old_order = in_old_order.reshape(i.out.shape + terms)
    return replace(i, operand=View(i.operand.array, in_old_order.shape, index=in_old_order))


def _columns(i: Reduce, lanes: Indices) -> Indices:
    """The order of the terms: as they stand, or by lane."""
    return np.argsort(lanes, kind="stable") if i.start is None else np.arange(len(lanes))


def _axes_of_sums(lanes: Indices, shape: Shape) -> tuple[Shape, Shape] | None:
    """The axes of the results and those of the terms, if sums, (results, terms), are along some
    axes of a whole array of more than two axes."""
    if len(shape) < 3 or lanes.size != math.prod(shape):
        return None
    terms = [a for a, x in enumerate(np.unravel_index(lanes[0], shape)) if x.min() < x.max()]
    kept = [a for a in range(len(shape)) if a not in terms]
    every = np.arange(lanes.size).reshape(shape).transpose(kept + terms)
    if not np.array_equal(every.reshape(lanes.shape), lanes):
        return None
    return tuple(shape[a] for a in kept), tuple(shape[a] for a in terms)
