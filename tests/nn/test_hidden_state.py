"""fit compiles unasked only what keeps no state; its numbers are always those of plain Python."""

import collections
import functools
import itertools
import operator
import random
import time

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value, compile, no_grad
from autograd.compiler.purity.reach import Reach
from nn import MLP, SGD, Module, cross_entropy, fit, half_squared_error
from nn.arguments import Rows
from nn.audit import Audit

pytest.importorskip("llvmlite")

X = [[i / 40, 1 - i / 40] for i in range(40)]
T = [[1.0] if i > 20 else [-1.0] for i in range(40)]

calls: list[int] = []
stream = random.Random(0)
count = 0
steps = {"done": 0}


@pytest.fixture(autouse=True)
def everything_is_worth_compiling(monkeypatch):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)


@pytest.fixture
def numpy_backend(monkeypatch):
    monkeypatch.setattr("autograd.compiler.compiled.importlib.util.find_spec", lambda *_: None)


def train(make, compile=None, epochs=30, model=None):
    """The losses, the parameters and the history after a training of a new model."""
    calls.clear()
    stream.seed(0)
    steps["done"] = 0
    random.seed(0)
    np.random.seed(0)
    model = model or MLP(2, [3, 1], seed=1)
    loss = make(model)
    moved = loss if isinstance(loss, Module) else model
    optimizer = SGD(moved.parameters(), lr=0.1)
    history = fit(loss, X, T, optimizer, epochs, progress=False, compile=compile)
    return history.losses, [p.data for p in model.parameters()], history


# --- functions that keep state, or do something besides ---


def flipped(flip, t):
    return [-t[0] if flip else t[0]]


def closure(model):
    noise = random.Random(0)
    return lambda x, t: half_squared_error(model(x), flipped(noise.random() < 0.1, t))


def of_module(model):
    return lambda x, t: half_squared_error(model(x), flipped(stream.random() < 0.1, t))


def default(model):
    def loss(x, t, noise=random.Random(0)):  # noqa: B008
        return half_squared_error(model(x), flipped(noise.random() < 0.1, t))

    loss.__defaults__[0].seed(0)
    return loss


class Noisy(Module):
    def __init__(self, model):
        self.model, self.noise = model, random.Random(0)

    def __call__(self, x, t):
        return half_squared_error(self.model(x), flipped(self.noise.random() < 0.1, t))

    def method(self, x, t):
        return self(x, t)


def shared(model):
    return lambda x, t: half_squared_error(model(x), flipped(random.random() < 0.1, t))


def bound(model, draw=random.Random(0).random):  # noqa: B008
    draw.__self__.seed(0)
    return lambda x, t: half_squared_error(model(x), flipped(draw() < 0.1, t))


def of_numpy(model):
    noise = np.random.default_rng(0)
    return lambda x, t: half_squared_error(model(x), flipped(noise.random() < 0.1, t))


def of_numpy_shared(model):
    return lambda x, t: half_squared_error(model(x), flipped(np.random.rand() < 0.1, t))


def late(model):
    """It matters after a thousand calls only."""
    done = [0]

    def loss(x, t):
        done[0] += 1
        return half_squared_error(model(x), flipped(done[0] > 1000, t))

    return loss


def late_global(model):
    global count
    count = 0

    def loss(x, t):
        global count
        count += 1
        return half_squared_error(model(x), flipped(count > 1000, t))

    return loss


def late_nonlocal(model):
    done = 0

    def loss(x, t):
        nonlocal done
        done += 1
        return half_squared_error(model(x), flipped(done > 1000, t))

    return loss


def late_attribute(model):
    def loss(x, t):
        loss.done += 1
        return half_squared_error(model(x), flipped(loss.done > 1000, t))

    loss.done = 0
    return loss


def of_a_value(model):
    model.layers[0].neurons[0].bias.seen = 0

    def loss(x, t):
        p = model.layers[0].neurons[0].bias
        p.seen += 1
        return half_squared_error(model(x), flipped(p.seen > 1000, t))

    return loss


