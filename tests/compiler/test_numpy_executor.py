"""NumPy source: its text executed alone gives what the reference interpreter and plain backward
passes give, and reads as a person would write it."""

import math
import random
import re
import traceback

import numpy as np
import pytest

import autograd
from autograd import Value, compile, dot, grad, logsumexp, sigmoid
from autograd.compiler.naming import argument_names, in_order, name_leaves, names_around
from autograd.compiler.numpy.executor import evaluate, load, write
from autograd.compiler.numpy.source import NumpySource
from autograd.compiler.recording.record import record
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.expand import expand
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording, trace_value
from autograd.ops import Op
from nn import MLP, half_squared_error
from tests.reference import check, run

ROWS = 3


def values(*shape):
    if len(shape) == 1:
        return [Value(random.Random(i + 7 * shape[0]).gauss(0, 0.7)) for i in range(shape[0])]
    return [values(*shape[1:]) for _ in range(shape[0])]


# --- from a function to its source, alone ---


def named(program, function=None, widths=()):
    names = names_around(function) if function else {}
    name_leaves(program, argument_names(function, len(widths)) if function else [], names)
    return program


def recorded(function, *widths, wrt_inputs=False):
    """The differentiated program of a function, its data, and the parameters' numbers."""
    X = [np.random.default_rng(i).normal(size=(ROWS, n)) for i, n in enumerate(widths)]
    recording = record(function, [x[0].tolist() for x in X])
    recording.parameters = in_order(recording.parameters, names_around(function))
    program = named(layout(contract(pack(trace_recording(recording)))), function, widths)
    program = expand(differentiate(program, arguments=wrt_inputs))
    return check(program), X, np.array([p.data for p in program.parameters])


def run_alone(program, arguments, theta):
    """What the text returns where there is nothing but NumPy."""
    namespace = {}
    exec(write(program), namespace)
    names = ("rows_and_gradients", "value_and_grad", "forward")
    function = next(namespace[name] for name in names if name in namespace)
    blocks = [theta[block.lanes].reshape(block.array.shape) for block in program.blocks]
    returned = function(*arguments, *blocks)
    return returned if isinstance(returned, tuple) else (returned,)


def taken(program, computed, v):
    """A view of what the interpreter computed, (rows, lanes)."""
    found = computed[v.array]
    rows = len(found) if v.array.batched else 1
    return found.reshape(rows, -1)[:, v.lanes().reshape(-1)]


def assert_like_the_interpreter(program, arguments, theta):
    value, *gradients = run_alone(program, arguments, theta)
    computed = run(program, arguments, theta)
    wanted = taken(program, computed, program.outputs)
    assert np.reshape(value, wanted.shape) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    if program.failures is not None:
        fails = taken(program, computed, program.failures)[:, 0]
        assert np.array_equal(np.broadcast_to(gradients.pop(0), fails.shape), fails)
    assert len(gradients) == len(program.gradients)
    for (array, v), found in zip(program.gradients.items(), gradients):
        rows = len(arguments[0]) if array.batched else 1
        wanted = np.zeros((1, array.size)) if v is None else taken(program, computed, v)
        wanted = np.broadcast_to(wanted, (rows, array.size))
        found = np.broadcast_to(found, (rows,) * array.batched + array.shape)
        assert found.reshape(wanted.shape) == pytest.approx(wanted, rel=1e-11, abs=1e-11)


def assert_like_backward(function, program, X, theta):
    """The text's values and gradients against those of the graph."""
    value, *gradients = run_alone(program, X, theta)
    if program.failures is not None:
        assert not np.any(gradients.pop(0))
    for p in program.parameters:
        p.grad = 0.0
    inputs = [[[Value(v) for v in row] for row in x] for x in X]
    results = [function(*rows) for rows in zip(*inputs)]
    results = [r if isinstance(r, list) else [r] for r in results]
    autograd.sum([v for r in results for v in r]).backward()
    wanted = [[v.data for v in r] for r in results]
    assert np.reshape(value, (ROWS, -1)) == pytest.approx(np.array(wanted), rel=1e-11)
    for block, found in zip(program.blocks, gradients):
        wanted = [program.parameters[lane].grad for lane in block.lanes]
        assert np.reshape(found, -1) == pytest.approx(np.array(wanted), rel=1e-10, abs=1e-11)
    for x, found in zip(inputs, gradients[len(program.blocks) :]):
        wanted = np.array([[v.grad for v in row] for row in x])
        assert np.broadcast_to(found, wanted.shape) == pytest.approx(wanted, rel=1e-10, abs=1e-11)


