"""A program that a reader typed: run it, and send what it prints and shows as messages.

``run`` works in any Python. Below it stands what only the worker of the page calls.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import random
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from typing import Any

from autograd.drawing import RenderError, render_with
from demos.playground.errors import explained
from demos.playground.freeing import free_in_pieces
from demos.playground.printing import Printer
from demos.playground.showing import Screen

NAME = "program.py"
"""What a program is called in its own errors."""


def run(code: str, send: Callable[[dict[str, Any]], object]) -> None:
    """Run a program, and send messages on the way.

    ``{"type": "print", "text", "error"}`` is text for the console. ``{"type": "show", "title",
    "html"}`` is a page or a picture: each that the program makes, and the page of the value of its
    last expression. ``{"type": "error", "sentence", "line", "trace"}`` says why the program ended
    early; ``line`` is a line of the program, or None.

    Args:
        code: the program.
        send: is called with each message, a dict of text, numbers and None.
    """
    printer = Printer(send)
    main = types.ModuleType("__main__")
    screen = Screen(printer, main.__dict__)
    # Where Python looks for the lines of a file, for traces and for inspect.
    linecache.cache[NAME] = len(code), None, code.splitlines(keepends=True), NAME
    with _as_main(main), printer.instead_of_the_terminal(), screen.shows_what_is_made():
        try:
            _execute(code, main.__dict__, screen)
        except SystemExit as end:
            if isinstance(end.code, str):  # as in a terminal
                printer.write(f"{end.code}\n", error=True)
        except BaseException as error:
            printer.flush()
            send({"type": "error", **explained(error, NAME)})
        printer.flush()


def _execute(code: str, namespace: dict[str, Any], screen: Screen) -> None:
    """Run all statements; show the value of the last one, if it is an expression."""
    tree = ast.parse(code, NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NAME, "exec"), namespace)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), NAME, "eval"), namespace)
        if value is not None:
            screen.show_value(value)


@contextlib.contextmanager
def _as_main(main: types.ModuleType) -> Iterator[None]:
    """The program is the module __main__, as a file is that Python runs."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = main
    try:
        yield
    finally:
        sys.modules["__main__"] = before


# --- in the browser ---

FIRST = """
from autograd import Value, page, draw, explain
import nn
x = Value(0.5, "x")
y = (Value(2.0, "w") * x).tanh()
y.backward()
print(explain(y, x))
y
"""


def prepare() -> None:
    """Do once, before the memory becomes a snapshot, what every program needs and takes long."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # a browser has no thread for it
    free_in_pieces()
    run(FIRST, _unheard)


def _unheard(message: dict[str, Any]) -> None:
    assert message["type"] != "error", message


def start(render: Callable[[str], str]) -> None:
    """Do at each start what a snapshot cannot hold.

    Args:
        render: a function of JavaScript, from DOT text to SVG.
    """

    def renderer(source: str, format: str) -> str:
        if format != "svg":
            raise RenderError("pictures are SVG here: save it as .svg, or as .dot for the DOT text")
        return str(render(source))

    render_with(renderer)
    random.seed()  # or every start would draw the same numbers
    os.chdir(tempfile.mkdtemp())
