"""NumPy's settings of errors are for a user's own arrays: programs go on, as plain Python does."""

import os

import numpy as np
import pytest

from autograd import jit
from nn import MLP, Adam, fit, half_squared_error

BACKENDS = ["machine", "numpy", pytest.param("jax", marks=pytest.mark.slow)]
ROWS = {
    "float64": [[1e-300, 1e-300], [1e200, 1e200], [0.0, 0.0], [np.inf, np.nan], [-800.0, 1.0]],
    "float32": [[1e-30, 1e-30], [1e30, 1e30], [0.0, 0.0], [np.inf, np.nan], [-800.0, 1.0]],
}


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "machine":
        pytest.importorskip("llvmlite")
    if request.param == "jax" and not os.environ.get("CI"):
        pytest.importorskip("jax")
    return request.param


def function(x):
    return (x[0] * x[1]).exp() + (x[0] / x[1]).tanh() + x[0] * 1e-200 + x[1] ** 2


@pytest.mark.parametrize("dtype", ROWS)
@pytest.mark.parametrize("exact", [False, True])
def test_rows_and_gradients(backend, dtype, exact):
    exact &= backend != "jax"  # which keeps no order of sums
    found = []
    for settings in "ignore", "raise":
        program = jit(function, backend=backend, dtype=dtype, exact=exact)
        with np.errstate(all=settings):
            found += [program(ROWS[dtype]), program.value_and_grad(ROWS[dtype], wrt="inputs")[1]]
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


def test_single_numbers(backend):
    program = jit(lambda a: a * 1e-60 + a * a, backend=backend, dtype="float32")
    with np.errstate(all="raise"):
        for _ in range(2):  # the second time by another way
            assert program(1e-30) == 0
            assert program.value_and_grad(1e-30, wrt="inputs")[1] == pytest.approx((2e-30,))


def test_training(backend):
    model = MLP(2, [2, 1], seed=1)
    model.parameters()[0].data = 1e-60
    loss = jit(
        lambda x, t: half_squared_error(model(x), t) * 1e-30, backend=backend, dtype="float32"
    )
    rows = [[1e-30, 1.0], [1.0, 1e-20]], [[1.0], [0.0]]
    with np.errstate(all="raise"):
        history = fit(loss, *rows, Adam(model.parameters(), lr=1e-9), 2, 1, progress=False)
    assert history.how.startswith(backend)
