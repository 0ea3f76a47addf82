"""Templates: the instructions for a step of any operation, forward and backward.

An operation's forward and rule are run once, on terms that write instructions. So a derivative, and
an operation of a user's own, is a sequence of the machine's opcodes, which is then repeated for all
steps of that operation at once. What cannot be traced, because it uses ``math`` or branches on its
inputs, is an instruction that only NumPy's way can carry out: Python computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from autograd import ops
from autograd.compiler.algebra import CUTS, built_in
from autograd.compiler.machine.opcodes import MAPS, REDUCTIONS, Flag, Opcode
from autograd.compiler.stages.expand import one_for_each, partial_in_python
from autograd.op import Op, named
from autograd.operand import Unknown, traced
from autograd.real import as_float

PYTHON = 1000
"""Opcodes from here on are operations that Python computes, ``others[opcode - PYTHON]``. They take
their inputs along the second axis of a."""

FUSED = {
    named(opcode.name.partition("_")[0].lower()): opcode
    for opcode in (Opcode.TANH_SECH2, Opcode.SIGMOID_SLOPE)
}
"""The operations whose value and derivative are one instruction."""


class Lie(IntEnum):
    """How the lanes of an operand lie, or where what is given to them goes."""

    NOWHERE = 0  # nothing is given
    SIDE_BY_SIDE = 1
    ONE = 2  # one number for all lanes
    ANYWHERE = 3  # as an index says


class Ref(NamedTuple):
    """What an instruction reads or writes.

    ``kind`` is "input", "output", "slope" (the derivative, kept from the forward pass), "adjoint"
    (the output's), "to" (an input's adjoint), "temp", "number", or "all" (the adjoints of all
    nodes, from the start). ``which`` is an input, a temporary, or the number itself.
    """

    kind: str
    which: float = 0


class Entry(NamedTuple):
    """An instruction of a template.

    ``terms`` is, for a reduction over temporaries of which a is the first, how many they are;
    ``by_index`` the input by whose index numbers are gathered or scattered, or -1.
    """

    opcode: int
    dst: Ref
    a: Ref
    b: Ref | None = None
    c: Ref | None = None
    terms: int = 0
    by_index: int = -1
    flags: Flag = Flag(0)


OUTPUT, SLOPE, ADJOINT, ALL = (Ref(kind) for kind in ("output", "slope", "adjoint", "all"))


@dataclass
class Writer:
    """Writes a template.

    Attributes:
        lies: of each input, how its lanes lie.
        others: the operations that Python computes.
    """

    lies: Sequence[Lie]
    others: list[Op]
    entries: list[Entry] = field(default_factory=list)
    temps: int = 0
    _known: dict[Any, Ref] = field(default_factory=dict)

    def temp(self, count: int = 1) -> Ref:
        """A new temporary, or the first of several in a row."""
        self.temps += count
        return Ref("temp", self.temps - count)

    def ready(self, r: Ref) -> Ref:
        """The same, side by side: lanes that lie anywhere are gathered when they are used."""
        if r.kind != "input" or self.lies[int(r.which)] != Lie.ANYWHERE:
            return r
        if r not in self._known:
            self._known[r] = out = self.temp()
            self.entries.append(Entry(Opcode.GATHER, out, ALL, by_index=int(r.which)))
        return self._known[r]

    def apply(self, op: Op, inputs: Sequence[Ref]) -> Ref:
        """An operation on what is there already."""
        inputs = [self.ready(r) for r in inputs]
        key = (op, tuple((r, repr(r.which)) for r in inputs))  # 0.0 is not -0.0
        if key not in self._known:
            self._known[key] = self._applied(op, inputs)
        return self._known[key]

    def _applied(self, op: Op, inputs: Sequence[Ref]) -> Ref:
        if op is ops.mul and Ref("number", 1.0) in inputs:
            return inputs[inputs[0] == Ref("number", 1.0)]
        if op is ops.sum:
            return self._sum(inputs)
        if isinstance(op, ops.Power):
            return self._power(op.exponent, inputs[0])
        if op in MAPS:
            return self.map(MAPS[op], *inputs)
        if op in REDUCTIONS:
            return self._along(REDUCTIONS[op][0], inputs)
        if not built_in(op):
            written = self.attempt(lambda: [op.apply([Term(self, r) for r in inputs])])
            if written:
                return written[0]
        self.others.append(op)
        return self._along(PYTHON + len(self.others) - 1, inputs)

    def map(self, opcode: Opcode, a: Ref, b: Ref | None = None) -> Ref:
        """An instruction that goes element by element."""
        out = self.temp()
        self.entries.append(Entry(opcode, out, a, b))
        return out

    def ref(self, x: Any) -> Ref:
        """What a rule returned."""
        return x.ref if isinstance(x, Term) else Ref("number", as_float(x))

    def attempt(self, run: Callable[[], Sequence[Any]]) -> list[Ref] | None:
        """What a user's function returns for terms; None if it cannot be traced."""
        temps, size, known = self.temps, len(self.entries), dict(self._known)
        try:
            with traced():
                return [self.ref(x) for x in run()]
        except Exception:  # whatever a user's function raises on what is not a number
            self.temps, self._known = temps, known
            del self.entries[size:]
            return None

    def _sum(self, inputs: Sequence[Ref]) -> Ref:
        total = Ref("number", 0.0)  # as the operation does, which makes 0.0 of -0.0
        for r in inputs:
            total = self.map(Opcode.ADD, total, r)
        return total

    def _power(self, n: float, x: Ref) -> Ref:
        if n == 1:
            return x
        if n in (-1, -2):
            return self.map(Opcode.DIV, Ref("number", 1.0), self._power(-n, x))
        if n in (2, 3, 4):
            y = self.map(Opcode.MUL, x, x)
            for _ in range(int(n) - 2):
                y = self.map(Opcode.MUL, y, x)
            return y
        if n == 0.5:
            return self.map(Opcode.SQRT, x)
        return self.map(Opcode.POW, x, Ref("number", n))

    def _along(self, opcode: int, inputs: Sequence[Ref]) -> Ref:
        """An instruction for inputs that lie one below the other."""
        first = self.temp(len(inputs))
        for k, r in enumerate(inputs):
            self.entries.append(Entry(Opcode.COPY, Ref("temp", first.which + k), r))
        out = self.temp()
        self.entries.append(Entry(opcode, out, first, terms=len(inputs)))
        return out

    def finish(self, result: Ref) -> list[Entry]:
        """All entries, the last of which writes the output."""
        last = self.entries[-1] if self.entries else None
        if last and last.dst == result and last.opcode != Opcode.GATHER:
            self.entries[-1] = last._replace(dst=OUTPUT)
        else:
            self.entries.append(Entry(Opcode.COPY, OUTPUT, result))
        return self.entries

    # --- what is given to the inputs ---

    def give(self, k: int, lie: Lie, partial: Ref, cuts: bool = False) -> None:
        """Add partial * adjoint to the adjoint of an input; with ``cuts`` 0 where the partial is 0,
        even of an infinite adjoint."""
        if lie == Lie.NOWHERE:
            return
        partial = self.ready(partial)
        to, one = Ref("to", k), abs(partial.which) == 1 and partial.kind == "number"
        if lie == Lie.SIDE_BY_SIDE and not cuts:
            if one:
                opcode = Opcode.ADD if partial.which == 1 else Opcode.SUB
                self.entries.append(Entry(opcode, to, to, ADJOINT))
            else:
                self.entries.append(Entry(Opcode.MUL_ADD, to, partial, ADJOINT, to))
            return
        part = ADJOINT
        if cuts:
            part = self.map(Opcode.STRONG_MUL, partial, ADJOINT)
        elif partial != Ref("number", 1.0):
            part = self.map(Opcode.MUL, ADJOINT, partial)
        if lie == Lie.SIDE_BY_SIDE:
            self.entries.append(Entry(Opcode.ADD, to, to, part))
        elif lie == Lie.ONE:
            self.entries.append(Entry(Opcode.SUM_INNER, to, part, flags=Flag.ACCUMULATE))
        else:
            self.entries.append(Entry(Opcode.SCATTER_ADD, ALL, part, by_index=k))


