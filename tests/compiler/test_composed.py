"""Random networks composed of random parts, written in random styles of plain Python: after every
stage of the compiler the program means what plain Values mean.

COMPILED_PROGRAMS=5000 in the environment asks for as many; the default takes seconds.
"""

import os
import random

import numpy as np
import pytest

import autograd
from autograd import Value, dot, grad
from autograd.compiler.recording.record import record
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording, trace_value
from autograd.value import as_value
from nn import cross_entropy
from tests.counts import count
from tests.reference import check, run

pytestmark = pytest.mark.unmeasured

PROGRAMS = int(os.environ.get("COMPILED_PROGRAMS", count(150, quick=15)))
ROWS = 2
SMOOTH = ("tanh", "sigmoid", "sin", "softplus")
ROUGH = ("relu", "abs")


class Writer:
    """Writes one random network. The same seed always writes the same network on the same
    parameters, as a recorded function must."""

    def __init__(self, seed, parameters):
        self.r = random.Random(seed)
        self.numbers = random.Random(seed + 1)
        self.parameters = parameters
        self.taken = 0

    def parameter(self):
        number = self.numbers.gauss(0, 0.6)
        if self.r.random() < self.constants:
            return self.r.choice([0.0, 1.0, -0.5, number])
        if self.taken == len(self.parameters):
            self.parameters.append(Value(number))
        self.taken += 1
        return self.parameters[self.taken - 1]

    def write(self, *arguments):
        r = self.r
        self.constants = r.choice([0.0, 0.0, 0.0, 0.2])
        self.style = r.choice(STYLES)
        self.activation = r.choice(SMOOTH if r.random() < 0.7 else ROUGH)
        x = [v for argument in arguments for v in argument]
        if r.random() < 0.15:
            x = x[: r.randint(1, len(x))]  # the others are not used
        for _ in range(r.randint(1, 4)):
            x = r.choice(LAYERS)(self, x)
            assert x
        return r.choice(ENDS)(self, x, arguments)

    # --- styles of adding up ---

    def matrix(self, rows, columns):
        return [[self.parameter() for _ in range(columns)] for _ in range(rows)]

    def weighted(self, weights, inputs, bias=None):
        return self.style(list(weights), list(inputs), bias)

    def activate(self, x):
        # Of numbers too, such as padding: a function does the same for numbers and for Values.
        return [autograd.ops.named(self.activation)(as_value(v)) for v in x]


def by_dot(weights, inputs, bias):
    return dot(weights, inputs, bias)


def by_sum(weights, inputs, bias):
    total = sum(w * x for w, x in zip(weights, inputs))
    return total if bias is None else total + bias


def by_row(weights, inputs, bias):
    products = [w * x for w, x in zip(weights, inputs)]
    return autograd.sum(products if bias is None else [*products, bias])


def by_loop(weights, inputs, bias):
    total = 0.0 if bias is None else bias
    for w, x in zip(weights, inputs):
        total = total + x * w
    return total


def with_signs(weights, inputs, bias):
    total = 0.0
    for i, (w, x) in enumerate(zip(weights, inputs)):
        total = total - w * x if i % 2 else total + w * x
    return total if bias is None else total - bias


def in_halves(weights, inputs, bias):
    products = [w * x for w, x in zip(weights, inputs)]
    half = len(products) // 2
    total = sum(products[:half]) + sum(products[half:])
    return total if bias is None else bias + total


STYLES = [by_dot, by_sum, by_row, by_loop, with_signs, in_halves]


# --- layers: a list of Values, or numbers, to another ---


def dense(w, x):
    bias = w.r.random() < 0.6
    rows = w.matrix(w.r.randint(1, 4), len(x))
    return w.activate([w.weighted(row, x, w.parameter() if bias else None) for row in rows])


def tied(w, x):
    rows = w.matrix(w.r.randint(1, 3), len(x))
    hidden = w.activate([w.weighted(row, x) for row in rows])
    return [w.weighted(column, hidden) for column in zip(*rows)]


def convolution(w, x):
    k = w.r.randint(1, min(3, len(x)))
    if w.r.random() < 0.5:
        x = [0.0] * (k - 1) + list(x) + [0.0] * (k - 1)
    stride, bias = w.r.choice([1, 1, 2]), w.r.random() < 0.5
    kernels = w.matrix(w.r.randint(1, 2), k)
    biases = [w.parameter() if bias else None for _ in kernels]
    return w.activate(
        [
            w.weighted(kernel, x[at : at + k], b)
            for kernel, b in zip(kernels, biases)
            for at in range(0, len(x) - k + 1, stride)
        ]
    )


def picture(w, x):
    side = int(len(x) ** 0.5)
    k = w.r.randint(1, min(2, side))
    rows = [list(x[i * side : (i + 1) * side]) for i in range(side)]
    if w.r.random() < 0.5:
        border = [0.0] * (side + 2)
        rows = [border, *([0.0, *row, 0.0] for row in rows), border]
    K = w.matrix(k, k)
    flat = [v for row in K for v in row]
    at = range(len(rows) - k + 1)
    return w.activate(
        [
            w.weighted(flat, [v for row in rows[i : i + k] for v in row[j : j + k]])
            for i in at
            for j in at
        ]
    )


