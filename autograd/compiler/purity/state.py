"""State: all that a function can reach and change, as it is at one moment."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

from autograd.compiler.purity import trusted
from autograd.compiler.purity.kinds import (
    attributes,
    base_of,
    contents,
    has_attributes,
    in_slots,
    is_array,
    is_class_of_arrays,
    slots_of,
    view_of,
)
from autograd.compiler.purity.reach import NOTE, Reach
from autograd.value import Value


class State:
    """What a function can reach and change, kept to be compared with later, and to be put back.

    Args:
        reach: that of the function.
    """

    def __init__(self, reach: Reach) -> None:
        readers: dict[type, Read] = {}
        self._kept: list[tuple[Any, str, Read, Any]] = []
        for holder, where in reach.holders:
            kind = type(holder)
            read = readers.get(kind) or readers.setdefault(kind, _reader(kind))
            self._kept.append((holder, where, read, read(holder)))
        self._bare = reach.bare
        self._held = {id(holder) for holder, _ in reach.holders if isinstance(holder, Value)}
        self._bound = [(home, name, where, home.get(name)) for home, name, where in reach.bindings]

    def change(self) -> str | None:
        """What has changed since, or None."""
        for holder, where, read, before in self._kept:
            if not _same(read(holder), before):
                named = isinstance(holder, (types.CellType, types.FunctionType, type))
                return where if named else f"the {type(holder).__name__} in {where}"
        for v, where in self._no_longer_bare():
            return f"the {type(v).__name__} in {where}"
        for home, name, where, before in self._bound:
            if home.get(name) is not before:
                return where
        return None

    def put_back(self) -> None:
        """Undo what the function has changed since. (It binds no globals: that was refused.)"""
        for holder, _, read, before in self._kept:
            if not _same(read(holder), before):
                _fill(holder, before)
        for v, _ in self._no_longer_bare():
            vars(v).clear()

    def _no_longer_bare(self) -> Iterator[tuple[Value, str]]:
        for several, where in self._bare:
            for v in several:
                if type(v) is Value and id(v) not in self._held and has_attributes(v):
                    yield v, where


Read = Callable[[Any], Any]
"""Gives what an object holds: a copy of an array with how it is looked at, or contents and
attributes."""


def _reader(kind: type) -> Read:
    """What reads objects of a class. (To find out how takes longer than to read.)"""
    if is_class_of_arrays(kind):
        return lambda array: (array.copy(), view_of(array))
    if kind is types.CellType:
        return lambda cell: ([cell.cell_contents], {})
    if issubclass(kind, type):
        return lambda c: ([], dict(vars(c)))
    if kind is types.FunctionType:
        return _parts_of_function
    base = base_of(kind)
    if kind in trusted.CONTAINERS:
        return lambda holder: (contents(holder, base), {})
    slots = slots_of(kind)

    def read(holder: Any) -> Any:
        own = dict(getattr(holder, "__dict__", {}))
        if slots:
            own.update(in_slots(holder, slots))
        return [] if base is object else contents(holder, base), own

    return read


def _parts_of_function(f: types.FunctionType) -> Any:
    own = attributes(f)
    own.pop(NOTE, None)
    return [f.__code__, f.__defaults__, *(f.__kwdefaults__ or {}).values()], own


def _same(now: Any, before: Any) -> bool:
    """Whether the same objects are there; in an array, the same bits."""
    if type(now[0]) is not list:
        (array, view), (old_array, old_view) = now, before
        if view != old_view:
            return False
        if array.dtype.kind == "O":
            return all(map(operator.is_, array.flat, old_array.flat))
        return bool(array.tobytes() == old_array.tobytes())
    (contents, own), (old_contents, old_own) = now, before
    return (
        len(contents) == len(old_contents)
        and all(map(operator.is_, contents, old_contents))
        and own.keys() == old_own.keys()
        and all(map(operator.is_, own.values(), map(old_own.get, own)))
    )


def _fill(holder: Any, parts: Any) -> None:
    """Let it hold these parts."""
    contents, own = parts
    if is_array(holder):
        holder.flags.writeable = True
        if view_of(holder)[:3] != own[:3]:
            holder.dtype, holder.shape, holder.strides = own[:3]
        holder[...] = contents
        holder.flags.writeable = own[3]
        return
    base = base_of(type(holder))
    if isinstance(holder, types.CellType):
        (holder.cell_contents,) = contents
    elif issubclass(base, dict):
        base.clear(holder)
        for key, thing in zip(contents[::2], contents[1::2]):
            base.__setitem__(holder, key, thing)
    elif base is not object:
        base.clear(holder)
        add = base.update if base is set else base.extend
        add(holder, contents)
    if type(holder) in trusted.CONTAINERS:
        return
    now = dict(vars(holder)) if isinstance(holder, type) else attributes(holder)
    for name in now.keys() - own.keys() - {NOTE}:
        delattr(holder, name)
    for name, thing in own.items():
        if now.get(name) is not thing:
            setattr(holder, name, thing)
