"""Random programs with loops (recurrent, nested, ragged, reversed, in both directions, residual,
with guards): compiled they are what eager Python is, values and gradients.

LOOPS=1000 in the environment asks for as many programs, which takes ten minutes of one core.
"""

import os
import random

import numpy as np
import pytest

from autograd import Value, compile, sigmoid, sin, tanh
from tests.compiler.recurrences import times

pytestmark = pytest.mark.unmeasured

PROGRAMS = int(os.environ.get("LOOPS", 60))
QUICK = 10
FUNCTIONS = (tanh, sigmoid, sin)


def matrix(r, rows, columns):
    return [[Value(r.gauss(0, 0.5)) for _ in range(columns)] for _ in range(rows)]


def cell(r, inputs, state):
    """A step of one of several kinds: from an input and a state to the next state."""
    Wx, Wh, b = matrix(r, state, inputs), matrix(r, state, state), matrix(r, 1, state)[0]
    act, kind = r.choice(FUNCTIONS), r.choice(["plain", "bias", "gated", "residual", "guarded"])
    inner = r.choice([0, 0, 4, 5])

    def step(x, h):
        z = [p + q for p, q in zip(times(Wx, x), times(Wh, h))]
        z = [p + q for p, q in zip(z, b)] if kind == "bias" else z
        new = [act(v) for v in z]
        if kind == "gated":
            new = [sigmoid(v) * p + (1 - sigmoid(v)) * q for v, p, q in zip(z, new, h)]
        elif kind == "residual":
            new = [q + 0.1 * p for p, q in zip(new, h)]
        elif kind == "guarded" and new[0] > 9:
            new = [2.0 * v for v in new]
        for _ in range(inner):
            new = [tanh(v) for v in times(Wh, new)]
        return new

    return step


def program(seed):
    """A function of a list of inputs, and their number."""
    r = random.Random(seed)
    inputs, state = r.randint(1, 3), r.randint(1, 4)
    lengths = [r.randint(1, 9) for _ in range(r.choice([1, 1, 2, 3]))]
    way = r.choice(["forward", "reversed", "both"])
    steps = [cell(r, inputs, state) for _ in range(r.choice([1, 1, 2]))]
    every, start = r.random() < 0.4, r.choice([0.0, 0.3])
    V = matrix(r, 2, state)

    def run(x):
        loss, at = 0.0, 0
        for length in lengths:
            rows = [x[at + t * inputs : at + (t + 1) * inputs] for t in range(length)]
            at += length * inputs
            for order in {"forward": [1], "reversed": [-1], "both": [1, -1]}[way]:
                h = [start] * state
                for t, now in enumerate(rows[::order]):
                    h = steps[t % len(steps)](now, h)
                    if every:
                        loss = loss + sum((y - now[0]) ** 2 for y in times(V, h))
                loss = loss + sum(v * v for v in h)
        return loss

    return run, sum(lengths) * inputs


def check_program(seed, backend):
    function, n = program(seed)
    x = np.random.default_rng(seed).normal(size=(2, n))
    compiled = compile(function, backend=backend)
    value, gradient = compiled.value_and_grad(x)
    loss = sum(function([float(v) for v in row]) for row in x) / len(x)
    loss.backward()
    np.testing.assert_allclose(value, loss.data, rtol=1e-12, err_msg=f"seed {seed}")
    expected = np.array([p.grad for p in compiled.parameters])
    scale = 1e-12 * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=scale, err_msg=f"seed {seed}")


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_random_programs_with_loops_are_what_eager_python_is(backend):
    for seed in range(QUICK):
        check_program(seed, backend)


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_gradients_by_weights_that_differ_between_the_steps_of_two_loops(backend):
    """The inner loop's sums over the rows were added up over the outer loop, too."""
    check_program(838, backend)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_more_random_programs_with_loops(backend):
    for seed in range(QUICK, PROGRAMS):
        check_program(seed, backend)
