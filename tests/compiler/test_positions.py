"""Positions of a sequence become an axis. Each sees the earlier ones: sums grow, and are padded."""

import functools
import itertools
import random
from importlib.util import find_spec

import numpy as np
import pytest

import autograd
from autograd import Value, dot
from autograd.compiler.machine.executor import MachineExecutor
from autograd.compiler.numpy.executor import NumpyExecutor, write
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_value
from tests.gpt import GPT
from tests.reference import check


def compiled(loss, parameters):
    """The program of a graph with its gradients, held to eager Python."""
    trace = trace_value(loss, parameters)
    program = check(differentiate(check(layout(check(contract(check(pack(trace))))))))
    loss.backward()
    numbers = np.array([p.data for p in trace.parameters])
    executors = [NumpyExecutor(program)]
    if find_spec("llvmlite"):
        executors.append(MachineExecutor(program, np.float64))
    for executor in executors:
        value, _, gradient = executor.gradients(numbers, [])
        assert value == pytest.approx(loss.data, rel=1e-12, abs=1e-12)
        assert gradient == pytest.approx([p.grad for p in trace.parameters], rel=1e-12, abs=1e-12)
    return program


@pytest.mark.unmeasured
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_gpt_has_the_same_instructions_for_any_number_of_positions(by_hand):
    counts = set()
    for positions in (3, 8, 16):
        gpt = GPT(positions, by_hand=by_hand)
        program = compiled(gpt.loss(gpt.x), gpt.parameters())
        counts.add((len(program.instructions), len(program.products())))
    assert len(counts) == 1


@pytest.mark.slow
def test_a_gpt_of_64_positions():
    few, many = (GPT(positions) for positions in (8, 64))
    programs = [compiled(gpt.loss(gpt.x), gpt.parameters()) for gpt in (few, many)]
    assert len({len(program.instructions) for program in programs}) == 1


def test_the_source_is_what_a_textbook_writes():
    gpt = GPT(8)
    source = write(compiled(gpt.loss(gpt.x), gpt.parameters()))
    assert "mask1 = np.triu(np.full((8, 8), -np.inf), 1)" in source
    assert "z1[:, :8].reshape(8, 2, 4).transpose(1, 0, 2)" in source
    assert "z1[:, 8:16].reshape(8, 2, 4).transpose(1, 2, 0)" in source
    assert "z3.reshape(8, 8) @ w4.T" in source
    assert "index2" not in source  # index1 picks the targets


def test_two_layers():
    gpt = GPT(5, layers=2)
    compiled(gpt.loss(gpt.x), gpt.parameters())


def leaves(rows, columns, seed=1):
    stream = random.Random(seed)
    return [[Value(stream.gauss(0, 1)) for _ in range(columns)] for _ in range(rows)]


def causal_mean(x):
    sums = [[sum(row[d] for row in x[: i + 1]) / (i + 1) for d in range(3)] for i in range(len(x))]
    return sum(autograd.tanh(v) for row in sums for v in row)


def growing_logsumexp(x):
    scores = [[dot(q, k) for k in x[: i + 1]] for i, q in enumerate(x)]
    return sum(autograd.logsumexp(row) for row in scores)


def decayed(x):
    """Weights that differ with the distance of two positions."""
    w = [Value(0.5 / (k + 1)) for k in range(len(x))]
    sums = [sum(w[i - j] * x[j][0] for j in range(i + 1)) for i in range(len(x))]
    return sum(autograd.tanh(s) for s in sums)


def inverse_distances(x):
    """What a sum lacks here would be infinite: the distance of a position from itself."""
    total = Value(0.0)
    for i in range(1, len(x)):
        total = total + autograd.tanh(sum(1 / (x[i][0] - x[j][0]) for j in range(i)))
    return total


def logarithms(x):
    """What a sum lacks here has no logarithm."""
    y = [autograd.exp(x[0][0])]
    for row in x[1:]:
        y.append(y[-1] + autograd.exp(row[0]))
    growing = (sum(autograd.log(y[i] - y[j]) for j in range(i)) for i in range(1, len(y)))
    return sum(autograd.tanh(s) for s in growing)


