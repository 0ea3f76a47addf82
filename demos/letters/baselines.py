"""The baseline that a network has to beat: probabilities of the next letter by counting.

Letters that often followed the same letters are likely. Letters that never followed them, but
followed the last few of them, are possible. Weighing the two is called smoothing. This is
interpolated Kneser-Ney smoothing with three discounts, the best known method for counts (Chen and
Goodman, "An empirical study of smoothing techniques for language modeling", 1999, section 4.1).
"""

from __future__ import annotations

from collections import Counter, defaultdict

from demos.letters.alphabet import ALPHABET

Table = dict[str, Counter[str]]
"""For each sequence of letters, how often each letter followed it."""


class KneserNey:
    """An n-gram model: the probability of each next letter, given the last ``length`` letters.

    From each count it takes a discount, and gives the sum of the discounts to the model that looks
    back one letter fewer. The shorter models count after how many different letters a letter
    followed, not how often. The usual example is a word: "Francisco" is frequent, but only after
    "San", and so it is unlikely after other words.

    Args:
        length: the number of letters to look back.
        text: the text to count in.

    Raises:
        ValueError: the text has at most ``length`` letters, or the length is negative.
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
        """The probability that each letter of the alphabet follows ``context``; they sum to 1."""
        mixed = [1 / len(ALPHABET)] * len(ALPHABET)
        for back, order in enumerate(self._orders[: len(context) + 1]):
            seen = context[len(context) - back :]
            if seen not in order.discounted:
                break  # longer contexts were not seen either
            kept, given = order.discounted[seen]
            mixed = [given * p for p in mixed]
            for place, p in kept:
                mixed[place] += p
        return mixed


class _Order:
    """The counts for one length of context, after discounting."""

    def __init__(self, table: Table) -> None:
        discounts = _discounts(table)
        # For each context: the letters seen, with their shares, and the share of shorter contexts.
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
    """The table for contexts without their first letter: it counts different first letters."""
    fewer: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for context, followers in table.items():
        fewer[context[1:]].update(followers.keys())
    return fewer


def _discounts(table: Table) -> tuple[float, float, float]:
    """The discounts for counts of 1, of 2 and of more, from how frequent such counts are."""
    sizes = Counter(n for followers in table.values() for n in followers.values())
    n1, n2, n3, n4 = (sizes[n] for n in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):
        return 0.5, 0.5, 0.5  # there are too few counts for an estimate
    y = n1 / (n1 + 2 * n2)
    # On unusual counts the estimates could make probabilities negative; the limits prevent that.
    first, second, third = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
    return min(max(first, 0.1), 0.9), min(max(second, 0.1), 1.8), min(max(third, 0.1), 2.7)


def orders(context: int) -> list[int]:
    """The lengths to compare a network with: its own context, and some shorter ones."""
    return sorted(n for n in {0, 1, 2, 3, 5, 8, context} if n <= context)
