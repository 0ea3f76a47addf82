"""Checkpoints are exact, deterministic, readable by other tools, and whole or absent."""

import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

import nn
from autograd import Value
from nn.checkpoint import load_checkpoint, notes_and_shapes, save_checkpoint

ROOT = Path(__file__).parents[2]
X = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
T = [[-0.5], [0.5], [0.5], [-0.5]]


class Training:
    """A network, an optimiser and a random stream, after a few epochs."""

    def __init__(self, optimizer=nn.Adam, sizes=(3, 1), seed=1, epochs=0):
        self.model = nn.MLP(2, sizes, seed=seed)
        self.optimizer = optimizer(self.model.parameters(), lr=0.05)
        self.stream = random.Random(seed)
        self.train(epochs)

    def train(self, epochs):
        def error(x, t):
            return nn.half_squared_error(self.model(x), t)

        if epochs:
            nn.fit(error, X, T, self.optimizer, epochs, 3, self.stream, compile=False)

    def state(self):
        return (
            self.model.state_dict(),
            self.optimizer.state_dict(),
            self.stream.getstate(),
        )

    def save(self, path, notes=None):
        save_checkpoint(path, self.model, self.optimizer, self.stream, notes)

    def load(self, path):
        return load_checkpoint(path, self.model, self.optimizer, self.stream)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "folder" / "a.safetensors"


def momentum(parameters, lr):
    return nn.SGD(parameters, lr, momentum=0.9, weight_decay=1e-3)


# --- there and back ---


@pytest.mark.parametrize("optimizer", [nn.SGD, momentum, nn.Adam])
def test_training_goes_on_bit_for_bit(path, optimizer):
    whole = Training(optimizer, epochs=3)
    whole.train(4)  # in two calls, because each shuffles from the order given
    first = Training(optimizer, epochs=3)
    first.save(path, {"position": 3})
    second = Training(optimizer, seed=9)
    assert second.load(path) == {"position": 3}
    assert second.state() == first.state()
    second.train(4)
    assert second.state() == whole.state()


def test_the_same_state_is_the_same_file(tmp_path):
    for name in "ab":
        Training(epochs=2).save(tmp_path / name, {"z": 1, "a": [2.5, None]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    code = (
        "import sys; sys.path[:0] = ['.']; from tests.nn.test_checkpoint import Training;"
        f"Training(epochs=2).save({str(tmp_path / 'c')!r}, {{'a': [2.5, None], 'z': 1}})"
    )
    for seed in "12":
        subprocess.run(
            [sys.executable, "-c", code], check=True, cwd=ROOT, env={"PYTHONHASHSEED": seed}
        )
        assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(width=64), min_size=5, max_size=5))
def test_every_double_survives(tmp_path_factory, numbers):
    path = tmp_path_factory.getbasetemp() / "doubles"
    model, other = nn.Neuron(4, weights=numbers[:4], bias=numbers[4]), nn.Neuron(4)
    save_checkpoint(path, model)
    load_checkpoint(path, other)
    assert struct.pack("5d", *other.state_dict().values()) == struct.pack("5d", *numbers)


def test_the_format_is_open_to_other_tools(path):
    training = Training(epochs=2)
    training.save(path)
    tensors = load_file(path)
    assert {name: t.shape for name, t in tensors.items() if name.startswith("model.")} == {
        "model.layers.0.weights": (3, 2),
        "model.layers.0.bias": (3,),
        "model.layers.1.weights": (1, 3),
        "model.layers.1.bias": (1,),
    }
    first = training.model.layers[0]
    expected = [[w.data for w in neuron.weights] for neuron in first.neurons]
    np.testing.assert_array_equal(tensors["model.layers.0.weights"], expected)
    assert tensors["optimizer.means.layers.0.weights"].shape == (3, 2)
    x = np.tanh(tensors["model.layers.0.weights"] @ X[1] + tensors["model.layers.0.bias"])
    y = np.tanh(tensors["model.layers.1.weights"] @ x + tensors["model.layers.1.bias"])
    assert y[0] == pytest.approx(training.model(X[1]).data, rel=1e-15)


