"""A graph has one order, one name per node and one role per leaf, whatever shows it."""

import random
import re

import pytest

from autograd import Value, dot, draw, explain, page, topological_order
from autograd.compiler.naming import block_name
from autograd.names import latex_name, pictured
from autograd.nodes.order import reading_order
from autograd.page.export import exported
from autograd.reading import Reading
from nn import MLP, Layer, Module, Neuron, half_squared_error
from tests.graphs import LOSSES, Attention, Convolution, Recurrent

# --- the order ---


def recurrent(write):
    u, w = Value(0.5, "u"), Value(0.9, "w")
    h = (u * Value(0.1, "x1")).tanh()
    for i in range(2, 7):
        h = write(u * Value(i / 10, f"x{i}"), w * h).tanh()
    return h


def test_a_recurrent_net_starts_at_its_first_step_however_it_is_written():
    orders = [
        [v.label or v.op.name for v in reading_order(recurrent(write))]
        for write in (lambda now, past: now + past, lambda now, past: past + now)
    ]
    assert orders[0] == orders[1]
    assert orders[0][:8] == ["u", "x1", "mul", "tanh", "w", "mul", "x2", "mul"]


def definition(v, seen):
    """The order as its definition has it, in recursion."""
    if v not in seen:
        for child in sorted(v.inputs, key=lambda child: -child._depth):
            definition(child, seen)
        seen[v] = None
    return list(seen)


def random_graph(seed):
    stream = random.Random(seed)
    values = [Value(stream.uniform(-1, 1)) for _ in range(4)]
    for _ in range(30):
        a, b = stream.choices(values, k=2)
        values.append(stream.choice([a + b, a * b, a.tanh()]))
    return dot(values[-3:], values[:3])


@pytest.mark.parametrize("seed", range(40))
def test_the_order_is_its_definition(seed):
    y = random_graph(seed)
    order = reading_order(y)
    assert order == definition(y, {})
    assert set(order) == set(topological_order(y))
    place = {v: i for i, v in enumerate(order)}
    assert all(place[child] < place[v] for v in order for child in v.inputs)


def test_a_deep_graph_has_an_order():
    y = x = Value(1.0)
    for _ in range(30_000):
        y = y * x
    assert len(reading_order(y)) == 30_001


def test_every_view_goes_in_this_order():
    model, loss = LOSSES["a batch of 3"]()
    expected = Reading(loss, model).names
    order = reading_order(loss)
    assert [n["name"] for n in exported(loss, model)["nodes"]] == [expected[v] for v in order]
    boxes = re.findall(r"(?m)^\s*n(\d+) \[", draw(loss, view="scalars", names=model).source)
    assert [int(n) for n in boxes] == list(range(len(order)))


# --- names ---


@pytest.mark.parametrize("name", LOSSES)
def test_a_node_has_the_same_name_in_every_view_and_no_other_has_it(name):
    model, loss = LOSSES[name]()
    shown = [n["name"] for n in exported(loss, model)["nodes"]]
    assert len(set(shown)) == len(shown)
    source = draw(loss, view="scalars", names=model).source
    for place, (node, text) in enumerate(zip(reading_order(loss), shown, strict=True)):
        if not text.startswith("c"):
            assert f">{pictured(text)}<BR" in source
        if node.op is not None and node is not loss and place % 11 == 0:
            assert explain(loss, node, names=model).text.startswith(f"dout/d{text} = ")


def test_networks_have_the_names_of_a_textbook():
    model = MLP(2, [3, 1], seed=1)
    names = Reading(model([1.0, 2.0]), model).names
    layer = model.layers[0]
    assert names[layer.neurons[2].weights[0]] == "W1[2,0]"
    assert names[layer.neurons[2].bias] == "b1[2]"
    output = model([1.0, 2.0])
    values = {n: v.data for v in reading_order(output) for n in [Reading(output, model).names[v]]}
    assert values["z1[2]"] == layer.neurons[2]([1.0, 2.0]).inputs[0].data
    assert values["a1[2]"] == layer.neurons[2]([1.0, 2.0]).data
    assert values["a2[0]"] == output.data


class Two(Module):
    def __init__(self):
        self.encoder, self.head = MLP(2, [3, 2], seed=1), Layer(2, 2, activation=None, seed=2)
        self.gain, self.gates = Value(2.0), [Neuron(2, seed=3)]

    def forward(self, x):
        h = self.encoder(x)
        return self.gain * sum(self.head(h)) + self.gates[0](h)


def test_other_modules_have_the_path_before_it():
    model = Two()
    names = [Reading(model([1.0, 2.0]), model).names[p] for p in model.parameters()]
    assert {"encoder.W1[2,0]", "encoder.b2[1]", "head.W[1,0]", "head.b[1]", "gain"} <= set(names)
    assert {"gates[0].w[1]", "gates[0].b"} <= set(names)
    shown = {n["name"] for n in exported(model([1.0, 2.0]), model)["nodes"]}
    assert {"encoder.z1[2]", "encoder.a2[1]", "head.z[0]", "gates[0].a"} <= shown
    assert "encoder.layers.0.neurons.2.weights.0" in model.state_dict()


