"""Kernels that move numbers: with inner strides, by an index table, and by indices that are numbers
themselves. (COPY is in maps.py.)"""

from __future__ import annotations

from collections.abc import Iterator

from autograd.compiler.machine.kernels.line import Kernel, Line
from autograd.compiler.machine.kernels.vectors import Value
from autograd.compiler.machine.opcodes import Field, Flag, Opcode


def copy_strided(line: Line) -> None:
    """``dst[i0, i1, i * C] = a[i0, i1, i * B]``."""
    code, (_, n1, n) = line.code, line.sizes()
    columns = line.get(Field.A1).equals(1) & line.get(Field.C).equals(1)
    rows = line.get(Field.DST1).equals(1) & line.get(Field.B).equals(1)
    large = (n1 < line.lanes).equals(0) & (n < line.lanes).equals(0)
    with code.when((columns | rows) & large):
        _turn(line, rows)
        code.give()
    _number_by_number(line)


def _turn(line: Line, rows: Value) -> None:
    """Exchange rows and columns, a square of vectors at a time, for operands of which each has no
    gaps along one of both axes. Squares at the ends overlap others."""
    code, (n0, n1, n), side = line.code, line.sizes(), line.lanes

    def either(if_rows: Value, else_: Value) -> Value:
        return code.select(rows, if_rows, else_)

    along, across = either(n1, n), either(n, n1)  # of dst without gaps, and of a
    to_step = either(line.get(Field.C), line.get(Field.DST1))
    from_step = either(line.get(Field.A1), line.get(Field.B))
    moving = [
        (line.pointer(field), line.get(first), line.get(first))
        for field, first in ((Field.DST, Field.DST0), (Field.A, Field.A0))
    ]
    with (
        line.rows(n0, code.number("i64", 1), moving) as (dst, a),
        code.loop(0, across, side) as outer,
        code.loop(0, along, side) as inner,
    ):
        j = code.select(across - side < outer.index, across - side, outer.index)
        i = code.select(along - side < inner.index, along - side, inner.index)
        start = code.at(line.real, a, i * from_step + j)
        starts = [code.at(line.real, start, from_step * s) for s in range(side)]
        to = code.at(line.real, dst, j * to_step + i)
        for s, x in enumerate(code.turned([code.load(line.vector, at) for at in starts])):
            code.store(x, code.at(line.real, to, to_step * s))


def _number_by_number(line: Line) -> None:
    n0, n1, n = line.sizes()
    dst = line.pointer(Field.DST), line.get(Field.DST0), line.get(Field.DST1)
    a = line.pointer(Field.A), line.get(Field.A0), line.get(Field.A1)
    from_step, to_step = line.get(Field.B), line.get(Field.C)
    code = line.code
    with line.rows(n0, n1, [dst, a]) as pointers, code.loop(0, n, carried=pointers) as loop:
        to, x = loop.values
        code.store(code.load(line.real, x), to)
        loop.following = [code.at(line.real, to, to_step), code.at(line.real, x, from_step)]


def gather(line: Line) -> None:
    """``dst[i0, i] = a[index * A0 + i]`` with ``index = ints[C + i0]``."""
    _by_index(line, scatter=False)


def scatter_add(line: Line) -> None:
    """``dst[index * DST0 + i] += a[i0, i]`` with ``index = ints[C + i0]``, in the order of i0."""
    _by_index(line, scatter=True)


def _by_index(line: Line, scatter: bool) -> None:
    code = line.code
    n0, _, n = line.sizes()
    indices = code.at("i32", line.ints, line.get(Field.C))
    to, to_step = line.pointer(Field.DST), line.get(Field.DST0)
    source, source_step = line.pointer(Field.A), line.get(Field.A0)

    def body(kind: str, place: Value, a: Value) -> None:
        x = code.load(kind, a)
        code.store(code.load(kind, place) + x if scatter else x, place)

    def each() -> Iterator[tuple[Value, Value]]:
        with code.loop(0, n0) as loop:
            index = code.convert("sext", code.load("i32", indices, loop.index), "i64")
            to_place, place = (index, loop.index) if scatter else (loop.index, index)
            to_row = code.at(line.real, to, to_place * to_step)
            yield to_row, code.at(line.real, source, place * source_step)

    with code.when(n.equals(1)):  # single numbers, without a loop for each
        for to_number, number in each():
            body(line.real, to_number, number)
        code.give()
    for to_row, row in each():
        line.along(n, to_row, row, body)


def take(line: Line) -> None:
    """``dst[i0, i1, i] = a[i0, i1, i]``, moved on by ``index * C``; index is ``b[i0, i1, i]``."""
    _by_number(line, put=False)


def put_add(line: Line) -> None:
    """``dst[i0, i1, i]``, moved on by ``index * C``, ``+= a[i0, i1, i]``; index is b there."""
    _by_number(line, put=True)


def _by_number(line: Line, put: bool) -> None:
    code = line.code
    n0, n1, n = line.sizes()
    moving = [
        line.placed(Field.DST, Field.DST0, Field.DST1),
        line.placed(Field.A, Field.A0, Field.A1),
        line.placed(Field.B, Field.B0, Field.B1),
    ]
    flags = (Flag.C_BROADCAST, Flag.A_BROADCAST, Flag.B_BROADCAST)
    zero = code.number("i64", 0)
    steps = [code.select(line.flag(flag), zero, 1) for flag in flags]
    along = line.get(Field.C)
    with line.rows(n0, n1, moving) as pointers, code.loop(0, n, carried=pointers) as loop:
        to, a, at = loop.values
        distance = code.convert("fptosi", code.load(line.real, at), "i64") * along
        if put:
            place = code.at(line.real, to, distance)
            code.store(code.load(line.real, place) + code.load(line.real, a), place)
        else:
            code.store(code.load(line.real, code.at(line.real, a, distance)), to)
        loop.following = [code.at(line.real, p, s) for p, s in zip(loop.values, steps)]


KERNELS: dict[Opcode, Kernel] = {
    Opcode.COPY_STRIDED: copy_strided,
    Opcode.GATHER: gather,
    Opcode.SCATTER_ADD: scatter_add,
    Opcode.TAKE: take,
    Opcode.PUT_ADD: put_add,
}
"""The kernel of each opcode here."""
