"""What a program prints, sent to the page in pieces that it can take."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

AT_ONCE = 200  # lines that are sent one by one, so that a program that hangs shows all it printed
PAUSE = 0.05  # seconds between the pieces after that
MOST = 400_000  # characters of one run


class Printer:
    """Standard output and standard error of one run."""

    def __init__(self, send: Callable[[dict[str, Any]], object]) -> None:
        self.send = send
        self._pending: list[str] = []
        self._of_errors = False
        self._pieces = 0
        self._characters = 0
        self._last = 0.0

    @contextlib.contextmanager
    def instead_of_the_terminal(self) -> Iterator[None]:
        """Within it, ``print`` writes here."""
        with (
            contextlib.redirect_stdout(_Stream(self, False)),
            contextlib.redirect_stderr(_Stream(self, True)),
        ):
            yield

    def write(self, text: str, error: bool = False) -> None:
        """Take what was printed, and send it soon."""
        if self._characters > MOST:
            return
        self._characters += len(text)
        if self._characters > MOST:
            text = (
                f"\nHere are the first {MOST:,} characters. What this run prints after them "
                "is left out.\n"
            )
        if error != self._of_errors:
            self.flush()
            self._of_errors = error
        self._pending.append(text)
        if "\n" in text or "\r" in text:
            now = time.monotonic()
            if self._pieces < AT_ONCE or now - self._last > PAUSE:
                self.flush()
                self._last = now

    def flush(self) -> None:
        """Send what waits."""
        if self._pending:
            text = "".join(self._pending)
            self._pending.clear()
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
