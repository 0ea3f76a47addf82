"""Networks of micrograd's shape, for programs that were written for micrograd.

They differ from ``nn.MLP``: the hidden layers are relu and the output is linear, and the first
weights are uniform in ±1. The weights come from Python's own random numbers, in micrograd's order,
so that ``random.seed(1337)`` gives the same network as there.

>>> import random
>>> from nn.micrograd import MLP
>>> random.seed(1337)
>>> model = MLP(2, [16, 16, 1])
>>> len(model.parameters()), round(model.layers[0].neurons[0].w[0].data, 4)
(337, 0.2355)
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from autograd.value import Value
from nn import neuron
from nn.arguments import check_number_of_parameters, positive_whole
from nn.module import Module

__all__ = ["MLP", "Layer", "Module", "Neuron"]


class Neuron(neuron.Neuron):
    """relu(w1*x1 + w2*x2 + ... + b), or the sum alone.

    Args:
        nin: the number of inputs.
        nonlin: whether there is a relu.

    Attributes:
        w: nin Values, uniform in ±1 at first.
        b: a Value, 0 at first.
        nonlin: whether there is a relu.
    """

    bias: Value

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        nin = positive_whole(nin, "nin")
        check_number_of_parameters(nin, nin)
        weights = [random.uniform(-1, 1) for _ in range(nin)]
        super().__init__(nin, "relu" if nonlin else None, weights=weights)

    @property
    def reach(self) -> float:
        """How far from 0 random weights are at most."""
        return 1.0

    @property
    def w(self) -> list[Value]:
        """The weights."""
        return self.weights

    @property
    def b(self) -> Value:
        """The bias."""
        return self.bias

    @property
    def nonlin(self) -> bool:
        """Whether there is a relu."""
        return self.activation is not None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.nin}, nonlin={self.nonlin})"


class Layer(neuron.Layer):
    """nout Neurons that share nin inputs.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        nonlin: whether they have a relu.

    Attributes:
        neurons: nout Neurons.
    """

    neurons: list[Neuron]  # type: ignore[assignment]

    def __init__(self, nin: int, nout: int, nonlin: bool = True) -> None:
        self.nin, nout = positive_whole(nin, "nin"), positive_whole(nout, "nout")
        check_number_of_parameters(self.nin * nout, nin, nout)
        self.neurons = [Neuron(nin, nonlin) for _ in range(nout)]

    def __repr__(self) -> str:
        nonlin = self.neurons[0].nonlin
        return f"{type(self).__name__}({self.nin}, {len(self.neurons)}, nonlin={nonlin})"


class MLP(neuron.MLP):
    """Layers with relu, and a last one without.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons in each layer.

    Attributes:
        layers: the Layers.
    """

    layers: list[Layer]  # type: ignore[assignment]

    def __init__(self, nin: int, nouts: Iterable[int]) -> None:
        sizes = neuron.layer_sizes(nin, nouts)
        last = len(sizes) - 2
        self.layers = [Layer(sizes[i], sizes[i + 1], nonlin=i < last) for i in range(last + 1)]

    def __repr__(self) -> str:
        nouts = [len(layer.neurons) for layer in self.layers]
        return f"{type(self).__name__}({self.layers[0].nin}, {nouts})"
