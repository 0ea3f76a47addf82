"""Programs for micrograd run here with another import line, and its mistakes are not made here."""

import random

import numpy as np
import pytest

import autograd
from autograd import Value
from nn import MLP, Neuron


def expression(a, b):
    """Every operator that micrograd has, numbers on both sides, in place, and nodes used again."""
    c = a * b - b**3 / 4
    c += 1 + c * 2 - (-a)
    d = (c - 5.0).relu() + (3.0 - c * a).relu()
    d *= 0.5 * d + 1 / (b * b + 2.0)
    return d / (c**2 + 1.5) + c - 2 * a


def test_an_expression_of_all_its_operators_matches_pytorch(torch):
    a, b = Value(-1.7), Value(2.3)
    y = expression(a, b)
    y.backward()
    ta, tb = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-1.7, 2.3))
    expected = expression(ta, tb)
    expected.backward()
    assert y.data == pytest.approx(expected.item(), rel=1e-14)
    assert (a.grad, b.grad) == pytest.approx((ta.grad.item(), tb.grad.item()), rel=1e-13)


def test_its_way_of_training():
    draw = random.Random(0)
    X = np.array([[draw.uniform(-1, 1), draw.uniform(-1, 1)] for _ in range(40)])
    y = np.where(X[:, 0] + X[:, 1] ** 2 > 0.2, 1, -1)
    model = MLP(2, [8, 1], seed=3)
    for step in range(60):
        scores = list(map(model, [list(map(Value, row)) for row in X]))
        losses = [(1 + -target * score).relu() for target, score in zip(y, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 60) * p.grad
    right = [(score.data > 0) == (target > 0) for target, score in zip(y, scores, strict=True)]
    assert sum(right) >= 36


@pytest.fixture
def micrograd():
    return pytest.importorskip("micrograd.engine")


def test_inputs_keep_their_order_and_repeats(micrograd):
    # A set of inputs has no order and no repeats: x * x has one, and x - y may come out as y, x.
    square = micrograd.Value(3.0) ** 1
    assert len((square * square)._prev) == 1
    x, y = Value(3.0), Value(2.0)
    assert len((x * x).inputs) == 2
    assert (x - y).inputs == (x, y)


def test_a_second_backward_does_not_compound(micrograd):
    def gradient_after_two(value):
        x = value(2.0)
        y = (x * 3) * 5
        y.backward()
        y.backward()
        return x.grad

    assert gradient_after_two(micrograd.Value) == 15 + 30  # the interior 5 was added to itself
    assert gradient_after_two(Value) == 15 + 15


def test_two_outputs_of_a_shared_graph_do_not_leak_into_each_other(micrograd):
    def gradient(value):
        x = value(2.0)
        h = x * 3
        (h * 5).backward()
        (h * 7).backward()
        return x.grad

    assert gradient(micrograd.Value) != 15 + 21
    assert gradient(Value) == 15 + 21


def test_a_deep_graph_does_not_overflow_the_stack(micrograd):
    def deep(value):
        y = x = value(1.0)
        for _ in range(5000):
            y = y + 1
        y.backward()
        return x.grad

    with pytest.raises(RecursionError):
        deep(micrograd.Value)
    assert deep(Value) == 1.0


def test_too_few_inputs_are_not_truncated():
    with pytest.raises(ValueError, match="3"):
        Neuron(3)([1.0, 2.0])


def test_a_quotient_is_rounded_once(micrograd):
    # a * b**-1 is rounded twice.
    assert (micrograd.Value(5.0) / 49.0).data != 5.0 / 49.0
    assert (Value(5.0) / 49.0).data == 5.0 / 49.0


def test_a_power_may_have_a_value_as_its_exponent(micrograd):
    with pytest.raises(AssertionError):
        micrograd.Value(2.0) ** micrograd.Value(3.0)
    assert autograd.pow(Value(2.0), Value(3.0)).data == 8.0
