"""What fit calls after each epoch."""

import numpy as np
import pytest

from autograd import CompileError, Value
from nn import SGD, fit


@pytest.mark.parametrize("options", [{"compile": False}, {"compile": True}], ids=str)
def test_a_callback_sees_each_epoch_and_may_end_the_training(options):
    weight, seen = Value(1.0), []

    def callback(epoch, history):
        seen.append((epoch, len(history.losses), weight.data))
        return epoch == 3

    history = fit(
        lambda x, t: (weight * x[0] - t[0]) ** 2,
        *([[1.0], [2.0]], [[3.0], [6.0]]),
        SGD([weight], lr=0.01),
        epochs=9, callback=callback, progress=False, **options,
    )  # fmt: skip
    expected, w = [], 1.0
    for epoch in range(1, 4):
        for x, t in ((1.0, 3.0), (2.0, 6.0)):
            w -= 0.01 * 2 * (w * x - t) * x
        expected.append((epoch, epoch, pytest.approx(w, rel=1e-12)))
    assert seen == expected
    assert len(history.losses) == 3
    assert not history.interrupted


@pytest.mark.parametrize("options", [{"compile": False}, {"compile": True}], ids=str)
def test_what_a_callback_changes_is_trained_on(options):
    weight = Value(1.0)

    def callback(epoch, history):
        weight.data = 5.0

    error = lambda x, t: (weight * x[0] - t[0]) ** 2
    optimiser = SGD([weight], lr=0.01)
    history = fit(
        error, [[1.0]], [[3.0]], optimiser, epochs=2, callback=callback, progress=False, **options
    )
    assert history.losses == pytest.approx([4.0, 4.0], rel=1e-12)
    assert weight.data == 5.0


class Annealed:
    """A loss with a factor that its callback changes, and with a log that it does not read."""

    def __init__(self, growth):
        self.weight, self.factor, self.growth, self.log = Value(1.0), 1.0, growth, []

    def loss(self, x, t):
        return self.factor * (self.weight * x[0] - t[0]) ** 2

    def callback(self, epoch, history):
        self.factor *= self.growth
        self.log.append(history.losses[-1])

    def fit(self, **options):
        optimiser = SGD([self.weight], lr=0.01)
        rows = [[1.0], [2.0]], [[3.0], [6.0]]
        given = {"epochs": 3, "callback": self.callback, "progress": False, **options}
        return fit(self.loss, *rows, optimiser, **given).losses


@pytest.mark.parametrize("options", [{"compile": True}, {"backend": "numpy"}, {}], ids=str)
def test_a_callback_that_changes_what_the_loss_reads_is_noticed(monkeypatch, options):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    assert Annealed(2.0).fit(compile=False)[1] > Annealed(1.0).fit(compile=False)[1]
    with pytest.raises(CompileError, match=r"something .* \(.*what a callback changes\)"):
        Annealed(2.0).fit(**options)
    other = Annealed(1.0)
    assert other.fit(**options) == pytest.approx(Annealed(1.0).fit(compile=False), rel=1e-12)
    assert len(other.log) == 3


@pytest.mark.parametrize("options", [{"compile": False}, {"backend": "numpy"}, {"compile": True}])
def test_rows_in_arrays_may_be_changed_by_a_callback(options):
    weight, X = Value(1.0), np.array([[1.0], [2.0]])

    def callback(epoch, history):
        X[:] += 1.0

    fit(
        lambda x, t: (weight * x[0] - t[0]) ** 2,
        *(X, np.array([[3.0], [6.0]]), SGD([weight], lr=0.01)),
        epochs=2, callback=callback, progress=False, **options,
    )  # fmt: skip
    expected = 1.0
    for x, t in (1.0, 3.0), (2.0, 6.0), (2.0, 3.0), (3.0, 6.0):
        expected -= 0.01 * 2 * (expected * x - t) * x
    assert weight.data == pytest.approx(expected, rel=1e-12)


def test_an_exception_in_a_callback_leaves_the_parameters_of_the_last_step():
    weight = Value(1.0)

    def callback(epoch, history):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        fit(
            lambda x, t: (weight * x[0] - t[0]) ** 2,
            *([[1.0]], [[3.0]], SGD([weight], lr=0.1)),
            callback=callback, compile=True, progress=False,
        )  # fmt: skip
    assert weight.data == pytest.approx(1.4, rel=1e-12)


def test_a_wrong_callback_is_a_sentence():
    weight = Value(1.0)
    given = (lambda x, t: weight * x[0], [[1.0]], [[3.0]], SGD([weight], lr=0.1))
    with pytest.raises(TypeError, match=r"callback is a function of \(epoch, history\); got int 3"):
        fit(*given, callback=3)
    with pytest.raises(TypeError, match=r"True to end the training.*got str 'stop'"):
        fit(*given, callback=lambda epoch, history: "stop", progress=False)
