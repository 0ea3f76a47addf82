"""Finds what an object holds: the Values and Modules in its attributes, however deep they are."""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from types import MappingProxyType, ModuleType
from typing import Any

from autograd.value import Value

_NOTHING_INSIDE = frozenset((float, int, str, bool, bytes, type(None), complex))
_SETS = (set, frozenset)
_IN_ORDER = (list, tuple, deque, *_SETS)
_MAPPINGS = (dict, MappingProxyType)


def search(root: object, again: bool = False) -> Iterator[tuple[str, Any, str]]:
    """``root`` and each object below it, once, in the order of attributes and elements.

    It looks into objects with attributes, lists, tuples, deques, dicts (at their values), arrays
    of objects and sets, whichever of these is inside which. It does not look into Values, classes,
    modules, functions' closures, or what ``autograd`` and ``nn`` keep (an optimiser, a compiled
    function).

    Args:
        root: where to begin.
        again: whether to yield an object for each further place where it stands, too.

    Yields:
        The path, such as ``layers.0.weights.2``; the object; and the path of the set that it is
        in, or "". Sets come last, so that what is elsewhere too is found there.
    """
    seen: dict[int, object] = {}  # it holds the objects, so that no id is used twice
    waiting: list[tuple[str, Any, str]] = [("", root, "")]
    sets: list[tuple[str, Any, str]] = []
    while waiting or sets:
        entry = (waiting or sets).pop()
        path, thing, within = entry
        if id(thing) in seen:
            if again:
                yield entry
            continue
        seen[id(thing)] = thing
        yield entry
        kind = type(thing)
        if kind is Value or isinstance(thing, Value):
            continue
        if isinstance(thing, _SETS):
            within = within or path
        start = f"{path}." if path else ""
        for key, child in reversed(_children(thing)):
            kind = type(child)
            if kind not in _NOTHING_INSIDE:
                (sets if kind in _SETS else waiting).append((f"{start}{key}", child, within))


def _children(thing: Any) -> list[tuple[Any, Any]]:
    """What an object holds, each with an index, a key or the name of an attribute."""
    if type(thing) is list:  # the most frequent kind
        return list(enumerate(thing))
    numpy = sys.modules.get("numpy")
    found: list[tuple[Any, Any]] = []
    if isinstance(thing, (type, ModuleType)):
        return found
    if isinstance(thing, _IN_ORDER):
        found += enumerate(thing)
    elif isinstance(thing, _MAPPINGS):
        found += thing.items()
    elif numpy is not None and isinstance(thing, numpy.ndarray) and thing.dtype == object:
        found += enumerate(thing.tolist() if thing.ndim else [thing.item()])
    kind: Any = type(thing)
    package = kind.__module__.partition(".")[0]
    if package not in ("autograd", "nn") or hasattr(kind, "named_parameters"):
        found += getattr(thing, "__dict__", {}).items()
        found += [(s, getattr(thing, s)) for s in _slots(kind) if hasattr(thing, s)]
    return found


@functools.lru_cache(maxsize=256)
def _slots(kind: type) -> list[str]:
    """The names of the attributes that do not stand in ``__dict__``."""
    found = []
    for base in kind.__mro__:
        slots: str | Iterable[str] = base.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            found.append(f"_{base.__name__.lstrip('_')}{name}" if private else name)
    return [name for name in found if name not in ("__dict__", "__weakref__")]
