"""Calls of the machine: rows in blocks of all sizes, against plain backward passes."""

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import autograd
from autograd import Value

W = [Value(0.3), Value(-0.7), Value(1.1)]


def several(x, t):
    return [(W[0] * x[0] + x[1]).tanh() * t, W[1] * W[2], x[2] * x[1] - W[2] * t]


def one(x, t):
    first, second, third = several(x, t)
    return first * second + third * x[2]


def constant_for_all(x, t):
    return W[0] * W[1]


def of_one_argument(x, t):
    return W[0] * x[0] * x[1]


def guarded(x, t):
    return W[0] * x[0] if x[1] > 0 else W[2] * x[2] * t


def arguments(rows):
    rng = np.random.default_rng(rows)
    return rng.normal(size=(rows, 3)), rng.normal(size=rows)


def in_blocks_of(rows, compiled, by):
    """Let the machine compute this many rows at a time."""
    executor = compiled._recordings.latest.executor(by)
    for unit in executor._blocks, executor._blocks_without:
        unit.most = rows
        unit.calls.clear()


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 16, 40])
@pytest.mark.parametrize("function", [several, one, constant_for_all, of_one_argument, guarded])
def test_the_results_of_rows(function, rows):
    compiled = autograd.compile(function)
    x, t = arguments(rows)
    compiled(x, t)
    in_blocks_of(8, compiled, "")
    found = compiled(x, t)
    expected = [function(*row) for row in zip(x.tolist(), t.tolist())]
    lists = [y if isinstance(y, list) else [y] for y in expected]
    numbers = np.array([[v.data for v in y] for y in lists])
    np.testing.assert_allclose(found.reshape(rows, -1), numbers, rtol=1e-14)


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 16, 40])
@pytest.mark.parametrize("function", [one, constant_for_all, of_one_argument, guarded])
def test_gradients_of_rows(function, rows):
    compiled = autograd.compile(function)
    x, t = arguments(rows)
    leaves = [[[Value(v) for v in row] for row in x.tolist()], [Value(v) for v in t.tolist()]]
    losses = [function(*row) for row in zip(*leaves)]
    total = autograd.sum(losses)
    total.backward()
    for by in "parameters", "inputs":
        compiled.value_and_grad(x, t, wrt=by)
        in_blocks_of(8, compiled, by)
        value, gradient = compiled.value_and_grad(x, t, wrt=by, reduction="sum")
        np.testing.assert_allclose(value, total.data, rtol=1e-13)
        if by == "parameters":
            expected = [[p.grad for p in compiled.parameters]]
            gradient = [gradient]
        else:
            expected = [[[v.grad for v in row] for row in leaves[0]], [v.grad for v in leaves[1]]]
        for found, right in zip(gradient, expected, strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-13, atol=1e-15)
    for p in W:
        p.grad = 0.0


def test_arrays_of_other_kinds():
    """Arrays that cannot be written to, that stand in memory in another order, and of whole
    numbers; and float32."""
    x, t = arguments(20)
    for dtype, rounding in (np.float64, 1e-14), (np.float32, 1e-5):
        compiled = autograd.compile(one, dtype=dtype)
        expected = compiled(x, t)
        assert expected.dtype == dtype
        closed = x.copy()
        closed.flags.writeable = False
        for other in closed, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]:
            np.testing.assert_array_equal(compiled(other, t), expected)
        whole = np.arange(60).reshape(20, 3)
        np.testing.assert_allclose(
            compiled(whole, t), compiled(whole.astype(float), t), rtol=rounding
        )


def test_a_call_leaves_earlier_results_alone():
    compiled = autograd.compile(one)
    x, t = arguments(20)
    first = compiled.value_and_grad(x, t)
    kept = first[0], first[1].copy()
    compiled.value_and_grad(-x, t)
    assert first[0] == kept[0]
    np.testing.assert_array_equal(first[1], kept[1])
