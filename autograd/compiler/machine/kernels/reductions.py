"""Kernels that reduce an axis: sums, logsumexp and norms, over the middle or the inner axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from autograd.compiler.machine.kernels import elementary
from autograd.compiler.machine.kernels.elementary import fabs, from_bits, select
from autograd.compiler.machine.kernels.kinds import element, lanes, like
from autograd.compiler.machine.kernels.line import Kernel, Line, Repeated
from autograd.compiler.machine.kernels.powers import POWERS, power_below
from autograd.compiler.machine.kernels.vectors import Code, Value
from autograd.compiler.machine.opcodes import Field, Flag, Opcode

# --- what is reduced ---


@dataclass(frozen=True)
class Pass:
    """One walk over the numbers.

    Attributes:
        starts: what is carried from one number to the next, at first.
        step: the carried values after one more number, from those before, what the walk before
            gave, and the number; for scalars and vectors alike.
        merge: two sets of carried values, from two parts of the numbers, as one.
    """

    starts: tuple[float, ...]
    step: Callable[[list[Value], list[Value], Value], list[Value]]
    merge: Callable[[list[Value], list[Value]], list[Value]]


@dataclass(frozen=True)
class Reduction:
    """Walks over the numbers, one after another, and the result from what the last two gave."""

    passes: tuple[Pass, ...]
    result: Callable[[list[Value], list[Value]], Value]
    in_double: bool = True


def added(a: list[Value], b: list[Value]) -> list[Value]:
    """Sums of parts as one."""
    return [x + y for x, y in zip(a, b)]


def larger(a: list[Value], b: list[Value]) -> list[Value]:
    """Largest numbers of parts as one; nan never is the largest."""
    return [select(y > x, y, x) for x, y in zip(a, b)]


SUM = Reduction(
    (Pass((0.0,), lambda sums, _, x: [sums[0] + x], added),),
    lambda _, sums: sums[0],
    in_double=False,
)

LARGEST = Pass((-inf,), lambda top, _, x: larger(top, [x]), larger)


def _centre(top: Value) -> Value:
    """The largest number, if it is finite; else 0, with which infinities and nan go through."""
    return select(fabs(top) < inf, top, 0.0)


def _exponentials(sums: list[Value], top: list[Value], x: Value) -> list[Value]:
    """The sum of those below 1, and how many others there are, which would swallow the rest."""
    y = elementary.exp(x - _centre(top[0]))
    largest = y.equals(1.0)
    return [sums[0] + select(largest, 0.0, y), sums[1] + select(largest, y, 0.0)]


LOGSUMEXP = Reduction(
    (LARGEST, Pass((0.0, 0.0), _exponentials, added)),
    lambda top, sums: _centre(top[0]) + elementary.log1p(sums[0] + (sums[1] - 1.0)),
)


def _squares(sums: list[Value], top: list[Value], x: Value) -> list[Value]:
    x = x * from_bits(POWERS - power_below(top[0]))
    return [sums[0] + x * x]


NORM = Reduction(
    (
        Pass((0.0,), lambda top, _, x: larger(top, [fabs(x)]), larger),
        Pass((0.0,), _squares, added),
    ),
    lambda top, sums: elementary.sqrt(sums[0]) * from_bits(power_below(top[0])),
)


# --- along which axis ---


def over_middle(reduction: Reduction) -> Kernel:
    """``dst[i0, i] = over i1 of a[i0, i1, i]``."""

    def write(line: Line) -> None:
        code = line.code
        n0, n1, n = line.sizes()
        step = line.get(Field.A1)

        def body(kind: str, to: Value, a: Value) -> None:
            before: list[Value] = []
            found: list[Value] = []
            for part in reduction.passes:
                before, first = found, [_number(code, kind, reduction, s) for s in part.starts]
                if reduction is SUM:
                    first = [_begun(line, kind, to)]
                with code.loop(0, n1, carried=[a, *first]) as loop:
                    pointer, *carried = loop.values
                    x = _loaded(code, kind, reduction, pointer)
                    loop.following = [
                        code.at(line.real, pointer, step),
                        *part.step(carried, before, x),
                    ]
                found = loop.values[1:]
            _store(line, kind, reduction.result(before, found), to)

        to = line.pointer(Field.DST), line.get(Field.DST0), code.number("i64", 0)
        source = line.pointer(Field.A), line.get(Field.A0), code.number("i64", 0)
        with line.rows(n0, code.number("i64", 1), [to, source]) as (row, x):
            line.along(n, row, x, body)

    return write


def over_inner(reduction: Reduction) -> Kernel:
    """``dst[i0, i1] = over i of a[i0, i1, i]``."""

    def write(line: Line) -> None:
        code = line.code
        n0, n1, _ = line.sizes()
        accumulate = line.flag(Flag.ACCUMULATE)
        repeated = Repeated(line, Flag.A_BROADCAST)
        dst = line.pointer(Field.DST), line.get(Field.DST0), line.get(Field.DST1)
        a = line.pointer(Field.A), line.get(Field.A0), line.get(Field.A1)
        with line.rows(n0, n1, [dst, a]) as (to, x):
            start = repeated.at(x)
            before: list[Value] = []
            found: list[Value] = []
            for part in reduction.passes:
                before, found = found, _walked(line, reduction, part, found, start, repeated.step)
            result = reduction.result(before, found)
            if reduction is SUM:
                # Where nothing is added to, -0 is: it leaves a sum as it is.
                result = result + code.select(
                    accumulate, code.load(line.real, to), code.number(line.real, -0.0)
                )
            _store(line, line.real, result, to)

    return write


def _walked(
    line: Line,
    reduction: Reduction,
    part: Pass,
    before: list[Value],
    start: Value,
    step: Value,
) -> list[Value]:
    """What one pass over the inner axis gives: first whole vectors, then the numbers left over."""
    code, n, index = line.code, line.get(Field.N), line.code.number("i64", 0)
    pointer, carried = start, [_number(code, line.vector, reduction, s) for s in part.starts]
    for kind, count in line.kinds:
        known = [code.splat(x, count) for x in before]
        with code.loop(index, n - (count - 1), count, carried=[pointer, *carried]) as loop:
            x = _loaded(code, kind, reduction, loop.values[0])
            moved = code.at(line.real, loop.values[0], step * count)
            loop.following = [moved, *part.step(loop.values[1:], known, x)]
        index, (pointer, *carried) = loop.index, loop.values
        if count > 1:
            carried = code.halves(carried, part.merge)
    return carried


def _number(code: Code, kind: str, reduction: Reduction, number: float) -> Value:
    return code.number(like(kind, "double") if reduction.in_double else kind, number)


def _loaded(code: Code, kind: str, reduction: Reduction, pointer: Value) -> Value:
    x = code.load(kind, pointer)
    return code.real(x, "double") if reduction.in_double else x


def _store(line: Line, kind: str, result: Value, to: Value) -> None:
    line.code.store(line.code.real(result, element(kind)), to)


def _begun(line: Line, kind: str, to: Value) -> Value:
    """What the first term of a sum in order is added to: what is there, or a zero. (Adding -0
    leaves every number as it is.)"""
    code, n = line.code, lanes(kind)
    first, there = (code.splat(line.flag(f), n) for f in (Flag.FIRST, Flag.ACCUMULATE))
    zero = code.select(first, code.number(kind, -0.0), code.number(kind, 0.0))
    return code.select(there, code.load(kind, to), zero)


def sum_in_order(line: Line) -> None:
    """SUM_IN_ORDER: ``dst[i0, i1] = over i of a[i0, i1, i]``, one number after the other."""
    code = line.code
    n0, n1, n = line.sizes()
    repeated = Repeated(line, Flag.A_BROADCAST)
    dst = line.pointer(Field.DST), line.get(Field.DST0), line.get(Field.DST1)
    a = line.pointer(Field.A), line.get(Field.A0), line.get(Field.A1)
    with line.rows(n0, n1, [dst, a]) as (to, x):
        begun = _begun(line, line.real, to)
        with code.loop(0, n, carried=[repeated.at(x), begun]) as loop:
            pointer, total = loop.values
            moved = code.at(line.real, pointer, repeated.step)
            loop.following = [moved, total + code.load(line.real, pointer)]
        code.store(loop.values[1], to)


KERNELS: dict[Opcode, Kernel] = {
    Opcode.SUM: over_middle(SUM),
    Opcode.LOGSUMEXP: over_middle(LOGSUMEXP),
    Opcode.NORM: over_middle(NORM),
    Opcode.SUM_INNER: over_inner(SUM),
    Opcode.LOGSUMEXP_INNER: over_inner(LOGSUMEXP),
    Opcode.NORM_INNER: over_inner(NORM),
    Opcode.SUM_IN_ORDER: sum_in_order,
}
"""The kernel of each opcode here."""
