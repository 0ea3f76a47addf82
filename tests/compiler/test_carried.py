"""What an iteration leaves to later ones, where the first iterations read something else."""

import pytest

from autograd import Value, compile, exp, grad, sin, tanh

np = pytest.importorskip("numpy")

W = [Value(0.5), Value(-0.75)]
STEPS = 8


def two_starts(x):
    """Both readers read the last state, but at first they read unlike numbers."""
    p, q = x[0], x[1]
    for _ in range(STEPS):
        p = q = tanh(W[0] * p + W[1] * q)
    return p


def two_starts_two_steps_back(x):
    ps, qs = x[:2], x[2:4]
    for _ in range(STEPS):
        h = tanh(W[0] * ps[-2] + W[1] * qs[-2])
        ps, qs = [*ps, h], [*qs, h]
    return ps[-1]


def halves_that_start_alike(x):
    """Two views of the last state are the same numbers at first, and a third is another."""
    a, b, c = x[:2], x[:2], x[2]
    for _ in range(STEPS):
        p, q, r = [tanh(v) for v in a], [sin(v) for v in b], exp(-c * c)
        h = [u * v * W[0] + r * W[1] for u in p for v in q]
        a, b, c = h[:2], h[2:], h[0]
    return h[1] - h[2]


def two_readers(x):
    p, q = x[0], x[1]
    for _ in range(STEPS):
        p = q = W[0] * tanh(p) + W[1] * sin(q)
    return p


def two_readers_of_two_arrays(x):
    p, q = x[0], W[1]
    for _ in range(STEPS):
        p = q = W[0] * tanh(p) + W[1] * sin(q)
    return p


def all_the_way_back(x):
    """Only the last iteration reads what the first has made."""
    states = x
    for _ in range(len(x) + 1):
        states = [*states, tanh(W[0] * (states[-1] - W[1]) * states[-len(x)])]
    return states[-1]


FUNCTIONS = [
    *(two_starts, two_starts_two_steps_back, halves_that_start_alike),
    *(two_readers, two_readers_of_two_arrays, all_the_way_back),
]


@pytest.mark.parametrize("backend", ["numpy", "machine"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_loop_gives_the_gradient_of_its_steps(function, backend):
    compiled = compile(function, backend=backend)
    row = [0.3, -0.6, 0.8, 0.1, -0.2]
    x = [Value(v) for v in row]
    y = function(x)
    for by, leaves in ("parameters", W), ("inputs", x):
        value, found = compiled.value_and_grad([row], wrt=by)
        assert value == pytest.approx(y.data, rel=1e-14)
        expected = [g.data for g in grad(y, leaves)]
        assert np.ravel(found).tolist() == pytest.approx(expected, rel=1e-13)
