"""Operand: what turns ``a + b`` into ``apply_op(ops.add, (a, b))``.

A class derives from it and says in ``apply_op`` what an operation on it means: a Value records a
node, the compiler's terms write instructions, the page's write steps. Derivative rules are plain
arithmetic, so one rule serves them all.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from autograd import ops
from autograd.clamp import clamped
from autograd.given import shown
from autograd.op import Op
from autograd.real import as_float, is_array

T = TypeVar("T", bound="Operand")


def _applied(operand: T, op: Op, inputs: Sequence[Any]) -> T:
    if any(map(is_array, inputs)):
        return NotImplemented  # type: ignore[no-any-return]
    result: T = operand.apply_op(op, inputs)
    return result


class Operand:
    """Something that arithmetic and the operations of the table can be applied to."""

    __slots__ = ()

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> Any:
        """The operation on these inputs, at least one of which is such an operand."""
        raise NotImplementedError

    def __add__(self: T, other: T | float) -> T:
        return _applied(self, ops.add, (self, other))

    def __radd__(self: T, other: float) -> T:
        return _applied(self, ops.add, (other, self))

    def __sub__(self: T, other: T | float) -> T:
        return _applied(self, ops.sub, (self, other))

    def __rsub__(self: T, other: float) -> T:
        return _applied(self, ops.sub, (other, self))

    def __mul__(self: T, other: T | float) -> T:
        return _applied(self, ops.mul, (self, other))

    def __rmul__(self: T, other: float) -> T:
        return _applied(self, ops.mul, (other, self))

    def __truediv__(self: T, other: T | float) -> T:
        return _applied(self, ops.div, (self, other))

    def __rtruediv__(self: T, other: float) -> T:
        return _applied(self, ops.div, (other, self))

    def __pow__(self: T, exponent: T | float) -> T:
        if isinstance(exponent, Operand):
            return _applied(self, ops.pow, (self, exponent))
        if is_array(exponent):
            return NotImplemented
        return _applied(self, ops.power(as_float(exponent)), (self,))

    def __rpow__(self: T, base: float) -> T:
        return _applied(self, ops.pow, (base, self))

    def _no_remainder(self, *_: object) -> NoReturn:
        raise TypeError(
            "there is no operation for %, // and divmod: write x.data % n for a number, or "
            "x - n * k with the whole number k that you mean"
        )

    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = _no_remainder
    __divmod__ = __rdivmod__ = _no_remainder

    def __neg__(self: T) -> T:
        return _applied(self, ops.neg, (self,))

    def __pos__(self: T) -> T:
        return self

    def __abs__(self: T) -> T:
        return _applied(self, ops.abs, (self,))

    def pow(self: T, exponent: T | float) -> T:
        """``self ** exponent``."""
        return self**exponent

    def clamp(self: T, min: float | None = None, max: float | None = None) -> T:
        """The number, but at least ``min`` and at most ``max``; if min > max, it is max.

        The derivative is 1 within the bounds and on them, and 0 outside.

        Raises:
            TypeError: a bound is not a number. Of two Values, ``maximum`` is the larger.
            ValueError: a bound is nan, or there is none.
        """
        if min is None and max is None:
            raise ValueError("clamp needs a bound: x.clamp(min=0) or x.clamp(max=1)")
        low = -math.inf if min is None else as_float(min)
        high = math.inf if max is None else as_float(max)
        if low != low or high != high:
            raise ValueError(f"the bounds of clamp are numbers; got {shown(min)} and {shown(max)}")
        return _applied(self, clamped(low, high), (self,))

    def clip(self: T, min: float | None = None, max: float | None = None, out: None = None) -> T:
        """``clamp``, under the name that ``np.clip(x, min, max)`` calls."""
        if out is not None:
            raise TypeError(
                f"clip of a Value returns a new Value: leave out= away; got {shown(out)}"
            )
        return self.clamp(min, max)


class _Refusals(threading.local):
    count = 0


_refusals = _Refusals()


@contextmanager
def traced() -> Iterator[None]:
    """Around a function that runs on Unknowns.

    Raises:
        TypeError: the function compared one. If it caught the error, it took another branch than it
            takes for numbers.
    """
    before = _refusals.count
    try:
        yield
        if _refusals.count != before:
            raise TypeError(Unknown.refusal)
    finally:
        _refusals.count = before


class Unknown(Operand):
    """An operand without a number yet. It refuses to be compared.

    A function that branches on it would be traced for one of its branches only.
    """

    __slots__ = ()

    refusal = "a number that is not known yet cannot be compared or converted"

    def _refuse(self, *_: object) -> NoReturn:
        _refusals.count += 1
        raise TypeError(self.refusal)

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __float__ = __int__ = __index__ = _refuse
    __hash__ = object.__hash__
