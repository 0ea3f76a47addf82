"""Losses, against closed forms and PyTorch."""

import math

import numpy
import pytest

from autograd.value import Value
from nn import cross_entropy, half_squared_error, hinge, mean_squared_error

OUTPUTS, TARGETS = [0.3, -1.5, 2.0, 0.9], [1.0, -1.0, -1.0, 1.0]


def leaves(numbers):
    return [Value(x) for x in numbers]


def check_against(torch, ours, theirs, numbers, rel=1e-12):
    values = leaves(numbers)
    error = ours(values)
    error.backward()
    tensor = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    expected = theirs(tensor)
    expected.backward()
    assert error.data == pytest.approx(expected.item(), rel=rel, abs=1e-15)
    assert [v.grad for v in values] == pytest.approx(tensor.grad.tolist(), rel=rel, abs=1e-15)


def test_half_squared_error_is_the_courses():
    outputs = leaves(OUTPUTS)
    error = half_squared_error(outputs, TARGETS)
    assert error.data == pytest.approx(0.5 * (0.7**2 + 0.5**2 + 3**2 + 0.1**2), rel=1e-15)
    error.backward()
    assert [o.grad for o in outputs] == pytest.approx([-0.7, -0.5, 3.0, -0.1], rel=1e-14)


def test_mean_squared_error_agrees_with_pytorch(torch):
    t = torch.tensor(TARGETS, dtype=torch.float64)
    check_against(
        torch,
        lambda o: mean_squared_error(o, TARGETS),
        lambda o: torch.nn.functional.mse_loss(o, t),
        OUTPUTS,
    )


def test_hinge_agrees_with_the_formula_in_pytorch(torch):
    t = torch.tensor(TARGETS, dtype=torch.float64)
    check_against(
        torch,
        lambda o: hinge(o, TARGETS),
        lambda o: torch.relu(1 - t * o).mean(),
        OUTPUTS,
    )


def test_hinge_is_micrograds():
    for score, label in (0.3, 1), (0.3, -1), (-2.0, -1):
        assert hinge(Value(score), label).data == max(0.0, 1 - label * score)


@pytest.mark.parametrize("target", [0, 1, 0.5, True, math.nan])
def test_hinge_targets_are_signs(target):
    if target in (1, True):
        assert hinge(Value(0.25), target).data == 0.75
        return
    with pytest.raises(ValueError, match="-1 or 1; got"):
        hinge([Value(0.3)], [target])


@pytest.mark.parametrize(
    "logits", [OUTPUTS, [1000.0, -1000.0, 0.0, 999.0], [1e6, 0.0, -1e6, 1e6], [0.0] * 4]
)
@pytest.mark.parametrize("target", [0, 2, [0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 0.0]])
def test_cross_entropy_agrees_with_pytorch(torch, logits, target):
    t = torch.tensor(target, dtype=torch.float64 if isinstance(target, list) else torch.long)
    check_against(
        torch,
        lambda o: cross_entropy(o, target),
        lambda o: torch.nn.functional.cross_entropy(o, t),
        logits,
        rel=1e-9,
    )


def test_cross_entropy_derivative_is_softmax_minus_target():
    logits = leaves([1.0, 2.0, 3.0])
    cross_entropy(logits, 1).backward()
    total = sum(math.exp(x) for x in (1, 2, 3))
    expected = [math.exp(x) / total - (x == 2) for x in (1, 2, 3)]
    assert [v.grad for v in logits] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("target", [1, 1.0, numpy.int64(1), numpy.array(1), Value(1.0), [0, 1, 0]])
def test_cross_entropy_takes_targets_of_any_kind(target):
    assert cross_entropy([0.0, 0.0, 0.0], target).data == pytest.approx(math.log(3), rel=1e-15)


@pytest.mark.parametrize("target", [-1, 3, 1.5, math.nan, math.inf, Value(3.0), Value(1.5)])
def test_cross_entropy_refuses_a_target_that_is_not_an_index(target):
    with pytest.raises(ValueError, match=r"3 logits is an index from 0 to 2; got"):
        cross_entropy([0.0, 0.0, 0.0], target)


def test_cross_entropy_refuses_numbers_that_are_not_probabilities():
    with pytest.raises(ValueError, match=r"got 3 logits and 2 target probabilities$"):
        cross_entropy([0.0, 0.0, 0.0], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"3 logits and 1 target probabilities; .*target\[0\]"):
        cross_entropy([0.0, 0.0, 0.0], [2])
    for wrong in [0.5, 0.0, 0.0], [1.5, -0.5, 0.0], [math.nan, 1.0, 0.0]:
        with pytest.raises(ValueError, match="at least 0 and sum to 1"):
            cross_entropy([0.0, 0.0, 0.0], wrong)
    with pytest.raises(ValueError, match="at least one logit"):
        cross_entropy([], 0)


@pytest.mark.parametrize("loss", [half_squared_error, mean_squared_error, hinge])
def test_sizes_and_kinds(loss):
    with pytest.raises(ValueError, match=r"targets as outputs; got 2 outputs and 1 target$"):
        loss(leaves([1, 2]), [1])
    with pytest.raises(ValueError, match=r"got 1 output and 3 targets$"):
        loss(Value(1.0), [1, 1, 1])
    with pytest.raises(ValueError, match="at least one output"):
        loss([], [])
    one = loss(Value(0.5), 1)
    assert isinstance(one, Value)
    for outputs in Value(0.5), [Value(0.5)], 0.5, numpy.array([0.5]):
        for target in 1, [1], (Value(1),), numpy.array([1]), numpy.int64(1), [numpy.float32(1)]:
            assert loss(outputs, target).data == one.data
            assert type(loss(outputs, target).data) is float
    for wrong, message in ("a", "str 'a'"), (None, "NoneType"), ([1.0], "list of 1 element"):
        with pytest.raises(TypeError, match=f"expected one real number.*; got {message}"):
            loss([Value(0.5)], [wrong])


def test_cross_entropy_names_a_probability_beyond_floats():
    with pytest.raises(OverflowError, match="target"):
        cross_entropy([0.5, 1.0], [10**400, 0])
