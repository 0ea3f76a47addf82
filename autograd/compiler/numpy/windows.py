"""Windows of a picture, of any number of axes: what a kernel meets at each of its places."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd.compiler.numpy.text import ranges_of
from autograd.compiler.program import Shape, View


def picture(v: View) -> tuple[Shape, Shape] | None:
    """The shapes of a picture and of a window, if that picture is the view's array, and the view
    has all its windows: (places, numbers in each). They overlap, and there are at least as many
    of them as a window has numbers."""
    lanes, size = v.lanes(), v.array.size
    if not 1 < lanes.shape[1] <= lanes.shape[0] or lanes.size <= size:
        return None
    within = {step: n for n, step in ranges_of(lanes[0])}
    steps = sorted({*within, *(step for _, step in ranges_of(lanes[:, 0]))}, reverse=True)
    if steps[-1] != 1 or any(outer % inner for outer, inner in pairwise([size, *steps])):
        return None
    shape = tuple(outer // inner for outer, inner in pairwise([size, *steps]))
    window = tuple(within.get(step, 1) for step in steps)
    if math.prod(window) != lanes.shape[1] or any(n > m for n, m in zip(window, shape)):
        return None
    every = sliding_window_view(np.arange(size).reshape(shape), window)
    return (shape, window) if np.array_equal(every.reshape(-1, lanes.shape[1]), lanes) else None