@pytest.mark.parametrize(
    "program", [causal_mean, growing_logsumexp, decayed, inverse_distances, logarithms]
)
def test_sums_that_grow(program):
    x = leaves(6, 3)
    loss = program(x)
    compiled(loss, None)


def test_far_apart_scores_leave_no_nan():
    """Positions to come may have scores that would overflow."""
    scores = [[Value(800.0 * j - 700 * i) for j in range(4)] for i in range(4)]
    one = Value(1.0)
    loss = sum(autograd.softmax([s * one for s in row[: i + 1]])[0] for i, row in enumerate(scores))
    compiled(loss, None)


def softmax_of_differences(x):
    """What is subtracted is part of the graph here, and has no part in the gradient."""
    total = Value(0.0)
    for row in x:
        largest = autograd.sin(sum(row))
        powers = [autograd.exp(v - largest) for v in row]
        whole = sum(powers)
        total = total + sum((i + 1) * autograd.tanh(p / whole) for i, p in enumerate(powers))
    return total


def test_what_a_softmax_subtracts_gets_no_gradient():
    x = leaves(5, 3)
    program = compiled(softmax_of_differences(x), None)
    assert "cos" not in str(program)  # the derivative of the sine


def not_a_softmax(x):
    """Here the largest matters: exponentials are used as they are."""
    total = Value(0.0)
    for row in x:
        largest = autograd.sin(sum(row))
        powers = [autograd.exp(v - largest) for v in row]
        whole = sum(powers)
        total = total + sum(p / whole for p in powers) * powers[0]
    return total


def shares_of_another_row(x):
    total = Value(0.0)
    sums, every = [], []
    for row in x:
        largest = autograd.sin(sum(row))
        every.append([autograd.exp(v - largest) for v in row])
        sums.append(sum(every[-1]))
    for k, powers in enumerate(every):
        total = total + sum((i + 1) * (p / sums[k - 1]) for i, p in enumerate(powers))
    return total


@pytest.mark.parametrize("program", [not_a_softmax, shares_of_another_row])
def test_what_only_looks_like_a_softmax(program):
    x = leaves(5, 3)
    compiled(program(x), None)


def test_reductions_over_leaves_are_of_vectors():
    pi, b = leaves(2, 5)
    program = compiled(autograd.logsumexp(pi) + autograd.norm(b) + sum(v * v for v in b), None)
    assert sorted(block.array.shape for block in program.blocks) == [(5,), (5,)]


def convolved(x, kernels):
    """A padded convolution that leaves out what lies outside."""
    inside = range(len(x))
    return [
        [
            autograd.tanh(sum(k[d] * x[i + d - 1] for d in range(3) if i + d - 1 in inside))
            for i in inside
        ]
        for k in kernels
    ]


def convolved_twice(x, first, second):
    maps = convolved(x, first)
    return sum(v for m in maps for row in convolved(m, second) for v in row)


@pytest.mark.parametrize("size", [4, 7])
def test_a_padded_convolution_is_one_product(size):
    first, second = leaves(2, 3), leaves(2, 3, seed=2)
    x = leaves(1, size, seed=3)[0]
    parameters = [*x, *(v for row in [*first, *second] for v in row)]
    program = compiled(convolved_twice(x, first, second), parameters)
    # Forward two; backward one by the weights of each, and one by the inputs of each.
    assert len(program.products()) == 6


def test_a_border_of_zeros_is_found_too():
    kernels, x = leaves(2, 3), leaves(1, 6)[0]
    border = [0.0, *x, 0.0]
    maps = [autograd.tanh(dot(k, border[i : i + 3])) for k in kernels for i in range(6)]
    program = compiled(sum(maps), [*x, *(v for k in kernels for v in k)])
    assert len(program.products()) == 3


