"""Old names of parameters, which keep working until the version that drops them."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

REMOVAL = "0.3"
"""The version in which old names go."""

_F = TypeVar("_F", bound=Callable[..., Any])


def renamed(**new_of_old: str) -> Callable[[_F], _F]:
    """Let a function take parameters by their old names too, with a DeprecationWarning.

    >>> @renamed(with_respect_to="wrt")
    ... def derivative(of, wrt): ...

    Raises (when the function is called):
        TypeError: a parameter is given by both names.
    """

    def decorate(function: _F) -> _F:
        name = function.__qualname__

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for old in kwargs.keys() & new_of_old.keys():
                new = new_of_old[old]
                if new in kwargs:
                    raise TypeError(f"{name} got both {new!r} and its old name {old!r}")
                message = f"the parameter {old!r} of {name} goes in {REMOVAL}: call it {new!r}"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return cast(_F, wrapper)

    return decorate
