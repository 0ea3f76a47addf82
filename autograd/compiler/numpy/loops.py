"""Loops as NumPy: ``for t in range(...)``, with what is carried in variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from autograd.compiler.numpy.names import VariableNames
from autograd.compiler.numpy.text import INDENT, Text, number_text, shape_of, statement
from autograd.compiler.numpy.views import Views
from autograd.compiler.program import (
    Array,
    Carried,
    Collect,
    Instruction,
    Loop,
    Slice,
    Stack,
    View,
)

Users = dict[Array, list[tuple[Instruction, View]]]


class LoopWriter:
    """Writes ``Loop`` instructions with the views of a program.

    Args:
        views: write views.
        users: for each array who uses it, and how.
        instruction: writes an instruction of the body.
    """

    def __init__(
        self, views: Views, users: Users, instruction: Callable[[Instruction], list[str]]
    ) -> None:
        self.views, self.users, self.instruction = views, users, instruction
        self.names: VariableNames = views.names
        self.counters: list[str] = []
        self.depth = 0

    def lines(self, loop: Loop) -> list[str]:
        """The lines of one instruction."""
        t, before = self._entered(loop)
        before += [line for s in loop.stacks for line in self._empty(s)]
        for c in loop.carried:
            if self._in_place(loop, c):
                self.names.shared[c.after.array] = c.before
        body = self._body(loop, t)
        self.depth -= 1
        times = f"{loop.count - 1}, -1, -1" if loop.reverse else f"{loop.count}"
        return [*before, f"for {t} in range({times}):", *(INDENT + line for line in body)]

    def _entered(self, loop: Loop) -> tuple[str, list[str]]:
        """The counter, and the lines before a loop, for what is carried and what is sliced. The
        depth is now that of its body."""
        if self.depth == len(self.counters):
            self.counters.append(self.names.free("t"))
        t = self.counters[self.depth]
        self.depth += 1
        before = [line for c in loop.carried for line in self._start(c, loop)]
        for s in loop.slices:
            before += self._slice(s, t)
        return t, before

    def _body(self, loop: Loop, t: str) -> list[str]:
        given = {c.before for c in loop.carried} | {s.inner for s in loop.slices}
        lines: list[str] = []
        for s in loop.stacks:
            if s.inner.array in given:
                lines += self._stacked(s, t)
        for i in loop.body:
            lines += self.instruction(i)
        for s in loop.stacks:
            if s.inner.array not in given:
                lines += self._stacked(s, t)
        for f in loop.finals:
            state = [c.before for c in loop.carried if c.after.key == f.inner.key]
            if state:
                self.views.inlined[f.outer] = Text(self.names[state[0]])
            else:
                text = self._full(f.inner, f.outer)
                lines += statement(f"{self.names.result(f.outer)} =", text, shape_of(f.outer))
        moved = [c for c in loop.carried if self.names.shared.get(c.after.array) is not c.before]
        if moved:
            left = ", ".join(self.names[c.before] for c in moved)
            right = [self._full(c.after, c.before) for c in moved]
            note = shape_of(moved[0].before) if len(moved) == 1 else "for the next step"
            lines += statement(f"{left} =", ", ".join(right), note)
        return lines

    def _start(self, c: Carried, loop: Loop) -> list[str]:
        wanted = self.names.wanted.get(c.after.array, "")
        if wanted and wanted not in self.names.taken:
            name = self.names.leaf(c.before, wanted)
        else:
            name = self.names.leaf(c.before, "d_h1" if loop.reverse else "h1")
        return statement(f"{name} =", self._full(c.start, c.before), shape_of(c.before))

    def _slice(self, s: Slice, t: str) -> list[str]:
        """Have the slice stand where it is used, and if need be the whole array before the loop."""
        views, outer, lines = self.views, s.outer, list[str]()
        if (literal := outer.array.literal()) is not None:
            views.inlined[s.inner] = number_text(literal)
            return lines
        if (at := views.step(outer, t)) is None:
            every = Array(outer.shape, outer.array.kind)
            lines = statement(
                f"{self.names.result(every)} =", views.load(outer).text, shape_of(every)
            )
            outer = View(every, outer.shape, 0, ())
            at = ":, " * every.batched + t
        views.inlined[s.inner] = Text(f"{views.named(outer.array).text}[{at}]")
        return lines

    def _empty(self, s: Stack) -> list[str]:
        dtype = ", np.float32" if self.views.single else ""
        text = f"np.empty({self.views.shape(s.outer)}{dtype})"
        return statement(f"{self.names.result(s.outer)} =", text, shape_of(s.outer))

    def _stacked(self, s: Stack, t: str) -> list[str]:
        at = ":, " * s.outer.batched + t
        text = self.views.load(s.inner, s.outer).text
        return statement(f"{self.names[s.outer]}[{at}] =", text, shape_of(s.inner.array))

    def _full(self, v: View, out: Array) -> str:
        """A view as an array in the shape of ``out``."""
        text = self.views.load(v).text
        if out.batched and not v.array.batched:
            return f"np.broadcast_to({text}, {self.views.shape(out)})"
        if not v.shape and v.array.literal() is not None:
            return f"np.float{32 if self.views.single else 64}({text})"
        return text

    def _in_place(self, loop: Loop, c: Carried) -> bool:
        """Whether a result of the body can at once be the variable that carries it: nothing after
        it needs what was there before."""
        result = c.after.array
        if not c.after.whole or result.kind != c.before.kind or result in self.names.shared:
            return False
        # What an inner loop leaves has the name that it has there.
        outs = [out for i in loop.body if not isinstance(i, Loop) for out in i.outs]
        if result not in outs or len(self.users[result]) < 2:
            return False
        old = {c.before}
        place = next(n for n, i in enumerate(loop.body) if result in i.outs)
        for n, i in enumerate(loop.body):
            if any(v.array in old for v in i.operands):
                # Parts are added one by one to what is at first 0.
                if n > place or (n == place and isinstance(i, Collect)):
                    return False
                if n < place:
                    # Such a text may stand where it is used, which may be later.
                    old.update(out for out in i.outs if len(self.users.get(out, [])) == 1)
        given = {x.before for x in loop.carried} | {s.inner for s in loop.slices}
        late = [x.after for x in loop.carried] + [f.inner for f in loop.finals]
        late += [s.inner for s in loop.stacks if s.inner.array not in given]
        return not any(v.array in old for v in late)


def users_of(instructions: Sequence[Instruction]) -> Iterator[tuple[Array, Instruction, View]]:
    """Each use of an array: the array, the user, and the view of it."""
    for i in instructions:
        if not isinstance(i, Loop):
            yield from ((v.array, i, v) for v in i.operands)
            continue
        outside = [*(c.start for c in i.carried), *(s.outer for s in i.slices)]
        states = [c.after for c in i.carried]
        known = {v.key for v in states}
        handed = [s.inner for s in i.stacks]
        handed += [f.inner for f in i.finals if f.inner.key not in known]
        yield from ((v.array, i, v) for v in (*outside, *states, *handed))
        yield from users_of(i.body)


def from_outside(instructions: Sequence[Instruction]) -> Iterator[Array]:
    """The arrays that loops read from outside in each iteration. Each gets a line before."""
    for i in instructions:
        if isinstance(i, Loop):
            yield from (s.outer.array for s in i.slices)
            own = set(i.inner)
            for inner in i.body:
                yield from (v.array for v in inner.operands if v.array not in own)
            yield from from_outside(i.body)
