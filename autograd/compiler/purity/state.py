"""State: all that a function can reach and change, as it is at one moment."""

from __future__ import annotations

import itertools
import operator
import types
from collections import deque
from typing import Any

from autograd.compiler.purity import trusted
from autograd.compiler.purity.reach import NOTE, Reach, attributes


class State:
    """What a function can reach and change, kept to be compared with later, and to be put back.

    Args:
        reach: that of the function.
    """

    def __init__(self, reach: Reach) -> None:
        self._kept = [(holder, where, _parts(holder)) for holder, where in reach.holders]
        self._bound = [(home, name, where, home.get(name)) for home, name, where in reach.bindings]

    def change(self) -> str | None:
        """What has changed since, or None."""
        for holder, where, before in self._kept:
            if not _same(_parts(holder), before):
                named = isinstance(holder, (types.CellType, types.FunctionType, type))
                return where if named else f"the {type(holder).__name__} in {where}"
        for home, name, where, before in self._bound:
            if home.get(name) is not before:
                return where
        return None

    def put_back(self) -> None:
        """Undo what the function has changed since. (It binds no globals: that was refused.)"""
        for holder, _, before in self._kept:
            if not _same(_parts(holder), before):
                _fill(holder, before)


def _parts(holder: Any) -> Any:
    """What it holds: the array itself, or its contents and its attributes."""
    if _is_array(holder):
        return holder.copy()
    if isinstance(holder, types.CellType):
        return [holder.cell_contents], {}
    if isinstance(holder, type):
        return [], dict(vars(holder))
    own = {} if type(holder) in trusted.CONTAINERS else attributes(holder)
    if isinstance(holder, types.FunctionType):
        own.pop(NOTE, None)
        named = holder.__kwdefaults__ or {}
        return [holder.__code__, holder.__defaults__, *named.values()], own
    if isinstance(holder, dict):
        return [*itertools.chain.from_iterable(dict.items(holder))], own
    return [*holder] if isinstance(holder, (list, set, deque)) else [], own


def _is_array(holder: Any) -> bool:
    return hasattr(type(holder), "tobytes") and hasattr(type(holder), "dtype")


def _same(now: Any, before: Any) -> bool:
    """Whether the same objects are there; in an array, the same bits."""
    if not isinstance(now, tuple):
        if now.dtype.kind == "O":
            return now.shape == before.shape and all(map(operator.is_, now.flat, before.flat))
        return bool(now.shape == before.shape and now.tobytes() == before.tobytes())
    (contents, own), (old_contents, old_own) = now, before
    return (
        len(contents) == len(old_contents)
        and all(map(operator.is_, contents, old_contents))
        and own.keys() == old_own.keys()
        and all(map(operator.is_, own.values(), map(old_own.get, own)))
    )


def _fill(holder: Any, parts: Any) -> None:
    """Let it hold these parts."""
    if _is_array(holder):
        holder[...] = parts
        return
    contents, own = parts
    if isinstance(holder, types.CellType):
        (holder.cell_contents,) = contents
    elif isinstance(holder, dict):
        dict.clear(holder)
        dict.update(holder, zip(contents[::2], contents[1::2]))
    elif isinstance(holder, set):
        set.clear(holder)
        set.update(holder, contents)
    elif isinstance(holder, deque):
        deque.clear(holder)
        deque.extend(holder, contents)
    elif isinstance(holder, list):
        list.__setitem__(holder, slice(None), contents)
    if type(holder) in trusted.CONTAINERS:
        return
    now = dict(vars(holder)) if isinstance(holder, type) else attributes(holder)
    for name in now.keys() - own.keys() - {NOTE}:
        delattr(holder, name)
    for name, thing in own.items():
        if now.get(name) is not thing:
            setattr(holder, name, thing)
