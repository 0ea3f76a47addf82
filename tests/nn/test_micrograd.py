"""Networks of micrograd's shape. Whole programs are in tests/programs."""

import random

import numpy as np
import pytest

import nn
from autograd import Value, jit
from nn import micrograd

STORED = [0.23550571390294128, 0.06653114721000164, -0.26830328150124894, 0.1715747078045431]


@pytest.fixture
def theirs():
    return pytest.importorskip("micrograd.nn")


def drawn(library, seed=1337):
    random.seed(seed)
    return library.MLP(2, [16, 16, 1])


def losses(model, value):
    """A training on three points, without a library."""
    points = [(-1.0, 0.5), (0.3, 2.0), (1.2, -0.4)]
    found = []
    for _ in range(20):
        outputs = [model([value(a), value(b)]) for a, b in points]
        loss = sum((y - (a * b)) ** 2 for y, (a, b) in zip(outputs, points))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.01 * p.grad
        found.append(loss.data)
    return found


def test_the_same_seed_gives_the_same_network():
    model = drawn(micrograd)
    parameters = model.parameters()
    assert len(parameters) == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1
    assert [p.data for p in parameters[:2]] == STORED[:2]
    assert [w.data for w in model.layers[0].neurons[1].w] == STORED[2:]
    assert [neuron.b.data for layer in model.layers for neuron in layer.neurons] == [0.0] * 33
    assert model([0.5, -1.5]).data == pytest.approx(-1.1587695246010408, rel=1e-12)


def test_parameters_stand_in_their_order_and_losses_are_the_same(theirs):
    from micrograd.engine import Value as TheirValue

    ours, reference = drawn(micrograd), drawn(theirs)
    numbers = [p.data for p in reference.parameters()]
    assert [p.data for p in ours.parameters()] == numbers
    assert losses(ours, Value) == pytest.approx(losses(reference, TheirValue), rel=1e-12)
    gradients = [p.grad for p in reference.parameters()]
    assert [p.grad for p in ours.parameters()] == pytest.approx(gradients, rel=1e-10, abs=1e-12)


def test_relu_inside_and_a_linear_end():
    model = micrograd.MLP(3, [4, 4, 2])
    shapes = [(len(n.w), n.nonlin) for layer in model.layers for n in layer.neurons]
    assert shapes == [(3, True)] * 4 + [(4, True)] * 4 + [(4, False)] * 2
    assert len(model([1.0, 2.0, 3.0])) == 2
    neuron = micrograd.Neuron(2)
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 1.0, -2.0, 0.5
    assert neuron([1, 3]).data == 0.0
    assert neuron([1, 0]).data == 1.5
    linear = micrograd.Neuron(2, nonlin=False)
    linear.w[0].data, linear.w[1].data = 1.0, -2.0
    assert linear([1, 3]).data == -5.0


def test_it_is_a_module_like_any_other(tmp_path):
    model = drawn(micrograd)
    assert isinstance(model, micrograd.Module)
    names = [name for name, _ in model.named_parameters()]
    assert names == [name for name, _ in nn.MLP(2, [16, 16, 1]).named_parameters()]
    compiled = jit(lambda x: model(x), backend="numpy")
    assert compiled(np.array([[0.5, -1.5]]))[0] == pytest.approx(model([0.5, -1.5]).data, rel=1e-14)


def test_reprs_show_the_constructor():
    assert repr(micrograd.Neuron(2)) == "Neuron(2, nonlin=True)"
    assert repr(micrograd.Layer(2, 3, nonlin=False)) == "Layer(2, 3, nonlin=False)"
    assert repr(micrograd.MLP(2, [3, 1])) == "MLP(2, [3, 1])"


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: micrograd.MLP(2, 3), TypeError, r"nouts is a list, one size per layer: \[3\]"),
        (lambda: micrograd.MLP(2, []), ValueError, "at least one layer"),
        (lambda: micrograd.MLP(2, [0]), ValueError, "nout must be at least 1"),
        (lambda: micrograd.Neuron(0), ValueError, "nin must be at least 1"),
        (lambda: micrograd.MLP(2, [3])([1, 2, 3]), ValueError, r"MLP\(2, \[3\]\) takes 2 inputs"),
        (lambda: micrograd.Neuron(2)([1]), ValueError, "takes 2 inputs; got 1"),
    ],
)
def test_wrong_sizes_are_sentences(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


@pytest.mark.parametrize(
    ("kind", "arguments"), [(nn.Neuron, (2,)), (nn.Layer, (2, 3)), (nn.MLP, (2, [3]))]
)
def test_nonlin_elsewhere_names_this_module(kind, arguments):
    with pytest.raises(TypeError, match=f"from nn.micrograd import {kind.__name__}"):
        kind(*arguments, nonlin=False)