class Term(Unknown):
    """An operand that writes instructions."""

    __slots__ = ("ref", "writer")

    def __init__(self, writer: Writer, ref: Ref) -> None:
        self.writer, self.ref = writer, ref

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> Term:
        """The operation on terms and numbers."""
        writer: Writer = next(x.writer for x in inputs if isinstance(x, Term))
        return Term(writer, writer.apply(op, [writer.ref(x) for x in inputs]))


def forward(writer: Writer, op: Op, slopes: bool) -> list[Entry]:
    """The value of an operation; with ``slopes``, where that costs little, its derivative too."""
    inputs = [Ref("input", k) for k in range(len(writer.lies))]
    if slopes and op in FUSED:
        writer.entries.append(Entry(FUSED[op], OUTPUT, writer.ready(inputs[0]), c=SLOPE))
        return writer.entries
    return writer.finish(writer.ready(writer.apply(op, inputs)))


def backward(writer: Writer, op: Op, targets: Sequence[Lie]) -> list[Entry]:
    """What an operation gives to its inputs. ``targets`` says where it goes for each."""
    if op in FUSED:
        partials = [SLOPE]
    elif op is ops.sum:
        partials = [Ref("number", 1.0)] * len(targets)
    else:
        partials = _partials(writer, op)
    for k, partial in enumerate(partials):
        if op not in CUTS or partial != Ref("number", 0.0):
            writer.give(k, targets[k], partial, cuts=op in CUTS)
    return writer.entries


def _partials(writer: Writer, op: Op) -> list[Ref]:
    """The partials of an operation, traced from its rule."""
    inputs = [Ref("input", k) for k in range(len(writer.lies))]

    def rule() -> Sequence[Any]:
        partials = op.apply_rule(Term(writer, OUTPUT), [Term(writer, r) for r in inputs])
        if len(partials) != len(inputs):
            raise ValueError(one_for_each(op, partials, inputs))
        return partials

    written = writer.attempt(rule)
    return written or [writer.apply(partial_in_python(op, k), inputs) for k in range(len(inputs))]
