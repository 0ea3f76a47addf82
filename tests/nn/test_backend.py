"""The backend and the devices that fit is asked for, where there is no JAX too."""

import importlib.util
import signal
import sys
from collections import deque

import numpy as np
import pytest

import nn.choosing
import nn.compiled_training
from autograd import CompileError, Value, compile, detect_anomaly, take
from autograd.compiler import recordings
from autograd.given import switch
from nn import SGD, fit
from nn.arguments import Rows
from nn.audit import Audit
from nn.own_rules import objection, overridden, own_update

X, T = [[1.0], [2.0], [3.0]], [[3.0], [6.0], [9.0]]


def trained(**options):
    weight = Value(1.0)
    given = {"epochs": 2, "batch_size": 3, "progress": False, **options}
    loss = lambda x, t: (weight * x[0] - t[0]) ** 2
    return weight, fit(loss, X, T, SGD([weight], lr=0.01), **given)


def test_a_backend_is_what_trains():
    weight, history = trained(backend="numpy")
    assert history.how.startswith("numpy, ")
    plain, _ = trained(compile=False)
    assert weight.data == pytest.approx(plain.data, rel=1e-13)


def test_what_does_not_fit_together_is_a_sentence():
    with pytest.raises(ValueError, match="devices are JAX's: give backend='jax' too; got None"):
        trained(devices=2)
    with pytest.raises(ValueError, match="devices are JAX's: give backend='jax' too; got 'numpy'"):
        trained(backend="numpy", devices=2)
    with pytest.raises(ValueError, match="devices must be at least 1; got 0"):
        trained(backend="jax", devices=0)
    with pytest.raises(ValueError, match="3 rows cannot be dealt out to 2 devices in equal parts"):
        trained(backend="jax", devices=2)
    with pytest.raises(ValueError, match="compile=False does not: leave one of them out"):
        trained(backend="numpy", compile=False)
    with pytest.raises(ValueError, match="backend is one of machine, numpy, jax or None; got 'gp"):
        trained(backend="gpu")
    weight = Value(1.0)
    loss = compile(lambda x, t: weight * x[0], backend="numpy")
    with pytest.raises(ValueError, match="compiled for numpy, and fit is to run it on 'machine'"):
        fit(loss, X, T, SGD([weight], lr=0.1), backend="machine")


def test_without_jax_a_sentence_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "jax" else found(name)
    )
    monkeypatch.setitem(sys.modules, "jax", None)
    words = "needs jax: pip install '.[jax]'"
    with pytest.raises(ModuleNotFoundError, match=f"backend='jax' {words}".replace("[", r"\[")):
        trained(backend="jax")
    f = compile(lambda x: x[0] * 2, backend="numpy")
    f([[1.0]])
    with pytest.raises(ModuleNotFoundError, match=f"f.jax {words}".replace("[", r"\[")):
        _ = f.jax


def test_without_numpy_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "autograd.compiler.compiled")
    monkeypatch.setitem(sys.modules, "numpy", None)
    for options in {"backend": "numpy"}, {"compile": True}:
        with pytest.raises(ModuleNotFoundError, match="compile needs numpy: pip install"):
            trained(**options)


def test_the_other_backends_have_one_device():
    f = compile(lambda x: x[0] * 2, backend="numpy")
    f([[1.0]])
    with pytest.raises(ValueError, match="numpy runs on one device; backend='jax' runs on several"):
        f.recording([1], [[1.0]]).executor("").spread(2)


# --- what else speaks against compiled training ---


def test_an_index_that_a_table_does_not_have():
    table = [Value(1.0), Value(2.0)]
    with pytest.raises(IndexError, match="no row 2 in a table of 2 rows"):
        fit(
            lambda x, t: (take(table, x[0]) - t[0]) ** 2,
            *([[0.0], [2.0]], [[1.0], [1.0]], SGD(table, lr=0.1)), compile=True, progress=False,
        )  # fmt: skip
    with pytest.raises(CompileError, match=r"no row 2 in a table.*; and the loss branches"):
        fit(
            lambda x, t: take(table, x[0]) if t[0] > Value(0.0) else table[0] * 1.0,
            *([[0.0], [2.0]], [[1.0], [1.0]], SGD(table, lr=0.1)), compile=True, progress=False,
        )  # fmt: skip


@pytest.mark.parametrize("backend", ["numpy", None])
def test_float32_trains_on_copies_of_its_rows(backend):
    weight = Value(1.0)
    loss = compile(lambda x, t: (weight * x[0] - t[0]) ** 2, dtype="float32", backend=backend)
    history = fit(
        loss, np.array(X), T, SGD([weight], lr=0.01), batch_size=2, shuffle=1, progress=False
    )
    plain, other = trained(epochs=1, batch_size=2, shuffle=1, compile=False)
    assert weight.data == pytest.approx(plain.data, rel=1e-6)
    assert history.losses == pytest.approx(other.losses, rel=1e-6)


