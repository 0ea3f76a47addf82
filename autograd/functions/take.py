"""take: the row of a table that a number asks for, as an embedding looks up a letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from autograd.given import shown
from autograd.nodes.leaves import MADE, Entry
from autograd.real import as_float, count
from autograd.value import Value


def take(rows: Sequence[Any], index: float) -> Any:
    """Row ``index`` of a table: the row's own Values, so that no node is needed to reach them.

    In a compiled function the index may be an input, another one for each row of the batch. The
    program then looks the rows up, and adds each row's derivative where it was taken from.

    Args:
        rows: n rows: lists of Values or numbers, all of one length, or n single ones.
        index: a whole number from 0 to n - 1; 2.0 is as good as 2, because inputs are floats.

    Returns:
        A new list of the row's elements. If the rows are single Values or numbers, the one there.

    Raises:
        IndexError: no row has this index: it is negative, too large, a fraction or nan.
        TypeError: the index is a Value, or is not a number.
    """
    if isinstance(index, Value):
        return at_value(rows, index)
    if not hasattr(type(rows), "__getitem__") or getattr(rows, "shape", None) == ():
        raise TypeError(f"take needs a list of rows; got {type(rows).__name__} {shown(rows)}")
    row = rows[row_number(index, len(rows))]
    first = rows[0]
    if type(first) is list and first:
        first = first[0]
    if type(first) is Value and first._record is MADE:
        mark_as_table(rows)
    return list(row) if isinstance(row, (list, tuple)) else row


def mark_as_table(rows: Sequence[Any]) -> None:
    """Let the leaves in these rows know that they are one table.

    A backward pass reaches only the rows that were taken. The derivative by the others is 0, and a
    step with momentum moves them all the same, as compiled code does.
    """
    record = Entry((None,))
    for row in rows:
        for v in row if isinstance(row, (list, tuple)) else [row]:
            if isinstance(v, Value) and v._record is MADE:
                v._record = record


def row_number(index: float, n: int) -> int:
    """The index as an int from 0 to n - 1.

    Raises:
        IndexError, TypeError: as ``take``.
    """
    if type(index) is int and 0 <= index < n:
        return index
    number = as_float(index)
    if number.is_integer() and 0 <= number < n:
        return int(number)
    raise IndexError(
        f"there is no row {number:.15g} in a table of {count(n, 'row')}: an index is a whole "
        f"number from 0 to {n - 1}"
        if n
        else f"there is no row {number:.15g} in a table without rows"
    )


def at_value(rows: Sequence[Any], index: Value) -> NoReturn:
    """``take`` where the index is a Value. The compiler replaces this while it records."""
    raise TypeError(
        f"take needs a whole number, and {shown(index)} is a Value: a row has no derivative by its "
        "number. Write take(rows, i.data) if that is what you mean"
    )
