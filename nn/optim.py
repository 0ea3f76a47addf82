"""Optimisers: what to do to the parameters with their gradients."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

from autograd.real import as_float, count
from autograd.value import Value
from nn.arguments import check_names

_PARAMETERS = "an optimiser takes its parameters first, a list such as model.parameters()"


class Optimizer:
    """Base class: a list of parameters, settings, and numbers remembered for each parameter.

    A subclass names its settings, which are its constructor's arguments and its attributes, and
    its memories, attributes that are lists of one float a parameter.
    """

    settings: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Value]) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"{_PARAMETERS}; got {parameters!r}")
        every = list(parameters)
        if not every:
            raise ValueError("an optimiser needs at least one parameter; got none")
        for p in every:
            if not isinstance(p, Value):
                raise TypeError(f"{_PARAMETERS}; got {type(p).__name__} {reprlib.repr(p)} in it")
            if p.op is not None:
                raise ValueError(f"only leaves can be moved; {p!r} was computed from others")
        # Each once, for a tied weight given twice would be moved twice.
        self.parameters = list(dict.fromkeys(every))
        for name in self.memories:
            setattr(self, name, [0.0] * len(self.parameters))

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to step")

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Settings and memories, as numbers and lists that JSON can hold."""
        state = {name: getattr(self, name) for name in self.settings + self.memories}
        return {name: list(x) if isinstance(x, (list, tuple)) else x for name, x in state.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set settings and memories from those of ``state_dict``; on an error nothing changes.

        Raises:
            ValueError: names are missing or unexpected, a setting is out of range, or the state
                is of another number of parameters.
            TypeError: the state is no dict, or an entry not a number.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict, as of state_dict(); got {type(state).__name__}")
        check_names(self.settings + self.memories, state, f"not a state of {type(self).__name__}")
        # The constructor checks the settings.
        new = type(self)(self.parameters, **{name: state[name] for name in self.settings})
        for name in self.memories:
            if len(state[name]) != len(self.parameters):
                raise ValueError(
                    f"the state is of {count(len(state[name]), 'parameter')}, "
                    f"this optimiser of {len(self.parameters)}"
                )
            setattr(new, name, [as_float(x) for x in state[name]])
        self.__dict__.update(vars(new))

    def __repr__(self) -> str:
        settings = "".join(f", {name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({count(len(self.parameters), 'parameter')}{settings})"


class SGD(Optimizer):
    """Gradient descent: velocity = momentum * velocity + gradient; parameter -= lr * velocity.

    The gradient includes weight_decay * parameter. Updates are those of ``torch.optim.SGD``.

    Args:
        parameters: leaf Values, such as ``model.parameters()``.
        lr: the learning rate, which must be given; may be assigned between steps.
        momentum: the part of the last step's velocity that is kept (Polyak, 1964). 0: none.
        weight_decay: adds weight_decay * p to the gradient of p, as an error 1/2 * weight_decay *
            p^2 would.

    Raises:
        ValueError: no parameters, or a setting that is negative or not finite.
        TypeError: parameters that are not Values, or a setting that is not a number.
    """

    settings = ("lr", "momentum", "weight_decay")
    memories = ("velocity",)
    velocity: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | None = None,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters)
        if lr is None:  # and not a missing argument, so that SGD(0.1) hears of the parameters
            raise TypeError("SGD needs a learning rate: SGD(model.parameters(), lr=0.1)")
        self.lr = _at_least_zero("lr", lr)
        self.momentum = _at_least_zero("momentum", momentum)
        self.weight_decay = _at_least_zero("weight_decay", weight_decay)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        lr = as_float(self.lr)  # a numpy scalar would turn the parameters into its own kind
        if not self.momentum and not self.weight_decay:
            for p in self.parameters:
                if p.grad is not None:
                    p.data -= lr * p.grad
            return
        momentum, decay = as_float(self.momentum), as_float(self.weight_decay)
        velocity = self.velocity
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                velocity[i] = momentum * velocity[i] + (p.grad + decay * p.data)
                p.data -= lr * velocity[i]


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: its running mean over its running rms.

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1. Updates are
    those of ``torch.optim.Adam``.

    Args:
        parameters: leaf Values, such as ``model.parameters()``.
        lr: the learning rate; may be assigned between steps.
        betas: the part of the mean, and of the mean square, that is kept at each step.
        eps: added to the rms, so that a parameter without gradient stays.
        weight_decay: adds weight_decay * p to the gradient of p.

    Raises:
        ValueError: no parameters, or a setting out of range.
        TypeError: parameters that are not Values, or a setting that is not a number.
    """

    settings = ("lr", "betas", "eps", "weight_decay")
    memories = ("steps", "means", "squares")
    steps: list[float]
    means: list[float]
    squares: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters)
        self.lr = _at_least_zero("lr", lr)
        two = hasattr(betas, "__len__") and len(betas) == 2
        if not two or not all(0 <= as_float(beta) < 1 for beta in betas):
            raise ValueError(f"betas are two numbers from 0 to below 1; got {betas!r}")
        self.betas = (as_float(betas[0]), as_float(betas[1]))
        self.eps = _at_least_zero("eps", eps)
        if self.eps == 0:
            raise ValueError("eps must be above 0, or a gradient of 0 would divide by 0")
        self.weight_decay = _at_least_zero("weight_decay", weight_decay)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        lr, decay, eps = as_float(self.lr), as_float(self.weight_decay), self.eps
        keep_mean, keep_square = self.betas
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            gradient = p.grad + decay * p.data
            # Counted for each parameter, because those without a gradient sit steps out.
            self.steps[i] = n = self.steps[i] + 1.0
            self.means[i] = mean = keep_mean * self.means[i] + (1 - keep_mean) * gradient
            self.squares[i] = square = (
                keep_square * self.squares[i] + (1 - keep_square) * gradient * gradient
            )
            # Both means start at 0; dividing by 1 - beta^n takes that bias out.
            rms = math.sqrt(square / (1 - keep_square**n))
            p.data -= lr * (mean / (1 - keep_mean**n)) / (rms + eps)


def _at_least_zero(name: str, setting: float) -> float:
    try:
        number = as_float(setting)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be finite and at least 0; got {setting!r}")
    return number