class Scheduled(Module):
    done = 0

    def __init__(self, model):
        self.model = model

    def __call__(self, x, t):
        self.done += 1
        return half_squared_error(self.model(x), t) / (1 + self.done / 100)


def append(model):
    def loss(x, t):
        calls.append(1)
        return half_squared_error(model(x), t)

    return loss


def iterator(model):
    signs = itertools.cycle([1, 1, 1, -1])
    return lambda x, t: half_squared_error(model(x), [next(signs) * t[0]])


def deviating(model):
    """A branch that few rows take changes what the others see."""

    def loss(x, t):
        if x[0] > 0.9:
            steps["done"] += 1
        return half_squared_error(model(x), flipped(steps["done"] > 5, t))

    return loss


def dropout(model):
    def loss(x, t):
        kept = [v * (random.random() < 0.5) / 0.5 for v in model.layers[0](x)]
        return half_squared_error(model.layers[1](kept), t)

    return loss


def cached(model):
    @functools.cache
    def norm(n):
        return sum(p * p for p in model.parameters()[:n])

    return lambda x, t: half_squared_error(model(x), t) + 0.01 * norm(3)


def computed_before(model):
    norm = sum(p * p for p in model.parameters())
    return lambda x, t: half_squared_error(model(x), t) + 0.01 * norm


def decorated(model):
    @no_grad()
    def flip():
        return stream.random() < 0.1

    return lambda x, t: half_squared_error(model(x), flipped(flip(), t))


def clipped(model):
    """It changes the parameters themselves, at each call."""

    def loss(x, t):
        for p in model.parameters():
            p.data = max(min(p.data, 0.9), -0.9) * 0.999
        return half_squared_error(model(x), t)

    return loss


def grad_set(model):
    def loss(x, t):
        model.zero_grad()
        return half_squared_error(model(x), t)

    return loss


