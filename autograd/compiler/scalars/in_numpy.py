"""The machine's table carried out by NumPy, as far as graphs without structure need it: where there
is no llvmlite, and where Python must compute an operation of a user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.machine.opcodes import MAPS, REDUCTIONS, Field, Flag, Opcode
from autograd.compiler.numpy.kernels import function, in_python
from autograd.compiler.numpy.lanes import Lanes
from autograd.compiler.scalars.templates import FUSED, PYTHON
from autograd.ops import Op


def _with_slope(op: Op) -> Callable[[Any], tuple[Any, Any]]:
    """The value of an operation of one input, and its derivative."""

    def both(a: NDArray[Any]) -> tuple[Any, Any]:
        y = function(op)(a)
        (slope,) = op.apply_rule(y.view(Lanes), [a.view(Lanes)])
        return y, slope

    return both


FUNCTIONS: dict[int, Callable[..., Any]] = {
    Opcode.COPY: lambda a: a,
    Opcode.MUL_ADD: lambda a, b, c: a * b + c,
    **{int(code): function(op) for op, code in MAPS.items() if code is not Opcode.COPY},
    **{int(code): _with_slope(op) for op, code in FUSED.items()},
}
ARITY = {int(code): op.arity for op, code in MAPS.items()} | {int(Opcode.MUL_ADD): 3}
OVER_TERMS = {int(code): op for op, (code, _) in REDUCTIONS.items()}


@np.errstate(all="ignore")
def run(
    table: NDArray[np.int32], arena: NDArray[Any], ints: NDArray[np.int32], others: Sequence[Op]
) -> None:
    """Execute a table.

    Args:
        table: (instructions, 16).
        arena: the numbers. Changed.
        ints: the index tables.
        others: the operations that Python computes.
    """
    for line in table:
        _instruction(line.tolist(), arena, ints, others)


def _instruction(
    line: list[int], arena: NDArray[Any], ints: NDArray[np.int32], others: Sequence[Op]
) -> None:
    code, n, n0 = line[Field.OPCODE], line[Field.N], line[Field.N0]
    dst, a, c, flags = line[Field.DST], line[Field.A], line[Field.C], line[Field.FLAGS]
    if code == Opcode.STOP:
        return
    if code == Opcode.GATHER:
        arena[dst : dst + n0] = arena[a + ints[c : c + n0]]
    elif code == Opcode.SCATTER_ADD:
        np.add.at(arena, dst + ints[c : c + n0], arena[a : a + n0])
    elif code == Opcode.SUM_INNER:
        arena[dst] += arena[a : a + n].sum()
    elif terms := _terms(line):
        op = others[code - PYTHON] if code >= PYTHON else OVER_TERMS[code]
        compute = in_python(op) if code >= PYTHON else function(op)
        arena[dst : dst + n] = compute(*(arena[a + k : a + k + n] for k in terms))
    else:
        operands = []
        for where, flag in _OPERANDS[: ARITY.get(code, 1)]:
            start = line[where]
            # Not broadcast: np.power takes other ways for one exponent, with other corners.
            number = np.repeat(arena[start : start + 1], n) if flags & flag else None
            operands.append(arena[start : start + n] if number is None else number)
        result = FUNCTIONS[code](*operands)
        if isinstance(result, tuple):
            result, arena[c : c + n] = result
        arena[dst : dst + n] = result


_OPERANDS = (
    (Field.A, Flag.A_BROADCAST),
    (Field.B, Flag.B_BROADCAST),
    (Field.C, Flag.C_BROADCAST),
)


def _terms(line: list[int]) -> range | None:
    """How far the terms of a reduction are from the first."""
    if line[Field.OPCODE] < PYTHON and line[Field.OPCODE] not in OVER_TERMS:
        return None
    return range(0, line[Field.N1] * line[Field.A1], line[Field.A1])
