"""Native code gives what the reference interpreter and plain loops give."""

import math

import numpy as np
import pytest

import autograd
from autograd import Op, Value
from nn import MLP, SGD, Adam, cross_entropy, half_squared_error

pytest.importorskip("numba")

from autograd.compiler.executor import Stretch
from autograd.compiler.native.executor import NativeExecutor, zeros
from autograd.compiler.native.source import NotNative
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.record import record
from autograd.compiler.stages.trace import trace_recording
from autograd.compiler.update import Update
from nn.compiled_training import update_of
from tests.counts import some
from tests.reference import run

SMALL = MLP(3, [5, 2], seed=1)
NARROW = MLP(2, [6, 1], seed=2)
WIDE = MLP(20, [40, 3], seed=3)


def program(function, widths, arguments=False, seed=0):
    rng = np.random.default_rng(seed)
    recording = record(function, [list(rng.uniform(0.1, 0.9, n)) for n in widths])
    plain = layout(contract(pack(trace_recording(recording)), True))
    return differentiate(plain, arguments=arguments)


def data(rows, widths, seed=1, zeros_among=0.0):
    rng = np.random.default_rng(seed)
    tables = [rng.uniform(0.1, 0.9, (rows, n)) for n in widths]
    return [np.where(rng.random(x.shape) < zeros_among, 0.0, x) for x in tables]


def convolution(x):
    kernel = [Value(0.3), Value(-0.2), Value(0.7)]
    return autograd.sum(
        [autograd.sum(k * x[i + j] for j, k in enumerate(kernel)).tanh() for i in range(len(x) - 2)]
    )


def recurrent(x):
    w, u, h = Value(0.5), Value(0.8), Value(0.1)
    for number in x:
        h = (w * number + u * h).tanh()
    return h * h


def attention(q, k, v):
    queries = [[q[2 * i], q[2 * i + 1]] for i in range(3)]
    keys = [[k[2 * i], k[2 * i + 1]] for i in range(3)]
    total = 0.0
    for query in queries:
        scores = [autograd.sum(a * b for a, b in zip(query, key)).exp() for key in keys]
        total = total + autograd.sum(s * x for s, x in zip(scores, v)) / autograd.sum(scores)
    return total


def summed_alone(x):
    return autograd.dot([A.tanh(), B.tanh()], [A, A]) + x[0]


def collected(x):
    s = (A - x[1]).sigmoid()
    products = [x[1] * s, A * x[1] * x[1] + x[1] * s]
    return (A * s + autograd.dot(products, products)) ** 2


def guarded(x):
    return x[0] * x[1] if x[0] < 0.5 else x[0] + x[1]


A, B = Value(0.5), Value(0.7)
W = [[Value(0.1 * (i - j)) for i in range(4)] for j in range(3)]

PROGRAMS = {
    "letters": (lambda x, t: half_squared_error(WIDE(x), t), [20, 3], False),
    "narrow": (lambda x, t: half_squared_error(NARROW(x), t), [2, 1], False),
    "by inputs": (lambda x, t: half_squared_error(SMALL(x), t), [3, 2], True),
    "several results": (lambda x: SMALL(x), [3], False),
    "cross entropy": (lambda x: cross_entropy(SMALL(x), 1), [3], False),
    "convolution": (convolution, [9], True),
    "recurrent": (recurrent, [5], True),
    "attention": (attention, [6, 6, 3], True),
    "a sum from a number": (summed_alone, [1], True),
    "a collection": (collected, [2], False),
    "guards": (guarded, [2], True),
    "formula": (lambda a, b: (a[0] + b[0] - a[0] * b[0] - b[0] ** 3) ** 2 / 2, [1, 1], True),
    "softmax rows": (
        lambda x: autograd.logsumexp([autograd.sum(w * a for w, a in zip(r, x)) for r in W]),
        [4],
        True,
    ),
}


