"""Native code gives what the reference interpreter and plain loops give."""

import math

import numpy as np
import pytest

import autograd
from autograd import Op, Value
from nn import MLP, cross_entropy, half_squared_error

pytest.importorskip("numba")

from autograd.compiler.native.executor import NativeProgram, zeros
from autograd.compiler.native.source import NotNative
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.record import record
from autograd.compiler.stages.trace import trace_recording
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


@pytest.mark.parametrize("name", some(PROGRAMS, "narrow", "guards"))
@pytest.mark.parametrize("zeros_among", some([0.0, 0.9], 0.9))
def test_it_agrees_with_the_reference_interpreter(name, zeros_among):
    function, widths, by_inputs = PROGRAMS[name]
    made = program(function, widths, by_inputs)
    native = NativeProgram(made)
    theta = np.array([p.data for p in made.parameters])
    for rows in 1, 7, 150:
        arguments = data(rows, widths, zeros_among=zeros_among)
        reference = run(made, arguments, theta)

        def of(v, rows=rows, reference=reference):
            numbers = reference[v.array].reshape(rows if v.array.batched else 1, -1)
            return np.broadcast_to(numbers[:, v.lanes().reshape(-1)], (rows, v.size))

        packed = theta[native.lanes]
        total, failures, gradient, of_inputs = native.gradients(packed, arguments)
        assert total == pytest.approx(of(made.outputs).sum(), rel=1e-11)
        values, failing = native.rows(packed, arguments)
        assert values == pytest.approx(of(made.outputs), rel=1e-11)
        expected = of(made.failures)[:, 0] if made.failures else np.zeros(0)
        assert failures.tolist() == failing.tolist() == expected.tolist()
        place = 0
        for block in made.blocks:
            view, size = made.gradients.get(block.array), block.array.size
            found = gradient[place : place + size]
            place += size
            by_reference = np.zeros(size) if view is None else of(view)[0]
            assert found == pytest.approx(by_reference, rel=1e-9, abs=1e-11)
        for array, found in zip(made.arguments if by_inputs else [], of_inputs):
            view = made.gradients.get(array)
            by_reference = np.zeros(found.shape) if view is None else of(view)
            assert found == pytest.approx(by_reference, rel=1e-9, abs=1e-11)


@pytest.mark.slow
def test_a_loss_over_a_data_set_with_the_samples_as_an_axis():
    from autograd.compiler.stages.trace import trace_value

    inputs, targets = data(40, [2, 1])
    pairs = list(zip(inputs.tolist(), targets.tolist()))
    loss = autograd.sum([half_squared_error(NARROW(x), t) for x, t in pairs]) / len(pairs)
    made = differentiate(layout(contract(pack(trace_value(loss)), True)))
    native = NativeProgram(made)
    theta = np.array([p.data for p in made.parameters])
    total, _, gradient, _ = native.gradients(theta[native.lanes], [])
    NARROW.zero_grad()
    loss.backward()
    assert total == pytest.approx(loss.data, rel=1e-12)
    expected = np.array([p.grad for p in made.parameters])[native.lanes]
    assert gradient == pytest.approx(expected, rel=1e-10, abs=1e-13)


@pytest.mark.slow
def test_single_precision():
    made = program(lambda x, t: half_squared_error(SMALL(x), t), [3, 2], True)
    native = NativeProgram(made, np.float32)
    theta = np.array([p.data for p in made.parameters])[native.lanes]
    arguments = data(9, [3, 2])
    total, _, gradient, of_inputs = native.gradients(theta, arguments)
    exact = NativeProgram(made).gradients(theta, arguments)
    assert total == pytest.approx(exact[0], rel=1e-6)
    assert {x.dtype for x in (gradient, *of_inputs)} == {np.dtype(np.float32)}
    for found, expected in zip((gradient, *of_inputs), (exact[2], *exact[3])):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_an_operation_that_computes_with_math_has_no_native_form():
    row = Op("with_math", lambda x: math.erf(x), lambda y, x: (1.0,), registered=False)
    with pytest.raises(NotNative, match="with_math"):
        NativeProgram(program(lambda x: row(x[0]), [1]))


def test_memory_is_aligned():
    for n in 1, 7, 1000:
        assert zeros(n, np.float64).ctypes.data % 64 == zeros(n, np.float32).ctypes.data % 64 == 0


# --- training ---


STEPS = {
    "descent": ([0.1, 0.0, 0.0], 0),
    "momentum": ([0.1, 0.9, 0.01], 1),
    "adam": ([0.01, 0.9, 0.999, 1e-8, 0.01], 3),
}


