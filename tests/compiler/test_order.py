"""A compiled sum keeps the order in which it was written, to the bit; a matrix product may not."""

import random
import struct
from importlib.util import find_spec

import numpy as np
import pytest

import autograd
from autograd import Op, Value, compile, no_grad

BACKENDS = [
    pytest.param(
        "machine", marks=pytest.mark.skipif(not find_spec("llvmlite"), reason="needs llvmlite")
    ),
    "numpy",
]
HUGE = [[0.5, 1e300], [1e16, 1.0], [0.1, 0.3], [3.7, 1 / 3], [-1e-300, 7e12], [1e308, -3.0]]


def bits(numbers):
    """The numbers to the bit; every nan is like another."""
    return [struct.pack("d", x if x == x else float("nan")) for x in np.ravel(numbers).tolist()]


def eager(function, rows):
    results = [function([Value(x) for x in row]) for row in rows]
    return [
        [y.data if isinstance(y, Value) else float(y) for y in (r if isinstance(r, list) else [r])]
        for r in results
    ]


def assert_the_same(function, rows, backend):
    program = compile(function, backend=backend)
    for some in (rows, rows[:1]):
        assert bits(program(some)) == bits(eager(function, some))


def two_sum(x):
    a, b = x
    s = a + b
    part = s - a
    return [s, (a - (s - part)) + (b - part)]


def fast_two_sum(x):
    a, b = x
    s = a + b
    return [s, b - (s - a)]


def split(a):
    c = 134217729.0 * a
    high = c - (c - a)
    return high, a - high


def dekker(x):
    """The product of two numbers, and what it was rounded by (Dekker, 1971)."""
    a, b = x
    p = a * b
    (a1, a2), (b1, b2) = split(a), split(b)
    return [p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2]


def sterbenz(x):
    a, b = x
    near = a * (1 + 2**-50)
    return [(near - a) + b, (near - a) * b]


