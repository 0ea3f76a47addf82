"""Reach: all that a function can reach, and the first thing that speaks against its purity.

The walk starts from the function. It follows closures, defaults, the globals and builtins that the
code names, bound objects, and of each object the attributes that some code on the way names. What
it does not know speaks against purity. A change of something reachable is not sought here:
``state.py`` compares before and after.
"""

from __future__ import annotations

import enum
import functools
import itertools
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from typing import Any

from autograd.compiler.purity import code, trusted
from autograd.compiler.purity.streams import is_stream
from autograd.op import Op
from autograd.operand import Operand
from autograd.value import Value

MOST_THINGS = 3_000_000
"""Looking through more than this would take longer than a second."""

NOTE = "_autograd_note"
"""The attribute of a function where its recording is kept. It is not part of its state."""

_NOT_CALLED = frozenset(
    "__init_subclass__ __class_getitem__ __set_name__ __del__ __reduce__ __reduce_ex__ "
    "__getnewargs__ __getnewargs_ex__ __getstate__ __setstate__ __copy__ __deepcopy__ __dir__ "
    "__sizeof__ __annotate__ __annotate_func__ __subclasshook__ __replace__".split()
)
"""Special methods that Python does not call for an object that is there already."""
_MAKING = frozenset("__init__ __new__ __post_init__".split())
_SHOWING = frozenset("__repr__ __str__ __format__".split())
_OF_TYPES = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)
_METHODS = (*_OF_TYPES, types.FunctionType, staticmethod, classmethod, property)


_ATTRIBUTES = frozenset().union(
    *map(dir, (Value, Exception, types.FunctionType, *trusted.CONTAINERS, *trusted.CONSTANTS))
)


_NO_CODE = (lambda: None).__code__


