"""Why a program ended: one sentence, the line of the program, and the trace for who wants it."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

LIBRARIES = ("autograd", "nn", "demos", "numpy")
"""What a program can import beside Python's own library."""


def explained(error: BaseException, program: str) -> dict[str, Any]:
    """The sentence, the line and the trace of an error.

    Args:
        error: what was raised.
        program: the name of the program's file; ``line`` is one of its lines.
    """
    below = _from(error.__traceback__, program)
    unread = isinstance(error, SyntaxError) and error.filename == program
    line = getattr(error, "lineno", None) if unread else _last_line(below, program)
    trace = "".join(traceback.format_exception(type(error), error, below, chain=False))
    return {"sentence": _sentence(error), "line": line, "trace": trace}


def _sentence(error: BaseException) -> str:
    said = str(error).strip()
    if isinstance(error, SyntaxError):
        return f"Python cannot read line {error.lineno}: {error.msg}."
    if isinstance(error, ModuleNotFoundError):
        known = ", ".join(LIBRARIES[:-1])
        if error.name == "numpy":
            return (
                "numpy is not here: it comes from the network when a program first needs it, and "
                "that did not work. Without it everything runs but compile (jit) and arrays."
            )
        return (
            f"there is no library {error.name!r} here: a program can import {known}, numpy, and "
            "Python's own library."
        )
    if isinstance(error, RecursionError):
        return (
            "a function calls itself again and again, too deep for Python: it needs a case in "
            "which it returns without calling itself."
        )
    if isinstance(error, MemoryError):
        return "the program needs more memory than the browser gives it: try smaller numbers."
    kind = type(error).__name__
    return f"{kind}: {said}" if said else kind


def _from(trace: TracebackType | None, program: str) -> TracebackType | None:
    """The trace from the first frame of the program on."""
    while trace and trace.tb_frame.f_code.co_filename != program:
        trace = trace.tb_next
    return trace


def _last_line(trace: TracebackType | None, program: str) -> int | None:
    line = None
    while trace:
        if trace.tb_frame.f_code.co_filename == program:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
