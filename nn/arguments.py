"""The arguments of the functions of ``nn``, checked and brought into one form."""

from __future__ import annotations

import math
import operator
import random
import sys
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, groupby, islice
from numbers import Real
from typing import Any

from autograd.given import check_order, listed, shown, whole
from autograd.real import as_float, count
from autograd.value import Value, as_value
from autograd.visible import visible

Number = float | int
Seed = int | random.Random | None
Vector = Value | Number | Sequence[Value] | Sequence[Number] | Sequence[Value | Number]
"""n Values or numbers in any sequence or 1-D array; for n = 1 also one Value or number alone."""


def as_list(vector: Any) -> list[Any]:
    """The elements of a vector in any form."""
    if type(vector) is list:
        return vector
    if isinstance(vector, (Value, Real)):
        return [vector]
    if hasattr(vector, "tolist"):
        elements = vector.tolist()
        return elements if isinstance(elements, list) else [elements]
    return listed(vector, "expected a list of numbers or Values")


def as_parameters(numbers: Iterable[Value | Number]) -> list[Value]:
    """Values as they are, and for each number a new leaf to be learned."""
    return [x if isinstance(x, Value) else Value(x) for x in numbers]


def as_values(numbers: Iterable[Value | Number]) -> list[Value]:
    """Values as they are, and for each number a new constant."""
    return [as_value(x) for x in numbers]


def positive_whole(n: Any, name: str) -> int:
    """``n`` as an int of at least 1 that an index can be, or an error that names the argument."""
    number = whole(n, name, 1)
    if number > sys.maxsize:
        raise ValueError(f"{name} must be at most {sys.maxsize:,}; got {shown(n)}")
    return number


def at_least_zero(setting: Any, name: str) -> float:
    """``setting`` as a finite float from 0 up, or an error that names the argument."""
    number = as_float(setting, name)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be finite and at least 0; got {shown(setting)}")
    return number


MOST_PARAMETERS = 100_000_000
"""Each takes some 200 bytes as a Value, so these would take 20 GB."""


def check_number_of_parameters(n: int, *sizes: Any) -> None:
    """Raise ValueError where no memory holds that many Values, before any is made."""
    if n > MOST_PARAMETERS:
        raise ValueError(
            f"sizes of {', '.join(map(shown, sizes))} make {shown(n)} parameters; each is a Value, "
            f"so at most {MOST_PARAMETERS:,} fit"
        )


def random_stream(seed: Seed) -> random.Random:
    """The stream itself, or a new one, which is always the same for the same whole number.

    For None it differs each time, unless ``random.seed`` fixed Python's own stream.
    """
    if isinstance(seed, random.Random):
        return seed
    if seed is None:
        return random.Random(random.getrandbits(64))
    try:
        return random.Random(operator.index(seed))
    except TypeError:
        got = f"{type(seed).__name__} {shown(seed)}"
        raise TypeError(f"a seed is a whole number, a random.Random or None; got {got}") from None


def some(names: Iterable[str], most: int = 5) -> str:
    """``a, b, c``, with a mere count of those beyond the first few."""
    every = [visible(name) for name in names]
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest


def check_names(expected: Iterable[str], given: Iterable[str], where: str) -> None:
    """Raise ValueError unless both are the same names."""
    wanted, there = dict.fromkeys(expected), dict.fromkeys(given)
    missing = [name for name in wanted if name not in there]
    unexpected = [str(name) for name in there if name not in wanted]
    parts = [f"missing {some(missing)}"] * bool(missing)
    parts += [f"unexpected {some(unexpected)}"] * bool(unexpected)
    if parts:
        raise ValueError(f"{where}: {'; '.join(parts)}")


MOST_KINDS = 8
_FLOATS = frozenset((float, int))
_LISTS = frozenset((list, tuple))
_CONTAINERS = (list, tuple, dict, range, array, deque)
_OF_ARRAYS = ("numpy", "torch", "jax", "jaxlib")


