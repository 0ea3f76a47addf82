"""A program that a reader typed: run it, and send what it prints and shows as messages.

``run`` is all that the worker needs. It works in any Python, so its tests need no browser.
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

from demos.playground.errors import explained
from demos.playground.printing import Printer
from demos.playground.showing import Screen

Message = dict[str, Any]
Send = Callable[[Message], object]

NAME = "program.py"
"""What a program is called in its own errors."""


def run(code: str, send: Send) -> None:
    """Run a program, and send messages on the way.

    ``{"type": "print", "text", "error"}`` is text for the console, ``{"type": "show", "title",
    "html"}`` a page or a picture, and ``{"type": "error", "sentence", "line", "trace"}`` why the
    program ended early; ``line`` is a line of the program, or None. The value of the last
    expression is shown, as in a notebook.

    Args:
        code: the program.
        send: is called with each message, a dict of text, numbers and None.
    """
    printer = Printer(send)
    main = types.ModuleType("__main__")
    screen = Screen(printer, main.__dict__)
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
            del error  # with it its frames, and the graphs in them
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
    """The program is the module __main__, as in a file that is run."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = main
    try:
        yield
    finally:
        sys.modules["__main__"] = before


# --- in the browser ---


def prepare() -> None:
    """Do once, before the memory is kept as a snapshot, what takes long: imports, and a page."""
    from demos.playground.freeing import free_in_pieces

    free_in_pieces()
    run("from autograd import *\nimport nn\n(Value(1.0) * 2).tanh()", lambda message: None)


def start() -> None:
    """Do at each start what a snapshot must not hold: its random numbers would always be alike."""
    random.seed()
    os.chdir(tempfile.mkdtemp())
