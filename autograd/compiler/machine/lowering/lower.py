"""Lowering: an array program becomes a table of instructions for the machine.

An array of the program is stored lane by lane. In a program for blocks of rows each lane of an
array with a batch is a vector over the rows of the block; in one for a single row, and in arrays
without a batch, a lane is one number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd import ops
from autograd.compiler.machine.lowering.collecting import collect
from autograd.compiler.machine.lowering.contraction import contract
from autograd.compiler.machine.lowering.fusing import fuse
from autograd.compiler.machine.lowering.looping import loop
from autograd.compiler.machine.lowering.lowered import Home, Lowered
from autograd.compiler.machine.lowering.memory import ALIGNED, Memory
from autograd.compiler.machine.lowering.outer import Outer, outer_products, probe
from autograd.compiler.machine.lowering.pairing import pairs
from autograd.compiler.machine.lowering.taking import scatter, take
from autograd.compiler.machine.lowering.writer import Writer
from autograd.compiler.machine.opcodes import PAIRS, Opcode
from autograd.compiler.machine.table import (
    Begin,
    End,
    Line,
    Lines,
    NotLowered,
    Round,
    table,
)
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Floats,
    Instruction,
    Loop,
    Map,
    Program,
    Reduce,
    Scatter,
    Simple,
    Take,
    View,
    row_major,
    whole,
)
from autograd.compiler.stages.trace import PARAMETER


def lower(program: Program, in_rows: bool, descends: bool = False) -> Lowered:
    """The program for blocks of rows, or for one row.

    Args:
        descends: whether it is for one row that is followed by plain descent, and all parameters
            are finite. See outer.py.

    Raises:
        NotLowered: it has an operation that only Python can compute.
    """
    outer = outer_products(program) if descends else {}
    lowering = _Lowering(program, in_rows and bool(program.arguments), outer)
    lowering.instructions(program.instructions)
    return lowering.finished()


BEFORE, ROWS, AFTER = range(3)


class _Lowering:
    def __init__(self, program: Program, in_rows: bool, outer: dict[Contract, Outer]) -> None:
        self.program, self.in_rows, self.outer = program, in_rows, outer
        self.aside = [of.block for of in outer.values()]
        self.finite = [of.block for of in outer.values() if of.sparse]
        self.writer = Writer(in_rows)
        self.parts: list[Lines] = [[], [], []]
        self.known: dict[Array, int] = {}  # the part in which an array is complete
        self.count = Array((), PARAMETER)
        self.loop_in: int | None = None  # the part of the loop that is being written
        self.depth = 0  # how many loops are around what is written
        self.cleared: set[Array] = set()
        self.ends = {v.array for v in program.ends()}
        self.ends.update(v.array for of in outer.values() for v in (of.left, of.right))
        self.kept: list[Array] = [self.count]
        self.start: dict[Array, int] = {}  # of each block in the region of the parameters
        self.place = np.zeros(len(program.parameters), np.int64)
        self.width = width = 0
        for block in sorted(program.blocks, key=lambda block: block.array in self.aside):
            self.start[block.array] = width
            self.place[block.lanes.reshape(-1)] = width + np.arange(block.array.size)
            width += -(-block.array.size // ALIGNED) * ALIGNED
            self.width = self.width if block.array in self.aside else width
        self.checked = self.width
        self.parameters = Array((max(width, 1),), PARAMETER)
        self.gradient = Array(self.parameters.shape, PARAMETER)
        self.into = self._gradients_in_place()

    def _gradients_in_place(self) -> dict[Array, int]:
        """The arrays that can be made where the gradient of a block stands, and that place."""
        made = {out for i in self.program.instructions for out in i.outs}
        places: dict[Array, int] = {}
        for array, v in self.program.gradients.items():
            in_place = array in self.start and array not in self.aside
            if in_place and v is not None and v.whole and v.array in made:
                places.setdefault(v.array, self.start[array])
        return places

    # --- instructions ---

    def instructions(self, every: Sequence[Instruction]) -> None:
        """The lines of instructions, a function and its slope together."""
        second = pairs(every)
        done = set(second.values())
        for i in every:
            if isinstance(i, Map) and i in second:
                self._pair(i, second[i])
            elif i not in done:
                self.instruction(i)

    def _pair(self, i: Map, second: Map) -> None:
        self.known[i.out] = self.known[second.out] = self._starts(i)
        opcode = PAIRS[i.op, second.op]
        self.writer.apply(opcode, whole(i.out), [*i.operands, whole(second.out)])

    def instruction(self, i: Instruction) -> None:
        """The lines of an instruction."""
        if isinstance(i, Loop):
            self._loop(i)
            return
        over_rows = not self.writer.rows_of(i.out)
        if over_rows and any(self.writer.rows_of(v.array) for v in i.operands):
            self._over_rows(i)
            return
        part = self._starts(i)
        self.known[i.out] = part
        out = whole(i.out)
        if isinstance(i, Map):
            self.writer.map(i.op, out, i.operands)
        elif isinstance(i, Reduce):
            self.writer.reduce(i.op, out, i.operand, i.start)
            if i.over_batch and self.in_rows:
                count = View(self.count, out.shape, 0, (0,) * len(out.shape))
                self.writer.apply(Opcode.MUL, out, [out, count])
        elif isinstance(i, Contract) and i in self.outer:
            self._probe(self.outer[i])
        elif isinstance(i, Contract):
            contract(self.writer, i, self.program.arguments, self.finite)
        elif isinstance(i, Collect):
            collect(self.writer, i)
        elif isinstance(i, Take):
            take(self.writer, i)
        else:
            self.writer.copy(out, self.writer.repeated(0.0, out))
            scatter(self.writer, i)

    def _probe(self, of: Outer) -> None:
        """What is written for a gradient that is not, behind the others."""
        place = View(self.gradient, of.right.shape, self.checked, (1,))
        probe(self.writer, of, place)
        self.checked += of.right.size
        self.kept += [of.left.array, of.right.array]

    def _starts(self, i: Instruction) -> int:
        """Write to the part in which all is known that an instruction reads; returns it."""
        part = self.loop_in
        if part is None:
            part = max([self._part(v.array) for v in i.operands], default=BEFORE)
            if any(map(self.writer.rows_of, i.outs)):
                part = max(part, ROWS)  # where the array stands differs between blocks
        self._write_to(part)
        return part

    def _loop(self, i: Loop) -> None:
        around = self.loop_in
        if any(self.writer.rows_of(a) for a in (*i.inner, *(v.array for v in i.operands))):
            self.loop_in = ROWS
        self.loop_in = self._starts(i)
        self.known.update(dict.fromkeys(i.outs, self.loop_in))
        self.depth += 1
        loop(self.writer, i, self.instruction, self.ends)
        self.depth -= 1
        self.loop_in = around

    def _over_rows(self, i: Simple) -> None:
        """An instruction that sums over the rows of all blocks."""
        out = whole(i.out)
        if isinstance(i, Reduce):
            assert i.op is ops.sum
            self._sum_over_rows(out, i.operand)
            return
        if isinstance(i, Scatter):
            self._clear(out)
            self._write_to(ROWS)
            scatter(self.writer, i)
            return
        assert isinstance(i, Contract)
        if all(self.writer.rows_of(v.array) for v in i.operands):
            self._clear(out)
            self._write_to(ROWS)
            contract(self.writer, i, self.program.arguments, self.finite)
        else:
            left, right = map(self._summed, i.operands)
            self.instruction(Contract(i.out, left, right, i.labels))

    def _summed(self, v: View) -> View:
        """The sum of a view over the rows, where it has any."""
        if not self.writer.rows_of(v.array):
            return v
        out = whole(self.writer.array(v.shape, False))
        self._sum_over_rows(out, v)
        return out

    def _sum_over_rows(self, out: View, v: View) -> None:
        self._clear(out)
        self._write_to(ROWS)
        self.writer.sum_over_rows(out, v)

    def _clear(self, out: View) -> None:
        """Zeros, to which each block adds."""
        real, moves = self.writer.real(out)
        if self.loop_in is not None:
            if len(moves) < self.depth:  # each iteration needs a place for its sum
                raise NotLowered("a loop sums over the rows, and the sum is not stacked")
            real = whole(real.array)
        self.known[out.array] = self.known[real.array] = AFTER
        if real.array not in self.cleared:
            self.cleared.add(real.array)
            self._write_to(BEFORE)
            self.writer.copy(real, self.writer.repeated(0.0, real))

    def _part(self, array: Array) -> int:
        return self.known.get(array, ROWS if self.writer.rows_of(array) else BEFORE)

    def _write_to(self, part: int) -> None:
        self.writer.switch(self.parts[part if self.in_rows else ROWS])

    # --- results ---

    def _end(self, v: View, rows: bool = False) -> View:
        """A result, its lanes one after the other, in memory that it keeps.

        Args:
            rows: whether it must have rows.
        """
        rows = self.in_rows and (rows or v.array.batched)
        in_order = v.index is None and v.strides == row_major(v.shape)
        if not in_order or v.array.literal() is not None or rows != self.writer.rows_of(v.array):
            self._write_to(ROWS if rows else self._part(v.array))
            out = whole(self.writer.array(v.shape, rows))
            self.writer.copy(out, v)
            v = out
        self.kept.append(v.array)
        return v

    def _sum_of_all(self, v: View) -> View:
        """The sum of a result over its lanes and all rows."""
        total = Array((), PARAMETER)
        self.kept.append(total)
        self.instruction(Reduce(total, ops.sum, v, over_batch=True))
        return whole(total)

    def _gradients_by_parameters(self) -> None:
        """Copy those gradients that were not made in place."""
        for array, v in self.program.gradients.items():
            if array not in self.start or array in self.aside or v is None:
                continue
            if v.whole and self.into.get(v.array) == self.start[array]:
                continue
            self._write_to(self._part(v.array))
            out = View(self.gradient, v.shape, self.start[array], row_major(v.shape))
            self.writer.copy(out, v)

    # --- the whole ---

    def finished(self) -> Lowered:
        """The program for the machine."""
        program, writer = self.program, self.writer
        outputs = self._end(program.outputs)
        total = self._sum_of_all(program.outputs)
        failures = failed = None
        if program.failures is not None:
            failures = self._end(program.failures)
            failed = self._sum_of_all(program.failures)
        by_arguments = []
        for array in program.arguments:
            v = program.gradients.get(array)
            by_arguments.append(None if v is None else self._end(v, rows=True))
        self._gradients_by_parameters()
        fuse(
            self.parts, [self.parameters, self.gradient, *program.arguments, *self.kept, *self.into]
        )
        memory, constants = self._memory()

        def home(v: View) -> Home:
            offset = memory.home(v.array) + writer.lane(v.array) * v.offset
            return Home(offset, writer.rows_of(v.array))

        outer = [
            (of, [memory.places[a] for a in (of.block, of.left.array, of.right.array)])
            for of in self.outer.values()
        ]
        none = np.zeros(0, np.int32)
        before, rows, after = (table(part, memory.home) for part in self.parts)
        return Lowered(
            self.in_rows,
            before,
            rows,
            after,
            np.concatenate([none, *writer.indices]),
            memory.size,
            memory.lanes.size,
            constants,
            memory.places[self.parameters],
            memory.places[self.gradient],
            self.width,
            outer,
            self.checked,
            self.place,
            [home(whole(a)) for a in program.arguments],
            memory.places[self.count],
            home(outputs),
            program.outputs.size,
            None if failures is None else home(failures),
            home(total).offset.plain,
            None if failed is None else home(failed).offset.plain,
            [None if v is None else home(v) for v in by_arguments],
        )

    def _memory(self) -> tuple[Memory, list[tuple[int, Floats]]]:
        """The place of each array, and the numbers of constants with their places."""
        blocks = Round(0)  # the rows are done block by block
        every: Lines = [*self.parts[BEFORE], Begin(blocks), *self.parts[ROWS], End(blocks)]
        every += self.parts[AFTER]
        used = [o.array for x in every if isinstance(x, Line) for o in x.operands if o]
        numbers = [a for a in dict.fromkeys(used) if a.numbers is not None]
        memory = Memory(self.writer.rows_of)
        for array in (self.parameters, self.gradient, *self.program.arguments, *self.kept):
            memory.keep(array)
        for region, inside in (self.parameters, self.start), (self.gradient, self.into):
            for array, start in inside.items():
                memory.places[array] = memory.places[region] + start
        for array in numbers:
            memory.keep(array)
        memory.plan(every)
        constants = []
        for array in numbers:
            assert array.numbers is not None
            constants.append((memory.places[array], array.numbers.reshape(-1)))
        return memory, constants
