"""Windows of a picture: found in a view, and cut out by JAX."""

import math
import os

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from autograd import Value, compile, dot, tanh
from autograd.compiler.numpy.windows import picture
from autograd.compiler.program import Array, view
from autograd.compiler.stages.trace import INPUT

SHAPES = [((9,), (3,)), ((5, 7), (2, 3)), ((6, 4), (3, 1)), ((3, 5, 4), (3, 2, 2))]


def lanes_of(shape, window, step=1):
    """(places, numbers in a window): where a flat picture has them."""
    every = sliding_window_view(np.arange(math.prod(shape)).reshape(shape), window)
    return every[(slice(None, None, step),) * len(shape)].reshape(-1, math.prod(window))


def found(lanes, size):
    return picture(view(Array((size,), INPUT), lanes))


@pytest.mark.parametrize(("shape", "window"), SHAPES)
def test_all_windows_of_a_picture_are_found(shape, window):
    size = math.prod(shape)
    assert found(lanes_of(shape, window), size) == (shape, window)
    assert found(lanes_of(shape, window), size + 1) is None
    assert found(lanes_of(shape, window)[1:], size) is None
    assert found(lanes_of(shape, window)[::-1], size) is None


def test_what_is_not_all_windows_of_a_picture():
    assert found(lanes_of((9, 9), (3, 3), step=2), 81) is None
    assert found(np.arange(12).reshape(6, 2), 12) is None  # nothing overlaps
    assert found(lanes_of((9,), (7,)), 9) is None  # more numbers than windows
    assert found(np.zeros((6, 3), int), 9) is None
    assert found(np.random.default_rng(0).integers(9, size=(6, 3)), 9) is None


def kernels(lanes, count):
    """A sum over windows and kernels, and the kernels."""
    weights = np.random.default_rng(0).normal(size=(count, lanes.shape[1]))
    w = [[Value(a) for a in row] for row in weights]

    def total(x):
        return sum(tanh(dot(row, [x[k] for k in window])) for row in w for window in lanes)

    return total, weights


@pytest.mark.slow  # XLA compiles for a second or so
@pytest.mark.parametrize(
    ("shape", "window", "step", "count"),
    [*((*shapes, 1, 1) for shapes in SHAPES), ((9, 9), (3, 3), 2, 1), ((5, 7), (2, 3), 1, 2)],
)
def test_jax_cuts_out_the_windows_of_one_kernel(shape, window, step, count):
    if not os.environ.get("CI"):
        pytest.importorskip("jax")
    lanes = lanes_of(shape, window, step)
    total, weights = kernels(lanes, count)
    X = np.random.default_rng(1).normal(size=(4, math.prod(shape)))
    y = np.tanh(np.einsum("bpk,ck->bcp", X[:, lanes], weights))
    by_y = 1 - y * y
    by_x = np.zeros_like(X)
    np.add.at(by_x, (slice(None), lanes), np.einsum("bcp,ck->bpk", by_y, weights))

    f = compile(total, backend="jax")
    np.testing.assert_allclose(f(X), y.sum((1, 2)), rtol=1e-12)
    _, by_inputs = f.value_and_grad(X, wrt="inputs", reduction="sum")
    np.testing.assert_allclose(by_inputs, by_x, rtol=1e-11, atol=1e-13)
    _, by_kernels = f.value_and_grad(X, reduction="sum")
    wanted = np.einsum("bcp,bpk->ck", by_y, X[:, lanes])
    np.testing.assert_allclose(by_kernels, wanted.ravel(), rtol=1e-11)
    text = f"windows(x, {shape}, {window})"
    assert f.source.count(text) == (2 if step == count == 1 else 0)


@pytest.mark.slow
def test_windows_of_any_number_of_rows_can_be_exported():
    if not os.environ.get("CI"):
        pytest.importorskip("jax")
    import jax
    from jax import export

    lanes = lanes_of((5, 7), (2, 3))
    total, weights = kernels(lanes, 1)
    f = compile(total)
    X = np.random.default_rng(1).normal(size=(4, 35))
    f(X)
    with jax.enable_x64(True):
        (rows,) = export.symbolic_shape("rows")
        given = jax.ShapeDtypeStruct((rows, 35), "float64")
        exported = export.export(jax.jit(f.jax))(f.jax.parameters, given)
        answer = exported.call(f.jax.parameters, X)
    np.testing.assert_allclose(answer, np.tanh(X[:, lanes] @ weights[0]).sum(1), rtol=1e-12)
