"""A largest or smallest number, found one after the other, over lengths that grow."""

import numpy as np
import pytest

import autograd
from autograd import Value, maximum, minimum


def scores(x, w):
    """Of each position with those up to itself."""
    return [[q * w[0] + k * w[1] for k in x[: i + 1]] for i, q in enumerate(x)]


def extremes(x, w):
    found = []
    for row in scores(x, w):
        high, low = -9.0, row[0]
        for s in row:
            high = maximum(high, s)
        for s in row[1:]:
            low = minimum(s, low)
        found.append(high * low)
    return sum(found)


def attention(x, w):
    """With the softmax of a textbook, which subtracts the largest score."""
    out = []
    for row in scores(x, w):
        high = row[0]
        for s in row[1:]:
            high = maximum(high, s)
        powers = [autograd.exp(s - high) for s in row]
        out.append(sum(p * v for p, v in zip(powers, x)) / sum(powers))
    return sum(autograd.tanh(v) for v in out)


def meeting(x, w):
    """Two chains that meet, and one whose numbers on the way are used."""
    a, b = maximum(maximum(x[0], x[1]), x[2]), maximum(maximum(x[3], w[0]), w[1])
    m, every = x[0], []
    for v in x[1:]:
        m = maximum(m, v * w[0])
        every.append(m)
    return maximum(a, b) + maximum(a * w[0], maximum(x[1], maximum(b, x[2]))) + sum(every)


@pytest.mark.parametrize("backend", ["numpy", "machine"])
@pytest.mark.parametrize("function", [extremes, attention, meeting])
def test_the_gradient_is_pythons_also_where_numbers_are_equal(function, backend):
    w = [Value(0.5), Value(0.25)]
    compiled = autograd.compile(lambda x: function(x, w), backend=backend)
    rows = np.random.default_rng(1).normal(size=(6, 7))
    rows[1] = 0.5  # all are equal
    rows[2, 3:] = rows[2, 1]
    rows[3, 5] = np.inf
    rows[4] = -np.inf
    for row in rows:
        x = [Value(v) for v in row]
        loss = function(x, w)
        for by, leaves in ("parameters", w), ("inputs", x):
            value, gradient = compiled.value_and_grad([row], wrt=by)
            expected = [g.data for g in autograd.grad(loss, leaves)]
            np.testing.assert_allclose(value, loss.data, 1e-12)
            np.testing.assert_allclose(np.reshape(gradient, -1), expected, 1e-12, 1e-15)


@pytest.mark.parametrize("function", [extremes, attention])
def test_the_program_does_not_grow(function):
    def instructions(n):
        w = [Value(0.5), Value(0.25)]
        compiled = autograd.compile(lambda x: function(x, w), backend="numpy")
        compiled.value_and_grad([np.linspace(-1, 1, n)])
        return repr(compiled).split("->")[1]

    assert instructions(6) == instructions(11)
