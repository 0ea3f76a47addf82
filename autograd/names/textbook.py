"""The names that a textbook gives to the parameters of a network, and to what its neurons compute.

>>> Indexed.of("layers.0.neurons.2.weights.0").name
'W1[2,0]'
>>> Indexed.of("encoder.layers.0.neurons.2.weights.0").unit.called("a").name
'encoder.a1[2]'

Layers count from 1, as in a textbook, and indices from 0, as in the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

LETTERS = {"weights": "W", "weight": "W", "bias": "b", "biases": "b"}

_NUMBERED = re.compile(r"(\w*?[^\W\d])(\d*)")
_NAME = re.compile(r"(.*\.)?(\w*?[^\W\d])(\d*)(?:\[(\d+(?:,\d+)*)\])?(#\d+)?")


@dataclass(frozen=True)
class Indexed:
    """A name with indices, in its parts: ``encoder.W1[2,0]`` is ("encoder.", "W", "1", (2, 0))."""

    prefix: str
    letter: str
    layer: str
    indices: tuple[int, ...]
    repeat: str = ""

    @classmethod
    def of(cls, path: str) -> Indexed:
        """The name of the parameter at a path of a Module.

        The neuron of a layer is the first index, and ``layers.0`` the number of the layer. Every
        other attribute on the way stays, as a prefix. The vectors of an embedding are called as
        the embedding is.
        """
        words = _words(path)
        word, indices = words.pop()
        if word == "vectors":
            word, numbers = words.pop() if words else ("E", [])
            indices = numbers + indices
        letter, number = LETTERS.get(word, word), ""
        if numbered := _NUMBERED.fullmatch(letter):
            letter, number = numbered.groups()
        if words and words[-1][0] == "neurons" and len(words[-1][1]) == 1:
            indices = words.pop()[1] + indices
        if words and words[-1][0] == "layers" and len(words[-1][1]) == 1 and not number:
            number = str(words.pop()[1][0] + 1)
        if letter == "W" and len(indices) < 2:
            letter = "w"
        before = (w + "".join(f"[{i}]" for i in numbers) for w, numbers in words)
        return cls("".join(f"{w}." for w in before), letter, number, tuple(indices))

    @classmethod
    def parsed(cls, name: str) -> Indexed | None:
        """The parts of a name; None if it is built in another way."""
        found = _NAME.fullmatch(name)
        if not found:
            return None
        prefix, letter, layer, indices, repeat = found.groups("")
        numbers = tuple(map(int, indices.split(","))) if indices else ()
        return cls(prefix, letter, layer, numbers, repeat)

    @property
    def name(self) -> str:
        """The name as text, such as ``W1[2,0]``."""
        indices = f"[{','.join(map(str, self.indices))}]" if self.indices else ""
        return f"{self.prefix}{self.letter}{self.layer}{indices}{self.repeat}"

    @property
    def unit(self) -> Indexed | None:
        """The neuron that this weight belongs to, without a letter; None if it is not a weight."""
        return replace(self, letter="", indices=self.indices[:-1]) if self.is_weight else None

    @property
    def is_weight(self) -> bool:
        """Whether this is called as a weight is."""
        return self.letter in ("W", "w")

    def called(self, letter: str) -> Indexed:
        """The same with another letter."""
        return replace(self, letter=letter)


def _words(path: str) -> list[tuple[str, list[int]]]:
    """The words of a path, each with the numbers that follow it."""
    words: list[tuple[str, list[int]]] = []
    for part in path.split("."):
        if part.isdecimal() and words:
            words[-1][1].append(int(part))
        else:
            words.append((part, []))
    return words
