"""The course's alphabet of 28 symbols, and how letters become numbers and numbers letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

ALPHABET = ascii_lowercase + " _"

# What stands for "this letter": tanh never reaches 1, but it can output this.
ON = 0.5

_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold(text: str) -> str:
    """The same text in the alphabet, symbol for character: A is a, and anything else an underscore.

    Only A to Z have a lower case here. To Python some characters become two, and a text would
    change its length.
    """
    return re.sub("[^a-z ]", "_", text.translate(_TO_LOWER))


def index(letter: str) -> int:
    """The place of a letter in the alphabet, 0 to 27.

    Raises:
        ValueError: not one character.
    """
    if len(letter) != 1:
        raise ValueError(f"a letter is one character; got {len(letter)}, {letter!r}")
    return ALPHABET.index(fold(letter))


def encode(text: str) -> list[float]:
    """28 numbers a letter: 0.5 at its place in the alphabet, 0 elsewhere."""
    numbers = [0.0] * (len(ALPHABET) * len(text))
    for position, letter in enumerate(text):
        numbers[len(ALPHABET) * position + index(letter)] = ON
    return numbers


class Coded:
    """Pieces of text, each encoded only when it is asked for: a book of numbers fills a memory."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = pieces

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, place: int) -> list[float]:
        return encode(self.pieces[place])


def ranking(outputs: Sequence[float]) -> list[tuple[str, float]]:
    """Each letter with its output, the largest first; equal ones in alphabetical order.

    Raises:
        ValueError: not 28 outputs.
    """
    if len(outputs) != len(ALPHABET):
        raise ValueError(f"expected {len(ALPHABET)} outputs, one a letter; got {len(outputs)}")
    return sorted(zip(ALPHABET, outputs), key=lambda pair: -pair[1])
