"""The tape machine in native code: one kernel forward, one backward, whatever the graph.

Vector steps are carried out CHUNK lanes at a time, so that what lies between two loops stays in
the first-level cache. The codes are constants to the compiler, so a chain of comparisons with
them becomes one jump.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.native import elementary
from autograd.compiler.tape import codes as machine

if TYPE_CHECKING:
    from autograd.compiler.tape.tape import Floats, Int32s, Int64s, Tape, UInt32s

NAME = "numba"
CHUNK = 1024

# _nrt: nothing is allocated in the kernels, so that slices need not be counted.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "_nrt": False}
_part: Callable[..., Any] = numba.njit(**_OPTIONS)
_inlined: Callable[..., Any] = numba.njit(inline="always", **_OPTIONS)
# Sums in any order, without which no sum is vectorised.
_reduction: Callable[..., Any] = numba.njit(**{**_OPTIONS, "fastmath": {"contract", "reassoc"}})


def _kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled at its first call, and kept on disk wherever that is possible."""
    try:
        kernel: Callable[..., Any] = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        kernel = numba.njit(**_OPTIONS)(function)
    return kernel


SLICE, SAME, GATHER, ONCE = machine.SLICE, machine.SAME, machine.GATHER, machine.ONCE
MIXED, RUN, POWER = machine.MIXED, machine.RUN, machine.POWER
ADD, SUB, MUL = machine.CODES[ops.add], machine.CODES[ops.sub], machine.CODES[ops.mul]
DIV, NEG, SUM = machine.CODES[ops.div], machine.CODES[ops.neg], machine.CODES[ops.sum]
SIGN, STEP, ABOVE = machine.CODES[ops.sign], machine.CODES[ops.step], machine.CODES[ops.above]
STRONG_MUL, POW, EXP = machine.CODES[ops.strong_mul], machine.CODES[ops.pow], machine.CODES[ops.exp]
LOG, SQRT, SECH2 = machine.CODES[ops.log], machine.CODES[ops.sqrt], machine.CODES[ops.sech2]
LOGSUMEXP, TANH = machine.CODES[ops.logsumexp], machine.CODES[ops.tanh]
SIGMOID, SOFTPLUS = machine.CODES[ops.sigmoid], machine.CODES[ops.softplus]
RELU, SIN, COS, ABS = (machine.CODES[op] for op in (ops.relu, ops.sin, ops.cos, ops.abs))
MAXIMUM, MINIMUM = machine.CODES[ops.maximum], machine.CODES[ops.minimum]

_exp, _log, _log1p = (elementary.NATIVE[name] for name in ("exp", "log", "log1p"))
_tanh, _sech2 = elementary.NATIVE["tanh"], elementary.NATIVE["sech2"]
_sigmoid, _softplus = elementary.NATIVE["sigmoid"], elementary.NATIVE["softplus"]
_relu, _step, _sign = (elementary.NATIVE[name] for name in ("relu", "step", "sign"))
_above, _strong_mul = elementary.NATIVE["above"], elementary.NATIVE["strong_mul"]
_maximum, _minimum = elementary.NATIVE["maximum"], elementary.NATIVE["minimum"]
_sin, _cos, _sqrt = (elementary.NATIVE[name] for name in ("sin", "cos", "sqrt"))
_pow = elementary.NATIVE["pow"]
_select = elementary.select


# --- one node ---

C2, C3, C4, C5, C6, C7 = (1 / math.factorial(k) for k in range(2, 8))
C8, C9, C10, C11, C12, C13 = (1 / math.factorial(k) for k in range(8, 14))


@_part
def _tanh_of_one(x: float) -> float:
    """``elementary.tanh`` for a chain, where each node waits for the one before.

    What counts is then not how many operations there are but how many follow one another: the
    series of e^r, to a remainder of 4e-18 for |r| <= log(2)/2, is summed as a tree (Estrin 1960).
    """
    size = math.fabs(x)
    x2 = 2.0 * _select(size > 20.0, 20.0, size)
    shifted = x2 * elementary.LOG2_E + elementary.ROUND
    whole = shifted - elementary.ROUND
    r = (x2 - whole * elementary.LOG_2_HIGH) - whole * elementary.LOG_2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = (C2 + C3 * r) + r2 * (C4 + C5 * r)
    middle = (C6 + C7 * r) + r2 * (C8 + C9 * r)
    high = (C10 + C11 * r) + r2 * (C12 + C13 * r)
    p = r + r2 * (low + r4 * (middle + r4 * high))
    scale = elementary.power_of_two(elementary.bits(shifted) - elementary.ROUND_BITS)
    u = scale * p + (scale - 1.0)
    return elementary.with_sign_of(x, u / (u + 2.0))


