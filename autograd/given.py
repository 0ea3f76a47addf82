"""What was given, in the words of an error: anything in at most a line, and what was meant."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable

DIGITS = 40
"""Of an integer, at most. (Python itself refuses to write more than some thousands.)"""


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        return shown_whole(x)


_short = _Short()


def shown(x: object) -> str:
    """``repr(x)`` in at most a line: the start and the end of what is longer."""
    return _short.repr(x)


LISTS = frozenset({list, tuple})
"""The types that most vectors have."""


def check_order(vector: object, what: str = "a vector") -> None:
    """Refuse what has elements that may be numbers, and is not a list of them.

    Raises:
        TypeError: it is a set, a dict or bytes.
    """
    if type(vector) in LISTS or not isinstance(vector, (set, frozenset, dict, bytes, bytearray)):
        return
    reason = "whose elements are the codes of letters"
    if isinstance(vector, (set, frozenset)):
        reason = "which has no order"
    elif isinstance(vector, dict):
        reason = "whose elements are its keys: write list(d.values()) for its values"
    raise TypeError(
        f"{what} is a list, a tuple or an array; got {type(vector).__name__} {shown(vector)}, "
        f"{reason}"
    )


def with_commas(n: int) -> str:
    """``1,024`` and ``about 10^6020``."""
    return f"{n:,}" if abs(n) < 10**DIGITS else shown_whole(n)


def shown_whole(n: int) -> str:
    """An integer in digits or, if there are many, about how large it is: ``about 10^6020``."""
    if abs(n) < 10**DIGITS:
        return repr(n)
    return f"about {'-' if n < 0 else ''}10^{int(n.bit_length() * 0.30102999566398)}"


def did_you_mean(given: object, names: Iterable[str]) -> str:
    """``: did you mean 'tanh'?`` where a name comes near, and ``""`` where none does."""
    if not isinstance(given, str):
        return ""
    known, word = list(names), given.lower()
    swapped = [name for name in known if sorted(name) == sorted(word)]
    near = swapped or difflib.get_close_matches(word, known, n=1)
    return f": did you mean {near[0]!r}?" if near else ""
