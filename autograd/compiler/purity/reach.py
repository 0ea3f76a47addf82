"""Reach: all that a function can reach, and the first thing that speaks against its purity.

The walk starts from the function. It follows closures, defaults, the globals and builtins that the
code names, bound objects, and of each object the attributes that some code on the way names. What
it does not know speaks against purity. A change of something reachable is not sought here:
``state.py`` compares before and after.
"""

from __future__ import annotations

import enum
import functools
import gc
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from autograd.compiler.purity import code, trusted
from autograd.compiler.purity.kinds import (
    Used,
    attributes,
    found_in,
    full_name,
    has_attributes,
    is_bare,
    is_class,
    is_number,
    is_user_class,
    takes_attributes,
)
from autograd.compiler.purity.streams import is_stream
from autograd.op import Op
from autograd.value import Value

MOST_THINGS = 3_000_000
"""Looking through more than this would take longer than a second."""

NOTE = "_autograd_note"
"""The attribute of a function where its recording is kept. It is not part of its state."""

_NOT_CALLED = frozenset(
    "__setattr__ __delattr__ __reduce__ __reduce_ex__ __getnewargs__ __getnewargs_ex__ "
    "__getstate__ __setstate__ __copy__ __deepcopy__ __dir__ __sizeof__ __annotate__ "
    "__annotate_func__ __replace__".split()
)
"""Special methods that Python calls only if code names them, or sets an attribute."""
_MAKING = frozenset("__init__ __new__ __post_init__".split())
_SHOWING = frozenset("__repr__ __str__ __format__".split())
_OF_TYPES = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)
_METHODS = (*_OF_TYPES, types.FunctionType, staticmethod, classmethod, property)