@pytest.mark.parametrize("name", some(PROGRAMS, "formula", "guards"))
@pytest.mark.parametrize("zeros_among", some([0.0, 0.9], 0.9))
def test_it_agrees_with_the_reference_interpreter(name, zeros_among):
    function, widths, by_inputs = PROGRAMS[name]
    made = program(function, widths)
    native = NativeExecutor(made)
    made_by_inputs = program(function, widths, True) if by_inputs else made
    native_by_inputs = NativeExecutor(made_by_inputs)
    theta = np.array([p.data for p in made.parameters])
    for rows in 1, 7, 150:
        arguments = data(rows, widths, zeros_among=zeros_among)
        reference = run(made, arguments, theta)

        def of(v, rows=rows, reference=reference):
            numbers = reference[v.array].reshape(rows if v.array.batched else 1, -1)
            return np.broadcast_to(numbers[:, v.lanes().reshape(-1)], (rows, v.size))

        total, failures, gradient = native.gradients(theta, arguments)
        assert total == pytest.approx(of(made.outputs).sum(), rel=1e-11)
        values, failing = native.rows(theta, arguments)
        assert values == pytest.approx(of(made.outputs), rel=1e-11)
        expected = of(made.failures)[:, 0] if made.failures else np.zeros(0)
        assert failures.tolist() == failing.tolist() == expected.tolist()
        for block in made.blocks:
            view = made.gradients.get(block.array)
            by_reference = np.zeros(block.array.size) if view is None else of(view)[0]
            assert gradient[block.lanes] == pytest.approx(by_reference, rel=1e-9, abs=1e-11)
        if not by_inputs:
            continue
        reference = run(made_by_inputs, arguments, theta)
        total, failures, of_inputs = native_by_inputs.gradients(theta, arguments)
        assert total == pytest.approx(of(made_by_inputs.outputs, reference=reference).sum())
        assert failures.tolist() == expected.tolist()
        for array, found in zip(made_by_inputs.arguments, of_inputs):
            view = made_by_inputs.gradients.get(array)
            numbers = np.zeros(found.shape) if view is None else of(view, reference=reference)
            assert found == pytest.approx(numbers, rel=1e-9, abs=1e-11)


