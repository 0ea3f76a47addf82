"""LLVM's types, as text: ``double``, ``i64``, ``<4 x double>``."""

from __future__ import annotations

import struct
from collections.abc import Sequence

FLOATS = {"float": 4, "double": 8}
"""The types of real numbers, and their bytes."""

BYTES = {**FLOATS, "i8": 1, "i32": 4, "i64": 8, "ptr": 8}
"""All scalar types that are kept in memory."""


def lanes(kind: str) -> int:
    """How many numbers a type holds: 1 for a scalar."""
    return int(kind[1:].split(" ", 1)[0]) if kind[0] == "<" else 1


def element(kind: str) -> str:
    """The type of each of them."""
    return kind.rstrip(">").rsplit(" ", 1)[-1]


def vector(kind: str, n: int) -> str:
    """The vector type of n numbers of a scalar type; for n = 1 the scalar type."""
    return kind if n == 1 else f"<{n} x {kind}>"


def like(kind: str, scalar: str) -> str:
    """The type of as many numbers as ``kind`` has, of another scalar type."""
    return vector(scalar, lanes(kind))


def several(kinds: Sequence[str]) -> str:
    """The type of what a function with these results returns."""
    return kinds[0] if len(kinds) == 1 else f"{{ {', '.join(kinds)} }}"


def constant(kind: str, number: float) -> str:
    """A number as a constant of this type."""
    scalar = element(kind)
    if scalar in FLOATS:
        if scalar == "float":
            number = struct.unpack("<f", struct.pack("<f", number))[0]
        text = f"0x{struct.pack('>d', number).hex().upper()}"
    else:
        text = str(int(number))
    return text if kind == scalar else f"splat ({scalar} {text})"


def aligned(kind: str) -> str:
    """A vector is aligned as its numbers are: it may start at any of them."""
    return f", align {BYTES[element(kind)]}"
