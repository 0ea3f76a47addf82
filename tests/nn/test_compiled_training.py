"""fit in compiled code does what the plain loop does."""

import itertools
import random

import numpy as np
import pytest

import autograd.compiler.recordings
from autograd import CompileError, Value, compile
from nn import MLP, SGD, Adam, Optimizer, cross_entropy, fit, half_squared_error
from nn.compiled_training import Trainer
from tests.counts import some

np_rows = np.random.default_rng(0)
X = np_rows.normal(size=(23, 3))
T = np_rows.normal(size=(23, 2))


class Lion(Optimizer):
    """Chen et al., "Symbolic discovery of optimization algorithms", 2023, algorithm 2."""

    settings, memories = ("lr", "betas", "weight_decay"), ("mean",)

    def __init__(self, parameters, lr=0.01, betas=(0.9, 0.99), weight_decay=0.1):
        super().__init__(parameters)
        self.lr, self.betas, self.weight_decay = lr, betas, weight_decay

    def update(self, p, gradient, mean):
        keep, keep_mean = self.betas
        direction = autograd.ops.sign(keep * mean + (1 - keep) * gradient)
        p = p - self.lr * (direction + self.weight_decay * p)
        return p, keep_mean * mean + (1 - keep_mean) * gradient


class RMSProp(Optimizer):
    """Tieleman and Hinton, "Lecture 6.5", 2012; with a count of steps that takes the bias out."""

    settings, memories = ("lr", "keep"), ("steps", "square")

    def __init__(self, parameters, lr=0.01, keep=0.9):
        super().__init__(parameters)
        self.lr, self.keep = lr, keep

    def update(self, p, gradient, steps, square):
        steps = steps + 1
        square = self.keep * square + (1 - self.keep) * gradient**2
        rms = autograd.sqrt(square / (1 - self.keep**steps))
        return p - self.lr * gradient / autograd.maximum(rms, 1e-8), steps, square


OPTIMISERS = {
    "descent": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: Adam(p, lr=0.02, weight_decay=0.01),
    "lion": Lion,
    "rmsprop": RMSProp,
}


def train(make, inputs=X, targets=T, loss=None, **options):
    """Parameters, optimiser and history after a training; of a new model each time."""
    model = MLP(3, [5, 2], seed=1)
    optimizer = make(model.parameters())
    loss = loss or (lambda model, x, t: half_squared_error(model(x), t))
    history = fit(
        lambda x, t: loss(model, x, t), inputs, targets, optimizer, progress=False, **options
    )
    return [p.data for p in model.parameters()], optimizer, history


def assert_same(one, other):
    (weights, optimizer, history), (expected, plain, plain_history) = one, other
    assert weights == pytest.approx(expected, abs=1e-12)
    assert history.losses == pytest.approx(plain_history.losses, abs=1e-12)
    for name in plain.memories:
        assert getattr(optimizer, name) == pytest.approx(getattr(plain, name), abs=1e-12)


@pytest.fixture(params=["machine", "numpy"])
def backend(request, monkeypatch):
    if request.param == "machine":
        pytest.importorskip("llvmlite")
    else:
        import importlib.util

        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *a: None if name == "llvmlite" else found(name),
        )
    return request.param


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
@pytest.mark.parametrize("shuffle", [False, 7])
def test_it_does_what_the_plain_loop_does(backend, name, batch_size, shuffle):
    options = {"epochs": 3, "batch_size": batch_size, "shuffle": shuffle}
    native = train(OPTIMISERS[name], compile=True, **options)
    plain = train(OPTIMISERS[name], compile=False, **options)
    assert native[2].how.startswith(backend)
    assert plain[2].how == "plain Python"
    assert_same(native, plain)


@pytest.mark.slow
@pytest.mark.parametrize("data", [X.tolist(), X.astype(np.float32), [tuple(row) for row in X]])
def test_rows_of_any_kind(data):
    make = OPTIMISERS["descent"]
    assert_same(
        train(make, inputs=data, compile=True, batch_size=4),
        train(make, inputs=data, compile=False, batch_size=4),
    )


