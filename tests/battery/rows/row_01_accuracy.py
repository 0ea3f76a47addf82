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


def error(computed, exact, largest, dtype):
    """In ulp of the exact number, or of the largest of its terms; subnormal numbers may be 0."""
    rounded, tiny = dtype(float(exact)), np.finfo(dtype).tiny
    if not math.isfinite(rounded):
        return 0.0 if computed == rounded else math.inf
    if abs(rounded) <= tiny and largest <= tiny:
        return 0.0 if abs(float(computed)) <= tiny * (1 + 1e-6) else math.inf
    unit = np.spacing(dtype(max(abs(float(exact)), largest)))
    return float(abs(mp.mpf(float(computed)) - exact) / mp.mpf(float(unit)))


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
    true = [truth.true(op, xs) for xs in points]
    worst = 0.0
    for name, dtype, numbers in found(op, points):
        for xs, (value, derivatives), row in zip(points, true, numbers):
            # A number that float32 does not have is another number there. So is an exponent.
            if any(float(dtype(x)) != x for x in (*xs, getattr(op, "exponent", 0.0))):
                continue
            bounds = truth.allowed(op, xs, float(np.finfo(dtype).tiny))
            for place, (computed, exact) in enumerate(zip(row, (value, *derivatives), strict=True)):
                if place and op.arity != 1 and not math.isfinite(row[0]):
                    continue
                ulps, largest = bounds[place]
                off = error(computed, exact, largest, dtype)
                what = f"derivative {place - 1}" if place else "value"
                assert off <= ulps, f"{what} of {op.name}{tuple(xs)}, {name}: off by {off:.3g} ulp"
                worst = max(worst, off / ulps)
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
    hours=0.3,
    quick=len(OPERATIONS),
    wrong=wrong,
    unit="points",
    per_case=POINTS,
    figure="of the ulps that are allowed",
)
