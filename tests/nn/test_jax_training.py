"""fit on JAX: on one device and on several, against NumPy and each other."""

import os
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from autograd import CompileError, Op, Value, compile, elu, erf, gelu, leaky_relu, ops, silu, sqrt
from nn import MLP, SGD, Adam, Optimizer, fit, half_squared_error

if not os.environ.get("CI"):
    pytest.importorskip("jax")
pytestmark = pytest.mark.slow  # XLA compiles for a second or so

r = np.random.default_rng(0)
X = r.normal(size=(50, 3))
T = np.tanh(X @ r.normal(size=(3, 2)))


def loss_of(loss, model, x, t):
    return loss(model(x), t)


def trained(optimiser, seed=1, loss=half_squared_error, **options):
    model = MLP(3, [5, 2], seed=seed)
    loss = partial(loss_of, loss, model)
    given = {"epochs": 3, "batch_size": 16, "shuffle": 3, "progress": False, **options}
    history = fit(loss, X, T, optimiser(model.parameters()), **given)
    return [p.data for p in model.parameters()], history


@pytest.mark.parametrize(
    "optimiser",
    [
        lambda p: SGD(p, lr=lambda step: 0.1 / (1 + step), momentum=0.9),
        lambda p: Adam(p, lr=0.01, weight_decay=0.1),
    ],
    ids=["a scheduled rate and momentum", "Adam"],
)
def test_it_trains_as_numpy_does(optimiser):
    found, history = trained(optimiser, backend="jax")
    wanted, other = trained(optimiser, backend="numpy")
    assert history.how.startswith("jax, ")
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    np.testing.assert_allclose(history.losses, other.losses, rtol=1e-12)


def test_steps_of_float32_gradients_are_added_up_in_float64():
    """A step of 1e-9 is lost beside a float32 number of about 1."""
    moved = {}
    for backend in ("jax", "numpy"):
        model = MLP(3, [5, 2], seed=1)
        before = np.array([p.data for p in model.parameters()])
        loss = compile(
            lambda x, t, model=model: half_squared_error(model(x), t),
            backend=backend,
            dtype="float32",
        )
        optimiser = SGD(model.parameters(), lr=1e-9, momentum=0.9)
        fit(loss, X, T, optimiser, batch_size=16, progress=False)
        moved[backend] = np.array([p.data for p in model.parameters()]) - before
    assert moved["numpy"].all()
    np.testing.assert_allclose(moved["jax"], moved["numpy"], rtol=1e-3, atol=1e-15)


def test_it_stops_where_plain_python_stops():
    with_nan = np.where(np.arange(50)[:, None] == 37, np.nan, X)
    stops = []
    for options in ({"backend": "jax"}, {"compile": False}):
        model = MLP(3, [5, 2], seed=1)
        given = (
            partial(loss_of, half_squared_error, model),
            with_nan,
            T,
            SGD(model.parameters(), lr=0.1),
        )
        with pytest.raises(FloatingPointError) as raised:
            fit(*given, progress=False, **options)
        stops.append((str(raised.value), [p.data for p in model.parameters()]))
    assert stops[0][0] == stops[1][0]
    np.testing.assert_allclose(stops[0][1], stops[1][1], rtol=1e-12)


def test_the_rows_of_a_training_are_let_go_and_settings_stay():
    import jax

    rows, weight = np.zeros((1_280, 1)), Value(1.0)
    loss = compile(lambda x, t: (weight * x[0] - t[0]) ** 2, backend="jax")
    on_device = []

    def callback(epoch, history):
        on_device.append(sum(x.shape == rows.shape for x in jax.live_arrays()))
        if epoch == 2:
            raise KeyError("as any callback may")

    given = loss, rows, rows, SGD([weight], lr=0.01)
    settings = lambda: (jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision)
    before = settings()
    with pytest.raises(KeyError):
        fit(*given, epochs=2, callback=callback, progress=False)
    assert settings() == before
    assert on_device[1] >= 2
    assert not any(x.shape == rows.shape for x in jax.live_arrays())


