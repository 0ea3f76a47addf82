"""Values and derivatives of each operation, against mpmath: everywhere, by everybody."""

import functools
import math
from contextlib import contextmanager

import numpy as np

from autograd import Value, ops
from autograd.compiler.compilation import Compilation
from autograd.compiler.numpy.kernels import KERNELS, Kernel
from autograd.compiler.recording.record import record
from autograd.compiler.stages.trace import trace_recording
from autograd.ops import BUILT_IN, TABLE
from tests import truth
from tests.battery import Row
from tests.truth import mp

OPERATIONS = [*(TABLE[name] for name in sorted(BUILT_IN)), *map(ops.power, truth.EXPONENTS)]
EXECUTORS = [(b, d) for b in ("numpy", "machine") for d in (np.float64, np.float32)]
POINTS = 20


@functools.cache
def compiled(op, n, backend, dtype):
    """The operation as a compiled program of its n inputs."""
    recording = record(lambda x: op(*x), [[0.5] * n])
    return Compilation(trace_recording(recording), [], ["x"], {}, backend, dtype)


def found(op, points):
    """By each executor: its name, its dtype, and for each point the value and the derivatives."""
    nodes = [op(*map(Value, xs)) for xs in points]
    yield "eager", np.float64, [(node.data, *node.partials) for node in nodes]
    for backend, dtype in EXECUTORS:
        rows = np.array(points, dtype)
        program = compiled(op, len(points[0]), backend, dtype)
        values = program.rows(np.zeros(0, dtype), [rows])[0]
        derivatives = program.gradients(np.zeros(0, dtype), [rows], "inputs")[2][0]
        yield f"{backend}, {dtype.__name__}", dtype, np.hstack([values, derivatives])


def errors(computed, exact, rest, largest, dtype):
    """In ulp of each exact number, or of the largest of its terms; subnormal numbers may be 0.

    An exact number comes as a float64 number and the rest, in units of that one's last place.
    """
    rounded, tiny = exact.astype(dtype), float(np.finfo(dtype).tiny)
    unit = np.spacing(np.maximum(abs(exact), largest).astype(dtype)).astype(float)
    off = abs((computed - exact) / unit - rest * (np.spacing(abs(exact)) / unit))
    small = (abs(rounded) <= tiny) & (largest <= tiny)
    off = np.where(small, np.where(abs(computed) <= tiny * (1 + 1e-6), 0.0, math.inf), off)
    off = np.where(np.isfinite(rounded), off, np.where(computed == rounded, 0.0, math.inf))
    return np.where(np.isnan(off), math.inf, off)


def truth_at(op, points):
    """The value and the derivatives at each point, as float64 numbers with their rests."""
    true = [[value, *derivatives] for value, derivatives in (truth.true(op, xs) for xs in points)]
    exact = np.array(true, float)
    places = np.frexp(np.spacing(abs(exact)))[1] - 1
    rest = [
        [float(mp.ldexp(y - x, -place)) for y, x, place in zip(*row)]
        for row in zip(true, exact.tolist(), places.tolist())
    ]
    return exact, np.array(rest)


@np.errstate(all="ignore")
def case(i):
    """Points of every size for one operation. Every other time they are float32 numbers. The figure
    is the largest error, as a share of what ``tests.truth.allowed`` says."""
    op = OPERATIONS[i % len(OPERATIONS)]
    points = list(truth.inputs(op, POINTS, seed=i))
    if i // len(OPERATIONS) % 2:
        points = [[float(np.float32(x)) for x in xs] for xs in points]
        points = [xs for xs in points if all(x and math.isfinite(x) for x in xs)]
        points = [xs for xs in points if len({abs(x) for x in xs}) == len(xs)]
    exact, rest = truth_at(op, points)
    bounds = {
        dtype: np.array([truth.allowed(op, xs, float(np.finfo(dtype).tiny)) for xs in points])
        for dtype in (np.float64, np.float32)
    }
    worst = 0.0
    for name, dtype, numbers in found(op, points):
        computed, (ulps, largest) = np.array(numbers, float), np.moveaxis(bounds[dtype], -1, 0)
        assert computed.shape == exact.shape, f"{op.name}, {name}: {computed.shape} numbers"
        off = errors(computed, exact, rest, largest, dtype)
        # A number that float32 does not have is another number there. So is an exponent.
        given = np.array([[*xs, getattr(op, "exponent", 0.0)] for xs in points])
        off[(given.astype(dtype) != given).any(axis=1)] = 0.0
        if op.arity != 1:
            off[~np.isfinite(computed[:, 0]), 1:] = 0.0
        for k, place in np.argwhere(off > ulps):
            what = f"derivative {place - 1}" if place else "value"
            what = f"{what} of {op.name}{tuple(points[k])}, {name}"
            raise AssertionError(f"{what}: off by {off[k, place]:.3g} ulp")
        worst = max(worst, float((off / ulps).max()))
    return worst


@contextmanager
def wrong():
    """An exp of NumPy's that is off by 8 units in the last place, where 4 are allowed."""
    right = KERNELS["exp"]
    KERNELS["exp"] = Kernel(f"np.exp({{}}) * {1 + 2**-49}")
    compiled.cache_clear()
    try:
        yield
    finally:
        KERNELS["exp"] = right
        compiled.cache_clear()


ROW = Row(
    title="each operation's value and derivatives against mpmath, eager and by each executor",
    case=case,
    full=len(OPERATIONS) * 5000,
    hours=0.1,
    quick=len(OPERATIONS),
    wrong=wrong,
    unit="points",
    per_case=POINTS,
    figure="of the ulps that are allowed",
)
