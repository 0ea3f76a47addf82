"""Switches on recording: ``no_grad`` (compute only) and ``detect_anomaly`` (stop at a NaN).

Each holds within its ``with`` block and its thread. Recording tests only ``active``, which is 0
unless some thread is inside such a block.
"""

from __future__ import annotations

import linecache
import math
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.value import Value

active = 0
_lock = threading.Lock()


class _Switches(threading.local):
    recording = True
    watching = False


switches = _Switches()


@contextmanager
def switched(name: str, state: object) -> Iterator[None]:
    """Within, the switch of that name holds ``state``."""
    global active
    before = getattr(switches, name)
    setattr(switches, name, state)
    with _lock:
        active += 1
    try:
        yield
    finally:
        with _lock:
            active -= 1
        setattr(switches, name, before)


def no_grad() -> AbstractContextManager[None]:
    """Within ``with no_grad():``, operations only compute, and their results are leaves.

    Also a decorator: ``@no_grad()``.
    """
    return switched("recording", False)


def detect_anomaly() -> AbstractContextManager[None]:
    """Within ``with detect_anomaly():``, the first NaN or infinity raises an error with its origin.

    Forward, the origin is the operation that produced it; backward, the node whose gradient it is.
    The message names the node's label, its operation with the numbers that went in, and the line
    of your code that recorded it (backward: if it was recorded inside the block too). It is slow,
    and meant for finding faults.

    Raises:
        AnomalyError: at the first value or gradient that is not finite.
    """
    return switched("watching", True)


class AnomalyError(ArithmeticError):
    """A NaN or an infinity, found by ``detect_anomaly``."""


def check_value(node: Value) -> None:
    """Raise AnomalyError if a value just recorded is not finite."""
    if not math.isfinite(node.data):
        raise AnomalyError(f"{node.data} is the value of {_describe(node)}")


def check_gradient(child: Value, node: Value, partial: float) -> None:
    """Raise AnomalyError if the gradient that ``child`` has just received is not finite."""
    if not math.isfinite(child.grad):
        raise AnomalyError(
            f"{child.grad} is the gradient of {_describe(child)}: it received local derivative "
            f"{partial!r} times gradient {node.grad!r} from {_describe(node)}"
        )


def _describe(node: Value) -> str:
    name = f"{node.label!r}, " if node.label else ""
    if node.op is None:
        return f"the leaf {name}{node.data!r}"
    inputs = ", ".join(f"{v.label} = {v.data!r}" if v.label else repr(v.data) for v in node.inputs)
    where = node.source or "a line outside detect_anomaly()"
    return f"{name}{node.op.name}({inputs}), recorded at {where}"


def user_line() -> str:
    """``file:line: text`` of the innermost line on the stack outside this library."""
    return shown_line(*user_place())


def user_place() -> tuple[str, int]:
    """File and number of the innermost line on the stack outside this library."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in ("autograd", "nn"):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def shown_line(file: str, line: int) -> str:
    """``file:line: text``."""
    return f"{file}:{line}: {linecache.getline(file, line).strip()}".rstrip(": ")
