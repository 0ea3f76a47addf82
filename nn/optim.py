"""Optimisers: how gradients move parameters.

Each update is written once, as plain arithmetic. ``stepping.py`` makes a loop over Values of it,
and compiled training runs it on arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import ops
from autograd.given import listed, shown, switch, whole
from autograd.real import as_float, count
from autograd.value import NOT_COMPUTED, Value
from nn import stepping
from nn.arguments import as_list, at_least_zero, check_names

Rate = float | Callable[[int], float]


class Optimizer:
    """Base class: parameters, settings, and memories, the numbers that it keeps per parameter.

    A subclass names its settings, which are arguments of its constructor and attributes, and its
    memories, attributes that are lists of one float per parameter, 0 at first. It says in
    ``update`` what a step does to a parameter. Compiled training uses the same definition.

    >>> class Lion(Optimizer):
    ...     settings, memories = ("lr",), ("mean",)
    ...     def __init__(self, parameters, lr=1e-3):
    ...         super().__init__(parameters)
    ...         self.lr = lr
    ...     def update(self, p, gradient, mean):
    ...         direction = ops.sign(0.9 * mean + 0.1 * gradient)
    ...         return p - self.lr * direction, 0.99 * mean + 0.01 * gradient
    >>> Lion([Value(2.0)])
    Lion(1 parameter, lr=0.001)
    """

    settings: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()
    steps_taken = 0
    _lr: Any = 0.0
    _rates: Mapping[int, float] = {}

    def __init__(self, parameters: Iterable[Value]) -> None:
        self.parameters = _checked_parameters("an optimiser", parameters)
        if not self.parameters:
            raise ValueError("an optimiser needs at least one parameter; got none")
        for name in self.memories:
            setattr(self, name, [0.0] * len(self.parameters))

    @property
    def lr(self) -> float:
        """The learning rate of the next step.

        Set it to a number, or to a function that takes the number of steps taken so far (0 at
        first) and returns the rate. The function is asked once for each step, in order.
        """
        return self.lr_at(self.steps_taken) if self.is_scheduled else self._lr

    @lr.setter
    def lr(self, rate: Any) -> None:
        if callable(rate) and type(self).step is not Optimizer.step:
            raise TypeError(
                f"{type(self).__name__} has a step of its own, which counts no steps: set lr to a "
                "number before each"
            )
        self._lr, self._rates = rate, {}

    @property
    def is_scheduled(self) -> bool:
        """Whether the learning rate is a function of the step."""
        return callable(self._lr)

    def lr_at(self, step: int) -> float:
        """The learning rate of a step, from the function.

        Raises:
            TypeError, ValueError: it is not a number, or negative, or not finite.
        """
        if step not in self._rates:
            # Kept: the rate of the next step, because compiled training looks beyond it.
            now = {s: rate for s, rate in self._rates.items() if s == self.steps_taken}
            self._rates = {**now, step: at_least_zero(self._lr(step), f"lr({step})")}
        return self._rates[step]

    def update(self, p: Any, gradient: Any, *memories: Any) -> tuple[Any, ...]:
        """The parameter and its memories after a step.

        Args:
            p: the parameter. Like the other arguments it stands for one number or for many:
                compute with ``+ - * / **`` and the functions of ``autograd``, and branch only on
                settings.
            gradient: the derivative of the loss by it.
            memories: in the order of ``self.memories``.

        Returns:
            The new parameter, and the new memories in the same order. Without memories, the new
            parameter alone will do.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to step")

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        self.check_settings()
        stepping.step(self)
        self.steps_taken += 1

    def checked(self, returned: Any) -> tuple[Any, ...]:
        """The result of ``update``, if it has as many parts as it should."""
        expected = 1 + len(self.memories)
        if expected == 1 and not isinstance(returned, tuple):
            return (returned,)
        if not isinstance(returned, tuple) or len(returned) != expected:
            got = f"{len(returned)}" if isinstance(returned, tuple) else type(returned).__name__
            raise TypeError(
                f"{type(self).__name__}.update must return the parameter and its memories "
                f"{self.memories}, {expected} in all; it returned {got}"
            )
        return returned

    def check_settings(self) -> None:
        """Turn settings that are real numbers of another kind, such as numpy's, into floats. They
        would turn the parameters into their own kind.

        Raises:
            TypeError: a setting is neither a number, nor text, a list, a tuple, a bool or None.
        """
        for name in self.settings:
            setting = getattr(self, name)
            if hasattr(setting, "tolist"):  # of numpy
                setting = setting.tolist()
                setattr(self, name, setting)
            if isinstance(setting, (tuple, list)):
                _check_parts(name, setting)
            elif not isinstance(setting, (float, str, bool, type(None))):
                setattr(self, name, as_float(setting, name))
            elif type(setting) is not float and isinstance(setting, float):
                setattr(self, name, float(setting))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to 0.

        Args:
            set_to_none: count the gradients as not computed, which are 0 too. ``step`` leaves a
                parameter alone that no backward pass reaches after this.
        """
        set_to_none = switch(set_to_none, "set_to_none")
        for p in self.parameters:
            p.grad = NOT_COMPUTED if set_to_none else 0.0

    def state_dict(self) -> dict[str, Any]:
        """Settings and memories, as numbers and lists that JSON can hold.

        Where the learning rate is a function, the state has its number and the steps taken.
        """
        state = {name: getattr(self, name) for name in self._state_names()}
        return {name: list(x) if isinstance(x, (list, tuple)) else x for name, x in state.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set settings and memories from those of ``state_dict``; on an error nothing changes.

        A learning rate that is a function stays, and goes on at the step of the state.

        Raises:
            ValueError: names are missing or unexpected, a setting is out of range, or the state
                is of another number of parameters.
            TypeError: the state is not a dict, or an entry is not a number.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict, as of state_dict(); got {type(state).__name__}")
        if ("steps_taken" in state) != self.is_scheduled:
            here, there = ("a function", "no") if self.is_scheduled else ("a number", "a")
            raise ValueError(
                f"lr is {here} here, and the state has {there} count of steps, as one whose lr is "
                "a function: give both the same kind of lr"
            )
        check_names(self._state_names(), state, f"not a state of {type(self).__name__}")
        # The constructor checks the settings.
        new = type(self)(self.parameters, **{name: state[name] for name in self.settings})
        for name in self.memories:
            numbers = listed(state[name], f"{name} is a list of numbers")
            if len(numbers) != len(self.parameters):
                raise ValueError(
                    f"the state is of {count(len(numbers), 'parameter')}, "
                    f"this optimiser of {len(self.parameters)}"
                )
            setattr(new, name, [as_float(x, name) for x in numbers])
        if self.is_scheduled:
            new._lr, new.steps_taken = self._lr, whole(state["steps_taken"], "steps_taken", 0)
        self.__dict__.update(vars(new))

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, x in state.items():  # version 0.1 pickled lr as an attribute
            setattr(self, name, x)

    def _state_names(self) -> tuple[str, ...]:
        steps = ("steps_taken",) if self.is_scheduled else ()
        return self.settings + self.memories + steps

    def __repr__(self) -> str:
        settings = "".join(f", {name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({count(len(self.parameters), 'parameter')}{settings})"


class SGD(Optimizer):
    """Gradient descent: velocity = momentum * velocity + gradient; parameter -= lr * velocity.

    The gradient includes weight_decay * parameter. Updates are those of ``torch.optim.SGD``.

    Args:
        parameters: leaf Values, such as ``model.parameters()``.
        lr: the learning rate, which must be given; may be assigned between steps.
        momentum: the part of the last step's velocity that is kept (Polyak, 1964).
        weight_decay: adds weight_decay * p to the gradient of p, as a loss of
            1/2 * weight_decay * p^2 would.

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
        lr: Rate | None = None,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters)
        if lr is None:  # not a required argument, so that SGD(0.1) names the parameters first
            raise TypeError("SGD needs a learning rate: SGD(model.parameters(), lr=0.1)")
        self.lr = lr if callable(lr) else at_least_zero(lr, "lr")
        self.momentum = at_least_zero(momentum, "momentum")
        self.weight_decay = at_least_zero(weight_decay, "weight_decay")

    def update(self, p: Any, gradient: Any, velocity: Any) -> tuple[Any, ...]:
        """The parameter and its velocity after a step."""
        if not self.momentum and not self.weight_decay:
            return p - self.lr * gradient, velocity
        velocity = self.momentum * velocity + (gradient + self.weight_decay * p)
        return p - self.lr * velocity, velocity


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: its running mean over its running rms.

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1. Updates are
    those of ``torch.optim.Adam``.

    Args:
        parameters: leaf Values, such as ``model.parameters()``.
        lr: the learning rate, or a function of the number of steps taken so far that returns it;
            may be assigned between steps.
        betas: the parts of the mean and of the mean square that each step keeps.
        eps: added to the rms, so that a parameter with a gradient of 0 stays.
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
        lr: Rate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters)
        self.lr = lr if callable(lr) else at_least_zero(lr, "lr")
        two = tuple(as_float(beta, "betas") for beta in as_list(betas))
        if len(two) != 2 or not all(0 <= beta < 1 for beta in two):
            raise ValueError(f"betas are two numbers from 0 to below 1; got {shown(betas)}")
        self.betas = two
        self.eps = at_least_zero(eps, "eps")
        if self.eps == 0:
            raise ValueError("eps must be above 0, or a gradient of 0 would divide by 0")
        self.weight_decay = at_least_zero(weight_decay, "weight_decay")

    def update(self, p: Any, gradient: Any, steps: Any, mean: Any, square: Any) -> tuple[Any, ...]:
        """The parameter and its memories after a step.

        ``steps`` is counted for each parameter, because one without a gradient sits a step out.
        """
        keep_mean, keep_square = self.betas
        if self.weight_decay:
            gradient = gradient + self.weight_decay * p
        steps = steps + 1.0
        mean = keep_mean * mean + (1 - keep_mean) * gradient
        square = keep_square * square + (1 - keep_square) * gradient * gradient
        # Both means start at 0; dividing by 1 - beta^steps takes that bias out.
        rms = ops.sqrt(square) / ops.sqrt(1 - keep_square**steps)
        rate = self.lr / (1 - keep_mean**steps)
        return p - rate * mean / (rms + self.eps), steps, mean, square


