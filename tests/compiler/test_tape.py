"""The tape machine against Value.backward, node by node and lane by lane."""

import math
import random
import subprocess
import sys

import pytest

from autograd import Op, Value, ops
from autograd.value import topological_order

np = pytest.importorskip("numpy")
from autograd.compiler.tape.codes import (  # noqa: E402
    GATHER,
    MIXED,
    ONCE,
    OPS,
    RUN,
    SAME,
    SLICE,
    supports,
)
from autograd.compiler.tape.tape import NARROW, Tape  # noqa: E402


def backends():
    try:
        import numba  # noqa: F401
    except ImportError:
        return ["numpy"]
    return ["numba", "numpy"]


pytestmark = pytest.mark.parametrize("backend", backends())


class Graph:
    """The arrays of a trace, made from Values with nothing but their public parts."""

    def __init__(self, order):
        number = {v: i for i, v in enumerate(order)}
        every = list(dict.fromkeys(v.op for v in order if v.op))
        self.order = order
        self.ops = tuple(every)
        self.codes = np.array([every.index(v.op) if v.op else -1 for v in order], np.int16)
        self.starts = np.cumsum([0] + [len(v.inputs) for v in order])
        self.inputs = np.array([number[x] for v in order for x in v.inputs], np.int32)
        self.numbers = np.array([v.data for v in order])
        self.number = number


def check(order, output, backend, tolerance=1e-12):
    """Values and derivatives of all nodes; the tape starts from the leaves alone."""
    graph = Graph(order)
    tape = Tape.of(graph, backend)
    values = tape.recorded()
    values[tape.leaves :] = np.nan
    with np.errstate(all="ignore"):
        tape.forward(values)
        assert_close(values[tape.place], graph.numbers, tolerance)
        for v in order:
            v.grad = 0.0
        output.backward()
        expected = [v.grad for v in order]
        found = tape.backward(values, graph.number[output])[tape.place]
        assert_close(found, np.array(expected), tolerance)
    return tape


def assert_close(found, expected, tolerance):
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite], equal_nan=True)
    assert np.all(np.isfinite(found[finite]))
    scale = np.abs(expected[finite]).max(initial=1e-300)
    assert np.abs(found[finite] - expected[finite]).max(initial=0.0) <= tolerance * scale


POWERS = [ops.power(n) for n in (0.0, 1.0, 2.0, 3.0, -1.0, 0.5, 5.0, -2.5)]


def apply(op, pick, rng):
    """The operation on nodes that are first brought into its domain."""
    count = op.arity if op.arity is not None else rng.choice([1, 3, 3, 3, 7])
    inputs = []
    for low, high in (op.domain * count)[:count]:
        x = pick().tanh()
        inputs.append((low + high) / 2 + (high - low) / 2 * x if rng.random() < 0.8 else x + 1.5)
    return op(*inputs)


def random_graph(seed, size):
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1, 1)) for _ in range(rng.randint(2, 30))]
    nodes = list(leaves)
    width = rng.choice([1, 3, 40])
    known = rng.sample([*OPS, *POWERS], rng.choice([2, 6, len(OPS)]))

    def pick():
        return rng.choice(nodes[-3 * width :]) if rng.random() < 0.7 else rng.choice(nodes)

    while len(nodes) < size:
        op = rng.choice(known)
        nodes.extend([apply(op, pick, rng) for _ in range(width)])
        x = pick()
        nodes.append((x * x + pick()).tanh())
    output = ops.sum(nodes[-rng.randint(1, 60) :]) * leaves[0]
    return leaves, output


@pytest.mark.parametrize("block", range(10))
def test_agrees_with_value_on_random_graphs(backend, block):
    for seed in range(block * 30, block * 30 + 30):
        leaves, output = random_graph(seed, random.Random(seed).choice([5, 50, 300]))
        order = topological_order(output)
        unused = [v for v in leaves if v not in set(order)]
        check(unused + order, output, backend)


@pytest.mark.parametrize("op", [*OPS, *POWERS], ids=lambda op: op.name)
@pytest.mark.parametrize("lanes", [1, NARROW, 2500])
def test_every_operation_in_runs_and_in_vector_steps(backend, op, lanes):
    rng = random.Random(lanes)
    nodes = []
    for _ in range(lanes):
        domain = op.domain * 5 if op.arity is None else op.domain
        nodes.append(op(*[Value(rng.uniform(*bounds)) for bounds in domain]))
    output = ops.sum([v * rng.uniform(-1, 1) for v in nodes])
    order = topological_order(output)
    tape = check(order, output, backend)
    codes = tape.steps[:, 0].tolist()
    code = tape.codes[tape.place[[v is nodes[0] for v in order].index(True)]]
    assert (code in codes) == (lanes >= NARROW)