def test_torch_reads_the_weights(path, torch):
    from safetensors.torch import load_file as load_torch

    training = Training()
    training.save(path)
    tensors = load_torch(path)
    x = torch.tensor(X[2], dtype=torch.float64)
    for layer in "01":
        weights, bias = (tensors[f"model.layers.{layer}.{name}"] for name in ("weights", "bias"))
        x = torch.tanh(torch.nn.functional.linear(x, weights, bias))
    assert x.item() == pytest.approx(training.model(X[2]).data, rel=1e-15)


class Odd(nn.Module):
    """Parameters in all kinds of places."""

    def __init__(self, numbers):
        new = iter(numbers)
        shared = Value(next(new))
        self.alone = Value(next(new))
        self.ragged = [[Value(next(new)), Value(next(new))], [Value(next(new))]]
        self.cube = [[[Value(next(new)), Value(next(new))]]]
        self.by_name = {"é.0": Value(next(new)), "5": Value(next(new))}
        self.tied = nn.Layer(2, 2, weights=[[shared, next(new)], [next(new), shared]])


def test_any_module_is_saved(path):
    saved, loaded = Odd(range(20)), Odd([0.5] * 20)
    save_checkpoint(path, saved)
    load_checkpoint(path, loaded)
    assert loaded.state_dict() == saved.state_dict()
    assert load_file(path)["model.cube"].shape == (1, 1, 2)


class Numbered(nn.Module):
    """Two names for what would be one place of a tensor."""

    def __init__(self, a, b):
        self.by_name = {"1": Value(a), "01": Value(b)}


def test_names_that_mean_the_same_place_are_a_tensor_each(path):
    loaded = Numbered(0, 0)
    save_checkpoint(path, Numbered(2.5, 3.5))
    load_checkpoint(path, loaded)
    assert loaded.state_dict() == {"by_name.1": 2.5, "by_name.01": 3.5}
    assert {n: t.item() for n, t in load_file(path).items()} == {
        "model.by_name.1": 2.5,
        "model.by_name.01": 3.5,
    }


def test_an_optimiser_of_some_parameters(path):
    model = nn.MLP(2, [2, 1], seed=0)
    optimizer = nn.SGD(model.layers[1].parameters(), 0.1, momentum=0.5)
    optimizer.velocity = [1.0, 2.0, 3.0]
    save_checkpoint(path, model, optimizer)
    assert load_file(path)["optimizer.velocity.layers.1.weights"].tolist() == [[1.0, 2.0]]
    other = nn.SGD(model.layers[1].parameters(), 0.3)
    load_checkpoint(path, model, other)
    assert other.state_dict() == optimizer.state_dict()


def test_an_optimiser_of_another_model_is_refused(path):
    strange = nn.SGD([Value(1.0)], 0.1)
    with pytest.raises(ValueError, match="moves 1 Value that"):
        save_checkpoint(path, nn.Neuron(1), strange)
    assert not path.exists()


def test_notes_alone_are_read_without_a_model(path):
    Training().save(path, {"settings": {"context": 3}})
    assert load_checkpoint(path) == {"settings": {"context": 3}}


# --- writing ---


def test_it_needs_no_other_library(tmp_path):
    code = (
        "import sys; sys.modules.update(numpy=None, safetensors=None); import nn;"
        "model = nn.MLP(2, [1]); nn.save_checkpoint('x', model); nn.load_checkpoint('x', model)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}
    )


