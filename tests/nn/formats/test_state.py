"""Parameters under PyTorch's names, where PyTorch is not installed: save_torch and load_torch."""

import os
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import nn
from autograd import Value
from nn import MLP, Dropout, Embedding, Layer, Module, Neuron, load_torch, save_torch, to_torch
from nn.formats.names import tensors_of


class Letters(Module):
    """A Module of a user's own shape."""

    def __init__(self, seed):
        self.letters = Embedding(3, 2, seed=seed)
        self.network = MLP(2, [2, 1], seed=seed)
        self.single = Neuron(2, bias=False, seed=seed)
        self.scale = [Value(float(seed)), Value(2.0)]


def numbers(model):
    return [p.data for p in model.parameters()]


def state_of(model):
    return {
        name: np.array([v.data for v in t.values]).reshape(t.shape)
        for name, t in tensors_of(model).items()
    }


def test_a_file_has_the_names_and_shapes_of_pytorch(tmp_path):
    model = MLP(2, [3, 1], seed=1)
    save_torch(model, tmp_path / "m.safetensors")
    read = load_file(tmp_path / "m.safetensors")
    assert {name: x.shape for name, x in read.items()} == {
        "layers.0.weight": (3, 2),
        "layers.0.bias": (3,),
        "layers.1.weight": (1, 3),
        "layers.1.bias": (1,),
    }
    assert read["layers.0.weight"][2, 1] == model.layers[0].neurons[2].weights[1].data


def test_a_safetensors_file_does_not_get_the_suffix_of_a_pickle(tmp_path):
    for name in "net.pt", "net.PTH", "pytorch_model.bin":
        with pytest.raises(ValueError, match=r"torch.save's files: call it '\w+\.safetensors'"):
            nn.save_torch(nn.MLP(2, [1]), tmp_path / name)
    assert not [*tmp_path.iterdir()]


def test_modules_of_any_shape_come_back_bit_for_bit(tmp_path):
    one, other = Letters(1), Letters(2)
    save_torch(one, tmp_path / "m.safetensors")
    assert sorted(load_file(tmp_path / "m.safetensors")) == [
        *("letters.weight", "network.layers.0.bias", "network.layers.0.weight"),
        *("network.layers.1.bias", "network.layers.1.weight", "scale", "single.weight"),
    ]
    load_torch(other, tmp_path / "m.safetensors")
    assert numbers(other) == numbers(one)


def test_layers_numbered_as_in_a_sequential_are_taken_in_order():
    one, other = MLP(2, [3, 3, 1], seed=1), MLP(2, [3, 3, 1], seed=2)
    state = state_of(one)
    for i in range(3):
        for part in ("weight", "bias"):
            state[f"body.{8 + 2 * i}.{part}"] = state.pop(f"layers.{i}.{part}")
    load_torch(other, dict(sorted(state.items())))  # 10 comes before 8 here
    assert numbers(other) == numbers(one)


def test_tied_weights_are_under_both_names_and_one_is_enough(tmp_path):
    def tied(seed):
        layer = Layer(2, 2, seed=seed)
        model = MLP(2, [2, 2], seed=seed)
        model.layers = [layer, layer]
        return model

    one, other = tied(1), tied(2)
    save_torch(one, tmp_path / "m.safetensors")
    state = load_file(tmp_path / "m.safetensors")
    assert len(state) == 4
    del state["layers.1.weight"]
    load_torch(other, state)
    assert numbers(other) == numbers(one)
    state["layers.1.bias"] = state["layers.1.bias"] + 1
    with pytest.raises(ValueError, match=r"layers\.0\.bias and layers\.1\.bias share weights"):
        load_torch(other, state)
    assert numbers(other) == numbers(one)


class Twice(Module):
    """A Layer under two attributes, in a Module that stands in two places and holds the whole."""

    def __init__(self, seed):
        self.coder = Letters(seed)
        self.layer = self.tied = Layer(1, 1, seed=seed)
        self.coder.again, self.coder.whole = self.coder.network, self
        self.parts = [self.coder, self]