CORNERS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 800.0, -800.0, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("op", [*OPS, *POWERS], ids=lambda op: op.name)
@pytest.mark.parametrize("repeats", [1, NARROW])
def test_corners(backend, op, repeats):
    """Infinities and nan come out where Value has them, for values and for local derivatives."""
    count = op.arity or 2
    points = [[x] if count == 1 else [x, y] for x in CORNERS for y in CORNERS[: 12 ** (count - 1)]]
    for point in points:
        lanes = [op(*map(Value, point)) for _ in range(repeats)]
        # Not a sum: each output alone, so that one's nan does not hide another's number.
        order = [v for node in lanes for v in topological_order(node)]
        tape = Tape.of(Graph(order), backend)
        values = tape.forward(tape.recorded())
        last = len(order) - 1
        adjoints = tape.backward(values, last)[tape.place]
        lanes[-1].backward()
        first = values[tape.place[last]]
        assert same(first, lanes[-1].data), (point, first)
        for v, found in zip(order[-count - 1 :], adjoints[-count - 1 :]):
            # tanh and sigmoid take their derivative from the output: 0 where it has underflowed.
            assert same(found, v.grad), (point, found, v.grad)


def same(found, expected):
    if math.isfinite(expected):
        return abs(found - expected) <= 1e-12 * max(abs(expected), 1e-100)
    return found == expected or (math.isnan(found) and math.isnan(expected))


def chains(count, length, operations, leaves):
    """``count`` chains, link j of chain c by ``operations(c, j)`` with ``leaves(c, j)``; summed."""
    ends = []
    for c in range(count):
        v = Value(0.5 + c / count)
        for j in range(length):
            v = operations(c, j)(v, leaves(c, j))
        ends.append(v)
    return ops.sum(ends)


def test_chains_side_by_side_are_slices(backend):
    output = chains(
        20, 6, lambda c, j: (ops.mul, ops.add)[j % 2], lambda c, j: Value(1 + (c + j) / 100)
    )
    tape = check(topological_order(output), output, backend)
    assert tape.steps[:, 0].tolist() == [OPS.index(ops.mul), OPS.index(ops.add)] * 3 + [RUN]
    assert set(tape.kinds.tolist()) == {SLICE | ONCE}


def test_mixed_chains_keep_their_lanes(backend):
    rng = random.Random(1)
    output = chains(
        20,
        6,
        lambda c, j: rng.choice([ops.mul, ops.add, ops.sub]),
        lambda c, j: Value(1 + (c + j) / 100),
    )
    tape = check(topological_order(output), output, backend)
    assert tape.steps[:, 0].tolist() == [MIXED] * 6 + [RUN]
    assert set(tape.kinds.tolist()) == {SLICE | ONCE}


def test_shared_leaves_are_read_in_place_or_gathered(backend):
    shared = [Value(1 + c / 100) for c in range(20)]
    one = Value(0.9)
    leaves = [lambda c: shared[c], lambda c: one, lambda c: shared[c * 7 % 20]]
    output = chains(20, 3, lambda c, j: ops.mul, lambda c, j: leaves[j](c))
    tape = check(topological_order(output), output, backend)
    seconds = tape.kinds[1::2].tolist()
    assert seconds[0] in (SLICE, GATHER)
    assert seconds[1] == SAME
    assert GATHER in seconds


def test_a_long_chain_is_one_run(backend):
    v, w, u = Value(0.3), Value(1.5), Value(0.1)
    for _ in range(3000):
        v = (v * w + u).tanh()
    tape = check(topological_order(v), v, backend)
    assert tape.steps[:, 0].tolist() == [RUN]


def test_nodes_beside_the_output_do_not_touch_its_derivatives(backend):
    x = Value(0.0)
    beside = [ops.sqrt(x) for _ in range(NARROW)]  # infinite partials, which times 0 would be nan
    y = -x
    order = [x, *beside, y]
    tape = check(order, y, backend)
    assert tape.backward(tape.recorded(), 1)[tape.place[0]] == math.inf


def test_a_leaf_is_an_output_too(backend):
    x = Value(2.0)
    tape = Tape.of(Graph([x]), backend)
    assert tape.backward(tape.forward(tape.recorded()), 0).tolist() == [1.0]


def test_operations_of_no_inputs(backend):
    empty = [ops.sum.forward([]), ops.logsumexp.forward([])]
    tape = Tape(
        (ops.sum, ops.logsumexp), [0] * 9 + [1] * 9, [0] * 19, [], [0.0] * 18, None, backend
    )
    assert tape.forward(np.ones(18))[tape.place].tolist() == [empty[0]] * 9 + [empty[1]] * 9


