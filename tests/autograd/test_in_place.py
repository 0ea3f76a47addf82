"""``+=`` and its kind: under ``no_grad`` they change a leaf, elsewhere they bind a name anew."""

import copy
import pickle

import numpy as np
import pytest

from autograd import CompileError, Value, compile, detect_anomaly, dot, fast, grad, no_grad
from autograd.nodes.leaves import RESULT
from autograd.value import as_value
from nn import MLP, Module


@pytest.fixture(params=[True, False], ids=["fast", "plain"], autouse=True)
def both_forms(request):
    if request.param:
        yield
    else:
        with fast.plain():
            yield


def changed(symbol, a, b):
    """``a`` after ``a += b``."""
    names = {"a": a, "b": b}
    exec(f"a {symbol}= b", names)
    return names["a"]


RESULTS = {"+": 3.5, "-": 2.5, "*": 1.5, "/": 6.0, "**": 3.0**0.5}
NUMBERS = [0.5, np.float64(0.5), np.float32(0.5)]


# --- by a number ---


@pytest.mark.parametrize("symbol", RESULTS)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda x: type(x).__name__)
def test_under_no_grad_a_number_changes_a_leaf_in_place(symbol, number):
    p = Value(3.0, "p")
    (p * 2).backward()
    with no_grad():
        q = changed(symbol, p, number)
    assert q is p
    assert type(p.data) is float
    assert p.data == RESULTS[symbol]
    assert (p.label, p.grad, p.op) == ("p", 2.0, None)


def test_whole_numbers_and_bools_are_numbers():
    p = Value(3.0)
    with no_grad():
        p -= 1
        p *= True
        p /= np.int64(4)
    assert p.data == 0.5


def test_what_was_recorded_before_keeps_its_numbers():
    p = Value(3.0)
    y = p * p
    with no_grad():
        p -= 1.0
    y.backward()
    assert (p.data, y.data, p.grad) == (2.0, 9.0, 6.0)


@pytest.mark.parametrize("symbol", RESULTS)
def test_outside_no_grad_a_name_is_bound_to_a_new_node(symbol):
    for other in (0.5, Value(0.5)):
        p = Value(3.0)
        q = changed(symbol, p, other)
        assert q is not p
        assert (p.data, q.data) == (3.0, RESULTS[symbol])
        assert q.inputs[0] is p
        with detect_anomaly():
            assert changed(symbol, p, other).inputs[0] is p


def test_a_micrograd_neuron_and_its_sum():
    w, x, b = [Value(2.0), Value(-1.0)], [0.5, 3.0], Value(0.25)

    def neuron():
        act = b
        for wi, xi in zip(w, x):
            act += wi * xi
        return act

    out = neuron()
    out.backward()
    assert (out.data, b.data, b.grad, w[1].grad) == (-1.75, 0.25, 1.0, 3.0)
    with no_grad():
        assert neuron().data == -1.75
        assert neuron().data == -1.75
    assert b.data == 0.25


# --- by a Value ---


def test_under_no_grad_a_value_binds_the_name_anew():
    losses = [Value(1.0), Value(2.0)]
    with no_grad():
        total = losses[0]
        total += losses[1]
        product = losses[1]
        product *= losses[1]
        product /= losses[0]
        product **= losses[1]
    assert (total.data, product.data) == (3.0, 16.0)
    assert [v.data for v in losses] == [1.0, 2.0]


@pytest.mark.parametrize(
    "update",
    [
        lambda p, g: changed("-", p, 0.1 * g),
        lambda p, g: changed("-", p, g),
        lambda p, g: changed("+", p, -0.1 * g),
        lambda p, g: changed("+", p, (0.9 * g + g / 2) ** 2),
        lambda p, g: changed("*", p, 1 - g),
        lambda p, g: changed("-", p, Value(0.1)),
        lambda p, g: changed("-", p, p),
    ],
)
def test_an_update_that_would_train_nothing_is_refused(update):
    p = Value(3.0, "p")
    g = grad(p * p, p)
    with no_grad(), pytest.raises(TypeError, match=r"Value\(3, label='p'\) . ?= .*g\.data; write"):
        update(p, g)
    assert p.data == 3.0


