"""Branches: every way through a function whose comparisons of inputs may turn out either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from autograd.compiler.recording.observe import CompileError

Made = TypeVar("Made")

MOST_PATHS = 32
"""A program for all rows computes each of its paths for every row."""

MOST_TRIES = 1000
"""Some paths end in an error: there is no result for such rows."""

MOST_COMPARISONS = 10_000
"""On a path that no row may take, a loop need not end."""


class Path:
    """The outcomes of comparisons of inputs, in the order in which a function makes them.

    Args:
        forced: the outcomes of the first ones. The others turn out as they do for the row at hand.

    Attributes:
        taken: all outcomes.
    """

    def __init__(self, forced: Sequence[bool]) -> None:
        self.forced, self.taken = forced, list[bool]()

    def start(self) -> None:
        """The function runs again."""
        self.taken = []

    def outcome(self, natural: bool) -> bool:
        """The outcome of the next comparison.

        Raises:
            CompileError: there are very many.
        """
        place = len(self.taken)
        if place == MOST_COMPARISONS:
            raise CompileError(
                f"the function compares numbers more than {MOST_COMPARISONS:,} times on one of its "
                "ways: a program for all rows needs a way that ends; write it with maximum, relu "
                "and so on"
            )
        self.taken.append(self.forced[place] if place < len(self.forced) else natural)
        return self.taken[-1]


def every_path(made: Callable[[Path], Made]) -> list[Made]:
    """What ``made`` makes of each path; first of the one that the row at hand takes. A path on
    which the function raises an error is left out.

    Raises:
        CompileError: there are too many, or one of them cannot be recorded.
    """
    found: list[Made] = []
    pending: list[list[bool]] = [[]]
    tries = 0
    while pending:
        path, tries = Path(pending.pop()), tries + 1
        if len(found) == MOST_PATHS or tries > MOST_TRIES:
            raise CompileError(
                f"the function branches on its inputs in more than {len(found)} ways, and a "
                "program for all rows computes each for every row: write it with maximum, relu "
                "and so on"
            )
        try:
            found.append(made(path))
        except CompileError:
            raise
        except Exception:
            if tries == 1:  # for the row that was given
                raise
        first = len(path.forced)
        pending += [
            [*path.taken[:place], not path.taken[place]] for place in range(first, len(path.taken))
        ]
    return found