@pytest.mark.slow
def test_a_loss_over_a_data_set_with_the_samples_as_an_axis():
    from autograd.compiler.stages.trace import trace_value

    inputs, targets = data(40, [2, 1])
    pairs = list(zip(inputs.tolist(), targets.tolist()))
    loss = autograd.sum([half_squared_error(NARROW(x), t) for x, t in pairs]) / len(pairs)
    made = differentiate(layout(contract(pack(trace_value(loss)), True)))
    theta = np.array([p.data for p in made.parameters])
    total, _, gradient = NativeExecutor(made).gradients(theta, [])
    NARROW.zero_grad()
    loss.backward()
    assert total == pytest.approx(loss.data, rel=1e-12)
    expected = np.array([p.grad for p in made.parameters])
    assert gradient == pytest.approx(expected, rel=1e-10, abs=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("by_inputs", [False, True])
def test_single_precision(by_inputs):
    made = program(lambda x, t: half_squared_error(SMALL(x), t), [3, 2], by_inputs)
    theta = np.array([p.data for p in made.parameters])
    arguments = data(9, [3, 2])
    total, _, gradient = NativeExecutor(made, np.float32).gradients(theta, arguments)
    exact, _, exact_gradient = NativeExecutor(made).gradients(theta, arguments)
    assert total == pytest.approx(exact, rel=1e-6)
    pairs = zip(gradient, exact_gradient) if by_inputs else [(gradient, exact_gradient)]
    for found, expected in pairs:
        assert found.dtype == np.float32
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_an_operation_that_computes_with_math_has_no_native_form():
    row = Op("with_math", lambda x: math.erf(x), lambda y, x: (1.0,), registered=False)
    with pytest.raises(NotNative, match="with_math"):
        NativeExecutor(program(lambda x: row(x[0]), [1]))


def test_memory_is_aligned():
    for n in 1, 7, 1000:
        assert zeros(n, np.float64).ctypes.data % 64 == zeros(n, np.float32).ctypes.data % 64 == 0


# --- training ---


OPTIMISERS = {
    "descent": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "decay": lambda p: SGD(p, lr=0.1, weight_decay=0.01),
    "adam": lambda p: Adam(p, lr=0.01),
    "adam with decay": lambda p: Adam(p, lr=0.01, weight_decay=0.01),
}


@pytest.mark.parametrize("kind", OPTIMISERS)
@pytest.mark.parametrize(("batch", "frozen"), [(1, []), (4, [0, 3]), (100, [])])
@pytest.mark.parametrize("name", ["narrow", "letters"])
@pytest.mark.slow
def test_its_training_is_the_update_of_the_optimiser(name, kind, batch, frozen):
    function, widths, _ = PROGRAMS[name]
    made = program(function, widths)
    native = NativeExecutor(made)
    arguments = data(11, widths, zeros_among=0.5)
    # Two places beyond those of the program, which have no gradient.
    theta = np.append([p.data for p in made.parameters], [0.5, -0.5])
    order = np.concatenate([np.random.default_rng(e).permutation(11) for e in range(3)])
    optimizer = OPTIMISERS[kind](list(map(Value, theta)))
    update, kinds = update_of(optimizer), len(optimizer.memories)
    assert update.native

    def trained(update, theta):
        memories, losses = np.zeros((kinds, len(theta))), np.zeros(3)
        reached = 0
        for stop in 11, 33:
            stretch = Stretch(order, reached, stop, batch, 11)
            state = (update, theta, memories, np.array(frozen, np.int64), stretch)
            reached = native.train(*state, losses, arguments)
            assert reached == stop
        return theta, memories, losses

    # Without the name of native code's own loop, the rule itself runs on arrays.
    expected = trained(Update(update.rule), theta.copy())
    for found, wanted in zip(trained(update, theta.copy()), expected):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert expected[0][frozen].tolist() == theta[frozen].tolist()
    assert expected[0].tolist() != theta.tolist()


NO_MEMORIES, NONE_FROZEN = np.zeros((1, 1)), np.zeros(0, np.int64)


def descent(lr):
    return update_of(SGD([Value(0.0)], lr=lr))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.slow
def test_a_batch_that_cannot_be_done_changes_nothing(batch):
    w = Value(0.5)

    def loss(x):
        return x[0].sqrt() * w + (x[0] * w if x[1] < 0.5 else x[0])

    made = program(lambda x: loss([x[0], x[1] * 0.1]), [2])
    native = NativeExecutor(made)
    for bad in ([0.5, 9.0], [-1.0, 0.2], [math.inf, 0.2], [math.nan, 0.2]):
        (table,) = data(9, [2])
        table[7] = bad
        theta = np.array([0.5])
        theta_before = theta.copy()
        losses = np.zeros(1)
        place = 7 // batch * batch

        def go(stop, theta=theta, losses=losses, table=table, start=0):
            stretch = Stretch(np.arange(9), start, stop, batch, 9)
            state = (descent(0.1), theta, NO_MEMORIES, NONE_FROZEN, stretch)
            return native.train(*state, losses, [table])

        assert go(place) == place
        assert theta != theta_before
        done, sums = theta.copy(), losses.copy()
        assert go(9, start=place) == place
        assert (theta.tolist(), losses.tolist()) == (done.tolist(), sums.tolist())


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.slow
def test_a_gradient_that_is_not_finite_changes_nothing(batch):
    w = Value(0.0)
    made = program(lambda x: (w * x[0]).sqrt() + (w - 1) * (w - 1), [1])
    theta, losses = np.array([0.0]), np.zeros(1)
    stretch = Stretch(np.arange(4), 0, 4, batch, 4)
    state = (descent(0.1), theta, NO_MEMORIES, NONE_FROZEN, stretch)
    stopped = NativeExecutor(made).train(*state, losses, [np.ones((4, 1))])
    assert (stopped, theta[0], losses[0]) == (0, 0.0, 0.0)
