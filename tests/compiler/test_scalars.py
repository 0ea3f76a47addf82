"""Graphs without structure, as instructions of the machine and in NumPy, against Value.backward."""

import importlib.util
import math
import random

import numpy as np
import pytest

import autograd
from autograd import Op, Value, ops
from autograd.compiler.algebra import constant_part
from autograd.compiler.machine.opcodes import Field, Opcode
from autograd.compiler.recording.record import record
from autograd.compiler.scalars.executor import ScalarsExecutor
from autograd.compiler.scalars.steps import FEW, MANY
from autograd.compiler.scalars.table import scalars
from autograd.compiler.stages.trace import trace_recording, trace_value

BACKENDS = ["numpy"] + ["machine"] * bool(importlib.util.find_spec("llvmlite"))
pytestmark = [pytest.mark.parametrize("backend", BACKENDS), pytest.mark.unmeasured]

OPS = [op for op in ops.TABLE.values() if op.is_built_in]
POWERS = [ops.power(n) for n in (0.0, 1.0, 2.0, 3.0, -1.0, 0.5, 5.0, -2.5)]


def check(output, backend, tolerance=1e-12):
    """The value and the derivatives by all leaves of a graph that holds its data."""
    trace = trace_value(output)
    for p in trace.parameters:
        p.grad = 0.0
    output.backward()
    executor = ScalarsExecutor(trace, "parameters", backend)
    theta = np.array([p.data for p in trace.parameters])
    for _ in range(2):  # nothing is left over from the first time
        total, failures, gradient = executor.gradients(theta, [])
        assert not len(failures)
        assert_close(np.array([total]), np.array([output.data]), tolerance)
        assert_close(gradient, np.array([p.grad for p in trace.parameters]), tolerance)
    values, _ = ScalarsExecutor(trace, "", backend).rows(theta, [])
    assert_close(values[0], np.array([output.data]), tolerance)
    return scalars(trace, "parameters", 1).table


def check_rows(function, rows, backend, tolerance=1e-12):
    """The values, and the derivatives by parameters and by inputs, of a function of rows."""
    trace = trace_recording(record(function, [rows[0]]))
    for p in trace.parameters:
        p.grad = 0.0
    inputs = [[Value(x) for x in row] for row in rows]
    outputs = [function(row) for row in inputs]
    for y in outputs:
        y.backward()
    theta, table = np.array([p.data for p in trace.parameters]), [np.array(rows)]
    values, failures = ScalarsExecutor(trace, "", backend).rows(theta, table)
    held = failures == 0 if len(failures) else slice(None)
    assert_close(values[held, 0], np.array([y.data for y in outputs])[held], tolerance)
    _, _, by = ScalarsExecutor(trace, "inputs", backend).gradients(theta, table)
    expected = np.array([[v.grad for v in row] for row in inputs])
    assert_close(by[0][held], expected[held], tolerance)
    if not len(failures):
        total, _, by = ScalarsExecutor(trace, "parameters", backend).gradients(theta, table)
        assert_close(np.array([total]), np.array([sum(y.data for y in outputs)]), tolerance)
        assert_close(by, np.array([p.grad for p in trace.parameters]), tolerance)
    return failures


def assert_close(found, expected, tolerance):
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite], equal_nan=True)
    assert np.all(np.isfinite(found[finite]))
    scale = np.abs(expected[finite]).max(initial=1e-300)
    assert np.abs(found[finite] - expected[finite]).max(initial=0.0) <= tolerance * scale


def apply(op, pick, rng):
    """The operation on nodes that are first brought into its domain."""
    count = op.arity if op.arity is not None else rng.choice([1, 3, 3, 7])
    inputs = []
    for low, high in (op.domain * count)[:count]:
        x = pick().tanh()
        inputs.append((low + high) / 2 + (high - low) / 2 * x if rng.random() < 0.8 else x + 1.5)
    return op(*inputs)


def grown(nodes, seed, size):
    """Nodes upon nodes, in chains or in broad layers, and their sum."""
    rng = random.Random(seed)
    nodes, width = list(nodes), rng.choice([1, 3, 40])
    known = rng.sample([*OPS, *POWERS], rng.choice([2, 6, len(OPS)]))

    def pick():
        return rng.choice(nodes[-3 * width :]) if rng.random() < 0.7 else rng.choice(nodes)

    first = len(nodes)
    while len(nodes) < first + size:
        op = rng.choice(known)
        nodes.extend([apply(op, pick, rng) for _ in range(width)])
        x = pick()
        nodes.append((x * x + pick()).tanh())
    return ops.sum(nodes[-rng.randint(1, 60) :]) * nodes[0]