# --- programs ---

Wx, Wh, c = values(4, 3), values(4, 4), values(4)
Q, K, V = values(2, 3), values(2, 3), values(2, 3)
kernels, second_kernels, biases = values(4, 3), values(2, 4, 3), values(4)
picture_kernel = values(3, 3)
square = values(3, 3)
letters = MLP(84, [64, 28], seed=1)
rectified = MLP(3, [4, 4, 1], activation="relu", seed=1)
classifier = MLP(5, [4, 3], output_activation=None, seed=1)


def letter_error(x, t):
    return half_squared_error(letters(x), t)


def convolution(x):
    maps = [[dot(k, x[at : at + 3], b).tanh() for at in range(8)] for k, b in zip(kernels, biases)]
    return sum(v * v for row in maps for v in row)


def two_convolutions(x):
    maps = [[dot(k, x[at : at + 3]).tanh() for at in range(8)] for k in kernels]
    maps = [
        [sum(dot(k, m[at : at + 3]) for k, m in zip(group, maps)).tanh() for at in range(6)]
        for group in second_kernels
    ]
    return sum(v for row in maps for v in row)


def picture(x):
    at = range(3)
    return sum(
        sum(picture_kernel[a][b] * x[(i + a) * 5 + j + b] for a in at for b in at).tanh()
        for i in at
        for j in at
    )


def recurrent(x):
    h = [Value(0.1)] * 4
    for t in range(3):
        now = x[t * 3 : (t + 1) * 3]
        h = [(dot(w, now) + dot(u, h) + b).tanh() for w, u, b in zip(Wx, Wh, c)]
    return sum(h)


def attention(x):
    rows = [x[t * 3 : (t + 1) * 3] for t in range(4)]
    q, k, v = ([[dot(w, row) for w in W] for row in rows] for W in (Q, K, V))
    total = 0.0
    for t in range(4):
        scores = [dot(q[t], other) / 2**0.5 for other in k]
        norm = logsumexp(scores)
        weights = [(s - norm).exp() for s in scores]
        total = total + sum(dot(weights, [row[i] for row in v]).tanh() for i in range(2))
    return total


def attention_by_exponentials(x):
    rows = [x[t * 3 : (t + 1) * 3] for t in range(4)]
    q, k, v = ([[dot(w, row) for w in W] for row in rows] for W in (Q, K, V))
    total = 0.0
    for t in range(4):
        weights = [dot(q[t], other).exp() for other in k]
        norm = sum(weights)
        for i in range(2):
            total = total + dot([w / norm for w in weights], [row[i] for row in v]).tanh()
    return total


def residual_of_shared_weights(x):
    for _ in range(2):
        x = [a + dot(w, x).tanh() for a, w in zip(x, square)]
    return sum(x) - x[0] * x[-1]


def formula(x):
    return (x[0] * x[1] + x[1] ** 3 - x[0]) ** 2 / 2


def cross_entropy(x):
    scores = classifier(x)
    return logsumexp(scores) - dot([0.2, 0.3, 0.5], scores)


def guarded(x):
    y = rectified(x)
    return y * 2 if y > -100 else -y


def second_derivative(x):
    y = sum(dot(w, x).tanh() for w in square)
    return sum(d * d for d in grad(y, list(x), create_graph=True)) + y


def several(x):
    return [dot(w, x) for w in square]


FUNCTIONS = {
    letter_error: (84, 28),
    convolution: (10,),
    two_convolutions: (10,),
    picture: (25,),
    recurrent: (9,),
    attention: (12,),
    attention_by_exponentials: (12,),
    residual_of_shared_weights: (3,),
    formula: (2,),
    cross_entropy: (5,),
    guarded: (3,),
    second_derivative: (3,),
    several: (3,),
}
WITH_PARAMETERS = pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if f is not formula], ids=lambda f: f.__name__
)


