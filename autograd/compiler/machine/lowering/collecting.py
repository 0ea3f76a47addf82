"""Collect as lines for the machine."""

from __future__ import annotations

import numpy as np

from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import Opcode
from autograd.compiler.program import Collect, View, whole


def collect(writer: Writer, i: Collect) -> None:
    """``out = 0; out[place] += part``: copies where no two parts meet, so that -0.0 stays."""
    lanes = np.concatenate([place.lanes().reshape(-1) for place in i.places])
    times = np.bincount(lanes, minlength=i.out.size)
    apart = bool((times <= 1).all())
    if not apart or not times.all() or any(place.index is not None for place in i.places):
        filled = apart and bool(times.all())
        writer.copy(whole(i.out), writer.repeated(-0.0 if filled else 0.0, whole(i.out)))
    for place, part in zip(i.places, i.parts):
        here = View(i.out, place.shape, place.offset, place.strides, place.index)
        if place.index is not None or not (apart or _steps(writer, here)):
            writer.scatter(here, part)
        elif apart:
            writer.copy(here, part)
        else:
            writer.apply(Opcode.ADD, here, [here, part])


def _steps(writer: Writer, place: View) -> bool:
    """Whether an addition can go over these places: no two are one, and they have no gaps."""
    if len(np.unique(place.lanes())) < place.size:
        return False
    longer = [s for s, n in zip(place.strides, place.shape) if n > 1]
    return writer.rows_of(place.array) or not longer or longer[-1] == 1
