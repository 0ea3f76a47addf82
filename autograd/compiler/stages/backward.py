"""The backward pass of a program.

The chain rule once more, on arrays: instructions are visited from the last to the first, and each
gives its operands *partial times adjoint*. The partials come from the rules of the operations, run
on terms that write instructions. A product of matrices gives two more products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd import ops
from autograd.compiler.algebra import CUTS
from autograd.compiler.program import (
    Array,
    Carried,
    Collect,
    Contract,
    Final,
    Instruction,
    Loop,
    Map,
    Reduce,
    Scatter,
    Simple,
    Slice,
    Stack,
    Take,
    View,
    turned,
    whole,
)
from autograd.compiler.stages.loops.lift import lifted_view, new_label, split
from autograd.compiler.stages.partials import rule
from autograd.compiler.stages.rewrite import with_views
from autograd.compiler.stages.term import EveryTerm, InstructionWriter, Term, spread
from autograd.compiler.stages.trace import INPUT, PARAMETER
from autograd.compiler.views import aligned, moved, picked

Factor = tuple[View, str]
"""A view and its labels in a product."""


class Backward:
    """The backward pass through instructions, which it writes.

    Args:
        writer: to write with.
        instructions: of the forward pass.
        on_the_way: the arrays that depend on what is differentiated by. Only these get adjoints.

    Attributes:
        instructions: of the forward pass; loops also stack what the backward pass needs.
        forward: the arrays of the forward pass.
        shifted: the results of subtractions whose second operand gets no adjoint.
    """

    def __init__(
        self, writer: InstructionWriter, instructions: Sequence[Instruction], on_the_way: set[Array]
    ) -> None:
        self.writer, self.on_the_way = writer, on_the_way
        self.instructions = list(instructions)
        self.forward = {out for i in instructions for out in i.outs}
        self.shifted: set[Array] = set()
        self.contributions: dict[Array, list[tuple[View, View]]] = {}
        writer.note(instructions)

    def run(self) -> None:
        """Visit the instructions from the last to the first."""
        for place in range(len(self.instructions) - 1, -1, -1):
            i = self.instructions[place]
            if isinstance(i, Loop):
                self.instructions[place] = loop = self._loop(i)
                self.forward.update(loop.outs)
            elif i.out in self.on_the_way and (adjoint := self.adjoint(i.out)):
                self._instruction(i, adjoint)

    def _instruction(self, i: Simple, adjoint: View) -> None:
        if isinstance(i, Map):
            matter = 1 if i.out in self.shifted else len(i.operands)
            for v, partial in zip(i.operands[:matter], self._partials(i)):
                if v.array in self.on_the_way and not (i.op in CUTS and partial == 0):
                    part = self.writer.map(ops.mul, [adjoint, partial], i.out.shape)
                    self.give(v, part, whole(i.out))
        elif isinstance(i, Reduce):
            self._reduce(i, adjoint)
        elif isinstance(i, Contract):
            self._contract(i, adjoint)
        elif isinstance(i, Take):
            if i.columns.array in self.on_the_way:
                self.take(i.columns, adjoint, i.index)
        elif isinstance(i, Collect):
            for place, v in zip(i.places, i.parts):
                if v.array in self.on_the_way:
                    self.give(v, picked(adjoint, place), whole(i.out))

    def _loop(self, loop: Loop) -> Loop:
        """Write the loop backward. The result is the loop itself, which stacks what that needs."""
        adjoints = {out: x for out in loop.outs if (x := self.adjoint(out))}
        return _InLoop(self, loop).write(adjoints) if adjoints else loop

    def _partials(self, i: Map) -> Sequence[View | float]:
        if i.op in (ops.sum, ops.add):
            return [1.0] * len(i.operands)
        y, *xs = (Term(self.writer, v) for v in (whole(i.out), *i.operands))
        return rule(i.op, y, xs)

    def _reduce(self, i: Reduce, adjoint: View) -> None:
        v, kept = i.operand, len(i.out.shape)
        if v.array not in self.on_the_way:
            return
        part = spread(adjoint, v.shape)
        if i.op is not ops.sum:
            # Such an operation treats all of its terms alike.
            y = EveryTerm(self.writer, spread(whole(i.out), v.shape), kept)
            (partial,) = rule(i.op, y, [EveryTerm(self.writer, v, kept)])
            part = self.writer.map(ops.mul, [part, partial], v.shape)
        self.give(v, part, whole(i.out))

    def _contract(self, i: Contract, adjoint: View) -> None:
        of_left, of_right, of_out = i.labels
        for v, labels, other, others in (
            (i.left, of_left, i.right, of_right),
            (i.right, of_right, i.left, of_left),
        ):
            if v.array not in self.on_the_way:
                continue
            self.product(v, labels, (adjoint, of_out), (other, others), i.out.batched)

    def product(self, v: View, labels: str, d: Factor, other: Factor, batched: bool) -> None:
        """Give a factor ``v`` of a product its part: the adjoint d times the other factor.

        ``batched`` says whether the product has a batch.
        """
        (d_view, of_d), (other_view, of_other) = d, other
        over_batch = batched and not v.array.batched
        if over_batch and not d_view.array.batched and not other_view.array.batched:
            d_view = self.writer.reduce(d_view, len(d_view.shape), over_batch=True)
        batched = not over_batch and (d_view.array.batched or other_view.array.batched)
        kind = max(d_view.array.kind, other_view.array.kind) if batched else PARAMETER
        out = Array(v.shape, kind)
        self.writer.add(Contract(out, d_view, other_view, (of_d, of_other, labels)))
        self.give(v, whole(out), whole(out))

    def take(self, columns: View, part: View, index: View) -> None:
        """Give a table, of which numbers were taken, their adjoints."""
        table = columns.array
        out = Array(table.shape, INPUT if table.batched else PARAMETER, adjoint_of=table)
        self.writer.add(Scatter(out, moved(columns, out), part, index))
        self.give(whole(table), whole(out), whole(out))

    def give(self, v: View, part: View, of: View) -> None:
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

    def adjoint(self, array: Array) -> View | None:
        """The sum of all contributions to an array."""
        given = self.contributions.pop(array, [])
        wholes, rest = [], []
        for place, part in given:
            straight = aligned(place, part)
            if straight is None:
                rest.append((place, part))
            else:
                wholes.append(straight)
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
        pairs = [(moved(place, out), part) for place, part in [*parts, *rest]]
        places, values = zip(*pairs)
        self.writer.add(Collect(out, places, values))
        return whole(out)


class _InLoop(Backward):
    """The backward pass through a loop: a loop the other way round, over the backward pass through
    the body. What the adjoints need of the forward pass, the loop stacks. The adjoint of an array
    from outside is the sum over all iterations, which is taken after the loop.

    Attributes:
        every: for an array of an iteration, the view of all of them outside.
    """

    def __init__(self, outer: Backward, loop: Loop) -> None:
        super().__init__(outer.writer.inner(), loop.body, outer.on_the_way)
        self.outer, self.loop = outer, loop
        self.forward |= set(loop.inner)
        self.stacks = list(loop.stacks)
        self.every: dict[Array, View] = {s.inner: s.outer for s in loop.slices}
        self.every |= {s.inner.array: whole(s.outer) for s in loop.stacks if s.inner.whole}
        self.carried: list[Carried] = []
        self.slices: list[Slice] = []
        self.handed: list[Stack] = []
        self.fresh: dict[Array, Array] = {}
        self.gifts: list[tuple[View, View, View]] = []
        self.products: list[tuple[View, str, Factor, Factor, bool]] = []
        self.taken: list[tuple[View, View, View]] = []

    def give(self, v: View, part: View, of: View) -> None:
        """As ``Backward.give``; for an array from outside it is noted for later."""
        if v.array in self.forward:
            super().give(v, part, of)
        elif v.array in self.on_the_way:
            self.gifts.append((v, self._gathered(part), of))

    def product(self, v: View, labels: str, d: Factor, other: Factor, batched: bool) -> None:
        """As ``Backward.product``; for a factor from outside it is noted for later."""
        if v.array in self.forward:
            super().product(v, labels, d, other, batched)
        else:
            d, other = ((self._gathered(x), of_x) for x, of_x in (d, other))
            self.products.append((v, labels, d, other, batched))

    def take(self, columns: View, part: View, index: View) -> None:
        """As ``Backward.take``; for a table from outside it is noted for later."""
        if columns.array in self.forward:
            super().take(columns, part, index)
        else:
            self.taken.append((columns, part, index))

    def _gathered(self, v: View) -> View:
        """What a view picks by an index, as an array. The view of all iterations needs no index
        then."""
        if v.index is None:
            return v
        out = Array(v.shape, v.array.kind)
        self.writer.add(Map(out, ops.sum, (v,)))
        return whole(out)

    def write(self, adjoints: dict[Array, View]) -> Loop:
        """Write the loop of adjoints, given those of the results. Return the loop forward."""
        loop = self.loop
        for s in loop.stacks:
            if s.outer in adjoints:
                self.give(s.inner, self._sliced(adjoints[s.outer]), s.inner)
        starts = self._states(adjoints)
        self.run()
        given: list[tuple[View, Array]] = []
        finals: list[Final] = []
        for c, later, start in starts:
            adjoint = self.adjoint(c.before) or self.writer.literal(0.0, c.before.shape)
            self.carried.append(Carried(start, later, adjoint))
            finals.append(Final(Array(c.before.shape, adjoint.array.kind), adjoint))
            given.append((c.start, finals[-1].outer))
        for x in loop.slices:
            if of_slice := self.adjoint(x.inner):
                self.handed.append(Stack(Array(x.outer.shape, of_slice.array.kind), of_slice))
                given.append((x.outer, self.handed[-1].outer))
        for _, part, _ in self.gifts:
            self._outside(part.array)
        for _, _, (d, _), (other, _), _ in self.products:
            self._outside(d.array)
            self._outside(other.array)
        for _, part, index in self.taken:
            self._outside(part.array)
            self._outside(index.array)
        for i in split(self._reversed(finals)):
            self.outer.writer.add(i)
        for v, array in given:
            self.outer.give(v, whole(array), whole(array))
        self._give_sums()
        return replace(loop, body=tuple(self.instructions), stacks=tuple(self.stacks))

    def _states(self, adjoints: dict[Array, View]) -> list[tuple[Carried, Array, View]]:
        """The adjoint of each state: what is carried, the adjoint that the iteration after leaves,
        and what that is at first."""
        finals = [f for f in self.loop.finals if f.outer in adjoints]
        states = []
        for c in self.loop.carried:
            if c.before in self.on_the_way:
                start = self.writer.literal(0.0, c.before.shape)
                for f in [f for f in finals if f.inner.key == c.after.key][:1]:
                    finals.remove(f)
                    start = adjoints[f.outer]
                later = Array(c.before.shape, INPUT if c.before.batched else PARAMETER)
                states.append((c, later, start))
                self.give(c.after, whole(later), whole(later))
        for f in finals:
            # The last iteration alone hands it out: its adjoint is 0 in all others.
            once = Array(f.inner.shape, adjoints[f.outer].array.kind)
            zero = self.writer.literal(0.0, once.shape)
            self.carried.append(Carried(adjoints[f.outer], once, zero))
            self.give(f.inner, whole(once), whole(once))
        return states

    def _sliced(self, adjoint: View) -> View:
        """What an iteration sees of the adjoint of a stacked array."""
        if (literal := adjoint.array.literal()) is not None:
            return self.writer.literal(literal, adjoint.shape[1:])
        self.slices.append(Slice(adjoint, Array(adjoint.shape[1:], adjoint.array.kind)))
        self.every[self.slices[-1].inner] = adjoint
        return whole(self.slices[-1].inner)

    def _outside(self, array: Array) -> None:
        """Have an array of each iteration outside."""
        own = array in self.forward
        if array in self.every or not (own or array in self._made()):
            return
        stacks = self.stacks if own else self.handed
        known = [s for s in stacks if s.inner.array is array and s.inner.whole]
        if not known:
            outer = Array((self.loop.count, *array.shape), array.kind)
            stacks.append(Stack(outer, whole(array)))
        self.every[array] = whole((known or stacks[-1:])[0].outer)

    def _made(self) -> set[Array]:
        made = {out for i in self.writer.instructions for out in i.outs}
        return made | {c.before for c in self.carried}

    def _reversed(self, finals: list[Final]) -> Loop:
        """The loop of adjoints."""
        body = [with_views(i, self._seen) for i in self.writer.instructions]
        carried = [replace(c, after=self._seen(c.after)) for c in self.carried]
        stacks = [replace(s, inner=self._seen(s.inner)) for s in self.handed]
        last = [replace(f, inner=self._seen(f.inner)) for f in finals]
        return Loop(
            self.loop.count,
            tuple(body),
            tuple(carried),
            tuple(self.slices),
            tuple(stacks),
            tuple(last),
            not self.loop.reverse,
        )

    def _seen(self, v: View) -> View:
        """A view in the loop of adjoints, to which the arrays of the forward pass are slices."""
        if v.array not in self.forward:
            return v
        if v.array not in self.fresh:
            self._outside(v.array)
            self.fresh[v.array] = Array(v.array.shape, v.array.kind)
            self.slices.append(Slice(self.every[v.array], self.fresh[v.array]))
        return View(self.fresh[v.array], v.shape, v.offset, v.strides, v.index)

    def _give_sums(self) -> None:
        """Give what has been noted: the sums over all iterations."""
        count, every, outer = self.loop.count, self.every, self.outer
        for v, part, of in self.gifts:
            parts = lifted_view(part, count, every)
            if v.index is None:
                outer.give(lifted_view(v, count, {}), parts, of)
            else:
                last = turned(parts, [*range(1, len(parts.shape)), 0])
                over_batch = of.array.batched and not v.array.batched
                total = outer.writer.reduce(last, len(v.shape), over_batch)
                outer.give(v, total, total)
        for v, labels, (d, of_d), (other, of_other), batched in self.products:
            step = new_label(labels + of_d + of_other)
            d, of_d = lifted_view(d, count, every), step + of_d
            if other.array in every:
                other, of_other = lifted_view(other, count, every), step + of_other
            outer.product(v, labels, (d, of_d), (other, of_other), batched)
        for columns, part, index in self.taken:
            part, index = (lifted_view(v, count, every) for v in (part, index))
            outer.take(lifted_view(columns, count, {}), part, index)
