"""The operation table as the page reads it, for graphs that a reader types."""

from __future__ import annotations

import functools
from typing import Any

from autograd import ops
from autograd.page.export import operation_entry

_COUNTS = (2, 3, 4)
"""How many inputs an operation of any number of them may have in a typed expression."""


@functools.cache
def operation_table() -> list[dict[str, Any]]:
    """Every built-in operation that the page can compute, once for each number of inputs."""
    built_in = [op for op in ops.TABLE.values() if op.is_built_in]
    counts = [(op, n) for op in built_in for n in ([op.arity] if op.arity else _COUNTS)]
    entries = [operation_entry(op, [0.5] * n) for op, n in counts]
    return [entry for entry in entries if entry["forward"] is not None]