def test_matrices_of_compiled_source_are_called_as_their_elements():
    assert block_name("W1[0,0]", "W1[2,4]", 2) == "W1"
    assert block_name("b2[0]", "b2[3]", 1) == "b2"
    assert block_name("W2[0,0]", "W2[0,3]", 1) == "w2"
    assert block_name("encoder.W1[0,0]", "encoder.W1[2,1]", 2) == "encoder.W1"
    assert block_name("W2[0,0]", "W5[3,3]", 3) == "W"
    assert block_name("heads[0].W[0,0]", "heads[3].W[1,1]", 3) == "heads.W"
    assert block_name("v[0][0]", "v[0][5]", 1) == "v1"


def test_two_models_are_told_apart():
    actor, critic = MLP(1, [1], seed=1), MLP(1, [1], seed=2)
    layer = actor.layers[0]  # part of the first, so not a third
    names = Reading(actor([1.0]) + critic([1.0]), {**locals()}).names
    assert names[actor.layers[0].neurons[0].weights[0]] == "actor.W1[0,0]"
    assert names[critic.layers[0].neurons[0].bias] == "critic.b1[0]"
    assert layer.neurons[0].bias in names


def test_given_names_and_labels_come_before_those_of_a_textbook():
    w, b = Value(0.5), Value(0.1, "offset")
    model = Neuron(1, weights=[w], bias=b)
    names = Reading(model([2.0]), {"w": w, "model": model}).names
    assert (names[w], names[b]) == ("w", "offset")
    p = model.parameters()[-1]  # as a loop leaves its variable behind
    assert Reading(model([2.0]), {"model": model, "p": p}).names[b] == "offset"
    b.label = ""
    assert Reading(model([2.0]), {"model": model, "p": p}).names[b] == "b"


def test_pictures_have_short_names_that_stay_distinct():
    short = [pictured(f"W1[{i},{j}]") for i in range(12) for j in range(115)]
    assert len(set(short)) == len(short)
    assert pictured("W1[2,0]") == "w¹₂₀"
    assert latex_name("W1[2,0]") == "W^{1}_{2,0}"
    assert latex_name("encoder.a1[2]#3") == r"\mathrm{encoder.}a^{1}_{2}{\#}3"


def test_what_ipython_keeps_gives_no_names():
    core = pytest.importorskip("IPython.core.interactiveshell")
    core.InteractiveShell.clear_instance()
    shell = core.InteractiveShell.instance()
    for cell in (
        "from autograd import Value",
        "Value(2.0)",
        "_",
        "y = (Out[2] * 3).tanh()",
        "y",
        "y * 2",
    ):
        shell.run_cell(cell, store_history=True)
    space = shell.user_ns
    assert space["Out"]
    names = Reading(space["y"] * 2, space).names
    core.InteractiveShell.clear_instance()
    assert [names[v] for v in reading_order(space["y"])] == ["v1", "c1", "v2", "y"]


# --- roles, and what is a neuron ---


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_are_known_and_numbers_are_constants(name):
    model, loss = LOSSES[name]()
    reading = Reading(loss, model)
    roles = {v: reading.role(v) for v in reading.nodes if v.op is None}
    reached = {v for v, role in roles.items() if role == "parameter"}
    assert reached <= set(model.parameters())
    assert set(roles.values()) == {"parameter", "constant"}
    for neuron in reading.neurons:
        assert {reading.nodes[c.weight] for c in neuron.connections} <= reached


def test_sums_of_losses_averages_and_penalties_are_no_neurons():
    w, v = Value(0.5), Value(-0.3)
    model = Neuron(2, weights=[w, v], activation=None)
    losses = [half_squared_error(model([x, 1.0]), 0.0) for x in (1.0, 2.0, 3.0)]
    for penalty in w * w + v * v, 0.01 * w * w + 0.01 * (v * v), 0.1 * abs(w):
        for names in model, None:
            total = sum(losses) * (1 / 3) + penalty
            neurons = Reading(total, names).neurons
            assert len(neurons) == (3 if names else len(neurons))
            sums = [Reading(total, names).nodes[n.total] for n in neurons]
            assert total not in sums and penalty not in sums  # noqa: PT018


def test_a_convolution_learns_its_kernel_and_not_its_signal():
    model = Convolution()
    signal = [Value(x, f"s{i}") for i, x in enumerate((0.1, 0.5, -0.2, 0.3))]
    reading = Reading(model(signal), model)
    assert {reading.nodes[c.weight] for n in reading.neurons for c in n.connections} == {
        *model.kernel.weights
    }
    assert len(reading.neurons) == 2


@pytest.mark.parametrize("cell", [Recurrent, Attention])
def test_a_product_of_a_shared_weight_is_one_line(cell):
    model = cell()
    output = model([0.1, 0.2, 0.3])
    reading = Reading(output, model)
    source = draw(output, view="neurons", names=model).source
    lines = re.findall(r"n(\d+) -> n(\d+)", source)
    weights = {str(c.weight) for n in reading.neurons for c in n.connections}
    heads = {str(n.output) for n in reading.neurons}
    assert weights and heads  # noqa: PT018
    assert not [line for line in lines if line[0] in weights and line[1] in heads]


def test_the_page_of_the_readme_has_its_names():
    x = Value(0.5, "x")
    w = Value(2.0, "w")
    y = (w * x).tanh()
    error = (y - 1) ** 2 / 2
    assert '"name":"y"' in page(error, names=locals()).source
    assert '"name":"error"' in page(error, names=locals()).source
