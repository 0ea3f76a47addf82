"""What the student's code gave for a question: a value or an error, compared, and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from types import TracebackType
from typing import Any

from autograd.visible import visible

Namespace = Mapping[str, Any]
"""The global names of the student's file."""

CLOSE = 1e-9
"""Two numbers that differ by less count as the same; numbers above 1 by that share."""


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    Attributes:
        value: what it returned, in plain lists, numbers and text.
        error: the name of the exception that it raised, if it did.
        message: the words of that exception.
        line: the line of the student's file where it was raised.
    """

    value: object = None
    error: str = ""
    message: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if not self.error:
            return shown(self.value)
        if self.error == NotAsAsked.__name__:
            return self.message
        words = {"SystemExit": "the program ends itself here (exit)"}.get(self.error, self.error)
        place = f" in line {self.line}" if self.line else ""
        return f"{words}{place}{f': {self.message}' if self.message else ''}"


class NotAsAsked(Exception):
    """An answer of another kind than the question asks for; the message says what it is."""


def attempt(call: Callable[[Namespace], object], namespace: Namespace) -> Outcome:
    """Ask the student's code. Whatever it raises is an outcome, and so is an exit."""
    try:
        return Outcome(plain(call(namespace)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        ended = isinstance(error, SystemExit)  # which says a number, or nothing
        message = "" if ended or not str(error) else visible(error, 100)
        line = line_in(error.__traceback__, namespace)
        return Outcome(error=type(error).__name__, message=message, line=line)


def line_in(trace: TracebackType | None, namespace: Namespace) -> int | None:
    """The line of the student's file in which an exception came up, the innermost one."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_globals is namespace:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@dataclass(frozen=True)
class Thing:
    """A value that no answer has: an object, of which only the name of its class is kept."""

    kind: str


def plain(value: object) -> object:
    """Numbers as floats, tuples and arrays as lists; an object that no answer has as a Thing."""
    if hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    return value if value is None or isinstance(value, bool | str) else Thing(type(value).__name__)


def same(a: object, b: object) -> bool:
    """Whether two plain values agree to rounding."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b) or abs(a - b) <= CLOSE * max(1.0, abs(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


def alike(a: Outcome, b: Outcome) -> bool:
    """Whether two calls gave the same value, or raised the same error in the same words."""
    if a.error or b.error:
        return (a.error, a.message) == (b.error, b.message)
    return same(a.value, b.value)


def numbers_in(value: object) -> list[float]:
    """All numbers of a plain value, in order; a value that holds anything else gives nan."""
    if isinstance(value, float):
        return [value]
    if isinstance(value, list):
        return [number for element in value for number in numbers_in(element)]
    return [math.nan]


# --- in words ---


def shown(value: object) -> str:
    """A plain value in a few words."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, list):
        if value and all(isinstance(element, float) for element in value) and len(value) <= 5:
            return f"[{', '.join(map(shown, value))}]"
        if any(isinstance(element, list) for element in value):
            return f"a list of {len(value)} lists" if len(value) != 1 else "a list of one list"
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, Thing):
        return f"an object of the class {visible(value.kind)}"
    return visible(repr(value))


def told(expected: object, actual: object) -> tuple[str, str]:
    """Both values in words, and of long lists the first place where they differ."""
    place, here, there = first_difference(expected, actual)
    if place and (isinstance(expected, list) and (len(expected) > 5 or nested(expected))):
        at = "".join(f"[{index}]" for index in place)
        return f"{shown(here)} at {at}", f"{shown(there)} at {at}"
    return shown(expected), shown(actual)


def nested(values: Sequence[object]) -> bool:
    """Whether a list holds lists."""
    return any(isinstance(element, list) for element in values)


def first_difference(a: object, b: object) -> tuple[list[int], object, object]:
    """The indices of the first place where two values differ, and what is there."""
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (left, right) in enumerate(zip(a, b)):
            if not same(left, right):
                place, here, there = first_difference(left, right)
                return [index, *place], here, there
    return [], a, b
