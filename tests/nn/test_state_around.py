"""State around the loss: in the data, in the optimiser, in its learning rate. fit gives the numbers
of plain Python all the same, and ``how`` says why it did not compile."""

import random

import numpy as np
import pytest

from autograd import Value
from nn import SGD, fit

pytest.importorskip("numba")

STREAM = random.Random(5)
X = [[STREAM.random(), STREAM.random()] for _ in range(60)]
T = [[0.3 if i % 2 else -0.4] for i in range(60)]

w, b = Value(0.5), Value(0.1)


@pytest.fixture(autouse=True)
def everything_is_worth_compiling(monkeypatch):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    monkeypatch.setattr("nn.choosing.FEWEST_INSTRUCTIONS", 1)


def loss(x, t):
    return (w * x[0] + b - t[0]) ** 2


def train(compile, rows=lambda: X, targets=lambda: T, make=lambda: SGD([w, b], lr=0.05), **more):
    """The losses, the parameters and how."""
    w.data, b.data = 0.5, 0.1
    history = fit(loss, rows(), targets(), make(), 40, progress=False, compile=compile, **more)
    return (history.losses, history.validation, w.data, b.data), history.how


def in_plain_python(expected, **arguments):
    """It trains as with compile=False, to the last digit, and says why."""
    found, how = train(None, **arguments)
    assert found == train(False, **arguments)[0]
    assert how.startswith("plain Python: ")
    assert expected in how


# --- in the data ---


class Counting:
    """Rows that change after a thousand were read."""

    def __init__(self):
        self.n = 0

    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        self.n += 1
        return [X[i][0] * (1.0 if self.n < 1000 else 3.0), X[i][1]]


class Noisy(Counting):
    def __init__(self):
        self.noise = random.Random(1)

    def __getitem__(self, i):
        return [X[i][0] + self.noise.gauss(0, 0.1), X[i][1]]


class Doubling(list):
    def __getitem__(self, i):
        return [2 * v for v in list.__getitem__(self, i)]


class Row(list):
    def __iter__(self):
        return iter([3.0 * STREAM.random(), 1.0])


class Number(float):
    reads = 0

    def __float__(self):
        self.reads += 1
        return float.__add__(self, 0.001 * self.reads)


def numbers():
    return [[Number(x) for x in row] for row in X]


DATA = {
    Counting: "the rows of X are read by Counting.__getitem__",
    Noisy: "the rows of X are read by Noisy.__getitem__",
    lambda: Doubling(X): "the rows of X are read by Doubling.__getitem__",
    numbers: "the rows of X are read by Number.__float__",
    lambda: np.array(numbers(), object): "the rows of X are read by Number.__float__",
}


@pytest.mark.parametrize("rows", DATA)
def test_rows_that_code_of_a_user_makes(rows):
    in_plain_python(DATA[rows], rows=rows)


def test_rows_of_a_class_of_their_own():
    def rows():
        STREAM.seed(0)
        return [Row(row) for row in X]

    in_plain_python("the rows of X are read by Row.__iter__", rows=rows)


def test_targets_and_rows_held_out_are_rows_too():
    in_plain_python(
        "the rows of T are read by Counting.__getitem__", rows=lambda: T, targets=Counting
    )
    found, _ = train(True, validation=(Noisy(), T))
    expected, _ = train(False, validation=(Noisy(), T))
    assert found[1] == pytest.approx(expected[1], rel=1e-9)


def test_rows_that_are_asked_to_be_compiled_are_read_once_and_how_says_so():
    (losses, *_), how = train(True, rows=Noisy)
    assert losses[-1] < losses[0]
    assert how.endswith("; the rows of X are read by Noisy.__getitem__, and once")


@pytest.mark.parametrize(
    "rows",
    [lambda: X, lambda: tuple(map(tuple, X)), lambda: np.array(X), lambda: [*np.array(X)]],
)
def test_rows_in_memory_are_compiled(rows):
    found, how = train(None, rows=rows)
    assert how.startswith("numba, <compiled")
    assert found[0] == pytest.approx(train(False)[0][0], rel=1e-9)
