"""A formula at one point: a function of plain numbers.

Making arrays of one row would take twenty times as long as computing with them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np

from autograd.compiler.machine.amount import ONE_ROW
from autograd.compiler.machine.lowering.lowered import Home, Lowered
from autograd.compiler.program import Floats

Point = Callable[..., tuple[float, float, tuple[float, ...]]]
LARGEST = sys.float_info.max


def point_function(
    lowered: Lowered, arena: Floats, run: Callable[[], None], turn: Lock, by: str
) -> Point:
    """A function of the arguments and then the parameters, all numbers.

    It returns the result, how many guards fail, and the derivatives: by "parameters", by "inputs",
    or none for "". It raises TypeError or OverflowError for what is not a number, or too large.

    Args:
        lowered: the program for one row, with these derivatives; each argument has one element.
        arena: its memory.
        run: runs its table on it.
        turn: held while the arena is in use.
    """
    cells: Any = memoryview(arena)  # type: ignore[arg-type]
    given = [_cell(home) for home in lowered.arguments]
    given += [lowered.parameters + int(place) for place in lowered.place]
    result, failures = _cell(lowered.outputs), _cell(lowered.failures)
    wanted: Sequence[int] = []
    if by == "parameters":
        wanted = [lowered.gradient + int(place) for place in lowered.place]
    elif by == "inputs":
        wanted = [_cell(home) for home in lowered.by_arguments]

    most = float(np.finfo(arena.dtype).max)

    def point(*numbers: float) -> tuple[float, float, tuple[float, ...]]:
        if len(numbers) != len(given):
            raise TypeError(f"expected {len(given)} numbers; got {len(numbers)}")
        if most < LARGEST and any(most < abs(x) <= LARGEST for x in numbers):
            raise OverflowError("larger than any float32")
        with turn:
            for at, x in zip(given, numbers):
                cells[at] = x
            run()
            return cells[result], cells[failures], tuple([cells[at] for at in wanted])

    return point


def _cell(home: Home | None) -> int:
    """Where a number is; for one that is always 0 the last of the arena, which nothing uses."""
    return -1 if home is None else home.offset.at(ONE_ROW)