def test_a_failure_leaves_the_old_file_and_no_part(path, monkeypatch):
    Training().save(path)
    content = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        Training(epochs=1).save(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_notes_that_json_cannot_hold(path):
    for notes in ({1j}, {"a": 1, 2: 3}, {"file": Path("a")}):
        with pytest.raises(TypeError, match="notes and settings are numbers, text"):
            Training().save(path, notes)
    assert not path.exists()


def test_numbers_of_numpys_are_numbers(path):
    training = Training()
    training.optimizer.lr = np.float32(0.25)
    training.save(path, {"position": np.int64(7)})
    other = Training()
    assert other.load(path) == {"position": 7}
    assert other.optimizer.lr == 0.25


def test_a_link_stays_a_link(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    target.touch()
    link.symlink_to(target)
    Training().save(link)
    assert link.is_symlink()
    assert Training(seed=2).load(target) is None


def test_a_wrong_order_of_arguments_is_corrected(tmp_path):
    model, path = nn.MLP(2, [1]), str(tmp_path / "x.safetensors")
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    for wrong, kinds in [
        ((model, path), "MLP, str, NoneType, NoneType"),
        ((path, optimizer, model), "str, SGD, MLP, NoneType"),
        ((path, model, optimizer, 7), "str, MLP, SGD, int"),
    ]:
        for function in save_checkpoint, load_checkpoint:
            name = function.__name__
            message = rf"expected {name}\(path, model, .*; got {name}\({kinds}\)$"
            with pytest.raises(TypeError, match=message):
                function(*wrong)


def test_an_optimiser_is_loaded_with_its_model(path):
    training = Training()
    training.save(path)
    with pytest.raises(TypeError, match="an optimiser is loaded together with its model"):
        load_checkpoint(path, None, training.optimizer)


def test_notes_and_shapes_are_read_without_numbers(path):
    training = Training(nn.SGD)
    training.save(path, {"a": 1})
    notes, shapes = notes_and_shapes(path)
    assert notes == {"a": 1}
    assert shapes == {name: tensor.shape for name, tensor in load_file(path).items()}
    assert shapes["model.layers.0.weights"] == (3, 2)


def test_a_stream_of_the_system_has_no_state(tmp_path):
    for function in save_checkpoint, load_checkpoint:
        with pytest.raises(TypeError, match=r"use a random\.Random"):
            function(tmp_path / "x", nn.MLP(2, [1]), None, random.SystemRandom())
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(here)
    save_checkpoint("~/model.safetensors", nn.MLP(2, [1], seed=1))
    load_checkpoint("~/model.safetensors", nn.MLP(2, [1], seed=2))
    assert [p.name for p in home.iterdir()] == ["model.safetensors"]
    assert list(here.iterdir()) == []


def test_a_checkpoint_of_version_0_1_goes_on():
    model = nn.MLP(2, [3, 1], seed=2)
    optimizer = nn.Adam(model.parameters(), lr=1.0)
    path = ROOT / "tests" / "data" / "checkpoint_of_0_1.safetensors"
    assert load_checkpoint(path, model, optimizer) is None
    numbers = [p.data for p in model.parameters()]
    assert numbers[:2] == pytest.approx([-0.89184921168088, 0.862331604617065], rel=1e-14)
    assert numbers[-1] == pytest.approx(0.002506050655627, rel=1e-12)
    assert optimizer.steps == [12.0] * 13
    assert optimizer.means[:2] == [0.02687159207539659, 0.024623579914823952]
    assert optimizer.squares[-1] == 0.003118460774490576
    assert (optimizer.lr, optimizer.betas, optimizer.eps) == (0.01, (0.9, 0.999), 1e-8)

    def loss(x, t):
        return nn.half_squared_error(model(x), t)

    history = nn.fit(loss, X, T, optimizer, epochs=2, progress=False)
    # As version 0.1 itself went on from there.
    assert history.losses == pytest.approx([0.11964150007383578, 0.11479932841886359], rel=1e-13)
    assert model.parameters()[0].data == pytest.approx(-0.9091673327035014, rel=1e-13)
    assert model.parameters()[-1].data == pytest.approx(0.007468078161420105, rel=1e-12)
