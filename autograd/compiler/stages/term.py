"""Writing instructions: one by one, or by arithmetic on terms."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.program import Array, Instruction, Map, Reduce, Shape, View, view, whole
from autograd.compiler.stages.trace import CONSTANT, PARAMETER
from autograd.operand import Unknown
from autograd.ops import Op


class InstructionWriter:
    """Writes instructions. It simplifies those that would change nothing.

    Args:
        exact: whether no bit may change, as in the user's own formulas. Derivatives are ours:
            there 2 * (3 * x) becomes 6 * x, and x + x + x becomes 3 * x.
    """

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.instructions: list[Instruction] = []
        self.constants: list[Array] = []
        self._made_by: dict[Array, Instruction] = {}
        self._known: dict[Any, View] = {}
        self._literals: dict[str, Array] = {}

    def add(self, i: Instruction) -> None:
        """Add an instruction."""
        self.instructions.append(i)
        self.note([i])

    def note(self, instructions: Sequence[Instruction]) -> None:
        """Instructions that stand elsewhere, before those that are written here."""
        self._made_by.update((out, i) for i in instructions for out in i.outs)

    def inner(self) -> InstructionWriter:
        """A writer for the body of a loop, with the same constants."""
        writer = InstructionWriter()
        writer.constants, writer._literals = self.constants, self._literals
        return writer

    def literal(self, x: float, shape: Shape) -> View:
        """A number at every place."""
        if repr(x) not in self._literals:
            array = self._literals[repr(x)] = Array((), CONSTANT, numbers=np.array(x))
            self.constants.append(array)
        return View(self._literals[repr(x)], shape, 0, (0,) * len(shape))

    def reduce(self, v: View, kept: int, over_batch: bool, op: Op = ops.sum) -> View:
        """The operation, a sum, over the axes after the first ``kept``, and over the batch."""
        kind = PARAMETER if over_batch else v.array.kind
        out = Array(v.shape[:kept], kind)
        self.add(Reduce(out, op, v, over_batch))
        return whole(out)

    def map(self, op: Op, operands: Sequence[View | float], shape: Shape) -> View:
        """An operation, element by element."""
        views = [v if isinstance(v, View) else self.literal(v, shape) for v in operands]
        if op is ops.mul and views[1].array.literal() is not None:
            views.reverse()
        if simpler := self._simpler(op, views, shape):
            return simpler
        key = (op, *(v.key for v in views))
        if key not in self._known:
            out = Array(shape, max(v.array.kind for v in views))
            self.add(Map(out, op, tuple(views)))
            self._known[key] = whole(out)
        return self._known[key]

    def _simpler(self, op: Op, views: list[View], shape: Shape) -> View | None:
        literals = [v.array.literal() for v in views]
        if None not in literals:
            numbers = [x for x in literals if x is not None]
            return self.literal(op.compute(_as_inputs(op, numbers)), shape)
        if op is ops.mul:
            factor, (_, other) = literals[0], views
            if factor == 1:
                return other
            if factor == -1:
                return self.map(ops.neg, [other], shape)
            inner = self._made_by.get(other.array)
            if factor is not None and isinstance(inner, Map) and other.whole and not self.exact:
                of_inner = [v.array.literal() for v in inner.operands]
                if inner.op is ops.mul and of_inner[0] is not None:
                    return self.map(ops.mul, [factor * of_inner[0], inner.operands[1]], shape)
                if inner.op is ops.neg:
                    return self.map(ops.mul, [-factor, inner.operands[0]], shape)
        if op in (ops.sum, ops.add):
            distinct = {v.key: v for v in views}
            if len(distinct) < len(views) and not self.exact:
                keys = [v.key for v in views]
                times = [
                    self.map(ops.mul, [float(keys.count(k)), v], shape) for k, v in distinct.items()
                ]
                return self.map(ops.sum, times, shape)
            if len(views) == 1:
                return views[0]
        return None


def _as_inputs(op: Op, numbers: list[float]) -> list[float]:
    # Here an addition may have more than two terms.
    return [numbers[0], builtins.sum(numbers[1:])] if op is ops.add else numbers


class Term(Unknown):
    """An operand that writes instructions: rules and forwards are traced with it."""

    def __init__(self, writer: InstructionWriter, v: View) -> None:
        self.writer, self.view = writer, v

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> Term:
        """The instruction for an operation of which an input is a term."""
        first = next(x for x in inputs if isinstance(x, Term))
        views = [x.view if isinstance(x, Term) else float(x) for x in inputs]
        return Term(first.writer, first.writer.map(op, views, first.view.shape))


class EveryTerm(Term):
    """All terms of a reduction, in place of a list of them. Most operations go element by element;
    one of any number of inputs takes all of them, and its result stands at each."""

    def __init__(self, writer: InstructionWriter, v: View, kept: int) -> None:
        super().__init__(writer, v)
        self.kept = kept

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> EveryTerm:
        """The instruction, of which an input is such a term."""
        first = next(x for x in inputs if isinstance(x, EveryTerm))
        writer, v, kept = first.writer, first.view, first.kept
        if op.arity is None:
            reduced = writer.reduce(v, kept, over_batch=False, op=op)
            return EveryTerm(writer, spread(reduced, v.shape), kept)
        return EveryTerm(writer, Term.apply_op(op, inputs).view, kept)


def spread(v: View, shape: Shape) -> View:
    """A view repeated along new last axes."""
    extra = len(shape) - len(v.shape)
    if v.index is not None:
        return view(v.array, np.broadcast_to(v.index.reshape(v.shape + (1,) * extra), shape))
    return View(v.array, shape, v.offset, v.strides + (0,) * extra)