def test_a_batch(backend):
    leaves, output = random_graph(3, 200)
    order = topological_order(output)
    graph = Graph(order)
    tape = Tape.of(graph, backend)
    inputs = [graph.number[v] for v in leaves if v in graph.number][:3]
    shared = [i for i in range(len(order)) if order[i].op is None and i not in inputs]
    rows = np.random.default_rng(0).uniform(-1, 1, (7, len(inputs)))
    results, gradients, totals = tape.over_rows(graph.numbers, inputs, rows, graph.number[output])
    expected = np.zeros(len(order))
    for r, row in enumerate(rows):
        numbers = graph.numbers.copy()
        numbers[inputs] = row
        values = np.empty(len(order))
        values[tape.place] = numbers
        tape.forward(values)
        adjoints = tape.backward(values, graph.number[output])[tape.place]
        assert results[r] == pytest.approx(values[tape.place[graph.number[output]]], rel=1e-12)
        assert gradients[r] == pytest.approx(adjoints[inputs], rel=1e-11, abs=1e-12)
        expected[shared] += adjoints[shared]
    assert totals == pytest.approx(expected, rel=1e-11, abs=1e-12)


def test_a_batch_against_arithmetic(backend):
    x, w, b = Value(0.0), Value(3.0), Value(1.0)
    output = x * x * w + b
    graph = Graph(topological_order(output))
    tape = Tape.of(graph, backend)
    results, gradients, totals = tape.over_rows(
        graph.numbers, [graph.number[x]], [[1.0], [2.0]], graph.number[output]
    )
    assert results.tolist() == [4.0, 13.0]
    assert gradients.tolist() == [[6.0], [12.0]]
    assert totals[graph.number[w]] == 5.0
    assert totals[graph.number[b]] == 2.0
    assert totals[graph.number[x]] == 0.0
    nothing = tape.over_rows(
        graph.numbers, [graph.number[x]], np.zeros((0, 1)), len(graph.order) - 1
    )
    assert [part.shape for part in nothing] == [(0,), (0, 1), (6,)]


def test_mistakes_are_explained(backend):
    cube = Op("cube", lambda x: x * x * x, lambda y, x: (3 * x * x,), registered=False)
    assert not supports(cube)
    assert all(map(supports, [*OPS, *POWERS]))
    graph = ((cube,), [-1, 0], [0, 0, 1], [0], [2.0, 8.0], None)
    if backend == "numba":
        with pytest.raises(ValueError, match="'cube' is not one: choose backend='numpy'"):
            Tape(*graph, backend)
    for computed in Tape(*graph), Tape(*graph, "numpy"):
        assert computed.forward(np.array([3.0, 0.0])).tolist() == [3.0, 27.0]
        assert computed.backward(np.array([3.0, 27.0]), 1).tolist() == [27.0, 1.0]
    with pytest.raises(ValueError, match="expected 2 codes, 3 starts"):
        Tape((ops.exp,), [-1, 0], [0, 1], [0], [1.0, 1.0], None, backend)
    tape = Tape((ops.exp,), [-1, 0], [0, 0, 1], [0], [1.0, 1.0], None, backend)
    with pytest.raises(ValueError, match=r"float64 array of shape \(2,\)"):
        tape.forward(np.zeros(3))
    with pytest.raises(ValueError, match="output must be a node, 0 to 1; got 2"):
        tape.backward(np.zeros(2), 2)
    with pytest.raises(ValueError, match=r"rows of shape \(batch, 1\)"):
        tape.over_rows(np.zeros(2), [0], np.zeros((3, 2)), 1)
    with pytest.raises(ValueError, match="inputs must be leaves"):
        tape.over_rows(np.zeros(2), [1], np.zeros((3, 1)), 1)
    with pytest.raises(ValueError, match="'numba' or 'numpy'; got 'c'"):
        Tape((ops.exp,), [-1, 0], [0, 0, 1], [0], [1.0, 1.0], None, "c")


def test_runs_where_nothing_can_be_cached(backend, tmp_path):
    """Neither the package's folder nor the user's can be written to."""
    program = f"""
import numba.core.caching as caching
def refuse(*arguments):
    raise OSError("read-only")
caching._CacheLocator.ensure_cache_path = refuse
from autograd import ops
from autograd.compiler.tape.tape import Tape, machine
print(machine({backend!r})._forward_kernel._cache.cache_path)
tape = Tape((ops.exp,), [-1, 0], [0, 0, 1], [0], [0.0, 0.0], None, {backend!r})
print(tape.forward(tape.recorded()).tolist())
"""
    if backend == "numba":  # NumPy compiles nothing that could be cached
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        assert done.stdout == "None\n[0.0, 1.0]\n", done.stderr
