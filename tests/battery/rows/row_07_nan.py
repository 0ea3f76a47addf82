"""Planted NaNs and infinities: each way to compute names the label and the line."""

import math
import random
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from autograd import AnomalyError, Value, compile, detect_anomaly, exp, grad, modes, no_grad
from nn import SGD, fit
from tests.battery import Row

FAULTS = {
    "log": -1.0,
    "sqrt": -4.0,
    "sqrt at 0": 0.0,  # the value is 0, and the derivative inf
    "exp": 1000.0,
    "divide": 0.0,
    "power": 0.0,
}
"""Each with a number for which it is not finite."""


def plant(fault, v):
    """A fault of each kind on a line of its own."""
    if fault == "log":
        return v.log()  # plant log
    if fault == "sqrt":
        return v.sqrt()  # plant sqrt
    if fault == "sqrt at 0":
        return v.sqrt()  # plant sqrt at 0
    if fault == "exp":
        return exp(v)  # plant exp
    if fault == "divide":
        return 1 / v  # plant divide
    return v**-0.5  # plant power


def loss_with(fault, r, label):
    """A loss of rows of two numbers, with a fault somewhere for some second numbers."""
    width, steps = r.randint(1, 4), r.randint(0, 5)
    weights = [Value(r.uniform(0.1, 1), f"w{k}") for k in range(width)]
    clean = r.uniform(1, 2)

    def loss(x, t=(0.0,)):
        hidden = [(w * x[0]).tanh() for w in weights]
        v = weights[0] * 0.0 + x[1]
        v.label = label
        planted = plant(fault, v)
        for _ in range(steps):
            planted = planted * 0.5 + hidden[-1]
        return sum(hidden) * clean + planted - t[0]

    return loss, weights


def ways(loss, weights, good, bad):
    """Each way to compute, and whether it differentiates."""
    rows = [good, good, bad]
    yield "forward", lambda: loss(bad), False
    yield "no_grad", lambda: no_grad()(loss)(bad), False
    yield "backward", lambda: loss(bad).backward(), True
    yield "grad", lambda: grad(loss(bad), weights), True
    yield "create_graph", lambda: grad(loss(bad), weights, create_graph=True), True
    optimizer = SGD(weights, lr=1e-3)
    yield "fit", lambda: fit(loss, rows, [[0.0]] * 3, optimizer, progress=False), True
    compiled = compile(lambda x: loss(x))
    yield "compiled", lambda: compiled(np.array(rows)), True
    yield "compiled gradient", lambda: compiled.value_and_grad(np.array(rows)), True


def said_by(attempt):
    """What the error says; "" if there is none."""
    with detect_anomaly():
        try:
            attempt()
        except AnomalyError as error:
            return str(error)
    return ""


def case(i):
    """A fault in a loss, found in each way."""
    r = random.Random(i)
    fault = list(FAULTS)[i % len(FAULTS)]
    label = f"suspect {i}"
    loss, weights = loss_with(fault, r, label)
    good, bad = [r.uniform(0.5, 1), 2.0], [r.uniform(0.5, 1), FAULTS[fault]]
    line = next(k for k, text in enumerate(LINES, 1) if text.endswith(f"# plant {fault}"))
    for name, attempt, differentiates in ways(loss, weights, good, bad):
        if fault != "sqrt at 0" or differentiates:
            said = said_by(attempt)
            assert label in said, f"{fault}, {name}: {said}"
            assert f"{Path(__file__).name}:{line}:" in said, f"{fault}, {name}: {said}"


LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


@contextmanager
def wrong():
    """A watch that looks for nan alone."""
    right = modes.check_value
    modes.check_value = lambda value, *more: None if math.isinf(value) else right(value, *more)
    try:
        yield
    finally:
        modes.check_value = right


ROW = Row(
    title="planted NaNs: forward, backward, grad, fit, compiled; each names label and line",
    case=case,
    full=1_000,
    hours=0.01,
    quick=12,
    wrong=wrong,
    unit="losses",
)
