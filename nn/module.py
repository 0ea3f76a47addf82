"""Module: an object whose attributes hold parameters, found by walking them, as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograd.real import as_float, count
from autograd.value import NOT_COMPUTED, Value
from nn.arguments import Number, check_names


class Module:
    """Base class of everything with parameters.

    A parameter is a leaf Value in an attribute, or in a list, tuple, dict or Module there. A Value
    that was computed is not a parameter: it follows from its inputs. A Value that is found twice
    (tied weights) is one parameter, under the name found first.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> Line().state_dict()
    {'slope': 2.0, 'offset': 1.0}
    """

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Each parameter with its path, such as ``layers.0.neurons.3.weights.2``."""
        found: list[tuple[str, Value]] = []
        _walk(self, "", found, set())
        if len(dict(found)) < len(found):
            names = [name for name, _ in found]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two parameters are named {twice!r}: rename a key or an attribute")
        return found

    def parameters(self) -> list[Value]:
        """Each parameter once, in the order of ``named_parameters``."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self, set_to_none: bool = False) -> None:
        """Set the gradient of every parameter to 0.

        Args:
            set_to_none: count the gradients as not computed, which are 0 too. An optimiser leaves
                a parameter alone whose gradient is not computed.
        """
        for parameter in self.parameters():
            parameter.grad = NOT_COMPUTED if set_to_none else 0.0

    def state_dict(self) -> dict[str, float]:
        """The number in each parameter, by name."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

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
        if strict:
            check_names(parameters, state, f"the state does not fit {self!r}")
        numbers: list[tuple[Value, float]] = []
        for name, parameter in parameters.items():
            if name in state:
                try:
                    numbers.append((parameter, as_float(state[name])))
                except TypeError as error:
                    raise TypeError(f"{name}: {error}") from None
        for parameter, number in numbers:
            parameter.data = number
        return (
            [name for name in parameters if name not in state],
            [name for name in state if name not in parameters],
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({count(len(self.parameters()), 'parameter')})"


def _walk(thing: object, path: str, found: list[tuple[str, Value]], seen: set[int]) -> None:
    """Append to ``found`` the leaf Values below ``thing``, except what was seen before."""
    children: Iterable[tuple[Any, Any]]
    if isinstance(thing, Value):
        if thing.op is None and id(thing) not in seen:
            found.append((path, thing))
        children = ()
    elif isinstance(thing, Module):
        children = vars(thing).items()
    elif isinstance(thing, dict):
        children = thing.items()
    elif isinstance(thing, (list, tuple)):
        children = enumerate(thing)
    else:
        return
    if id(thing) in seen:
        return
    seen.add(id(thing))
    for key, child in children:
        _walk(child, f"{path}.{key}" if path else str(key), found, seen)
