"""Leaves: what a Value without inputs stands for, and which of them ``+=`` changes in place.

``p -= rate * p.grad`` has two meanings. In PyTorch, under ``no_grad``, it changes the parameter; in
micrograd it is ``p = p - rate * p.grad``, a new node. Here the first holds under ``no_grad`` for a
leaf that somebody made and a number, and the second for everything else.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from autograd import modes
from autograd.given import shown
from autograd.operand import Operand
from autograd.real import as_float

T = TypeVar("T", bound="ChangesInPlace")


class _Leaf(tuple[Any, ...]):
    """The record of a leaf of a kind of its own: no operation, and no inputs.

    There is one such record for each kind, known by its identity; so pickle stores its name.
    """

    name: str

    def __reduce__(self) -> str:
        return self.name


def _kind(name: str) -> _Leaf:
    record = _Leaf((None,))
    record.name = name
    return record


MADE: tuple[Any, ...] = (None,)
"""The record of a leaf that somebody made, such as a parameter."""


class Entry(tuple[Any, ...]):
    """The record of a leaf that somebody made as an element of a table, such as an embedding: one
    record for the whole table. An optimiser moves a table as a whole, as PyTorch does."""


CONSTANT = _kind("CONSTANT")
"""A leaf that stands for a plain number, such as the 2 of ``2 * x``."""

RESULT = _kind("RESULT")
"""What an operation gave under ``no_grad``. ``+=`` treats it as the node that it would be without,
until ``backward`` reaches it."""

DERIVATIVE = _kind("DERIVATIVE")
"""A derivative that ``grad`` gave."""

STEP = _kind("STEP")
"""What was computed under ``no_grad`` from derivatives and numbers alone, such as ``-rate * g``."""


def check_output(v: Any) -> None:
    """Refuse to differentiate a number that remembers nothing, which would give 0 everywhere.

    Raises:
        ValueError: ``v`` is a derivative that ``grad`` gave without ``create_graph``.
    """
    if v._record is DERIVATIVE:
        refuse_derivative(v)


def refuse_derivative(v: Any) -> NoReturn:
    """Say that a derivative without a graph cannot be differentiated."""
    raise ValueError(
        f"{shown(v)} is a derivative without a graph, so it has no derivatives itself: write "
        f"grad(output, wrt, create_graph=True) where it was made"
    )


def kind_of_result(inputs: Iterable[Any]) -> _Leaf:
    """The record of what an operation on these Values gives under ``no_grad``."""
    kind = RESULT
    for v in inputs:
        if v._record is DERIVATIVE or v._record is STEP:
            kind = STEP
        elif v._record is not CONSTANT:
            return RESULT
    return kind


def _is_node(v: Any) -> bool:
    """Whether ``v`` is what an operation gave. A leaf that ``backward`` has reached is a parameter,
    even if it was computed under ``no_grad``, as first weights may be."""
    kind = v._record
    result = (kind is RESULT or kind is STEP) and not v.has_grad
    return kind[0] is not None or kind is CONSTANT or result


def _check_parameter(v: Any) -> None:
    """Refuse ``p -= rate * p.grad`` of a p that was computed, as ``p = Value(1.0) * 0.1`` is."""
    if v._record[0] is not None and v.has_grad:
        raise TypeError(
            f"{shown(v)} was computed, so -= under no_grad() cannot change it in place, and a new "
            "Value would train nothing. If it is a parameter, make it a leaf: p = p.detach(). For "
            "a new Value write total = total - x"
        )


def _changes(leaf: Any, symbol: str, other: Any) -> bool:
    """Whether ``leaf += other`` changes the leaf; an error, if it looks so and cannot be."""
    if not isinstance(other, ChangesInPlace):
        return True
    if symbol == "-" or other._record is DERIVATIVE or other._record is STEP:
        raise TypeError(
            f"{shown(leaf)} {symbol}= {shown(other)}, under no_grad(): only a number changes a "
            "leaf in place. Write .data on the right to change it, as in p -= rate * g.data; write "
            f"total = total {symbol} x for a new Value"
        )
    return False


def _method(symbol: str, operation: Callable[[Any, Any], Any]) -> Callable[[T, Any], T]:
    def method(self: T, other: Any) -> T:
        if symbol == "-" and not modes.switches.recording:
            _check_parameter(self)
        if modes.switches.recording or _is_node(self) or not _changes(self, symbol, other):
            result: T = operation(self, other)
            return result
        self.data = operation(self, as_float(other)).data
        return self

    return method


class ChangesInPlace(Operand):
    """An operand that ``+=``, ``-=``, ``*=``, ``/=`` and ``**=`` change in place under ``no_grad``,
    if it is a leaf that somebody made, or a derivative, and there is a number on the right.

    Otherwise they bind the name to a new Value, as Python does. So does a Value on the right,
    because ``act = self.b; act += w * x`` must leave the parameter alone.

    Raises:
        TypeError: ``p -= rate * g`` or ``p += -rate * g`` with a ``g`` from ``grad``, or any other
            ``-=`` of such a leaf by a Value: a new Value would train nothing without a word.
    """

    __slots__ = ()

    data: float
    _record: tuple[Any, ...]

    __iadd__ = _method("+", operator.add)
    __isub__ = _method("-", operator.sub)
    __imul__ = _method("*", operator.mul)
    __itruediv__ = _method("/", operator.truediv)
    __ipow__ = _method("**", operator.pow)
