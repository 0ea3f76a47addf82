"""Ctrl-C as a request first, and as an interrupt the second time."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted_ctrl_c(note: Callable[[], None]) -> Iterator[None]:
    """Inside, the first Ctrl-C calls ``note``, and only a second one raises KeyboardInterrupt.

    Nothing changes where the program has its own handler of SIGINT, or outside the main thread.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def first(signum: int, frame: object) -> None:
        note()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        signal.signal(signal.SIGINT, first)
    except ValueError:  # not the main thread, which alone receives Ctrl-C
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
