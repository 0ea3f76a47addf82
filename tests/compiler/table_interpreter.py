"""An instruction table executed plainly, in NumPy: what the kernels of the machine must do."""

from __future__ import annotations

import functools

import numpy as np

from autograd import ops
from autograd.compiler.machine.amount import ONE_ROW, Rows
from autograd.compiler.machine.lowering.lower import lower
from autograd.compiler.machine.opcodes import MAPS, REDUCTIONS, WIDTH, Field, Flag, Opcode
from autograd.ops import sech2, sigmoid, tanh

MAP_OPS = {code: op for op, code in MAPS.items() if code is not Opcode.COPY}
REDUCE_OPS = {code: op for op, codes in REDUCTIONS.items() for code in codes}
REDUCE_OPS[Opcode.SUM_IN_ORDER] = ops.sum
INNER = {inner for _, inner in REDUCTIONS.values()} | {Opcode.SUM_IN_ORDER}


def run(table, arena, ints):
    """Execute a table.

    Args:
        table: (instructions, 16), int32.
        arena: (size,), float64 or float32. Changed.
        ints: (size,), the index tables.
    """
    assert table.dtype == np.int32
    assert table.shape[1:] == (WIDTH,)
    registers = [0] * 256
    rounds = []  # of the open loops: how many are left
    place = 0
    while place < len(table):
        line = Line(table[place], registers)
        if line.opcode is Opcode.STOP:
            return
        if line.opcode is Opcode.LOOP:
            rounds.append(line.n0)
            for setting in table[place + 1 : place + 1 + line.n1]:
                assert setting[Field.OPCODE] == Opcode.SET
                register, base = setting[Field.N0], setting[Field.N1]
                registers[register] = registers[base] + int(setting[Field.DST])
            place += 1 + line.n1
        elif line.opcode is Opcode.ENDLOOP:
            rounds[-1] -= 1
            start = place - line.n0
            settings = int(table[start, Field.N1])
            if rounds[-1]:
                for setting in table[start + 1 : start + 1 + settings]:
                    registers[setting[Field.N0]] += int(setting[Field.DST0])
                place = start + 1 + settings
            else:
                rounds.pop()
                place += 1
        else:
            with np.errstate(all="ignore"):
                execute(line, arena, ints)
            place += 1


class Interpreted:
    """A program, lowered and run plainly: what the machine's executor must do.

    Attributes:
        most: the rows of a block.
        lowered: the program of the last call.
    """

    def __init__(self, program, most=1000):
        self.program, self.most = program, most

    def rows(self, theta, arguments):
        values = np.empty((len(arguments[0]), self.program.outputs.size))
        failures = np.zeros(0 if self.program.failures is None else len(values))
        for rows in self._run(theta, arguments):
            self._read(self.lowered.outputs, values[rows])
            self._read(self.lowered.failures, failures[rows, None])
        return values, failures

    def gradients(self, theta, arguments):
        by_inputs = [np.zeros(a.shape) for a in arguments]
        for rows in self._run(theta, arguments):
            for home, gradient in zip(self.lowered.by_arguments, by_inputs):
                self._read(home, gradient[rows])
        total = self.arena[self.lowered.total]
        by_parameters = self.arena[self.lowered.gradient + self.lowered.place]
        return total, by_inputs, by_parameters

    def _run(self, theta, arguments):
        """Compute block after block; yields the slice of the rows whose results can be read."""
        batch = len(arguments[0])
        self.lowered = lowered = lower(self.program, batch > 1)
        full = Rows(self.most, self.most + 3) if batch > 1 else ONE_ROW
        self.arena = np.full(lowered.size.at(full) + 1, np.nan)
        for start, numbers in lowered.constants:
            self.arena[start : start + len(numbers)] = numbers
        self.arena[lowered.parameters + lowered.place] = theta
        self.arena[lowered.count] = batch
        self.padded = full
        run(lowered.before.at(full), self.arena, lowered.ints)
        for first in range(0, batch, full.real):
            part = slice(first, min(first + full.real, batch))
            count = part.stop - first
            self.padded = Rows(count, count + 3) if batch > 1 else ONE_ROW
            for home, argument in zip(lowered.arguments, arguments):
                self._place(home, argument.shape[1])[...] = argument[part]
            run(lowered.rows.at(self.padded), self.arena, lowered.ints)
            yield part
        run(lowered.after.at(full), self.arena, lowered.ints)

    def _place(self, home, width):
        """The numbers of an array as (rows, width), or (1, width) where all rows share them."""
        start = home.offset.at(self.padded)
        if not home.in_rows:
            return self.arena[start : start + width].reshape(1, width)
        lanes = self.arena[start : start + width * self.padded.padded]
        return lanes.reshape(width, self.padded.padded)[:, : self.padded.real].T

    def _read(self, home, out):
        if home is not None:
            out[...] = self._place(home, out.shape[1])


