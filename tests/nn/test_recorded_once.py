"""fit uses a recording again for as long as nothing has changed that the loss can reach."""

import functools
import gc
import weakref

import pytest

import autograd.compiler.recordings
from nn import MLP, SGD, fit, half_squared_error
from nn.audit import Audit

X = [[i / 40, 1 - i / 40] for i in range(40)]
T = [[1.0] if i > 20 else [-1.0] for i in range(40)]


class Unrelated:
    size = 1


@pytest.fixture(autouse=True)
def numpy_backend(monkeypatch):
    monkeypatch.setattr("autograd.compiler.compiled.importlib.util.find_spec", lambda *_: None)


@pytest.fixture
def recordings(monkeypatch):
    """A list that grows with each recording."""
    made, record = [], autograd.compiler.recordings.record

    def counted(*given):
        made.append(record(*given))
        return made[-1]

    monkeypatch.setattr("autograd.compiler.recordings.record", counted)
    return made


SCALE = [1.0]
factor = 1.0


def scaled(y):
    return factor * y


def test_the_same_function_is_recorded_once(recordings):
    model = MLP(2, [3, 1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.1)

    def loss(x, t):
        return half_squared_error(scaled(model(x)), t) * SCALE[0]

    def losses(compile=True):
        return fit(loss, X, T, optimizer, 3, progress=False, compile=compile).losses

    for _ in range(3):
        losses()
    assert len(recordings) == 1
    copy = functools.wraps(loss)(lambda x, t: loss(x, t) * 2)
    history = fit(copy, X, T, optimizer, progress=False, compile=True)
    assert len(recordings) == 2
    model.layers[0].neurons[0].bias = None
    assert_like_plain(model, losses)
    assert len(recordings) == 3
    assert history.how.startswith("numpy")


@pytest.mark.parametrize(
    "change",
    [
        lambda patch, model: patch.setitem(globals(), "factor", 2.0),
        lambda patch, model: patch.setitem(globals(), "scaled", lambda y: y * 3.0),
        lambda patch, model: SCALE.append(2.0),
        lambda patch, model: setattr(model.layers[0].neurons[1], "activation", None),
        lambda patch, model: patch.setattr(Unrelated, "size", 2),
    ],
    ids=["global", "function", "list", "attribute", "unrelated"],
)
def test_what_has_changed_is_recorded_anew(recordings, monkeypatch, change):
    model = MLP(2, [3, 1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.1)

    def loss(x, t):
        return half_squared_error(scaled(model(x)), t) * SCALE[-1]

    def losses(compile=True):
        return fit(loss, X, T, optimizer, 3, progress=False, compile=compile).losses

    losses()
    change(monkeypatch, model)
    assert_like_plain(model, losses)
    SCALE[:] = [1.0]


def assert_like_plain(model, losses):
    before = [p.data for p in model.parameters()]
    found = losses()
    for p, x in zip(model.parameters(), before):
        p.data = x
    assert found == pytest.approx(losses(compile=False), rel=1e-9)


def test_a_recording_goes_with_its_function():
    model = MLP(2, [3, 1], seed=1)

    def loss(x, t):
        return half_squared_error(model(x), t)

    fit(loss, X, T, SGD(model.parameters(), lr=0.1), progress=False, compile=True)
    gone = weakref.ref(loss)
    del loss
    gc.collect()
    assert gone() is None


def test_the_second_training_does_not_run_the_loss(monkeypatch):
    model = MLP(2, [3, 1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.1)
    built, plain = [], Audit._plain

    def counted(*given):
        built.append(given)
        return plain(*given)

    monkeypatch.setattr(Audit, "_plain", counted)

    def loss(x, t):
        return half_squared_error(scaled(model(x)), t)

    def rows_in_plain_python(X):
        before = len(built)
        fit(loss, X, T, optimizer, progress=False, compile=True)
        return len(built) - before

    assert rows_in_plain_python(X) == 1
    assert rows_in_plain_python(X) == rows_in_plain_python(X[::-1]) == 0
    assert rows_in_plain_python([[1, 2], *X[1:]]) > 0  # whole numbers, too
    rows_in_plain_python(X)
    monkeypatch.setitem(globals(), "factor", 2.0)
    assert rows_in_plain_python(X) == 1
