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
MOST_GROWTH = 2.0  # of the time for a node, from a tenth of the size on
MOST_COPIED = 1_000_000  # nodes; a copy and a pickle take as much memory again, and compiling more
MOST_PATHS = 100_000  # nodes; the number of paths has as many digits, and each node has one


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
    """The bytes of a node, and whether the time for a node is that of a graph of a tenth."""
    shape, n = CASES[i]
    tracemalloc.start()
    try:
        graph = shape(min(n, MOST_COPIED))
        bytes_a_node = tracemalloc.get_traced_memory()[0] / min(n, MOST_COPIED)
        del graph
    finally:
        tracemalloc.stop()
    what = f"{shape.__name__} of {n:,}"
    assert bytes_a_node < MOST_BYTES, f"{what}: {bytes_a_node:.0f} bytes a node"
    taken = seconds(shape, n)
    for name, longest in seconds(shape, n // 10).items() if n >= 1_000_000 else ():
        growth = taken.get(name, 0.0) / longest / 10
        assert growth < MOST_GROWTH, f"{what}: a node takes {growth:.1f} times as long to {name}"
    return bytes_a_node


def seconds(shape, n):
    """The seconds that each thing takes that can be done with a graph. All results are checked."""
    gc.collect()
    taken = {}

    def timed(name, function, *arguments, **options):
        started = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            taken[name] = time.process_time() - started

    graph = [*timed("build", shape, n)]
    x, y = graph
    timed("go backward", y.backward)
    expected = y.data / 0.5  # all three are linear
    assert math.isclose(x.grad, expected, rel_tol=1e-6)
    first = timed("differentiate", autograd.grad, y, x, create_graph=True)
    assert math.isclose(first.data, expected, rel_tol=1e-6)
    assert timed("differentiate again", autograd.grad, first, x).data == 0
    del first
    if n <= MOST_COPIED:
        assert timed("copy", copy.deepcopy, y).data == y.data
        content = timed("pickle", pickle.dumps, y)
        assert timed("unpickle", pickle.loads, content).data == y.data
        program = timed("compile", autograd.compile, y)
        value, (by_x,) = timed("run compiled", program.value_and_grad)
        assert math.isclose(value, y.data, rel_tol=1e-6)
        assert math.isclose(by_x, expected, rel_tol=1e-6)
        with pytest.raises(ValueError, match="can be read"):
            timed("refuse to draw", autograd.draw, y, view="scalars")
        if shape is not paths or n <= MOST_PATHS:
            found = timed("explain", autograd.explain, y, x, paths=2)
            assert math.isclose(found.gradient, expected, rel_tol=1e-6)
            assert shape is not paths or found.path_count == 2 ** (n // 3)
            assert len(found.text) < 10_000
            del found
        del program, content
    del x, y
    timed("free", graph.clear)
    print(f"{shape.__name__} of {n:,}, microseconds a node: ", end="")
    print(", ".join(f"{name} {t / n * 1e6:.2f}" for name, t in taken.items()), flush=True)
    return taken


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
    title="chain of 10^7, sums of 10^6, 2^1,000,000 paths: build, backward, grad twice, free; with "
    "10^6 nodes copy, pickle, compile, explain (2^33,333 paths), refuse to draw",
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