def named_after(f):
    return getattr(f, "__name__", str(f))


EACH = pytest.mark.parametrize("function", FUNCTIONS, ids=named_after)


def moons(points):
    stream = random.Random(1)
    model = MLP(2, [16, 16, 1], output_activation=None, seed=1)
    losses = []
    for k in range(points):
        score = model([stream.gauss(0, 1), stream.gauss(0, 1)])
        losses.append((1 + -(1 if k % 2 else -1) * score).relu())
    return sum(losses) * (1 / points) + 1e-4 * sum(p * p for p in model.parameters())


@EACH
def test_the_text_alone_gives_what_the_interpreter_gives(function):
    for wrt_inputs in (False, True):
        program, X, theta = recorded(function, *FUNCTIONS[function], wrt_inputs=wrt_inputs)
        assert_like_the_interpreter(program, X, theta)


@EACH
def test_the_text_alone_gives_what_plain_backward_passes_give(function):
    program, X, theta = recorded(function, *FUNCTIONS[function], wrt_inputs=True)
    assert_like_backward(function, program, X, theta)


@EACH
def test_lines_are_not_too_long(function):
    program, _, _ = recorded(function, *FUNCTIONS[function], wrt_inputs=True)
    assert max(map(len, write(program).splitlines())) <= 100


@EACH
def test_nothing_that_is_given_is_changed(function):
    program, X, theta = recorded(function, *FUNCTIONS[function], wrt_inputs=True)
    kept = [x.copy() for x in X], theta.copy()
    first = run_alone(program, X, theta)
    again = run_alone(program, X, theta)
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert all(map(np.array_equal, X, kept[0]))
    assert np.array_equal(theta, kept[1])


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f is not several], ids=named_after)
@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_the_last_lines_return_what_value_and_grad_returns(function, wrt):
    by_inputs = wrt == "inputs"
    if function is formula and not by_inputs:
        return  # it has no parameters
    program, X, theta = recorded(function, *FUNCTIONS[function], wrt_inputs=by_inputs)
    namespace = {}
    exec(write(program), namespace)
    blocks = [theta[block.lanes].reshape(block.array.shape) for block in program.blocks]
    value, gradients = namespace["value_and_grad"](*X, *blocks)
    compiled = compile(function, backend="numpy")
    wanted, gradient = compiled.value_and_grad(*X, wrt=wrt)
    assert value == pytest.approx(wanted, rel=1e-12)
    place = {p: i for i, p in enumerate(compiled.parameters)}
    for block, found in zip(program.blocks, gradients):
        if by_inputs:
            break
        lanes = [place[program.parameters[lane]] for lane in block.lanes]
        assert np.reshape(found, -1) == pytest.approx(gradient[lanes], rel=1e-12, abs=1e-13)
    for found, one in zip(gradients[len(program.blocks) :], gradient if X[1:] else [gradient]):
        assert np.broadcast_to(found, one.shape) == pytest.approx(one, rel=1e-12, abs=1e-13)


def test_the_last_lines_refuse_a_row_that_takes_another_branch():
    w = values(3)
    program, X, theta = recorded(lambda x: dot(w, x) if x[0] > 0 else -x[1], 3)
    namespace = {}
    exec(write(program), namespace)
    weights = [theta[block.lanes] for block in program.blocks]
    namespace["value_and_grad"](X[0], *weights)
    with pytest.raises(AssertionError, match="another branch"):
        namespace["value_and_grad"](X[0] * [[1.0], [-1.0], [1.0]], *weights)


def test_an_argument_may_be_called_as_the_last_lines_call_their_own():
    def function(values, gradients):
        return values[0] * gradients[1]

    program, X, _ = recorded(function, 2, 2, wrt_inputs=True)
    namespace = {}
    exec(write(program), namespace)
    value, (by_values, _) = namespace["value_and_grad"](*X)
    assert value == pytest.approx(np.mean(X[0][:, 0] * X[1][:, 1]))
    assert by_values[:, 0] == pytest.approx(X[1][:, 1] / ROWS)