def test_a_step_that_was_recorded_is_refused_too():
    p = Value(3.0)
    step = 0.1 * grad(p * p, p, create_graph=True)
    with no_grad(), pytest.raises(TypeError, match=r"only a number changes a leaf"):
        p -= step


def test_the_ways_that_the_message_names():
    p, q = Value(3.0), Value(3.0)
    g = grad(p * p, p)
    with no_grad():
        p -= 0.5 * g.data
        q.data -= 0.5 * g.data
        total = q
        total = total - p
    assert (p.data, q.data, total.data) == (0.0, 0.0, 0.0)


def test_derivatives_can_be_scaled_and_summed():
    x, y = Value(3.0), Value(4.0)
    gradients = grad(x * x / 2 + y * y / 2, [x, y])
    with no_grad():
        square = 0.0
        for g in gradients:
            square += g * g
        norm = square**0.5
        for g in gradients:
            g /= norm.data
        assert [g.data for g in gradients] == [0.6, 0.8]


# --- what is not a leaf that somebody made ---


def test_nodes_results_and_constants_are_bound_anew():
    x = Value(3.0)
    node, constant = x * 2.0, as_value(3.0)
    with no_grad():
        results = [x * 2.0, x.exp(), dot([x], [x]), dot([x], [x], 1.0), sum([x, x])]
        for v in (node, constant, *results):
            before = v.data
            for other in (0.5, Value(0.5)):
                new = changed("-", v, other)
                assert new is not v
                assert (v.data, new.data) == (before, before - 0.5)
    assert node.inputs[0] is x


def test_a_softmax_that_divides_in_place_gives_the_same_under_no_grad():
    def softmax(logits):
        exps = [v.exp() for v in logits]
        total = sum(exps)
        for i in range(len(exps)):
            exps[i] -= total * 0.0
            exps[i] /= total
        return exps

    logits = [Value(0.5), Value(-1.0), Value(2.0)]
    expected = [v.data for v in softmax(logits)]
    with no_grad():
        assert [v.data for v in softmax(logits)] == expected
    assert sum(expected) == pytest.approx(1)


def test_copies_and_pickles_remember_their_kind():
    with no_grad():
        x = Value(3.0)
        result = x * 2.0
    g = grad(x * x, x)
    for remade in (copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))):
        made, computed, derivative = remade(x), remade(result), remade(g)
        assert computed._record is RESULT
        with no_grad():
            assert changed("-", made, 1.0) is made
            assert changed("-", computed, 1.0) is not computed
            with pytest.raises(TypeError, match="only a number"):
                changed("+", made, derivative)


@pytest.mark.parametrize("other", ["0.1", None, [0.1], np.array([0.1, 0.2]), 1j], ids=repr)
def test_what_is_no_number_is_refused(other):
    p = Value(3.0)
    for symbol in ("+", "-", "*", "/", "**"):
        with no_grad(), pytest.raises(TypeError, match="one real number"):
            changed(symbol, p, other)
    assert p.data == 3.0


# --- loops that people write ---


class Line(Module):
    def __init__(self):
        self.w = [Value(0.5), Value(-0.25)]
        self.b = Value(0.1)

    def __call__(self, x):
        return self.w[0] * x[0] + self.w[1] * x[1] + self.b


ROWS = [([1.0, 2.0], 3.0), ([-1.0, 0.5], 0.0), ([0.3, -2.0], 1.0)]


def by_parameters(model, rate):
    for p in model.parameters():
        p -= rate * p.grad


def by_place(model, rate):
    for i in range(len(model.w)):
        model.w[i] -= rate * model.w[i].grad
    model.b -= rate * model.b.grad


def by_addition(model, rate):
    for p in model.parameters():
        p += -rate * p.grad


def by_data(model, rate):
    for p in model.parameters():
        p.data -= rate * p.grad


