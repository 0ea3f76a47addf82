"""State around the loss: in the data, in the optimiser, in its learning rate. fit gives the numbers
of plain Python all the same, and ``how`` says why it did not compile."""

import functools
import math
import random

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value
from nn import SGD, Adam, Optimizer, fit

pytest.importorskip("llvmlite")

STREAM = random.Random(5)
X = [[STREAM.random(), STREAM.random()] for _ in range(60)]
T = [[0.3 if i % 2 else -0.4] for i in range(60)]

w, b = Value(0.5), Value(0.1)


@pytest.fixture(autouse=True)
def everything_is_worth_compiling(monkeypatch):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)


def loss(x, t):
    return (w * x[0] + b - t[0]) ** 2


def train(compile, rows=lambda: X, targets=lambda: T, make=lambda: SGD([w, b], lr=0.05), **more):
    """The losses, the parameters and how."""
    w.data, b.data = 0.5, 0.1
    history = fit(loss, rows(), targets(), make(), 20, progress=False, compile=compile, **more)
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
    assert how.startswith("machine, <compiled")
    assert found[0] == pytest.approx(train(False)[0][0], rel=1e-9)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_row_may_hold_whole_numbers_where_the_first_has_floats(swapped):
    rows = [[0.5, 1.0]] * 30 + [[2, 1]] + [[0.25, 1.0]] * 29

    def of_types(x, t):
        return (w * (x[0] if isinstance(x[0], int) else 5.0) + b - t[0]) ** 2 + 0.0 * x[1]

    def run(compile, loss):
        w.data, b.data = 0.5, 0.1
        given = (T, rows) if swapped else (rows, T)
        return fit(loss, *given, SGD([w, b], 0.01), 3, progress=False, compile=compile)

    def by_targets(x, t):
        return of_types(t, x)

    asking = by_targets if swapped else of_types
    assert run(None, asking).losses == run(False, asking).losses
    with pytest.raises(CompileError, match="row 30"):
        run(True, asking)
    assert run(None, loss).how.startswith("machine, <compiled")


# --- in the learning rate ---

rate_state = {"n": 0}


def by_a_parameter(step):
    return 0.1 / (1 + abs(w.data))


def by_a_comparison(step):
    return 0.05 if w > 0.2 else 0.02


def by_a_gradient(step):
    return 0.05 if abs(w.grad) < 0.1 else 0.01


def by_an_attribute(step):
    return 0.1 / (1 + abs(holder.seen.data))


def clipping(step):
    w.data = max(-0.01, min(0.01, w.data))
    return 0.05


def counting(step):
    rate_state["n"] += 1
    return 0.05 if rate_state["n"] % 7 else 0.2


def holder():
    pass


holder.seen = w


def noisy(step):
    return 0.1 * STREAM.random()


class OfAModel:
    def __init__(self):
        self.parameters = (w, b)

    def rate(self, step):
        return 0.05 / (1 + sum(p.data**2 for p in self.parameters))


def turning(rows):
    def rate(step):
        if step == 500:
            for row in rows:
                row[0] = -row[0]
        return 0.05

    return rate