@_part
def _power(x: float, n: float) -> float:
    """x ** n; small whole powers by multiplication, within 2 units in the last place."""
    if n == 2.0:
        return x * x
    if n == 1.0:
        return x
    if n == 3.0:
        return x * x * x
    if n == -1.0:
        return 1.0 / x
    return _pow(x, n)  # type: ignore[no-any-return]


@_part
def _value(code: int, a: float, b: float, n: float) -> float:
    """A row of one or two inputs."""
    if code == ADD:
        return a + b
    elif code == SUB:
        return a - b
    elif code == MUL:
        return a * b
    elif code == DIV:
        return a / b
    elif code == NEG:
        return -a
    elif code == SIGN:
        return _sign(a)  # type: ignore[no-any-return]
    elif code == STEP:
        return _step(a)  # type: ignore[no-any-return]
    elif code == ABOVE:
        return _above(a, b)  # type: ignore[no-any-return]
    elif code == STRONG_MUL:
        return _strong_mul(a, b)  # type: ignore[no-any-return]
    elif code == POW:
        return _pow(a, b)  # type: ignore[no-any-return]
    elif code == EXP:
        return _exp(a)  # type: ignore[no-any-return]
    elif code == LOG:
        return _log(a)  # type: ignore[no-any-return]
    elif code == SQRT:
        return _sqrt(a)  # type: ignore[no-any-return]
    elif code == SECH2:
        return _sech2(a)  # type: ignore[no-any-return]
    elif code == TANH:
        return _tanh_of_one(a)  # type: ignore[no-any-return]
    elif code == SIGMOID:
        return _sigmoid(a)  # type: ignore[no-any-return]
    elif code == SOFTPLUS:
        return _softplus(a)  # type: ignore[no-any-return]
    elif code == RELU:
        return _relu(a)  # type: ignore[no-any-return]
    elif code == SIN:
        return _sin(a)  # type: ignore[no-any-return]
    elif code == COS:
        return _cos(a)  # type: ignore[no-any-return]
    elif code == ABS:
        return math.fabs(a)
    elif code == MAXIMUM:
        return _maximum(a, b)  # type: ignore[no-any-return]
    elif code == MINIMUM:
        return _minimum(a, b)  # type: ignore[no-any-return]
    else:
        return _power(a, n)  # type: ignore[no-any-return]


@_part
def _partials(code: int, y: float, a: float, b: float, n: float) -> tuple[float, float]:
    """The local derivatives of a row of one or two inputs."""
    if code == ADD:
        return 1.0, 1.0
    elif code == SUB:
        return 1.0, -1.0
    elif code in (MUL, STRONG_MUL):
        return b, a
    elif code == DIV:
        return 1.0 / b, -y / b
    elif code == NEG:
        return -1.0, 0.0
    elif code == POW:
        return _strong_mul(b, _pow(a, b - 1.0)), _strong_mul(y * _sign(a) * _sign(a), _log(a))
    elif code == EXP:
        return y, 0.0
    elif code == LOG:
        return 1.0 / a, 0.0
    elif code == SQRT:
        return 0.5 / y, 0.0
    elif code == SECH2:
        return -2.0 * y * _tanh(a), 0.0
    elif code == TANH:
        return _sech2(a), 0.0
    elif code == SIGMOID:
        return 0.25 * _sech2(0.5 * a), 0.0
    elif code == SOFTPLUS:
        return _sigmoid(a), 0.0
    elif code == RELU:
        return _step(a), 0.0
    elif code == SIN:
        return _cos(a), 0.0
    elif code == COS:
        return -_sin(a), 0.0
    elif code == ABS:
        return _sign(a), 0.0
    elif code == MAXIMUM:
        return _above(a, b), _above(b, a)
    elif code == MINIMUM:
        return _above(b, a), _above(a, b)
    elif code >= POWER:
        if n == 0.0 or n == 1.0:
            return n, 0.0
        return n * _power(a, n - 1.0), 0.0
    else:  # SIGN, STEP, ABOVE
        return 0.0, 0.0


