"""What a program makes for the eye: pages, pictures, and the value of its last line."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from autograd import Value
from autograd.drawing.picture import Drawing
from autograd.page.write import Page, page
from demos.playground.printing import Printer

MOST = 20  # pages and pictures of one run


class Screen:
    """The place of one run where pages and pictures appear.

    Args:
        printer: the console of the run.
        variables: those of the program, whose names the nodes of a graph get.
    """

    def __init__(self, printer: Printer, variables: dict[str, Any]) -> None:
        self._printer, self._variables = printer, variables
        self._shown = 0

    @contextlib.contextmanager
    def shows_what_is_made(self) -> Iterator[None]:
        """Within it, each page and picture is shown as soon as it is made, kept or not."""
        originals = {kind: kind.__init__ for kind in (Page, Drawing)}
        for kind, original in originals.items():
            kind.__init__ = _then(original, self._show_made)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for kind, original in originals.items():
                kind.__init__ = original  # type: ignore[method-assign]

    def show_value(self, value: object) -> None:
        """Show the value of the last line: of a graph its page, of anything else its text."""
        if isinstance(value, (Page, Drawing)):
            return  # shown when it was made
        if isinstance(value, Value) and value.op is not None:
            try:
                page(value, names=self._variables)
            except ValueError as error:  # too large
                self._printer.write(f"{value!r}\n")
                self._printer.write(f"{error}\n", error=True)
        elif hasattr(value, "_repr_markdown_"):
            self._printer.write(f"{value}\n")
        else:
            self._printer.write(f"{value!r}\n")

    def _show_made(self, made: Page | Drawing) -> None:
        self._shown += 1
        if self._shown > MOST:
            if self._shown == MOST + 1:
                self._printer.write(
                    f"Here are the first {MOST} pages and pictures of this run; "
                    "the others are left out.\n",
                    error=True,
                )
            return
        if isinstance(made, Page):
            self._send("Page", made.source)
        else:
            self._send("Picture", f"<!doctype html><meta charset=utf-8>{made.pipe('svg').decode()}")

    def _send(self, title: str, html: str) -> None:
        self._printer.flush()
        self._printer.send({"type": "show", "title": title, "html": html})


def _then(original: Any, show: Any) -> Any:
    @functools.wraps(original)
    def made(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        show(self)

    return made
