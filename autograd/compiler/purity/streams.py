"""Streams of random numbers, and where they stand."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Iterable
from typing import Any


class Streams:
    """Where streams of random numbers stand: those that everybody shares, and some others.

    Args:
        others: objects of ``random.Random``, or of numpy's ``Generator``, ``RandomState`` or
            ``BitGenerator``.
    """

    def __init__(self, others: Iterable[Any] = ()) -> None:
        names = ("random", "numpy.random")
        shared = [sys.modules[name] for name in names if name in sys.modules]
        self._states = [(stream, _state(stream)) for stream in (*shared, *others)]

    def moved(self) -> str | None:
        """The name of one that has moved since, or None."""
        for stream, before in self._states:
            if _state(stream) != before:
                return str(getattr(stream, "__name__", type(stream).__name__))
        return None

    def put_back(self) -> None:
        """Let them stand where they stood."""
        for stream, before in self._states:
            if _state(stream) != before:
                _set_state(stream, before)


def is_stream(thing: Any) -> bool:
    """Whether this draws random numbers, and can be put back."""
    numpy = type(thing).__module__.startswith("numpy.random")
    return isinstance(thing, random.Random) or (
        numpy and any(hasattr(thing, name) for name in ("get_state", "bit_generator", "state"))
    )


def _state(stream: Any) -> Any:
    if hasattr(stream, "getstate"):  # of Python
        return stream.getstate()
    if hasattr(stream, "get_state"):
        return pickle.dumps(stream.get_state(legacy=False))
    return pickle.dumps(getattr(stream, "bit_generator", stream).state)


def _set_state(stream: Any, state: Any) -> None:
    if hasattr(stream, "setstate"):
        stream.setstate(state)
    elif hasattr(stream, "set_state"):
        stream.set_state(pickle.loads(state))
    else:
        getattr(stream, "bit_generator", stream).state = pickle.loads(state)
