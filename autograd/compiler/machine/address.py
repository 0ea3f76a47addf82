"""The address of an array's numbers, as native code takes it."""

from __future__ import annotations

from ctypes import addressof, c_char
from typing import Any

from numpy.typing import NDArray


def address(array: NDArray[Any]) -> int:
    """Where an array's numbers are.

    Its buffer says so four times as fast as ``array.ctypes``, but not that of an array which is
    empty or must not be written to.
    """
    try:
        return addressof(c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return int(array.ctypes.data)
