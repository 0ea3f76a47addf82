"""What fit calls after each epoch."""

import pytest

from autograd import Value
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
