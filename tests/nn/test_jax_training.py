"""fit on JAX: one device, several, and two processes, against NumPy and each other."""

import os
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nn import MLP, SGD, Adam, fit, half_squared_error

if not os.environ.get("CI"):
    pytest.importorskip("jax")
pytestmark = pytest.mark.slow  # XLA compiles for a second or so

r = np.random.default_rng(0)
X = r.normal(size=(50, 3))
T = np.tanh(X @ r.normal(size=(3, 2)))


def half_squared_error_of(model, x, t):
    return half_squared_error(model(x), t)


def trained(optimiser, **options):
    model = MLP(3, [5, 2], seed=1)
    loss = partial(half_squared_error_of, model)
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


def test_it_stops_where_plain_python_stops():
    with_nan = np.where(np.arange(50)[:, None] == 37, np.nan, X)
    stops = []
    for options in ({"backend": "jax"}, {"compile": False}):
        model = MLP(3, [5, 2], seed=1)
        given = partial(half_squared_error_of, model), with_nan, T, SGD(model.parameters(), lr=0.1)
        with pytest.raises(FloatingPointError) as raised:
            fit(*given, progress=False, **options)
        stops.append((str(raised.value), [p.data for p in model.parameters()]))
    assert stops[0][0] == stops[1][0]
    np.testing.assert_allclose(stops[0][1], stops[1][1], rtol=1e-12)


def alone(program, devices, *arguments):
    """What a program prints, in a process that has several devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
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
        from nn import SGD

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

        kinds = r"= (.*?) (all-reduce|all-gather|all-to-all|reduce-scatter|collective-\\S*?)\\("
        found = [f for text in texts for f in re.findall(kinds, text)]
        assert {kind for _, kind in found} == {"all-reduce"}, found
        for shapes, _ in found:  # of one program: each array of parameters, and the loss
            sizes = [s.split(",") if s else [] for s in re.findall(r"f64\\[(.*?)\\]", shapes)]
            reduced = sum(int(np.prod([int(n) for n in s])) for s in sizes)
            assert reduced == len(one) + 1, shapes

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
