"""Chains, sums and paths of any size: linear in time and memory, and never a RecursionError."""

import copy
import gc
import math
import pickle
import time
import tracemalloc
from contextlib import contextmanager

import pytest

import autograd
from autograd import Value, gradient
from tests.battery import Row

MOST_BYTES = 400  # a node, with everything that belongs to it
MOST_EXPLAINED = 100_000  # nodes; explaining takes 30 microseconds for each
MOST_COPIED = 1_000_000  # nodes; a copy and a pickle take memory of their own


def chain(n):
    """n operations one after the other."""
    x = Value(0.5, "x")
    y = x
    for _ in range(n):
        y = y * 1.0000001
    return x, y


def fan_in(n):
    """One sum of n products."""
    x = Value(0.5, "x")
    return x, autograd.sum([x * 1e-6 for _ in range(n // 2)])


def paths(n):
    """2^(n/3) paths: halves that meet again."""
    x = Value(0.5, "x")
    y = x
    for _ in range(n // 3):
        y = y * 0.5 + y * 0.5
    return x, y


SHAPES = (chain, fan_in, paths)
SIZES = (2_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
CASES = [(shape, n) for n in SIZES for shape in SHAPES if shape is chain or n <= 3_000_000]


def case(i):
    """Build, differentiate twice, copy, pickle, explain, compile, refuse to draw, and free."""
    shape, n = CASES[i]
    gc.collect()
    tracemalloc.start()
    try:
        x, y = shape(n)
        bytes_a_node = tracemalloc.get_traced_memory()[0] / n
    finally:
        tracemalloc.stop()
    assert bytes_a_node < MOST_BYTES, f"{shape.__name__} of {n:,}: {bytes_a_node:.0f} bytes a node"
    started = time.process_time()
    y.backward()
    expected = y.data / 0.5  # all three are linear
    assert math.isclose(x.grad, expected, rel_tol=1e-6)
    first = autograd.grad(y, x, create_graph=True)
    assert math.isclose(first.data, expected, rel_tol=1e-6)
    assert autograd.grad(first, x).data == 0
    del first
    if n <= MOST_COPIED:
        others = copy.deepcopy(y), pickle.loads(pickle.dumps(y))
        assert [other.data for other in others] == [y.data] * 2
        del others
    if n <= MOST_EXPLAINED:
        found = autograd.explain(y, x, paths=2)
        assert math.isclose(found.gradient, expected, rel_tol=1e-6)
        if shape is paths:
            assert found.path_count == 2 ** (n // 3)
        assert len(found.text) < 10_000
        program = autograd.compile(y)
        value, (by_x,) = program.value_and_grad()
        assert math.isclose(value, y.data, rel_tol=1e-6)
        assert math.isclose(by_x, expected, rel_tol=1e-6)
        with pytest.raises(ValueError, match="can be read"):
            autograd.draw(y, view="scalars")
    del y
    gc.collect()
    seconds = time.process_time() - started
    assert seconds < 1 + n * 1e-3, f"{shape.__name__} of {n:,} took {seconds:.0f} s"
    return bytes_a_node


def recursive_order(output):
    """The order as a textbook writes it, which a chain of a thousand ends."""
    order, seen = [], set()

    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v.inputs:
                visit(child)
            order.append(v)

    visit(output)
    return order


@contextmanager
def wrong():
    """``grad`` with a recursive topological order."""
    right = gradient.topological_order
    gradient.topological_order = recursive_order
    try:
        yield
    finally:
        gradient.topological_order = right


ROW = Row(
    title="chain of 10^7, sums of 10^6, 2^1,000,000 paths: build, backward, grad twice, copy, "
    "pickle, explain, compile, refuse to draw, free",
    case=case,
    full=len(CASES),
    hours=0.5,
    limit=3600.0,
    quick=3,
    wrong=wrong,
    unit="graphs",
    figure="bytes a node",
    alone=True,
    slow=True,
)
