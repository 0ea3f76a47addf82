"""Neurons are found again in the graph of scalars that they recorded."""

import pytest

from autograd import Value, topological_order
from autograd.neurons import find_neurons
from nn import MLP, half_squared_error


def test_a_neuron_written_by_hand():
    x1, x2, w1, w2, b = (Value(i, name) for i, name in enumerate(["x1", "x2", "w1", "w2", "b"]))
    total = w1 * x1 + x2 * w2 + b
    nodes = topological_order((total.tanh() - x1) / x2)  # x1 and x2 are used again, the weights not
    (neuron,) = find_neurons(nodes)
    assert nodes[neuron.output].op.name == "tanh"
    assert nodes[neuron.total] is total
    assert [(nodes[c.weight].label, nodes[c.input].label) for c in neuron.connections] == [
        ("w1", "x1"),
        ("w2", "x2"),
    ]
    assert [nodes[place] for place in neuron.biases] == [b]
    assert len(neuron.inside) == 2 + 2 + 1 + 1 + 1 + 1  # weights, products, b, partial, sum, tanh


def test_a_node_that_is_not_a_neuron():
    x, y = Value(1.0), Value(2.0)
    product = x * y
    for output in (x + y, x.tanh(), product + product, (x * y + y.tanh()).tanh(), x):
        assert find_neurons(topological_order(output)) == []


@pytest.mark.parametrize("sizes", [(2, [3, 1]), (3, [4, 2]), (2, [5, 5, 3])])
def test_every_neuron_of_a_network_in_its_layer(sizes):
    nin, nouts = sizes
    model = MLP(nin, nouts, seed=1)
    nodes = topological_order(half_squared_error(model([0.1] * nin), [0.0] * nouts[-1]))
    neurons = find_neurons(nodes)
    assert [sum(n.layer == i + 1 for n in neurons) for i in range(len(nouts))] == nouts
    weights = {id(nodes[c.weight]) for n in neurons for c in n.connections}
    biases = {id(nodes[b]) for n in neurons for b in n.biases}
    assert weights | biases == {id(p) for p in model.parameters()}
    inside = [place for n in neurons for place in n.inside]
    assert len(inside) == len(set(inside))
