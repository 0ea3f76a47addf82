"""Observe: while a function is recorded, its recording learns what is done with Values.

The core knows nothing of the compiler. So for as long as a recording is made, the methods of Value
that matter are replaced, and restored afterwards. The replacements ask which thread records; for
every other thread they do what the original does.
"""

from __future__ import annotations

import builtins
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from autograd import gradient, modes
from autograd.functions import take, weighted_sum
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.recording.record import Recording


class CompileError(Exception):
    """A function that cannot be compiled, or a row that the compiled program does not hold for."""


Replacements = dict[tuple[Any, str], Callable[[Any], Any]]
"""For an owner and a name in it, what makes the replacement of what is there."""


class _OfThread(threading.local):
    """The recording of each thread that makes one."""

    recording: Recording | None = None
    silent = False
    printing = False


_this_thread = _OfThread()
_lock = threading.Lock()
_count: dict[tuple[Any, str], int] = {}
_replaced: dict[tuple[Any, str], Any] = {}


def is_recording() -> bool:
    """Whether this thread records a function."""
    return _this_thread.recording is not None


@contextmanager
def observed(recording: Recording) -> Iterator[None]:
    """Within, ``recording`` does what this thread asks of Values."""
    before = _this_thread.recording
    _let_in(1, REPLACEMENTS)
    _this_thread.recording = recording
    try:
        with _without_no_grad():  # a caller's no_grad is for this call, and the recording stays
            yield
    finally:
        _this_thread.recording = before
        _let_in(-1, REPLACEMENTS)


@contextmanager
def unobserved() -> Iterator[None]:
    """Within, Values in this thread do what they always do."""
    before, _this_thread.recording = _this_thread.recording, None
    try:
        with _without_no_grad():
            yield
    finally:
        _this_thread.recording = before


def _without_no_grad() -> AbstractContextManager[None]:
    # Where nothing is switched off, no mode is switched, because that would be slow.
    return nullcontext() if modes.switches.recording else modes.Mode("recording", True)


@contextmanager
def silenced() -> Iterator[None]:
    """Within, print does nothing in this thread: a function that runs again prints what it has
    printed before."""
    before, _this_thread.silent = _this_thread.silent, True
    _let_in(1, PRINT)
    try:
        yield
    finally:
        _this_thread.silent = before
        _let_in(-1, PRINT)


def _let_in(change: int, replacements: Replacements) -> None:
    # Only for as long as somebody needs them, because the replacements are slower.
    with _lock:
        for owner_and_name, replacement in replacements.items():
            owner, name = owner_and_name
            before = _count.get(owner_and_name, 0)
            _count[owner_and_name] = before + change
            if not before:
                original = vars(owner)[name]
                _replaced[owner_and_name] = original
                setattr(owner, name, replacement(original))
            elif not _count[owner_and_name]:
                setattr(owner, name, _replaced.pop(owner_and_name))


def _instead(method: str) -> Callable[[Any], Any]:
    """A replacement that calls this method of the recording in a thread that records."""

    def replacement(original: Any) -> Any:
        static = isinstance(original, staticmethod)
        usual: Callable[..., Any] = original.__func__ if static else original

        @functools.wraps(usual)
        def replaced(*arguments: Any, **named: Any) -> Any:
            if recording := _this_thread.recording:
                return getattr(recording, method)(*arguments, **named)
            return usual(*arguments, **named)

        return staticmethod(replaced) if static else replaced

    return replacement


def _data(_: Any) -> Any:
    def read(v: Value) -> float:
        recording = _this_thread.recording
        return recording.read(v) if recording else v._number

    def write(v: Value, x: float) -> None:
        recording = _this_thread.recording
        if recording and hasattr(v, "_number"):  # otherwise it is just being made
            recording.refuse_setting("data")
        v._number = x

    return property(read, write)


def _refused(name: str) -> Callable[[Any], Any]:
    """An attribute for which a graph has no node: only this library may read or set it."""

    def replacement(original: Any) -> Any:
        def read(v: Value) -> Any:
            recording = _this_thread.recording
            if recording and not _within("autograd"):
                recording.refuse_reading(name)
            return original.__get__(v)

        def write(v: Value, x: Any) -> None:
            recording = _this_thread.recording
            if recording and not _within("autograd"):
                recording.refuse_setting(name)
            original.__set__(v, x)

        return property(read, write if hasattr(original, "__set__") else None)

    return replacement


def _hash(original: Any) -> Any:
    def hashed(v: Value) -> int:
        recording = _this_thread.recording
        if recording and not (_within("autograd") or _within("nn")):
            recording.check_key(v)
        key: int = original(v)
        return key

    return hashed


def _print(original: Any) -> Any:
    @functools.wraps(original)
    def printed(*things: Any, **options: Any) -> None:
        if _this_thread.silent:
            return
        recording = _this_thread.recording
        if recording and not recording.told:
            recording.told = True
            original(
                f"{recording.function} is being recorded, once for all rows: it prints names "
                "instead of numbers, and its compiled form prints nothing",
                file=sys.stderr,
            )
        before, _this_thread.printing = _this_thread.printing, True
        try:
            original(*things, **options)
        finally:
            _this_thread.printing = before

    return printed


def _text(original: Any) -> Any:
    @functools.wraps(original)
    def text(v: Value, *spec: str) -> str:
        recording = _this_thread.recording
        name = recording and recording.printed(v, _this_thread.printing)
        return name or str(original(v, *spec))

    return text


def _within(package: str) -> bool:
    """Whether the code that uses a Value is that of this package."""
    home: str = sys._getframe(2).f_globals.get("__name__", "")
    return home.startswith(f"{package}.")


PRINT: Replacements = {(builtins, "print"): _print}
"""What is replaced while a function runs silently, too."""

REPLACEMENTS: Replacements = {
    **PRINT,
    (Value, "apply_op"): _instead("record"),
    (Value, "detach"): _instead("detached"),
    (Value, "backward"): _instead("refuse_backward"),
    (Value, "_contribute"): _instead("refuse_backward"),
    (Value, "__eq__"): _instead("equal"),
    (Value, "__ne__"): _instead("unequal"),
    (Value, "__lt__"): _instead("less"),
    (Value, "__le__"): _instead("less_or_equal"),
    (Value, "__gt__"): _instead("greater"),
    (Value, "__ge__"): _instead("greater_or_equal"),
    (Value, "__hash__"): _hash,
    (Value, "__float__"): _instead("convert"),
    (Value, "__int__"): _instead("convert"),
    (Value, "__round__"): _instead("convert"),
    (Value, "__trunc__"): _instead("convert"),
    (Value, "__repr__"): _text,
    (Value, "__format__"): _text,
    (Value, "data"): _data,
    (Value, "grad"): _refused("grad"),
    (Value, "has_grad"): _refused("has_grad"),
    (Value, "partials"): _refused("partials"),
    (gradient, "computed"): _instead("derivatives"),
    (gradient, "check_output"): _instead("check_output"),
    (gradient, "is_changed"): _instead("is_changed"),
    (weighted_sum, "computed"): _instead("dot"),
    (take, "at_value"): _instead("take"),
}
"""What is replaced while a function is recorded, and what makes its replacement."""
