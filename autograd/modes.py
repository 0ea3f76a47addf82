"""Switches on recording: ``no_grad`` (compute only) and ``detect_anomaly`` (stop at a NaN).

Each holds in its ``with`` block, or while the body of a function that it decorates runs, for the
code that runs there: in its thread, and in asynchronous code in its task. A thread starts with
both off; tasks, and threads of ``asyncio.to_thread``, that start in a block are in it until it
ends.

Recording tests only ``active``, which is 0 unless somebody is in such a block.
"""

from __future__ import annotations

import linecache
import math
import sys
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, overload

from autograd.stepwise import around_steps
from autograd.visible import visible

if TYPE_CHECKING:
    from autograd.op import Op
    from autograd.value import Value

F = TypeVar("F", bound=Callable[..., Any])

LONGEST_LINE = 100
"""Characters of a line of code in a message."""

active = 0
_lock = threading.Lock()


class _Block:
    """One use of a mode."""

    __slots__ = ("state", "switch")

    def __init__(self, switch: str, state: bool) -> None:
        self.switch = switch  # "" when it has ended
        self.state = state


_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("blocks", default=())
"""The blocks that the running code is in, the innermost first. What a task took along when it
started may have ended since."""


def _switch(name: str, usual: bool) -> property:
    def state(_: _Switches) -> bool:
        for block in _blocks.get():
            if block.switch == name:
                return block.state
        return usual

    return property(state)


class _Switches:
    """The state of each switch for the running code."""

    recording = _switch("recording", True)
    watching = _switch("watching", False)


switches = _Switches()


class Mode:
    """A context manager in whose blocks a switch has this state, and a decorator. It may be used
    again, and within itself."""

    def __init__(self, switch: str, state: bool) -> None:
        self.switch = switch
        self.state = state
        self._open: list[_Block] = []

    def __enter__(self) -> None:
        block = _Block(self.switch, self.state)
        self._open.append(block)
        _blocks.set((block, *_blocks.get()))
        _count(1)

    def __exit__(self, *_: object) -> None:
        # A generator may end in another context than the one that its block began in.
        here = [block for block in _blocks.get() if block in self._open]
        block = here[0] if here else self._open[-1]
        block.switch = ""
        self._open.remove(block)
        _blocks.set(tuple(other for other in _blocks.get() if other is not block))
        _count(-1)

    def __call__(self, function: F) -> F:
        """The function, with the mode on while its body runs. A generator's and a coroutine's
        body does not run between its steps."""
        return around_steps(self, function)


def _count(change: int) -> None:
    global active
    with _lock:
        active += change


@overload
def no_grad() -> Mode: ...


@overload
def no_grad(function: F) -> F: ...


def no_grad(function: Any = None) -> Any:
    """Within ``with no_grad():``, operations only compute, and their results are leaves.

    There ``p -= 0.1 * p.grad`` changes a leaf ``p`` in place, as in PyTorch.

    Also a decorator, ``@no_grad()`` or ``@no_grad``: of a generator or a coroutine it holds while
    the body runs, and not between its steps. (A ``with`` block in a generator stays on between
    them, because Python leaves it open.)

    Raises:
        TypeError: what is decorated is not a function.
    """
    mode = Mode("recording", False)
    return mode if function is None else mode(function)


@overload
def detect_anomaly() -> Mode: ...


@overload
def detect_anomaly(function: F) -> F: ...


def detect_anomaly(function: Any = None) -> Any:
    """Within ``with detect_anomaly():``, the first NaN or infinity raises an error with its origin.

    Forward, the origin is the operation that produced it; in ``backward`` and ``grad``, the node
    whose gradient it is. The message names the node's label, its operation with the numbers that
    went in, and the line of your code that recorded it (of a gradient: if it was recorded inside
    the block too). A compiled function runs in plain Python first. A number alone, as in
    ``autograd.log(-1.0)``, is not a Value and is not watched. It is slow, and meant for finding
    faults. Also a decorator, as ``no_grad`` is.

    Raises:
        AnomalyError: at the first value or gradient that is not finite.
        TypeError: what is decorated is not a function.
    """
    mode = Mode("watching", True)
    return mode if function is None else mode(function)


class AnomalyError(ArithmeticError):
    """A NaN or an infinity, found by ``detect_anomaly``."""


def check_value(value: float, op: Op, inputs: Sequence[Value]) -> None:
    """Raise AnomalyError if what an operation just gave is not finite."""
    if not math.isfinite(value):
        raise AnomalyError(f"{value} is the value of {_operation(op, inputs, user_line())}")


def check_gradient(
    child: Value, gradient: float, node: Value, partial: float, incoming: float
) -> None:
    """Raise AnomalyError if the gradient of ``child`` is not finite, after it has received
    ``partial`` times ``incoming``, the gradient of ``node``."""
    if not math.isfinite(gradient):
        raise AnomalyError(
            f"{gradient} is the gradient of {described(child)}: it received local derivative "
            f"{partial!r} times gradient {incoming!r} from {described(node)}"
        )


def described(node: Value) -> str:
    """A node in an error: its label, its operation with the numbers that went in, and the line."""
    name = f"{visible(node.label)!r}, " if node.label else ""
    if node.op is None:
        return f"the leaf {name}{node.data!r}"
    where = node.source or "a line outside detect_anomaly()"
    return name + _operation(node.op, node.inputs, where)


def _operation(op: Op, inputs: Sequence[Value], where: str) -> str:
    numbers = ", ".join(
        f"{visible(v.label)} = {v.data!r}" if v.label else repr(v.data) for v in inputs
    )
    return f"{op.name}({numbers}), recorded at {where}"


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
    text = visible(linecache.getline(file, line).strip(), LONGEST_LINE)
    return f"{file}:{line}: {text}".rstrip(": ")
