"""Neurons, layers, networks, and the module conventions."""

import copy
import doctest
import json
import math
import os
import pickle
import random
import subprocess
import sys

import numpy
import pytest

import nn
from autograd import ops
from autograd.ops import TABLE, Op, power
from autograd.value import Value
from nn import MLP, SGD, Layer, Module, Neuron, half_squared_error

ONE_INPUT_ROWS = sorted(name for name in ops.BUILT_IN if TABLE[name].arity == 1)


def run(code, **environment):
    """The output of a new Python process."""
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# --- what they compute ---


def test_neuron_is_the_activation_of_the_weighted_sum_and_its_derivatives():
    neuron = Neuron(2, weights=[1.0, 0.5], bias=0.25)
    out = neuron([0.5, 1.0])
    assert out.data == math.tanh(1.25)
    out.backward()
    slope = 1 - math.tanh(1.25) ** 2
    assert [w.grad for w in neuron.weights] == pytest.approx([0.5 * slope, slope], rel=1e-15)
    assert neuron.bias.grad == pytest.approx(slope, rel=1e-15)


def test_figure_4_of_the_course():
    model = MLP(2, [2, 1], bias=False, weights=[[[1, 0.5], [0.5, 2]], [[2, 1]]])
    i1, i2 = Value(0.5), Value(1.0)
    out = model([i1, i2])
    assert out.data == pytest.approx(0.986646554, abs=5e-10)
    out.backward()
    grads = [p.grad for p in model.parameters()] + [i1.grad, i2.grad]
    expected = [0.011141322, 0.022282644, 0.000576531, 0.001153062, 0.020204010, 0.025945642]
    assert grads == pytest.approx([*expected, 0.022859175, 0.013447447], abs=5e-10)


def test_problem_12_of_the_course():
    model = MLP(1, [2, 1], bias=False, weights=[[[1], [0.5]], [[2, 1]]])
    i = Value(0.5)
    error = half_squared_error(model(i), 0)
    error.backward()
    assert error.data == pytest.approx(0.339488367, abs=5e-10)
    assert i.grad == pytest.approx(0.540395442, abs=5e-10)
    expected = [0.208033760, 0.124327921, 0.122240762, 0.064786696]
    assert [p.grad for p in model.parameters()] == pytest.approx(expected, abs=5e-10)


