"""NumPy's functions on Values: ``np.log1p(v)`` and ``array * v`` record, element by element.

NumPy asks a Value what to do by ``__array_ufunc__``. On arrays that hold Values it calls their
operators and methods itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd import ops
from autograd.real import is_array

UFUNCS: dict[str, Callable[..., Any]] = {
    **ops.TABLE,
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "remainder": operator.mod,
    "floor_divide": operator.floordiv,
    "divmod": divmod,
    "power": operator.pow,
    "float_power": operator.pow,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "negative": operator.neg,
    "positive": operator.pos,
    "absolute": ops.abs,
    "fabs": ops.abs,
    "arctan": ops.atan,
    "arctan2": ops.atan2,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
"""What NumPy's function of that name does to Values."""

COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}


def compared(compare: Callable[[Any, Any], bool], v: Any, other: Any) -> bool:
    """``v == other`` of a Value and anything else. (An array gives an array.)"""
    if getattr(getattr(other, "dtype", None), "kind", "") == "O":  # an array that may hold Values
        import numpy as np

        return compare(other, np.array(v, object))
    return compare(v.data, other)


def array_ufunc(v: Any, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
    """``Value.__array_ufunc__``: NumPy's function, of which one input is a Value.

    Returns:
        A Value if all inputs are scalars, otherwise an array of Values.

    Raises:
        TypeError: no operation does what the function does, or it is called with ``out=``.
    """
    function = UFUNCS.get(ufunc.__name__)
    if function is None or method != "__call__" or settings:
        raise TypeError(_refusal(ufunc.__name__, method, settings))
    for x in inputs:
        if is_array(x) or isinstance(x, (list, tuple)):
            return _each(function, inputs, ufunc.__name__ in COMPARISONS)
    return function(*map(_plain, inputs))


def _plain(x: Any) -> Any:
    """A scalar of NumPy as a number of Python's, and anything else as it is."""
    number = x.item() if hasattr(x, "dtype") else x
    return float(number) if hasattr(number, "dtype") else number  # from a longdouble


def _each(function: Callable[..., Any], inputs: Sequence[Any], compares: bool) -> Any:
    """The function on arrays of objects, element by element."""
    import numpy as np

    objects = []
    for x in inputs:
        alone = hasattr(x, "apply_op")  # as it is, NumPy would ask it again
        objects.append(np.asarray([x], object).reshape(()) if alone else np.asarray(x, object))
    found = np.frompyfunc(function, len(inputs), 1)(*objects)
    return np.asarray(found, bool)[()] if compares else found  # of scalars, a scalar


def _refusal(name: str, method: str, settings: dict[str, Any]) -> str:
    if name == "matmul":
        return "a Value is a scalar, and @ is a product of vectors or matrices: write *"
    if name not in UFUNCS:
        return (
            f"np.{name} has no operation on Values: write it with those there are (exp, log, "
            f"tanh and so on; see autograd/ops.py), or as an Op of your own; x.data is the number"
        )
    how = f"np.{name}.{method}" if method != "__call__" else f"np.{name} with {', '.join(settings)}"
    return f"{how} does not take a Value alone: put it into an array, as in np.array([v])"
