"""Memory that stays: after 100,000 steps and 1,000 compiles as much as after the first."""

import gc
import sys
from contextlib import contextmanager

import numpy as np

from autograd import Value, compile
from nn import MLP, SGD, fit, half_squared_error
from tests.battery import Row

STEPS, COMPILES = 500, 5  # of a case
WARM = 2  # cases, after which whatever is kept for good is there
MOST = 1.0  # MB that may have come since, in the whole run

X = [[0.1 * i, 1 - 0.1 * i] for i in range(10)]
T = [[0.5 if i > 4 else -0.5] for i in range(10)]
kept = []
start = []


def work(i):
    """Steps in plain Python and in compiled code, and compiles with other constants."""
    model = MLP(2, [3, 1], seed=i)
    loss = lambda x, t: half_squared_error(model(x), t)
    optimizer = SGD(model.parameters(), lr=0.1)
    fit(loss, X, T, optimizer, epochs=STEPS // 20, compile=False)
    fit(loss, X, T, optimizer, epochs=STEPS // 20, compile=True)
    for k in range(COMPILES):
        constant = 1.0 + i + k / COMPILES
        w = Value(constant)
        f = compile(lambda x, c=constant, w=w: (x[0] * c + w).tanh() * c)
        assert np.isfinite(f.value_and_grad([[0.5], [constant]])[0])


def resident():
    """MB of memory that this process holds, of which what is free has been given back."""
    gc.collect()
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # the most there ever was


def case(i):
    """Some work, and the memory that came since the work before it."""
    while len(start) < WARM:
        work(-1 - len(start))
        start.append(resident())
    work(i)
    grown = resident() - start[-1]
    assert grown <= MOST, f"{grown:.2f} MB more than after {WARM * STEPS} steps"
    return grown


@contextmanager
def wrong():
    """Each case keeps a megabyte and a half."""
    original = globals()["work"]

    def leaking(i):
        original(i)
        kept.append(bytearray(b"x" * 1_500_000))

    globals()["work"] = leaking
    start.clear()
    try:
        yield
    finally:
        globals()["work"] = original
        kept.clear()
        start.clear()


ROW = Row(
    title="growth in 100,000 steps and 1,000 compiles with other constants",
    case=case,
    full=100_000 // STEPS,
    hours=0.02,
    quick=2,
    wrong=wrong,
    unit="steps",
    per_case=STEPS,
    figure="MB",
    alone=True,
)
