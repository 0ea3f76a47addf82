"""x.clamp and x.pow, whose values and corners are PyTorch's."""

import copy
import math
import pickle

import numpy as np
import pytest

from autograd import CompileError, Value, draw, explain, formula, grad, gradcheck, jit, page
from autograd.clamp import clamped

BOUNDS = [(0, 1), (None, 1), (0, None), (-1.5, 2.0), (2, -2), (-math.inf, 1), (1, 1)]
POINTS = [-math.inf, -2, -1.5, -0.0, 0, 0.5, 1, 2, 3, math.inf]


@pytest.mark.parametrize("x", POINTS)
@pytest.mark.parametrize(("low", "high"), BOUNDS)
def test_value_and_derivative_are_those_of_pytorch(torch, x, low, high):
    ours = Value(x)
    theirs = torch.tensor(float(x), dtype=torch.float64, requires_grad=True)
    y, expected = ours.clamp(low, high), theirs.clamp(low, high)
    assert y.data == expected.item()
    y.backward()
    expected.backward()
    assert ours.grad == theirs.grad.item()


def test_nan_goes_through():
    assert math.isnan(Value(math.nan).clamp(0, 1).data)


def test_every_lens_knows_it():
    x = Value(0.5, "x")
    y = x.clamp(min=-1, max=1) * 3
    assert formula(y) == "clamp(x, -1.0, 1.0) * 3"
    assert formula(Value(0.5, "x").clamp(min=0)) == "clamp(x, 0.0, inf)"
    assert "clamp" in draw(y).source
    assert "dy/dx = 3, along one path" in str(explain(y, x, names={"y": y}))
    assert "clamp" in page(y).source
    for twin in copy.deepcopy(y), pickle.loads(pickle.dumps(y)):
        twin.backward()
        assert (twin.data, twin.inputs[0].op) == (1.5, y.inputs[0].op)
    assert repr(y.inputs[0].op) == "<Op clamp(-1.0, 1.0)>"
    assert gradcheck(lambda x: x.clamp(0, 1) ** 2, [0.4])
    slope = grad(x.clamp(0, 1) ** 2, x, create_graph=True)
    assert grad(slope, x).data == 2.0


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_compiled_as_eager(backend):
    w = Value(0.3)

    def f(x):
        return ((x[0] * w).clamp(-0.6, 1) + x[1].clamp(min=0)).pow(2)

    X = np.array([[1.0, 2.0], [10.0, -3.0], [-10.0, 0.0], [-2.0, 1.0]])
    value, gradients = jit(f, backend=backend).value_and_grad(X)
    mean = sum(f([Value(a) for a in row]) for row in X) / 4
    mean.backward()
    assert value == pytest.approx(mean.data, rel=1e-14)
    assert gradients == pytest.approx([w.grad], rel=1e-14)


def test_a_derivative_is_tested_between_two_bounds():
    assert clamped(-0.5, 2.0).domain == ((-0.5, 2.0),)
    assert clamped(-math.inf, 2.0).domain == clamped(2.0, 2.0).domain == Value(0.0).tanh().op.domain


def test_wrong_bounds_are_sentences():
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"needs a bound: x.clamp\(min=0\)"):
        x.clamp()
    with pytest.raises(ValueError, match="bounds of clamp are numbers; got nan and None"):
        x.clamp(math.nan)
    with pytest.raises(TypeError, match=r"expected one real number.*got Value"):
        x.clamp(x, 2)


@pytest.mark.parametrize("exponent", [2, 0.5, -1, 0])
def test_pow_is_a_power(torch, exponent):
    ours, theirs = Value(1.7), torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    y, expected = ours.pow(exponent), theirs.pow(exponent)
    y.backward()
    expected.backward()
    assert (y.data, ours.grad) == pytest.approx((expected.item(), theirs.grad.item()), rel=1e-15)
    assert Value(2.0).pow(Value(3.0)).data == 8.0


def test_backward_takes_retain_graph():
    x = Value(3.0)
    y = x * 2
    y.backward(retain_graph=True)
    y.backward(retain_graph=False)  # the graph stays all the same
    y.backward()
    assert x.grad == 6.0

    def inside(x):
        x[0].backward(retain_graph=True)
        return x[0]

    with pytest.raises(CompileError, match="the function calls backward"):
        jit(inside)(np.ones((1, 1)))


def test_one_bound_alone():
    for low, high, x, expected in ((0, None, 0.0, 1.0), (0, None, -1.0, 0.0), (None, 1, 2.0, 0.0)):
        v = Value(x)
        assert grad(v.clamp(low, high), v).data == expected
