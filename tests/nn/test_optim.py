"""Optimisers, against PyTorch's and closed forms."""

import gc
import json
import random
import weakref
from fractions import Fraction

import numpy
import pytest

from autograd.value import Value
from nn import MLP, SGD, Adam, Optimizer, clip_grad_norm, clip_grad_norm_

SETTINGS = [
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.05, "momentum": 0.9}),
    (SGD, {"lr": 0.05, "weight_decay": 0.1}),
    (SGD, {"lr": 0.02, "momentum": 0.8, "weight_decay": 0.05}),
    (Adam, {"lr": 0.05}),
    (Adam, {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    (Adam, {"lr": 0.1, "betas": (0.0, 0.0)}),
]
START = [0.8, -0.5, 0.5]


def valley(a, b, c):
    """An error with steep and flat directions, for floats, Values and tensors alike."""
    return a**2 * 3 + (b - a) ** 4 + (c * b - 1) ** 2 * 0.5


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_fifty_steps_agree_with_pytorch(torch, kind, settings):
    ours = [Value(x) for x in START]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
    optimizer = kind(ours, **settings)
    reference = getattr(torch.optim, kind.__name__)(theirs, foreach=False, **settings)
    for step in range(50):
        optimizer.zero_grad()
        reference.zero_grad()
        # Sometimes the last parameter is not used: it has no gradient and stays.
        skipped = step % 7 == 0
        a, b, c = ours
        valley(a, b, c.data if skipped else c).backward()
        if skipped:
            c.grad = None
        a, b, c = theirs
        valley(a, b, c.detach() if skipped else c).backward()
        optimizer.step()
        reference.step()
        assert [p.data for p in ours] == pytest.approx([p.item() for p in theirs], rel=1e-12)
    assert [p.data for p in ours] != START


def test_sgd_closed_forms():
    p = Value(1.0)
    p.grad = 2.0
    SGD([p], lr=0.25).step()
    assert p.data == 0.5
    optimizer = SGD([p], lr=1.0, momentum=0.5)
    for expected in 0.5 - 2, 0.5 - 2 - 3, 0.5 - 2 - 3 - 3.5:
        optimizer.step()
        assert p.data == expected


def test_adams_first_step_is_lr_whatever_the_gradient():
    for gradient in 1e-4, -3.0, 1e9:
        p = Value(0.0)
        p.grad = gradient
        Adam([p], lr=0.01).step()
        assert p.data == pytest.approx(-0.01 if gradient > 0 else 0.01, rel=1e-3)


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_state_through_json_continues_exactly(kind, settings):
    def steps(optimizer, n):
        for _ in range(n):
            optimizer.zero_grad()
            valley(*optimizer.parameters).backward()
            optimizer.step()

    whole = kind([Value(x) for x in START], **settings)
    steps(whole, 20)
    first = kind([Value(x) for x in START], **settings)
    steps(first, 10)
    second = kind([Value(p.data) for p in first.parameters], lr=0.77)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    steps(second, 10)
    assert [p.data for p in second.parameters] == [p.data for p in whole.parameters]
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("lr"), ValueError, "not a state of SGD: missing lr"),
        (lambda s: s.update(betas=1), ValueError, "unexpected betas"),
        (lambda s: s.update(lr=-1), ValueError, "lr must be finite and at least 0; got -1"),
        (lambda s: s.update(velocity=[1.0]), ValueError, "of 1 parameter, this optimiser of 3"),
        (lambda s: s.update(velocity=[1.0, "2", 3.0]), TypeError, "one real number.*str"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    optimizer = SGD([Value(x) for x in START], lr=0.1, momentum=0.9)
    before = optimizer.state_dict()
    state = {**before, "momentum": 0.1, "velocity": [1.0, 2.0, 3.0]}
    change(state)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == before


def test_a_state_is_a_dict():
    with pytest.raises(TypeError, match=r"a dict, as of state_dict\(\); got NoneType"):
        SGD([Value(1.0)], lr=0.1).load_state_dict(None)


def test_repr_shows_the_settings():
    assert repr(SGD(MLP(2, [1]).parameters(), lr=0.1)) == (
        "SGD(3 parameters, lr=0.1, momentum=0.0, weight_decay=0.0)"
    )
    assert repr(Adam([Value(1.0)], eps=0.5)) == (
        "Adam(1 parameter, lr=0.001, betas=(0.9, 0.999), eps=0.5, weight_decay=0.0)"
    )


def test_a_state_is_a_copy():
    optimizer = SGD([Value(1.0)], lr=0.1, momentum=0.9)
    optimizer.state_dict()["velocity"][0] = 5.0
    assert optimizer.velocity == [0.0]


class Returning(Optimizer):
    memories = ("sums",)

    def __init__(self, parameters, returned):
        super().__init__(parameters)
        self.sums = [0.0]
        self.returned = returned

    def update(self, p, gradient, total):
        return self.returned


@pytest.mark.parametrize(
    ("returned", "got"), [(1.0, "float"), ((1.0,), "1"), ((1.0, 2.0, 3.0), "3")]
)
def test_an_update_that_returns_too_little_or_too_much(returned, got):
    p = Value(1.0)
    p.grad = 1.0
    with pytest.raises(TypeError, match=rf"its memories .*'sums'.*, 2 in all; it returned {got}$"):
        Returning([p], returned).step()
    assert p.data == 1.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: SGD([], 0.1), ValueError, "at least one parameter"),
        (lambda p: SGD(MLP(1, [1]), 0.1), TypeError, r"model.parameters\(\); got MLP"),
        (lambda p: SGD(0.1, [p]), TypeError, r"its parameters first, .*; got 0\.1"),
        (lambda p: SGD(0.1), TypeError, r"its parameters first, .*; got 0\.1"),
        (lambda p: Adam(0.1), TypeError, r"its parameters first, .*; got 0\.1"),
        (lambda p: SGD([p]), TypeError, "needs a learning rate: SGD"),
        (lambda p: SGD(MLP(1, [1]).named_parameters(), 0.1), TypeError, r"got tuple \('l.* in it"),
        (lambda p: SGD([p, 2.0], 0.1), TypeError, r"model.parameters\(\); got float 2.0 in it"),
        (lambda p: SGD([p * 2], 0.1), ValueError, "only leaves"),
        (lambda p: SGD([p], -0.1), ValueError, "lr must be finite and at least 0; got -0.1"),
        (lambda p: SGD([p], float("nan")), ValueError, "lr must be finite"),
        (lambda p: SGD([p], "0.1"), TypeError, "^lr: expected one real number"),
        (lambda p: SGD([p], 0.1, momentum=-1), ValueError, "momentum must"),
        (lambda p: Adam([p], weight_decay=float("inf")), ValueError, "weight_decay must"),
        (lambda p: Adam([p], betas=(0.9, 1.0)), ValueError, r"betas .*got \(0.9, 1.0\)"),
        (lambda p: Adam([p], betas=(0.9,)), ValueError, "betas are two numbers"),
        (lambda p: Adam([p], betas=numpy.array(3.0)), ValueError, "betas are two"),
        (lambda p: Adam([p], betas={0.5, 0.6}), TypeError, "got set"),
        (lambda p: Adam([p], betas=0.9), ValueError, "betas are two numbers .*; got 0.9"),
        (lambda p: Adam([p], eps=0), ValueError, "eps must be above 0"),
        (lambda p: Optimizer([p]).step(), NotImplementedError, "how to step"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make(Value(1.0))


def test_a_parameter_given_twice_moves_once_and_equal_numbers_are_two_parameters():
    a, b = Value(1.0), Value(1.0)
    optimizer = SGD([a, b, a], lr=0.5)
    optimizer.zero_grad()
    (a + b).backward()
    optimizer.step()
    assert (a.data, b.data) == (0.5, 0.5)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_learning_rate_assigned_from_an_array_keeps_data_plain(kind):
    p = Value(1.0)
    p.grad = 1.0
    optimizer = kind([p], lr=0.1)
    optimizer.lr = numpy.linspace(0.5, 0.1, 3)[0]
    optimizer.step()
    assert type(p.data) is float
    assert p.data == pytest.approx(0.5)


def test_an_update_may_depend_on_attributes_that_change():
    class Decaying(Optimizer):
        settings = ("lr",)

        def __init__(self, parameters, lr):
            super().__init__(parameters)
            self.lr, self.calls = lr, 0

        def update(self, p, gradient):
            self.calls += 1
            return (p - self.lr / self.calls * gradient,)

    p = Value(0.0)
    optimizer = Decaying([p], lr=1.0)
    moves = []
    for lr in 1.0, 1.0, 1.0, 4.0:
        optimizer.lr = lr
        p.data, p.grad = 0.0, 1.0
        optimizer.step()
        moves.append(-p.data)
    assert moves == [1.0, 1 / 2, 1 / 3, 4 / 4]


def test_a_division_by_zero_in_an_update_is_infinite():
    class Inverse(Optimizer):
        def update(self, p, gradient):
            return (1 / gradient,)

    parameters = [Value(0.0), Value(0.0)]
    parameters[0].grad, parameters[1].grad = 0.0, -4.0
    Inverse(parameters).step()
    assert [p.data for p in parameters] == [float("inf"), -0.25]


def test_settings_that_change_in_place_count_at_the_next_step():
    p = Value(1.0)
    optimizer = Adam([p], lr=0.1)
    optimizer.betas = [0.5, 0.6]
    p.grad = 1.0
    optimizer.step()
    optimizer.betas[0] = 0.0
    optimizer.step()
    assert optimizer.means == [1.0]

    class Scheduled(Optimizer):
        rate = 1.0

        def update(self, p, gradient):
            return p - self.rate * gradient

    q = Value(0.0)
    q.grad = 1.0
    scheduled = Scheduled([q])
    scheduled.step()
    Scheduled.rate = 0.25
    scheduled.step()
    assert q.data == -1.25


def test_an_update_of_the_object_itself_counts():
    p = Value(1.0)
    p.grad = 1.0
    optimizer = SGD([p], lr=0.1)
    optimizer.update = lambda p, gradient, velocity: (p - 0.5 * gradient, velocity)
    optimizer.step()
    assert p.data == 0.5


def test_an_update_that_draws_random_numbers_is_refused():
    class Noisy(Optimizer):
        def update(self, p, gradient):
            return (p - gradient * random.random(),)

    p = Value(1.0)
    p.grad = 1.0
    with pytest.raises(TypeError, match=r"Noisy\.update draws random numbers"):
        Noisy([p]).step()


def test_an_optimiser_is_freed_although_it_refers_to_itself():
    optimizer = SGD([Value(1.0)], lr=0.1)
    optimizer.itself = optimizer
    optimizer.step()
    there = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert there() is None


# --- clipping ---


@pytest.mark.parametrize("gradients", [[3.0, -4.0], [0.03, 0.04], [0.0, 0.0], [1e200, 1e200]])
@pytest.mark.parametrize("limit", [1.0, 0.0, 5])
def test_clipping_is_pytorchs(torch, gradients, limit):
    ours = [Value(0.0) for _ in gradients]
    theirs = [torch.tensor(0.0, dtype=torch.float64, requires_grad=True) for _ in gradients]
    for p, twin, gradient in zip(ours, theirs, gradients):
        p.grad, twin.grad = gradient, torch.tensor(gradient, dtype=torch.float64)
    norm = clip_grad_norm([*ours, Value(1.0)], limit)
    expected = torch.nn.utils.clip_grad_norm_(theirs, limit).item()
    if gradients[0] < 1e100:  # PyTorch's norm overflows there, and with it the gradients are 0
        assert norm == pytest.approx(expected, rel=1e-15)
        assert [p.grad for p in ours] == pytest.approx([p.grad.item() for p in theirs], rel=1e-14)
    else:
        assert norm == pytest.approx(2**0.5 * 1e200, rel=1e-15)
        assert [p.grad for p in ours] == pytest.approx([limit / 2**0.5] * 2, rel=1e-15)


def test_clipping_leaves_parameters_alone_that_have_no_gradient():
    p, unreached = Value(1.0), Value(1.0)
    (p * 10).backward()
    assert clip_grad_norm_((p, unreached, p), 1.0) == 10.0  # each once
    assert p.grad == pytest.approx(1.0, rel=1e-6)
    assert not unreached.has_grad
    assert clip_grad_norm([unreached], 1.0) == 0.0
    assert clip_grad_norm(p, 0.5) == pytest.approx(1.0, rel=1e-6)


def test_clipping_says_what_is_wrong():
    p = Value(1.0)
    p.grad = float("inf")
    with pytest.raises(FloatingPointError, match="norm of the gradients is inf"):
        clip_grad_norm([p], 1.0)
    with pytest.raises(ValueError, match="max_norm must be finite and at least 0; got -1"):
        clip_grad_norm([p], -1)
    with pytest.raises(TypeError, match="clip_grad_norm takes its parameters first"):
        clip_grad_norm(1.0, [p])


def test_a_set_of_parameters_has_no_order():
    for kind in set, frozenset:
        with pytest.raises(TypeError, match=f"got a {kind.__name__}, which has no order"):
            SGD(kind([Value(1.0), Value(2.0)]), lr=0.1)


class Rate(float):
    """A number of a kind of its own."""


class Pulled(Optimizer):
    settings = ("lr", "ends")

    def __init__(self, parameters, ends):
        super().__init__(parameters)
        self.lr, self.ends = 0.5, ends

    def update(self, p, gradient):
        return p - self.lr * gradient * self.ends[0]


def test_a_setting_may_be_a_list_of_numbers_and_any_real_number():
    p = Value(1.0)
    optimizer = Pulled([p], [2.0, None])
    optimizer.lr = Fraction(1, 4)
    p.grad = 1.0
    optimizer.step()
    assert (p.data, optimizer.lr) == (0.5, 0.25)
    optimizer.ends = [2.0, {}]
    with pytest.raises(TypeError, match=r"ends is a number, text, .* got \[2\.0, \{\}\]"):
        optimizer.step()
    assert p.data == 0.5
    momentum = SGD([p], 0.1)
    momentum.momentum = Fraction(1, 2)
    p.grad = 1.0
    momentum.step()
    assert (type(momentum.momentum), momentum.momentum) == (float, 0.5)
    momentum.momentum = Rate(0.25)
    momentum.step()
    assert (type(momentum.momentum), momentum.momentum) == (float, 0.25)