class Bounded(Optimizer):
    """A step of at most lr, by an operation that JAX computes otherwise than NumPy."""

    settings = ("lr",)
    bound = staticmethod(erf)

    def __init__(self, parameters):
        super().__init__(parameters)
        self.lr = 0.1

    def update(self, p, gradient):
        return (p - self.lr * self.bound(gradient),)


class Rounded(Bounded):
    bound = Op("in_tenths", lambda x: round(x, 1), lambda y, x: (1.0,), registered=False)


class Composed(Bounded):
    @staticmethod
    def bound(gradient):
        return silu(gradient) - gelu(elu(gradient)) + leaky_relu(gradient)


@pytest.mark.parametrize("optimiser", [Bounded, Composed])
def test_an_update_of_any_operation_that_jax_can_run(optimiser):
    np.testing.assert_allclose(
        trained(optimiser, backend="jax")[0], trained(optimiser, backend="numpy")[0], rtol=1e-9
    )


class Signed(Bounded):
    bound = staticmethod(ops.sign)


class Clipped(Bounded):
    @staticmethod
    def bound(gradient):
        return ops.minimum(ops.maximum(gradient, -1.0), 1.0)


class Decayed(Bounded):
    def update(self, p, gradient):
        return (0.9 * p,)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimiser", [Signed, Clipped, Decayed])
def test_a_gradient_that_is_not_finite_is_seen_whatever_the_update_makes_of_it(optimiser, dtype):
    """The loss is finite at 0, and the slope of sqrt is not."""
    rows = np.where(np.arange(50)[:, None] == 37, 0.0, np.abs(X) + 1)
    stops = []
    for options in ({"backend": "jax", "dtype": dtype}, None):
        weights = [Value(w) for w in (2.0, 3.0, 4.0)]
        loss = lambda x, t, ws=weights: sqrt(sum(w * a for w, a in zip(ws, x, strict=True)))
        compiled = compile(loss, **options) if options else loss
        given = compiled, rows, T, optimiser(weights)
        with pytest.raises(FloatingPointError) as raised:
            fit(*given, batch_size=4, progress=False, compile=None if options else False)
        stops.append((str(raised.value), [w.data for w in weights]))
    assert stops[0][0] == stops[1][0]
    assert "a gradient became" in stops[0][0]
    np.testing.assert_allclose(stops[0][1], stops[1][1], rtol=1e-5)


def test_xla_compiles_once_however_many_rows_there_are(caplog, monkeypatch):
    """Not for a longer call, a row that is compared, rows of another type, or another part."""
    import jax

    monkeypatch.setattr("nn.compiled_training.FIRST_ROWS", 20)
    learned = {}
    for backend in ("jax", "numpy"):
        model = MLP(3, [5, 2], seed=1)
        loss = compile(
            partial(loss_of, half_squared_error, model), backend=backend, dtype="float32"
        )
        with jax.log_compiles():
            for part in (slice(50), slice(1, 50)):
                optimiser = SGD(model.parameters(), lr=0.1)
                fit(loss, X[part], T[part], optimiser, epochs=2, progress=False)
        learned[backend] = [p.data for p in model.parameters()]
    compiled = [text for text in caplog.messages if "XLA compilation of jit(_run)" in text]
    assert len(compiled) == 1
    np.testing.assert_allclose(learned["jax"], learned["numpy"], rtol=1e-3, atol=1e-5)


def test_an_update_that_only_python_can_run_is_a_sentence():
    with pytest.raises(CompileError, match="JAX cannot run the operation 'in_tenths'"):
        trained(Rounded, backend="jax")


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_rows_that_changed_in_place_are_trained_on(backend):
    weight, rows = Value(1.0), np.array([[1.0], [2.0]])
    loss = lambda x, t: (weight * x[0] - t[0]) ** 2
    given = loss, rows, np.array([[3.0], [6.0]]), SGD([weight], lr=0.01)

    def callback(epoch, history):
        rows[:] += 1.0

    for _ in range(2):  # the second training finds the program of the first
        fit(*given, epochs=2, callback=callback, backend=backend, progress=False)
    expected = 1.0
    for more in range(4):
        for x, t in (1.0 + more, 3.0), (2.0 + more, 6.0):
            expected -= 0.01 * 2 * (expected * x - t) * x
    assert weight.data == pytest.approx(expected, rel=1e-12)