def kahan(x):
    total, lost = Value(0.0), Value(0.0)
    for v in [*x, *(x[0] / k for k in range(3, 30))]:
        y = v - lost
        following = total + y
        lost = (following - total) - y
        total = following
    return total


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function", [two_sum, fast_two_sum, dekker, sterbenz, kahan])
def test_error_free_transformations_stay_free_of_error(function, backend):
    assert_the_same(function, HUGE, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cancels_first_is_computed_first(backend):
    assert compile(lambda x: (x[1] - x[1]) + x[0], backend=backend)([[0.5, 1e300]]) == [0.5]


W = [0.1, -7e5, 3.0, 1e16, -1e16, 1 / 3, 2e-9, 5.0, 0.7, -0.2, 1.1, 1e8, 0.9]
ORDERS = {
    "sum": lambda t: sum(t),
    "autograd.sum": autograd.sum,
    "backwards": lambda t: sum(t[::-1]),
    "from the right": lambda t: t[0] + (t[1] + (t[2] + (t[3] + t[4]))),
    "pairs": lambda t: (t[0] + t[1]) + (t[2] + t[3]) + (t[4] + t[5]),
    "a bias first": lambda t: t[-1] + autograd.sum(t[:-1]),
    "alternating": lambda t: sum(v if k % 2 else v * v for k, v in enumerate(t)),
    "subtracted": lambda t: t[0] - t[1] - t[2] - t[3] - t[4] - t[5] - t[6],
    "between": lambda t: t[3] - t[0] + t[4] - t[1] + t[5],
    "a product apart": lambda t: t[0] * t[1] + (t[2] * t[3] + t[4] * t[5]),
    "of sums": lambda t: sum(sum(t[k:]) for k in range(len(t))),
    "squares": lambda t: sum(v * v for v in t),
    "a norm of its own": lambda t: sum(v * v for v in t) / (1 + sum(abs(v) for v in t)),
    "twice": lambda t: t[0] + t[0] + t[0] + t[0] + t[1] + t[0],
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_kept(order, backend):
    rows = [[w * (k + 1) for w in W[k:] + W[:k]] for k in range(9)]
    assert_the_same(lambda x: ORDERS[order](list(x)), rows, backend)


def as_results(x):
    """Python's ``sum`` begins with 0.0 + x, which is a result here and part of two more."""
    first = 0.0 + x[0]
    return [first, first + x[1], first - x[2]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_beginning_of_a_sum_may_be_a_result(backend):
    assert_the_same(as_results, [[-0.0, 1.0, 2.0], [0.5, -0.5, 0.5]], backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_sums_along_an_axis(backend):
    def softmax(x):
        powers = [autograd.maximum(v, 0.5) for v in x]
        return [p / sum(powers) for p in powers]

    assert_the_same(softmax, [W, W[::-1]] * 5, backend)
    assert_the_same(lambda x: [sum(x[k : k + 4]) for k in range(10)], [W, W[::-1]] * 5, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_recurrence_adds_up_in_its_order(backend):
    def steps(x):
        total, state = 0.0, x[0]
        for k in range(40):
            state = state / 1.7 + x[k % len(x)]
            total = total - abs(state)
        return total

    assert_the_same(steps, [W, W[::-1]], backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_zeros_keep_their_signs(backend):
    zeros = [[a, b, c] for a in (0.0, -0.0) for b in (0.0, -0.0) for c in (0.0, -0.0)]

    def every_sum(x):
        a, b, c = x
        return [
            a + b, a + b + c, a - b, a - b - c, 0.0 + a, a + 0.0, 0 - a, -a, a + -0.0, a - 0.0,
            sum(x), sum([a]), autograd.sum([a]), autograd.sum([a, b]), autograd.sum(list(x)),
            sum([a, b]) + c, c + sum([a, b]), sum([a * b, b * c, c * a]), (0.0 + a) - b,
        ]  # fmt: skip

    assert_the_same(every_sum, zeros, backend)


thrice = Op(
    "thrice",
    lambda x: 0.1 * (0.7 * x) + (x + x + x + x + x),
    lambda y, x: (5.07,),
    registered=False,
)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_operation_of_ones_own_is_rounded_as_it_is_written(backend):
    assert_the_same(lambda x: [thrice(x[0]), x[1] * (1 / 3)], [[w, w] for w in W], backend)


def random_program(seed):
    """A program of sums, differences and other exact operations, of rows, and some rows."""
    r = random.Random(seed)
    steps = []
    for _ in range(r.randint(3, 30)):
        kind = r.choice(["sum", "autograd.sum", "chain", *"++--*/", "neg", "abs", "max", "c"])
        places = [r.random() for _ in range(r.randint(2, 9))]
        steps.append((kind, places, r.choice((0.0, -0.0, 1.0, 0.1, 1 / 3, 1e16, 2.0))))
    outputs = r.randint(1, 3)

    def function(x):
        made = list(x)
        for kind, places, c in steps:
            t = [made[int(p * len(made))] for p in places]
            if kind == "sum":
                y = sum(t)
            elif kind == "autograd.sum":
                y = autograd.sum(t)
            elif kind == "chain":
                y = t[0]
                for k, v in enumerate(t[1:]):
                    y = y + v if places[k] < 0.3 else y - v
            else:
                a, b = t[:2]
                y = {
                    "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
                    "/": lambda: a / b, "neg": lambda: -a, "abs": lambda: abs(a),
                    "max": lambda: autograd.maximum(a, b), "c": lambda: c + a * c,
                }[kind]()  # fmt: skip
            made.append(y)
        return made[-outputs:]

    special = (0.0, -0.0, 1.0, 1e16, -1e16, 1e300, 0.1, 1 / 3, float("inf"), -float("inf"))
    n = r.randint(1, 5)

    def number():
        return r.choice(special) if r.random() < 0.4 else r.gauss(0, 10.0 ** r.randint(-8, 8))

    return function, [[number() for _ in range(n)] for _ in range(r.choice((1, 3, 9)))]


def check_random(seeds, backend):
    checked = 0
    for seed in seeds:
        function, rows = random_program(seed)
        program = compile(function, backend=backend)
        try:
            with no_grad():
                expected = eager(function, rows)
            found = program(rows)
        except (ArithmeticError, autograd.CompileError):
            continue
        if " matrix product l" not in program.stages.get("contract", ""):
            assert bits(found) == bits(expected), f"seed {seed}"
            checked += 1
    return checked


@pytest.mark.parametrize("backend", BACKENDS)
def test_random_programs_to_the_bit(backend):
    assert check_random(range(12), backend) > 8


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_more_random_programs_to_the_bit(backend):
    assert check_random(range(100, 220), backend) > 90
