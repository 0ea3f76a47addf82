"""Random programs: eager, each executor, PyTorch and mpmath agree, in first and second order.

JAX runs one of JAX_EACH, because XLA compiles each for a second or so.
"""

import functools
import importlib.util
import random
import types
from contextlib import contextmanager

import numpy as np

from autograd import compile, ops
from tests.battery import Row
from tests.compiler.test_programs import FUNCTIONS, ROWS, Case
from tests.truth import logistic, mp

IN_MPMATH = types.SimpleNamespace(
    **{name: getattr(mp, name) for name in ("tanh", "sin", "cos", "exp")},
    sigmoid=logistic,
    softplus=lambda x: mp.log1p(mp.exp(x)),
    abs=abs,
    relu=lambda x: max(x, mp.mpf(0)),
)
JAX_EACH = 50
STEP = mp.mpf(2) ** -80  # numbers have 300 bits, so a difference has an error of about 1e-48


def by_executor(case, backend):
    """Values, their sum's gradient by the parameters, and by the inputs."""
    program = compile(case.function, backend=backend)
    _, by_parameters = program.value_and_grad(case.X, reduction="sum")
    _, by_inputs = program.value_and_grad(case.X, reduction="sum", wrt="inputs")
    return program(case.X), dict(zip(program.parameters, by_parameters)), by_inputs


def in_torch(case):
    """The gradients of the sum of all results, by the inputs and by the parameters."""
    import torch

    m = types.SimpleNamespace(**{name: getattr(torch, name, None) for name in FUNCTIONS})
    # From 20 on PyTorch's is x itself, which is 2e-9 off.
    m.softplus = functools.partial(torch.nn.functional.softplus, threshold=700.0)
    X = torch.tensor(case.X, requires_grad=True)
    p = [torch.tensor(v.data, dtype=torch.float64, requires_grad=True) for v in case.parameters]
    row = X.unbind(1)  # of each input its numbers in all rows
    total = case.first(row, p, m).expand(ROWS).sum()
    if case.second:
        by_row = torch.autograd.grad(total, row, create_graph=True, allow_unused=True)
        total = total + sum((d * d).sum() for d in by_row if d is not None)
    found = torch.autograd.grad(total, [X, *p], allow_unused=True)
    found = [np.zeros(()) if g is None else g.numpy() for g in found]
    return np.broadcast_to(found[0], case.X.shape), found[1:]


def in_mpmath(case, r):
    """The values of all rows, and the derivative by one number, an input or a parameter: its place
    among them, and what it is."""
    numbers = [[mp.mpf(x) for x in row] for row in case.X.tolist()]
    parameters = [mp.mpf(p.data) for p in case.parameters]
    run = lambda row, ps: mp.mpf(case.first(row, ps, IN_MPMATH))
    values = [run(row, parameters) for row in numbers]
    k = r.randrange(len(numbers[0]) + len(parameters))
    ends = []
    for step in STEP, -STEP:
        row, ps = list(numbers[0]), list(parameters)
        some, place = (row, k) if k < len(row) else (ps, k - len(row))
        some[place] += step
        ends.append(run(row, ps))
    return values, k, (ends[0] - ends[1]) / (2 * STEP)


def derivative_of_row_0(case, k):
    """What eager Python says of that derivative."""
    from autograd import Value, grad
    from tests.compiler.test_programs import VALUES

    row = [Value(x) for x in case.X[0]]
    y = case.first(row, case.parameters, VALUES)
    return grad(y, [*row, *case.parameters][k]).data


def case(i):
    """One program. The figure is the largest difference, relative to its largest number."""
    case = Case(i)
    by_parameters = list(case.gradient.values())
    scale = max(1.0, *np.abs(case.values), *np.abs(case.by_inputs).flat, *map(abs, by_parameters))
    worst = 0.0

    def compare(who, found, expected):
        nonlocal worst
        off = float(np.max(np.abs(np.asarray(found) - np.asarray(expected)), initial=0.0)) / scale
        assert off < 1e-10, f"{who}: {found}, eager {expected}"
        worst = max(worst, off)

    in_jax = i % JAX_EACH == 0 and importlib.util.find_spec("jax")
    for backend in ("numpy", "machine", *["jax"] * bool(in_jax)):
        values, by_each, by_inputs = by_executor(case, backend)
        compare(backend, values, case.values)
        compare(backend, by_inputs, case.by_inputs)
        compare(backend, [*by_each.values()], [case.gradient[p] for p in by_each])
    if importlib.util.find_spec("torch"):
        by_inputs, by_each = in_torch(case)
        compare("PyTorch", by_inputs, case.by_inputs)
        compare("PyTorch", [float(g) for g in by_each], by_parameters)
    values, k, derivative = in_mpmath(case, random.Random(i))
    if not case.second:
        compare("mpmath", [float(v) for v in values], case.values)
    compare("mpmath", float(derivative), derivative_of_row_0(case, k))
    return float(worst)


@contextmanager
def wrong():
    """A slope of tanh that is 1e-8 too large."""
    right = ops.tanh.rule
    ops.tanh.__dict__["rule"] = lambda y, x: (ops.sech2(x) * 1.00000001,)
    try:
        yield
    finally:
        ops.tanh.__dict__["rule"] = right


ROW = Row(
    title="random programs: eager, each executor, PyTorch, mpmath; first and second order",
    case=case,
    full=50_000,
    hours=0.3,
    quick=9,
    wrong=wrong,
    unit="programs",
    figure="of the largest number",
    usual=1e-13,
)