def test_a_module_in_two_places_has_a_name_for_each(tmp_path):
    one, other = Twice(1), Twice(2)
    names = [name for name in tensors_of(one) if "letters" not in name and "bias" not in name]
    assert names == [
        *("coder.network.layers.0.weight", "coder.network.layers.1.weight", "coder.single.weight"),
        *("coder.again.layers.0.weight", "coder.again.layers.1.weight"),
        *("layer.weight", "tied.weight"),
        *("parts.0.network.layers.0.weight", "parts.0.network.layers.1.weight"),
        *("parts.0.single.weight", "parts.0.again.layers.0.weight"),
        *("parts.0.again.layers.1.weight", "coder.scale"),
    ]
    save_torch(one, tmp_path / "m.safetensors")
    load_torch(other, tmp_path / "m.safetensors")
    assert numbers(other) == numbers(one)
    state = load_file(tmp_path / "m.safetensors")
    few = {name: x for name, x in state.items() if "parts" not in name and "tied" not in name}
    few["layer.weight"] = few["layer.weight"] + 1
    load_torch(other, few)
    assert numbers(other) != numbers(one)
    state["tied.weight"] = state["tied.weight"] + 1
    with pytest.raises(ValueError, match=r"layer\.weight and tied\.weight share weights"):
        load_torch(other, state)


