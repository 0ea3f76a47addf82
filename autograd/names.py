"""Names of the nodes of a graph, and how to show any name as plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograd.value import Value

LONGEST_NAME = 60

# Arrows and paths read well within formulas; names with other signs or spaces get brackets.
_PLAIN = re.compile(r"(?!\d)\w(?:\w|[.'#]|\[\d+\]|->)*")

_LATEX_CHARACTERS = {
    "_": r"\_", "#": r"{\#}", "$": r"{\$}", "%": r"{\%}", "&": r"{\&}", "{": r"{\{}",
    "}": r"{\}}", "\\": r"{\backslash}", "^": r"{\hat{\ }}", "~": r"{\sim}", "`": r"{\grave{\ }}",
    "*": r"{\ast}", "|": r"{\vert}", " ": r"\ ", "→": r"{\to}", "…": r"{\ldots}", ".": ".",
}  # fmt: skip

_ACCENTS = {
    "\u0300": r"\grave", "\u0301": r"\acute", "\u0302": r"\hat", "\u0303": r"\tilde",
    "\u0308": r"\ddot", "\u030a": r"\mathring", "\u030c": r"\check", "\u0304": r"\bar",
}  # fmt: skip

_GREEK = dict(zip(
    "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
    .split(),
))  # fmt: skip


def displayed(name: str) -> str:
    """A name for a terminal: one line, not too long, and nothing but visible text.

    Characters without a printed form get a stand-in: control characters their pictures (U+2400
    for NUL), all others U+FFFD.
    """
    shown = "".join(c if c.isprintable() else _stand_in(c) for c in name)
    if len(shown) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        shown = f"{shown[: half - 1]}…{shown[-half:]}"
    return shown if _PLAIN.fullmatch(shown) else f"[{shown}]"


def _stand_in(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def latex_name(name: str) -> str:
    """A name in math mode, whatever its characters. Any TeX that has amsmath compiles it.

    >>> latex_name("w1"), latex_name("in->h1")
    ('w_{1}', '\\\\mathrm{in{\\\\to}h1}')
    """
    if indexed := re.fullmatch(r"([A-Za-z])([0-9]*)", name):
        letter, digits = indexed.groups()
        return f"{letter}_{{{digits}}}" if digits else letter
    return rf"\mathrm{{{''.join(map(_latex_character, name.replace('->', '→')))}}}"


def _latex_character(c: str) -> str:
    if c.isascii() and c.isalnum():
        return c
    if c in _LATEX_CHARACTERS:
        return _LATEX_CHARACTERS[c]
    if c in _GREEK:
        return rf"{{\{_GREEK[c]}}}"
    if c.isascii():
        return f"{{{c}}}"
    letter, *marks = list(unicodedata.normalize("NFD", c))
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return rf"{{{_ACCENTS[marks[0]]}{{{letter}}}}}"
    return f"{{U{{+}}{ord(c):04X}}}"


class NodeNames:
    """Distinct names for the nodes of a graph: given names first, then labels.

    Where two would be the same, the later node gets ``h#2``, ``h#3`` and so on.

    Args:
        nodes: the graph in topological order.
        given: the argument ``names`` of ``explain``.
    """

    def __init__(self, nodes: Iterable[Value], given: object = None) -> None:
        self._of: dict[Value, str] = {}
        self._used: set[str] = set()
        self._repeats: dict[str, int] = {}
        nodes = list(nodes)
        chosen = given_names(given)
        for node in nodes:
            if node in chosen:
                self.give(node, displayed(chosen[node]))
        for node in nodes:
            if node.label and node not in self._of:
                self.give(node, displayed(str(node.label)))

    def __contains__(self, node: Value) -> bool:
        return node in self._of

    def __getitem__(self, node: Value) -> str:
        return self._of[node]

    def give(self, node: Value, name: str) -> None:
        """Name a node; a taken name gets a number."""
        candidate = name
        while candidate in self._used:
            self._repeats[name] = self._repeats.get(name, 1) + 1
            candidate = f"{name}#{self._repeats[name]}"
        self._used.add(candidate)
        self._of[node] = candidate

    def give_first_free(self, node: Value, candidates: Iterator[str]) -> None:
        """Give a node without a name the first candidate that is free."""
        if node not in self._of:
            self.give(node, next(name for name in candidates if name not in self._used))


def given_names(given: object) -> dict[Value, str]:
    """The name of each Value in a dict such as ``locals()``, or in a Module.

    Within a dict, lists and tuples give ``w[0]``, Modules ``model.layers.0.neurons.1.bias``.
    Other entries are ignored, and so are keys that begin with an underscore.

    Raises:
        TypeError: ``given`` is not a mapping, a Module or None.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) and not _is_module(given):
        raise TypeError(
            f"`names` is a dict such as locals(), or a Module; got {type(given).__name__}"
        )
    found: dict[Value, str] = {}
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [("", given)]
    while waiting:
        name, thing = waiting.pop()
        if isinstance(thing, Value):
            found.setdefault(thing, name)
        elif id(thing) not in seen:
            seen.add(id(thing))
            waiting.extend(reversed(_entries(name, thing)))
    return found


def _entries(name: str, thing: Any) -> list[tuple[str, object]]:
    """The entries of a container, with their names."""
    if _is_module(thing):
        dot = f"{name}." if name else ""
        return [(f"{dot}{path}", v) for path, v in thing.named_parameters()]
    if isinstance(thing, Mapping) and not name:
        return [(str(key), v) for key, v in thing.items() if not str(key).startswith("_")]
    if isinstance(thing, Mapping):
        return [(f"{name}[{key!r}]", v) for key, v in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [(f"{name}[{i}]", v) for i, v in enumerate(thing)]
    return []


def _is_module(thing: object) -> bool:
    return hasattr(type(thing), "named_parameters")