# --- runs: node by node ---


@_part
def _logsumexp(values: Floats, reads: UInt32s) -> float:
    largest = -math.inf
    for i in reads:
        largest = _maximum(largest, values[i])
    if math.isnan(largest) or math.isinf(largest):
        return largest
    ties, rest = 0.0, 0.0
    for i in reads:
        if values[i] == largest:
            ties += 1.0
        else:
            rest += _exp(values[i] - largest)
    return largest + _log1p(ties - 1.0 + rest)  # type: ignore[no-any-return]


@_part
def _run_forward(
    first: int,
    count: int,
    leaves: int,
    operands: UInt32s,
    starts: Int64s,
    codes: NDArray[np.int16],
    exponents: Floats,
    values: Floats,
) -> None:
    # What a node reads is most often what was computed just before: passed on in a register, it
    # need not wait for the memory.
    last = values[first - 1] if first else 0.0
    for i in range(first, first + count):
        code = codes[i]
        at, end = starts[i - leaves], starts[i - leaves + 1]
        if code == SUM:
            y = 0.0
            for k in range(at, end):
                y += values[operands[k]]
        elif code == LOGSUMEXP:
            y = _logsumexp(values, operands[at:end])
        else:
            n = exponents[code - POWER] if code >= POWER else 0.0
            # The last operand is the second of two, or the first again.
            a, b = operands[at], operands[end - 1]
            x = last if a == i - 1 else values[a]
            y = _value(code, x, last if b == i - 1 else values[b], n)
        values[i] = y
        last = y


@_part
def _run_backward(
    first: int,
    count: int,
    leaves: int,
    operands: UInt32s,
    starts: Int64s,
    codes: NDArray[np.int16],
    exponents: Floats,
    values: Floats,
    adjoints: Floats,
) -> None:
    # As in _run_forward: what the node before was given last is passed on in a register.
    known, passed_on = -1, 0.0
    for i in range(first + count - 1, first - 1, -1):
        code = codes[i]
        adjoint = passed_on if known == i else adjoints[i]
        at, end = starts[i - leaves], starts[i - leaves + 1]
        if code == SUM:
            for k in range(at, end):
                adjoints[operands[k]] += adjoint
        elif code == LOGSUMEXP:
            total = 0.0
            for k in range(at, end):
                total += _exp(values[operands[k]] - values[i])
            for k in range(at, end):
                share = _strong_mul(_exp(values[operands[k]] - values[i]), 1.0 / total)
                adjoints[operands[k]] += share * adjoint
        else:
            n = exponents[code - POWER] if code >= POWER else 0.0
            a, b = operands[at], operands[end - 1]
            if code == ADD:  # the most frequent two beside the jump: a third of the time
                by_a, by_b = 1.0, 1.0
            elif code == MUL:
                by_a, by_b = values[b], values[a]
            else:
                by_a, by_b = _partials(code, values[i], values[a], values[b], n)
            given = adjoints[a] + by_a * adjoint
            adjoints[a] = given
            if a == i - 1:
                known, passed_on = i - 1, given
            if end - at == 2:
                given = adjoints[b] + by_b * adjoint
                adjoints[b] = given
                if b == i - 1:
                    known, passed_on = i - 1, given


# --- vector steps: CHUNK lanes at a time ---


@_part
def _copy(values: Floats, operands: UInt32s, kind: int, scratch: Floats) -> None:
    """Lanes that do not stand side by side, copied so that they do."""
    kind &= ~ONCE
    if kind == SAME:
        number = values[operands[0]]
        for i in range(len(operands)):
            scratch[i] = number
    elif kind != SLICE:
        for i in range(len(operands)):
            scratch[i] = values[operands[i]]