def test_a_compiled_loss_is_compared_once_until_what_it_reads_changes(monkeypatch):
    compared, compare = [], Audit.compare

    def noted(self, row, compiled):
        compared.append(row)
        compare(self, row, compiled)

    monkeypatch.setattr(Audit, "compare", noted)
    monkeypatch.setattr("nn.audit.SHARE", 0)  # not again because time has passed
    weight, factor = Value(1.0), [1.0]
    loss = compile(lambda x, t: factor[0] * (weight * x[0] - t[0]) ** 2, backend="numpy")
    for number, times in (1.0, 1), (1.0, 1), (2.0, 2), (2.0, 2):
        factor[0] = number
        fit(loss, np.array(X), np.array(T), SGD([weight], lr=0.01), progress=False)
        assert len(compared) == times
    fit(loss, X, T, SGD([weight], lr=0.01), progress=False)  # rows of another kind
    assert len(compared) == 3


def test_more_numbers_than_can_be_copied(monkeypatch):
    monkeypatch.setattr(nn.compiled_training, "MOST_NUMBERS", 2)
    with pytest.raises(CompileError, match="X holds 3 rows of 1 numbers, too many to copy"):
        trained(compile=True)


def test_an_optimiser_that_steps_in_its_own_way_is_not_compiled(monkeypatch):
    monkeypatch.setattr(nn.choosing, "WORTH_COMPILING", 10)

    class Halving(SGD):
        def step(self):
            for p in self.parameters:
                p.data /= 2

    weight = Value(1.0)
    history = fit(
        lambda x, t: (weight * x[0] - t[0]) ** 2,
        *(X * 2, T * 2, Halving([weight], lr=0.1)), batch_size=3, progress=False,
    )  # fmt: skip
    assert weight.data == 0.25
    assert history.how == "plain Python: Halving steps in Python, parameter by parameter"


def test_anomaly_detection_wants_plain_python():
    with detect_anomaly(), pytest.raises(CompileError, match="leave compile=True out"):
        trained(compile=True)
    with detect_anomaly(), pytest.raises(CompileError, match="leave backend='numpy' out"):
        trained(backend="numpy")


def test_what_an_optimiser_has_of_its_own():
    optimiser = SGD([Value(1.0)], lr=0.1)
    optimiser.zero_grad = lambda: None
    assert overridden(optimiser) == "compiled training does not call the zero_grad of this SGD"
    other = SGD([Value(1.0)], lr=0.1)
    other.update = lambda p, gradient, velocity: (p, velocity)
    assert own_update(other) is other.update
    broken = SGD([Value(1.0)], lr=lambda step: 1 / step)
    found = objection(broken, Rows("X", X), Rows("T", T))
    assert found == "the function of the learning rate: ZeroDivisionError: division by zero"


def test_a_loss_that_looks_at_a_number_is_not_compiled_unasked(monkeypatch):
    monkeypatch.setattr(nn.choosing, "WORTH_COMPILING", 10)
    weight = Value(1.0)

    def loss(x, t):
        y = weight * x[0]
        return y * y if y.data > 100 else (y - t[0]) ** 2

    history = fit(loss, X, T, SGD([weight], lr=0.01), batch_size=3, progress=False)
    assert history.how.startswith("plain Python: the number in a Value is looked at, at ")


def test_ctrl_c_ends_compiled_training_after_a_stretch_of_steps():
    weight = Value(1.0)

    def rate(step):
        if step == 3:
            signal.raise_signal(signal.SIGINT)
        return 0.001

    history = fit(
        lambda x, t: (weight * x[0] - t[0]) ** 2,
        *(X, T, SGD([weight], lr=rate)), epochs=9000, compile=True, progress=False,
    )  # fmt: skip
    assert history.interrupted
    assert len(history.losses) < 9000


def test_what_trains_is_said_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    trained(backend="numpy", progress=True)
    assert "fit: numpy, <compiled" in capsys.readouterr().err


def test_a_function_that_has_no_signature():
    with pytest.raises(TypeError, match=r"must return a Value.*it returned list"):
        fit(min, X, T, SGD([Value(1.0)], lr=0.1), progress=False)


def test_rows_held_out_that_take_too_many_branches(monkeypatch):
    monkeypatch.setattr(recordings, "MOST_RECORDINGS", 1)
    weight = Value(1.0)

    def loss(x, t):
        error = weight * x[0] - t[0]
        return error * error if error < Value(0.0) else error * 2.0

    held_out = [[1.0], [1.0]], [[0.0], [9.0]]
    history = fit(
        loss, X, T, SGD([weight], lr=0.0), compile=True, validation=held_out, progress=False
    )
    assert history.validation == [pytest.approx((2.0 + 64.0) / 2)]


def test_the_kinds_of_rows():
    assert Rows("X", [[1, 2], [1.5, 2.0], [3, 4], [0.5, 1]]).other_kinds() == [1, 3]
    assert Rows("X", deque([[1, 2], [3, 4], [1.5, 2.0]])).other_kinds() == [2]
    assert Rows("X", np.zeros((2, 2))).other_kinds() == []


def test_without_llvmlite_nothing_is_compiled_unasked(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "llvmlite" else found(name)
    )
    monkeypatch.setattr(nn.choosing, "WORTH_COMPILING", 10)
    assert trained()[1].how == "plain Python: llvmlite is not installed"


def test_0_and_1_are_switches():
    assert switch(1, "progress") is True
    assert switch(0, "progress") is False
    assert trained(progress=0, compile=0)[1].how == "plain Python"
