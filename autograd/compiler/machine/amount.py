"""Amounts: whole numbers that depend on how many rows a block has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Rows(NamedTuple):
    """The rows of a block: how many there are, and for how many there is memory, whole vectors."""

    real: int
    padded: int


ONE_ROW = Rows(1, 1)


@dataclass(frozen=True, slots=True)
class Amount:
    """``plain + real * (rows of the block) + padded * (rows with padding)``."""

    plain: int = 0
    real: int = 0
    padded: int = 0

    def __add__(self, other: Amount | int) -> Amount:
        o = amount(other)
        return Amount(self.plain + o.plain, self.real + o.real, self.padded + o.padded)

    def __mul__(self, n: int) -> Amount:
        return Amount(self.plain * n, self.real * n, self.padded * n)

    def __bool__(self) -> bool:
        return bool(self.plain or self.real or self.padded)

    def at(self, rows: Rows) -> int:
        """The number for blocks of this many rows."""
        return self.plain + self.real * rows.real + self.padded * rows.padded


def amount(x: Amount | int) -> Amount:
    """The same for blocks of any size."""
    return x if isinstance(x, Amount) else Amount(x)


def product(a: Amount, b: Amount) -> Amount | None:
    """The product of two amounts, if it is one."""
    if not (b.real or b.padded):
        return a * b.plain
    return b * a.plain if not (a.real or a.padded) else None


ZERO, ONE = Amount(0), Amount(1)
REAL, PADDED = Amount(real=1), Amount(padded=1)
