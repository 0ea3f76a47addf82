"""Watch: whether something has changed that a recorded function reads.

Compiled code asks at each call, so it is one comparison of two lists, at the speed of C. The one
has what can change: lists, attributes and variables themselves. The other has copies of what they
held. (A parameter is compared as an object. Its number may change; it is read at each call anyway.)
"""

from __future__ import annotations

import marshal
import types
from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from operator import attrgetter, itemgetter
from typing import Any

from autograd.compiler.purity import trusted
from autograd.compiler.purity.kinds import (
    attributes,
    contents,
    has_attributes,
    is_array,
    is_number,
    is_user_class,
    view_of,
)
from autograd.compiler.purity.reach import NOTE, Reach
from autograd.value import Value

_PLAIN = frozenset({Value, int, bool, str, bytes, range, type(None), types.CodeType})
"""Types for which == says all: whether this is the same Value, or an equal constant."""

GONE = (AttributeError, KeyError, ValueError)
"""What looking raises where an attribute or a name is not there any more, or a cell is empty."""

_NUMBERS = frozenset({int, bool, float})

DEEPEST = 20
"""Lists within lists are compared as one, down to here."""


class Watch:
    """What a function reads, as it is now.

    It cannot see what ``Reach`` cannot look through: objects written in C or by other packages,
    files, the time.

    Args:
        reach: that of the function.
    """

    def __init__(self, reach: Reach) -> None:
        self._now: list[Any] = []
        self._kept: list[Any] = []
        self._looks: list[tuple[Callable[[Any], Any], Any]] = []
        self._seen: list[Any] = []
        """What ``look(thing)`` gave, for what cannot stand in the list itself."""
        self._reads: dict[int, Callable[[str, Any], bool]] = {}
        """For the places of attributes in these lists, which of them code reads."""
        self._copies: dict[int, tuple[Any, Any]] = {}
        self._bindings(reach)
        for holder, _ in reach.holders:
            if id(holder) not in self._copies:
                self._holder(holder, reach)
        self._copies.clear()

    def changed(self) -> bool:
        """Whether anything has changed."""
        return not self._looks_the_same() and self._changed_in_detail()

    def _looks_the_same(self) -> bool:
        """Whether all is equal at one glance. If not, it may be the same nevertheless."""
        try:
            looked = [look(thing) for look, thing in self._looks]
        except GONE:
            return False
        try:
            return looked == self._seen and self._now == self._kept
        except Exception:  # == of a user's class: what came in place of another may raise anything
            return False

    def _changed_in_detail(self) -> bool:
        """Whether something has changed that code reads."""
        for (look, thing), seen in zip(self._looks, self._seen):
            try:
                if not _same(look(thing), seen):
                    return True
            except GONE:
                return True
        for i, (now, kept) in enumerate(zip(self._now, self._kept)):
            if i not in self._reads:
                if not _same(now, kept):
                    return True
            elif not _same_attributes(now, kept, self._reads[i]):
                return True
            elif not _same_attributes(now, kept, lambda *_: True):
                self._kept[i] = self._of_attributes(now, self._reads[i])
                self._copies.clear()
        return False

    # --- what can change ---

    def _bindings(self, reach: Reach) -> None:
        """The names that code reads from modules."""
        homes = {id(home): home for home, _, _ in reach.bindings}
        names: defaultdict[int, set[str]] = defaultdict(set)
        for home, name, _ in reach.bindings:
            names[id(home)].add(name)
        for key, home in homes.items():
            if there := sorted(names[key] & home.keys()):
                self._look(itemgetter(*there), home)
            if absent := names[key] - home.keys():  # builtins, until a global takes their name
                self._look(absent.isdisjoint, home)

    def _holder(self, holder: Any, reach: Reach) -> None:
        kind = type(holder)
        if kind is list:
            self._add(holder, self._copy(holder))
        elif kind is types.CellType:
            self._look(attrgetter("cell_contents"), holder)
        elif is_array(holder):
            self._look(_of_array, holder)
        elif kind is types.FunctionType:
            self._look(attrgetter("__code__", "__defaults__", "__kwdefaults__"), holder)
            if vars(holder):
                self._attributes(holder, reach.reads(holder))
        elif isinstance(holder, type):
            if is_user_class(holder):
                self._attributes(holder, reach.reads(holder))
        elif kind is not Value or _reads_any(holder, reach.reads(holder)):
            if isinstance(holder, (dict, set, list)) or contents(holder):
                self._look(contents, holder)
            if kind not in trusted.CONTAINERS:
                self._attributes(holder, reach.reads(holder))

    def _attributes(self, thing: Any, names: Set[str] | None) -> None:
        """The attributes of an object, a function or a class that code reads; None: all of them."""

        def reads(name: str, attribute: Any) -> bool:
            if isinstance(thing, type) and hasattr(type(attribute), "__get__"):
                return True  # Python may call a method that no code names
            return name != NOTE and (names is None or name in names)

        own = getattr(thing, "__dict__", None)
        if own is not None:
            self._reads[len(self._now)] = reads
            self._add(own, self._of_attributes(own, reads))
        slots = () if isinstance(thing, type) else attributes(thing).keys() - (own or {}).keys()
        if there := sorted(name for name in slots if reads(name, None)):
            self._look(attrgetter(*there), thing)

    # --- what it was ---

    def _add(self, now: Any, kept: Any) -> None:
        self._now.append(now)
        self._kept.append(kept)

    def _look(self, look: Callable[[Any], Any], thing: Any) -> None:
        """What ``look(thing)`` gives."""
        self._looks.append((look, thing))
        self._seen.append(self._copy(look(thing)))

    def _of_attributes(
        self, own: Mapping[str, Any], reads: Callable[[str, Any], bool]
    ) -> dict[str, Any]:
        return {name: self._copy(x) if reads(name, x) else x for name, x in own.items()}

    def _copy(self, thing: Any, depth: int = 0) -> Any:
        """What a thing is to be equal to. Of lists a copy, so that they can change; else itself, or
        something that is stricter about ``==``."""
        kind = type(thing)
        if kind is list or kind is tuple:
            if id(thing) in self._copies:
                return self._copies[id(thing)][1]
            if depth == DEEPEST:
                return _Exactly(thing)
            self._copies[id(thing)] = thing, thing  # for a list that holds itself
            copy = self._of_list(thing, depth + 1)
            self._copies[id(thing)] = thing, copy
            return copy
        if kind is float:
            return thing if _is_usual(thing) else _Bits(thing)
        equality: Any = kind.__eq__
        if kind in _PLAIN or equality is object.__eq__ or equality is Value.__eq__:
            return thing
        return _Exactly(thing)

    def _of_list(self, things: Any, depth: int) -> Any:
        kinds = set(map(type, things))
        if kinds <= _PLAIN:
            return things[:]
        if kinds <= _NUMBERS:
            return things[:] if all(map(_is_usual, things)) else _Bits(things)
        return type(things)(self._copy(x, depth) for x in things)


