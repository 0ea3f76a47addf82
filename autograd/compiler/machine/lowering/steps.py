"""An optimiser's update as a table for the machine, traced from its one definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd import ops
from autograd.compiler.machine.amount import ONE_ROW
from autograd.compiler.machine.lowering.memory import Memory
from autograd.compiler.machine.lowering.outer import Outer, descend
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import Opcode
from autograd.compiler.machine.table import Begin, End, Ints32, Round, table
from autograd.compiler.program import Array, Floats, View, row_major, whole
from autograd.compiler.stages.trace import PARAMETER
from autograd.compiler.update import Traced, Update
from autograd.op import Op

AT_ONCE = 1024
"""Parameters that an update of several operations moves at a time: what it computes between stays
in the first cache."""

FEW = 2
"""An update of so few operations moves all at once."""


def traced(update: Update, memories: Floats, scaled: bool) -> Traced:
    """The update's operations on the parameter, the gradient and the memories.

    Before the memories stands a number by which each gradient is multiplied, if ``scaled``. A
    memory that is one number for all parameters, and stays so, is a number.
    """

    def rule(p: Any, gradient: Any, scale: Any, *kept: Any) -> tuple[Any, ...]:
        new, *changed = update.rule(p, gradient * scale if scaled else gradient, *kept)
        return (new, scale, *changed)

    one = [True, *(bool((memory == memory[:1]).all()) for memory in memories)]
    while True:
        found = Traced(rule, one)
        stays = [not found.arrays[r] for r in found.results[1:]]
        if not any(o and not s for o, s in zip(one, stays)):
            return found
        one = [o and s for o, s in zip(one, stays)]


def descends(found: Traced) -> int | None:
    """The place of the rate, if the update is ``p - rate * gradient`` and nothing else."""
    last, before = found.traced[-1:], found.traced[:-1]
    if len(before) != 1 or any(r != t for r, t in zip(found.results[1:], found.targets[1:])):
        return None
    (subtract, inputs, new), (multiply, factors, product) = last[0], before[0]
    plain = (subtract, multiply, inputs) == (ops.sub, ops.mul, [0, product])
    rates = [i for i in factors if i != 1]
    if not plain or len(rates) != 1 or found.arrays[rates[0]] or found.results[0] != new:
        return None
    return rates[0]


@dataclass(frozen=True)
class _Step:
    """One instruction: an operation, or a product and what it is added to or taken from."""

    op: Op | Opcode
    inputs: list[int]
    out: int

    @property
    def in_place(self) -> bool:
        """Whether its result may go where an input is."""
        return not isinstance(self.op, ops.Power) and len(self.inputs) < 4 and self.op != ops.sum


class Steps:
    """An update in a table.

    Args:
        found: the update.
        width: the elements of the parameters, and of their gradient.
        parameters, gradient: where these are in the arena.
        base: where the arena has memory for the update, a multiple of 16.
        outer: gradients that are not written, with the places of their blocks and factors.

    Attributes:
        table: for the machine.
        end: where that memory ends.
        memories: for each memory of the trace where it is, of ``width`` elements or one.
        check: where numbers are that are finite, after a step, if sparse blocks of ``outer`` are.
        checks: how many.

    Raises:
        NotLowered: the update has an operation that only Python can compute.
    """

    def __init__(
        self,
        found: Traced,
        width: int,
        parameters: int,
        gradient: int,
        base: int,
        outer: Sequence[tuple[Outer, Sequence[int]]] = (),
    ) -> None:
        self.found, self.inputs, self.writer = found, 2 + len(found.one), Writer(False)
        self.kept = [Array((width,) if many else (), PARAMETER) for many in found.arrays]
        if width:
            self._write(width)
        self.checks = sum(of.right.size for of, _ in outer if of.sparse)
        check = Array((max(self.checks, 1),), PARAMETER)
        blocks = self._descend([of for of, _ in outer], check)
        memory = Memory(lambda array: False)
        memory.fixed.size = base
        memory.places.update({self.kept[0]: parameters, self.kept[1]: gradient})
        for place, array in enumerate(self.kept):
            if place < self.inputs or not found.arrays[place]:
                memory.keep(array)
        for (of, places), block in zip(outer, blocks):
            memory.places.update(zip((block, of.left.array, of.right.array), places))
        memory.keep(check)
        literals = self.writer.number_of.values()
        for array in literals:
            memory.keep(array)
        memory.plan(self.writer.lines)
        self.table: Ints32 = table(self.writer.lines, memory.home).at(ONE_ROW)
        self.end, self.check = memory.fixed.size, memory.places[check]
        self.memories = [memory.places[array] for array in self.kept[2 : self.inputs]]
        self._constants = [
            (memory.places[array], place)
            for place, array in enumerate(self.kept)
            if found.start[place] is not None
        ]
        self._literals = [(memory.places[a], a.literal()) for a in literals]

    def fill(self, arena: Floats, found: Traced) -> None:
        """Write the constants of an update of the same form into the arena."""
        for offset, place in self._constants:
            arena[offset] = found.start[place]
        for offset, number in self._literals:
            arena[offset] = number

    # --- lines ---

    def _write(self, width: int) -> None:
        found, lines = self.found, self.writer.lines
        for op, inputs, out in found.traced:
            if not found.arrays[out]:
                self.writer.map(op, whole(self.kept[out]), [whole(self.kept[i]) for i in inputs])
        steps = self._fused()
        part = min(AT_ONCE if len(steps) > FEW else width, width)
        count, rest = divmod(width, part)
        if count > 1:
            round = Round(count)
            lines.append(Begin(round))
            self._part(steps, part, 0, round)
            lines.append(End(round))
        else:
            self._part(steps, part, 0, Round(1))
        if rest:
            self._part(steps, rest, count * part, Round(1))
        numbers = {place: whole(array) for place, array in enumerate(self.kept)}
        self._results(
            numbers, [t for t in found.targets if not found.arrays[t]], self._saved(numbers, False)
        )

    def _descend(self, outer: Sequence[Outer], check: Array) -> list[Array]:
        """The lines for gradients that are not written; returns the arrays of their blocks."""
        blocks, at = [Array(of.block.shape, PARAMETER) for of in outer], 0
        rate = descends(self.found)
        for of, block in zip(outer, blocks):
            assert rate is not None
            repeated = View(self.kept[rate], of.right.shape, 0, (0,))
            place = View(check, of.right.shape, at, (1,)) if of.sparse else None
            descend(self.writer, of, block, repeated, place)
            at += of.right.size if of.sparse else 0
        return blocks

    def _fused(self) -> list[_Step]:
        """The operations on arrays. A product that is used once, in a sum or a difference, is done
        together with it."""
        found = self.found
        every = [_Step(op, inputs, out) for op, inputs, out in found.traced if found.arrays[out]]
        used = Counter([i for step in every for i in step.inputs] + found.results)
        products = {s.out: s for s in every if s.op == ops.mul and used[s.out] == 1}
        steps: dict[int, _Step] = {}
        for step in every:
            steps[step.out] = step
            if step.op not in (ops.add, ops.sub) or len(step.inputs) != 2:
                continue
            first, second = step.inputs
            if second in products:
                factors, other = products[second].inputs, first
                opcode = Opcode.MUL_ADD if step.op == ops.add else Opcode.MUL_SUB
            elif first in products and step.op == ops.add:
                factors, other, opcode = products[first].inputs, second, Opcode.MUL_ADD
            else:
                continue
            del steps[second if second in products else first]
            steps[step.out] = _Step(opcode, [*factors, other], step.out)
        return list(steps.values())

    def _part(self, steps: list[_Step], n: int, first: int, round: Round) -> None:
        """The lines for n parameters, those from ``first`` on, in each round the next n."""
        found, writer = self.found, self.writer
        views: dict[int, View] = {}
        for place, array in enumerate(self.kept):
            if not found.arrays[place]:
                views[place] = View(array, (n,), 0, (0,))
            elif place < self.inputs:
                part = Array((n,), PARAMETER)
                of = View(array, (n,), first, row_major((n,)))
                writer.stand_in(part, of, round, n if round.count > 1 else 0)
                views[place] = whole(part)
        saved = self._saved(views, True)
        last_read = {i: at for at, step in enumerate(steps) for i in step.inputs}
        wanted = dict(zip(found.results, found.targets))
        written = set()
        for at, step in enumerate(steps):
            target = wanted.get(step.out)
            direct = target is not None and found.arrays[target] and last_read.get(target, -1) <= at
            if direct and (step.in_place or target not in step.inputs):
                assert target is not None
                views[step.out] = views[target]
                written.add(target)
            else:
                views[step.out] = whole(Array((n,), PARAMETER))
            operands = [views[i] for i in step.inputs]
            if isinstance(step.op, Opcode):
                writer.apply(step.op, views[step.out], operands)
            else:
                writer.map(step.op, views[step.out], operands)
        targets = [t for t in found.targets if found.arrays[t] and t not in written]
        self._results(views, targets, saved)

    def _saved(self, views: dict[int, View], many: bool) -> dict[int, View]:
        """Copies of the inputs that are results in another's place."""
        saved = {}
        for r, t in zip(self.found.results, self.found.targets):
            if r < self.inputs and r != t and self.found.arrays[t] == many and r not in saved:
                saved[r] = self.writer.copied(views[r], False)
        return saved

    def _results(self, views: dict[int, View], targets: list[int], saved: dict[int, View]) -> None:
        """Copy results to where they belong."""
        for r, t in zip(self.found.results, self.found.targets):
            if t in targets and r != t:
                self.writer.copy(views[t], saved.get(r, views[r]))