def test_a_loss_written_as_a_loop_over_samples():
    loss = moons(12)
    program = differentiate(named(layout(contract(pack(trace_value(loss))))))
    theta = np.array([p.data for p in program.parameters])
    assert_like_the_interpreter(program, [], theta)
    value, *gradients = run_alone(program, [], theta)
    assert value == pytest.approx(loss.data, rel=1e-12)
    loss.backward()
    for block, found in zip(program.blocks, gradients):
        wanted = [program.parameters[lane].grad for lane in block.lanes]
        assert np.reshape(found, -1) == pytest.approx(np.array(wanted), rel=1e-10, abs=1e-13)


def test_a_row_that_leaves_its_guards_is_counted():
    w = values(3)

    def function(x):
        y = dot(w, x)
        return y * 2 if y > 0 else -y

    program, X, theta = recorded(function, 3)
    _, failures, *_ = run_alone(program, X, theta)
    first, *others = (X[0] @ theta[program.blocks[0].lanes] > 0).tolist()
    assert failures.tolist() == [0.0, *(float(other != first) for other in others)]


# --- the printed text ---

TWO_LAYERS = '''\
import numpy as np


def sum_in_order(x, axis, start=0.0):
    # From the first term to the last; np.sum adds them in parts.
    axes = (axis,) if isinstance(axis, int) else axis
    x = np.moveaxis(x, axes, range(len(axes)))
    n = np.prod(x.shape[: len(axes)])
    terms = np.ascontiguousarray(x).reshape(n, *x.shape[len(axes) :])
    if terms[0].size == 1:
        return np.cumsum(terms, axis=0)[-1] + start
    return np.add.reduce(terms, axis=0, initial=start)


def tanh_and_slope(x):
    u = np.expm1(2 * np.abs(x))
    r = 2 / (u + 2)
    u = np.minimum(u, 1e300)
    return np.copysign(u / (u + 2), x), r * (2 - r)


def rows_and_gradients(x, t, W1, b1, W2, b2):
    """The value of each of B rows, and the gradients of the values' sum."""
    # inputs, in B rows:
    # x: (B, 84)
    # t: (B, 28)
    # parameters; the gradients are by these, in this order:
    # W1: (64, 84)
    # b1: (64,)
    # W2: (28, 64)
    # b2: (28,)
    a1, s1 = tanh_and_slope(x @ W1.T + b1)                  # (B, 64)
    a2, s2 = tanh_and_slope(a1 @ W2.T + b2)                 # (B, 28)
    e1 = a2 - t                                             # (B, 28)
    value = 0.5 * sum_in_order(e1**2, axis=1)               # (B,)

    # backward
    d2 = e1 * s2                                            # (B, 28)
    grad_b2 = d2.sum(axis=0)                                # (28,)
    grad_W2 = d2.T @ a1                                     # (28, 64)
    d1 = (d2 @ W2) * s1                                     # (B, 64)
    grad_b1 = d1.sum(axis=0)                                # (64,)
    grad_W1 = d1.T @ x                                      # (64, 84)
    return value, grad_W1, grad_b1, grad_W2, grad_b2


def value_and_grad(x, t, W1, b1, W2, b2):
    """The mean of the values, and its gradients."""
    values, *gradients = rows_and_gradients(x, t, W1, b1, W2, b2)
    return np.mean(values), [g / len(x) for g in gradients]
'''


def test_two_layers_read_like_a_textbook():
    program, _, _ = recorded(letter_error, 84, 28)
    assert write(program) == TWO_LAYERS


