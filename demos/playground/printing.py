"""What a program prints, sent to the page in pieces that it can take; and nobody to ask."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

AT_ONCE = 200  # lines that are sent one by one, so that a program that hangs shows all it printed
PAUSE = 0.05  # seconds between the pieces after that
MOST = 400_000  # characters of one run


class Printer:
    """Standard output and standard error of one run.

    Args:
        send: is called with each message, in order.
    """

    def __init__(self, send: Callable[[dict[str, Any]], object]) -> None:
        self.send = send
        self._waiting: list[str] = []
        self._of_errors = False
        self._pieces = 0
        self._characters = 0
        self._sent_at = 0.0

    @contextlib.contextmanager
    def instead_of_the_terminal(self) -> Iterator[None]:
        """Within it, ``print`` writes here, and ``input`` says that nobody answers."""
        keyboard, sys.stdin = sys.stdin, _Nobody()
        try:
            with (
                contextlib.redirect_stdout(_Stream(self, False)),
                contextlib.redirect_stderr(_Stream(self, True)),
            ):
                yield
        finally:
            sys.stdin = keyboard

    def write(self, text: str, error: bool = False) -> None:
        """Take what was printed, and send it soon. ``error``: to standard error."""
        if not text or self._characters > MOST:
            return
        self._characters += len(text)
        if self._characters > MOST:
            text = (
                f"\nThese were the first {MOST:,} characters. What this run prints after them is "
                "left out.\n"
            )
        if error != self._of_errors:
            self.flush()
            self._of_errors = error
        self._waiting.append(text)
        if "\n" in text or "\r" in text:
            now = time.monotonic()
            if self._pieces < AT_ONCE or now - self._sent_at > PAUSE:
                self.flush()
                self._sent_at = now

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting.clear()
            self._pieces += 1
            self.send({"type": "print", "text": text, "error": self._of_errors})


class _Stream(io.TextIOBase):
    def __init__(self, printer: Printer, error: bool) -> None:
        self._printer, self._error = printer, error

    def write(self, text: str) -> int:
        """Pass the text on."""
        if not isinstance(text, str):
            raise TypeError(f"write expects text; got {type(text).__name__}")
        self._printer.write(text, self._error)
        return len(text)

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True


class _Nobody(io.TextIOBase):
    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        """Refuse."""
        raise OSError("nobody can answer here: write what you would type into the program")

    read = readline  # type: ignore[assignment]