class Line:
    """One instruction, its offsets moved by their registers."""

    def __init__(self, fields, registers):
        fields = [int(x) for x in fields]
        self.opcode = Opcode(fields[Field.OPCODE])
        self.n0, self.n1, self.n = fields[Field.N0 : Field.N + 1]
        self.flags = Flag(fields[Field.FLAGS])
        moved = [registers[fields[Field.REGISTERS] >> 8 * k & 255] for k in range(4)]
        self.dst, self.dst0, self.dst1 = fields[Field.DST : Field.DST1 + 1]
        self.a, self.a0, self.a1 = fields[Field.A : Field.A1 + 1]
        self.b, self.b0, self.b1 = fields[Field.B : Field.B1 + 1]
        self.plain_c = fields[Field.C]
        self.dst += moved[0]
        self.a += moved[1]
        self.b += moved[2]
        self.c = self.plain_c + moved[3]

    def inner(self, flag):
        """The inner stride that a flag asks for."""
        return 0 if flag in self.flags else 1


def strided(arena, offset, shape, strides):
    """The places of an operand, as a view into the arena."""
    ends = [(n - 1) * s for n, s in zip(shape, strides)]
    low, high = offset + sum(e for e in ends if e < 0), offset + sum(e for e in ends if e > 0)
    assert 0 <= low <= high < len(arena), (offset, shape, strides, len(arena))
    steps = tuple(s * arena.itemsize for s in strides)
    return np.lib.stride_tricks.as_strided(arena[offset:], shape, steps)


def execute(line, arena, ints):
    """One instruction that is not about loops."""
    if 0 in (line.n0, line.n1, line.n):
        raise AssertionError("an instruction without places")
    if line.opcode in MAP_OPS or line.opcode in (Opcode.COPY, Opcode.COPY_STRIDED):
        element_by_element(line, arena)
    elif line.opcode in (Opcode.GATHER, Opcode.SCATTER_ADD):
        indexed(line, arena, ints)
    elif line.opcode in (Opcode.TAKE, Opcode.PUT_ADD):
        by_number(line, arena)
    elif line.opcode in REDUCE_OPS:
        reduce(line, arena)
    elif line.opcode in FUSED:
        fused(line, arena)
    else:
        product(line, arena)


@functools.cache
def function(op):
    """An operation on arrays of any shape, number by number, as eager Values compute it."""
    return np.vectorize(op.forward, otypes=[np.float64])


def element_by_element(line, arena):
    shape = (line.n0, line.n1, line.n)
    of_dst, of_a = 1, line.inner(Flag.A_BROADCAST)
    if line.opcode is Opcode.COPY_STRIDED:
        of_dst, of_a = line.plain_c, line.b
    dst = strided(arena, line.dst, shape, (line.dst0, line.dst1, of_dst))
    a = strided(arena, line.a, shape, (line.a0, line.a1, of_a))
    if line.opcode in (Opcode.COPY, Opcode.COPY_STRIDED):
        dst[...] = a.copy()
        return
    op, operands = MAP_OPS[line.opcode], [a]
    if op.arity == 2:
        strides = (line.b0, line.b1, line.inner(Flag.B_BROADCAST))
        operands.append(strided(arena, line.b, shape, strides))
    dst[...] = function(op)(*[x.astype(np.float64) for x in operands])


FUSED = (Opcode.MUL_ADD, Opcode.MUL_SUB, Opcode.TANH_SECH2, Opcode.SIGMOID_SLOPE)


def fused(line, arena):
    shape = (line.n0, line.n1, line.n)
    dst = strided(arena, line.dst, shape, (line.dst0, line.dst1, 1))
    a = strided(arena, line.a, shape, (line.a0, line.a1, line.inner(Flag.A_BROADCAST)))
    c = strided(arena, line.c, shape, (line.dst0, line.dst1, line.inner(Flag.C_BROADCAST)))
    if line.opcode is Opcode.TANH_SECH2:
        dst[...], c[...] = function(tanh)(a), function(sech2)(a)
    elif line.opcode is Opcode.SIGMOID_SLOPE:
        dst[...], c[...] = function(sigmoid)(a), 0.25 * function(sech2)(0.5 * a)
    else:
        b = strided(arena, line.b, shape, (line.b0, line.b1, line.inner(Flag.B_BROADCAST)))
        dst[...] = c + a * b if line.opcode is Opcode.MUL_ADD else c - a * b


