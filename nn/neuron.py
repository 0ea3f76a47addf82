"""A neuron, a layer of neurons that share their inputs, and layers one after another."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any, TypeVar, cast

from autograd.compiler.recording.observe import is_recording
from autograd.functions.weighted_sum import dot
from autograd.given import check_order, did_you_mean, shown
from autograd.ops import TABLE, Op
from autograd.real import count
from autograd.value import Value
from nn.arguments import (
    Number,
    Seed,
    Vector,
    as_list,
    as_parameters,
    as_values,
    check_number_of_parameters,
    positive_whole,
    random_stream,
)
from nn.module import Module

Activation = str | Op | None

_Init = TypeVar("_Init", bound=Callable[..., None])


def _without_nonlin(init: _Init) -> _Init:
    """A constructor that says what to write instead of micrograd's ``nonlin=``."""

    @functools.wraps(init)
    def checked(self: Module, *args: Any, **options: Any) -> None:
        if "nonlin" in options:
            kind = type(self).__name__
            raise TypeError(
                f"nonlin= belongs to micrograd's networks: from nn.micrograd import {kind}; "
                f"nn.{kind} takes activation='relu', or None for a linear one"
            )
        init(self, *args, **options)

    return cast(_Init, checked)


class Neuron(Module):
    """activation(w1*x1 + w2*x2 + ... + bias).

    Args:
        nin: the number of inputs.
        activation: an operation with one input, or its name; None for the sum alone.
        bias: True for one that starts at 0, False for none, or the number or Value itself.
        weights: nin numbers, or Values to share with others. Default: random, uniform within
            ±sqrt(3/nin). Their variance is then 1/nin, so that inputs of variance 1 give a sum of
            variance 1, wherever the tanh still has a slope (LeCun, Bottou, Orr and Müller,
            "Efficient BackProp", 1998, section 4.6).
        seed: a whole number for the same weights in every process, or a ``random.Random`` to draw
            them from. Default: different weights each time, unless ``random.seed`` was called.

    Attributes:
        weights: nin Values.
        bias: a Value or None.
        activation: the operation or None.

    Raises:
        ValueError: nin is below 1, the number of weights is not nin, or no activation has that
            name.
        TypeError: nin is not a whole number, or a weight is not a number.
    """

    @_without_nonlin
    def __init__(
        self,
        nin: int,
        activation: Activation = "tanh",
        bias: bool | Value | Number | None = True,
        weights: Vector | None = None,
        seed: Seed = None,
    ) -> None:
        self.nin = positive_whole(nin, "nin")
        check_number_of_parameters(self.nin, nin)
        self.activation = _operation(activation)
        if weights is None:
            reach, stream = self.reach, random_stream(seed)
            weights = [stream.uniform(-reach, reach) for _ in range(self.nin)]
        self.weights = as_parameters(as_list(weights))
        self.bias: Value | None = None
        if bias is not None and bias is not False:
            self.bias = as_parameters([0.0 if bias is True else bias])[0]
        if len(self.weights) != self.nin:
            raise ValueError(f"{self!r} needs {self.nin} weights; got {len(self.weights)}")

    @property
    def reach(self) -> float:
        """How far from 0 random weights are at most."""
        return math.sqrt(3 / self.nin)

    def __call__(self, inputs: Vector) -> Value:
        """The output for nin numbers or Values.

        Raises:
            ValueError: another number of inputs, or several rows of them.
        """
        if type(inputs) is not list or len(inputs) != self.nin or type(inputs[0]) is not Value:
            inputs = _sized(inputs, self.nin, self)
        total = dot(self.weights, inputs, self.bias)
        return total if self.activation is None else Value.apply_op(self.activation, (total,))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.nin}, {_options(self)})"


