"""The garbage collector, which waits while a graph is recorded and compiled."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def waiting_collector() -> Iterator[None]:
    """Within, Python's collector of cycles does not run.

    It goes through all new objects again and again, here for a third of the time, and would find
    nothing: a graph has no cycles. What else a user's function leaves behind is found afterwards.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
