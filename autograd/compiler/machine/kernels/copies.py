"""Kernels that move numbers: with inner strides, and by an index table. (COPY is in maps.py.)"""

from __future__ import annotations

from autograd.compiler.machine.kernels.line import Kernel, Line
from autograd.compiler.machine.kernels.vectors import Value
from autograd.compiler.machine.opcodes import Field, Opcode


def copy_strided(line: Line) -> None:
    """``dst[i0, i1, i * C] = a[i0, i1, i * B]``."""
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

    with code.loop(0, n0) as loop:
        index = code.convert("sext", code.load("i32", indices, loop.index), "i64")
        to_place, place = (index, loop.index) if scatter else (loop.index, index)
        to_row = code.at(line.real, to, to_place * to_step)
        row = code.at(line.real, source, place * source_step)
        line.along(n, to_row, row, body)


KERNELS: dict[Opcode, Kernel] = {
    Opcode.COPY_STRIDED: copy_strided,
    Opcode.GATHER: gather,
    Opcode.SCATTER_ADD: scatter_add,
}
"""The kernel of each opcode here."""
