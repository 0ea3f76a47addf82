"""``exact=True``: values and gradients are those of plain Python, to the bit, products too."""

import random
from itertools import pairwise

import numpy as np
import pytest

import autograd
from autograd import Value, compile
from nn import MLP, half_squared_error
from tests.compiler.test_order import BACKENDS, bits


def by_hand(function, rows, parameters):
    """The sum of the results and its gradient: each row's by ``backward``, added in order."""
    total, gradient = 0.0, [0.0] * len(parameters)
    for row in rows:
        for p in parameters:
            p.grad = 0.0
        y = function([Value(x) for x in row])
        y.backward()
        total += y.data
        gradient = [g + p.grad for g, p in zip(gradient, parameters)]
    return total, gradient


def assert_exact(function, rows, backend):
    program = compile(function, backend=backend, exact=True)
    assert bits(program(rows)) == bits([function([Value(x) for x in row]).data for row in rows])
    for some in (rows, rows[:1]):
        value, gradient = program.value_and_grad(some, reduction="sum")
        expected = by_hand(function, some, program.parameters)
        assert bits(value) == bits(expected[0])
        assert bits(gradient) == bits(expected[1])


def numbers(seed, rows, n):
    draw = random.Random(seed)
    return [[draw.gauss(0, 10.0 ** draw.randint(-3, 3)) for _ in range(n)] for _ in range(rows)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_network(backend):
    model = MLP(4, [5, 3, 2], activation="relu", output_activation=None, seed=1)
    assert_exact(lambda x: half_squared_error(model(x[:4]), x[4:]), numbers(1, 40, 6), backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_parameter_with_many_paths(backend):
    w, v = Value(0.3), Value(1 / 3)

    def function(x):
        u = w * w - v
        h = [u * a + w / (1 + a * a) for a in x]
        for _ in range(3):
            h = [a * b - w * (a + b) for a, b in zip(h, h[1:] + h[:1])]
        return sum(h) * u - autograd.maximum(h[0], w) / v

    assert_exact(function, numbers(2, 11, 5), backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_by_inputs_and_of_a_graph(backend):
    def function(x):
        return (x[0] - x[1]) * x[0] + sum(a * b for a, b in pairwise(x))

    rows = numbers(3, 7, 6)
    program = compile(function, backend=backend, exact=True)
    _, found = program.value_and_grad(rows, reduction="sum", wrt="inputs")
    for row, gradient in zip(rows, found):
        x = [Value(a) for a in row]
        function(x).backward()
        assert bits(gradient) == bits([a.grad for a in x])
    leaves = [Value(a) for a in rows[0]]
    loss = function(leaves)
    loss.backward()
    value, gradient = compile(loss, backend=backend, exact=True, parameters=leaves).value_and_grad()
    assert bits(value) == bits(loss.data)
    assert bits(gradient) == bits([a.grad for a in leaves])


@pytest.mark.parametrize("wrong", [1, None, "yes", np.True_])
def test_what_exact_may_be(wrong):
    with pytest.raises(TypeError, match="exact is True or False; got"):
        compile(lambda x: x[0], exact=wrong)
