"""Random programs: plain Python loops over Values, every stage of the compiler, both backends and
PyTorch agree on values and gradients, first and second.

COMPILED_PROGRAMS=5000 in the environment asks for as many programs; the default takes seconds.
"""

import os
import random
import types
from itertools import pairwise

import numpy as np
import pytest

import autograd
from autograd import Value, compile, grad
from autograd.compiler.recording.record import record
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording
from tests.counts import count
from tests.reference import check, run

pytestmark = pytest.mark.unmeasured

PROGRAMS = int(os.environ.get("COMPILED_PROGRAMS", count(150, quick=15)))
ROWS = 3
FUNCTIONS = ("tanh", "sigmoid", "sin", "cos", "exp", "softplus", "abs", "relu")

VALUES = types.SimpleNamespace(**{name: getattr(autograd, name) for name in FUNCTIONS})


# Each kind draws its sizes and returns a function of inputs x, parameters p and the functions m;
# the number of inputs; the number of parameters. They use nothing but Python's own arithmetic.


def matrix(p, rows, columns):
    return [[next(p) for _ in range(columns)] for _ in range(rows)]


def times(W, x):
    return [sum(w * v for w, v in zip(row, x)) for row in W]


def dense(r):
    sizes = [r.randint(1, 5) for _ in range(r.randint(2, 5))]
    kinds = [r.choice(FUNCTIONS) for _ in sizes[1:]]
    bias = r.random() < 0.7

    def function(x, p, m):
        for n, kind in zip(sizes[1:], kinds):
            z = times(matrix(p, n, len(x)), x)
            x = [getattr(m, kind)(v + next(p) if bias else v) for v in z]
        return sum((v - 0.1) ** 2 for v in x) * 0.5

    return function, sizes[0], sum((a + bias) * b for a, b in pairwise(sizes))


def tied(r):
    n, turns, transposed = r.randint(2, 5), r.randint(1, 3), r.random() < 0.5

    def function(x, p, m):
        W = matrix(p, n, n)
        for _ in range(turns):
            x = [m.tanh(v) for v in times(W, x)]
            x = times(zip(*W), x) if transposed else x
        return sum(v * v for v in x)

    return function, n, n * n


def convolution(r):
    n, k, channels = r.randint(4, 9), r.randint(2, 3), r.randint(1, 3)
    padded, stride = r.random() < 0.5, r.choice([1, 1, 2])

    def slide(maps, kernels, m):
        size = len(maps[0])
        return [
            [
                m.tanh(
                    sum(w * a[at + j] for a, row in zip(maps, kernel) for j, w in enumerate(row))
                )
                for at in range(0, size - k + 1, stride)
            ]
            for kernel in kernels
        ]

    def function(x, p, m):
        border = [0.0] * (k - 1) if padded else []
        maps = slide([[*border, *x, *border]], [matrix(p, 1, k) for _ in range(channels)], m)
        second = [matrix(p, channels, k) for _ in range(2)]
        maps = slide(maps, second, m) if len(maps[0]) >= k else maps
        return sum(sum(row) for row in maps)

    return function, n, channels * k + 2 * channels * k


def picture(r):
    n = r.randint(3, 5)

    def function(x, p, m):
        K, W = matrix(p, 2, 2), matrix(p, n - 1, n - 1)
        at = range(n - 1)
        seen = [
            [
                m.relu(sum(K[a][b] * x[(i + a) * n + j + b] for a in (0, 1) for b in (0, 1)))
                for j in at
            ]
            for i in at
        ]
        return sum(W[i][j] * seen[i][j] for i in at for j in at)

    return function, n * n, 4 + (n - 1) ** 2


