"""The function that reads the numbers of leaves where CPython keeps them:
``leaves(addresses, numbers, count, slot, float)`` returns how many it has read.

An address is that of a Value, and in its slot is the address of its ``data``. The function stops
at a leaf whose ``data`` is not a float. It holds for objects as ``machine/leaves.py`` checks.
"""

from __future__ import annotations

from autograd.compiler.machine.kernels.vectors import Code, Value

TYPE, NUMBER = 8, 16
"""The bytes before the type and before the number of a float."""

LEAF_AHEAD, NUMBER_AHEAD = 32, 16
"""So many leaves ahead the memory of a leaf, and of its number, is asked for: they lie scattered,
and it takes longer to wait for one than to read twenty."""


def leaves(real: str) -> Code:
    """The code of the function."""
    code = Code("leaves", ("ptr", "ptr", "i64", "i64", "i64"), "i64")
    addresses, numbers, count, slot, kind = code.arguments

    def ahead(index: Value, distance: int) -> Value:
        """Where the ``data`` of a leaf further on is."""
        further = index + distance
        further = code.select(further < count, further, index)
        return code.at("i8", code.load("ptr", addresses, further), slot)

    with code.loop(0, count) as loop:
        code.prefetch(ahead(loop.index, LEAF_AHEAD))
        code.prefetch(code.load("ptr", ahead(loop.index, NUMBER_AHEAD)))
        leaf = code.load("ptr", addresses, loop.index)
        data = code.at("i8", leaf, slot)
        with code.when(code.load("i64", data).equals(0)):  # its data was deleted
            code.give(loop.index)
        data = code.load("ptr", data)
        with code.when(code.load("i64", code.at("i8", data, TYPE)).differs(kind)):
            code.give(loop.index)
        number = code.load("double", code.at("i8", data, NUMBER))
        code.store(code.real(number, real), numbers, loop.index)
    code.give(count)
    return code
