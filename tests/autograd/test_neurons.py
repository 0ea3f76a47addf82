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


def leaves(letter, count):
    return [Value(0.1 * (i + 1), f"{letter}{i + 1}") for i in range(count)]


def weights_found(output):
    """The names of the weights of each neuron, and those of the inputs that are leaves."""
    nodes = topological_order(output)
    neurons = find_neurons(nodes)
    weights = [{nodes[c.weight].label for c in n.connections} for n in neurons]
    sources = {nodes[c.input] for n in neurons for c in n.connections}
    return weights, {v.label for v in sources if v.label}


@pytest.mark.parametrize("steps", [2, 3, 6])
@pytest.mark.parametrize(
    ("first", "step"),
    [
        (lambda u, b, x: u * x, lambda u, r, b, x, h: u * x + r * h),
        (lambda u, b, x: x * u, lambda u, r, b, x, h: r * h + u * x),
        (lambda u, b, x: x * u + b, lambda u, r, b, x, h: x * u + h * r + b),
        (lambda u, b, x: b + x * u, lambda u, r, b, x, h: b + h * r + x * u),
    ],
)
@pytest.mark.parametrize("start", [None, 0.0, "a leaf"])
def test_the_weights_of_a_recurrent_network_are_those_shared_by_its_steps(
    steps, first, step, start
):
    u, r, b = (Value(0.5, name) for name in "urb")
    xs = leaves("x", steps)
    h = Value(0.0, "h0") if start == "a leaf" else start
    for x in xs:
        h = (first(u, b, x) if h is None else step(u, r, b, x, h)).tanh()
    weights, inputs = weights_found((h - 1) ** 2)
    assert weights == [{"u", "r"} if start is not None else {"u"}] + [{"u", "r"}] * (steps - 1)
    assert inputs == {x.label for x in xs} | ({"h0"} if start == "a leaf" else set())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("places", [3, 5])
def test_the_weights_of_a_convolution_are_those_shared_by_its_places(places, bias):
    ws, xs, b = leaves("w", 2), leaves("x", places + 1), Value(0.1, "b")
    sums = [xs[i] * ws[0] + ws[1] * xs[i + 1] for i in range(places)]
    parts = [((s + b) if bias else s).tanh() for s in sums]
    found, _ = weights_found(sum(parts[1:], parts[0]))
    assert found == [{"w1", "w2"}] * places


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_the_weights_of_a_layer_are_those_shared_by_its_rows(rows):
    ws, vs, bs = leaves("w", 3), leaves("v", 3), leaves("b", 3)
    losses = []
    for row in range(rows):
        x, y = Value(0.2 * row, f"x{row}"), Value(0.3 * row, f"y{row}")
        parts = [(x * w + v * y + b).tanh() for w, v, b in zip(ws, vs, bs, strict=True)]
        losses.append((sum(parts[1:], parts[0]) - 1) ** 2)
    found, _ = weights_found(sum(losses[1:], losses[0]))
    assert sorted(map(sorted, found)) == sorted([[f"v{i}", f"w{i}"] for i in (1, 2, 3)] * rows)


def test_an_input_of_two_layers_is_no_weight():
    x, w1, b1, w2, v, b2 = (Value(0.3, name) for name in ["x", "w1", "b1", "w2", "v", "b2"])
    h = (x * w1 + b1).tanh()
    assert weights_found((x * w2 + v * h + b2).tanh())[0] == [{"w1"}, {"w2", "v"}]


def test_no_neuron_if_either_factor_may_be_the_weight():
    a, b, h = Value(0.5, "a"), Value(0.2, "b"), Value(0.0, "h")
    for _ in range(3):
        h = (a * b + h).tanh()
    assert find_neurons(topological_order(h)) == []


def test_the_input_of_a_neuron_may_be_a_product():
    x, h, w, b = (Value(0.3, name) for name in "xhwb")
    assert weights_found((w * (x * h.tanh()) + b).tanh())[0] == [{"w"}]
    assert weights_found((w * (w * h.tanh()) + b).tanh())[0] == [{"w"}]