@pytest.mark.parametrize("widths", [[3, 2], [2, 3, 4], [4, 3, 1], [2, 2, 2, 2, 2], [3, 1]], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_l_layers_are_3l_minus_1_products_in_the_text(widths, activation):
    model = MLP(widths[0], widths[1:], activation=activation, output_activation=None, seed=1)

    def error(x, t):
        return half_squared_error(model(x), t)

    program, _, _ = recorded(error, widths[0], widths[-1])
    text = write(program)
    outer = len(re.findall(r"\[:, None\] \*", text))
    assert text.count(" @ ") + outer == 3 * (len(widths) - 1) - 1
    assert "einsum" not in text


def test_each_step_in_time_has_a_number():
    program, _, _ = recorded(recurrent, 9)
    text = write(program)
    for line in (
        "a2, s2 = tanh_and_slope(z1[:, 1] + a1 @ Wh.T + c)",
        "a3, s3 = tanh_and_slope(z1[:, 2] + a2 @ Wh.T + c)",
        "d2 = (s3 @ Wh) * s2",
        "d_z1 = np.stack([d1, d2, s3], axis=1)",
    ):
        assert line in text


def test_a_parameter_used_only_in_a_comprehension_keeps_its_name():
    program, _, _ = recorded(picture, 25)
    assert "def rows_and_gradients(x, picture_kernel):" in write(program)


def test_windows_are_sums_of_ranges():
    program, _, _ = recorded(convolution, 10)
    assert "index1 = np.add.outer(np.arange(8), np.arange(3))\n" in write(program)


# --- operations that the text does not spell out ---


def test_a_custom_operation_in_arithmetic_needs_no_python():
    swish = Op(
        "swish",
        lambda x: x * sigmoid(x),
        lambda y, x: (y + sigmoid(x) * (1 - y),),
        registered=False,
    )
    w = values(3)

    def function(x):
        return sum(swish(a * b) for a, b in zip(w, x))

    program, X, theta = recorded(function, 3)
    assert_like_backward(function, program, X, theta)
    assert "python" not in write(program)


def test_operations_that_only_python_computes_are_named_in_a_note():
    # Two operations of one name are two functions.
    rows = [
        Op("bend", f, lambda y, x: (1 / (1 + x * x),), registered=False)
        for f in (math.atan, math.asinh)
    ]
    w = values(3)

    def function(x):
        return sum(op(a * b) for op in rows for a, b in zip(w, x))

    program, X, theta = recorded(function, 3)
    text = write(program)
    assert "# bend_in_python is the operation 'bend'" in text
    with pytest.raises(NameError, match="bend_in_python"):
        run_alone(program, X, theta)
    found, _, _ = evaluate(program)(X, theta)
    wanted = [function(row.tolist()).data for row in X[0]]
    assert found[:, 0] == pytest.approx(wanted, rel=1e-13)


# --- kinds of numbers ---


@WITH_PARAMETERS
def test_single_precision_stays_single(function):
    program, X, theta = recorded(function, *FUNCTIONS[function])
    doubles = evaluate(program)(X, theta)
    singles = evaluate(program)([x.astype(np.float32) for x in X], theta.astype(np.float32))
    assert singles[0].dtype == singles[2].dtype == np.float32
    scale = max(1.0, np.abs(doubles[2]).max(initial=0.0))
    assert singles[0] == pytest.approx(doubles[0], rel=1e-4, abs=1e-4)
    assert singles[2] == pytest.approx(doubles[2], rel=0, abs=1e-4 * scale)
    namespace = {}
    exec(write(program, np.float32), namespace)
    blocks = [theta[b.lanes].reshape(b.array.shape).astype(np.float32) for b in program.blocks]
    given = *(x.astype(np.float32) for x in X), *blocks
    value, *rest = namespace["rows_and_gradients"](*given)
    gradients = rest[program.failures is not None :]
    assert {np.asarray(a).dtype for a in (value, *gradients)} == {np.dtype(np.float32)}
    if program.single:
        mean, gradients = namespace["value_and_grad"](*given)
        assert {np.asarray(a).dtype for a in (mean, *gradients)} == {np.dtype(np.float32)}


@WITH_PARAMETERS
def test_no_rows_give_no_results(function):
    program, X, theta = recorded(function, *FUNCTIONS[function])
    values, _, gradient = evaluate(program)([x[:0] for x in X], theta)
    assert len(values) == 0
    assert not gradient.any()


# --- loading ---


def test_a_traceback_shows_the_line_of_the_source():
    function = load(NumpySource(TWO_LAYERS, {}, []))
    with pytest.raises(ValueError, match="matmul") as raised:
        function(*(np.zeros((2, 2)) for _ in range(2)), *(np.zeros((3, 3)) for _ in range(4)))
    shown = "".join(traceback.format_exception(raised.value))
    assert "a1, s1 = tanh_and_slope(x @ W1.T + b1)" in shown


def test_the_source_of_a_compiled_function_is_this_source():
    program = compile(letter_error, backend="numpy")
    program(np.zeros((1, 84)), np.zeros((1, 28)))
    assert program.source == TWO_LAYERS
