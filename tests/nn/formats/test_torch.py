"""to_torch, and files of PyTorch's, against PyTorch itself."""

import itertools
import math
import os
import pickle
import random

import pytest

from autograd import Op, Value, maximum, sigmoid
from autograd.clamp import clamped
from autograd.ops import BUILT_IN, TABLE, power
from nn import (
    MLP,
    CheckpointError,
    Dropout,
    Embedding,
    Layer,
    Module,
    Neuron,
    load_torch,
    micrograd,
    save_torch,
    to_torch,
)
from nn.formats.names import tensors_of

if not os.environ.get("CI"):
    pytest.importorskip("torch")
pytestmark = pytest.mark.slow  # torch takes seconds to import

own = Op(
    "own_swish",
    lambda x: x * sigmoid(x),
    lambda y, x: (y + sigmoid(x) * (1 - y),),
    registered=False,
)
ONE_INPUT = [op for name, op in sorted(TABLE.items()) if op.arity == 1 and name in BUILT_IN]


def named(op):
    return op.name if op else "linear"


def agree(model, network, torch, rows):
    """Outputs and gradients of both, of a batch; the outputs of a row, too."""
    X = torch.tensor(rows, dtype=torch.float64)
    outputs = network(X)
    ours = [model(row) if isinstance(model(row), list) else [model(row)] for row in rows]
    assert outputs.tolist() == [pytest.approx([y.data for y in ys], 1e-12, 1e-12) for ys in ours]
    assert network(X[0]).tolist() == pytest.approx(outputs[0].tolist(), 1e-13, 1e-14)
    outputs.square().sum().backward()
    model.zero_grad()
    sum(y * y for ys in ours for y in ys).backward()
    tensors = tensors_of(model)
    for name, parameter in network.named_parameters():
        expected = [v.grad for v in tensors[name].values]
        assert parameter.grad.flatten().tolist() == pytest.approx(expected, 1e-12, 1e-12)


@pytest.mark.parametrize("op", [*ONE_INPUT, own, power(3), clamped(-0.5, 0.5), None], ids=named)
def test_outputs_and_gradients_are_equal(torch, op):
    low, high = op.domain[0] if op else (-1, 1)
    r = random.Random(1)
    model = MLP(2, [3, 1], activation=op, output_activation=None, seed=1)
    for neuron in model.layers[0].neurons:  # their sums lie inside the domain
        neuron.bias.data = (low + high) / 2
        for w in neuron.weights:
            w.data = r.uniform(-1, 1) * (high - low) / 5
    agree(model, to_torch(model), torch, [[r.uniform(-1, 1) for _ in range(2)] for _ in range(20)])


