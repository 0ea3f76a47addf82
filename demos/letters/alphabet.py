"""The course's alphabet of 28 letters, and their conversion to numbers and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

ALPHABET = ascii_lowercase + " _"

# What stands for every other character, and before a text that is shorter than a context.
OTHER, FILLER = "_", " "

# The number that stands for "this letter". A tanh can output it; 1 is out of its reach.
ON = 0.5

_TO_PLACE = str.maketrans({letter: place for place, letter in enumerate(ALPHABET)})
_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold(text: str) -> str:
    """The text in the alphabet, letter for character: A becomes a, any other character becomes _.

    Only A to Z are lowered. Python's ``lower`` turns some characters into two, which would change
    the length of the text.
    """
    return re.sub("[^a-z ]", OTHER, text.translate(_TO_LOWER))


def places() -> dict[str, int]:
    """``fold`` as data: the characters that are letters, capital or not, with their places in the
    alphabet. Any other character has the place of ``OTHER``."""
    characters = "".join(map(chr, range(128)))
    folded = zip(characters, fold(characters))
    return {character: ALPHABET.index(letter) for character, letter in folded if letter != OTHER}


def index(letter: str) -> int:
    """The place of a letter in the alphabet, 0 to 27.

    Raises:
        ValueError: ``letter`` is not exactly one character.
    """
    if len(letter) != 1:
        raise ValueError(f"expected one character; got {len(letter)}: {letter!r}")
    return ALPHABET.index(fold(letter))


def encode(text: str) -> list[float]:
    """28 numbers per letter: 0.5 at its place in the alphabet, 0 elsewhere."""
    numbers = [0.0] * (len(ALPHABET) * len(text))
    for position, letter in enumerate(text):
        numbers[len(ALPHABET) * position + index(letter)] = ON
    return numbers


def codes(text: str) -> NDArray[np.uint8]:
    """The place of each letter of a folded text in the alphabet."""
    import numpy as np

    return np.frombuffer(text.translate(_TO_PLACE).encode("latin-1"), np.uint8)


def windows(text: str, context: int) -> tuple[Floats, Floats]:
    """A row to learn from for every letter that has ``context`` letters before it.

    Args:
        text: a folded text of n letters.
        context: the number of letters to predict from.

    Returns:
        The encoded contexts, of shape (n - context, 28 * context), and the letters that follow
        them, of shape (n - context, 28), with 1 for the letter and 0 for the others. Single
        precision holds 0, 0.5 and 1 exactly.
    """
    import numpy as np

    places = codes(text)
    one_hot = np.eye(len(ALPHABET), dtype=np.float32)
    if len(places) <= context:
        return np.zeros((0, len(ALPHABET) * context), np.float32), one_hot[:0]
    seen = np.lib.stride_tricks.sliding_window_view(places[:-1], context)
    return (ON * one_hot)[seen].reshape(len(seen), -1), one_hot[places[context:]]


def ranking(outputs: Sequence[float]) -> list[tuple[str, float]]:
    """Each letter with its output, the largest first; ties stay in alphabetical order.

    Raises:
        ValueError: there are not 28 outputs.
    """
    if len(outputs) != len(ALPHABET):
        raise ValueError(f"expected {len(ALPHABET)} outputs, one per letter; got {len(outputs)}")
    return sorted(zip(ALPHABET, outputs), key=lambda pair: -pair[1])