def recurrent(w, x):
    n = w.r.randint(1, min(2, len(x)))
    steps, h = len(x) // n, w.r.randint(1, 3)
    joined, every = w.r.random() < 0.5, w.r.random() < 0.5
    Wx, Wh = w.matrix(h, n), w.matrix(h, h)
    b = [w.parameter() for _ in range(h)]
    state, states = [w.r.choice([0.0, Value(0.0), Value(0.3)])] * h, []
    for t in range(steps):
        now = list(x[t * n : (t + 1) * n])
        if joined:
            z = [w.weighted([*u, *v], [*now, *state], c) for u, v, c in zip(Wx, Wh, b)]
        else:
            z = [w.weighted(u, now) + w.weighted(v, state, c) for u, v, c in zip(Wx, Wh, b)]
        state = w.activate(z)
        states += state
    return states if every else state


def attention(w, x):
    n = w.r.randint(1, min(2, len(x)))
    rows = [list(x[t : t + n]) for t in range(0, len(x) - n + 1, n)][:3]
    d = w.r.randint(1, 2)
    Q, K, V = (w.matrix(d, n) for _ in range(3))
    q, k, v = ([[w.weighted(row, at) for row in W] for at in rows] for W in (Q, K, V))
    mixed = []
    for at in range(len(rows)):
        scores = [autograd.exp(w.weighted(q[at], other)) for other in k]
        norm = sum(scores)
        weights = [s / norm for s in scores]
        mixed += [w.weighted(weights, [row[i] for row in v]) for i in range(d)]
    return mixed


def residual(w, x):
    rows = w.matrix(len(x), len(x))
    sign = w.r.choice([1.0, -1.0])
    return [v + sign * u for v, u in zip(x, w.activate([w.weighted(row, x) for row in rows]))]


def normalise(w, x):
    mean = sum(x) / len(x)
    centred = [v - mean for v in x]
    variance = sum(v * v for v in centred) / len(x)
    return [v / (variance + 0.5) ** 0.5 for v in centred]


def softmax(w, x):
    powers = [autograd.exp(v) for v in x]
    return [p / (autograd.sum(powers) + 0.1) for p in powers]


def gate(w, x):
    gates = [autograd.sigmoid(w.parameter() * v + 0.1) for v in x]
    return [g * v for g, v in zip(gates, reversed(x))]


def shuffled(w, x):
    return [x[w.r.randrange(len(x))] for _ in range(w.r.randint(1, 6))]


def scaled(w, x):
    return [w.r.choice([lambda v: v * 2, lambda v: -v, lambda v: 1 - v])(v) for v in x]


def evenly_scaled(w, x):
    by = w.r.choice([w.parameter(), 0.5])
    return [v * by - 0.1 for v in x]


def wild(w, x):
    pool = [*x, w.parameter()]
    for _ in range(w.r.randint(1, 6)):
        a, b = w.r.choices(pool, k=2)
        act = autograd.ops.named(w.r.choice(SMOOTH))
        pool.append(
            w.r.choice(
                [
                    lambda: a * b,
                    lambda: a - b,
                    lambda: a / (1.5 + b * b),
                    lambda: act(a * 1.0),
                    lambda: autograd.maximum(a, b),
                    lambda: (a * a + 0.5) ** w.r.choice([2, -1, 0.5, 3]),
                    lambda: autograd.sum([a, b, a]),
                    lambda: a + a + b,
                    lambda: (1.5 + a * a) ** (b * 0.3),
                ]
            )()
        )
    return pool[-w.r.randint(1, 4) :]


LAYERS = [
    dense, dense, tied, convolution, picture, recurrent, attention, residual, normalise, softmax,
    gate, shuffled, scaled, evenly_scaled, wild,
]  # fmt: skip


# --- ends ---


def some_value(v):
    return v if isinstance(v, Value) else Value(v)


def squares(w, x, arguments):
    return 0.5 * autograd.sum([(v - 0.1) ** 2 for v in x])


def penalised(w, x, arguments):
    return squares(w, x, arguments) + 0.01 * sum(p * p for p in w.parameters)


def classes(w, x, arguments):
    x = [some_value(v) for v in x] * (2 if len(x) == 1 else 1)
    target = w.r.randrange(len(x))
    if w.r.random() < 0.5:
        return cross_entropy(x, target)
    return cross_entropy(x, [0.25 if i == target else 0.75 / (len(x) - 1) for i in range(len(x))])


def several(w, x, arguments):
    leaves = [v for argument in arguments for v in argument] + w.parameters
    more = [w.r.choice([*x, *leaves, Value(2.0)]) for _ in range(w.r.randint(1, 3))]
    return [some_value(v) for v in [*x, *more]]


