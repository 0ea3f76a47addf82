"""What a network has to beat: probabilities of the next letter by counting what followed before.

Letters that followed often are likely; letters that never did after these, but did after fewer,
are possible. How to weigh the two is called smoothing. This is interpolated Kneser-Ney with three
discounts (Chen and Goodman, "An empirical study of smoothing techniques for language modeling",
1999, section 4.1), the best that is known for counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from demos.letters.alphabet import ALPHABET

Table = dict[str, Counter[str]]
"""For some letters in a row, how often each letter was counted after them."""


class KneserNey:
    """An n-gram model: the probability of each next letter, given the last ``length`` ones.

    Of all numbers of letters to look back it takes the counts, each less a discount, and gives
    what was discounted to the model of one letter fewer. With fewer letters it counts not how
    often a letter followed, but after how many different letters: "francisco" is frequent, but
    tells little about the n that some other letters end in.

    Args:
        length: how many letters to look back.
        text: what to count in.

    Raises:
        ValueError: the text is no longer than ``length``, or the length negative.
    """

    def __init__(self, length: int, text: str) -> None:
        if length < 0 or len(text) <= length:
            raise ValueError(f"{len(text)} letters are too few to look back {length} letters")
        self.length = length
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for place in range(length, len(text)):
            counts[text[place - length : place]][text[place]] += 1
        orders: list[Table] = [counts]
        for _ in range(length):
            orders.append(_of_one_letter_fewer(orders[-1]))
        self._orders = [_Order(table) for table in reversed(orders)]

    def probabilities(self, context: str) -> list[float]:
        """The probability of each letter of the alphabet to follow ``context``; they sum to 1."""
        mixed = [1 / len(ALPHABET)] * len(ALPHABET)
        for back, order in enumerate(self._orders[: len(context) + 1]):
            seen = context[len(context) - back :]
            if seen not in order.discounted:
                break  # and longer ones even less
            kept, given = order.discounted[seen]
            mixed = [given * p for p in mixed]
            for place, p in kept:
                mixed[place] += p
        return mixed


class _Order:
    """The counts after so many letters, with their discounts taken."""

    def __init__(self, table: Table) -> None:
        discounts = _discounts(table)
        # For each context: the letters seen, with their parts, and the part for fewer letters.
        self.discounted: dict[str, tuple[list[tuple[int, float]], float]] = {}
        for context, followers in table.items():
            total = sum(followers.values())
            taken = {letter: discounts[min(n, 3) - 1] for letter, n in followers.items()}
            kept = [
                (ALPHABET.index(letter), (n - taken[letter]) / total)
                for letter, n in followers.items()
            ]
            self.discounted[context] = kept, sum(taken.values()) / total


def _of_one_letter_fewer(table: Table) -> Table:
    """After how many different letters each letter followed these."""
    fewer: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for context, followers in table.items():
        fewer[context[1:]].update(followers.keys())
    return fewer


def _discounts(table: Table) -> tuple[float, float, float]:
    """What to take from counts of 1, of 2 and of more, by how many counts there are of each."""
    sizes = Counter(n for followers in table.values() for n in followers.values())
    n1, n2, n3, n4 = (sizes[n] for n in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):
        return 0.5, 0.5, 0.5  # too little counted to estimate them by
    y = n1 / (n1 + 2 * n2)
    # With odd counts the estimates leave the range that leaves probabilities positive.
    first, second, third = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
    return min(max(first, 0.1), 0.9), min(max(second, 0.1), 1.8), min(max(third, 0.1), 2.7)


def orders(context: int) -> list[int]:
    """The lengths to compare a network of that context with: a few shorter ones, and its own."""
    return sorted(n for n in {0, 1, 2, 3, 5, 8, context} if n <= context)
