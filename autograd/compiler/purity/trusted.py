"""What is known to keep no state and to have no effect but its result. All else is looked into."""

from __future__ import annotations

import abc
import builtins
import contextlib
import enum
import functools
import itertools
import math
import operator
import sys
import types
import typing
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

CONSTANTS: frozenset[type] = frozenset(
    {int, float, complex, bool, str, bytes, range} | {type(None), type(...), type(NotImplemented)}
)
"""Types whose objects never change and refer to nothing."""

CONTAINERS: frozenset[type] = frozenset(
    {list, tuple, set, frozenset, dict, deque, OrderedDict, Counter}
)
"""Types that hold objects, and do nothing else."""

BUILTINS = frozenset(
    "abs all any ascii bin bool bytes callable chr complex dict divmod enumerate filter float "
    "format frozenset getattr hasattr hash hex int isinstance issubclass iter len list map max "
    "min next object oct ord pow property range repr reversed round set slice "
    "sorted staticmethod classmethod str sum super tuple type zip __build_class__".split()
)

BY_TEXT = frozenset("getattr hasattr __getattribute__ __getattr__".split())
"""Names with which code reaches attributes that it does not name itself."""

SETTING = frozenset("__setattr__ __delattr__".split())
"""Names that stand for code that sets attributes."""

WRAPPERS = ("autograd.deprecation", "dataclasses", "reprlib")
"""Modules whose wrappers of a user's function only call it."""

OF_MODULES = frozenset("parameters named_parameters state_dict".split())
"""Methods of a Module that read all of its attributes."""

HIDDEN = frozenset(
    "__dict__ __setattr__ __delattr__ __globals__ __builtins__ __code__ __closure__ "
    "__annotations__ __defaults__ __kwdefaults__ __traceback__ setflags as_strided "
    "__subclasses__ __import__ f_globals f_locals f_back gi_frame tofile dump dumps".split()
)
"""Attributes that lead out of what can be looked through, or write."""

_OF_NN = frozenset("arguments dropout embedding losses micrograd module neuron".split())
_NOT_OF_AUTOGRAD = frozenset("deprecation files installation numpy".split())
_MODULES = (math, operator, itertools)
_FUNCTIONS = (
    *(functools.reduce, functools.partial, functools.cmp_to_key, tuple.__new__),
    typing.cast,
)
_CLASSES = (functools.partial, defaultdict, operator.itemgetter, contextlib.nullcontext)
"""To make objects of these is only to compute. One that is there already can keep state."""
_PLAIN = (
    ("argparse", "Namespace"),
    ("argparse", "_AttributeHolder"),
    ("dataclasses", "_HAS_DEFAULT_FACTORY_CLASS"),
)
_ABSTRACT = ("collections.abc", "_collections_abc", "numbers", "typing", "abc", "enum")
_OF_NUMPY = ("numpy", "numpy.linalg", "numpy.fft")
_NUMPY_EFFECTS = frozenset(
    "save savez savez_compressed savetxt load loadtxt genfromtxt fromfile fromregex memmap "
    "DataSource datetime64 seterr geterr seterrcall geterrcall seterrobj geterrobj errstate "
    "set_printoptions get_printoptions printoptions set_string_function set_numeric_ops "
    "setbufsize getbufsize show_config show_runtime info lookfor source who disp safe_eval "
    "deprecate add_docstring add_newdoc nditer nested_iters vectorize frompyfunc".split()
)
_NUMPY_KINDS = frozenset(
    "function builtin_function_or_method ufunc _ArrayFunctionDispatcher".split()
)


def is_ours(module: str) -> bool:
    """Whether this is a module of this library that only computes: the core, no lens, and the
    networks and losses of ``nn``."""
    top, _, rest = module.partition(".")
    if top == "autograd":
        file = rest.removeprefix("functions.").removeprefix("nodes.")
        return file.isidentifier() and file not in _NOT_OF_AUTOGRAD
    return top == "nn" and rest in _OF_NN


def is_of_python(module: str) -> bool:
    """Whether this is a module of the standard library."""
    return module.partition(".")[0] in sys.stdlib_module_names


def is_of_numpy(thing: Any) -> bool:
    """Whether this is a function or a class of numpy that only computes."""
    kind = type(thing)
    if kind is types.ModuleType:
        return False  # and to ask one for what it lacks may warn, or load another
    if kind.__module__.startswith("numpy") and any(c.__name__ == "dtype" for c in kind.__mro__):
        return True
    home = str(getattr(thing, "__module__", None) or kind.__module__)
    name = getattr(thing, "__name__", "")
    if home not in _OF_NUMPY or name in _NUMPY_EFFECTS:
        return False
    plain = isinstance(thing, type) or kind.__name__ in _NUMPY_KINDS
    # A user can make a ufunc, too.
    return plain and getattr(sys.modules[home], name, None) is thing


def is_trusted(thing: Any) -> bool:
    """Whether a function or class, written in C or by us, only computes."""
    if isinstance(thing, type):
        return is_trusted_class(thing)
    name = getattr(thing, "__name__", "")
    if name in BUILTINS and vars(builtins).get(name) is thing:
        return True
    if any(thing is f for f in _FUNCTIONS):
        return True
    return any(vars(module).get(name) is thing for module in _MODULES)


def is_trusted_class(kind: type) -> bool:
    """Whether to make objects of this class is nothing but computing."""
    home, name = kind.__module__, kind.__name__
    builtin = home == "builtins" and name in BUILTINS
    return builtin or home == "itertools" or kind in _CLASSES or is_plain(kind)


def is_plain(kind: type) -> bool:
    """Whether objects of this class hold other things, and otherwise only compute. (Iterators
    compute too, but move on.)"""
    if kind in CONTAINERS or kind in CONSTANTS or kind in (object, slice, types.SimpleNamespace):
        return True
    home = kind.__module__
    if (home, kind.__name__) in _PLAIN:
        return True
    exception = home == "builtins" and issubclass(kind, BaseException)
    return exception or is_ours(home) or home in _ABSTRACT


METACLASSES: tuple[type, ...] = (type, abc.ABCMeta, enum.EnumMeta)