def recurrent(r):
    steps, n, h, joined = r.randint(1, 4), r.randint(1, 3), r.randint(1, 4), r.random() < 0.5

    def function(x, p, m):
        Wx, Wh, b = matrix(p, h, n), matrix(p, h, h), [next(p) for _ in range(h)]
        state = [0.0] * h
        for t in range(steps):
            now = list(x[t * n : (t + 1) * n])
            if joined:
                z = times([a + c for a, c in zip(Wx, Wh)], now + state)
            else:
                z = [a + c for a, c in zip(times(Wx, now), times(Wh, state))]
            state = [m.tanh(v + c) for v, c in zip(z, b)]
        return sum(v**2 for v in state)

    return function, steps * n, h * (n + h + 1)


def attention(r):
    steps, n, d = r.randint(2, 4), r.randint(1, 3), r.randint(1, 3)

    def function(x, p, m):
        rows = [x[t * n : (t + 1) * n] for t in range(steps)]
        Q, K, V = (matrix(p, d, n) for _ in range(3))
        q, k, v = ([times(W, row) for row in rows] for W in (Q, K, V))
        total = 0.0
        for t in range(steps):
            weights = [m.exp(sum(a * b for a, b in zip(q[t], other)) / d**0.5) for other in k]
            norm = sum(weights)
            for i in range(d):
                total = total + m.tanh(sum(w / norm * row[i] for w, row in zip(weights, v)))
        return total

    return function, steps * n, 3 * d * n


def residual(r):
    n, layers = r.randint(2, 4), r.randint(1, 3)

    def function(x, p, m):
        for _ in range(layers):
            x = [a + m.tanh(b) for a, b in zip(x, times(matrix(p, n, n), x))]
        return sum(x) - x[0] * x[-1]

    return function, n, layers * n * n


def formula(r):
    n, parameters, length, seed = r.randint(1, 4), r.randint(0, 3), r.randint(3, 25), r.random()

    def function(x, p, m):
        q = random.Random(seed)
        pool = [*x, *p]
        for _ in range(length):
            a, b, c = q.choices(pool, k=3)
            v = q.choice(
                [
                    lambda: a + b,
                    lambda: a - b * 0.7,
                    lambda: a * b,
                    lambda: a / (b * b + 1),
                    lambda: getattr(m, q.choice(FUNCTIONS))(a * 0.5),
                    lambda: (a * a + 0.5) ** q.choice([2, 3, 0.5, -1]),
                    lambda: -a * q.choice([1.0, 2.0, 0.5]),
                    lambda: sum([a, b, c, 0.5]),
                ]
            )()
            pool.append(m.tanh(v) if q.random() < 0.3 else v)
        return pool[-1] * 1.0 + pool[-2]

    return function, n, parameters


def samples(r):
    count, h = r.randint(1, 5), r.randint(1, 4)
    data = [[r.gauss(0, 1) for _ in range(3)] for _ in range(count)]

    def function(x, p, m):
        W, w = matrix(p, h, 3), [next(p) for _ in range(h)]
        total = 0.0
        for row in data:
            hidden = [m.tanh(v) for v in times(W, [a * b for a, b in zip(row, x)])]
            total = total + (sum(a * b for a, b in zip(w, hidden)) - 0.3) ** 2
        return total / count + 0.01 * sum(v * v for row in W for v in row)

    return function, 3, 4 * h


KINDS = [
    dense, tied, convolution, picture, recurrent, attention, residual, formula, samples
]  # fmt: skip


def program(body, parameters, second):
    """A function of a row. It reaches no test: the compiler looks at all that it reaches."""

    def function(x):
        y = body(x, iter(parameters), VALUES)
        if not second:
            return y
        return sum(d * d for d in grad(y, list(x), create_graph=True)) + y

    return function