STATE = {
    closure: "random.Random in the closure variable 'noise'",
    of_module: "random.Random in the global 'stream'",
    default: "random.Random in the default of 'noise'",
    Noisy: "random.Random in the attribute 'noise' of Noisy",
    (lambda model: Noisy(model).method): "random.Random in the attribute 'noise' of Noisy",
    (lambda model: functools.partial(Noisy(model))): "random.Random in the attribute 'noise'",
    shared: "random.Random in random.random",
    bound: "random.Random in the closure variable 'draw'",
    of_numpy: "Generator in the closure variable 'noise'",
    of_numpy_shared: "RandomState in np.random.rand",
    late: "the loss changes the list in the closure variable 'done'",
    late_global: "the global 'count' is changed",
    late_nonlocal: "the variable 'done' outside is changed",
    late_attribute: "the attributes of loss",
    of_a_value: "the loss changes the Value in the attribute 'bias' of Neuron",
    Scheduled: "the loss changes the Scheduled in",
    append: "the loss changes the list in the global 'calls'",
    iterator: "itertools.cycle in the closure variable 'signs'",
    dropout: "random.Random in random.random",
    cached: "functools._lru_cache_wrapper in the closure variable 'norm'",
    computed_before: "a Value that was computed before, by add, in the closure variable 'norm'",
    grad_set: "sets a Value's grad",
    decorated: "random.Random in the global 'stream'",
    clipped: "sets a Value's data",
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("make", STATE, ids=lambda make: make.__name__)
def test_a_loss_that_keeps_state_trains_as_in_plain_python(make):
    losses, weights, history = train(make)
    seen = len(calls)
    expected, expected_weights, _ = train(make, compile=False)
    assert (losses, weights, seen) == (expected, expected_weights, len(calls))
    assert history.how.startswith("plain Python: ")
    assert STATE[make] in history.how


def test_a_rare_branch_that_changes_something_ends_compiled_code():
    losses, weights, history = train(deviating)
    expected, expected_weights, _ = train(deviating, compile=False)
    assert losses == pytest.approx(expected, rel=1e-9)
    assert weights == pytest.approx(expected_weights, rel=1e-9)
    assert "because the loss changes the dict in the global 'steps'" in history.how


def printing(model):
    def loss(x, t):
        print(x)
        return half_squared_error(model(x), t)

    return loss


def writing(model, file):
    def loss(x, t):
        file.write("row ")
        return half_squared_error(model(x), t)

    return loss


def reading(model):
    def loss(x, t):
        with open(__file__) as file:
            return half_squared_error(model(x), t) * len(file.readline())

    return loss


def imported(model):
    def loss(x, t):
        import time

        return half_squared_error(model(x), t) * (time.time() > 0)

    return loss


def timed(model):
    return lambda x, t: half_squared_error(model(x), t) * (time.perf_counter() > 0)


def test_what_does_something_besides_does_it_for_every_row(capsys, tmp_path):
    _, _, history = train(printing, epochs=2)
    assert capsys.readouterr().out.count("\n") == 80
    assert "the call of print, at" in history.how
    with open(tmp_path / "rows", "w") as file:
        _, _, history = train(lambda model: writing(model, file), epochs=2)
    assert (tmp_path / "rows").read_text() == "row " * 80
    assert "TextIOWrapper in the closure variable 'file'" in history.how


@pytest.mark.parametrize(
    ("make", "name"), [(reading, "open"), (imported, "the import of time"), (timed, "time.perf")]
)
def test_files_and_clocks_are_for_plain_python(make, name):
    assert name in train(make, epochs=2)[2].how


# --- functions that keep none ---


class Recurrent(Module):
    def __init__(self, model):
        self.w, self.u = Value(0.3), Value(0.2)
        self.scale, self.history = 1.0, random.Random(0)  # not for the loss

    @property
    def factor(self):
        return self.scale * 2

    def states(self, x):
        h, found = Value(0.0), []
        for v in x:
            h = (self.w * v + self.u * h).tanh()
            found.append(h)
        return found

    def __call__(self, x, t):
        return half_squared_error(self.factor * self.states(x)[-1], t)

    def report(self):
        print(self.history)


class Loud(Recurrent):
    def __call__(self, x, t):
        return super().__call__(x, t) * 2


Pair = collections.namedtuple("Pair", "first second")


def with_lists(model):
    weights = {"a": [0.5, 0.5]}

    def loss(x, t):
        parts = {}
        for i, v in enumerate(sorted(x)):
            parts[i] = v * weights["a"][i]
        pair = Pair(*parts.values())
        total = functools.reduce(operator.add, [model([*pair]), *[0.0 for _ in range(2)]])
        return half_squared_error(total, [max(min(t[0], 1.0), -1.0)])

    return loss


def with_decay(model):
    def loss(x, t):
        return half_squared_error(model(x), t) + 1e-3 * sum(p * p for p in model.parameters())

    return loss


def with_numpy(model):
    scales = np.array([0.5, 2.0])

    def loss(x, t):
        with no_grad():
            offset = sum(x)
        return half_squared_error(model([v * s for v, s in zip(x, scales)]) + 0.0 * offset, t)

    return loss


NO_STATE = [
    lambda model: lambda x, t: half_squared_error(model(x), t),
    lambda model: lambda x, t: autograd.maximum(1 - model(x) * t[0], 0.0),
    Recurrent,
    Loud,
    with_lists,
    with_decay,
    with_numpy,
]


NOT_FOR_A_LOSS = (
    "Adam CheckpointError CompileError Drawing Explanation History Optimizer Page RenderError SGD "
    "clip_grad_norm clip_grad_norm_ connected draw explain fit from_json jit load_checkpoint "
    "load_torch page save_checkpoint save_torch to_json to_networkx to_onnx to_sympy to_torch "
    "training_page"
).split()


@pytest.mark.parametrize("name", [*autograd.__all__, *nn.__all__])
def test_what_a_loss_may_use_of_this_library(name):
    """All that only computes, and nothing else. The modules are listed in purity/trusted.py."""
    thing = getattr(autograd, name, None) or getattr(nn, name)
    assert bool(Reach(lambda: thing).objection) == (name in NOT_FOR_A_LOSS)


@pytest.mark.slow
@pytest.mark.parametrize("make", NO_STATE)
def test_a_loss_without_state_is_compiled(make):
    losses, _, history = train(make)
    assert history.how.startswith("machine, <compiled")
    assert losses == pytest.approx(train(make, compile=False)[0], rel=1e-9)


def test_a_classifier_is_compiled():
    model = MLP(2, [4, 3], output_activation=None, seed=1)
    labels = [[i % 3] for i in range(40)]
    history = fit(
        lambda x, t: cross_entropy(model(x), t[0]), X, labels, SGD(model.parameters(), 0.1),
        epochs=2, progress=False,
    )  # fmt: skip
    assert history.how.startswith("machine, <compiled")


def test_what_changes_beside_the_loss_is_noticed():
    state = {"scale": 1.0}
    first = 0

    def rate(step):
        if step >= first:
            state["scale"] = 1.0 + step
        return 0.01

    def run(compile):
        state["scale"] = 1.0
        model = MLP(2, [3, 1], seed=1)
        return fit(
            lambda x, t: half_squared_error(model(x), t) * state["scale"], X, T,
            SGD(model.parameters(), lr=rate), epochs=3, progress=False, compile=compile,
        )  # fmt: skip

    assert run(None).losses == run(False).losses
    first = 50
    with pytest.raises(CompileError, match="something changed the dict in the closure variable"):
        run(None)


# --- the audit ---


def changing(model):
    """It changes its mind after it was recorded, which takes four calls at most."""
    done = [0]

    def loss(x, t):
        done[0] += 1
        return half_squared_error(model(x), flipped(done[0] > 4, t))

    return loss


@pytest.mark.parametrize("by", [lambda f: f, compile], ids=["asked", "compiled"])
def test_the_audit_finds_what_compiled_code_keeps(numpy_backend, monkeypatch, by):
    monkeypatch.setattr("nn.audit.SHARE", 1.0)
    monkeypatch.setattr("nn.compiled_training.FIRST_ROWS", 10)
    with pytest.raises(
        CompileError, match=r"row \d+ \(X\[\d+\]\) has a loss of .* in plain Python"
    ):
        train(lambda model: by(changing(model)), compile=True, epochs=300)


def test_the_audit_leaves_random_streams_alone(numpy_backend):
    """A stream whose numbers do not count is still where it was."""

    def idle(model):
        def loss(x, t):
            return half_squared_error(model(x), t) + 0.0 * (stream.random() if x[0] > 2 else 0.0)

        return loss

    expected = random.Random(0).getstate()
    _, _, history = train(idle, compile=True)
    assert stream.getstate() == expected
    assert "the recording keeps what comes from random.Random in the global 'stream'" in history.how


def test_the_audit_takes_little_time(monkeypatch):
    """On a clock of its own: an audit takes 0.01 s, and a call of compiled code 0.1 s."""
    now = [0.0]
    monkeypatch.setattr("nn.audit.time.perf_counter", lambda: now[0])
    rows = Rows("X", X)

    def loss(x, t):
        now[0] += 0.01
        return Value(x[0])

    audit, at = Audit(loss, rows, rows, [], True, "float64"), []
    while now[0] < 1000:
        if audit.due():
            at.append(now[0])
            audit.compare(audit.next_row(), lambda row: X[row][0])
        now[0] += 0.1
    assert audit.seconds < 0.01 * 1000
    assert 20 < len(at) < 50
    assert at[0] == 0
    assert sorted(np.diff(at)) == pytest.approx(np.diff(at), abs=0.2)  # they grow


def test_the_audit_names_the_row():
    rows = Rows("X", X)
    audit = Audit(lambda x, t: Value(x[0]), rows, rows, [], True, "float64")
    assert audit.due()
    assert (audit.rows, audit.next_row()) == (0, len(X) - 1)
    audit.compare(3, lambda row: X[row][0])
    audit.compare(3, lambda row: None)  # the program does not hold for it
    with pytest.raises(
        CompileError, match=r"row 7 \(X\[7\]\) has a loss of 0\.175 in plain Python"
    ):
        audit.compare(7, lambda row: 0.18)
    assert len({audit.next_row() for audit.rows in range(40)}) > 20