@pytest.mark.slow
def test_whole_numbers_are_trained_on_as_they_are():
    whole = (X > 0).astype(np.uint8)
    make = OPTIMISERS["momentum"]
    options = {"epochs": 2, "shuffle": 3, "batch_size": 4}
    assert_same(
        train(make, inputs=whole, compile=True, **options),
        train(make, inputs=whole, compile=False, **options),
    )


def test_rows_that_take_another_branch_are_done_by_hand(backend):
    def branching(model, x, t):
        out = model(x)
        return half_squared_error(out, t) if x[0] < 1 else out[0] * out[0]

    options = {"loss": branching, "epochs": 2, "batch_size": 4}
    make = OPTIMISERS["momentum"]
    assert_same(train(make, compile=True, **options), train(make, compile=False, **options))


def test_parameters_that_are_not_trained_stay_and_those_without_use_decay(backend):
    def run(compile):
        a, b, idle = Value(0.5), Value(0.7), Value(1.0)
        optimizer = SGD([a, idle], lr=0.1, momentum=0.5, weight_decay=0.1)
        fit(lambda x, t: half_squared_error(a * x[0] + b, t), X[:, :1], T[:, :1], optimizer,
            epochs=3, progress=False, compile=compile)  # fmt: skip
        return a.data, b.data, idle.data

    assert run(True) == pytest.approx(run(False), abs=1e-13)
    assert run(True)[1] == 0.7


@pytest.mark.parametrize(
    "loss",
    [lambda p, x, t: p + 0.0, lambda p, x, t: p],
    ids=["the parameter and nothing", "the parameter itself"],
)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_an_error_of_parameters_alone(backend, loss, batch_size):
    def run(compile):
        p = Value(0.5)
        history = fit(
            lambda x, t: loss(p, x, t), X[:, :1], T[:, :1], SGD([p], lr=0.1),
            epochs=2, batch_size=batch_size, progress=False, compile=compile,
        )  # fmt: skip
        return p.data, history.losses

    (found, losses), (expected, plain_losses) = run(True), run(False)
    assert found == pytest.approx(expected, abs=1e-12)
    assert losses == pytest.approx(plain_losses, abs=1e-12)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_an_error_that_is_not_finite_stops_before_its_step(backend, batch_size):
    def broken(model, x, t):
        return half_squared_error(model(x), t) + autograd.log(x[0] + 10) * 0

    bad = X.copy()
    bad[9, 0] = -10.0

    def run(compile):
        model = MLP(3, [5, 2], seed=1)
        optimizer = SGD(model.parameters(), lr=0.1)
        with pytest.raises(FloatingPointError, match=r"epoch 1, row (9|8|10|11) \(X"):
            fit(lambda x, t: broken(model, x, t), bad, T, optimizer, batch_size=batch_size,
                progress=False, compile=compile)  # fmt: skip
        return [p.data for p in model.parameters()]

    assert run(True) == pytest.approx(run(False), abs=1e-13)


@pytest.fixture
def recordings(monkeypatch):
    """A list that grows with each recording."""
    made, record = [], autograd.compiler.recordings.record

    def counted(*given):
        made.append(record(*given))
        return made[-1]

    monkeypatch.setattr("autograd.compiler.recordings.record", counted)
    return made


def test_a_compiled_error_is_recorded_once(recordings):
    model = MLP(3, [5, 2], seed=1)
    loss = compile(lambda x, t: half_squared_error(model(x), t))
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        history = fit(loss, X, T, optimizer, progress=False)
    assert len(recordings) == 1
    assert "matrix products" in history.how