@_inlined
def _lanes(values: Floats, operands: UInt32s, kind: int, scratch: Floats) -> Floats:
    """An operand's lanes side by side: where they stand, or copied to ``scratch``."""
    _copy(values, operands, kind, scratch)
    begin = np.int64(operands[0])
    return (
        values[begin : begin + len(operands)]
        if (kind | ONCE) == SLICE | ONCE
        else scratch[: len(operands)]
    )


@_reduction
def _total(given: Floats) -> float:
    total = 0.0
    for i in range(len(given)):
        total += given[i]
    return total


@_part
def _add(target: Floats, given: Floats) -> None:
    for i in range(len(target)):
        target[i] += given[i]


@_part
def _set(target: Floats, given: Floats) -> None:
    for i in range(len(target)):
        target[i] = given[i]


@_part
def _give(adjoints: Floats, operands: UInt32s, kind: int, given: Floats) -> None:
    """Add to the adjoints of an operand's lanes; or set them, where nobody else adds."""
    begin = np.int64(operands[0])
    if kind == SLICE:
        _add(adjoints[begin : begin + len(operands)], given)
    elif kind == SLICE | ONCE:
        _set(adjoints[begin : begin + len(operands)], given)
    elif kind == SAME:
        adjoints[begin] += _total(given)
    elif kind == GATHER:
        for i in range(len(operands)):
            adjoints[operands[i]] += given[i]
    else:
        for i in range(len(operands)):
            adjoints[operands[i]] = given[i]


@_inlined
def _target(adjoints: Floats, operands: UInt32s, kind: int, scratch: Floats) -> Floats:
    """Where to write what an operand's lanes are given: their adjoints themselves, if set once."""
    begin = np.int64(operands[0])
    direct = kind == SLICE | ONCE
    return adjoints[begin : begin + len(operands)] if direct else scratch[: len(operands)]


def _loop(function: Callable[..., float]) -> Callable[..., None]:
    """``function`` lane by lane."""

    @_part
    def loop(out: Floats, a: Floats) -> None:
        for i in range(len(out)):
            out[i] = function(a[i])

    return loop  # type: ignore[no-any-return]


def _loop2(function: Callable[..., float]) -> Callable[..., None]:
    """``function`` of two inputs lane by lane."""

    @_part
    def loop(out: Floats, a: Floats, b: Floats) -> None:
        for i in range(len(out)):
            out[i] = function(a[i], b[i])

    return loop  # type: ignore[no-any-return]


@_part
def _plus(a: float, b: float) -> float:
    return a + b


@_part
def _minus(a: float, b: float) -> float:
    return a - b


@_part
def _times(a: float, b: float) -> float:
    return a * b


@_part
def _over(a: float, b: float) -> float:
    return a / b


@_part
def _square(a: float) -> float:
    return a * a


@_part
def _tanh_back(x: float, adjoint: float) -> float:
    return _sech2(x) * adjoint  # type: ignore[no-any-return]


@_part
def _sigmoid_back(x: float, adjoint: float) -> float:
    return 0.25 * _sech2(0.5 * x) * adjoint  # type: ignore[no-any-return]


@_part
def _relu_back(x: float, adjoint: float) -> float:
    return _step(x) * adjoint  # type: ignore[no-any-return]


_add_loop, _sub_loop, _mul_loop = _loop2(_plus), _loop2(_minus), _loop2(_times)
_div_loop, _square_loop = _loop2(_over), _loop(_square)
_tanh_loop, _exp_loop, _sigmoid_loop = _loop(_tanh), _loop(_exp), _loop(_sigmoid)
_log_loop, _relu_loop = _loop(_log), _loop(_relu)
_tanh_back_loop, _sigmoid_back_loop = _loop2(_tanh_back), _loop2(_sigmoid_back)
_relu_back_loop = _loop2(_relu_back)


@_part
def _mixed_loop(out: Floats, codes: NDArray[np.int16], a: Floats, b: Floats) -> None:
    for i in range(len(out)):
        x, y = a[i], b[i]
        out[i] = _select(codes[i] == MUL, x * y, x + _select(codes[i] == SUB, -y, y))


