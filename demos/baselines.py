"""What a network has to beat: guessing the next letter by counting what followed before."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable


class Counts:
    """Guesses the letter that most often followed the same last letters in a text.

    With ``length`` 0 that is the most frequent letter, with 1 a bigram model (pairs of letters),
    with 2 a trigram model. Letters never seen before are looked up by one letter fewer. Of equally
    frequent followers the one seen first wins.

    Args:
        length: how many letters to look back.
        text: what to count in.

    Raises:
        ValueError: the text is empty, or the length negative.
    """

    def __init__(self, length: int, text: str) -> None:
        if not text or length < 0:
            raise ValueError(f"nothing to count in {text!r} looking back {length} letters")
        self.length = length
        self.followers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for position, letter in enumerate(text):
            for back in range(min(length, position) + 1):
                self.followers[text[position - back : position]][letter] += 1

    def __call__(self, context: str) -> str:
        """The guess at the letter that follows ``context``."""
        seen = context[max(len(context) - self.length, 0) :]
        while seen not in self.followers:
            seen = seen[1:]
        return self.followers[seen].most_common(1)[0][0]


def accuracy(guess: Callable[[str], str], text: str, context: int, most: int = 2000) -> float:
    """The share of letters in ``text`` guessed rightly from the ``context`` letters before each.

    The first ``context`` letters have too little before them, and are not asked for. Of the others
    at most ``most`` are, at equal distances.

    Raises:
        ValueError: no letter is left to ask for.
    """
    places = range(context, len(text))
    if not places:
        raise ValueError(f"{len(text)} letters are too few for contexts of {context}")
    asked = places[:: math.ceil(len(places) / most)]
    return sum(guess(text[place - context : place]) == text[place] for place in asked) / len(asked)
