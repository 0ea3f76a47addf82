"""Numbers on the command line: types for argparse."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(least: int) -> Callable[[str], int]:
    """Whole numbers from ``least`` upwards."""

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return convert


def _real(what: str, fits: Callable[[float], bool]) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not fits(number):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return number

    return convert


positive = _real("a finite number above 0", lambda number: 0 < number < math.inf)
share = _real(
    "a share: a number from 0 up to, but not including, 1", lambda number: 0 <= number < 1
)