@_part
def _vector_forward(
    code: int, n: float, out: Floats, codes: NDArray[np.int16], a: Floats, b: Floats
) -> None:
    if code == MIXED:
        _mixed_loop(out, codes, a, b)
    elif code == ADD:
        _add_loop(out, a, b)
    elif code == SUB:
        _sub_loop(out, a, b)
    elif code == MUL:
        _mul_loop(out, a, b)
    elif code == DIV:
        _div_loop(out, a, b)
    elif code == TANH:
        _tanh_loop(out, a)
    elif code == EXP:
        _exp_loop(out, a)
    elif code == LOG:
        _log_loop(out, a)
    elif code == SIGMOID:
        _sigmoid_loop(out, a)
    elif code == RELU:
        _relu_loop(out, a)
    elif code >= POWER and n == 2.0:
        _square_loop(out, a)
    else:
        for i in range(len(out)):
            out[i] = _value(code, a[i], b[i], n)


@_part
def _mixed_backward(
    out: Floats, codes: NDArray[np.int16], other: Floats, by_second: float, adjoint: Floats
) -> None:
    """To an operand of add, sub or mul; ``by_second`` is what sub's derivative by it is."""
    for i in range(len(out)):
        x, sign = other[i], _select(codes[i] == SUB, by_second, 1.0)
        out[i] = _select(codes[i] == MUL, x, sign) * adjoint[i]


@_part
def _vector_backward(
    code: int,
    n: float,
    y: Floats,
    adjoint: Floats,
    codes: NDArray[np.int16],
    a: Floats,
    b: Floats,
    to_a: Floats,
    to_b: Floats,
) -> None:
    """What each lane gives to its operands, into ``to_a`` and ``to_b``."""
    if code == MUL:
        _mul_loop(to_a, b, adjoint)
        _mul_loop(to_b, a, adjoint)
    elif code in (MIXED, SUB):
        _mixed_backward(to_a, codes, b, 1.0, adjoint)
        _mixed_backward(to_b, codes, a, -1.0, adjoint)
    elif code == TANH:
        _tanh_back_loop(to_a, a, adjoint)
    elif code == SIGMOID:
        _sigmoid_back_loop(to_a, a, adjoint)
    elif code == EXP:
        _mul_loop(to_a, y, adjoint)
    elif code == RELU:
        _relu_back_loop(to_a, a, adjoint)
    else:
        for i in range(len(adjoint)):
            by_a, by_b = _partials(code, y[i], a[i], b[i], n)
            to_a[i] = by_a * adjoint[i]
            to_b[i] = by_b * adjoint[i]


# --- rows of any number of inputs ---


@_part
def _many_forward(
    code: int,
    out: Floats,
    values: Floats,
    operands: UInt32s,
    stride: int,
    kinds: NDArray[np.int8],
    scratch: NDArray[np.float64],
) -> None:
    lanes = len(out)
    width = len(kinds)
    if code == SUM:
        for i in range(lanes):
            out[i] = 0.0
        for k in range(width):
            at = k * stride
            _add(out, _lanes(values, operands[at : at + lanes], kinds[k], scratch[0]))
        return
    largest = scratch[1, :lanes]
    for i in range(lanes):
        largest[i] = -math.inf
    for k in range(width):
        x = _lanes(values, operands[k * stride : k * stride + lanes], kinds[k], scratch[0])
        for i in range(lanes):
            largest[i] = _maximum(largest[i], x[i])
    ties = scratch[2, :lanes]
    for i in range(lanes):
        ties[i] = out[i] = 0.0
    for k in range(width):
        x = _lanes(values, operands[k * stride : k * stride + lanes], kinds[k], scratch[0])
        for i in range(lanes):
            tie = x[i] == largest[i]
            ties[i] += _select(tie, 1.0, 0.0)
            out[i] += _select(tie, 0.0, _exp(x[i] - largest[i]))
    for i in range(lanes):
        ordinary = math.fabs(largest[i]) < math.inf
        out[i] = largest[i] + _log1p(ties[i] - 1.0 + out[i]) if ordinary else largest[i]


