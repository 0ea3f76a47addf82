"""Why a program ended: one sentence, the line of the program, and the trace for who wants it."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Any

OURS = ("autograd", "nn", "demos")

LOOKED_FOR_NUMPY = (
    "numpy is not here. It comes from the network when a program first needs it, and that did not "
    "work. Without it everything runs but jit, compile and arrays."
)
TOO_DEEP = (
    "a function calls itself again and again, deeper than Python goes: it needs a case in which it "
    "returns without calling itself."
)
TOO_LARGE = "the program needs more memory than the browser gives it: try it with less data."
NESTED = "the program is nested too deeply for Python to read it: split its longest expression."


def explained(error: BaseException, program: str) -> dict[str, Any]:
    """What a reader wants to know of an error.

    Args:
        error: what was raised.
        program: the name of the program's file.

    Returns:
        ``sentence``; ``line``, a line of the program or None; and ``trace``, as Python prints it.
    """
    below = _from(error.__traceback__, program)
    unread = isinstance(error, SyntaxError) and error.filename == program
    trace = traceback.TracebackException(type(error), error, below)
    return {
        "sentence": _sentence(error, trace, unread),
        "line": getattr(error, "lineno", None) if unread else _last_line(below, program),
        "trace": "".join(trace.format()),
    }


def _sentence(error: BaseException, trace: traceback.TracebackException, unread: bool) -> str:
    if unread:
        where = f"line {trace.lineno}" if trace.lineno else "the program"
        return f"Python cannot read {where}: {trace.msg}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(error.name.partition(".")[0], str(error))
    if isinstance(error, RecursionError | MemoryError):
        if not trace.stack:
            return NESTED
        return TOO_DEEP if isinstance(error, RecursionError) else TOO_LARGE
    if _raised_by_us(error):
        return str(error)
    # Here Python adds what may have been meant.
    return "".join(trace.format_exception_only()).strip()


def _missing(library: str, said: str) -> str:
    if library == "numpy":
        return LOOKED_FOR_NUMPY
    if library in (*OURS, *sys.stdlib_module_names):
        return f"{said}."
    return (
        f"there is no library {library!r} here. A program can import {', '.join(OURS)}, numpy, and "
        "the standard library of Python."
    )


def _raised_by_us(error: BaseException) -> bool:
    """Whether our own code raised it, which says a whole sentence."""
    trace, module = error.__traceback__, ""
    while trace:
        module = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return module.partition(".")[0] in OURS


def _from(trace: TracebackType | None, program: str) -> TracebackType | None:
    """The trace from the first frame of the program on."""
    while trace and trace.tb_frame.f_code.co_filename != program:
        trace = trace.tb_next
    return trace


def _last_line(trace: TracebackType | None, program: str) -> int | None:
    """The line of the program where it was when the error came."""
    line = None
    while trace:
        if trace.tb_frame.f_code.co_filename == program:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