class Layer(Module):
    """nout neurons that share nin inputs.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        activation: as for a Neuron.
        bias: True, False, or one entry per neuron as a Neuron takes it.
        weights: for each of the nout neurons nin numbers or Values. Default: random, as for a
            Neuron.
        seed: as for a Neuron; one stream of random numbers serves all neurons.

    Attributes:
        neurons: nout Neurons.

    Raises:
        ValueError, TypeError: as for a Neuron; and where weights or biases are not nout.
    """

    @_without_nonlin
    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = "tanh",
        bias: bool | Sequence[Any] | None = True,
        weights: Sequence[Any] | None = None,
        seed: Seed = None,
    ) -> None:
        self.nin = positive_whole(nin, "nin")
        nout = positive_whole(nout, "nout")
        check_number_of_parameters(self.nin * nout, nin, nout)
        stream = random_stream(seed)
        biases = _each(bias, nout, "bias", "neuron")
        vectors = _each(weights, nout, "list of weights", "neuron")
        self.neurons = [
            Neuron(self.nin, activation, bias, weights=vector, seed=stream)
            for bias, vector in zip(biases, vectors)
        ]

    def __call__(self, inputs: Vector) -> Value | list[Value]:
        """The outputs for nin numbers or Values: a list, or the Value alone if there is one.

        Raises:
            ValueError: another number of inputs, or several rows of them.
        """
        # Numbers become Values once, so that all neurons are joined to the same input nodes.
        shared = as_values(_sized(inputs, self.nin, self))
        outputs = [neuron(shared) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        options = _options(self.neurons[0])
        return f"{type(self).__name__}({self.nin}, {len(self.neurons)}, {options})"


class MLP(Module):
    """A multilayer perceptron: layers, where the outputs of each are the inputs of the next.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons in each layer.
        activation: that of all layers but the last, as for a Neuron.
        output_activation: that of the last.
        bias: True, False, or one entry per layer as a Layer takes it.
        seed: as for a Neuron; one stream of random numbers serves the whole network.
        weights: one entry per layer as a Layer takes it, or None for random ones.

    Attributes:
        layers: the Layers.

    Raises:
        ValueError, TypeError: as for a Layer; and where ``nouts`` is empty.
    """

    @_without_nonlin
    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "tanh",
        output_activation: Activation = "tanh",
        bias: bool | Sequence[Any] | None = True,
        seed: Seed = None,
        weights: Sequence[Any] | None = None,
    ) -> None:
        sizes = layer_sizes(nin, nouts)
        depth = len(sizes) - 1
        stream = random_stream(seed)
        activations = [activation] * (depth - 1) + [output_activation]
        biases = _each(bias, depth, "bias", "layer")
        matrices = _each(weights, depth, "matrix of weights", "layer")
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activations[i], biases[i], matrices[i], stream)
            for i in range(depth)
        ]

    def __call__(self, inputs: Vector) -> Value | list[Value]:
        """The outputs for nin numbers or Values: a list, or the Value alone if there is one.

        Raises:
            ValueError: another number of inputs, or several rows of them.
        """
        outputs: Value | list[Value] = as_values(_sized(inputs, self.layers[0].nin, self))
        for layer in self.layers:
            outputs = layer(outputs)
        return outputs

    def __repr__(self) -> str:
        nouts = [len(layer.neurons) for layer in self.layers]
        hidden, last = self.layers[0].neurons[0], self.layers[-1].neurons[0]
        options = _options(hidden, last)
        return f"{type(self).__name__}({self.layers[0].nin}, {nouts}, {options})"


def layer_sizes(nin: int, nouts: Iterable[int]) -> list[int]:
    """The number of inputs, and the number of outputs of each layer.

    Raises:
        TypeError: ``nouts`` is not a list of whole numbers.
        ValueError: it is empty, a size is below 1, or they are too large for any memory.
    """
    if not isinstance(nouts, Iterable) or getattr(nouts, "shape", None) == ():
        given = shown(nouts)
        raise TypeError(f"nouts is a list, one size per layer: [{given}]; got {given}")
    check_order(nouts, "nouts")
    sizes = [positive_whole(nin, "nin"), *(positive_whole(n, "nout") for n in nouts)]
    if len(sizes) == 1:
        raise ValueError("an MLP needs at least one layer: nouts is empty")
    check_number_of_parameters(sum(a * b for a, b in pairwise(sizes)), *sizes)
    return sizes


def _operation(activation: Activation) -> Op | None:
    """The operation that an activation names."""
    if activation is None:
        return None
    op = TABLE.get(activation) if isinstance(activation, str) else activation
    if isinstance(op, Op) and op.arity == 1:
        return op
    names = [name for name, op in TABLE.items() if op.arity == 1]
    given = getattr(activation, "__name__", activation)  # of math.tanh, too
    hint = did_you_mean(given, names) or "."
    raise ValueError(
        f"an activation is an operation with one input, its name, or None for the sum alone; "
        f"got {shown(activation)}{hint} The names: {', '.join(names)}"
    )


def _each(option: Any, n: int, what: str, owner: str) -> list[Any]:
    """One entry for each of n owners: the same for all, or as given."""
    if option is None or option is True or option is False:
        return [option] * n
    if isinstance(option, (Value, Real)):
        raise TypeError(f"expected a list, one {what} per {owner}; got {shown(option)} alone")
    entries = as_list(option)
    if len(entries) != n:
        raise ValueError(f"expected one {what} for each of {count(n, owner)}; got {len(entries)}")
    return entries


def _sized(inputs: Vector, nin: int, module: Module) -> list[Any]:
    """The inputs as a list of nin elements."""
    elements = as_list(inputs)
    if len(elements) == nin and not _is_row(elements[0]):
        return elements
    takes = f"{module!r} takes {count(nin, 'input')}"
    if elements and _is_row(elements[0]):
        raise ValueError(
            f"{takes}, one row at a time; got {count(len(elements), 'row')}: write "
            f"[model(row) for row in rows]"
        )
    if isinstance(inputs, (Value, Real)):
        hint = ": a compiled function takes rows, f([row])" if is_recording() else ""
        raise ValueError(f"{takes}, in a list; got {shown(inputs)} alone{hint}")
    hint = ": if each is a row, write [model(x) for x in inputs]" if nin == 1 and elements else ""
    raise ValueError(f"{takes}; got {len(elements)}{hint}")


def _is_row(x: Any) -> bool:
    return isinstance(x, (list, tuple)) or bool(getattr(x, "shape", ()))


def _options(neuron: Neuron, output: Neuron | None = None) -> str:
    """The options of a constructor, for a repr."""
    name = neuron.activation.name if neuron.activation else None
    options = [f"activation={name!r}"]
    if output is not None:
        name = output.activation.name if output.activation else None
        options.append(f"output_activation={name!r}")
    if neuron.bias is None:
        options.append("bias=False")
    return ", ".join(options)
