"""Rows held out of training, in evaluation, compiled and not."""

import pickle

import numpy as np
import pytest

from autograd import CompileError, Value, jit
from nn import MLP, SGD, Dropout, History, Module, fit, half_squared_error

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(40, 2))
T = np.tanh(X[:, :1] - X[:, 1:])
held_X, held_T = X[:10], T[:10]


class Net(Module):
    """A network with dropout, which also computes something else in evaluation."""

    def __init__(self, p):
        self.first, self.last = MLP(2, [4], seed=1), MLP(4, [1], seed=2)
        self.dropout = Dropout(p, seed=3)
        self.seen = []

    def forward(self, x):
        scale = 1.0 if self.training else 2.0
        return self.last(self.dropout(self.first(x))) * scale


def mean_loss(model):
    model.eval()
    losses = [half_squared_error(model(x), t).data for x, t in zip(held_X.tolist(), held_T)]
    model.train()
    return sum(losses) / len(losses)


@pytest.mark.parametrize(
    ("compiled", "p"), [(False, 0.0), (False, 0.4), pytest.param(True, 0.0, marks=pytest.mark.slow)]
)
def test_each_epoch_ends_with_the_mean_loss_in_evaluation(compiled, p):
    expected, results = [], []
    for epochs in (1, 2, 3):
        model = Net(p)
        history = fit(
            lambda x, t: half_squared_error(model(x), t),
            X[10:],
            T[10:],
            SGD(model.parameters(), lr=0.05),
            epochs,
            batch_size=8,
            compile=compiled,
            validation=(held_X, held_T.tolist()),
        )
        expected.append(mean_loss(model))
        results.append(history.validation)
        assert model.training
    assert results[2] == pytest.approx(expected, rel=1e-12)
    assert results[0] == pytest.approx(expected[:1], rel=1e-12)
    assert len(history.losses) == 3


@pytest.mark.parametrize("compiled", [False, True])
def test_it_changes_nothing_else(compiled):
    def trained(**options):
        model = MLP(2, [4, 1], seed=1)

        def loss(x, t):
            return half_squared_error(model(x), t)

        optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
        history = fit(loss, X, T, optimizer, 3, 8, shuffle=5, compile=compiled, **options)
        return history, model.state_dict(), optimizer.state_dict()

    with_it, without = trained(validation=(held_X, held_T)), trained()
    assert with_it[1:] == without[1:]
    assert with_it[0].losses == without[0].losses
    assert without[0].validation == []


def test_no_gradient_is_kept_and_training_goes_on_in_training():
    modes = []

    class Watching(Module):
        def __init__(self):
            self.w = Value(1.0)

        def forward(self, x):
            y = self.w * x[0]
            modes.append((self.training, y.op is not None))
            return y

    model = Watching()
    pair = ([[3.0]], [[4.0]])
    fit(
        lambda x, t: (model(x) - t[0]) ** 2,
        [[1.0]],
        [[2.0]],
        SGD([model.w], 0.1),
        2,
        validation=pair,
    )
    assert modes == [(True, True), (False, False)] * 2
    model.eval()
    fit(
        lambda x, t: (model(x) - t[0]) ** 2,
        [[1.0]],
        [[2.0]],
        SGD([model.w], 0.1),
        1,
        validation=pair,
    )
    assert modes[-2:] == [(False, True), (False, False)]


def test_branches_and_a_loss_that_was_compiled_before():
    w, v = Value(1.0), Value(-1.0)

    @jit
    def loss(x, t):
        return (w * x[0] - t[0]) ** 2 if x[1] > 0 else (v * x[0] - t[0]) ** 2

    history = fit(loss, X, T, SGD([w, v], lr=0.05), 1, validation=(held_X, held_T))
    expected = [
        ((w if x[1] > 0 else v).data * x[0] - t[0]) ** 2 for x, t in zip(held_X, held_T.tolist())
    ]
    assert history.validation == pytest.approx([sum(expected) / 10], rel=1e-12)


