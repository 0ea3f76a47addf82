"""Leaves: the numbers of many leaves at once, read where CPython keeps them.

They are read anew at each call, whoever has set them and how. So nothing must be told of a change,
and setting a number costs what it did.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import platform
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.arguments import numbers_of
from autograd.compiler.machine.address import address
from autograd.compiler.machine.build import machine
from autograd.compiler.machine.kernels.leaves import NUMBER, TYPE
from autograd.compiler.program import Floats
from autograd.compiler.recording.observe import is_recording
from autograd.value import Value


class Leaves:
    """The numbers of these leaves.

    Args:
        leaves: any Values.
        dtype: of the numbers, float64 or float32.
        natively: whether the machine's code may read them.
    """

    def __init__(self, leaves: Sequence[Value], dtype: Any, natively: bool = True) -> None:
        self.leaves, self.dtype = tuple(leaves), np.dtype(dtype)
        self._call: Any = None
        slot = slot_of_data() if natively else None
        if slot is not None and all(map(_has_a_slot, set(map(type, leaves)))):
            self._addresses = np.array(list(map(id, leaves)), np.intp)
            self._first = address(self._addresses)
            self._rest = len(leaves), slot, id(float)
            self._call = _function(self.dtype.itemsize)

    def __reduce__(self) -> tuple[Any, ...]:
        return Leaves, (self.leaves, self.dtype, bool(self._call))  # a copy has other addresses

    def numbers(self) -> Floats:
        """Those of now, (leaves,).

        Raises:
            TypeError, OverflowError: one is not a number, or larger than any of the type.
        """
        if self._call and not is_recording():  # which must learn of each look
            numbers = np.empty(len(self.leaves), self.dtype)
            if self._call(self._first, address(numbers), *self._rest) == len(self.leaves) and (
                self.dtype == np.float64 or not np.isinf(numbers).any()
            ):
                return numbers
        return numbers_of(self.leaves, self.dtype)  # some may be no floats


def _has_a_slot(kind: type[Value]) -> bool:
    """Whether ``data`` is what Value made it, and no property of a user's."""
    return bool(inspect.getattr_static(kind, "data") is vars(Value)["data"])


@functools.cache
def slot_of_data() -> int | None:
    """How many bytes into a Value the address of its ``data`` stands; None where objects are laid
    out in another way than the function expects, as in Python without a global lock."""
    sizes = object.__basicsize__, float.__basicsize__, ctypes.sizeof(ctypes.c_void_p)
    if platform.python_implementation() != "CPython" or sizes != (TYPE + 8, NUMBER + 8, 8):
        return None
    number = float("0.5")
    v = Value(number)
    words = (ctypes.c_int64 * (Value.__basicsize__ // 8)).from_address(id(v))
    places = [8 * i for i, word in enumerate(words) if word == id(number)]
    return places[0] if len(places) == 1 else None


@functools.cache
def _function(itemsize: int) -> Any:
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    # A PYFUNCTYPE holds Python's lock, so that no thread frees a number meanwhile.
    kind = ctypes.PYFUNCTYPE(whole, pointer, pointer, whole, whole, whole)
    return kind(machine(itemsize).address("leaves"))
