"""PyTorch's names for our parameters: which tensor each belongs to, and where.

A Layer is a ``torch.nn.Linear``, an Embedding a ``torch.nn.Embedding``: their tensors are called
``weight``, of shape (nout, nin) or (n, m), and ``bias``, of shape (nout,). A Neuron on its own is
a Linear with one output. What a Module holds besides keeps the name that it has in a checkpoint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from autograd.given import shown
from autograd.real import count
from autograd.value import Value
from nn.checkpoint import grouped_names
from nn.embedding import Embedding
from nn.module import Module
from nn.neuron import Layer, Neuron
from nn.search import search


@dataclass(frozen=True)
class Parameters:
    """A tensor of parameters: its shape, and its Values, row after row."""

    shape: tuple[int, ...]
    values: list[Value]


def check_model(model: object, call: str) -> None:
    """Raise TypeError if it is not a Module; ``call`` is what was expected."""
    if not isinstance(model, Module):
        hint = ": give its model_" if hasattr(model, "model_") else ""  # a Classifier, say
        raise TypeError(
            f"expected {call} with a Module of nn; got {type(model).__name__} first{hint}"
        )


def tensors_of(model: Module) -> dict[str, Parameters]:
    """The tensors of a model by PyTorch's names, in PyTorch's order.

    A Value that is used in several places (tied weights) is in the tensor of each.

    Raises:
        ValueError: some neurons of a layer have a bias and others do not; the sizes of a module are
            not those of what it holds; a weight is computed from other Values; or two tensors would
            have one name.
    """
    found: dict[str, Parameters] = {}
    for path, module in _owners(model):
        parts = _of_embedding(module) if isinstance(module, Embedding) else _of_linear(module, path)
        for part, tensor in parts.items():
            found[f"{path}.{part}" if path else part] = tensor
    for name, tensor in found.items():
        if len(tensor.values) != math.prod(tensor.shape):
            raise ValueError(
                f"{name} should have the shape {tensor.shape}, and it has "
                f"{count(len(tensor.values), 'number')}: make a new Layer or Embedding of them"
            )
        if any(v.op is not None for v in tensor.values):
            raise ValueError(
                f"{name} holds a Value that was computed from others, and a tensor of PyTorch's "
                "holds numbers: put Value(v.data) in its place"
            )
    owned = {v for tensor in found.values() for v in tensor.values}
    rest = {name: v for name, v in model.named_parameters() if v not in owned}
    for name, (shape, members) in grouped_names(list(rest)).items():
        if name in found:
            raise ValueError(f"two tensors would be called {shown(name)}: rename an attribute")
        found[name] = Parameters(shape, [rest[member] for member in members])
    return found


def neurons_of(linear: Layer | Neuron) -> list[Neuron]:
    """The neurons of a Layer, or the Neuron itself."""
    return linear.neurons if isinstance(linear, Layer) else [linear]


def _owners(model: Module) -> list[tuple[str, Layer | Neuron | Embedding]]:
    """Each Layer, Embedding and Neuron outside a Layer, with its path. One that stands in several
    places, or in a thing that does, has as many paths, as in PyTorch."""
    places = list(search(model, again=True))
    in_layers = {id(n) for _, thing, _ in places if isinstance(thing, Layer) for n in thing.neurons}
    first: dict[int, str] = {}
    found: list[tuple[str, Layer | Neuron | Embedding]] = []
    for path, thing, _ in places:
        start = first.setdefault(id(thing), path)
        if start != path:
            within = f"{start}." if start else ""
            if not path.startswith(within):  # else it holds itself
                there = [(old, owner) for old, owner in found if f"{old}.".startswith(within)]
                found += [(path + old[len(start) :], owner) for old, owner in there]
        elif isinstance(thing, (Layer, Neuron, Embedding)) and id(thing) not in in_layers:
            found.append((path, thing))
    return found


def _of_embedding(embedding: Embedding) -> dict[str, Parameters]:
    values = [v for vector in embedding.vectors for v in vector]
    return {"weight": Parameters((embedding.n, embedding.m), values)}


def _of_linear(linear: Layer | Neuron, path: str) -> dict[str, Parameters]:
    neurons = neurons_of(linear)
    weights = [v for neuron in neurons for v in neuron.weights]
    parts = {"weight": Parameters((len(neurons), linear.nin), weights)}
    biases = [neuron.bias for neuron in neurons if neuron.bias is not None]
    if biases and len(biases) < len(neurons):
        raise ValueError(
            f"{len(biases)} of the {len(neurons)} neurons of {path or repr(linear)} have a bias, "
            "and in PyTorch all have one or none: give the others a bias of 0"
        )
    if biases:
        parts["bias"] = Parameters((len(biases),), biases)
    return parts