stepping.BY_SETTINGS |= {SGD.update, Adam.update}


def clip_grad_norm(parameters: Iterable[Value] | Value, max_norm: float) -> float:
    """Scale all gradients down, where needed, so that their norm is at most ``max_norm``.

    The norm is the square root of the sum of all squares. As in PyTorch, the factor is
    max_norm / (norm + 1e-6), and nothing is scaled up. Between ``backward`` and ``step``.

    Returns:
        The norm before.

    Raises:
        TypeError: the parameters are not Values.
        ValueError: ``max_norm`` is negative or not finite.
        FloatingPointError: the norm is not finite.
    """
    every = (
        [parameters]
        if isinstance(parameters, Value)
        else _checked_parameters("clip_grad_norm", parameters)
    )
    limit = at_least_zero(max_norm, "max_norm")
    reached = [p for p in every if p.has_grad]
    norm = math.hypot(*[p.grad for p in reached])
    if not math.isfinite(norm):
        raise FloatingPointError(
            f"the norm of the gradients is {norm}: lower the learning rate, or look with "
            "autograd.detect_anomaly()"
        )
    factor = limit / (norm + 1e-6)
    if factor < 1:
        for p in reached:
            p.grad *= factor
    return norm


clip_grad_norm_ = clip_grad_norm
"""The name in PyTorch."""


def _checked_parameters(taker: str, parameters: Any) -> list[Value]:
    """The parameters, each once and in order.

    Raises:
        TypeError: they are not Values, or have no order.
        ValueError: one is not a leaf.
    """
    takes = f"{taker} takes its parameters first, a list such as model.parameters()"
    if isinstance(parameters, (set, frozenset)):
        raise TypeError(f"{takes}; got a {type(parameters).__name__}, which has no order")
    every = listed(parameters, takes)
    for p in every:
        if not isinstance(p, Value):
            raise TypeError(f"{takes}; got {type(p).__name__} {shown(p)} in it")
        if p.op is not None:
            raise ValueError(f"only leaves can be moved; {shown(p)} was computed from others")
    # Each once: a tied weight that is given twice would move twice.
    return list(dict.fromkeys(every))


def _check_parts(name: str, setting: tuple[Any, ...] | list[Any]) -> None:
    for x in setting:
        if not isinstance(x, (float, int, str, type(None))):
            raise TypeError(
                f"{name} is a number, text, True, False, None or a list of such; "
                f"got {shown(setting)}"
            )