class Case:
    """A random program with its data, and what plain backward passes say of it."""

    def __init__(self, number):
        r = random.Random(number)
        kind = KINDS[number % len(KINDS)]
        self.body, width, count = kind(r)
        self.parameters = [Value(r.gauss(0, 0.5)) for _ in range(count)]
        self.second = number % 4 == 3
        self.function = program(self.body, self.parameters, self.second)
        self.X = np.random.default_rng(number).normal(size=(ROWS, width))
        inputs = [[Value(v) for v in row] for row in self.X]
        results = [self.function(row) for row in inputs]
        autograd.sum(results).backward()
        self.values = np.array([v.data for v in results])
        self.by_inputs = np.array([[v.grad for v in row] for row in inputs])
        self.gradient = {p: p.grad for p in self.parameters}

    def first(self, x, parameters, m):
        return self.body(x, iter(parameters), m)

    def close(self, found, expected):
        largest = max(1.0, np.abs(self.by_inputs).max(), np.abs(self.values).max())
        assert found == pytest.approx(expected, rel=0, abs=1e-12 * 10 * largest)


def taken(values, v):
    """A view of what the interpreter computed, (rows, lanes)."""
    rows = ROWS if v.array.batched else 1
    return values[v.array].reshape(rows, -1)[:, v.lanes().reshape(-1)]


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_every_stage_means_the_same(number):
    case = Case(number)
    recording = record(case.function, [case.X[0].tolist()])
    theta = np.array([p.data for p in recording.parameters])
    packed = pack(trace_recording(recording))
    contracted = [contract(packed), contract(packed, input_major=True)]
    laid_out = [layout(program) for program in contracted]
    for program in (packed, *contracted, *laid_out):
        values = run(check(program), [case.X], theta)
        case.close(np.broadcast_to(taken(values, program.outputs)[:, 0], ROWS), case.values)
    for program in laid_out:
        derived = check(differentiate(program, arguments=True))
        values = run(derived, [case.X], theta)
        (x,) = derived.arguments
        of_x = derived.gradients[x]
        found = 0.0 if of_x is None else taken(values, of_x)
        case.close(np.broadcast_to(found, case.X.shape), case.by_inputs)
        for block in derived.blocks:
            of_block = derived.gradients[block.array]
            found = 0.0 if of_block is None else taken(values, of_block)[0]
            expected = [case.gradient[recording.parameters[lane]] for lane in block.lanes]
            case.close(np.broadcast_to(found, len(expected)), expected)


def assert_compiled_agrees(case, backend):
    compiled = compile(case.function, backend=backend)
    case.close(compiled(case.X), case.values)
    value, gradient = compiled.value_and_grad(case.X, reduction="sum")
    case.close(value, case.values.sum())
    case.close(gradient, [case.gradient[p] for p in compiled.parameters])
    _, by_inputs = compiled.value_and_grad(case.X, reduction="sum", wrt="inputs")
    case.close(by_inputs, case.by_inputs)


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_the_numpy_backend_agrees(number):
    assert_compiled_agrees(Case(number), "numpy")


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_the_machine_agrees(number):
    pytest.importorskip("llvmlite")
    assert_compiled_agrees(Case(number), "machine")


@pytest.mark.parametrize("number", range(0, PROGRAMS, 2))
def test_pytorch_agrees(number):
    torch = pytest.importorskip("torch")
    m = types.SimpleNamespace(**{name: getattr(torch, name, None) for name in FUNCTIONS})
    m.softplus = torch.nn.functional.softplus
    case = Case(number)
    X = torch.tensor(case.X, requires_grad=True)
    p = [torch.tensor(v.data, dtype=torch.float64, requires_grad=True) for v in case.parameters]
    rows = [[X[i, j] for j in range(X.shape[1])] for i in range(ROWS)]
    results = [case.first(row, p, m) for row in rows]
    if case.second:
        for i, row in enumerate(rows):
            derivatives = torch.autograd.grad(results[i], row, create_graph=True, allow_unused=True)
            results[i] = sum(d * d for d in derivatives if d is not None) + results[i]
    total = sum(results)
    leaves = [X, *p]
    found = torch.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else []
    found = [torch.zeros(()) if g is None else g for g in found]
    case.close(total.item(), case.values.sum())
    if found:
        case.close(np.broadcast_to(found[0].numpy(), case.X.shape), case.by_inputs)
        expected = [case.gradient[v] for v in case.parameters]
        case.close([g.item() for g in found[1:]], expected)