def test_mazurs_worked_example_with_shared_biases_held_fixed():
    b1, b2 = Value(0.35), Value(0.60)
    model = MLP(
        2,
        [2, 2],
        "sigmoid",
        "sigmoid",
        bias=[[b1, b1], [b2, b2]],
        weights=[[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    )
    weights = [p for name, p in model.named_parameters() if "weights" in name]
    assert len(model.parameters()) == 10  # tied biases count once each
    error = half_squared_error(model([0.05, 0.10]), [0.01, 0.99])
    assert error.data == pytest.approx(0.298371109, abs=5e-10)
    error.backward()
    SGD(weights, lr=0.5).step()
    expected = [0.149780716, 0.199561432, 0.249751144, 0.299502287]
    expected += [0.358916480, 0.408666186, 0.511301270, 0.561370121]
    assert [w.data for w in weights] == pytest.approx(expected, abs=5e-10)
    assert (b1.data, b2.data) == (0.35, 0.60)


def test_a_network_and_its_gradients_agree_with_pytorch(torch):
    model = MLP(3, [5, 4, 2], "relu", "sigmoid", seed=3)
    twin = torch.nn.Sequential(
        torch.nn.Linear(3, 5),
        torch.nn.ReLU(),
        torch.nn.Linear(5, 4),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 2),
        torch.nn.Sigmoid(),
    ).double()
    linear = [twin[0], twin[2], twin[4]]
    with torch.no_grad():
        for theirs, ours in zip(linear, model.layers):
            theirs.weight.copy_(torch.tensor([[w.data for w in n.weights] for n in ours.neurons]))
            theirs.bias.copy_(torch.tensor([n.bias.data for n in ours.neurons]))
    x, t = [0.3, -1.2, 0.8], [1.0, 0.0]
    error = half_squared_error(model(x), t)
    error.backward()
    their_error = 0.5 * ((twin(torch.tensor(x).double()) - torch.tensor(t)) ** 2).sum()
    their_error.backward()
    assert error.data == pytest.approx(their_error.item(), rel=1e-7)
    for theirs, ours in zip(linear, model.layers):
        for row, neuron in zip(theirs.weight.grad.tolist(), ours.neurons):
            assert [w.grad for w in neuron.weights] == pytest.approx(row, rel=1e-6, abs=1e-12)
        biases = [n.bias.grad for n in ours.neurons]
        assert biases == pytest.approx(theirs.bias.grad.tolist(), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", ONE_INPUT_ROWS)
def test_any_operation_of_one_input_is_an_activation(name):
    for activation in name, TABLE[name]:
        assert Neuron(1, activation, weights=[0.5])(1.0).data == TABLE[name](0.5)


def test_operations_outside_the_table_and_added_later_are_activations():
    assert Neuron(1, power(3.0), weights=[2])(1.0).data == 8.0
    row = Op("test_nn_double", lambda x: 2 * x, lambda y, x: (2.0,))
    try:
        assert Neuron(1, "test_nn_double", weights=[0.25])(1.0).data == 0.5
    finally:
        del TABLE[row.name]


def test_none_is_linear():
    out = Neuron(2, None, weights=[2, 3], bias=1)([10, 100])
    assert out.data == 321.0
    assert out.op is TABLE["sum"]


@pytest.mark.parametrize("activation", ["tahn", "mul", "logsumexp", TABLE["add"], math.tanh, 3])
def test_anything_else_is_an_error_that_lists_the_names(activation):
    with pytest.raises(ValueError, match=r"one input.*The names: .*tanh, sigmoid") as caught:
        MLP(2, [3], output_activation=activation)
    assert repr(activation) in str(caught.value)


@pytest.mark.parametrize(
    ("activation", "meant"),
    [("ReLU", "relu"), ("Tanh", "tanh"), ("sigmiod", "sigmoid"), (math.tanh, "tanh")],
)
def test_a_name_that_is_nearly_right_is_suggested(activation, meant):
    with pytest.raises(ValueError, match=f": did you mean '{meant}'\\? The names: neg, "):
        Neuron(2, activation)
    with pytest.raises(ValueError, match=r"None for the sum alone; got 'linear'\. The names: "):
        Neuron(2, "linear")


def test_hidden_and_output_activation_differ():
    model = MLP(2, [3, 3, 2], "relu", None)
    found = [{n.activation for n in layer.neurons} for layer in model.layers]
    assert found == [{TABLE["relu"]}, {TABLE["relu"]}, {None}]


def test_a_layer_shares_one_node_per_input_number():
    outputs = Layer(3, 4)([1.0, 2.0, 3.0])
    first_inputs = [[product.inputs[1] for product in o.inputs[0].inputs[:3]] for o in outputs]
    assert len({node for row in first_inputs for node in row}) == 3


# --- kinds of input and output ---


def test_one_neuron_last_returns_the_value_alone_and_several_a_list():
    assert isinstance(MLP(2, [3, 1])([1, 2]), Value)
    assert isinstance(Layer(2, 1)([1, 2]), Value)
    outputs = MLP(2, [1, 3])([1, 2])
    assert type(outputs) is list
    assert [type(o) for o in outputs] == [Value] * 3


def test_narrow_layers_in_the_middle():
    model = MLP(1, [1, 1, 1], None, None, weights=[[[2]], [[3]], [[5]]], bias=False)
    assert model(1.0).data == model([1.0]).data == model(Value(1.0)).data == 30.0


@pytest.mark.parametrize(
    "inputs",
    [
        (1, 2),
        [Value(1.0), 2],
        numpy.array([1.0, 2.0]),
        numpy.array([1, 2], dtype=numpy.int32),
        numpy.array([Value(1.0), Value(2.0)]),
        [numpy.float32(1), numpy.int64(2)],
        range(1, 3),
        map(Value, (1.0, 2.0)),
    ],
)
def test_inputs_of_any_kind(inputs):
    assert Neuron(2, None, weights=[10, 100])(inputs).data == 210.0


def test_a_tensor_as_input(torch):
    assert Layer(2, 1, None, weights=[[10, 100]])(torch.tensor([1.0, 2.0])).data == 210.0


# --- wrong sizes ---


def test_wrong_numbers_of_inputs_say_both():
    for module in Neuron(3), Layer(3, 2), MLP(3, [2]):
        for inputs in [1.0, 2.0], [1.0, 2.0, 3.0, 4.0], []:
            message = rf"{type(module).__name__}\(3, .* takes 3 inputs; got {len(inputs)}"
            with pytest.raises(ValueError, match=message):
                module(inputs)
    with pytest.raises(ValueError, match=r"takes 1 input; got 2: .* \[model\(x\) for x in"):
        Neuron(1)([1.0, 2.0])


@pytest.mark.parametrize("module", [Neuron(2), Layer(2, 2), MLP(2, [3, 2])], ids=repr)
def test_several_rows_or_a_number_alone_are_refused_with_advice(module):
    matrix = numpy.ones((5, 2))
    for rows in [[1, 2]], [[1, 2], [3, 4]], [[1], [2]], matrix, list(matrix[:2]):
        message = rf"2 inputs, one row at a time; got {len(rows)} rows?: write \[model\(row\) for"
        with pytest.raises(ValueError, match=message):
            module(rows)
    for alone, written in (1.0, "1.0"), (Value(3.0), r"Value\(3\)"):
        with pytest.raises(ValueError, match=f"takes 2 inputs, in a list; got {written} alone"):
            module(alone)


def test_a_layer_that_was_exchanged_for_a_misfit_is_named():
    model = MLP(2, [3, 4, 2])
    model.layers[1] = Layer(5, 4)
    with pytest.raises(ValueError, match=r"Layer\(5, 4, activation='tanh'\) takes 5 inputs; got 3"):
        model([1, 2])


def test_wrong_numbers_of_weights_and_biases_say_both():
    with pytest.raises(ValueError, match=r"Neuron\(3, .*needs 3 weights; got 2"):
        Neuron(3, weights=[1, 2])
    with pytest.raises(ValueError, match="one list of weights for each of 2 neurons; got 3"):
        Layer(1, 2, weights=[[1], [2], [3]])
    with pytest.raises(ValueError, match="one bias for each of 2 neurons; got 1"):
        Layer(1, 2, bias=[0.5])
    with pytest.raises(ValueError, match="one matrix of weights for each of 2 layers; got 1"):
        MLP(1, [2, 1], weights=[None])
    with pytest.raises(TypeError, match="one bias per neuron"):
        Layer(1, 2, bias=0.5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Neuron(0), ValueError, "nin must be at least 1; got 0"),
        (lambda: Layer(2, -1), ValueError, "nout must be at least 1; got -1"),
        (lambda: Layer(2.0, 1), TypeError, "nin must be a whole number; got float 2.0"),
        (lambda: MLP(2, []), ValueError, "at least one layer"),
        (lambda: MLP(2, 3), TypeError, r"\[3\]"),
        (lambda: MLP(2, [3, 0]), ValueError, "nout must be at least 1; got 0"),
        (lambda: MLP(2, ["3"]), TypeError, "nout must be a whole number; got str '3'"),
        (lambda: Neuron(1, weights=["w"]), TypeError, "one real number.*str 'w'"),
        (lambda: Neuron(1, bias="b"), TypeError, "one real number.*str 'b'"),
        (lambda: Neuron(2)([1, [2]]), TypeError, "one real number.*list"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --- initial weights ---


def test_weights_have_variance_one_over_the_inputs_and_biases_are_0():
    layer = Layer(50, 200, seed=0)
    weights = [w.data for neuron in layer.neurons for w in neuron.weights]
    assert max(map(abs, weights)) <= math.sqrt(3 / 50)
    assert sum(weights) / len(weights) == pytest.approx(0, abs=0.005)
    assert sum(w * w for w in weights) / len(weights) == pytest.approx(1 / 50, rel=0.05)
    assert {n.bias.data for n in layer.neurons} == {0.0}
    assert len(set(weights)) == len(weights)


@pytest.mark.parametrize("seed", ["a", 1.5, [1]])
def test_a_seed_of_another_kind_is_named(seed):
    with pytest.raises(TypeError, match=r"a seed is a whole number, a random\.Random or None; got"):
        MLP(3, [4, 2], seed=seed)


def test_inputs_of_no_kind_are_named():
    with pytest.raises(TypeError, match="expected a list of numbers or Values; got None"):
        MLP(3, [4, 2])(None)


def test_seeds():
    state = MLP(3, [4, 2], seed=7).state_dict()
    assert state == MLP(3, [4, 2], seed=7).state_dict()
    assert state == MLP(3, [4, 2], seed=random.Random(7)).state_dict()
    assert state == MLP(3, [4, 2], seed=numpy.int64(7)).state_dict()
    assert state != MLP(3, [4, 2], seed=8).state_dict()
    assert MLP(3, [4, 2]).state_dict() != MLP(3, [4, 2]).state_dict()
    random.seed(7)
    first = MLP(3, [4, 2]).state_dict()
    random.seed(7)
    assert first == MLP(3, [4, 2]).state_dict() != MLP(3, [4, 2]).state_dict()
    stream = random.Random(7)
    assert Neuron(3, seed=stream).state_dict() != Neuron(3, seed=stream).state_dict()


def test_a_seed_gives_the_same_weights_in_every_process():
    code = "import json; from nn import MLP; print(json.dumps(MLP(3, [4, 2], seed=7).state_dict()))"
    for hash_seed in "1", "2":
        assert (
            json.loads(run(code, PYTHONHASHSEED=hash_seed)) == MLP(3, [4, 2], seed=7).state_dict()
        )


def test_import_needs_no_numpy():
    assert run("import sys, nn; print('numpy' in sys.modules)") == "False\n"


@pytest.mark.parametrize("module", [nn, nn.module])
def test_the_examples_in_the_docstrings(module):
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


# --- the module conventions ---


def test_names_and_counts():
    model = MLP(2, [16, 16, 1])
    names = [name for name, _ in model.named_parameters()]
    assert len(model.parameters()) == len(set(names)) == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1
    assert names[:4] == [
        "layers.0.neurons.0.weights.0",
        "layers.0.neurons.0.weights.1",
        "layers.0.neurons.0.bias",
        "layers.0.neurons.1.weights.0",
    ]
    assert dict(model.named_parameters())["layers.0.neurons.3.bias"] is (
        model.layers[0].neurons[3].bias
    )
    assert len(MLP(2, [16, 16, 1], bias=False).parameters()) == 2 * 16 + 16 * 16 + 16


def test_reprs_show_the_shape():
    assert repr(Neuron(3)) == "Neuron(3, activation='tanh')"
    assert repr(Layer(3, 4, None, bias=False)) == "Layer(3, 4, activation=None, bias=False)"
    model = MLP(2, [16, 16, 1], "relu", None)
    assert repr(model) == "MLP(2, [16, 16, 1], activation='relu', output_activation=None)"
    again = eval(repr(model), {"MLP": MLP})
    assert repr(again) == repr(model)


class Residual(Module):
    """Parameters in every kind of attribute, tied, and a module that holds its owner."""

    def __init__(self):
        self.scale = Value(2.0)
        self.tied = self.scale
        self.inner = Layer(1, 1, None, seed=1)
        self.table = {"a": Value(3.0), "b": (Value(4.0), [Value(5.0)])}
        self.computed = self.scale * 3
        self.name, self.width = "residual", 3
        self.inner.owner = self

    def __call__(self, x):
        return x + self.inner(x) * self.tied * self.table["a"]


def test_a_custom_module():
    module = Residual()
    assert [name for name, _ in module.named_parameters()] == [
        "scale",
        "inner.neurons.0.weights.0",
        "inner.neurons.0.bias",
        "table.a",
        "table.b.0",
        "table.b.1.0",
    ]
    assert repr(module) == "Residual(6 parameters)"
    module(Value(1.0)).backward()
    assert module.scale.grad != 0
    module.zero_grad()
    assert [p.grad for p in module.parameters()] == [0.0] * 6


@pytest.mark.parametrize("table", [{1: 2.0, "1": 3.0}, {"a.b": 2.0, "a": {"b": 3.0}}])
def test_two_parameters_of_one_name_are_refused(table):
    module = Residual()
    module.table = {
        key: {k: Value(x) for k, x in entry.items()} if isinstance(entry, dict) else Value(entry)
        for key, entry in table.items()
    }
    with pytest.raises(ValueError, match="two parameters are named 'table"):
        module.state_dict()


def test_state_goes_through_json_and_back_exactly():
    model, other = MLP(3, [4, 2], seed=1), MLP(3, [4, 2], seed=2)
    state = json.loads(json.dumps(model.state_dict()))
    assert other.load_state_dict(state) == ([], [])
    assert [o.data for o in other([1, 2, 3])] == [o.data for o in model([1, 2, 3])]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("bias"), ValueError, r"Neuron\(2, .*: missing bias$"),
        (lambda s: s.update(extra=1.0), ValueError, "unexpected extra$"),
        (lambda s: s.update(x=s.pop("bias")), ValueError, "missing bias; unexpected x$"),
        (lambda s: s.update(bias="1"), TypeError, "^bias: expected one real number.*str"),
        (lambda s: s.update(bias=None), TypeError, "^bias: expected one real number.*NoneType"),
        (lambda s: s.update(bias=[1.0]), TypeError, "^bias: expected one real number.*list"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    neuron = Neuron(2, seed=1)
    before = neuron.state_dict()
    state = {name: number + 1 for name, number in before.items()}
    change(state)
    with pytest.raises(error, match=message):
        neuron.load_state_dict(state)
    assert neuron.state_dict() == before


def test_without_strict_it_takes_what_there_is():
    neuron = Neuron(2, weights=[1, 2])
    assert neuron.load_state_dict({"weights.1": 5, "else": 6}, strict=False) == (
        ["weights.0", "bias"],
        ["else"],
    )
    assert neuron.state_dict() == {"weights.0": 1.0, "weights.1": 5.0, "bias": 0.0}
    with pytest.raises(TypeError, match="dict"):
        neuron.load_state_dict([1.0])


def test_many_names_are_shortened():
    with pytest.raises(ValueError, match=r"missing layers.0.neurons.0.weights.0, .* and 332 more$"):
        MLP(2, [16, 16, 1]).load_state_dict({})


def test_modules_can_be_copied_and_pickled():
    model = MLP(2, [3, 1], seed=1)
    for twin in copy.deepcopy(model), pickle.loads(pickle.dumps(model)):
        assert twin.state_dict() == model.state_dict()
        assert not set(twin.parameters()) & set(model.parameters())
        assert twin([1, 2]).data == model([1, 2]).data


def test_weights_can_be_shared():
    w = Value(0.5)
    neuron = Neuron(2, None, bias=w, weights=[w, w])
    assert len(neuron.parameters()) == 1
    neuron([3.0, 4.0]).backward()
    assert w.grad == 8.0
