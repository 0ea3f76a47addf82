"""Freeing long graphs where Python runs inside a browser.

CPython frees a chain of nodes by recursion, and stops before its stack is full. In a browser it
does not know how large its stack is, and a chain of a thousand nodes ends the interpreter. There
each graph is taken apart in pieces, none of them deeper than ``PIECE``.
"""

from __future__ import annotations

from typing import Any

from autograd.value import Value

PIECE = 32  # a power of 2

_waiting: list[tuple[Any, ...]] = []
_busy = False


def free_in_pieces() -> None:
    """From now on, free every graph of this process in pieces. It costs time for each node."""
    Value.__del__ = _taken_apart  # type: ignore[attr-defined]


def _taken_apart(self: Value) -> None:
    """What is deeper than this node waits until this piece is freed."""
    global _busy
    try:
        if self._depth % PIECE:
            return
        record, self._record = self._record, (None,)
    except AttributeError:  # it was never finished, because its number was none
        return
    _waiting.append(record)
    del record
    if not _busy:
        _busy = True
        while _waiting:
            _waiting.pop()  # frees nodes that come here in turn, and wait
        _busy = False
