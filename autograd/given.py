"""What was given, checked, and in the words of an error: in at most a line, and what was meant."""

from __future__ import annotations

import difflib
import math
import operator
import reprlib
from collections.abc import Iterable
from typing import Any

from autograd.visible import visible

DIGITS = 40
"""Of an integer, at most. (Python itself refuses to write more than some thousands.)"""

MOST_NUMBERS = 1_000_000_000
"""In a list: as Values they would take 100 GB."""


def listed(things: Any, what: str, name: str = "a vector") -> list[Any]:
    """The elements of a list, or of anything that can be gone through in an order.

    Args:
        what: what it should be, such as "the inputs of dot are a list of numbers or Values".
        name: what it is called where it has no order.

    Raises:
        TypeError: it cannot be gone through, or is text, a set, a dict or bytes.
        ValueError: no memory holds that many.
    """
    kind = type(things)
    if kind is list:
        return things  # type: ignore[no-any-return]
    check_order(things, name)
    iterates = hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")
    if not iterates or isinstance(things, (type, str, bytes)) or getattr(things, "shape", 0) == ():
        named = "" if kind in (int, float) else f"{kind.__name__} "
        raise TypeError(f"{what}; got {named}{shown(things)}")
    check_length(things, what)
    return list(things)


def check_length(things: Any, what: str) -> None:
    """Raise ValueError where no memory holds that many."""
    shape = getattr(things, "shape", None)
    if isinstance(shape, tuple):  # len() fails where that is (), or the array is sparse
        length = shape[0] if shape else 0
    else:
        length = len(things) if hasattr(type(things), "__len__") else 0
    if length > MOST_NUMBERS:
        raise ValueError(f"{what}; got {shown(things)}, of {length:,}")


def switch(x: Any, name: str) -> bool:
    """True or False, or an error that names the argument. 0 and 1 will do."""
    if not isinstance(x, bool):
        kind = type(x).__name__
        if kind not in ("int", "bool_", "bool") or x not in (0, 1):
            raise TypeError(f"{name} is True or False; got {kind} {shown(x)}")
    return bool(x)


def whole(n: Any, name: str, least: float = -math.inf) -> int:
    """``n`` as an int of at least ``least``, or an error that names the argument.

    Raises:
        TypeError: it is not a whole number.
        ValueError: it is less.
    """
    try:
        number = operator.index(n)
    except TypeError:
        number = None
    if number is None or isinstance(n, bool):
        raise TypeError(f"{name} must be a whole number; got {type(n).__name__} {shown(n)}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}; got {shown(n)}")
    return number


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        return shown_whole(x)


_short = _Short()


def shown(x: object) -> str:
    """``repr(x)`` in at most a line: the start and the end of what is longer. What a class of the
    user's writes about itself is made visible too."""
    line = " ".join(_short.repr(x).split())
    return visible(line, len(line))


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


def check_one_of(x: object, names: Iterable[str], what: str) -> None:
    """Raise ValueError unless it is one of these names."""
    known = list(names)
    if not isinstance(x, str) or x not in known:
        got = f"{shown(x)}{did_you_mean(x, known)}"
        raise ValueError(f"{what} one of {', '.join(known)}; got {got}")


def did_you_mean(given: object, names: Iterable[str]) -> str:
    """``: did you mean 'tanh'?`` where a name comes near, and ``""`` where none does."""
    if not isinstance(given, str):
        return ""
    known, word = list(names), given.lower()
    swapped = [name for name in known if sorted(name) == sorted(word)]
    near = swapped or difflib.get_close_matches(word, known, n=1)
    return f": did you mean {near[0]!r}?" if near else ""