class Reach:
    """All that a function can reach.

    Attributes:
        objection: what speaks against the function's purity, or None.
        holders: what holds other things and can be changed, each with a name for it.
        bindings: the dictionaries of modules and the names that the code reads there.
        streams: the streams of random numbers among them.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.objection: str | None = None
        self.holders: list[tuple[Any, str]] = []
        self.bindings: list[tuple[dict[str, Any], str, str]] = []
        self.streams: list[Any] = []
        self._names = {"forward"}  # which Module.__call__ names
        self._of_objects: dict[str, str] = {}
        self._lists: list[Any] = []
        self._seen: dict[int, Any] = {}
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
        self._check_values()

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
        self._seen[id(thing)] = thing  # and alive, so that its id stays its own
        if kind in trusted.CONTAINERS:
            self._contents(thing, where)
        elif isinstance(thing, Value):
            self._value(thing, where)
        elif isinstance(thing, types.FunctionType):
            self._function(thing, where)
        elif isinstance(thing, types.MethodType):
            self._all([thing.__func__, thing.__self__], where)
        elif isinstance(thing, functools.partial):
            self._all([thing.func, thing.args, thing.keywords], where)
        elif isinstance(thing, property):
            self._all([thing.fget, thing.fset, thing.fdel], where)
        elif isinstance(thing, functools.cached_property):
            self.add(thing.func, where)
        elif isinstance(thing, (staticmethod, classmethod)):
            self.add(thing.__func__, where)
        elif isinstance(thing, Op):
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
                self.object(_found_in(_full_name(thing), where))
            else:
                self.add(owner, where)
        elif isinstance(thing, types.MethodWrapperType):
            self.add(thing.__self__, where)
        elif isinstance(thing, _OF_TYPES):
            owner = thing.__objclass__
            if not (trusted.is_trusted_class(owner) or _is_user_class(owner)):
                self.object(_found_in(f"{_full_name(owner)}.{thing.__name__}", where))
        elif _is_number(kind) or kind.__name__ in ("_tuplegetter", "member_descriptor"):
            pass  # what reads a place of a named tuple, or a slot
        elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
            self.holders.append((thing, where))
            if thing.dtype.kind == "O":
                self._all(thing.flat, where)
        elif _is_class(kind, trusted.is_plain):
            self._instance(thing, where)
        else:
            if is_stream(thing):
                self.streams.append(thing)
            self.object(_found_in(_full_name(kind), where))

    def _value(self, v: Value, where: str) -> None:
        if v.op is not None:
            self.object(f"a Value that was computed before, by {v.op.name}, in {where}")
        if type(v) is not Value:
            self._instance(v, where)

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
        self._lists.append(several)
        self._count += len(several)
        if self._count > MOST_THINGS:
            self.object(f"more than {MOST_THINGS:,} things to look through, in {where}")
            return
        constants = trusted.CONSTANTS
        for thing in several:
            kind = type(thing)
            if kind in constants or (kind is Value and thing._record[0] is None):
                continue
            self.add(thing, where)

    # --- code ---

    def _function(self, f: types.FunctionType, where: str) -> None:
        home = str(f.__globals__.get("__name__", ""))
        own = [thing for name, thing in vars(f).items() if name != NOTE]
        self._all(own, f"the attributes of {f.__name__}")
        if trusted.is_ours(home):
            self._all([cell.cell_contents for cell in f.__closure__ or ()], where)
            return  # it may be around a function of somebody else's, as no_grad is
        if trusted.is_of_numpy(f):
            return
        if home == "autograd.deprecation" and hasattr(f, "__wrapped__"):
            return  # it was visited as an attribute
        if trusted.is_of_python(home) or home.split(".")[0] in ("autograd", "nn"):
            self.object(_found_in(_full_name(f), where))
            return
        self.holders.append((f, f"the attributes of {f.__name__}"))
        for name, default in code.defaults(f).items():
            self.add(default, f"the default of {name!r} in {f.__name__}")
        code.look(self, f)

    def named(self, names: Iterable[str]) -> None:
        """Names that some code reads, as attributes perhaps."""
        self._names.update(names)

    def attribute(self, name: str, where: str) -> None:
        """An attribute that code reads or sets, of what no one knows."""
        self._names.add(name)
        self._of_objects.setdefault(name, where)

    # --- objects and their classes ---

    def _class(self, kind: type, where: str) -> None:
        """A class that code names, and so can make objects of."""
        if trusted.is_trusted_class(kind) or trusted.is_of_numpy(kind):
            return
        if not _is_class(kind, trusted.is_trusted_class):
            self.object(_found_in(_full_name(kind), where))
            return
        self._owners[id(kind)] = kind
        self._hold_classes(kind)
        self._named(kind)

    def _instance(self, thing: Any, where: str) -> None:
        kind = type(thing)
        self.holders.append((thing, where))
        self._owners[id(thing)] = thing
        for base in (list, tuple, set, frozenset, dict):
            if isinstance(thing, base):
                self._all(list(base.__iter__(thing)), where)  # type: ignore[arg-type]
        if isinstance(thing, dict):
            self._all(list(dict.values(thing)), where)
        self._owners.setdefault(-id(kind), _Used(kind))
        self._hold_classes(kind)
        self._named(thing)

    def _hold_classes(self, kind: type) -> None:
        """Attributes of classes can be changed, too."""
        for c in filter(_is_user_class, kind.__mro__):
            if all(c is not holder for holder, _ in self._classes):
                self._classes.append((c, f"the class {c.__name__}"))

    def _named(self, owner: Any) -> None:
        """Visit the attributes of an object or a class that some code names."""
        if isinstance(owner, _Used):
            self._methods(owner.kind, making="__class__" in self._names)
        elif isinstance(owner, type):
            self._methods(owner, making=type(owner) is not enum.EnumMeta)
        else:
            every = self.by_text or not trusted.OF_MODULES.isdisjoint(self._names)
            every = every or any(
                trusted.is_ours(c.__module__) and c.__name__ != "Module" and c is not Operand
                for c in type(owner).__mro__
            )
            kind = type(owner).__name__
            still = hasattr(type(owner), "training") and not owner.training
            for name, thing in attributes(owner).items():
                if every and still and is_stream(thing):
                    continue  # our Modules, such as Dropout, draw from it in training alone
                if every or name in self._names:
                    self._all([thing], f"the attribute {name!r} of {kind}")

    @property
    def by_text(self) -> bool:
        """Whether attributes may be read that no code names."""
        return not trusted.BY_TEXT.isdisjoint(self._names)

    def _methods(self, kind: type, making: bool) -> None:
        for c in filter(_is_user_class, kind.__mro__):
            for name, thing in vars(c).items():
                if name in self._names or self._is_called(name, thing, making):
                    self._all([thing], f"{c.__name__}.{name}")

    def _is_called(self, name: str, thing: Any, making: bool) -> bool:
        """Whether Python may call a method that no code names."""
        if not (name.startswith("__") and name.endswith("__")):
            return self.by_text
        if name in _MAKING:
            return making or "type" in self._names
        if name in _SHOWING:
            return not _SHOWING.isdisjoint(self._names)
        return name not in _NOT_CALLED and isinstance(thing, _METHODS)

    # --- attributes of Values ---

    def _check_values(self) -> None:
        """A Value takes any attribute. So one that is known on nothing else may be that of a
        Value, which may hold or keep anything."""
        known = set(_ATTRIBUTES)
        if numpy := sys.modules.get("numpy"):
            known.update(dir(numpy.ndarray))
        for owner in self._owners.values():
            kind = owner.kind if isinstance(owner, _Used) else owner
            for c in kind.__mro__ if isinstance(kind, type) else ():
                known.update(vars(c), vars(c).get("__annotations__", ()))
                for name in _MAKING & vars(c).keys():
                    known.update(getattr(getattr(c, name), "__code__", _NO_CODE).co_names)
            known.update(() if isinstance(owner, (_Used, type)) else attributes(owner))
        for f in self._seen.values():
            if isinstance(f, types.FunctionType):
                known.update(vars(f))
        for name in self._of_objects.keys() - known:
            self.object(self._of_objects[name])
        if self.by_text:
            for v in itertools.chain.from_iterable(self._lists):
                if type(v) is Value and vars(v).keys() - {"label"}:
                    self.object(f"attributes of Values, such as {next(iter(vars(v)))!r}")
                    return


class _Used:
    """The class of an object that is there already."""

    def __init__(self, kind: type) -> None:
        self.kind = kind


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def _is_number(kind: type) -> bool:
    """A Fraction, a Decimal, or a number of numpy."""
    if trusted.is_of_python(kind.__module__):
        return issubclass(kind, Number)
    return kind.__module__ == "numpy" and any(c.__name__ == "generic" for c in kind.__mro__)


def _is_class(kind: type, known: Callable[[type], bool]) -> bool:
    """Whether all of a class is written in Python, or known."""
    return type(kind) in trusted.METACLASSES and all(
        known(c) or _is_user_class(c) for c in kind.__mro__
    )


def _is_user_class(kind: type) -> bool:
    home = kind.__module__
    top = home.partition(".")[0]
    known = trusted.is_of_python(home) or top in ("numpy", "autograd", "nn")
    return bool(kind.__flags__ & _HEAP) and not known


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes that an object has itself, in its dictionary and its slots."""
    found = dict(getattr(thing, "__dict__", {}))
    for c in type(thing).__mro__:
        if not _is_user_class(c):
            continue
        for name, member in vars(c).items():
            if isinstance(member, types.MemberDescriptorType):
                try:
                    found[name] = member.__get__(thing)
                except AttributeError:
                    continue  # not set
    return found


def _full_name(thing: Any) -> str:
    home = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", type(thing).__name__)
    return name if home in (None, "builtins", "__main__") else f"{home}.{name}"


def _found_in(what: str, where: str) -> str:
    return where if where.startswith(what) else f"{what} in {where}"