def alone(program, devices):
    """What a program prints, in a process that has several devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=root, env={**environment, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_eight_devices_learn_what_one_learns_and_share_gradients_alone():
    process = alone(
        """
        import re
        import jax
        import numpy as np
        import pytest
        from tests.nn.test_jax_training import X, T, trained
        from autograd import compile
        from nn import MLP, SGD, fit, half_squared_error

        momentum = lambda p: SGD(p, lr=0.1, momentum=0.9)
        one, history = trained(momentum, backend="jax")
        texts = []
        jit = jax.jit
        def watched(function, *args, **named):
            made = jit(function, *args, **named)
            def call(*given):
                texts.append(made.lower(*given).compile().as_text())
                return made(*given)
            return call
        jax.jit = watched
        eight, other = trained(momentum, backend="jax", devices=8)
        np.testing.assert_allclose(eight, one, rtol=1e-12)
        np.testing.assert_allclose(other.losses, history.losses, rtol=1e-12)
        assert other.how.startswith("jax on 8 devices, ")

        kinds = r"= (.*?) (all-reduce|all-gather|all-to-all|reduce-scatter|collective-\\S*?)\\("
        found = [f for text in texts for f in re.findall(kinds, text)]
        assert {kind for _, kind in found} == {"all-reduce"}, found
        for shapes, _ in found:  # of one program: each array of parameters, and the loss
            sizes = [s.split(",") if s else [] for s in re.findall(r"f64\\[(.*?)\\]", shapes)]
            reduced = sum(int(np.prod([int(n) for n in s])) for s in sizes)
            assert reduced == len(one) + 1, shapes

        model = MLP(3, [5, 2], seed=1)
        loss = compile(lambda x, t: half_squared_error(model(x), t), backend="jax")
        def shared(devices):
            texts.clear()
            given = loss, X, T, SGD(model.parameters(), lr=0.1)
            fit(*given, batch_size=16, backend="jax", devices=devices, progress=False)
            return any("all-reduce" in text for text in texts)
        assert [shared(devices) for devices in (None, 8, 8, None)] == [False, True, True, False]

        with pytest.raises(ValueError, match="JAX has 8 of these 16 devices"):
            trained(momentum, backend="jax", devices=16)
        with pytest.raises(ValueError, match="15 rows cannot be dealt out to 8 devices"):
            trained(momentum, backend="jax", devices=8, batch_size=15)
        print("done")
        """,
        8,
    )
    out, errors = process.communicate(timeout=300)
    assert out == "done\n", errors[-3000:]


def test_the_letters_learn_on_two_devices_what_they_learn_on_one():
    """What the demo's --devices trains. All batches are whole, so that XLA compiles one size."""
    process = alone(
        """
        import numpy as np
        from demos.letters.predictor import Predictor
        from demos.letters.training import Settings, Training
        from tests.demos.test_letters import in_memory

        text = in_memory(b"it was the best of times it was the worst of times " * 22)

        def learned(devices):
            predictor = Predictor(2, [3], 2, "cross-entropy")
            job = Training(predictor, text, Settings(batch=16), devices=devices)
            job.run()
            assert job.progress.letters % 16 == 0
            return [p.data for p in predictor.network.parameters()], job.progress.losses

        one, losses = learned(1)
        two, others = learned(2)
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(others, losses, rtol=1e-5)
        print("done")
        """,
        2,
    )
    out, errors = process.communicate(timeout=300)
    assert out == "done\n", errors[-3000:]
