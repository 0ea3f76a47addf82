"""The arguments of a compiled function as arrays, one row per call of the function."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.compiler.program import Floats
from autograd.given import check_length, check_order, shown
from autograd.real import as_float
from autograd.value import Value, number_of

Key = tuple[int | str | None, ...]
"""The width of each argument, None for one that is one number; then the names of those at the end
that are given by name."""


def in_order(
    function: Callable[..., Any],
    name: str,
    arguments: Sequence[ArrayLike],
    named: Mapping[str, ArrayLike],
) -> tuple[tuple[ArrayLike, ...], tuple[str, ...]]:
    """All arguments in the order of the function's, and the names of those at the end that it must
    get by name: what stands before them keeps its default, or they go by name alone.

    Raises:
        TypeError: the function takes no argument of that name, got one twice, or lacks one.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:
        raise TypeError(
            f"{name} does not say the names of its arguments: give {', '.join(named)} by place"
        ) from None
    try:
        bound = signature.bind(*arguments, **named)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "no arguments"
        raise TypeError(f"{name} takes {takes}: {error}") from None
    return (*bound.args, *bound.kwargs.values()), tuple(bound.kwargs)


def as_arrays(
    name: str, arguments: Sequence[ArrayLike], dtype: np.dtype[Any]
) -> tuple[Key, list[Floats]]:
    """The widths of the arguments, and the arguments as contiguous arrays of shape (batch, n).

    Raises:
        TypeError: there are none, or one holds something other than real numbers.
        OverflowError: a number is larger than any of this type.
        ValueError: the shapes do not fit together.
    """
    if not arguments:
        raise TypeError(
            f"{name} is called with an array for each argument of the function, and got none: what "
            "has no inputs is compiled as a graph, compile(loss) with a Value"
        )
    arrays: list[Floats] = []
    key: list[int | None] = []
    for position, argument in enumerate(arguments):
        array = _as_array(name, argument, position, dtype)
        if array.ndim == 2:
            key.append(array.shape[1])
        elif array.ndim == 1:
            key.append(None)
            array = array.reshape(len(array), 1)
        else:
            raise ValueError(
                f"argument {position} of {name} has shape {array.shape}: it is "
                f"{shown(argument)}; expected (batch, n), a row for each call of the function"
            )
        arrays.append(np.ascontiguousarray(array))
    if len({len(array) for array in arrays}) > 1:
        sizes = ", ".join(str(len(array)) for array in arrays)
        raise ValueError(
            f"the arguments of {name} have {sizes} rows, and each call takes one of each; "
            "a list is a column of rows with one number, and one row of several is [[1.0, 2.0]]"
        )
    if not len(arrays[0]):
        raise ValueError(f"{name} got arrays without rows")
    return tuple(key), arrays


def float_type(dtype: Any) -> np.dtype[Any]:
    """float64 or float32, given as numpy takes it.

    Raises:
        ValueError: it is anything else.
    """
    found: np.dtype[Any] | None = None
    with contextlib.suppress(TypeError, ValueError):
        found = np.dtype(dtype)
    if dtype is None or not found or found not in (np.float64, np.float32):
        raise ValueError(f"dtype is float64 or float32; got {shown(dtype)}")
    return found


def as_type(numbers: NDArray[Any], dtype: np.dtype[Any], name: str) -> Floats:
    """The numbers as float64 or float32.

    Args:
        name: what holds them, for an error.

    Raises:
        OverflowError: one is finite and would become infinite.
    """
    if numbers.dtype == dtype:
        return numbers
    with np.errstate(all="ignore"):
        made: Floats = numbers.astype(dtype)
    infinite = np.isinf(made)
    if infinite.any() and (beyond := numbers[infinite & np.isfinite(numbers)]).size:
        way_out = "" if dtype == np.float64 else "leave dtype='float32' out, or "
        raise OverflowError(
            f"{name}: {beyond[0]!s} is larger than any {dtype}, which ends at "
            f"{np.finfo(dtype).max:.2g}; {way_out}scale your numbers"
        )
    return made


def numbers_of(leaves: Sequence[Value], dtype: np.dtype[Any]) -> Floats:
    """The numbers of leaves, (leaves,).

    Raises:
        TypeError: one is not a number.
        OverflowError: one is larger than any of this type.
    """
    try:
        numbers = np.array([v.data for v in leaves])  # not as float64: that reads texts and None
    except ValueError:
        numbers = np.empty(0, object)
    if numbers.dtype.kind not in "fi" or numbers.itemsize > 8 or numbers.ndim != 1:
        numbers = np.array([*map(number_of, leaves)])  # which says what is wrong
    return as_type(numbers.astype(np.float64, copy=False), dtype, "a parameter")


def _as_array(name: str, argument: ArrayLike, position: int, dtype: np.dtype[Any]) -> Floats:
    if not isinstance(argument, np.ndarray):
        check_length(argument, f"argument {position} of {name} is an array that fits the memory")
    try:
        array = np.asarray(argument)
    except ValueError as error:
        wrong = str(error)
    else:
        if array.dtype == dtype:
            return array
        check_order(argument, f"argument {position} of {name}")
        if array.dtype.kind in "biuf":
            return as_type(array, dtype, f"argument {position} of {name}")
        for x in array.flat:
            if type(x) is int:  # which NumPy keeps as an object where it is large
                as_float(x, f"argument {position} of {name}")
        kinds = sorted({type(x).__name__ for x in array.flat})
        wrong = f"it holds {', '.join(kinds)} (dtype {array.dtype}), not floats or ints"
    raise TypeError(
        f"argument {position} of {name} is not an array of real numbers of shape (batch, n): "
        f"{wrong}"
    )
