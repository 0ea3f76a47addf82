"""Module: an object whose attributes hold parameters, found by walking them, as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from autograd.given import shown, switch
from autograd.real import as_float, count
from autograd.value import NOT_COMPUTED, Value, number_of
from autograd.visible import visible
from nn.arguments import Number, check_names
from nn.search import search

M = TypeVar("M", bound="Module")

_evaluation = ContextVar("evaluation", default=False)


@contextmanager
def evaluation() -> Iterator[None]:
    """Within, no Module is in training."""
    token = _evaluation.set(True)
    try:
        yield
    finally:
        _evaluation.reset(token)


class Module:
    """Base class of everything with parameters.

    A parameter is a leaf Value in an attribute, or in a list, tuple, deque, dict, array of objects,
    Module or other object there. A Value that was computed is not a parameter: it follows from its
    inputs. A Value that is found twice (tied weights) is one parameter, under the name found first.

    A subclass says in ``forward``, or in ``__call__``, what it computes.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> Line()(3).data
    7.0
    >>> Line().state_dict()
    {'slope': 2.0, 'offset': 1.0}
    """

    _training = True

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What ``forward`` computes."""
        return self.forward(*args, **options)

    def forward(self, *args: Any, **options: Any) -> Any:
        """What the module computes."""
        if type(self).__call__ is Module.__call__:
            raise NotImplementedError(
                f"{type(self).__name__} does not say what it computes: write a method forward"
            )
        return self(*args, **options)

    @property
    def training(self) -> bool:
        """Whether the module computes as in training, as a Dropout does. True at first."""
        return self._training and not _evaluation.get()

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = switch(mode, "training")

    def train(self: M, mode: bool = True) -> M:
        """Set ``training`` here and in all modules below; returns the module itself."""
        for _, thing, _ in search(self):
            if isinstance(thing, Module):
                thing.training = mode
        return self

    def eval(self: M) -> M:
        """Set ``training`` to False here and in all modules below; returns the module itself."""
        return self.train(False)

    def modules(self) -> list[Module]:
        """This module and all that are below it."""
        return [thing for _, thing, _ in search(self) if isinstance(thing, Module)]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Each parameter with its path, such as ``layers.0.neurons.3.weights.2``.

        Raises:
            TypeError: a parameter is in a set, which has no order.
            ValueError: two parameters have the same path, such as through the keys 1 and "1".
        """
        found: list[tuple[str, Value]] = []
        for path, thing, within in search(self):
            if isinstance(thing, Value) and thing.op is None:
                if within:
                    raise TypeError(
                        f"{type(self).__name__}.{visible(within)} is a set, whose elements have no "
                        f"order, and {shown(thing)} in it is a parameter: keep parameters in a "
                        "list or a dict"
                    )
                found.append((path, thing))
        if len(dict(found)) < len(found):
            names = [name for name, _ in found]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                f"two parameters are named {shown(twice)}: rename a key or an attribute"
            )
        return found

    def parameters(self) -> list[Value]:
        """Each parameter once, in the order of ``named_parameters``."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to 0.

        Args:
            set_to_none: count the gradients as not computed, which are 0 too. An optimiser leaves
                a parameter alone that no backward pass reaches after this.
        """
        set_to_none = switch(set_to_none, "set_to_none")
        for parameter in self.parameters():
            parameter.grad = NOT_COMPUTED if set_to_none else 0.0

    def state_dict(self) -> dict[str, float]:
        """The number in each parameter, by name.

        Raises:
            TypeError: the data of a parameter was set to something else.
        """
        return {name: number_of(parameter) for name, parameter in self.named_parameters()}

    def load_state_dict(
        self, state: Mapping[str, Number], strict: bool = True
    ) -> tuple[list[str], list[str]]:
        """Set the parameters to the numbers of ``state_dict``; on an error nothing changes.

        Args:
            state: a number for each name.
            strict: whether every parameter must be in ``state``, and nothing else. If not, names
                that only one side has are left alone.

        Returns:
            The names that ``state`` lacks, and those that only ``state`` has.

        Raises:
            ValueError: names are missing or unexpected.
            TypeError: an entry is not a number.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict of name -> number; got {type(state).__name__}")
        parameters = dict(self.named_parameters())
        if switch(strict, "strict"):
            check_names(parameters, state, f"the state does not fit {self!r}")
        numbers: list[tuple[Value, float]] = []
        for name, parameter in parameters.items():
            if name in state:
                numbers.append((parameter, as_float(state[name], name)))
        for parameter, number in numbers:
            parameter.data = number
        return (
            [name for name in parameters if name not in state],
            [name for name in state if name not in parameters],
        )

    def __repr__(self) -> str:
        leaves = [x for _, x, _ in search(self) if isinstance(x, Value) and x.op is None]
        return f"{type(self).__name__}({count(len(leaves), 'parameter')})"
