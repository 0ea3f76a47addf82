"""A decorator that enters a context manager for as long as the body of a function runs.

The body of a generator or a coroutine runs in steps. Between them runs the code of others, which is
outside, and the context manager is entered anew for each step.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from autograd.given import shown

F = TypeVar("F", bound=Callable[..., Any])


def around_steps(manager: AbstractContextManager[Any], function: F) -> F:
    """The function, whose body runs within ``manager``, which must be one to be used again.

    Raises:
        TypeError: ``function`` is not a function.
    """
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(around_steps(manager, function.__func__))
    if isinstance(function, type) or not callable(function):
        raise TypeError(
            f"this decorates a function or a method; got {shown(function)}. For a block of code "
            f"write `with`, as in `with no_grad():`"
        )
    wrapper: Any = next(make for is_one, make in _KINDS if _is(is_one, function))(manager, function)
    return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _is(is_one: Callable[[Any], bool], function: Any) -> bool:
    return is_one(function) or is_one(function.__call__)


def _plain(manager: AbstractContextManager[Any], function: Any) -> Any:
    def inside(*arguments: Any, **named: Any) -> Any:
        with manager:
            return function(*arguments, **named)

    return inside


def _generator(manager: AbstractContextManager[Any], function: Any) -> Any:
    def inside(*arguments: Any, **named: Any) -> Any:
        return (yield from _steps(manager, function(*arguments, **named)))

    return inside


def _coroutine(manager: AbstractContextManager[Any], function: Any) -> Any:
    async def inside(*arguments: Any, **named: Any) -> Any:
        return await _awaited(manager, function(*arguments, **named))

    return inside


def _async_generator(manager: AbstractContextManager[Any], function: Any) -> Any:
    async def inside(*arguments: Any, **named: Any) -> Any:
        body = function(*arguments, **named)
        step, given = body.asend, None
        while True:
            try:
                item = await _awaited(manager, step(given))
            except StopAsyncIteration:
                return
            try:
                step, given = body.asend, (yield item)
            except GeneratorExit:
                await _awaited(manager, body.aclose())
                raise
            except BaseException as error:
                step, given = body.athrow, error

    return inside


_KINDS: list[tuple[Callable[[Any], bool], Callable[..., Any]]] = [
    (inspect.isasyncgenfunction, _async_generator),
    (inspect.iscoroutinefunction, _coroutine),
    (inspect.isgeneratorfunction, _generator),
    (callable, _plain),
]
"""How to know each kind of function, and what makes its wrapper."""


def _steps(manager: AbstractContextManager[Any], body: Any) -> Generator[Any, Any, Any]:
    """What a generator or a coroutine yields and returns, with each of its steps inside."""
    step, given = body.send, None
    while True:
        with manager:
            try:
                item = step(given)
            except StopIteration as end:
                return end.value
        try:
            step, given = body.send, (yield item)
        except GeneratorExit:
            with manager:
                body.close()
            raise
        except BaseException as error:
            step, given = body.throw, error


_awaited = types.coroutine(_steps)
