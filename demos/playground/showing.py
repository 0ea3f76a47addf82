"""What a program makes for the eye: pages, pictures, and the value of its last line."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from autograd import Explanation, Value
from autograd.drawing.picture import Drawing
from autograd.page.notebook import without_long_ones
from autograd.page.write import Page, page
from demos.playground.printing import Printer

MOST = 20  # pages and pictures of one run

PICTURE = (
    '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    "<title>Picture</title>{}"
)


class Screen:
    """Where the pages and pictures of one run appear.

    Args:
        printer: the console of the run.
        variables: those of the program, whose names the nodes of a graph get.
    """

    def __init__(self, printer: Printer, variables: dict[str, Any]) -> None:
        self._printer, self._variables = printer, variables
        self._count = 0

    @contextlib.contextmanager
    def shows_what_is_made(self) -> Iterator[None]:
        """Within it, each page and picture is shown as soon as it is made, saved or not."""
        originals = {kind: kind.__init__ for kind in (Page, Drawing)}
        for kind, original in originals.items():
            kind.__init__ = _then(original, self._show)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for kind, original in originals.items():
                kind.__init__ = original  # type: ignore[method-assign]

    def show_value(self, value: object) -> None:
        """Show the value of the last line: of a graph its page, of anything else its text."""
        if isinstance(value, (Page, Drawing)):
            return  # shown when it was made
        self._printer.write(f"{value if isinstance(value, Explanation) else repr(value)}\n")
        if isinstance(value, Value) and value.op is not None:
            try:
                page(value, names=without_long_ones(self._variables))
            except ValueError as error:
                self._printer.write(f"It has no page: {error}.\n", error=True)

    def _show(self, made: Page | Drawing) -> None:
        self._count += 1
        if self._count <= MOST:
            self._send(made)
        elif self._count == MOST + 1:
            self._printer.write(
                f"Here are the first {MOST} pages and pictures of this run. The others are left "
                "out.\n",
                error=True,
            )

    def _send(self, made: Page | Drawing) -> None:
        if isinstance(made, Page):
            title, html = "Page", made.source
        else:
            title, html = "Picture", PICTURE.format(made.pipe("svg").decode())
        self._printer.flush()
        self._printer.send({"type": "show", "title": title, "html": html})


def _then(original: Callable[..., None], show: Callable[[Any], None]) -> Callable[..., None]:
    @functools.wraps(original)
    def made(self: object, *args: object, **options: object) -> None:
        original(self, *args, **options)
        show(self)

    return made
