"""Names and parameters found in what the reader passes as ``names``: a dict, or a Module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograd.names.textbook import Indexed
from autograd.value import Value


@dataclass(frozen=True)
class Found:
    """What ``names`` says about Values.

    Attributes:
        names: the name of each Value that the reader named.
        parameters: the parameters of the Modules, each with its textbook name.
    """

    names: dict[Value, str] = field(default_factory=dict)
    parameters: dict[Value, Indexed] = field(default_factory=dict)

    @property
    def textbook(self) -> dict[Value, str]:
        """The textbook names as text."""
        return {parameter: parts.name for parameter, parts in self.parameters.items()}


def names_in(given: object) -> Found:
    """The names of Values in a dict such as ``locals()``, or in a Module.

    Lists and tuples in a dict give ``w[0]``, and a Module the names of a textbook: ``W1[2,0]``,
    ``b1[2]``. Where there are several Modules, the name of each is a prefix. Of two names for one
    Value the first counts. Other entries are ignored, and so are keys that begin with an underscore
    and the lists of inputs and outputs that IPython keeps.

    Raises:
        TypeError: ``given`` is not a mapping, a Module or None.
    """
    if given is None:
        return Found()
    if not isinstance(given, Mapping) and not has_parameters(given):
        raise TypeError(
            f"`names` is a dict such as locals(), or a Module; got {type(given).__name__}"
        )
    things = list(_things(given))
    modules = _outermost([(name, thing) for name, thing in things if has_parameters(thing)])
    found = Found()
    for name, thing in things:
        if isinstance(thing, Value) and thing not in found.parameters:
            found.names.setdefault(thing, name)
        elif id(thing) in modules:
            prefix = f"{name}." if name and len(modules) > 1 else ""
            for path, parameter in thing.named_parameters():
                found.parameters.setdefault(parameter, Indexed.of(prefix + path))
    return found


def has_parameters(thing: object) -> bool:
    """Whether it is a Module."""
    return hasattr(type(thing), "named_parameters")


def _things(given: Any) -> Iterator[tuple[str, Any]]:
    """The Values and the Modules, each with its name, in the order of the dict."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", given)]
    while waiting:
        name, thing = waiting.pop()
        if isinstance(thing, Value):
            yield name, thing
        elif id(thing) not in seen:
            seen.add(id(thing))
            if has_parameters(thing):
                yield name, thing
            else:
                waiting.extend(reversed(_entries(name, thing)))


def _entries(name: str, thing: Any) -> list[tuple[str, object]]:
    """The entries of a container, with their names."""
    if isinstance(thing, Mapping) and not name:
        kept = [thing.get("_ih"), thing.get("_oh")]  # IPython has them as In and Out too
        return [
            (str(key), v)
            for key, v in thing.items()
            if not str(key).startswith("_") and not any(v is each for each in kept)
        ]
    if isinstance(thing, Mapping):
        return [(f"{name}[{key!r}]", v) for key, v in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [(f"{name}[{i}]", v) for i, v in enumerate(thing)]
    return []


def _outermost(modules: list[tuple[str, Any]]) -> set[int]:
    """The ids of the Modules that are not parts of others."""
    held = [{v for _, v in module.named_parameters()} for _, module in modules]
    return {
        id(module)
        for at, (_, module) in enumerate(modules)
        if not any(held[at] < other for other in held) and held[at] not in held[:at]
    }
