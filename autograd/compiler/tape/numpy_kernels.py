"""The tape machine in NumPy: a call or two for each vector step, plain Python for runs.

Slow on chains, and the same numbers as ``native_kernels``. The derivative rules are those of the
operation table itself, carried out on arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.numpy.kernels import function
from autograd.compiler.numpy.lanes import Lanes
from autograd.compiler.tape import codes as machine
from autograd.ops import Op

if TYPE_CHECKING:
    from autograd.compiler.tape.tape import Floats, Int32s, Int64s, Tape, UInt32s

NAME = "numpy"


def forward(tape: Tape, values: Floats) -> None:
    """Fill in every node from the leaves."""
    with np.errstate(all="ignore"):
        for step in tape.steps:
            code, first, count = int(step[0]), int(step[1]), int(step[2])
            if code == machine.RUN:
                for i in range(first, first + count):
                    values[i] = _op(tape, i).compute(values[_reads(tape, i)].tolist())
                continue
            xs = [values[column] for column in _columns(tape, step)]
            out = values[first : first + count]
            if code == machine.MIXED:
                adds, subs = _adds_and_subs(tape, first, count)
                a, b = xs
                out[:] = np.where(adds, a + b, np.where(subs, a - b, a * b))
            else:
                out[:] = function(_op(tape, first))(*xs)


def backward(tape: Tape, values: Floats, adjoints: Floats, output: int) -> None:
    """The derivative of the node at ``output`` by every node."""
    adjoints[:] = 0.0
    adjoints[output] = 1.0
    _accumulate(tape, values, adjoints)


def _accumulate(tape: Tape, values: Floats, adjoints: Floats) -> None:
    """Add to every node's adjoint what its consumers give, the last consumers first."""
    with np.errstate(all="ignore"):
        for step in tape.steps[::-1]:
            code, first, count = int(step[0]), int(step[1]), int(step[2])
            if code == machine.RUN:
                for i in range(first + count - 1, first - 1, -1):
                    _give_back(tape, i, values, adjoints)
                continue
            columns = _columns(tape, step)
            y, adjoint = values[first : first + count], adjoints[first : first + count]
            xs = [np.broadcast_to(values[column], count) for column in columns]
            if code == machine.MIXED:
                adds, subs = _adds_and_subs(tape, first, count)
                sums = adds | subs
                partials: Sequence[Any] = (
                    np.where(sums, 1.0, xs[1]),
                    np.where(sums, np.where(subs, -1.0, 1.0), xs[0]),
                )
            else:
                lanes = [x.view(Lanes) for x in xs]
                partials = _op(tape, first).apply_rule(y.view(Lanes), lanes)
            for column, partial in zip(columns, partials):
                _give(adjoints, column, np.asarray(partial * adjoint))


def over_rows(
    tape: Tape,
    values: Floats,
    adjoints: Floats,
    places: Int64s,
    rows: Floats,
    output: int,
    results: Floats,
    gradients: Floats,
) -> None:
    """Forward and backward for each row; the leaves' adjoints add up."""
    for r, row in enumerate(rows):
        values[places] = row
        adjoints[places] = 0.0
        adjoints[tape.leaves :] = 0.0
        adjoints[output] += 1.0
        forward(tape, values)
        _accumulate(tape, values, adjoints)
        results[r], gradients[r] = values[output], adjoints[places]


def depths(starts: Int64s, inputs: Int32s) -> Int32s:
    """0 for a node without inputs, for any other 1 more than its deepest input's."""
    found: list[int] = []
    ends, reads = starts.tolist(), inputs.tolist()
    for i in range(len(ends) - 1):
        deepest = -1
        for j in reads[ends[i] : ends[i + 1]]:
            if found[j] > deepest:
                deepest = found[j]
        found.append(deepest + 1)
    return np.array(found, np.int32)


def reached(starts: Int64s, inputs: Int32s, output: int) -> NDArray[np.bool_]:
    """Which nodes the output was made from, itself included."""
    found = np.zeros(len(starts) - 1, np.bool_)
    found[output] = True
    for i in range(output, -1, -1):
        if found[i]:
            found[inputs[starts[i] : starts[i + 1]]] = True
    return found


# --- one step ---


def _op(tape: Tape, position: int) -> Op:
    code = int(tape.codes[position])
    if code < machine.POWER:
        return machine.OPS[code]
    code -= machine.POWER
    if code < len(tape.exponents):
        return ops.power(float(tape.exponents[code]))
    return tape.others[code - len(tape.exponents)]


def _reads(tape: Tape, position: int) -> UInt32s:
    node = position - tape.leaves
    return tape.operands[tape.starts[node] : tape.starts[node + 1]]


def _give_back(tape: Tape, position: int, values: Floats, adjoints: Floats) -> None:
    reads = _reads(tape, position)
    _, partials = _op(tape, position).evaluate(values[reads].tolist())
    for read, partial in zip(reads, partials):
        adjoints[read] += partial * adjoints[position]


def _columns(tape: Tape, step: Int64s) -> list[Any]:
    """What indexes each operand's lanes: a slice, one position, or an array of positions."""
    _, first, count, operand, column = step.tolist()
    node = first - tape.leaves
    width = (int(tape.starts[node + count]) - operand) // count
    columns: list[Any] = []
    for k in range(width):
        at = tape.operands[operand + k * count : operand + (k + 1) * count]
        kind = int(tape.kinds[column + k]) & ~machine.ONCE
        begin = int(at[0])
        if kind == machine.SLICE:
            columns.append(slice(begin, begin + count))
        else:
            columns.append(begin if kind == machine.SAME else at)
    return columns


def _give(adjoints: Floats, column: Any, given: Floats) -> None:
    if isinstance(column, slice):
        adjoints[column] += given
    elif isinstance(column, int):
        adjoints[column] += given.sum()
    else:
        np.add.at(adjoints, column, given)


def _adds_and_subs(tape: Tape, first: int, count: int) -> tuple[Any, Any]:
    codes = tape.codes[first : first + count]
    return codes == machine.CODES[ops.add], codes == machine.CODES[ops.sub]