def leaves(count, seed=0):
    rng = random.Random(seed)
    return [Value(rng.uniform(-1, 1)) for _ in range(count)]


@pytest.mark.parametrize("block", range(4))
def test_random_graphs(backend, block):
    for seed in range(block * 10, block * 10 + 10):
        size = random.Random(seed).choice([5, 50, 300])
        check(grown(leaves(10, seed), seed, size), backend, 1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_more_random_graphs(backend, block):
    test_random_graphs(backend, block + 4)


@pytest.mark.parametrize("rows", [1, 3, 70])
def test_random_functions_of_rows(backend, rows):
    parameters, stream = leaves(3), random.Random(rows)
    for seed in range(4):
        table = [[stream.uniform(-1, 1) for _ in range(3)] for _ in range(rows)]
        check_rows(lambda x, s=seed: grown([*x, *parameters], s, 30), table, backend, 1e-10)


@pytest.mark.parametrize("lanes", [1, FEW, pytest.param(MANY + 200, marks=pytest.mark.slow)])
def test_operations_alone_and_in_wide_steps(backend, lanes):
    """Every operation; of the widest steps, which are cut in blocks, every third."""
    for op in [*OPS, *POWERS][:: 3 if lanes > MANY else 1]:
        rng = random.Random(lanes)
        domain = op.domain * 5 if op.arity is None else op.domain
        nodes = [op(*[Value(rng.uniform(*bounds)) for bounds in domain]) for _ in range(lanes)]
        check(ops.sum([v * rng.uniform(-1, 1) for v in nodes]), backend)


CORNERS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 800.0, -800.0, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("in_rows", [pytest.param(False, marks=pytest.mark.slow), True])
def test_corners(backend, in_rows):
    """Infinities and nan come out where Value has them, for values and for local derivatives."""
    for op in [*OPS, *POWERS]:
        count = op.arity or 2
        points = [[x] if count == 1 else [x, y] for x in CORNERS for y in CORNERS]
        points = points if count == 2 else [[x] for x in CORNERS]
        trace = trace_recording(record(lambda x, op=op: op(*x), [[1.0] * count]))
        executor = ScalarsExecutor(trace, "inputs", backend)
        batches = [points] if in_rows else [[point] for point in points]
        found = [executor.gradients(np.zeros(0), [np.array(b)])[2][0] for b in batches]
        values = [ScalarsExecutor(trace, "", backend).rows(np.zeros(0), [np.array(b)])[0]
                  for b in batches]  # fmt: skip
        for point, by, value in zip(points, np.concatenate(found), np.concatenate(values)):
            inputs = [Value(x) for x in point]
            y = op(*inputs)
            y.backward()
            assert same(value[0], y.data), (op, point, value)
            for v, derivative in zip(inputs, by):
                assert same(derivative, v.grad), (op, point, derivative, v.grad)


def same(found, expected):
    if math.isfinite(expected):
        return abs(found - expected) <= 1e-12 * max(abs(expected), 1e-100)
    return found == expected or (math.isnan(found) and math.isnan(expected))


def opcodes(table):
    return [Opcode(code).name for code in table[:, Field.OPCODE]]


def test_lanes_side_by_side_are_read_in_place(backend):
    ends = leaves(20)
    for j in range(6):
        ends = [(ops.mul, ops.add)[j % 2](v, Value(1 + (c + j) / 100)) for c, v in enumerate(ends)]
    table = check(ops.sum(ends), backend)
    assert "GATHER" not in opcodes(table)
    assert opcodes(table[:6]) == ["MUL", "ADD"] * 3
    assert table[:6, Field.N].tolist() == [20] * 6


def test_shared_leaves_are_read_in_place_or_gathered(backend):
    shared, one, ends = leaves(20), Value(0.9), leaves(20, 1)
    for leaf in (lambda c: shared[c], lambda c: one, lambda c: shared[c * 7 % 20]):
        ends = [v * leaf(c) for c, v in enumerate(ends)]
    table = check(ops.sum(ends), backend)
    assert {"GATHER", "SCATTER_ADD", "SUM_INNER"} <= set(opcodes(table))


def test_a_long_chain_in_a_few_instructions_for_each_node(backend):
    v, w, u = Value(0.3), Value(1.5), Value(0.1)
    for _ in range(3000):
        v = (v * w + u).tanh()
    table = check(v, backend)
    assert len(table) < 3 * 9000


def test_nodes_beside_the_output_do_not_touch_its_derivatives(backend):
    def function(x):
        # Infinite partials, which times 0 would be nan: of a guard, and of what is detached.
        if x[0].sqrt() if isinstance(x[0], Value) else math.sqrt(x[0]) > 1:
            return x[0]
        return -x[0]

    def detached(x):
        return constant_part(autograd.sqrt(x[0])) - x[0]

    for one in (function, detached):
        trace = trace_recording(record(one, [[0.0]]))
        for rows in ([[0.0]], [[0.0]] * 9):
            _, failures, by = ScalarsExecutor(trace, "inputs", backend).gradients(
                np.zeros(0), [np.array(rows)]
            )
            assert by[0].tolist() == [[-1.0]] * len(rows)
            assert not failures.any()


def test_a_leaf_is_an_output_too_and_counts_once_for_each_row(backend):
    w = Value(2.0)
    trace = trace_recording(record(lambda x: w, [[1.0]]))
    for rows in (1, 3, 50):
        executor = ScalarsExecutor(trace, "parameters", backend)
        total, _, gradient = executor.gradients(np.array([2.0]), [np.ones((rows, 1))])
        assert (total, gradient.tolist()) == (2.0 * rows, [rows])
    check(w, backend)


def test_a_batch_against_arithmetic(backend):
    w, b = Value(3.0), Value(1.0)
    trace = trace_recording(record(lambda x: x[0] * x[0] * w + b, [[0.0]]))
    theta = np.array([p.data for p in trace.parameters])
    rows = np.arange(1.0, 1001.0)[:, None]  # in several blocks, the last of which is smaller
    total, _, gradient = ScalarsExecutor(trace, "parameters", backend).gradients(theta, [rows])
    assert total == 3 * 333_833_500 + 1000
    assert gradient[trace.parameters.index(w)] == 333_833_500
    assert gradient[trace.parameters.index(b)] == 1000
    _, _, (by,) = ScalarsExecutor(trace, "inputs", backend).gradients(theta, [rows])
    assert by.tolist() == (6 * rows).tolist()
    values, _ = ScalarsExecutor(trace, "", backend).rows(theta, [np.zeros((0, 1))])
    assert values.shape == (0, 1)


def test_guards_fail_for_the_rows_that_take_another_path(backend):
    def function(x):
        return x[0].exp() if x[0] > 0 else x[0] * 2

    failures = check_rows(function, [[1.0], [-1.0], [2.0], [-3.0]], backend)
    assert failures.tolist() == [0, 1, 0, 1]


def test_float32(backend):
    w = Value(0.5)

    def function(x):
        for _ in range(20):
            x = [(x[0] * w + x[1]).tanh(), x[0] - x[1]]
        return x[0]

    trace = trace_recording(record(function, [[0.1, 0.2]]))
    rows = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    exact = ScalarsExecutor(trace, "parameters", backend).gradients(np.array([0.5]), [rows])
    executor = ScalarsExecutor(trace, "parameters", backend, np.float32)
    total, _, gradient = executor.gradients(np.array([0.5], "f4"), [rows.astype("f4")])
    assert gradient.dtype == np.float32
    assert total == pytest.approx(exact[0], rel=1e-4)
    assert gradient == pytest.approx(exact[2], rel=1e-3)


def test_what_only_python_computes_runs_all_the_same(backend):
    def bend(x):
        return x if x > 0 else x / 4

    own = Op("bend", bend, lambda y, x: (1.0 if x > 0 else 0.25,), registered=False)
    w = Value(-1.5)
    rows = [[0.5], [-0.5], [2.0]]
    check_rows(lambda x: own(own(x[0]) * w) + own(w), rows, backend)
    check(ops.sum([own(v) * v for v in leaves(30)]), backend)


@pytest.mark.slow
def test_many_nodes_are_lowered_in_seconds(backend):
    v, w = Value(0.3), Value(0.999)
    for _ in range({"machine": 100_000, "numpy": 20_000}[backend]):
        v = v * w + 0.001
    check(v, backend, 1e-9)
