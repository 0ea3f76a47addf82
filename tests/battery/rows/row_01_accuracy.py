"""Values and derivatives of each operation, against mpmath: everywhere, by everybody."""

import functools
import math
from contextlib import contextmanager

import numpy as np

from autograd import Value, ops
from autograd.compiler.compilation import Compilation
from autograd.compiler.recording.record import record
from autograd.compiler.stages.trace import trace_recording
from autograd.ops import BUILT_IN, TABLE
from tests import truth
from tests.battery import Row
from tests.truth import mp

OPERATIONS = [TABLE[name] for name in sorted(BUILT_IN) if TABLE[name].arity == 1]
EXECUTORS = [(b, d) for b in ("numpy", "machine") for d in (np.float64, np.float32)]
POINTS = 40


@functools.cache
def compiled(op, backend, dtype):
    """The operation as a compiled program of one input."""
    recording = record(lambda x: op(x[0]), [[0.5]])
    return Compilation(trace_recording(recording), [], ["x"], {}, backend, dtype)


def found(op, xs):
    """Values and derivatives at xs, by each executor: name, dtype, values, derivatives."""
    leaves = [Value(x) for x in xs]
    nodes = [op(leaf) for leaf in leaves]
    partials = [node.partials[0] for node in nodes]
    yield "eager", np.float64, [node.data for node in nodes], partials
    for backend, dtype in EXECUTORS:
        rows = np.array(xs, dtype)[:, None]
        program = compiled(op, backend, dtype)
        values = program.rows(np.zeros(0, dtype), [rows])[0][:, 0]
        by_x = program.gradients(np.zeros(0, dtype), [rows], "inputs")[2][0][:, 0]
        yield f"{backend}, {dtype.__name__}", dtype, values, by_x


def error(x, computed, exact, terms, dtype):
    """In ulp of the exact number, or of the largest of its terms; subnormal numbers may be 0."""
    rounded = dtype(float(exact))
    size = dtype(max([abs(float(exact)), *(abs(float(term)) for term in terms)]))
    if not math.isfinite(rounded):
        return 0.0 if computed == rounded else math.inf
    tiny = np.finfo(dtype).tiny
    if abs(rounded) <= tiny:
        return 0.0 if abs(float(computed)) <= tiny * (1 + 1e-6) else math.inf
    unit = mp.mpf(float(np.spacing(size)))
    if terms:  # x times a subnormal number
        unit = max(unit, abs(mp.mpf(x)) * mp.mpf(float(np.finfo(dtype).smallest_subnormal)))
    return float(abs(mp.mpf(float(computed)) - exact) / unit)


@np.errstate(all="ignore")
def case(i):
    """Points of every size for one operation; for float32, those that are float32 numbers."""
    op = OPERATIONS[i % len(OPERATIONS)]
    xs = list(truth.points(op.name, POINTS // 4, seed=i))
    if i // len(OPERATIONS) % 2:
        xs = [s for x in xs if math.isfinite(s := float(np.float32(x))) and s]
    exact = [(truth.VALUE[op.name](mp.mpf(x)), truth.DERIVATIVE[op.name](mp.mpf(x))) for x in xs]
    worst = 0.0
    for name, dtype, values, derivatives in found(op, xs):
        for x, value, derivative, (y, dy) in zip(xs, values, derivatives, exact):
            if dtype is np.float32 and float(np.float32(x)) != x:
                continue
            terms = truth.TERMS[op.name](mp.mpf(x)) if op.name in truth.TERMS else ()
            off = error(x, value, y, (), dtype)
            off_by_x = error(x, derivative, dy, terms, dtype)
            assert max(off, off_by_x) <= op.ulps, (
                f"{op.name} at {x!r}, {name}: value {value!r} is off by {off:.3g} ulp, "
                f"derivative {derivative!r} by {off_by_x:.3g}"
            )
            worst = max(worst, off, off_by_x)
    return worst


@contextmanager
def wrong():
    """sigmoid in the taught form of its derivative, y * (1 - y), which is 0 from 37 on."""
    rule = ops.sigmoid.rule
    ops.sigmoid.__dict__["rule"] = ops.sigmoid.partials
    compiled.cache_clear()
    try:
        yield
    finally:
        ops.sigmoid.__dict__["rule"] = rule
        compiled.cache_clear()


ROW = Row(
    title="each operation's value and derivative against mpmath, eager and by each executor",
    case=case,
    full=len(OPERATIONS) * 2500,
    hours=0.3,
    quick=len(OPERATIONS),
    wrong=wrong,
    unit="points",
    per_case=POINTS,
    figure="ulp",
)
