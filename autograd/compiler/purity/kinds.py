"""Kinds: of what class an object is, where the class comes from, and what the object has."""

from __future__ import annotations

import gc
import itertools
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from numbers import Number
from typing import Any

from autograd.compiler.purity import trusted
from autograd.value import Value


class Used:
    """The class of an object that is there already."""

    def __init__(self, kind: type) -> None:
        self.kind = kind


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def is_number(kind: type) -> bool:
    """A Fraction, a Decimal, or a number of numpy."""
    if trusted.is_of_python(kind.__module__):
        return issubclass(kind, Number)
    names = {c.__name__ for c in kind.__mro__}  # a void is a row of an array, and can be changed
    return kind.__module__ == "numpy" and "generic" in names and "void" not in names


def is_class(kind: type, known: Callable[[type], bool]) -> bool:
    """Whether all of a class is written in Python, or known."""
    return type(kind) in trusted.METACLASSES and all(
        known(c) or is_user_class(c) for c in kind.__mro__
    )


def is_user_class(kind: type) -> bool:
    """Whether a user has written this class."""
    home = kind.__module__
    top = home.partition(".")[0]
    known = trusted.is_of_python(home) or top in ("numpy", "autograd", "nn")
    return bool(kind.__flags__ & _HEAP) and not known


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes that an object has itself, in its dictionary and its slots."""
    found = dict(getattr(thing, "__dict__", {}))
    found.update(in_slots(thing, slots_of(type(thing))))
    return found


Slots = list[tuple[str, Any]]


def slots_of(kind: type) -> Slots:
    """The slots that a user's classes have given to objects of a class: names and descriptors."""
    return [
        (name, member)
        for c in filter(is_user_class, kind.__mro__)
        for name, member in vars(c).items()
        if isinstance(member, types.MemberDescriptorType)
    ]


def in_slots(thing: Any, slots: Slots) -> Iterator[tuple[str, Any]]:
    """The names of the slots that are set, and what is in them."""
    for name, member in slots:
        try:
            yield name, member.__get__(thing)
        except AttributeError:
            continue  # not set


def base_of(kind: type) -> Any:
    """The class of Python's that holds the contents of such objects, by its own order; ``object``,
    if none does. A user's class may have other methods."""
    known = (OrderedDict, dict, list, set, deque)
    return next((base for base in known if issubclass(kind, base)), object)


def contents(holder: Any, base: Any = None) -> list[Any]:
    """What a container holds, in its order; of a dictionary, keys and values. Else nothing.

    Args:
        base: ``base_of`` its class, where that is known.
    """
    base = base or base_of(type(holder))
    if issubclass(base, dict):
        return [*itertools.chain.from_iterable(base.items(holder))]
    return [] if base is object else [*base.__iter__(holder)]


def is_array(holder: Any) -> bool:
    """Whether this is an array of numpy."""
    return is_class_of_arrays(type(holder))


def is_class_of_arrays(kind: type) -> bool:
    """Whether its objects are arrays of numpy."""
    return hasattr(kind, "tobytes") and hasattr(kind, "dtype")


def view_of(array: Any) -> tuple[Any, ...]:
    """How an array looks at its memory."""
    return array.dtype, array.shape, array.strides, array.flags.writeable


def takes_attributes(thing: Any) -> bool:
    """Whether code can set any attribute of it."""
    return bool(thing.__flags__ & _HEAP) if isinstance(thing, type) else hasattr(thing, "__dict__")


def full_name(thing: Any) -> str:
    """Its name, with its module's."""
    home = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", type(thing).__name__)
    return name if home in (None, "builtins", "__main__") else f"{home}.{name}"


def found_in(what: str, where: str) -> str:
    """``what``, and where it is."""
    return where if where.startswith(what) else f"{what} in {where}"


_BARE = len(gc.get_referents(Value(0.0)))
"""What a leaf refers to that has no attributes. (To ask for its ``__dict__`` would make one.)"""


def is_bare(thing: Any) -> bool:
    """Whether this is a leaf without attributes."""
    return type(thing) is Value and thing._record[0] is None and not has_attributes(thing)


def has_attributes(v: Value) -> bool:
    """Whether it has any of its own: a label, or something of a user's."""
    return len(gc.get_referents(v)) != _BARE and bool(vars(v))