class _Exactly:
    """Equal to one object alone, whatever its class takes for equal; of numbers, to equal ones."""

    __array_ufunc__ = None  # so that an array leaves the comparison to this
    __hash__ = object.__hash__

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, now: object) -> bool:
        if now is self.thing:
            return True
        kind = type(self.thing)
        return type(now) is kind and is_number(kind) and repr(now) == repr(self.thing)


class _Bits:
    """Equal to a number, or a list of numbers, with the same bits: 0.0 is not -0.0 here."""

    __hash__ = object.__hash__

    def __init__(self, numbers: Any) -> None:
        self.bits = marshal.dumps(numbers, 2)

    def __eq__(self, now: Any) -> bool:
        return marshal.dumps(now, 2) == self.bits


def _is_usual(x: float) -> bool:
    """Whether equal numbers have equal bits."""
    return x != 0 and x == x


def _same(now: Any, kept: Any) -> bool:
    """``now == kept``, without asking a user's class."""
    if now is kept:
        return True
    if type(kept) in (list, tuple):
        same = type(now) is type(kept) and len(now) == len(kept)
        return same and all(map(_same, now, kept))
    if type(kept) in (_Exactly, _Bits):
        return bool(kept.__eq__(now))
    return type(now) in (*_PLAIN, float) and bool(now == kept)


def _same_attributes(
    now: Mapping[str, Any], kept: Mapping[str, Any], reads: Callable[[str, Any], bool]
) -> bool:
    """Whether those attributes are the same that code reads."""
    read = [name for name in {*now, *kept} if reads(name, now.get(name, kept.get(name)))]
    there = all(name in now and name in kept for name in read)
    return there and all(_same(now[name], kept[name]) for name in read)


def _reads_any(v: Value, names: Set[str] | None) -> bool:
    """Whether code reads attributes that this Value has."""
    return has_attributes(v) and (names is None or not names.isdisjoint(vars(v)))


def _of_array(a: Any) -> Any:
    return [view_of(a), a.tolist() if a.dtype.kind == "O" else a.tobytes()]