@pytest.mark.parametrize("op", [own, TABLE["softplus"], TABLE["sech2"]], ids=named)
def test_an_operation_of_the_table_has_second_derivatives_and_batches(torch, op):
    function = to_torch(Neuron(1, op)).activation
    x = torch.tensor([-30.0, -1.0, 0.3, 25.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(function, x)
    slopes = torch.func.vmap(torch.func.grad(function))(x)
    assert slopes.tolist() == pytest.approx([op.evaluate([p])[1][0] for p in x.tolist()], 1e-12)


def test_names_shapes_and_modes(torch):
    state = torch.get_rng_state()
    model = MLP(2, [3, 1], seed=1)
    model.layers.insert(1, Dropout(0.25).eval())
    network = to_torch(model)
    assert {name: tuple(p.shape) for name, p in network.state_dict().items()} == {
        "layers.0.weight": (3, 2),
        "layers.0.bias": (3,),
        "layers.2.weight": (1, 3),
        "layers.2.bias": (1,),
    }
    assert isinstance(network.layers[1], torch.nn.Dropout)
    assert network.training
    assert (network.layers[1].p, network.layers[1].training) == (0.25, False)
    assert "activation=tanh" in repr(network)
    assert torch.equal(torch.get_rng_state(), state)  # nothing was drawn
    with torch.no_grad():
        network.layers[0].bias += 1
    assert model.layers[0].neurons[0].bias.data == 0  # it is a copy


def test_other_modules(torch):
    rows = [[0.5, -1.0], [2.0, 3.0]]
    for model in (Layer(2, 3, "relu"), Neuron(2, "gelu", bias=False), micrograd.MLP(2, [4, 1])):
        agree(model, to_torch(model), torch, rows)
    embedding = Embedding(3, 2, seed=1)
    vectors = to_torch(embedding)(torch.tensor([2, 0]))
    assert vectors.tolist() == [[v.data for v in embedding(i)] for i in (2, 0)]
    assert to_torch(Layer(2, 1, own)).float()(torch.zeros(2)).dtype == torch.float32


def test_a_network_with_tied_layers_stays_tied(torch):
    model = MLP(2, [2, 2, 2], seed=1)
    model.layers[1] = model.layers[0]
    model.layers[2].neurons = [
        Neuron(2, "relu", n.bias, n.weights) for n in model.layers[0].neurons
    ]
    network = to_torch(model)
    assert network.layers[1] is network.layers[0]
    assert network.layers[2].weight is network.layers[0].weight
    agree(model, network, torch, [[0.5, -1.0], [2.0, 3.0]])
    model.layers[2].neurons.reverse()
    with pytest.raises(ValueError, match="share all or none: tie whole layers"):
        to_torch(model)


def test_it_can_be_copied_and_pickled(torch):
    network = to_torch(MLP(2, [3, 1], "sech2", seed=1))
    x = torch.ones(2, dtype=torch.float64)
    assert torch.equal(pickle.loads(pickle.dumps(network))(x), network(x))


class Bent(Neuron):
    """A neuron that computes something else."""

    def __call__(self, inputs):
        return super().__call__(inputs) * 2


class Mine(Module):
    """A Module of a user's own."""

    def __init__(self):
        self.network = MLP(2, [1])

    def forward(self, x):
        return self.network(x) + 1


several = Op("several", sum, lambda y, xs: (1.0,) * len(xs), arity=None, registered=False)


def branching(x):
    return x if x > 0 else 0.0 * x


REFUSED = [
    (lambda: Mine(), "PyTorch has no equivalent of Mine"),
    (lambda: Bent(2), "PyTorch has no equivalent of Bent"),
    (lambda: bent_layer(), "PyTorch has no equivalent of Layer"),
    (lambda: mixed_layer(), r"have several activations \(None, tanh\)"),
    (lambda: Neuron(1, branching_op(branching)), "cannot run the operation 'bad'"),
    (lambda: Neuron(1, branching_op(float)), "cannot run the operation 'bad'"),
    (lambda: Neuron(1, branching_op(several)), "cannot run the operation 'bad'"),
    (lambda: Neuron(1, branching_op(lambda x: x.real)), "cannot run the operation 'bad'"),
    (lambda: Neuron(1, branching_op(lambda x: [0.5][x])), "cannot run the operation 'bad'"),
    (lambda: Neuron(1, without_derivative), "cannot run the operation 'bad'"),
]


def branching_op(forward):
    return Op("bad", forward, lambda y, x: (1.0,), registered=False)


without_derivative = Op("bad", lambda x: x * x, lambda y, x: (), registered=False)


def bent_layer():
    layer = Layer(2, 1)
    layer.neurons[0] = Bent(2)
    return layer


def mixed_layer():
    layer = Layer(2, 2)
    layer.neurons[1].activation = None
    return layer


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_what_has_no_equivalent_is_refused_in_a_sentence(torch, make, message):
    with pytest.raises(ValueError, match=message):
        to_torch(make())


def test_rules_of_constants_and_of_two_inputs(torch):
    constant = Op("seven", lambda x: 7.0, lambda y, x: (0.0,), registered=False)
    hinged = Op(
        "hinged",
        lambda x: maximum(x, 0.3) + x**2,
        lambda y, x: (TABLE["above"](x, 0.3) + 2 * TABLE["exp_mul"](TABLE["log"](x), 1.0),),
        registered=False,
    )
    summed = Op(
        "summed",
        lambda x: TABLE["sum"](x, x, x) + TABLE["logsumexp"](x, 1.0) + TABLE["norm"](x, 2.0),
        lambda y, x: (3 + sigmoid(x - 1) + x / TABLE["norm"](x, 2.0),),
        registered=False,
    )
    masked = Op(
        "masked",
        lambda x: TABLE["strong_mul"](TABLE["step"](x), x),
        lambda y, x: (TABLE["step"](x),),
        registered=False,
    )
    assert "activation=masked" in repr(to_torch(Neuron(1, masked)))
    for op in (constant, hinged, summed, masked):
        model = Neuron(1, op, weights=[0.7])
        agree(model, to_torch(model), torch, [[1.5], [0.9]])


@pytest.mark.parametrize("name", ["sign", "step", "above", "hypot"])
def test_values_and_derivatives_at_nan_and_at_a_corner(torch, name):
    from nn.formats.torch_functions import _apply

    op = TABLE[name]
    points = [float("nan"), float("inf"), -float("inf"), -0.0, 0.0, 0.5, -2.0]
    for point in itertools.product(points, repeat=op.arity):
        if name == "hypot" and any(math.isnan(x) for x in point):
            continue
        xs = [torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in point]
        y, (value, partials) = _apply(op, *xs), op.evaluate(point)
        found = [y.item(), *(g.item() for g in torch.autograd.grad(y, xs))]
        assert found == pytest.approx([value, *partials], nan_ok=True)


class Tied(Module):
    """A Layer under two attributes."""

    def __init__(self, seed):
        self.coder = self.decoder = Layer(2, 2, seed=seed)


def test_a_layer_under_two_attributes_goes_to_pytorch_and_back(torch, tmp_path):
    from safetensors.torch import load_file

    network = torch.nn.Module()
    network.coder = network.decoder = torch.nn.Linear(2, 2).double()
    model = Tied(1)
    load_torch(model, network.state_dict())
    weights = [w.data for n in model.coder.neurons for w in n.weights]
    assert weights == network.coder.weight.flatten().tolist()
    save_torch(Tied(2), tmp_path / "m.safetensors")
    network.load_state_dict(load_file(tmp_path / "m.safetensors"), strict=True)
    load_torch(model, network.state_dict())
    assert model.state_dict() == Tied(2).state_dict()


def test_pytorch_reads_what_save_torch_writes(torch, tmp_path):
    from safetensors.torch import load_file, save_file

    model = MLP(2, [3, 1], seed=1)
    save_torch(model, tmp_path / "m.safetensors")
    network = to_torch(MLP(2, [3, 1], seed=2))
    network.load_state_dict(load_file(tmp_path / "m.safetensors"), strict=True)
    other = MLP(2, [3, 1], seed=3)
    save_file(network.state_dict(), tmp_path / "back.safetensors")
    load_torch(other, tmp_path / "back.safetensors")
    assert other.state_dict() == model.state_dict()


def test_a_sequential_comes_here_and_goes_back(torch, tmp_path):
    linear = torch.nn.Linear
    network = torch.nn.Sequential(linear(2, 3), torch.nn.Tanh(), linear(3, 1)).double()
    model = MLP(2, [3, 1], output_activation=None)
    torch.save(network.state_dict(), tmp_path / "n.pt")
    for state in (network.state_dict(), tmp_path / "n.pt"):
        model = MLP(2, [3, 1], output_activation=None)
        load_torch(model, state)
        x = torch.tensor([0.3, -2.0], dtype=torch.float64)
        assert model([0.3, -2.0]).data == pytest.approx(network(x).item(), rel=1e-14)
    half = {name: x.to(torch.bfloat16) for name, x in network.state_dict().items()}
    load_torch(model, half)
    assert model.layers[0].neurons[0].weights[0].data == half["0.weight"][0, 0].item()


class Runs:
    """A thing whose pickle runs code."""

    def __reduce__(self):
        return os.system, ("echo > ran",)


def test_no_file_runs_code(torch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Runs()}, "n.pt")
    with pytest.raises(CheckpointError, match="is damaged, or holds more than tensors"):
        load_torch(Neuron(1), "n.pt")
    assert not (tmp_path / "ran").exists()
    torch.save(Value(1.0).data, "n.pt")
    with pytest.raises(CheckpointError, match="holds float, not a state_dict"):
        load_torch(Neuron(1), "n.pt")


def test_tensors_without_numbers_in_rows_are_refused(tmp_path):
    import torch

    model = MLP(2, [2, 1], seed=1)
    whole, before = to_torch(model).state_dict(), model.state_dict()
    weight = whole["layers.0.weight"]
    for tensor in weight.to("meta"), weight.to_sparse():
        state = {**whole, "layers.0.weight": tensor}
        with pytest.raises(ValueError, match=r"^layers\.0\.weight has no numbers in rows .*dense"):
            load_torch(model, state)
        torch.save(state, tmp_path / "m.pt")
        with pytest.raises(CheckpointError, match=r"layers\.0\.weight has no numbers in rows"):
            load_torch(model, tmp_path / "m.pt")
    assert model.state_dict() == before