@_part
def _many_backward(
    code: int,
    y: Floats,
    adjoint: Floats,
    values: Floats,
    adjoints: Floats,
    operands: UInt32s,
    stride: int,
    kinds: NDArray[np.int8],
    scratch: NDArray[np.float64],
) -> None:
    lanes = len(y)
    total = scratch[2, :lanes]
    if code != SUM:
        for i in range(lanes):
            total[i] = 0.0
        for k in range(len(kinds)):
            x = _lanes(values, operands[k * stride : k * stride + lanes], kinds[k], scratch[0])
            for i in range(lanes):
                total[i] += _exp(x[i] - y[i])
    for k in range(len(kinds)):
        reads = operands[k * stride : k * stride + lanes]
        if code == SUM:
            _give(adjoints, reads, kinds[k], adjoint)
            continue
        x = _lanes(values, reads, kinds[k], scratch[0])
        given = scratch[1, :lanes]
        for i in range(lanes):
            given[i] = _strong_mul(_exp(x[i] - y[i]), 1.0 / total[i]) * adjoint[i]
        _give(adjoints, reads, kinds[k], given)


# --- whole programs ---


def _forward(
    leaves: int,
    steps: NDArray[np.int64],
    kinds: NDArray[np.int8],
    operands: UInt32s,
    starts: Int64s,
    codes: NDArray[np.int16],
    exponents: Floats,
    scratch: NDArray[np.float64],
    values: Floats,
) -> None:
    for s in range(len(steps)):
        code, first, count, operand, column = steps[s]
        if code == RUN:
            _run_forward(first, count, leaves, operands, starts, codes, exponents, values)
            continue
        width = (starts[first - leaves + count] - operand) // count
        n = exponents[code - POWER] if code >= POWER else 0.0
        for at in range(0, count, CHUNK):
            lanes = min(CHUNK, count - at)
            low, high = first + at, first + at + lanes
            out = values[low:high]
            begin = operand + at
            if code in (SUM, LOGSUMEXP):
                reads = operands[begin : operand + width * count]
                columns = kinds[column : column + width]
                _many_forward(code, out, values, reads, count, columns, scratch)
                continue
            a = _lanes(values, operands[begin : begin + lanes], kinds[column], scratch[0])
            b = a
            if width == 2:
                begin += count
                b = _lanes(values, operands[begin : begin + lanes], kinds[column + 1], scratch[1])
            _vector_forward(code, n, out, codes[low:high], a, b)


def _backward(
    leaves: int,
    steps: NDArray[np.int64],
    kinds: NDArray[np.int8],
    operands: UInt32s,
    starts: Int64s,
    codes: NDArray[np.int16],
    exponents: Floats,
    scratch: NDArray[np.float64],
    values: Floats,
    adjoints: Floats,
) -> None:
    """Needs zeros in all adjoints but those that are set ONCE."""
    for s in range(len(steps) - 1, -1, -1):
        code, first, count, operand, column = steps[s]
        if code == RUN:
            _run_backward(
                first, count, leaves, operands, starts, codes, exponents, values, adjoints
            )
            continue
        width = (starts[first - leaves + count] - operand) // count
        n = exponents[code - POWER] if code >= POWER else 0.0
        for at in range(0, count, CHUNK):
            lanes = min(CHUNK, count - at)
            low, high = first + at, first + at + lanes
            y, adjoint = values[low:high], adjoints[low:high]
            begin = operand + at
            if code in (SUM, LOGSUMEXP):
                reads = operands[begin : operand + width * count]
                columns = kinds[column : column + width]
                _many_backward(code, y, adjoint, values, adjoints, reads, count, columns, scratch)
                continue
            reads_a = operands[begin : begin + lanes]
            kind_a = kinds[column]
            reads_b, kind_b = reads_a, kind_a
            if width == 2:
                reads_b = operands[begin + count : begin + count + lanes]
                kind_b = kinds[column + 1]
            if code == ADD:
                _give(adjoints, reads_a, kind_a, adjoint)
                _give(adjoints, reads_b, kind_b, adjoint)
                continue
            a = _lanes(values, reads_a, kind_a, scratch[0])
            to_a = _target(adjoints, reads_a, kind_a, scratch[2])
            b, to_b = a, scratch[3, :lanes]
            if width == 2:
                b = _lanes(values, reads_b, kind_b, scratch[1])
                to_b = _target(adjoints, reads_b, kind_b, scratch[3])
            _vector_backward(code, n, y, adjoint, codes[low:high], a, b, to_a, to_b)
            if kind_a != SLICE | ONCE:
                _give(adjoints, reads_a, kind_a, to_a)
            if width == 2 and kind_b != SLICE | ONCE:
                _give(adjoints, reads_b, kind_b, to_b)