@pytest.mark.parametrize("name", OPTIMISERS)
def test_how_long_a_call_may_take_does_not_change_a_bit(monkeypatch, name, backend):
    def bits(rows, seconds):
        monkeypatch.setattr("nn.compiled_training.FIRST_ROWS", rows)
        monkeypatch.setattr("nn.compiled_training.SECONDS_A_CALL", seconds)
        weights, optimizer, history = train(
            OPTIMISERS[name], epochs=5, batch_size=3, shuffle=1, compile=True
        )
        memories = [getattr(optimizer, memory) for memory in optimizer.memories]
        return repr((weights, memories, history.losses))

    usual = bits(4096, 0.1)
    assert bits(3, 0.0) == usual  # a fast clock: every call is too long, and takes one batch
    assert bits(3, 1e9) == usual  # a slow one: each call takes twice as many


@pytest.mark.parametrize(
    ("seconds", "rows"), [(0.0, [12, 6, 3, 3, 3]), (100.0, [12, 24, 27])], ids=["too long", "short"]
)
def test_a_call_takes_half_the_rows_after_one_that_was_too_long(monkeypatch, seconds, rows):
    taken, usual = [], Trainer._train

    def noted(trainer, order, start, stop, *others):
        taken.append(stop - start)
        return usual(trainer, order, start, stop, *others)

    monkeypatch.setattr(Trainer, "_train", noted)
    monkeypatch.setattr("nn.compiled_training.FIRST_ROWS", 12)
    monkeypatch.setattr("nn.compiled_training.SECONDS_A_CALL", seconds)
    monkeypatch.setattr("nn.compiled_training.time.perf_counter", itertools.count(1000.0).__next__)
    train(OPTIMISERS["descent"], X[:21], T[:21], epochs=3, batch_size=3, compile=True)
    assert taken[1 : len(rows) + 1] == rows  # the first is none, to compile
    assert sum(taken) == 63


def test_little_work_is_not_compiled_and_says_so():
    _, _, history = train(OPTIMISERS["descent"])
    assert history.how == "plain Python: too little work for compiling to pay"


def test_a_function_that_looks_at_numbers_is_not_compiled_unasked(monkeypatch):
    pytest.importorskip("llvmlite")

    def nosy(model, x, t):
        e = half_squared_error(model(x), t)
        return e if e.data >= 0 else -e  # looks

    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    _, _, history = train(OPTIMISERS["descent"], loss=nosy)
    assert history.how.startswith("plain Python: the number in a Value is looked at")
    assert "# looks" in history.how


def test_a_function_that_cannot_be_recorded_runs_in_plain_python_and_says_why(monkeypatch):
    def rounding(model, x, t):
        return half_squared_error(model(x), [round(v) for v in t])

    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    _, _, history = train(OPTIMISERS["descent"], loss=rounding)
    assert "TypeError: float, int, round" in history.how
    with pytest.raises(TypeError, match="float, int, round"):
        train(OPTIMISERS["descent"], loss=rounding, compile=True)


def test_a_function_without_native_code_runs_in_plain_python_and_says_why(monkeypatch):
    pytest.importorskip("llvmlite")
    from autograd.compiler.machine.executor import MachineExecutor

    def broken(*_):
        raise RuntimeError("no compiler here")

    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    monkeypatch.setattr(MachineExecutor, "train", broken)
    found = train(OPTIMISERS["descent"])
    assert found[2].how == "plain Python: RuntimeError: no compiler here"
    assert_same(found, train(OPTIMISERS["descent"], compile=False))
    with pytest.raises(RuntimeError, match="no compiler here"):
        train(OPTIMISERS["descent"], compile=True)


def test_detect_anomaly_sees_the_operation(backend):
    def loss(model, x, t):
        e = half_squared_error(model(x), t)
        return e + (-1.0 - e * e).log()

    with autograd.detect_anomaly():
        with pytest.raises(autograd.AnomalyError, match="log"):
            train(OPTIMISERS["descent"], loss=loss)
        with pytest.raises(CompileError, match="watches plain Python"):
            train(OPTIMISERS["descent"], compile=True)
        assert "detect_anomaly" in train(OPTIMISERS["descent"])[2].how