@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_a_number_that_could_not_be_loaded_is_not_written(tmp_path, number):
    model = MLP(1, [1])
    model.layers[0].neurons[0].bias.data = number
    with pytest.raises(
        ValueError, match=rf"^layers\.0\.bias holds {number}, .*: a file of save_ch"
    ):
        save_torch(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()
    nn.save_checkpoint(tmp_path / "m", model)
    nn.load_checkpoint(tmp_path / "m", model)


good = state_of(MLP(2, [2, 1], seed=1))
WRONG = [
    ({"layers.0.weight": good["layers.0.weight"]}, "missing layers.0.bias"),
    ({**good, "layers.2.bias": np.zeros(1)}, "unexpected layers.2.bias"),
    ({"a.0.weight": np.zeros((2, 2)), "b.1.weight": np.zeros((1, 2))}, "unexpected a.0.weight"),
    ({**good, "layers.0.bias": np.zeros(3)}, "layers.0.bias is of shape (3,)"),
    ({**good, "layers.0.bias": np.zeros(2, int)}, "holds int64, not floating-point numbers"),
    ({**good, "layers.1.bias": np.array([np.nan])}, "layers.1.bias holds nan"),
    ({"model": good}, "'model' is dict, not a tensor: give that dict, state['model']"),
    ({**good, "epoch": 3}, "'epoch' is int, not a tensor"),
    (3, "a dict of tensors or the path of a file; got int"),
    (MLP(2, [2, 1]), "got MLP: write network.state_dict()"),
]


@pytest.mark.parametrize(("state", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_does_not_fit_is_one_sentence_and_changes_nothing(state, message):
    model = MLP(2, [2, 1], seed=2)
    before = numbers(model)
    with pytest.raises((ValueError, TypeError)) as caught:
        load_torch(model, state)
    assert message in str(caught.value)
    assert numbers(model) == before


class Elsewhere:
    """A tensor whose numbers, or even its shape, cannot be asked for."""

    dtype, tolist = "float64", list

    def __init__(self, shape):
        self.known = shape

    @property
    def shape(self):
        if self.known is None:
            raise RuntimeError("a nested tensor has none")
        return self.known

    def reshape(self, n):
        raise NotImplementedError("no data")


@pytest.mark.parametrize("shape", [(1, 2), None])
def test_a_tensor_without_numbers_in_rows_is_refused(shape):
    model = MLP(2, [1], seed=1)
    state = {**state_of(model), "layers.0.weight": Elsewhere(shape)}
    with pytest.raises(ValueError, match=r"^layers\.0\.weight has no numbers in rows .*dense"):
        load_torch(model, state)


def test_a_wrong_file_is_one_sentence_and_changes_nothing(tmp_path, monkeypatch):
    model, path = MLP(2, [2, 1], seed=2), tmp_path / "m.safetensors"
    before = numbers(model)
    with pytest.raises(FileNotFoundError, match="the file does not exist"):
        load_torch(model, path)
    path.write_bytes(b"PK" * 20)
    with pytest.raises(nn.CheckpointError, match="cannot be loaded: its first bytes"):
        load_torch(model, path)
    save_file({**good, "layers.0.bias": np.zeros(2, int)}, path)
    with pytest.raises(nn.CheckpointError, match="holds I64, and F64, F32, F16 can be read"):
        load_torch(model, path)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="needs torch: run pip install torch"):
        load_torch(model, tmp_path / "m.pt")
    with pytest.raises(ModuleNotFoundError, match="to_torch needs torch: run pip install torch"):
        to_torch(model)
    assert numbers(model) == before


@pytest.mark.parametrize("version", ["2.5.1", "1.13"])
def test_a_pickle_is_left_alone_where_pytorch_could_run_it(tmp_path, monkeypatch, version):
    class Old:
        __version__ = version

    monkeypatch.setitem(sys.modules, "torch", Old())
    with pytest.raises(nn.CheckpointError, match=r"could run code when PyTorch .* reads it"):
        load_torch(MLP(2, [1]), tmp_path / "m.pt")


@pytest.mark.parametrize(
    ("loaded", "message"),
    [
        (RuntimeError("no archive"), "is damaged, or holds more than tensors"),
        ([1, 2], "holds list, not a state_dict"),
        (state_of(MLP(2, [2, 1], seed=1)), None),
    ],
)
def test_what_pytorch_reads_in_a_file(tmp_path, monkeypatch, loaded, message):
    class Torch:
        __version__ = "2.10.0+cpu"

        @staticmethod
        def load(file, map_location, weights_only):
            assert weights_only is True
            if isinstance(loaded, Exception):
                raise loaded
            return loaded

    monkeypatch.setitem(sys.modules, "torch", Torch())
    (tmp_path / "m.pt").write_bytes(b"")
    model = MLP(2, [2, 1], seed=2)
    if message:
        with pytest.raises(nn.CheckpointError, match=message):
            load_torch(model, tmp_path / "m.pt")
    else:
        load_torch(model, tmp_path / "m.pt")
        assert numbers(model) == numbers(MLP(2, [2, 1], seed=1))


def test_a_file_that_would_take_much_time_or_memory_is_not_given_to_pytorch(tmp_path, monkeypatch):
    class Torch:
        __version__ = "2.10.0"
        load = None  # so that a call is another error

    monkeypatch.setitem(sys.modules, "torch", Torch())
    model, path = MLP(2, [2, 1]), tmp_path / "m.pt"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(nn.CheckpointError, match=r"bytes, and 108,072 are enough for the param"):
        load_torch(model, path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data/0", bytes(10_000_000))
    assert path.stat().st_size < 20_000
    with pytest.raises(nn.CheckpointError, match="is damaged, or holds more") as found:
        load_torch(model, path)
    assert "it is compressed" in str(found.value.__cause__)


def test_parameters_that_have_no_place_in_a_tensor_are_refused(tmp_path):
    half = Layer(2, 2, bias=[True, False])
    with pytest.raises(ValueError, match=r"1 of the 2 neurons of Layer.* have a bias"):
        save_torch(half, tmp_path / "m")
    longer = Embedding(2, 2)
    longer.vectors.append([Value(1.0), Value(2.0)])
    with pytest.raises(ValueError, match=r"weight should have the shape \(2, 2\), .* 6 numbers"):
        save_torch(longer, tmp_path / "m")
    computed = Neuron(1, weights=[Value(2.0) * 3])
    with pytest.raises(ValueError, match="weight holds a Value that was computed from others"):
        save_torch(computed, tmp_path / "m")
    twice = Layer(1, 1)
    twice.weight = Value(1.0)
    with pytest.raises(ValueError, match="two tensors would be called 'weight'"):
        save_torch(twice, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("call", [save_torch, load_torch])
def test_arguments_in_another_order_are_noticed(call):
    with pytest.raises(TypeError, match="with a Module of nn; got str first"):
        call("m.safetensors", MLP(1, [1]))
    with pytest.raises(TypeError, match=r"to_torch\(model\) with a Module of nn; got str first$"):
        to_torch("m")


class Fitted:
    """An estimator, such as a Classifier."""

    model_ = MLP(1, [1])


@pytest.mark.parametrize("call", [to_torch, lambda model: save_torch(model, "m")])
def test_an_estimator_has_a_network(call):
    with pytest.raises(TypeError, match=r"with a Module of nn; got Fitted first: give its model_$"):
        call(Fitted())


def test_a_dropout_between_layers_keeps_their_numbers():
    model = MLP(2, [2, 1], seed=1)
    model.layers.insert(1, Dropout(0.5))
    assert list(tensors_of(model)) == [
        f"layers.{i}.{part}" for i in (0, 2) for part in ("weight", "bias")
    ]
