"""The machine's instructions: the one definition of the opcodes and of the 16 fields of a line.

A table is an int32 array with a line for each instruction. All numbers live in one arena; offsets
and strides count its elements. An operand starts at its offset plus the start of its register
(register 0 starts at 0, a LOOP moves the others). Unless it says otherwise an instruction works on
``n0 x n1 x n`` places, place (i0, i1, i) of an operand being

    start + offset + i0 * outer stride + i1 * second stride + i * inner stride

where the inner stride is 1, or 0 if the operand's flag says so: one number for all i.

An instruction may write where it reads only if both places are the same, element by element.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from autograd import ops
from autograd.compiler.algebra import GUARDS, constant_part
from autograd.ops import Op

WIDTH = 16
"""The fields of an instruction, one cache line."""


class Field(IntEnum):
    """The place of each field in a line."""

    OPCODE = 0
    REGISTERS = 1  # of dst, a, b, c: one byte each, dst the lowest
    N0 = 2
    N1 = 3
    N = 4
    DST = 5
    DST0 = 6  # outer stride
    DST1 = 7  # second stride
    A = 8
    A0 = 9
    A1 = 10
    B = 11
    B0 = 12
    B1 = 13
    C = 14  # an offset, a place in the index table, or a size
    FLAGS = 15


class Flag(IntFlag):
    """The bits of the last field."""

    A_BROADCAST = 1  # inner stride 0
    B_BROADCAST = 2
    C_BROADCAST = 4
    ACCUMULATE = 8  # dst += ... (reductions and products)
    START = 16  # a product starts with c, not with 0
    FINITE = 32  # a product may pass over what is multiplied by 0: all numbers of b are finite
    FIRST = 64  # SUM and SUM_IN_ORDER start with the first term, not with 0: all may be -0


class Opcode(IntEnum):
    """What an instruction does. Those in the middle part are named after their Op."""

    STOP = 0  # the end of a table

    # Loops. LOOP: N0 rounds, N1 SET lines directly after it. SET: register N0 starts at the start
    # of register N1 plus DST, and moves by DST0 each round. ENDLOOP: N0 lines back is its LOOP.
    # Loops nest.
    LOOP = 1
    SET = 2
    ENDLOOP = 3

    # Copies.
    COPY = 4  # dst = a
    # dst[i0, i1, i * C] = a[i0, i1, i * B]: fields B and C are the inner strides.
    COPY_STRIDED = 5
    # dst[i0, i] = a[index * A0 + i], index = ints[C + i0]. With n = 1 it gathers single numbers.
    GATHER = 6
    # dst[index * DST0 + i] += a[i0 * A0 + i], index = ints[C + i0], in the order of i0.
    SCATTER_ADD = 7
    # dst[i0, i1, i] = a[i0, i1, i] moved on by index * C, where index is the number b[i0, i1, i].
    TAKE = 8
    # dst[i0, i1, i], moved on by index * C, += a[i0, i1, i], in order; index = b[i0, i1, i].
    # C_BROADCAST: the inner stride of dst is 0.
    PUT_ADD = 9

    # Element by element: dst = op(a) or op(a, b).
    ADD = 16
    SUB = 17
    MUL = 18
    DIV = 19
    NEG = 20
    SIGN = 21
    STEP = 22
    ABOVE = 23
    STRONG_MUL = 24
    POW = 25
    EXP = 26
    LOG = 27
    EXPM1 = 28
    EXP_MUL = 29
    LOG1P = 30
    SQRT = 31
    SECH2 = 32
    TANH = 33
    SIGMOID = 34
    SOFTPLUS = 35
    RELU = 36
    NORMAL_CDF = 37
    SIN = 38
    COS = 39
    TAN = 40
    SINH = 41
    COSH = 42
    ATAN = 43
    ATAN2 = 44
    ERF = 45
    HYPOT = 46
    ABS = 47
    MAXIMUM = 48
    MINIMUM = 49
    UNLESS_LESS = 50  # 1.0 where the comparison fails
    UNLESS_NOT_LESS = 51
    UNLESS_LESS_EQUAL = 52
    UNLESS_NOT_LESS_EQUAL = 53
    UNLESS_EQUAL = 54
    UNLESS_NOT_EQUAL = 55

    # Fused. c has the strides of dst.
    MUL_ADD = 64  # dst = a * b + c; C_BROADCAST: one number c[i0, i1] for all i
    MUL_SUB = 65  # dst = c - a * b
    TANH_SECH2 = 66  # dst = tanh(a), c = sech2(a)
    SIGMOID_SLOPE = 67  # dst = sigmoid(a), c = 0.25 * sech2(0.5 * a)

    # Reductions over the middle axis: dst[i0, i] = over i1 of a[i0, i1, i], from i1 = 0 on.
    # (DST1 counts for nothing.) With ACCUMULATE a SUM starts with what is there.
    SUM = 80
    LOGSUMEXP = 81
    NORM = 82
    # Reductions over the inner axis: dst[i0, i1] = over i of a[i0, i1, i], in any order. With
    # ACCUMULATE outer strides of dst may be 0: one place gets several sums, one after the other.
    SUM_INNER = 88
    LOGSUMEXP_INNER = 89
    NORM_INNER = 90
    # A sum over the inner axis from i = 0 on. With ACCUMULATE it starts with what is there.
    SUM_IN_ORDER = 91

    # Products. ACCUMULATE adds to dst; the sums over k may be taken in any order.
    # dst[m, j] = sum over k of a[m, k] * b[k, j]; m < N0, k < N1, j < N. Strides: dst m DST0;
    # a m A0, k A1 (no inner axis: it is one number for all j); b k B0, j 1. With START the sum
    # starts with c[m, j], at C + m * DST1 + j (C_BROADCAST: C + m * DST1).
    PRODUCT = 96
    # The same, faster where a has no gaps along m or k and many zeros.
    PRODUCT_SPARSE = 97
    # dst[m, j] = sum over k of a[m, k] * b[j, k]; m < N0, j < N1, k < N. Strides: dst m DST0,
    # j DST1; a m A0, k 1; b j B0, k 1.
    PRODUCT_INNER = 98
    # dst[m, j, v] = sum over k of a[m, k, v] * b[j, k, v]; m < N0, j < N1, v < N, k < C. Strides:
    # dst m DST0, j DST1; a m A0, k A1; b j B0, k B1; v 1, or 0 if the flag says so.
    PRODUCT_ROWS = 99


MAPS: dict[Op, Opcode] = {
    op: Opcode[op.name.upper()]
    for op in (*ops.TABLE.values(), *GUARDS.values())
    if op.name.upper() in Opcode.__members__ and op.arity is not None
    if op.is_built_in or op in GUARDS.values()
}
"""The opcode of each operation that has one. (All others are written in these.)"""
MAPS[constant_part] = Opcode.COPY

PAIRS: dict[tuple[Op, Op], Opcode] = {(ops.tanh, ops.sech2): Opcode.TANH_SECH2}
"""Two operations on the same number that one opcode does, with its results in dst and c."""

REDUCTIONS: dict[Op, tuple[Opcode, Opcode]] = {
    ops.sum: (Opcode.SUM, Opcode.SUM_INNER),
    ops.logsumexp: (Opcode.LOGSUMEXP, Opcode.LOGSUMEXP_INNER),
    ops.norm: (Opcode.NORM, Opcode.NORM_INNER),
}
"""Over the middle and over the inner axis."""