def plain_steps(kind, settings, theta, memories, frozen, order, batch, epoch, gradient_of):
    """The same in NumPy, batch by batch."""
    errors = np.zeros(-(-len(order) // epoch))
    position = 0
    before = theta.copy()
    while position < len(order):
        end = min(position + batch, (position // epoch + 1) * epoch)
        error, g = gradient_of(theta, order[position:end])
        g = g / (end - position)
        lr = settings[0]
        if kind == "descent":
            theta -= lr * g
        elif kind == "momentum":
            memories[0] = settings[1] * memories[0] + g + settings[2] * theta
            theta -= lr * memories[0]
        else:
            _, keep, keep_square, eps, decay = settings
            memories[0] += 1
            g = g + decay * theta
            memories[1] = keep * memories[1] + (1 - keep) * g
            memories[2] = keep_square * memories[2] + (1 - keep_square) * g * g
            mean = memories[1] / (1 - keep ** memories[0])
            rms = np.sqrt(memories[2] / (1 - keep_square ** memories[0]))
            theta -= lr * mean / (rms + eps)
        theta[frozen] = before[frozen]
        errors[position // epoch] += error
        position = end
    return errors


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize(("batch", "frozen"), [(1, []), (4, [0, 3]), (100, [])])
@pytest.mark.parametrize("name", ["narrow", "letters"])
@pytest.mark.slow
def test_training_is_what_a_plain_loop_does(name, kind, batch, frozen):
    function, widths, _ = PROGRAMS[name]
    made = program(function, widths)
    native = NativeProgram(made)
    arguments = data(11, widths, zeros_among=0.5)
    settings, kinds = STEPS[kind]
    # Two places beyond those of the program, which have no gradient.
    theta = np.append([p.data for p in made.parameters], [0.0, 0.0])[
        [*native.lanes.tolist(), -1, -2]
    ]
    theta[-2:] = 0.5, -0.5
    order = np.concatenate([np.random.default_rng(e).permutation(11) for e in range(3)])

    def gradient_of(theta, rows):
        parts = [np.ascontiguousarray(a[rows]) for a in arguments]
        total, _, gradient, _ = native.gradients(theta[:-2], parts)
        return total, np.append(gradient, [0.0, 0.0])

    expected, numbers = theta.copy(), np.zeros((kinds, len(theta)))
    frozen = np.array(frozen, np.int64)
    state = (expected, numbers, frozen, order, batch, 11)
    errors_expected = plain_steps(kind, settings, *state, gradient_of)
    memories, errors = np.zeros((kinds, len(theta))), np.zeros(3)
    reached = 0
    for stop in 11, 33:
        reached = native.train(
            kind, np.array(settings), theta, memories, frozen, order, reached, stop, batch, 11,
            errors, arguments,
        )  # fmt: skip
        assert reached == stop
    assert theta == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert memories == pytest.approx(numbers, rel=1e-9, abs=1e-12)
    assert errors == pytest.approx(errors_expected, rel=1e-10)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.slow
def test_a_batch_that_cannot_be_done_changes_nothing(batch):
    w = Value(0.5)

    def error(x):
        return x[0].sqrt() * w + (x[0] * w if x[1] < 0.5 else x[0])

    made = program(lambda x: error([x[0], x[1] * 0.1]), [2])
    native = NativeProgram(made)
    for bad in ([0.5, 9.0], [-1.0, 0.2], [math.inf, 0.2], [math.nan, 0.2]):
        (table,) = data(9, [2])
        table[7] = bad
        theta = np.array([0.5])
        theta_before = theta.copy()
        settings, errors = np.array([0.1, 0, 0]), np.zeros(1)
        place = 7 // batch * batch

        def go(stop, theta=theta, errors=errors, table=table, start=0, settings=settings):
            return native.train(
                "descent", settings, theta, np.zeros((0, 1)), np.zeros(0, np.int64), np.arange(9),
                start, stop, batch, 9, errors, [table],
            )  # fmt: skip

        assert go(place) == place
        assert theta != theta_before
        done, sums = theta.copy(), errors.copy()
        assert go(9, start=place) == place
        assert (theta.tolist(), errors.tolist()) == (done.tolist(), sums.tolist())


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.slow
def test_a_gradient_that_is_not_finite_changes_nothing(batch):
    w = Value(0.0)
    made = program(lambda x: (w * x[0]).sqrt() + (w - 1) * (w - 1), [1])
    native = NativeProgram(made)
    theta, errors = np.array([0.0]), np.zeros(1)
    stopped = native.train(
        "descent", np.array([0.1, 0, 0]), theta, np.zeros((0, 1)), np.zeros(0, np.int64),
        np.arange(4), 0, 4, batch, 4, errors, [np.ones((4, 1))],
    )  # fmt: skip
    assert (stopped, theta[0], errors[0]) == (0, 0.0, 0.0)
