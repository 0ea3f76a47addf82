"""A learning rate that is a function of the step."""

import copy
import json
import math
import pickle

import numpy as np
import pytest

from autograd import Value
from nn import MLP, SGD, Adam, Optimizer, fit, half_squared_error, load_checkpoint, save_checkpoint

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 2))
T = np.tanh(X[:, :1] - X[:, 1:])
KINDS = [(SGD, {"momentum": 0.9}), (SGD, {}), (Adam, {"weight_decay": 0.01})]


def falling(step):
    return 0.05 / (1 + step / 30)


def stairs(step):
    return 0.05 * 0.5 ** (step // 20)


def train(optimizer, model, epochs, compiled):
    def loss(x, t):
        return half_squared_error(model(x), t)

    return fit(loss, X, T, optimizer, epochs, batch_size=7, shuffle=3, compile=compiled)


class Lion(Optimizer):
    """An optimiser of a user, which knows nothing of schedules."""

    settings, memories = ("lr",), ("mean",)

    def __init__(self, parameters, lr=1e-3):
        super().__init__(parameters)
        self.lr = lr

    def update(self, p, gradient, mean):
        return p - self.lr * (0.9 * mean + 0.1 * gradient), 0.99 * mean + 0.01 * gradient


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_it_is_the_schedule_of_pytorch(torch, kind, settings):
    ours = [Value(x) for x in (0.8, -0.5)]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.8, -0.5)]
    optimizer = kind(ours, lr=falling, **settings)
    reference = getattr(torch.optim, kind.__name__)(theirs, lr=1.0, **settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(reference, falling)
    for step in range(40):
        assert optimizer.lr == falling(step)
        for a, b in (ours, theirs):
            loss = (a * b - 1) ** 2 + a**2 * 0.1
            (optimizer if a is ours[0] else reference).zero_grad()
            loss.backward()
        optimizer.step()
        reference.step()
        schedule.step()
        assert [p.data for p in ours] == pytest.approx([p.item() for p in theirs], rel=1e-12)


@pytest.mark.parametrize("schedule", [falling, stairs])
@pytest.mark.parametrize(
    ("kind", "settings"),
    [KINDS[0], *[pytest.param(*kind, marks=pytest.mark.slow) for kind in (*KINDS[1:], (Lion, {}))]],
)
def test_compiled_and_plain_training_are_the_same(kind, settings, schedule):
    plain, compiled = MLP(2, [4, 1], seed=1), MLP(2, [4, 1], seed=1)
    one = kind(plain.parameters(), lr=schedule, **settings)
    other = kind(compiled.parameters(), lr=schedule, **settings)
    losses = train(one, plain, 6, compiled=False).losses
    history = train(other, compiled, 6, compiled=True)
    assert one.steps_taken == other.steps_taken == 6 * 8
    assert history.losses == pytest.approx(losses, rel=1e-9)
    assert compiled.state_dict() == pytest.approx(plain.state_dict(), rel=1e-9)
    constant = MLP(2, [4, 1], seed=1)
    train(kind(constant.parameters(), lr=schedule(0), **settings), constant, 6, compiled=False)
    assert constant.state_dict() != pytest.approx(plain.state_dict(), rel=1e-3)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_function_is_asked_once_for_each_step_in_order(compiled):
    asked = []

    def schedule(step):
        asked.append(step)
        return stairs(step)

    model = MLP(2, [4, 1], seed=1)
    optimizer = SGD(model.parameters(), lr=schedule, momentum=0.9)
    train(optimizer, model, 6, compiled)
    assert asked[:48] == list(range(48))
    assert len(asked) <= 49


@pytest.mark.slow
def test_steps_in_plain_python_between_compiled_ones_count_too():
    w, v = Value(1.0), Value(1.0)

    def loss(x, t):
        return (w * x[0] - t[0]) ** 2 if x[0] > -1 else (v * x[1] - t[0]) ** 2

    results = []
    for compiled in (False, True):
        w.data = v.data = 1.0
        optimizer = SGD([w, v], lr=falling)
        fit(loss, X, T, optimizer, 3, compile=compiled)
        results.append((w.data, v.data, optimizer.steps_taken))
    assert results[0] == pytest.approx(results[1], rel=1e-9)
    assert results[0][2] == 150


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_a_training_goes_on_from_a_checkpoint_at_its_step(tmp_path, kind, settings):
    path = tmp_path / "a.safetensors"
    whole, first, second = (MLP(2, [3, 1], seed=1) for _ in range(3))
    optimizer = kind(whole.parameters(), lr=falling, **settings)
    train(optimizer, whole, 2, False)
    train(optimizer, whole, 2, False)
    before = kind(first.parameters(), lr=falling, **settings)
    train(before, first, 2, False)
    save_checkpoint(path, first, before)
    after = kind(second.parameters(), lr=falling)
    load_checkpoint(path, second, after)
    assert (after.steps_taken, after.lr) == (16, falling(16))
    train(after, second, 2, False)
    assert second.state_dict() == whole.state_dict()
    assert after.state_dict() == optimizer.state_dict()


def test_the_state_is_json_and_needs_the_function_again():
    p = Value(1.0)
    scheduled, constant = SGD([p], lr=falling), SGD([p], lr=0.1)
    scheduled.step()
    state = json.loads(json.dumps(scheduled.state_dict()))
    assert (state["lr"], state["steps_taken"]) == (falling(1), 1)
    with pytest.raises(ValueError, match="lr is a number here, and the state has a count of steps"):
        constant.load_state_dict(state)
    with pytest.raises(ValueError, match="lr is a function here, and the state has no count"):
        scheduled.load_state_dict(constant.state_dict())
    with pytest.raises(ValueError, match="steps_taken must be at least 0; got -1"):
        scheduled.load_state_dict({**state, "steps_taken": -1})
    assert "steps_taken" not in constant.state_dict()
    assert scheduled.steps_taken == 1


def test_it_may_be_set_between_steps():
    p = Value(1.0)
    p.grad = 1.0
    optimizer = SGD([p], lr=0.5)
    optimizer.step()
    optimizer.lr = lambda step: 0.1 * step
    optimizer.step()
    optimizer.lr = 0.25
    optimizer.step()
    assert p.data == pytest.approx(1 - 0.5 - 0.1 - 0.25)
    assert not optimizer.is_scheduled


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (lambda step: -1.0, ValueError, r"lr\(0\) must be finite and at least 0; got -1"),
        (lambda step: math.nan, ValueError, r"lr\(0\) must be finite"),
        (lambda step: "1", TypeError, r"lr\(0\): expected one real number"),
        (lambda step: None, TypeError, r"lr\(0\): expected one real number"),
        (lambda: 0.1, TypeError, "takes 0 positional arguments but 1 was given"),
    ],
)
def test_a_function_that_gives_no_rate_is_a_sentence(rate, error, message):
    p = Value(1.0)
    p.grad = 1.0
    with pytest.raises(error, match=message):
        SGD([p], lr=rate).step()
    assert p.data == 1.0


def test_a_step_of_its_own_counts_nothing():
    class Own(SGD):
        def step(self):
            for p in self.parameters:
                p.data -= self.lr * p.grad

    with pytest.raises(TypeError, match="Own has a step of its own, which counts no steps"):
        Own([Value(1.0)], lr=falling)
    Own([Value(1.0)], lr=0.1).step()


def test_copies_and_pickles():
    optimizer = Adam([Value(1.0)], lr=falling)
    optimizer.steps_taken = 7
    for twin in copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer)):
        assert (twin.lr, twin.steps_taken) == (falling(7), 7)
    assert repr(SGD([Value(1.0)], lr=0.1)).startswith("SGD(1 parameter, lr=0.1,")
    older = SGD([Value(1.0)], lr=0.1)
    older.__setstate__({"parameters": [Value(2.0)], "lr": 0.3})  # as version 0.1 pickled it
    assert older.lr == 0.3
