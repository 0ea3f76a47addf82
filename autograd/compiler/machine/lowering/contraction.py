"""Products of matrices as lines for the machine: which label goes over which axis of an opcode."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autograd.compiler.machine.amount import ONE, PADDED, REAL, ZERO, Amount, amount
from autograd.compiler.machine.lowering.axes import Axis, Start, joined, over
from autograd.compiler.machine.lowering.sparse import sparse
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import Flag, Opcode
from autograd.compiler.machine.table import Line
from autograd.compiler.program import Array, Contract, whole

DST, A, B = 0, 1, 2


def contract(
    writer: Writer, i: Contract, given: Collection[Array], finite: Collection[Array]
) -> None:
    """The lines of a product. If it sums over the rows of a block, it adds to the result.

    Args:
        given: the arguments of the function, in which many numbers may be 0.
        finite: weights that are known to be finite.
    """
    labels = [i.labels[2], *i.labels[:2]]
    views = [whole(i.out), i.left, i.right]
    places = [writer.place(v) for v in views]
    axes = []
    for label in dict.fromkeys("".join(labels)):
        steps, size = [ZERO] * 3, 1
        for k, (v, own, (_, of_view)) in enumerate(zip(views, labels, places)):
            if label in own:
                steps[k], size = of_view[own.index(label)], v.shape[own.index(label)]
        axes.append(Axis(amount(size), tuple(steps)))
    starts = [start for start, _ in places]
    in_rows = [writer.has_rows(start) for start in starts]
    over_rows = any(in_rows) and not in_rows[DST]
    if any(in_rows):
        rows = tuple(ONE if r else ZERO for r in in_rows)
        axes.append(Axis(REAL if over_rows else PADDED, rows))
    axes = _joined(axes)
    if sparse(writer, starts, axes, given, finite):
        return
    if all(axis.steps[DST] for axis in axes) and any(axis.steps[DST] == ONE for axis in axes):
        writer.each(Opcode.MUL, starts, axes)  # nothing is summed
    else:
        _Product(writer, starts, axes, over_rows).write()


def _joined(axes: Sequence[Axis]) -> list[Axis]:
    """Any two axes joined that every operand goes through evenly, until there are none."""
    axes = [a for a in axes if a.size != ONE]
    for outer in axes:
        for inner in axes:
            if outer is not inner and (one := joined(outer, inner)):
                return _joined([*(a for a in axes if a is not outer and a is not inner), one])
    return axes


@dataclass
class _Form:
    """A way to write a product: the opcode, and the axis for each of its sizes.

    Attributes:
        turned: whether the factors change places.
        m, j, k, v: axes of the result by the first factor, by the second, of the sum, of both.
    """

    opcode: Opcode
    turned: bool
    m: Axis
    j: Axis
    k: Axis
    v: Axis

    @property
    def axes(self) -> list[Axis]:
        """Those that one line goes over."""
        return [self.m, self.j, self.k, self.v]


def _none(steps: Amount = ZERO) -> Axis:
    return Axis(ONE, (steps,) * 3)


class _Product:
    def __init__(self, writer: Writer, starts: list[Start], axes: list[Axis], adds: bool) -> None:
        self.writer, self.starts, self.axes, self.adds = writer, starts, axes, adds

    def write(self) -> None:
        """The lines of the cheapest form."""
        forms = [f for turned in (False, True) for f in self._forms(turned)]
        form = min((f for f in forms if self._whole(f)), key=self._cost)
        peeled = [a for a in self.axes if not any(a is x for x in form.axes)]
        summed = [a for a in peeled if not a.steps[DST]]
        adds = self.adds
        if summed and not adds:
            kept = [a for a in self.axes if a.steps[DST]]
            kept.sort(key=lambda a: a.steps[DST] == ONE)
            self.writer.clear(self.starts[DST], kept)
            adds = True
        flags = Flag.ACCUMULATE if adds else Flag(0)
        kept_first = sorted(peeled, key=lambda a: not a.steps[DST])
        over(self.writer.lines, kept_first, self.starts, lambda at: self._line(form, at, flags))

    def _line(self, form: _Form, at: list[Start], flags: Flag) -> None:
        a, b = (B, A) if form.turned else (A, B)
        m, j, k, v = form.axes
        dst, left, right = at[DST], at[a], at[b]
        number = ZERO
        if form.opcode is Opcode.PRODUCT:
            sizes = (m.size, k.size, j.size)
            operands = (
                dst.operand(m.steps[DST]),
                left.operand(m.steps[a], k.steps[a]),
                right.operand(k.steps[b]),
            )
        elif form.opcode is Opcode.PRODUCT_INNER:
            sizes = (m.size, j.size, k.size)
            operands = (
                dst.operand(m.steps[DST], j.steps[DST]),
                left.operand(m.steps[a]),
                right.operand(j.steps[b]),
            )
        else:
            sizes = (m.size, j.size, v.size)
            number = k.size
            operands = (
                dst.operand(m.steps[DST], j.steps[DST]),
                left.operand(m.steps[a], k.steps[a]),
                right.operand(j.steps[b], k.steps[b]),
            )
            flags |= Flag.A_BROADCAST if v.steps[a] == ZERO else Flag(0)
            flags |= Flag.B_BROADCAST if v.steps[b] == ZERO else Flag(0)
        self.writer.lines.append(Line(form.opcode, sizes, (*operands, None), flags, number))

    # --- the ways ---

    def _forms(self, turned: bool) -> list[_Form]:
        a, b = (B, A) if turned else (A, B)
        of_a = [x for x in self.axes if x.steps[DST] and x.steps[a] and not x.steps[b]]
        of_b = [x for x in self.axes if x.steps[DST] and x.steps[b] and not x.steps[a]]
        summed = [x for x in self.axes if not x.steps[DST]]
        forms = []
        inner = [x for x in of_b if x.steps[DST] == x.steps[b] == ONE]
        for j in inner or [_none(ONE)]:
            forms.append(
                _Form(Opcode.PRODUCT, turned, _longest(of_a), j, _longest(summed), _none())
            )
        for k in (x for x in summed if x.steps[a] == x.steps[b] == ONE):
            m, j = _longest(of_a), _longest(of_b)
            forms.append(_Form(Opcode.PRODUCT_INNER, turned, m, j, k, _none()))
        for v in self.axes:
            if v.steps[DST] == ONE and v.steps[a] in (ZERO, ONE) and v.steps[b] in (ZERO, ONE):
                m = _longest([x for x in of_a if x is not v])
                j = _longest([x for x in of_b if x is not v])
                forms.append(_Form(Opcode.PRODUCT_ROWS, turned, m, j, _longest(summed), v))
        return forms

    def _whole(self, form: _Form) -> bool:
        """Whether one line goes over all rows of a block."""
        return all(x.size.plain or any(x is y for y in form.axes) for x in self.axes)

    def _cost(self, form: _Form) -> float:
        """About how many cycles it takes: each line has a start, each vector some loads."""
        lines = 1.0
        for axis in self.axes:
            if not any(axis is x for x in form.axes):
                lines *= _about(axis.size)
        m, j, k, v = (_about(x.size) for x in form.axes)
        if form.opcode is Opcode.PRODUCT:
            inside = m * k * (-(-j // 4)) + 4 * m * -(-j // 16)
        elif form.opcode is Opcode.PRODUCT_INNER:
            inside = m * j * (-(-k // 4) + 6)
        else:
            inside = 2 * m * j * k * (-(-v // 4))
        return lines * (40 + inside)


def _about(size: Amount) -> float:
    """A size, with blocks of 128 rows."""
    return size.plain + 128 * (size.real + size.padded)


def _longest(axes: Sequence[Axis]) -> Axis:
    return max(axes, key=lambda a: _about(a.size), default=_none())