def picture(x, kernels, n):
    inside = range(n)
    return sum(
        autograd.tanh(
            sum(
                k[a][b] * x[i + a - 1][j + b - 1]
                for a in range(3)
                for b in range(3)
                if i + a - 1 in inside and j + b - 1 in inside
            )
        )
        for k in kernels
        for i in inside
        for j in inside
    )


def test_a_padded_convolution_of_a_picture_is_one_product():
    x, kernels = leaves(4, 4), [leaves(3, 3, seed=s) for s in (5, 6)]
    program = compiled(picture(x, kernels, 4), None)
    assert len(program.products()) == 3


def attention(x, w):
    """What each position attends to, among those up to itself."""
    keys, values, found = [], [], []
    for q in x:
        keys.append(q * w[0])
        values.append(q * w[1])
        shares = autograd.softmax([q * k for k in keys])
        found.append(sum(p * v for p, v in zip(shares, values)))
    return found


def guarded_attention(x, w):
    return [v if v < 3 else 2.0 * v for v in attention(x, w)]


def attention_in_hypot(x, w):
    """An infinite length stays infinite, whatever nan stands beside it."""
    return [autograd.hypot(1 / q, v) for q, v in zip(x, attention(x, w))]


def running_means(x, w):
    return [sum(v * w[0] for v in x[: i + 1]) / (i + 1) for i in range(len(x))]


def filtered(x, w):
    """A padded convolution: the first position does not meet the first weight."""
    places = range(len(x))
    return [sum(w[d] * x[i + d - 1] for d in range(3) if i + d - 1 in places) for i in places]


@pytest.mark.parametrize("backend", ["numpy", "machine"])
@pytest.mark.parametrize(
    "function", [attention, guarded_attention, attention_in_hypot, running_means, filtered]
)
def test_what_is_infinite_or_nan_changes_nothing_for_those_who_do_not_see_it(function, backend):
    w = [Value(0.5), Value(0.25), Value(-0.5)]
    every = autograd.compile(lambda x: function(x, w), backend=backend)
    one = autograd.compile(lambda x: function(x, w)[1] * w[1], backend=backend)
    for place, bad in itertools.product((1, 2, 4), (np.inf, np.nan, 1e200)):
        numbers = [0.5, 1.5, -1.0, 0.5, 0.25, -0.5]
        numbers[place] = bad
        x = [Value(v) for v in numbers[:3]]
        for v, number in zip(w, numbers[3:]):
            v.data = number
        expected = function(x, w)
        same = functools.partial(np.testing.assert_allclose, rtol=1e-12)
        same(every([numbers[:3]])[0], [v.data for v in expected])
        loss = expected[1] * w[1]
        for by, leaves in ("parameters", w), ("inputs", x):
            value, gradient = one.value_and_grad([numbers[:3]], wrt=by)
            same(value, loss.data)
            known = one.parameters if by == "parameters" else x
            found = dict(zip(known, np.reshape(gradient, -1)))
            same([found.get(v, 0) for v in leaves], [v.data for v in autograd.grad(loss, leaves)])


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_what_gets_no_gradient_gets_none_where_it_is_infinite(backend):
    """An exponential that is only compared has no part in the gradient, not even 0 times inf."""
    w = [Value(1.0), Value(2.0)]

    def first(x):
        powers = [autograd.exp(v * u) for v, u in zip(x, w)]
        return powers[0] if powers[1] > 3 else powers[1]

    compiled = autograd.compile(first, backend=backend)
    value, gradient = compiled.value_and_grad([[0.5, 800.0], [0.5, 3.0]])
    assert value == pytest.approx(np.exp(0.5))
    assert gradient == pytest.approx([0.5 * np.exp(0.5), 0.0])
    compiled = autograd.compile(lambda a, b: first([a, b]), backend=backend)
    for _ in range(2):
        value, gradient = compiled.value_and_grad(0.5, 800.0, wrt="inputs")
        assert gradient == pytest.approx([np.exp(0.5), 0.0])
