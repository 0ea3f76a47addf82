"""The engine against micrograd, in one run.

Run it with python -m pytest tests/benchmarks/bench_engine.py. The number in parentheses behind each
time is its ratio to the best of its group. Before anything is timed, both engines must give the
same gradients.
"""

import gc
import random
import subprocess
import sys
import time

import pytest
from micrograd import nn as micrograd_nn

import autograd
import nn
from nn import MLP, half_squared_error


def weights_in_micrograds_order(model):
    return [p for layer in model.layers for n in layer.neurons for p in (*n.weights, n.bias)]


def pair(nin, nouts):
    """The same network in both engines: ReLU, and a linear output."""
    ours = MLP(nin, nouts, activation="relu", output_activation=None, seed=1)
    theirs = micrograd_nn.MLP(nin, nouts)
    for p, q in zip(weights_in_micrograds_order(ours), theirs.parameters(), strict=True):
        q.data = p.data
    return ours, theirs


def moons():
    """100 points, hinge loss and L2, as in micrograd's demo; the graph is built in each step."""
    draw = random.Random(0)
    X = [[draw.gauss(0, 1), draw.gauss(0, 1)] for _ in range(100)]
    y = [1.0 if a * b > 0 else -1.0 for a, b in X]
    ours, theirs = pair(2, [16, 16, 1])
    parameters = ours.parameters()
    optimizer = nn.SGD(parameters, lr=0.01)

    def our_step():
        optimizer.zero_grad()
        hinge = autograd.sum([(1 - t * ours(x)).relu() for x, t in zip(X, y)]) / len(X)
        (hinge + 1e-4 * autograd.dot(parameters, parameters)).backward()
        optimizer.step()

    def their_step():
        theirs.zero_grad()
        hinge = sum((1 + -t * theirs(x)).relu() for x, t in zip(X, y)) * (1 / len(X))
        (hinge + 1e-4 * sum(p * p for p in theirs.parameters())).backward()
        for p in theirs.parameters():
            p.data -= 0.01 * p.grad

    def our_step_by_rows():
        # As nn.fit does: gradients of leaves add up, so that each row can run backward alone.
        optimizer.zero_grad()
        for x, t in zip(X, y):
            ((1 - t * ours(x)).relu() / len(X)).backward()
        (1e-4 * autograd.dot(parameters, parameters)).backward()
        optimizer.step()

    steps = {"ours": our_step, "ours, row by row": our_step_by_rows, "micrograd": their_step}
    return steps, ours, theirs


def letters():
    """84-64-28, one sample, half squared error."""
    x = [0.5 if i in (3, 40, 70) else 0.0 for i in range(84)]
    t = [0.5 if i == 5 else 0.0 for i in range(28)]
    ours, theirs = pair(84, [64, 28])
    optimizer = nn.SGD(ours.parameters(), lr=0.01)

    def our_step():
        optimizer.zero_grad()
        half_squared_error(ours(x), t).backward()
        optimizer.step()

    def their_step():
        theirs.zero_grad()
        (sum((o - b) ** 2 for o, b in zip(theirs(x), t)) * 0.5).backward()
        for p in theirs.parameters():
            p.data -= 0.01 * p.grad

    return {"ours": our_step, "micrograd": their_step}, ours, theirs


def tidy():
    """Called between rounds, untimed: without the collector micrograd never frees memory."""
    gc.collect()


@pytest.mark.parametrize(
    ("work", "engine"),
    [
        (moons, "ours"),
        (moons, "ours, row by row"),
        (moons, "micrograd"),
        (letters, "ours"),
        (letters, "micrograd"),
    ],
)
@pytest.mark.parametrize("collector", ["off", "as users run it"])
def bench_training_step(benchmark, work, engine, collector):
    steps, ours, theirs = work()
    first = weights_in_micrograds_order(ours)
    start = [p.data for p in first]
    for name, step in steps.items():
        if name != "micrograd":
            for p, data in zip(first, start, strict=True):
                p.data = data
        step()
    for p, q in zip(first, theirs.parameters(), strict=True):
        assert p.grad == pytest.approx(q.grad, rel=1e-9, abs=1e-12)
    benchmark.group = f"{work.__name__}, garbage collector {collector}"
    gc.collect()
    if collector == "off":
        gc.disable()
    try:
        benchmark.pedantic(steps[engine], setup=tidy, rounds=25, warmup_rounds=2)
    finally:
        gc.enable()


@pytest.mark.parametrize("part", ["forward", "backward"])
@pytest.mark.parametrize("network", [(2, [16, 16, 1], 100), (84, [64, 28], 1)], ids=str)
def bench_backward_to_forward(benchmark, network, part):
    nin, nouts, rows = network
    model = MLP(nin, nouts, seed=1)
    draw = random.Random(0)
    X = [[draw.uniform(-1, 1) for _ in range(nin)] for _ in range(rows)]
    T = [[0.1] * nouts[-1]] * rows
    kept = []

    def forward():
        kept[:] = [autograd.sum([half_squared_error(model(x), t) for x, t in zip(X, T)])]

    def backward():
        kept[0].backward()

    forward()
    benchmark.group = f"backward / forward, {nin}-{'-'.join(map(str, nouts))}, {rows} rows"
    benchmark.pedantic(forward if part == "forward" else backward, rounds=40, warmup_rounds=3)


CHAIN = """
import resource, sys, time
n, engine = int(sys.argv[1]), sys.argv[2]
if engine == "ours":
    from autograd import Value as leaf
elif engine == "micrograd":
    from micrograd.engine import Value as leaf
    import micrograd.engine
    sys.setrecursionlimit(10**9)
else:
    import torch
    leaf = lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, start = peak(), time.perf_counter()
x, w = leaf(1.0), leaf(0.999)
y = x
for _ in range(n // 2):
    y = y * w
    y = y.tanh() if engine != "micrograd" else y.relu()
built = time.perf_counter()
y.backward()
done = time.perf_counter()
assert w.grad is not None
memory = peak() - before
del y
print((done - start) / n * 1e9, memory / n, (time.perf_counter() - done) / n * 1e9)
"""


@pytest.mark.parametrize("engine", ["ours", "torch"])
def bench_chain_of_a_million(benchmark, engine, capsys):
    """Bytes and time per node of a chain of mul and tanh: built, run backward, freed."""
    if engine == "torch":
        pytest.importorskip("torch")

    def run():
        command = [sys.executable, "-c", CHAIN, "1000000", engine]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [float(x) for x in output.split()]

    start = time.perf_counter()
    nanoseconds, size, freeing = benchmark.pedantic(run, rounds=1)
    benchmark.group = "a chain of a million nodes, process included"
    with capsys.disabled():
        print(
            f"\n{engine}: {size:.0f} bytes a node at the peak, {nanoseconds:.0f} ns a node forward "
            f"and backward, {freeing:.0f} ns to free ({time.perf_counter() - start:.1f} s in all)"
        )
