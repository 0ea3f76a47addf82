"""to_torch: a network as a Module of PyTorch's."""

from __future__ import annotations

from typing import Any

from autograd.extras import library
from nn.formats.names import check_model
from nn.module import Module


def to_torch(model: Module) -> Any:
    """An equal ``torch.nn.Module``, with the same outputs and gradients to rounding.

    It takes tensors of shape (..., nin), one row or a batch, and returns (..., nout), also where
    nout is 1. Its numbers are float64, as here; ``.float()`` makes them float32. The names are
    PyTorch's: ``layers.0.weight``, of shape (nout, nin), and ``layers.0.bias``. An operation of
    your own keeps its derivative. The numbers are copies: ``load_torch`` brings them back.

    >>> network = to_torch(MLP(2, [3, 1]))
    >>> network(torch.tensor([[1.0, 2.0]], dtype=torch.float64)).shape
    torch.Size([1, 1])

    Args:
        model: an MLP, Layer, Neuron, Embedding or Dropout.

    Raises:
        ValueError: it is a Module of another kind, an operation cannot run on tensors, or weights
            are shared in a way that tensors do not allow.
        TypeError: it is not a Module.
        ModuleNotFoundError: PyTorch is not installed.
    """
    check_model(model, "to_torch(model)")
    library("torch", "to_torch")
    from nn.formats.torch_modules import converted

    return converted(model)
