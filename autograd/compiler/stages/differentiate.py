"""Differentiate: a program of the results becomes a program of the results and their gradients.

The chain rule once more, on arrays: instructions are visited from the last to the first, and each
gives its operands *partial times adjoint*. The partials come from the rules of the operations, run
on terms that write instructions. A product of matrices gives two more products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Map,
    Program,
    Reduce,
    Simple,
    View,
    turned,
    view,
    whole,
)
from autograd.compiler.stages.expand import one_for_each, partial_in_python
from autograd.compiler.stages.needed import needed
from autograd.compiler.stages.term import EveryTerm, InstructionWriter, Term, spread
from autograd.compiler.stages.trace import PARAMETER
from autograd.ops import Op


def differentiate(program: Program, arguments: bool = False) -> Program:
    """The program with the gradients of the sum of its results, summed over the batch too.

    Args:
        program: the result of ``layout``.
        arguments: differentiate by the inputs too, and not only by the parameters.
    """
    return needed(_Backward(program, arguments).program())


class _Backward:
    def __init__(self, program: Program, arguments: bool) -> None:
        self.source = program
        self.writer = InstructionWriter()
        self.contributions: dict[Array, list[tuple[View, View]]] = {}
        self.targets = [block.array for block in program.blocks]
        self.targets += program.arguments if arguments else []
        on_the_way = set(self.targets)
        for i in program.flat():
            if any(v.array in on_the_way for v in i.operands):
                on_the_way.add(i.out)
        self.on_the_way = on_the_way
        self.forward = set(program.arrays())

    def program(self) -> Program:
        """The given program, followed by its backward pass."""
        source = self.source
        self.writer.add_all(source.instructions)
        seed = self.writer.literal(1.0, source.outputs.shape)
        if source.arguments and not source.outputs.array.batched:
            # A result that is the same for all rows counts once per row.
            seed = self.writer.reduce(seed, len(seed.shape), over_batch=True)
        self._give(source.outputs, seed, source.outputs)
        for i in reversed(source.flat()):
            if i.out in self.on_the_way and (adjoint := self._adjoint(i.out)):
                self._instruction(i, adjoint)
        gradients = {array: self._adjoint(array) for array in self.targets}
        return Program(
            source.arguments,
            source.parameters,
            source.blocks,
            source.constants + self.writer.constants,
            self.writer.instructions,
            source.outputs,
            source.single,
            source.failures,
            gradients,
            source.forward,
        )

    def _instruction(self, i: Simple, adjoint: View) -> None:
        if isinstance(i, Map):
            for v, partial in zip(i.operands, self._partials(i)):
                if v.array in self.on_the_way and not _is(partial, 0):
                    part = self.writer.map(ops.mul, [adjoint, partial], i.out.shape)
                    self._give(v, part, whole(i.out))
        elif isinstance(i, Reduce):
            self._reduce(i, adjoint)
        elif isinstance(i, Contract):
            self._contract(i, adjoint)
        else:
            for place, v in zip(i.places, i.parts):
                if v.array in self.on_the_way:
                    self._give(v, _pick(adjoint, place), whole(i.out))

    def _partials(self, i: Map) -> Sequence[View | float]:
        if i.op in (ops.sum, ops.add):
            return [1.0] * len(i.operands)
        y, *xs = (Term(self.writer, v) for v in (whole(i.out), *i.operands))
        return _rule(i.op, y, xs)

    def _reduce(self, i: Reduce, adjoint: View) -> None:
        v, kept = i.operand, len(i.out.shape)
        if v.array not in self.on_the_way:
            return
        part = spread(adjoint, v.shape)
        if i.op is not ops.sum:
            # Such an operation treats all of its terms alike.
            y = EveryTerm(self.writer, spread(whole(i.out), v.shape), kept)
            (partial,) = _rule(i.op, y, [EveryTerm(self.writer, v, kept)])
            part = self.writer.map(ops.mul, [part, partial], v.shape)
        self._give(v, part, whole(i.out))

    def _contract(self, i: Contract, adjoint: View) -> None:
        of_left, of_right, of_out = i.labels
        for v, labels, other, others in (
            (i.left, of_left, i.right, of_right),
            (i.right, of_right, i.left, of_left),
        ):
            if v.array not in self.on_the_way:
                continue
            d = adjoint
            over_batch = i.out.batched and not v.array.batched
            if over_batch and not d.array.batched and not other.array.batched:
                d = self.writer.reduce(d, len(d.shape), over_batch=True)
            batched = not over_batch and (d.array.batched or other.array.batched)
            kind = max(d.array.kind, other.array.kind) if batched else PARAMETER
            out = Array(v.shape, kind)
            self.writer.add(Contract(out, d, other, (of_out, others, labels)))
            self._give(v, whole(out), whole(out))

    def _give(self, v: View, part: View, of: View) -> None:
        """Note that ``part``, which has the shape of ``v``, is added to the adjoint of ``v``."""
        if v.array not in self.on_the_way:
            return
        over_batch = of.array.batched and not v.array.batched
        place = v
        if v.index is None:
            repeated = [a for a, n in enumerate(v.shape) if v.strides[a] == 0 and n > 1]
            kept = [a for a in range(len(v.shape)) if a not in repeated]
            if repeated or over_batch:
                part = turned(part, kept + repeated)
                part = self.writer.reduce(part, len(kept), over_batch)
                shape = tuple(v.shape[a] for a in kept)
                place = View(v.array, shape, v.offset, tuple(v.strides[a] for a in kept))
        elif over_batch:
            part = self.writer.reduce(part, len(part.shape), over_batch)
        self.contributions.setdefault(v.array, []).append((place, part))

    def _adjoint(self, array: Array) -> View | None:
        """The sum of all contributions to an array."""
        given = self.contributions.pop(array, [])
        wholes, rest = [], []
        for place, part in given:
            aligned = _aligned(place, part)
            if aligned is None:
                rest.append((place, part))
            else:
                wholes.append(aligned)
        if not given:
            return None
        total = self.writer.map(ops.sum, wholes, array.shape) if wholes else None
        if not rest:
            if total and total.whole and total.array not in self.forward:
                total.array.adjoint_of = total.array.adjoint_of or array
            return total
        parts = [(whole(array), total)] if total else []
        kind = max(part.array.kind for _, part in given)
        out = Array(array.shape, array.kind if array.batched else kind, adjoint_of=array)
        pairs = [(_moved(place, out), part) for place, part in [*parts, *rest]]
        places, values = zip(*pairs)
        self.writer.add(Collect(out, places, values))
        return whole(out)


def _aligned(place: View, part: View) -> View | None:
    """The part in the order of the whole array, if it covers each place of the array once."""
    array = place.array
    if place.whole:
        return part
    if place.size != array.size:
        return None
    order = np.argsort(place.lanes().reshape(-1), kind="stable")
    if not np.array_equal(place.lanes().reshape(-1)[order], np.arange(array.size)):
        return None
    return view(part.array, part.lanes().reshape(-1)[order].reshape(array.shape))


def _moved(v: View, array: Array) -> View:
    return View(array, v.shape, v.offset, v.strides, v.index)


def _pick(v: View, places: View) -> View:
    """The lanes at ``places`` of an array, from ``v``, a view in the shape of that array."""
    return view(v.array, v.lanes().reshape(-1)[places.lanes()])


def _rule(op: Op, y: Term, xs: Sequence[Term]) -> Sequence[View | float]:
    """The partials of an operation, traced from its rule, or where that cannot be traced computed
    in Python, number by number."""
    try:
        partials = [_plain(p) for p in op.apply_rule(y, xs)]
        if len(partials) != len(xs):
            raise ValueError(one_for_each(op, partials, xs))
        return partials
    except Exception:  # whatever a user's rule raises on what is not a number
        shape, views = y.view.shape, [x.view for x in xs]
        by_each = (partial_in_python(op, place) for place in range(len(xs)))
        return [y.writer.map(partial, views, shape) for partial in by_each]


def _plain(p: Any) -> View | float:
    return p.view if isinstance(p, Term) else float(p)


def _is(x: View | float, number: float) -> bool:
    if isinstance(x, View):
        literal = x.array.literal()
        return literal is not None and literal == number
    return x == number
