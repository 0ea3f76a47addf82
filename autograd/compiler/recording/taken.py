"""Taken: what ``take`` means while a function is recorded, and the index is an input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import modes
from autograd.compiler.algebra import pick
from autograd.functions.take import row_number
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.recording.record import Recording


def taken(recording: Recording, rows: Sequence[Any], index: Value) -> Any:
    """The row: for each of its elements the operation ``pick`` of the index and the column.

    Raises:
        CompileError: the index is not an input, or the rows are of several lengths.
        IndexError: the table lacks the row.
    """
    if not any(index is x for argument in recording.inputs for x in argument):
        recording.refuse(
            f"take gets an index that is computed, at {modes.user_line()}: in a compiled function "
            "an index is an input as it stands; compute it before the call, and pass it in"
        )
    row_number(index._number, len(rows))
    return _of_column(recording, list(rows), index)


def _of_column(recording: Recording, column: Sequence[Any], index: Value) -> Any:
    """The element of a column; of a column of lists, a list with an element of each."""
    if any(isinstance(x, (list, tuple)) or getattr(x, "shape", ()) for x in column):
        if len(sizes := sorted({len(row) for row in column})) > 1:
            recording.refuse(
                f"take gets a table with rows of {sizes[0]} and of {sizes[1]} elements, at "
                f"{modes.user_line()}: in a compiled function all must be of one length"
            )
        return [_of_column(recording, part, index) for part in zip(*column)]
    return recording.record(pick, [index, *column])