def product(w, x, arguments):
    total = some_value(x[0])
    for v in x[1:4]:
        total = total * v
    return total


def weighted_end(w, x, arguments):
    return some_value(w.weighted([w.parameter() for _ in x], x)).tanh()


ENDS = [squares, squares, penalised, classes, several, product, weighted_end]


# --- the tests ---


def largest(*arrays):
    return max(1.0, *(np.abs(a).max(initial=0.0) for a in arrays))


def close(found, expected, scale):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)


def taken(values, v, rows):
    """A view of what the interpreter computed, (rows, lanes)."""
    length = rows if v.array.batched else 1
    return values[v.array].reshape(length, -1)[:, v.lanes().reshape(-1)]


def found_gradient(derived, values, array, rows):
    gradient = derived.gradients[array]
    return 0.0 if gradient is None else taken(values, gradient, rows)


def gradient_of(parameters, derived, values):
    gradient = np.zeros(len(parameters))
    for block in derived.blocks:
        gradient[block.lanes] = found_gradient(derived, values, block.array, 1)
    return gradient


def as_list(returned):
    return returned if isinstance(returned, list) else [some_value(returned)]


def second_order(function):
    """The first result and a mix of its derivatives."""

    def derived(*arguments):
        y = as_list(function(*arguments))[0]
        x = [v for argument in arguments for v in argument]
        first = grad(y, x, create_graph=True)
        return y + sum((i + 1.0) * d * d for i, d in enumerate(first))

    return derived


class Network:
    """A random network, its data, and what plain Values say of it."""

    def __init__(self, number):
        r = random.Random(number)
        parameters = []

        def function(*arguments):
            return Writer(number, parameters).write(*arguments)

        self.function = second_order(function) if number % 5 == 4 else function
        widths = [r.randint(1, 7)] if r.random() < 0.7 else [r.randint(1, 4), r.randint(1, 4)]
        self.data = [np.random.default_rng(number).normal(size=(ROWS, n)) for n in widths]
        rows = [[[Value(v) for v in x[i]] for x in self.data] for i in range(ROWS)]
        results = [as_list(self.function(*row)) for row in rows]
        for p in parameters:
            p.grad = 0.0
        autograd.sum([v for row in results for v in row]).backward()
        self.parameters = parameters
        self.values = np.array([[v.data for v in row] for row in results])
        self.by_inputs = [
            np.array([[v.grad for v in row[k]] for row in rows]) for k in range(len(widths))
        ]
        self.gradient = np.array([p.grad for p in parameters])
        self.scale = largest(self.values, self.gradient, *self.by_inputs)


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_every_stage_means_what_plain_values_mean(number):
    network = Network(number)
    first = [x[0].tolist() for x in network.data]
    recording = record(network.function, first)
    theta = np.array([p.data for p in recording.parameters])
    packed = pack(trace_recording(recording))
    stages = [packed]
    for input_major in (False, True):
        contracted = contract(packed, input_major)
        laid_out = layout(contracted)
        stages += [contracted, laid_out, differentiate(laid_out)]
        stages += [differentiate(laid_out, arguments=True)]
    for program in stages:
        values = run(check(program), network.data, theta)
        results = taken(values, program.outputs, ROWS)
        close(np.broadcast_to(results, network.values.shape), network.values, network.scale)
        if not program.gradients:
            continue
        by_parameter = dict(zip(recording.parameters, gradient_of(theta, program, values)))
        found = [by_parameter.get(p, 0.0) for p in network.parameters]
        close(found, network.gradient, network.scale)
        if program.arguments[0] in program.gradients:
            for array, expected in zip(program.arguments, network.by_inputs):
                found = found_gradient(program, values, array, ROWS)
                close(np.broadcast_to(found, expected.shape), expected, network.scale)


@pytest.mark.parametrize("number", range(0, PROGRAMS, 2))
def test_a_loop_over_samples_too(number):
    r, parameters = random.Random(number), []
    width, count = r.randint(1, 5), r.randint(1, 6)
    data = np.random.default_rng(number).normal(size=(count, width)).tolist()
    losses = [as_list(Writer(number, parameters).write(list(map(Value, row))))[0] for row in data]
    if r.random() < 0.5:  # plain numbers, as a data set has them
        losses = [as_list(Writer(number, parameters).write(row))[0] for row in data]
    loss = sum(losses) / count + 1e-2 * sum(p * p for p in parameters)
    trace = trace_value(loss, parameters)
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    scale = largest([loss.data], [p.grad for p in parameters])
    theta = np.array([p.data for p in trace.parameters])
    for input_major in (False, True):
        contracted = contract(pack(trace), input_major)
        derived = differentiate(layout(contracted))
        for program in (contracted, derived):
            values = run(check(program), [], theta)
            close(taken(values, program.outputs, 1), [[loss.data]], scale)
        close(gradient_of(theta, derived, values), [p.grad for p in trace.parameters], scale)