class Rows:
    """The rows of X or T. Each is a new list of numbers when asked for, all of the same width."""

    def __init__(self, name: str, data: Any) -> None:
        if hasattr(data, "__array__") and not hasattr(data, "tolist"):
            data = data.__array__()  # a table of pandas, say, whose own indexing is by column
        check_order(data, name)
        if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
            raise TypeError(
                f"{name} needs rows that can be counted and indexed; got {type(data).__name__}"
            )
        if len(getattr(data, "shape", (0, 0))) != 2:
            raise ValueError(f"{name} has shape {tuple(data.shape)}; {_EXPECTED}")
        if len(data) == 0:
            raise ValueError(f"{name} has no rows")
        self.name = name
        self.data = data
        self.width = len(self._read(0))
        self.is_plain = type(data) in (list, tuple)
        """Whether these are lists or tuples of floats and ints."""
        self._first_of_kind: dict[Any, int] = {}
        if isinstance(data, (list, tuple)):  # already in memory, so check before training begins
            self._check()

    def _check(self) -> None:
        """Check each row, and note the first row of each combination of types."""
        width, rows = self.width, self.data
        if set(map(type, rows)) <= _LISTS and set(map(len, rows)) == {width}:
            kinds = [kind for kind, _ in islice(groupby(chain.from_iterable(rows), type), 2)]
            if kinds == [float] or (kinds == [int] and _fit_floats(rows)):
                self._first_of_kind[kinds[0]] = 0  # all numbers are alike: that was all
                return
        for row, cells in enumerate(rows):
            if (
                type(cells) not in _LISTS
                or len(cells) != width
                or not _FLOATS.issuperset(map(type, cells))
            ):
                self.is_plain = False
                cells = self[row]
            kind = _kind_of(cells)
            if kind is not float:
                self._read(row)  # an integer may be larger than any float
            self._first_of_kind.setdefault(kind, row)

    def as_array(self) -> Any:
        """All rows as one new array of float64."""
        import numpy as np

        shape = len(self.data), self.width
        if self.is_plain:  # much faster than np.array, which first looks what there is
            numbers = np.fromiter(chain.from_iterable(self.data), np.float64, shape[0] * shape[1])
            return numbers.reshape(shape)
        return np.array([self[i] for i in range(len(self.data))], np.float64)

    @property
    def kind(self) -> Any:
        """What the rows are: their width and types. None where that is not known."""
        if self._first_of_kind:
            return self.width, frozenset(self._first_of_kind), self.is_plain
        return (self.width, str(self.data.dtype)) if is_numeric_array(self.data) else None

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, row: int) -> list[float]:
        numbers = self._read(row)
        if len(numbers) != self.width:
            raise ValueError(
                f"{self.name}[{row}] has {count(len(numbers), 'number')}, {self.name}[0] has "
                f"{self.width}: all rows must have the same width"
            )
        return numbers

    def read_by(self) -> str | None:
        """What reads the rows, if it may count, draw or do anything else that matters: code that
        is not known to give the same rows each time. No row is read to find out."""
        if self.is_plain:
            return None
        if not _is_known(type(self.data)):
            return f"{type(self.data).__name__}.__getitem__"
        if type(self.data) not in _CONTAINERS:
            numbers = {type(x) for x in self.data.flat} if _holds_objects(self.data) else set()
        else:
            rows = self.data.values() if type(self.data) is dict else self.data
            for kind in {type(row) for row in rows}:
                if not _is_known(kind):
                    return f"{kind.__name__}.__iter__"
            numbers = {type(x) for row in rows for x in row}
        of_users = (kind for kind in numbers if not _is_number(kind))
        return next((f"{kind.__name__}.__float__" for kind in of_users), None)

    def other_kinds(self) -> list[int]:
        """The first row of each combination of types, but that of row 0: of whole numbers, where
        others have floats. (The columns of an array are of one kind.)"""
        if type(self.data) not in _CONTAINERS:
            return []
        first = self._first_of_kind
        if not first:
            for row in range(len(self)):
                first.setdefault(_kind_of(self[row]), row)
        return list(first.values())[1:MOST_KINDS]

    def _read(self, row: int) -> list[float]:
        try:
            cells = self.data[row]
        except LookupError as error:
            raise ValueError(
                f"{self.name} is a {type(self.data).__name__} of {count(len(self), 'row')}, and "
                f"has no row {row}; rows are numbered from 0, as in a list"
            ) from error
        if hasattr(cells, "tolist"):
            cells = cells.tolist()
        if isinstance(cells, (Real, Value)) or not hasattr(cells, "__iter__"):
            raise ValueError(f"{self.name}[{row}] is {shown(cells)}, not a row; {_EXPECTED}")
        name = f"{self.name}[{row}]"
        check_order(cells, name)
        return [x if type(x) is float else _whole_or_float(x, name) for x in cells]


def _fit_floats(rows: Sequence[Sequence[int]]) -> bool:
    """Whether no integer in them is larger than any float."""
    most = sys.float_info.max
    numbers = list(chain.from_iterable(rows))
    return -most <= min(numbers, default=0) and max(numbers, default=0) <= most


def _whole_or_float(x: Any, name: str) -> float:
    """An int as it is, unless it is larger than any float, and any other number as a float."""
    number = as_float(x, name)
    return x if type(x) is int else number


def _kind_of(numbers: Sequence[float]) -> Any:
    """The types of numbers; of numbers of one type, that type."""
    kinds = set(map(type, numbers))
    return kinds.pop() if len(kinds) == 1 else tuple(map(type, numbers))


def is_numeric_array(data: Any) -> bool:
    """Whether this is an array of numpy, of numbers."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(data) is numpy.ndarray and data.dtype.kind in "biuf"


def _is_known(kind: type) -> bool:
    """Whether rows or numbers in it are found without code of a user's."""
    return kind in _CONTAINERS or kind.__module__.partition(".")[0] in _OF_ARRAYS


def _holds_objects(data: Any) -> bool:
    return getattr(getattr(data, "dtype", None), "kind", "") == "O"


def _is_number(kind: type) -> bool:
    """Whether it is a number of Python or of numpy, which stays what it is."""
    home = kind.__module__.partition(".")[0]
    return home in ("builtins", "fractions", "decimal", *_OF_ARRAYS)


_EXPECTED = "expected (rows, n): where a row is one number, wrap each in a list, [[1], [2], ...]"