class Reach:
    """All that a function can reach.

    Attributes:
        objection: what speaks against the function's purity, or None.
        holders: what holds other things and can be changed, each with a name for it.
        bindings: the dictionaries of modules and the names that the code reads there.
        streams: the streams of random numbers among them.
        bare: lists with leaves without attributes, if the code may set some; each with a name.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.objection: str | None = None
        self.holders: list[tuple[Any, str]] = []
        self.bindings: list[tuple[dict[str, Any], str, str]] = []
        self.streams: list[Any] = []
        self.bare: list[tuple[Any, str]] = []
        self._names = {"forward", "_training"}  # which Module itself names
        self._lists: list[tuple[Any, str]] = []
        self._seen: dict[int, tuple[Any, str]] = {}
        self._count = 0
        self._todo: list[tuple[Any, str]] = [(function, "the function")]
        self._owners: dict[int, Any] = {}
        self._classes: list[tuple[Any, str]] = []
        while self._todo:
            while self._todo:
                self._visit(*self._todo.pop())
            for owner in list(self._owners.values()):
                self._named(owner)
        self.holders += self._classes
        if self.by_text or not trusted.SETTING.isdisjoint(self._names):
            self._hold_all()

    def object(self, what: str) -> None:
        """Note what speaks against purity. The first counts."""
        self.objection = self.objection or what

    def add(self, thing: Any, where: str) -> None:
        """Something to be visited."""
        if type(thing) not in trusted.CONSTANTS and id(thing) not in self._seen:
            self._todo.append((thing, where))

    # --- one thing ---

    def _visit(self, thing: Any, where: str) -> None:
        kind = type(thing)
        if kind in trusted.CONSTANTS or id(thing) in self._seen:
            return
        self._seen[id(thing)] = (thing, where)  # and alive, so that its id stays its own
        if kind in trusted.CONTAINERS:
            self._contents(thing, where)
        elif isinstance(thing, Value):
            self._value(thing, where)
        elif isinstance(thing, types.FunctionType):
            self._function(thing, where)
        elif isinstance(thing, types.MethodType):
            self._all([thing.__func__, thing.__self__], where)
        elif kind is functools.partial:
            self.holders.append((thing, where))
            self._all([thing.func, thing.args, thing.keywords, *vars(thing).values()], where)
        elif kind is property:
            self._all([thing.fget, thing.fset, thing.fdel], where)
        elif kind is functools.cached_property:
            self.add(thing.func, where)
        elif kind in (staticmethod, classmethod):
            if kind is classmethod:
                self.named(["__class__"])  # so the method can make objects of the class
            self.add(thing.__func__, where)
        elif kind is slice:
            self._all([thing.start, thing.stop, thing.step], where)
        elif kind is Op:
            if not thing.is_built_in:
                self._all([thing.forward, thing.partials, thing.accurate], where)
        elif isinstance(thing, type):
            self._class(thing, where)
        else:
            self._other(thing, where)

    def _other(self, thing: Any, where: str) -> None:
        """Something written in C, an array, a number of another kind, or a user's object."""
        kind = type(thing)
        if trusted.is_trusted(thing) or trusted.is_of_numpy(thing):
            return
        if isinstance(thing, types.BuiltinFunctionType):
            owner = thing.__self__
            if owner is None or isinstance(owner, (types.ModuleType, type)):
                self.object(found_in(full_name(thing), where))
            else:
                self.add(owner, where)
        elif isinstance(thing, types.MethodWrapperType):
            self.add(thing.__self__, where)
        elif isinstance(thing, _OF_TYPES):
            owner = thing.__objclass__
            if not (trusted.is_trusted_class(owner) or is_user_class(owner)):
                self.object(found_in(f"{full_name(owner)}.{thing.__name__}", where))
        elif is_number(kind) or kind.__name__ in ("_tuplegetter", "member_descriptor"):
            pass  # what reads a place of a named tuple, or a slot
        elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
            self._array(thing, where)
        elif kind is types.MappingProxyType:
            self._all(gc.get_referents(thing), where)
        elif is_class(kind, trusted.is_plain):
            self._instance(thing, where)
        else:
            if is_stream(thing):
                self.streams.append(thing)
            self.object(found_in(full_name(kind), where))

    def _value(self, v: Value, where: str) -> None:
        if v.op is not None:
            self.object(f"a Value that was computed before, by {v.op.name}, in {where}")
        if type(v) is not Value or has_attributes(v):
            self._instance(v, where)

    def _array(self, a: Any, where: str) -> None:
        """An array, with that of which it is a view."""
        self.holders.append((a, where))
        if a.dtype.kind == "O":
            self._all(a.flat, where)
        if a.base is not None:
            self.add(a.base, where)

    def _contents(self, thing: Any, where: str) -> None:
        if type(thing) is not tuple and type(thing) is not frozenset:
            self.holders.append((thing, where))
        if isinstance(thing, Mapping):
            self._all(thing.keys(), where)
            self._all(thing.values(), where)
        else:
            self._all(thing, where)

    def _all(self, things: Iterable[Any], where: str) -> None:
        """Visit each, but for numbers and leaves, which are the most."""
        several = things if isinstance(things, (list, tuple)) else list(things)
        self._lists.append((several, where))
        self._count += len(several)
        if self._count > MOST_THINGS:
            self.object(f"more than {MOST_THINGS:,} things to look through, in {where}")
            return
        constants = trusted.CONSTANTS
        for thing in several:
            if type(thing) in constants or is_bare(thing):
                continue
            self.add(thing, where)

    # --- code ---

    def _function(self, f: types.FunctionType, where: str) -> None:
        if trusted.is_of_numpy(f) or trusted.is_trusted(f):
            return
        home = str(f.__globals__.get("__name__", ""))
        own = [thing for name, thing in vars(f).items() if name != NOTE]
        self._all(own, f"the attributes of {f.__name__}")
        if trusted.is_ours(home):
            self._all([cell.cell_contents for cell in f.__closure__ or ()], where)
            return  # it may be around a function of somebody else's, as no_grad is
        if home in trusted.WRAPPERS and hasattr(f, "__wrapped__"):
            return  # it was visited as an attribute
        if "FrozenInstanceError" in f.__code__.co_freevars:
            return  # __setattr__ of a frozen dataclass: it raises, or sets the attribute
        if trusted.is_of_python(home) or home.split(".")[0] in ("autograd", "nn"):
            self.object(found_in(full_name(f), where))
            return
        self.holders.append((f, f"the attributes of {f.__name__}"))
        for name, default in code.defaults(f).items():
            self.add(default, f"the default of {name!r} in {f.__name__}")
        code.look(self, f)

    def named(self, names: Iterable[str]) -> None:
        """Names that some code reads, as attributes perhaps."""
        self._names.update(names)

    # --- objects and their classes ---

    def _class(self, kind: type, where: str) -> None:
        """A class that code names, and so can make objects of."""
        if trusted.is_trusted_class(kind) or trusted.is_of_numpy(kind):
            return
        if not is_class(kind, trusted.is_trusted_class):
            self.object(found_in(full_name(kind), where))
            return
        self._owners[id(kind)] = kind
        if isinstance(kind, enum.EnumMeta):
            self._all(list(kind), where)
        self._hold_classes(kind)
        self._named(kind)

    def _instance(self, thing: Any, where: str) -> None:
        kind = type(thing)
        if isinstance(thing, BaseException):  # it can hold a traceback, and so anything
            self.object(found_in(full_name(kind), where))
        self.holders.append((thing, where))
        self._owners[id(thing)] = thing
        for base in (list, tuple, set, frozenset, dict, deque):
            if isinstance(thing, base):
                self._all(list(base.__iter__(thing)), where)  # type: ignore[arg-type]
        if isinstance(thing, dict):
            self._all(list(dict.values(thing)), where)
        self._owners.setdefault(-id(kind), Used(kind))
        self._hold_classes(kind)
        self._named(thing)

    def _hold_classes(self, kind: type) -> None:
        """Attributes of classes can be changed, too."""
        for c in filter(is_user_class, kind.__mro__):
            if all(c is not holder for holder, _ in self._classes):
                self._classes.append((c, f"the class {c.__name__}"))

    def _named(self, owner: Any) -> None:
        """Visit the attributes of an object or a class that some code names."""
        if isinstance(owner, Used):
            self._methods(owner.kind, making="__class__" in self._names)
        elif isinstance(owner, type):
            self._methods(owner, making=type(owner) is not enum.EnumMeta)
        else:
            names = self.reads(owner)
            kind = type(owner).__name__
            still = hasattr(type(owner), "training") and not owner.training
            for name, thing in attributes(owner).items():
                if names is None and still and is_stream(thing):
                    continue  # our Modules, such as Dropout, draw from it in training alone
                if names is None or name in names:
                    self._all([thing], f"the attribute {name!r} of {kind}")

    def reads(self, owner: Any) -> Set[str] | None:
        """The names of the attributes that code may read of an object; None for all that it has."""
        every = self.by_text or not trusted.OF_MODULES.isdisjoint(self._names)
        every = every or isinstance(owner, enum.Enum)  # it reads them by other names
        every = every or any(
            trusted.is_ours(c.__module__) and c.__name__ not in ("Module", "Operand", "Value")
            for c in type(owner).__mro__
        )
        return None if every else self._names

    @property
    def by_text(self) -> bool:
        """Whether attributes may be read that no code names."""
        return not trusted.BY_TEXT.isdisjoint(self._names)

    def _methods(self, kind: type, making: bool) -> None:
        ours = [vars(c) for c in kind.__mro__ if trusted.is_ours(c.__module__)]
        inherited = {name for names in ours for name in names if not name.startswith("__")}
        for c in filter(is_user_class, kind.__mro__):
            for name, thing in vars(c).items():
                # Our own code calls a method of ours by its name, which then may be a user's.
                called = name in self._names or name in inherited
                if called or self._is_called(name, thing, making):
                    self._all([thing], f"{c.__name__}.{name}")

    def _is_called(self, name: str, thing: Any, making: bool) -> bool:
        """Whether Python may call a method that no code names."""
        if not (name.startswith("__") and name.endswith("__")):
            return self.by_text or name == "_missing_"  # which Enum calls
        if name in _MAKING:
            return making or "type" in self._names
        if name == "__subclasshook__" and getattr(thing, "__module__", "") == "typing":
            return False  # that of a Protocol
        if name in _SHOWING:
            return self.by_text or not _SHOWING.isdisjoint(self._names)
        return name not in _NOT_CALLED and isinstance(thing, _METHODS)

    # --- attributes that code sets ---

    def _hold_all(self) -> None:
        """Code can set attributes of all that takes any: Values, functions and classes of ours."""
        self.bare = self._lists
        held = {id(holder) for holder, _ in self.holders}
        classes = [(c, f"the class {c.__name__}") for c in (Value, *self._classes_of_owners())]
        for thing, where in (*self._seen.values(), *classes):
            if id(thing) not in held and takes_attributes(thing):
                held.add(id(thing))
                self.holders.append((thing, where))

    def _classes_of_owners(self) -> Iterable[type]:
        for owner in self._owners.values():
            kind = owner.kind if isinstance(owner, Used) else owner
            if isinstance(kind, type):
                yield from kind.__mro__
