"""Loops as ``jax.lax.scan``: a function of what is carried and of t, and one call of it."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.numpy.loops import LoopWriter
from autograd.compiler.numpy.text import CALL, INDENT, Text, element, shape_of, statement
from autograd.compiler.program import Array, Final, Loop, Slice, Stack, View


class ScanWriter(LoopWriter):
    """Writes ``Loop`` instructions as scans."""

    def lines(self, loop: Loop) -> list[str]:
        """The lines of one instruction."""
        t, before = self._entered(loop)
        state = _tuple([self.names[c.before] for c in loop.carried])
        step, given_state = self.names.free("step1"), self.names.free("state1")
        body = [f"{state} = {given_state}"] if loop.carried else []
        for i in loop.body:
            body += self.instruction(i)
        left = [self._full(c.after, c.before) for c in loop.carried]
        handed = self._handed(loop)
        given = [self._full(h.inner, self._alone(h)) for h in handed]
        body += statement("return", f"{_tuple(left)}, {_tuple(given)}", "for the next step")
        self.depth -= 1
        outs = [self.names.result(h.outer) for h in handed]
        steps = f"np.arange({loop.count}){', reverse=True' * loop.reverse}"
        call = f"jax.lax.scan({step}, {state}, {steps})"
        lines = [
            *before,
            f"def {step}({given_state}, {t}):",
            *(INDENT + line for line in body),
            f"{state if loop.carried else '_'}, {_tuple(outs) if outs else '_'} = {call}",
        ]
        for h, name in zip(handed, outs):
            lines += self._placed(h, name, loop.reverse)
        return lines

    def _handed(self, loop: Loop) -> Sequence[Stack | Final]:
        """What every iteration hands out. A final that is carried is known by that name."""
        states = {c.after.key: c.before for c in loop.carried}
        handed: list[Stack | Final] = list(loop.stacks)
        for f in loop.finals:
            if f.inner.key in states:
                self.views.inlined[f.outer] = Text(self.names[states[f.inner.key]])
            else:
                handed.append(f)
        return handed

    def _full(self, v: View, out: Array) -> str:
        """A view as an array in the shape of ``out``. (What is carried keeps its type.)"""
        literal = v.array.literal()
        if literal is None:
            return super()._full(v, out)
        dtype = f"np.float{32 if self.views.single else 64}"
        return f"np.full({self.views.shape(out)}, {element(literal)}, {dtype})"

    def _alone(self, h: Stack | Final) -> Array:
        """The array that one iteration hands out."""
        shape = h.outer.shape if isinstance(h, Final) else h.outer.shape[1:]
        return Array(shape, h.outer.kind)

    def _placed(self, h: Stack | Final, name: str, reverse: bool) -> list[str]:
        """Scan puts the steps along the first axis; with a batch they belong along the second."""
        if isinstance(h, Final):
            return statement(f"{name} =", f"{name}[{0 if reverse else -1}]", shape_of(h.outer))
        if h.outer.batched:
            self.views.inlined[h.outer] = Text(name).exchanged
        return []

    def _slice(self, s: Slice, t: str) -> list[str]:
        """The same; and what a scan gave is read as it gave it."""
        x, at = self.views.inlined.get(s.outer.array), self.views.step(s.outer, t)
        if x and x.turned and at:
            first, *rest = at.split(", ")[1:]  # without the batch
            if ":" not in first:
                places = ", ".join([first, *([":", *rest] if rest else [])])
                self.views.inlined[s.inner] = Text(f"{x.turned.within(CALL)}[{places}]")
                return []
        return super()._slice(s, t)


def _tuple(names: Sequence[str]) -> str:
    """The names as a tuple; one stands alone, and none is None."""
    return names[0] if len(names) == 1 else f"({', '.join(names)})" if names else "None"
