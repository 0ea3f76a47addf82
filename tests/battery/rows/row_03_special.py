"""Special values through every operation and short programs: eager is every executor.

JAX runs one case of JAX_EACH, without the points that have a number below the smallest normal one,
which XLA takes for 0, or above the inverse of that, because XLA may divide by multiplying with the
inverse; and without those at which an exp or a power over- or underflows, because XLA takes
exp(a) ** b for exp(a * b). The sign of a zero is not compared, because XLA takes 0.0 + x for x.
"""

import importlib.util
import itertools
import math
import random
from contextlib import contextmanager

import numpy as np

import autograd
from autograd import Value, ops
from autograd.compiler.numpy.kernels import KERNELS, Kernel
from autograd.ops import BUILT_IN, TABLE, Power
from autograd.real import largest
from autograd.value import topological_order
from tests.battery import Row

SPECIAL = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 7.0, 10.0, 100.0, -1000.0),
    *(math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-200, -1e200),
    *(1.7976931348623157e308, -1.7976931348623157e308, 709.78, 710.0, -745.0, -746.0, 1e-16),
    *(1 + 2**-52, 2.0**53, 2.0**53 - 1, -(2.0**31), 1e6, math.pi),
)
POWERS = [ops.power(n) for n in (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 1 / 3, 1.5)]
OPERATIONS = [*(TABLE[name] for name in sorted(BUILT_IN)), *POWERS]
SMOOTH = "add sub mul div neg sum tanh exp log sqrt sigmoid softplus logsumexp expm1 atan norm"
"""Programs consist of these, which have no corner that a rounding on the way could reach."""
POINTS = 60
JAX_EACH = 25


def operation(op):
    """An operation as a program."""
    return (lambda x: op(*x)), op.arity or 3


def short_program(r):
    """Two to five operations, on three inputs. None is written twice: compiled it is one, whose
    gradients are added before they go on, which is another thing if they are infinite."""
    kinds = [TABLE[name] for name in SMOOTH.split()] + POWERS
    chosen = [(r.choice(kinds), [r.random() for _ in range(3)]) for _ in range(r.randint(2, 5))]

    def function(x):
        pool, done = list(x), set()
        for op, places in chosen:
            taken = [int(p * len(pool)) for p in places[: op.arity or 3]]
            if (this := (op, *sorted(taken))) not in done:
                done.add(this)
                pool.append(op(*(pool[k] for k in taken)))
        return pool[-1]

    return function, 3


def program(i):
    """The function of case i: an operation for the first, a short program for the others."""
    if i < len(OPERATIONS):
        return operation(OPERATIONS[i])
    return short_program(random.Random(i))


def alike(found, expected, scale):
    """Both nan, the same infinity, or the same number to rounding."""
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    if max(abs(expected), abs(found)) > HUGE:
        return found == expected or min(abs(expected), abs(found)) > HUGE
    return abs(found - expected) <= 1e-12 * max(scale, abs(expected)) + TINY


HUGE, TINY = 1.79e308, 2.3e-308


def expected_at(function, xs):
    """Value and derivatives as eager Python gives them; the largest number on the way to them (0 if
    there is none); whether n * x ** (n - 1), or what it is multiplied by, overflows: compiled,
    n is multiplied by a constant first; and whether an exp or a power of a finite number is 0 or
    infinite. None where one is below the smallest normal number, which may be 0 when compiled."""
    leaves = [Value(x) for x in xs]
    y = function(leaves)
    y.backward()
    made = [v for v in topological_order(y) if v.op]
    numbers = [abs(z) for v in made for z in (v.data, v.grad, *v.partials)]
    powers = [v for v in made if isinstance(v.op, Power) and 0 < abs(v.inputs[0].data) < math.inf]
    exps = [v for v in made if v.op is ops.exp and math.isfinite(v.inputs[0].data)]
    if any(0 < z < TINY for z in numbers):
        return None
    # One operation cancels nothing: each of its numbers has all its digits.
    scale = largest(numbers) if len(made) > 1 else 0.0
    beyond = any(math.isinf(v.partials[0]) or math.isinf(v.grad) for v in powers)
    ends = any(v.data == 0 or math.isinf(v.data) for v in powers + exps)
    return [y.data, *(leaf.grad for leaf in leaves)], scale, beyond, ends


def points_for(i, n):
    """All of them where they are few, otherwise some, by chance."""
    if len(SPECIAL) ** n <= POINTS:
        return [*itertools.product(SPECIAL, repeat=n)]
    r = random.Random(f"points {i}")
    return [[r.choice(SPECIAL) for _ in range(n)] for _ in range(POINTS)]


@np.errstate(all="ignore")
def case(i):
    """One program at special values: the value and the derivatives by each input."""
    function, n = program(i)
    known = [(xs, expected_at(function, xs)) for xs in points_for(i, n)]
    known = [(xs, expected) for xs, expected in known if expected]
    executors = [("numpy", False), ("machine", False), ("numpy", True)]
    compare(function, known, executors)
    if i % JAX_EACH == 0 and importlib.util.find_spec("jax"):
        compare(function, [each for each in known if not beyond_jax(*each)], [("jax", False)])


def beyond_jax(xs, expected):
    """Whether a point has finite numbers whose inverse or self XLA takes for 0, or an exp or a
    power that XLA may not compute."""
    numbers, scale, _, ends = expected
    return ends or any(
        0 < abs(x) < TINY or 1 / TINY < abs(x) < math.inf for x in (*xs, *numbers, scale)
    )


def compare(function, known, executors):
    """Raise AssertionError unless these executors give what is known of the points."""
    rows = np.array([xs for xs, _ in known])
    for backend, exact in executors:
        compiled = autograd.compile(function, backend=backend, exact=exact)
        values = compiled(rows)
        _, by_inputs = compiled.value_and_grad(rows, wrt="inputs", reduction="sum")
        for (xs, (numbers, scale, beyond, _)), value, derivatives in zip(known, values, by_inputs):
            if beyond and not exact:
                continue
            row = [float(value), *map(float, derivatives)]
            what = f"at {list(xs)}, {backend}: {row}, eager {numbers}"
            assert all(alike(a, b, scale) for a, b in zip(row, numbers, strict=True)), what
            # Gradients begin at 0.0, to which -0.0 adds nothing.
            if row[0] == 0 == numbers[0] and backend != "jax":
                assert math.copysign(1, row[0]) == math.copysign(1, numbers[0]), what


@contextmanager
def wrong():
    """A kernel that loses nan: NumPy's fmax for its maximum."""
    right = KERNELS["maximum"]
    KERNELS["maximum"] = Kernel("np.fmax({}, {})")
    try:
        yield
    finally:
        KERNELS["maximum"] = right


ROW = Row(
    title="special values through each operation and short programs: eager is each executor",
    case=case,
    full=16_700,
    hours=0.1,
    quick=60,
    wrong=wrong,
    unit="points",
    per_case=POINTS,
)
