"""Our Modules as Modules of PyTorch's. Only ``to_torch`` imports this, because it needs torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard, TypeVar

import torch

from autograd.value import number_of
from nn.arguments import some
from nn.dropout import Dropout
from nn.embedding import Embedding
from nn.formats.names import neurons_of, tensors_of
from nn.formats.torch_functions import NATIVE, Function
from nn.module import Module
from nn.neuron import MLP, Layer, Neuron

M = TypeVar("M", bound=Module)

ON = {"dtype": torch.float64, "device": "meta"}
"""Where a Module of PyTorch's begins: without numbers, or it would draw random ones."""


class Linear(torch.nn.Linear):  # type: ignore[misc]
    """A Linear layer and its activation, if it has one.

    Args:
        nin, nout, bias: as of ``torch.nn.Linear``.
        activation: a function of tensors, or None.
    """

    def __init__(
        self, nin: int, nout: int, bias: bool, activation: Callable[[Any], Any] | None
    ) -> None:
        super().__init__(nin, nout, bias=bias, **ON)
        self.activation = activation

    def forward(self, x: Any) -> Any:
        """The outputs, of shape (..., nout), for inputs of shape (..., nin)."""
        total = super().forward(x)
        return total if self.activation is None else self.activation(total)

    def extra_repr(self) -> str:
        """What stands between the brackets when it is printed."""
        name = getattr(self.activation, "__name__", None) or repr(self.activation)
        return f"{super().extra_repr()}, activation={name}"


class Layers(torch.nn.Module):  # type: ignore[misc]
    """Modules one after another, called layers.0, layers.1, ... as in an MLP of ours."""

    def __init__(self, layers: list[Any]) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        """The outputs of the last."""
        return self.layers(x)


def converted(model: Module) -> Any:
    """See ``to_torch``."""
    made = _module(model, {})
    tensors = tensors_of(model)
    known: dict[Any, Any] = {}
    for name, tensor in tensors.items():
        key = tensor.shape, *map(id, tensor.values)
        if key not in known:
            numbers = [number_of(v) for v in tensor.values]
            there = torch.tensor(numbers, dtype=torch.float64, device="cpu")
            known[key] = torch.nn.Parameter(there.reshape(tensor.shape))
        owner, _, part = name.rpartition(".")
        setattr(made.get_submodule(owner), part, known[key])
    places = [place for _, *values in known for place in values]
    if len(set(places)) < len(places):
        raise ValueError(
            f"{some(tensors)} share some of their weights, and tensors of PyTorch's share all or "
            "none: tie whole layers"
        )
    return made


def _module(model: Module, made: dict[int, Any]) -> Any:
    """The same Module without numbers. What occurs twice becomes one."""
    if id(model) in made:
        return made[id(model)]
    result: Any
    if _is(model, MLP):
        result = Layers([_module(layer, made) for layer in model.layers])
    elif (_is(model, Layer) and all(_is(n, Neuron) for n in model.neurons)) or _is(model, Neuron):
        result = _linear(model)
    elif _is(model, Embedding):
        result = torch.nn.Embedding(model.n, model.m, **ON)
    elif _is(model, Dropout):
        result = torch.nn.Dropout(model.p)
    else:
        raise ValueError(
            f"PyTorch has no equivalent of {type(model).__name__}, which computes in Python on "
            "single numbers: write a torch.nn.Module with the same attributes, and load into it "
            "what save_torch writes; or export it as it is, by to_onnx(model, rows)"
        )
    result.training = model.training
    made[id(model)] = result
    return result


def _is(model: Any, kind: type[M]) -> TypeGuard[M]:
    """Whether it is a Module of this kind, and computes what the kind does."""
    own = type(model)
    return (
        isinstance(model, kind)
        and own.__call__ is kind.__call__
        and (own.forward is kind.forward or kind.__call__ is not Module.__call__)
    )


def _linear(linear: Layer | Neuron) -> Linear:
    neurons = neurons_of(linear)
    operations = {neuron.activation for neuron in neurons}
    if len(operations) > 1:
        names = some(sorted(op.name if op else "None" for op in operations))
        raise ValueError(
            f"the neurons of {linear!r} have several activations ({names}), and a layer of "
            "PyTorch's has one: make a Layer of each"
        )
    (op,) = operations
    bias = neurons[0].bias is not None
    function = None if op is None else NATIVE.get(op) or Function(op)
    return Linear(linear.nin, len(neurons), bias, function)