def indexed(line, arena, ints):
    index = ints[line.c : line.c + line.n0].astype(int)
    assert len(index) == line.n0
    for i0, at in enumerate(index):
        if line.opcode is Opcode.GATHER:
            target, source = line.dst + i0 * line.dst0, line.a + at * line.a0
        else:
            target, source = line.dst + at * line.dst0, line.a + i0 * line.a0
        a = strided(arena, source, (line.n,), (line.inner(Flag.A_BROADCAST),))
        dst = strided(arena, target, (line.n,), (1,))
        dst[...] = a if line.opcode is Opcode.GATHER else dst + a


def by_number(line, arena):
    shape = (line.n0, line.n1, line.n)
    b = strided(arena, line.b, shape, (line.b0, line.b1, line.inner(Flag.B_BROADCAST)))
    for i0, i1, i in np.ndindex(shape):
        a = line.a + i0 * line.a0 + i1 * line.a1 + i * line.inner(Flag.A_BROADCAST)
        dst = line.dst + i0 * line.dst0 + i1 * line.dst1 + i * line.inner(Flag.C_BROADCAST)
        distance = int(b[i0, i1, i]) * line.plain_c
        if line.opcode is Opcode.TAKE:
            assert 0 <= a + distance < len(arena)
            arena[dst] = arena[a + distance]
        else:
            assert 0 <= dst + distance < len(arena)
            arena[dst + distance] += arena[a]


def reduce(line, arena):
    op = REDUCE_OPS[line.opcode]
    shape = (line.n0, line.n1, line.n)
    a = strided(arena, line.a, shape, (line.a0, line.a1, line.inner(Flag.A_BROADCAST)))
    axis = 2 if line.opcode in INNER else 1
    second = (line.n1, line.dst1) if line.opcode in INNER else (line.n, 1)
    dst = strided(arena, line.dst, (line.n0, second[0]), (line.dst0, second[1]))
    terms = np.moveaxis(a, axis, -1).astype(np.float64)
    result = np.apply_along_axis(lambda xs: op.forward(xs.tolist()), -1, terms)
    if line.opcode in (Opcode.SUM, Opcode.SUM_IN_ORDER):
        if Flag.ACCUMULATE not in line.flags:
            dst[...] = -0.0 if Flag.FIRST in line.flags else 0.0
        for term in np.moveaxis(terms, -1, 0):
            dst[...] = dst + term
        return
    if Flag.ACCUMULATE not in line.flags:
        dst[...] = result
        return
    for place in np.ndindex(result.shape):  # some places may be one
        dst[place] += result[place]


def product(line, arena):
    if line.opcode is Opcode.PRODUCT_ROWS:
        m, j, v, k = line.n0, line.n1, line.n, line.plain_c
        dst = strided(arena, line.dst, (m, j, v), (line.dst0, line.dst1, 1))
        a = strided(arena, line.a, (m, k, v), (line.a0, line.a1, line.inner(Flag.A_BROADCAST)))
        b = strided(arena, line.b, (j, k, v), (line.b0, line.b1, line.inner(Flag.B_BROADCAST)))
        total = np.einsum("mkv,jkv->mjv", a, b)
    elif line.opcode is Opcode.PRODUCT_INNER:
        m, j, k = line.n0, line.n1, line.n
        dst = strided(arena, line.dst, (m, j), (line.dst0, line.dst1))
        a = strided(arena, line.a, (m, k), (line.a0, 1))
        b = strided(arena, line.b, (j, k), (line.b0, 1))
        total = np.einsum("mk,jk->mj", a, b)
    else:
        assert line.opcode in (Opcode.PRODUCT, Opcode.PRODUCT_SPARSE), line.opcode
        m, k, j = line.n0, line.n1, line.n
        dst = strided(arena, line.dst, (m, j), (line.dst0, 1))
        a = strided(arena, line.a, (m, k), (line.a0, line.a1))
        b = strided(arena, line.b, (k, j), (line.b0, 1))
        total = np.einsum("mk,kj->mj", a, b)
        if Flag.START in line.flags:
            c = strided(arena, line.c, (m, j), (line.dst1, line.inner(Flag.C_BROADCAST)))
            total = total + c
    dst[...] = dst + total if Flag.ACCUMULATE in line.flags else total