@pytest.mark.parametrize(
    ("pair", "error", "message"),
    [
        (held_X, TypeError, r"validation is a pair \(X, T\); got ndarray"),
        ((held_X,), TypeError, "validation is a pair"),
        (
            (held_X, held_T[:5]),
            ValueError,
            r"validation\[0\] has 10 rows and validation\[1\] has 5",
        ),
        ((held_X[:, :1], held_T), ValueError, r"validation\[0\] has rows of 1 number, and X of 2"),
        ((held_X, held_X), ValueError, r"validation\[1\] has rows of 2 numbers, and T of 1"),
        (([], []), ValueError, r"validation\[0\] has no rows"),
    ],
)
def test_what_is_no_pair_of_rows_is_a_sentence(pair, error, message):
    p = Value(1.0)
    with pytest.raises(error, match=message):
        fit(lambda x, t: (p * x[0] - t[0]) ** 2, X, T, SGD([p], lr=0.1), validation=pair)
    assert p.data == 1.0


@pytest.mark.slow
def test_a_recording_is_used_again_only_in_its_mode(monkeypatch):
    """The same loss, trained in evaluation, in training, and in evaluation again."""
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    inputs = RANDOM.normal(size=(100, 2))
    targets = np.tanh(inputs[:, :1] - inputs[:, 1:])

    def trained(compiled):
        model = Net(0.3)
        model.last = MLP(4, [12, 1], seed=2)
        model.seen = None

        def loss(x, t):
            return half_squared_error(model(x), t)

        found, how = [], []
        for mode in (False, True, False):
            optimizer = SGD(model.train(mode).parameters(), lr=0.01)
            history = fit(
                loss, inputs, targets, optimizer, 3, 16, compile=compiled, validation=(X, T)
            )
            found += [*history.losses, *history.validation]
            how.append(history.how.startswith("plain Python"))
        return found, how

    (found, how), (plain, _) = trained(None), trained(False)
    assert found == pytest.approx(plain, rel=1e-9)
    assert how == [False, True, False]


# --- histories of older versions ---


def test_a_history_of_an_older_version_loads():
    history = History.__new__(History)
    history.__setstate__({"errors": [0.5, 0.25], "interrupted": True, "how": "machine"})
    assert (history.losses, history.validation, history.interrupted) == ([0.5, 0.25], [], True)
    assert repr(history) == "<History: 2 epochs, loss 0.5 -> 0.25, interrupted; machine>"
    new = History([1.0], validation=[2.0])
    assert pickle.loads(pickle.dumps(new)) == new


# --- a loss that reaches no parameter of the optimiser ---


def other_loss(x, t):
    return (Value(2.0) * x[0] - t[0]) ** 2


@pytest.mark.parametrize("compiled", [None, False, True])
def test_an_optimiser_of_another_model_is_noticed(compiled):
    model, other = MLP(2, [1], seed=1), MLP(2, [1], seed=2)
    before = other.state_dict()
    with pytest.raises(ValueError, match="the loss reaches no parameter of the optimiser"):
        fit(
            lambda x, t: half_squared_error(model(x), t),
            X,
            T,
            SGD(other.parameters(), lr=0.1),
            50,
            compile=compiled,
        )
    assert other.state_dict() == before


def test_a_parameter_that_a_later_row_reaches_is_enough():
    p = Value(1.0)

    def loss(x, t):
        return (p * x[0] - t[0]) ** 2 if x[0] > 0 else (Value(3.0) - t[0]) ** 2

    for compiled in (False, True):
        p.data = 1.0
        fit(loss, [[-1.0], [1.0]], [[0.0], [0.0]], SGD([p], lr=0.25), compile=compiled)
        assert p.data == 0.5


def test_a_compiled_loss_that_looks_at_training_is_recorded_in_training():
    model = Net(0.5)
    with pytest.raises(CompileError, match="Dropout"):
        fit(
            lambda x, t: half_squared_error(model(x), t),
            X,
            T,
            SGD(model.parameters(), lr=0.1),
            compile=True,
            validation=(held_X, held_T),
        )