@pytest.mark.parametrize("compile", [True, False])
def test_gradients_are_0_afterwards(compile):
    _, optimizer, _ = train(OPTIMISERS["descent"], compile=compile)
    assert [p.grad for p in optimizer.parameters] == [0.0] * len(optimizer.parameters)


def test_an_update_that_is_not_arithmetic_says_so():
    class Clipped(SGD):
        def update(self, p, gradient, velocity):
            return (p - 0.01 * gradient if gradient > 0 else p), velocity

    def make(parameters):
        return Clipped(parameters, lr=0.1)

    with pytest.raises(CompileError, match=r"Clipped\.update is not plain arithmetic"):
        train(make, compile=True)
    with pytest.raises(TypeError, match="an update cannot branch on a parameter, a gradient"):
        train(make)


def test_an_update_that_changes_its_optimiser_is_not_compiled():
    class Decaying(SGD):
        calls = 0

        def update(self, p, gradient, velocity):
            self.calls += 1
            return p - self.lr / self.calls * gradient, velocity

    def make(parameters):
        return Decaying(parameters, lr=0.1)

    with pytest.raises(CompileError, match=r"Decaying\.update changes the optimiser's calls"):
        train(make, compile=True)
    _, optimizer, _ = train(make, compile=False)
    assert optimizer.calls > 1


@pytest.mark.slow
def test_what_an_object_overrides_is_not_overlooked():
    def halved(parameters):
        optimizer = SGD(parameters, lr=0.1)
        step = optimizer.step

        def and_halve():
            step()
            optimizer.lr /= 2

        optimizer.step = and_halve
        return optimizer

    with pytest.raises(CompileError, match="SGD steps in Python"):
        train(halved, compile=True)

    def another(parameters):
        optimizer = SGD(parameters, lr=0.1)
        optimizer.update = lambda p, gradient, velocity: (p - 0.01 * gradient, velocity)
        return optimizer

    compiled, plain = train(another, compile=True)[0], train(another, compile=False)[0]
    assert compiled == pytest.approx(plain, rel=1e-9)


def test_an_update_returns_every_memory():
    class Forgetful(RMSProp):
        def update(self, p, gradient, steps, square):
            return super().update(p, gradient, steps, square)[:2]

    with pytest.raises(CompileError, match="must return the parameter and its memories"):
        train(Forgetful, compile=True)
    with pytest.raises(TypeError, match=r"\('steps', 'square'\), 3 in all; it returned 2"):
        train(Forgetful)


def test_a_custom_step_runs_in_python():
    class Signs(Optimizer):
        def step(self):
            for p in self.parameters:
                p.data -= 0.01 * ((p.grad > 0) - (p.grad < 0))

    with pytest.raises(CompileError, match="Signs steps in Python"):
        train(Signs, compile=True)
    assert train(Signs)[2].how.startswith("plain Python")


def test_the_index_of_a_class_needs_one_recording(recordings):
    model = MLP(3, [4], output_activation=None, seed=1)
    labels = (np.arange(23) % 4)[:, None]

    def run(compile):
        model = MLP(3, [4], output_activation=None, seed=1)
        optimizer = SGD(model.parameters(), lr=0.1)
        history = fit(
            lambda x, t: cross_entropy(model(x), t[0]), X, labels, optimizer,
            epochs=2, progress=False, compile=compile,
        )  # fmt: skip
        assert "in plain Python" not in history.how
        return [p.data for p in model.parameters()]

    assert run(True) == pytest.approx(run(False), abs=1e-12)
    assert len(recordings) == 1
    program = compile(lambda x, t: cross_entropy(model(x), t[0]), backend="numpy")
    expected = [cross_entropy(model(list(x)), int(t)).data for x, t in zip(X, labels[:, 0])]
    assert program(X, labels) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="index from 0 to 3"):
        program(X, labels + 4)


