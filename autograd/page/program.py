"""Operations as programs that the page can run.

What an operation computes, and its rule for the derivatives, are arithmetic on whatever they are
given. Given the operand below, they write down what they do, step by step. So the page computes
from the operation table, and has no derivative in its own code.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import ops
from autograd.op import Op
from autograd.operand import Unknown, traced
from autograd.real import as_float

PageProgram = dict[str, Any]
"""{"steps": [...], "results": [...]}, for JSON.

A program starts with the list of its inputs. Each step appends one number: a constant, or what a
kernel computes, written [kernel, places...]. The results are places in that list too.
"""


class Tracing:
    """The steps that an expression takes, none of them twice.

    Args:
        given: how many inputs the program has.
        inside: an operation whose own definition is being traced: it may not be a step itself.
    """

    def __init__(self, given: int, inside: Op | None = None) -> None:
        self.given = [Traced(self, place) for place in range(given)]
        self.inside = inside
        self.steps: list[Any] = []
        self._place: dict[object, int] = {}

    def call(self, op: Op, inputs: Sequence[Any]) -> Traced:
        """The operand that the page's kernel for ``op`` computes from ``inputs``."""
        step = [op.name, *map(self._place_of, inputs)]
        return Traced(self, self._append(tuple(step), step))

    def program(self, results: Sequence[Any]) -> PageProgram:
        """What was traced, with the places of the results."""
        places = [self._place_of(x) for x in results]
        return {"steps": self.steps, "results": places}

    def _place_of(self, x: object) -> int:
        if isinstance(x, Traced):
            return x.place
        constant = encoded(as_float(x))
        return self._append(repr(constant), constant)

    def _append(self, key: object, step: Any) -> int:
        if key not in self._place:
            self._place[key] = len(self.given) + len(self.steps)
            self.steps.append(step)
        return self._place[key]


class Traced(Unknown):
    """The operand that writes down its operations as steps."""

    def __init__(self, tracing: Tracing, place: int) -> None:
        self.tracing = tracing
        self.place = place

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> Any:
        """A step where the page has a kernel; for any other operation the steps it consists of."""
        tracing = next(x.tracing for x in inputs if isinstance(x, Traced))
        if isinstance(op, ops.Power):
            if op.exponent == 0.5:
                return Traced.apply_op(ops.sqrt, inputs)
            return Traced.apply_op(ops.pow, [*inputs, op.exponent])
        if op is tracing.inside:
            raise TypeError(f"{op.name} is defined by itself")
        return tracing.call(op, inputs) if has_kernel(op) else op.apply(inputs)


@functools.cache
def has_kernel(op: Op) -> bool:
    """Whether the page computes the operation by a kernel of that name, in graph/kernels.js.

    It does if the operation is built in and its own definition cannot be traced.
    """
    if not op.is_built_in:
        return False
    n = op.arity or 2
    return _traced(Tracing(n, inside=op), lambda xs: [op.apply(xs)]) is None


def forward_program(op: Op, n: int) -> PageProgram | None:
    """The value of the operation at ``n`` inputs; None if it cannot be traced."""
    return _traced(Tracing(n), lambda xs: [Traced.apply_op(op, xs)])


def rule_program(op: Op, n: int, taught: bool = False) -> PageProgram | None:
    """The local derivatives at ``n`` inputs and the output, or None if they cannot be traced.

    Args:
        op: the operation.
        n: how many inputs it has.
        taught: the derivatives as they are taught, not those to compute with.
    """

    def derivatives(given: Sequence[Traced]) -> Sequence[Any]:
        *xs, y = given
        partials = op.apply_rule(y, xs, taught)
        if len(partials) != n:
            raise TypeError("it does not give one derivative per input")
        return partials

    return _traced(Tracing(n + 1), derivatives)


def _traced(
    tracing: Tracing, function: Callable[[Sequence[Traced]], Sequence[Any]]
) -> PageProgram | None:
    try:
        with traced():
            return tracing.program(function(tracing.given))
    except Exception:  # an operation may be any Python; whatever it raises here, it is not steps
        return None


def run_steps(program: PageProgram, given: Sequence[float]) -> list[float]:
    """The program as the page runs it."""
    numbers = list(given)
    for step in program["steps"]:
        if isinstance(step, list):
            kernel, *places = step
            numbers.append(ops.TABLE[kernel].compute([numbers[place] for place in places]))
        else:
            numbers.append(float(step))
    return [numbers[place] for place in program["results"]]


def encoded(x: float) -> float | str:
    """A number as JSON can carry it: "nan", "inf" and "-inf" are text."""
    return x if math.isfinite(x) else str(x)