RATES = {
    by_a_parameter: "it reaches Values",
    by_a_comparison: "it reaches Values",
    by_a_gradient: "it reaches Values",
    by_an_attribute: "it reaches Values",
    clipping: "it reaches Values",
    counting: "it changes the dict in the global 'rate_state'",
    noisy: "random.Random in the global 'STREAM'",
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("rate", RATES)
def test_a_learning_rate_that_does_more_than_count_steps(rate):
    def make():
        STREAM.seed(0)
        rate_state["n"] = 0
        return SGD([w, b], lr=rate)

    in_plain_python(f"the function of the learning rate: {RATES[rate]}", make=make)


def test_a_learning_rate_that_is_a_method_or_changes_the_rows():
    in_plain_python("it reaches Values", make=lambda: SGD([w, b], lr=OfAModel().rate))
    results = []
    for compile in None, False:
        rows = [list(row) for row in X]
        results.append(train(compile, lambda: rows, make=lambda: SGD([w, b], lr=turning(rows))))
    assert results[0][0] == results[1][0]
    assert "it reaches the rows of X, which compiled code reads once" in results[0][1]


def test_a_learning_rate_that_logs_parameters_logs_those_of_each_step():
    log = []

    def rate(step):
        log.append(w.data)
        return 0.05

    train(None, make=lambda: SGD([w, b], lr=rate))
    seen = list(log)
    log.clear()
    train(False, make=lambda: SGD([w, b], lr=rate))
    assert seen == log
    assert len(set(log)) > 100


def test_asked_for_how_says_what_the_learning_rate_does():
    _, how = train(True, make=lambda: SGD([w, b], lr=by_a_parameter))
    assert how.startswith("machine")
    assert "; the function of the learning rate: it reaches Values" in how


class Cosine:
    def __init__(self, most, steps):
        self.most, self.steps = most, steps

    def __call__(self, step):
        return self.most * (1 + math.cos(math.pi * min(step / self.steps, 1))) / 2


STAIRS = [500, 1000]

SCHEDULES = [
    lambda step: 0.05 / (1 + step / 30),
    lambda step: 0.05 * 0.5 ** sum(step > stair for stair in STAIRS),
    Cosine(0.05, 2000),
    functools.partial(pow, 0.999),
]


@pytest.mark.unmeasured
@pytest.mark.parametrize("rate", SCHEDULES)
def test_a_plain_schedule_is_compiled(rate):
    found, how = train(None, make=lambda: SGD([w, b], lr=rate))
    assert how.startswith("machine, <compiled")
    assert found[0] == pytest.approx(train(False, make=lambda: SGD([w, b], lr=rate))[0][0], 1e-9)


# --- in the optimiser ---


class Warm(Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.t = [0]

    def update(self, p, gradient):
        self.t[0] += 1
        return p - (0.05 if self.t[0] < 1000 else 0.001) * gradient


class ByMethod(Warm):
    def warm(self):
        self.t.append(1)
        return 0.05 if len(self.t) < 1000 else 0.001

    def update(self, p, gradient):
        return p - self.warm() * gradient


class Trusting(Warm):
    def update(self, p, gradient):
        return p - 0.05 / (1 + abs(w.data)) * gradient


class OfParameters(Warm):
    def update(self, p, gradient):
        return p - 0.05 / (1 + abs(self.parameters[0].data)) * gradient


class ByStep(Warm):
    def update(self, p, gradient):
        return p - 0.05 / (1 + self.steps_taken / 100) * gradient


class Zeroing(SGD):
    n = 0

    def zero_grad(self, *a, **k):
        self.n += 1
        self.lr = 0.05 if self.n % 7 else 0.3
        super().zero_grad(*a, **k)


class Property(SGD):
    n = 0

    @property
    def momentum(self):
        self.n += 1
        return 0.0 if self.n < 1000 else 0.9

    @momentum.setter
    def momentum(self, v):
        pass


class Asking(SGD):
    def lr_at(self, step):
        return 0.1 / (1 + abs(w.data))


class Stepping(SGD):
    def step(self):
        super().step()
        w.data *= 0.999


class Attributes(SGD):
    def __getattribute__(self, name):
        if name == "momentum":
            return 0.9 * (abs(w.data) > 0.1)
        return super().__getattribute__(name)


OPTIMISERS = {
    Warm: "Warm.update changes the list in",
    ByMethod: "ByMethod.update changes the list in",
    Trusting: "Trusting.update: it reaches Values",
    OfParameters: "OfParameters.update may read parameters",
    ByStep: "ByStep.update may read steps_taken",
    lambda p: Zeroing(p, lr=0.05): "compiled training does not call Zeroing.zero_grad",
    lambda p: Property(p, lr=0.05): "compiled training does not call Property.momentum",
    lambda p: Asking(p, lr=lambda step: 0.05): "compiled training does not call Asking.lr_at",
    lambda p: Stepping(p, lr=0.05): "Stepping steps in Python",
    lambda p: Attributes(p, lr=0.05): "does not call Attributes.__getattribute__",
}


@pytest.mark.parametrize("make", OPTIMISERS)
def test_an_optimiser_that_keeps_state(make):
    in_plain_python(OPTIMISERS[make], make=lambda: make([w, b]))
    assert OPTIMISERS[make] in asked(lambda: make([w, b]))


def asked(make):
    """What compile=True says."""
    try:
        return train(True, make=make)[1]
    except CompileError as error:
        return str(error)


class Scaled(Optimizer):
    settings, memories = ("lr", "keep"), ("mean",)
    scale = 0.5

    def __init__(self, parameters, lr=0.05, keep=0.9):
        super().__init__(parameters)
        self.lr, self.keep = lr, keep

    def rate(self):
        return self.lr * self.scale

    def update(self, p, gradient, mean):
        mean = self.keep * mean + (1 - self.keep) * gradient
        return p - self.rate() * autograd.tanh(mean), mean


class Smaller(Scaled):
    def update(self, p, gradient, mean):
        p, mean = super().update(p, gradient, mean)
        return p * 0.9999, mean


@pytest.mark.parametrize("make", [lambda p: Adam(p, lr=0.01), Scaled, Smaller])
def test_an_optimiser_that_only_computes_is_compiled(make):
    found, how = train(None, make=lambda: make([w, b]))
    assert how.startswith("machine, <compiled")
    assert found[0] == pytest.approx(train(False, make=lambda: make([w, b]))[0][0], 1e-9)