def test_a_matrix_product_of_one_number_by_one_number():
    losses = []
    for compiled in (False, True):
        weight = Value(0.5)

        def loss(x, t, weight=weight):
            return (autograd.tanh(autograd.dot(x, [x[1], weight])) - t[0]) ** 2

        optimiser = SGD([weight], lr=0.1)
        options = {"epochs": 2, "batch_size": 1, "compile": compiled, "progress": False}
        losses.append(fit(loss, [[0.1, 0.2], [0.3, 0.4]], [[0.5], [0.6]], optimiser, **options))
    assert losses[1].losses == pytest.approx(losses[0].losses, rel=1e-12)


# --- programs at random ---


def trained(number, compile):
    """Parameters and losses after training something of two inputs and a few shared parameters."""
    stream = random.Random(number)
    parameters = [Value(stream.uniform(-1, 1)) for _ in range(1 + number % 4)]
    steps = [(stream.randrange(6), [stream.random() for _ in range(4)]) for _ in range(6)]
    rows = [[stream.uniform(-1, 1) for _ in range(3)] for _ in range(8)]

    def loss(x, t):
        known = [*x, *parameters]
        for kind, chosen in steps:
            a, b, c, d = (known[int(part * len(known))] for part in chosen)
            results = [
                lambda a=a, b=b: a + b,
                lambda a=a, b=b: a * b,
                lambda a=a: autograd.tanh(a),
                lambda a=a, b=b, c=c, d=d: autograd.dot([a, b], [c, d]),
                lambda a=a, b=b, c=c: autograd.sum([a, b, c]),
                lambda a=a, b=b: autograd.sigmoid(a - b),
            ]
            known.append(results[kind]())
        score = autograd.dot(known[-3:], [parameters[0], *known[-2:]])
        return (autograd.tanh(score) - t[0]) ** 2 / 2

    make = list(OPTIMISERS.values())[number % 3]
    X, T = [row[:2] for row in rows], [row[2:] for row in rows]
    options = {"epochs": 2, "batch_size": stream.choice([1, 4]), "progress": False}
    history = fit(loss, X, T, make(parameters), compile=compile, **options)
    return [p.data for p in parameters] + history.losses


@pytest.mark.parametrize("number", some(range(12), 0))
def test_small_programs_of_shared_parameters(number):
    pytest.importorskip("llvmlite")
    assert trained(number, True) == pytest.approx(trained(number, False), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 300])
def test_0_times_an_infinite_derivative_stops_compiled_training_where_plain_python_stops(steps):
    """300 steps without a matrix are another executor's."""
    stops = []
    for compiled in (False, True):
        w = Value(1.0, "w")

        def loss(x, t):
            y = (w * x[0]).sqrt() * 0.0
            for _ in range(steps - 1):
                y = y * 0.5 + (w * x[0]).sin() * 0.01
            return y + (w - t[0]) ** 2

        with pytest.raises(FloatingPointError) as stop:
            fit(loss, [[1.0], [0.0], [1.0]], [[0.0]] * 3, SGD([w], 0.1), 2, compile=compiled)
        stops.append((str(stop.value), w.data))
    assert stops[0][0] == stops[1][0]
    assert stops[0][1] == pytest.approx(stops[1][1], rel=1e-14)
    assert "row 1 (X[1])" in stops[0][0]


def test_the_bar_names_each_epoch(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "nn.train.Plan.show", lambda self, epoch, mean, new: shown.append((epoch, new))
    )
    train(OPTIMISERS["descent"], epochs=3, compile=True)
    assert shown[-1][0] == 3
    assert sum(new for _, new in shown) == 3 * len(X)


def test_a_loss_that_is_a_list_is_not_compiled():
    model = MLP(3, [2], seed=1)
    with pytest.raises(CompileError, match="the loss must be one Value"):
        fit(lambda x, t: model(x), X, T, SGD(model.parameters(), 0.1), compile=True)