def trained(model, update, steps=20, rate=0.05):
    kept = list(model.parameters())
    losses = []
    for _ in range(steps):
        loss = sum((model(x) - t) ** 2 for x, t in ROWS) / len(ROWS)
        model.zero_grad()
        loss.backward()
        with no_grad():
            update(model, rate)
        losses.append(loss.data)
    assert all(p is q for p, q in zip(kept, model.parameters(), strict=True))
    return losses, [p.data for p in model.parameters()]


@pytest.mark.parametrize("update", [by_parameters, by_place, by_addition])
def test_the_update_loop_trains(update):
    losses, weights = trained(Line(), update)
    assert losses[-1] < 0.3 * losses[0]
    assert (losses, weights) == trained(Line(), by_data)


def test_weights_that_were_computed_under_no_grad_are_trained_too():
    model, other = Line(), Line()
    with no_grad():
        model.w = [v * 1.0 for v in model.w]
        model.b = model.b / 1.0
    assert trained(model, by_parameters) == trained(other, by_data)


def test_weights_in_an_array_are_trained_as_a_whole():
    def loss():
        return sum((w @ np.array(x) - t) ** 2 for x, t in ROWS)

    w = np.array([Value(0.5), Value(-0.25)], object)
    expected = [v.data for v in w]
    for _ in range(5):
        gradient = [v.data for v in grad(loss(), list(w))]
        with no_grad():
            w -= 0.05 * np.array(gradient)
        expected = [x - 0.05 * g for x, g in zip(expected, gradient)]
        assert [v.data for v in w] == expected
        assert [v.op for v in w] == [None, None]
    loss().backward()
    with no_grad():
        for i, v in enumerate(w):
            v -= 0.05 * v.grad
            assert v is w[i]
    assert [v.data for v in w] == [x - 0.05 * v.grad for x, v in zip(expected, w)]


def test_the_update_loop_gives_the_numbers_of_torch():
    torch = pytest.importorskip("torch")
    w = torch.tensor([0.5, -0.25], dtype=torch.float64, requires_grad=True)
    b = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    expected = []
    for _ in range(20):
        loss = sum((w @ torch.tensor(x, dtype=torch.float64) + b - t) ** 2 for x, t in ROWS)
        loss = loss / len(ROWS)
        w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= 0.05 * p.grad
        expected.append(loss.item())
    losses, weights = trained(Line(), by_parameters)
    assert losses == pytest.approx(expected, rel=1e-12)
    assert weights == pytest.approx([*w.tolist(), b.item()], rel=1e-12)


def test_decay_momentum_and_clipping_in_place():
    model = MLP(2, [3, 1], seed=1)
    ps = list(model.parameters())
    velocity = [Value(0.0) for _ in ps]
    before = [p.data for p in ps]
    model([0.5, -0.5]).backward()
    with no_grad():
        for p, v in zip(ps, velocity):
            v *= 0.9
            v += p.grad
            p *= 1 - 0.01
            p -= 0.1 * v.data
    assert [v.data for v in velocity] == [p.grad for p in ps]
    assert [p.data for p in ps] == [x * 0.99 - 0.1 * p.grad for x, p in zip(before, ps)]


def test_a_compiled_training_step_sees_the_change():
    p = Value(3.0)
    program = compile(lambda x: p * x[0], backend="numpy")
    assert program([[2.0]]) == [6.0]
    with no_grad():
        p -= 1.0
    assert program([[2.0]]) == [4.0]


# --- while a function is recorded ---


def test_a_compiled_function_changes_no_parameter():
    p = Value(3.0)

    def function(x):
        with no_grad():
            q = p
            q -= 0.5  # the line
        return q * x[0]

    with pytest.raises(CompileError, match=r"sets a Value's data, at .*# the line"):
        compile(function)([[1.0]])
    assert p.data == 3.0


def test_in_a_compiled_function_inputs_are_as_plain_numbers():
    w = Value(2.0)

    def function(x):
        with no_grad():
            scale = x[0]
            scale -= 1.0
            scale *= w
        x[1] += 1.0
        return scale * x[1]

    rows = [[3.0, 4.0], [0.5, -2.0]]
    assert compile(function, backend="numpy")(rows).tolist() == [20.0, 1.0]
    assert [function(row).data for row in rows] == [20.0, 1.0]