_forward_kernel = _kernel(_forward)
_backward_kernel = _kernel(_backward)


@_kernel
def _seed_kernel(added: Int64s, adjoints: Floats, output: int) -> None:
    for k in range(0, len(added), 2):
        for i in range(added[k], added[k + 1]):
            adjoints[i] = 0.0
    adjoints[output] = 1.0


@_kernel
def _rows_kernel(
    leaves: int,
    steps: NDArray[np.int64],
    kinds: NDArray[np.int8],
    operands: UInt32s,
    starts: Int64s,
    codes: NDArray[np.int16],
    exponents: Floats,
    scratch: NDArray[np.float64],
    values: Floats,
    adjoints: Floats,
    places: Int64s,
    rows: NDArray[np.float64],
    output: int,
    results: Floats,
    gradients: NDArray[np.float64],
) -> None:
    for r in range(len(rows)):
        for k in range(len(places)):
            values[places[k]] = rows[r, k]
            adjoints[places[k]] = 0.0
        for i in range(leaves, len(adjoints)):
            adjoints[i] = 0.0
        adjoints[output] += 1.0
        _forward_kernel(leaves, steps, kinds, operands, starts, codes, exponents, scratch, values)
        _backward_kernel(
            leaves, steps, kinds, operands, starts, codes, exponents, scratch, values, adjoints
        )
        results[r] = values[output]
        for k in range(len(places)):
            gradients[r, k] = adjoints[places[k]]


@_kernel
def _depths_kernel(starts: Int64s, inputs: Int32s, found: Int32s) -> None:
    for i in range(len(found)):
        deepest = -1
        for k in range(starts[i], starts[i + 1]):
            deepest = max(deepest, found[inputs[k]])
        found[i] = deepest + 1


@_kernel
def _reached_kernel(starts: Int64s, inputs: Int32s, found: NDArray[np.bool_]) -> None:
    for i in range(len(found) - 1, -1, -1):
        if found[i]:
            for k in range(starts[i], starts[i + 1]):
                found[inputs[k]] = True


# --- what a Tape calls ---


def _program(tape: Tape) -> tuple[Any, ...]:
    return (
        tape.leaves,
        tape.steps,
        tape.kinds,
        tape.operands,
        tape.starts,
        tape.codes,
        tape.exponents,
        np.empty((4, CHUNK)),
    )


def forward(tape: Tape, values: Floats) -> None:
    """Fill in every node from the leaves."""
    _forward_kernel(*_program(tape), values)


def backward(tape: Tape, values: Floats, adjoints: Floats, output: int) -> None:
    """The derivative of the node at ``output`` by every node."""
    _seed_kernel(tape.added, adjoints, output)
    _backward_kernel(*_program(tape), values, adjoints)


def over_rows(tape: Tape, values: Floats, adjoints: Floats, *rest: Any) -> None:
    """Forward and backward for each row; the leaves' adjoints add up."""
    leaves, steps, kinds, *others = _program(tape)
    _rows_kernel(leaves, steps, kinds & ~np.int8(ONCE), *others, values, adjoints, *rest)


def depths(starts: Int64s, inputs: Int32s) -> Int32s:
    """0 for a node without inputs, for any other 1 more than its deepest input's."""
    found = np.empty(len(starts) - 1, np.int32)
    _depths_kernel(np.ascontiguousarray(starts), np.ascontiguousarray(inputs), found)
    return found


def reached(starts: Int64s, inputs: Int32s, output: int) -> NDArray[np.bool_]:
    """Which nodes the output was made from, itself included."""
    found = np.zeros(len(starts) - 1, np.bool_)
    found[output] = True
    _reached_kernel(np.ascontiguousarray(starts), np.ascontiguousarray(inputs), found)
    return found
