"""autograd.compile and nn.fit against other libraries: python -m tests.benchmarks.bench_compile

Everything runs on one core, in float64, and all ratios come from one run. Before anything is
timed, each library must give the same gradients (after training, the same weights) as the first
library in the list, to 1e-9 of the largest. Then they take turns, and the median counts. It is of
processor time, because other programs may use the machine, and with the garbage collector off, as
in timeit (which favours libraries that record objects). Libraries that are not installed are left
out. ``--quick`` takes two minutes instead of six, ``--only TEXT`` runs only the benchmarks with
that text in their title, and ``--largest 10000000`` also records ten million nodes.

The end of the output is Markdown: the results, how long each library took to prepare, and the cost
of recording by size. python -m pytest tests/benchmarks/bench_compile.py runs all of this too, in a
fresh process.
"""

import argparse
import ctypes
import functools
import gc
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

if __name__ == "__main__":  # numpy reads them when it is loaded
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np

import autograd
import nn
from autograd import Value
from tests.benchmarks.contest import Benchmark, Entry, Result, contest, report, say
from tests.benchmarks.peers import Floats, Prepared
from tests.benchmarks.peers import chains as chain_peers
from tests.benchmarks.peers import formula as formula_peers
from tests.benchmarks.peers import network as network_peers
from tests.benchmarks.peers.chains import Chains
from tests.benchmarks.peers.network import Training

# --- ours ---


def ours_available() -> bool:
    return hasattr(autograd, "compile")


def ours_network(task: Training) -> tuple[nn.MLP, list[Value], Any]:
    """The model, its weights in the order of ``task.theta``, and its compiled error."""
    model = nn.MLP(task.sizes[0], task.sizes[1:], seed=1)
    leaves = [
        p
        for layer in model.layers
        for p in (
            *(w for neuron in layer.neurons for w in neuron.weights),
            *(neuron.bias for neuron in layer.neurons),
        )
    ]
    for p, x in zip(leaves, task.theta.tolist(), strict=True):
        p.data = x
    error = autograd.compile(lambda x, t: nn.half_squared_error(model(x), t))
    return model, leaves, error


def train_ours(task: Training) -> Prepared:
    """nn.fit on the compiled error."""
    model, leaves, error = ours_network(task)
    optimizer = nn.SGD(model.parameters(), lr=task.rate)
    settings = {"epochs": task.epochs, "batch_size": task.batch, "progress": False}

    def run() -> None:
        nn.fit(error, task.X, task.T, optimizer, **settings)

    return run, lambda: np.array([p.data for p in leaves])


def network_ours(task: Training) -> tuple[Prepared, Prepared]:
    _, leaves, error = ours_network(task)

    def value() -> float:
        return float(error(task.X, task.T).sum())

    def both() -> Any:
        return error.value_and_grad(task.X, task.T, reduction="sum")

    def gradient() -> Floats:
        found = both()[1]
        return in_order(leaves, error.parameters, found)

    return (value, value), (both, gradient)


def formula_ours(a: Floats, b: Floats) -> Prepared:
    program = autograd.compile(formula_peers.formula)

    def run() -> Any:
        return program.value_and_grad(a, b, wrt="inputs", reduction="sum")

    return run, lambda: (run()[0], *run()[1])


def call_ours(a: float, b: float) -> Prepared:
    program = autograd.compile(formula_peers.formula)

    def run() -> Any:
        return program.value_and_grad(a, b, wrt="inputs")

    return run, lambda: (run()[0], *run()[1])


def chains_ours(task: Chains) -> Prepared:
    total, leaves = task.record(Value, autograd.tanh)
    program = autograd.compile(total)

    def run() -> Any:
        return program.value_and_grad()

    return run, lambda: in_order(leaves, program.parameters, run()[1])


def in_order(leaves: list[Value], parameters: list[Value], gradient: Floats) -> Floats:
    place = {p: i for i, p in enumerate(parameters)}
    return gradient[[place[p] for p in leaves]]


# --- the benchmarks ---


def benchmarks(quick: bool) -> Iterator[Benchmark]:
    """All lines of the table except the last two, which combine several figures."""
    letters = letters_task(64 * (40 if quick else 320))
    yield training(
        "letters 84-64-28, minibatch 64, µs a sample, forward + backward + update",
        letters,
        1e-6,
        {},
        without="micrograd",  # as slow as below, with a graph of a gigabyte
    )
    yield training(
        "the same, per-sample SGD, a whole epoch in one call, µs a sample",
        replace(letters, batch=1),
        1e-6,
        {"JAX: a call a step": 2048, "PyTorch": 2048, "micrograd": 2},
    )
    yield training(
        "moons 2-16-16-1, tanh, 100 points, full-batch step, ms",
        moons_task(epochs=50 if quick else 200),
        1e-3 / 100,
        {"PyTorch": 100, "micrograd": 100},
    )
    yield formula_rows(10_000)
    yield formula_call()
    draw = Random(0)
    turns = [[("mul", "add")[j % 2] for j in range(200)]] * 500
    mixed = [[draw.choice(("mul", "add")) for _ in range(200)] for _ in range(500)]
    about = "forward + backward, ns a node"
    yield chains(f"100,000 mul, add in 500 chains of 200, by turns, {about}", turns)
    yield chains(f"the same, each chain in a random order, {about}", mixed)
    yield chains(f"a chain of 10,000 mul, add, tanh, {about}", [triples(9_999)])
    if not quick:
        yield chains(f"a chain of 1,000,000 mul, add, tanh, {about}", [triples(999_999)])


def letters_task(rows: int) -> Training:
    """Three letters of 28, each as 28 numbers, one of them 0.5; the target is the next letter."""
    draw = np.random.default_rng(0)
    X, T = np.zeros((rows, 84)), np.zeros((rows, 28))
    for place in range(3):
        X[np.arange(rows), 28 * place + draw.integers(0, 28, rows)] = 0.5
    T[np.arange(rows), draw.integers(0, 28, rows)] = 0.5
    return Training([84, 64, 28], weights([84, 64, 28]), X, T, batch=64, rate=0.01)


def moons_task(epochs: int) -> Training:
    """Two interleaved half circles with noise; the targets are -0.9 and 0.9."""
    draw = np.random.default_rng(0)
    angle, upper = draw.uniform(0, np.pi, 100), np.arange(100) % 2
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    X = np.stack([x, y], axis=1) + draw.normal(0, 0.1, (100, 2))
    T = np.where(upper, 0.9, -0.9)[:, None]
    sizes = [2, 16, 16, 1]
    return Training(sizes, weights(sizes), X, T, batch=100, rate=0.01, epochs=epochs)


def weights(sizes: list[int]) -> Floats:
    draw = np.random.default_rng(1)
    pairs = pairwise(sizes)
    return np.concatenate([draw.normal(0, nin**-0.5, nout * (nin + 1)) for nin, nout in pairs])


def training(
    title: str, task: Training, unit: float, rows: dict[str, int], without: str = ""
) -> Benchmark:
    """Whole epochs. Slow libraries train on the first ``rows`` only, for one epoch."""
    forms = {
        "NumPy": network_peers.train_numpy,
        "ours": train_ours,
        "JAX: scan": network_peers.train_jax_scan,
        "JAX: a call a step": network_peers.train_jax_steps,
        "PyTorch": network_peers.train_torch,
        "CasADi: C": network_peers.train_casadi,
        "micrograd": network_peers.train_micrograd,
    }
    forms.pop(without, None)

    def prepare(name: str) -> Entry:
        form = forms[name]
        few = task.first(min(task.batch * 2, len(task.X)))
        once, theta = form(few)
        once()
        all_of_it = task.first(rows[name]) if name in rows else task
        run, _ = form(all_of_it)
        return run, len(all_of_it.X) * all_of_it.epochs, theta() - task.theta

    return Benchmark(title, unit, {name: functools.partial(prepare, name) for name in forms})


def formula_rows(rows: int) -> Benchmark:
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=rows), draw.normal(size=rows)
    forms = {
        "NumPy": formula_peers.formula_numpy,
        "ours": formula_ours,
        "JAX": formula_peers.formula_jax,
        "PyTorch": formula_peers.formula_torch,
        "CasADi: C": formula_peers.formula_casadi,
        "heyoka": formula_peers.formula_heyoka,
        "micrograd": formula_peers.formula_micrograd,
    }

    def prepare(name: str) -> Entry:
        run, answer = forms[name](a, b)
        return run, rows, np.concatenate([np.ravel(part) for part in answer()])

    title = "a tiny formula, forward + backward, 10,000 rows in one call, ns a row"
    return Benchmark(title, 1e-9, {name: functools.partial(prepare, name) for name in forms})


def formula_call() -> Benchmark:
    forms = {
        "NumPy: plain Python by hand": formula_peers.call_by_hand,
        "ours": call_ours,
        "JAX": formula_peers.call_jax,
        "PyTorch": formula_peers.call_torch,
        "CasADi: buffer": formula_peers.call_casadi,
        "micrograd": formula_peers.call_micrograd,
    }

    def prepare(name: str) -> Entry:
        run, answer = forms[name](0.3, -0.7)
        return run, 1, np.concatenate([np.ravel(part) for part in answer()])

    title = "the same, one call at a time from Python, ns"
    return Benchmark(title, 1e-9, {name: functools.partial(prepare, name) for name in forms})


def triples(nodes: int) -> list[str]:
    return ["mul", "add", "tanh"] * (nodes // 3)


def chains(title: str, kinds: list[list[str]]) -> Benchmark:
    """Chains that neither vanish nor explode; each has a start and two more leaves."""
    draw, count = Random(0), len(kinds)
    starts = [draw.uniform(-1, 1) for _ in range(count)]
    factors = [1.5] if count == 1 else [1 + c / 1e5 for c in range(count)]
    task = Chains(starts, factors, [0.01] * count, kinds)
    forms = {
        "PyTorch": chain_peers.chains_torch,
        "ours": chains_ours,
        "NumPy": chain_peers.chains_by_hand,
        "JAX: scan": chain_peers.chains_jax,
        "JAX: scan unrolled by 8": functools.partial(chain_peers.chains_jax, unroll=8),
        "CasADi: its machine": chain_peers.chains_casadi,
        "CasADi: C of one chain": chain_peers.chains_casadi_c,
        "micrograd": chain_peers.chains_micrograd,
    }
    if task.nodes > 100_000:
        del forms["PyTorch"]  # as slow as for the shorter chain, and it takes a gigabyte

    def prepare(name: str) -> Entry:
        run, answer = forms[name](task)
        return run, task.nodes, answer()

    return Benchmark(title, 1e-9, {name: functools.partial(prepare, name) for name in forms})


# --- backward / forward ---


def backward_to_forward(quick: bool, ours: bool, seconds: float) -> Result:
    """The ratio of each library, in minibatches of 64; ours takes all rows in one call."""
    task = letters_task(64 * (20 if quick else 80))
    forms = {
        "NumPy": network_peers.network_numpy,
        "ours": network_ours,
        "JAX": network_peers.network_jax,
        "PyTorch": network_peers.network_torch,
    }
    if not ours:
        del forms["ours"]

    def prepare(name: str, part: int) -> Entry:
        run, answer = forms[name](task)[part]
        return run, len(task.X), np.atleast_1d(answer())

    entries = [
        {name: functools.partial(prepare, name, part) for name in forms} for part in range(2)
    ]
    title = "backward / forward, compiled, letters"
    forward = contest(Benchmark(f"{title}: forward, µs a sample", 1e-6, entries[0]), seconds)
    both = contest(
        Benchmark(f"{title}: forward and gradients, µs a sample", 1e-6, entries[1]), seconds
    )
    ratios = {name: both.figures[name] / x - 1 for name, x in forward.figures.items()}
    return Result(replace(both.benchmark, title=title), ratios, both.prepared)


# --- recording ---


def network_of_scalars(rows: int, leaf: Callable[[float], Any], tanh: Callable[[Any], Any]) -> Any:
    """The squared error of a 4-8-1 network over some rows, as plain loops: 107 nodes per row."""
    draw = Random(0)
    sizes = [4, 8, 1]
    layers = [
        [[leaf(draw.uniform(-1, 1)) for _ in range(nin + 1)] for _ in range(nout)]
        for nin, nout in pairwise(sizes)
    ]
    total: Any = None
    for _ in range(rows):
        a: list[Any] = [draw.uniform(-1, 1) for _ in range(4)]
        for layer in layers:
            outputs = []
            for *ws, bias in layer:
                s = bias
                for w, x in zip(ws, a):
                    s = s + w * x
                outputs.append(tanh(s))
            a = outputs
        d = a[0] - draw.uniform(-1, 1)
        total = d * d if total is None else total + d * d
    return total, [p for layer in layers for neuron in layer for p in neuron]


def chain_of_scalars(steps: int, leaf: Callable[[float], Any], tanh: Callable[[Any], Any]) -> Any:
    draw = Random(0)
    kinds = [[draw.choice(("mul", "add", "tanh")) for _ in range(steps)]]
    return Chains([0.3], [1.5], [0.1], kinds).record(leaf, tanh)


GRAPHS = {"network": network_of_scalars, "chain": chain_of_scalars}
PER_STEP = {"network": 107, "chain": 1}
PROCESS = Path("/proc/self")


def found(graph: str, nodes: int) -> dict[str, float]:
    """Record a graph and find its matrices: nodes, seconds, and peak bytes beyond the graph.

    Without kernels, which are compiled once for all sizes.
    """
    start = time.process_time()
    total, _ = GRAPHS[graph](nodes // PER_STEP[graph], Value, autograd.tanh)
    recorded, before = time.process_time(), memory_from_here()
    program = autograd.compile(total, backend="numpy" if graph == "network" else None)
    program.value_and_grad()
    first, size = time.process_time(), memory("VmHWM") - before
    program.value_and_grad()
    second = time.process_time()
    return {
        "nodes": len(autograd.topological_order(total)),
        "recording": recorded - start,
        "finding": (first - recorded) - (second - first),
        "bytes": size,
    }


def memory_from_here() -> float:
    """Reset the peak and return the bytes in use; nan where there is no /proc."""
    gc.collect()
    if PROCESS.exists():
        ctypes.CDLL(None).malloc_trim(0)  # else memory kept for reuse hides new memory
        (PROCESS / "clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> float:
    if not PROCESS.exists():
        return math.nan
    lines = (PROCESS / "status").read_text().splitlines()
    return next(float(x.split()[1]) * 1024 for x in lines if x.startswith(name))


def recording_table(sizes: list[int]) -> str:
    """Markdown; each line is measured in a fresh process, so that peaks are separate."""
    lines = [
        "| graph | nodes | recording, µs a node | finding, µs a node "
        "| bytes a node at the peak, beyond the graph |",
        "|---|---|---|---|---|",
    ]
    for graph in GRAPHS:
        for size in sizes:
            output = fresh_process("--recording", graph, str(size)).stdout
            got = json.loads(output)
            nodes = got["nodes"]
            lines.append(
                f"| {graph} | {nodes:,} | {got['recording'] / nodes * 1e6:.2f} "
                f"| {got['finding'] / nodes * 1e6:.2f} | {got['bytes'] / nodes:.0f} |"
            )
            say(lines[-1])
    return "\n".join(lines)


def recording_benchmark() -> Benchmark:
    """Recording and finding the matrices: a hundred thousand nodes, or 300 for JAX."""

    numbers = network_of_scalars(3, float, math.tanh)[1]

    def ours() -> Entry:
        total, leaves = network_of_scalars(3, Value, autograd.tanh)
        program = autograd.compile(total, backend="numpy")
        gradient = in_order(leaves, program.parameters, program.value_and_grad()[1])
        return lambda: found("network", 100_000), 100_000, gradient

    def casadi() -> Entry:
        import casadi as ca

        def function(rows: int) -> Any:
            total, leaves = network_of_scalars(rows, lambda x: ca.SX.sym("p"), ca.tanh)
            vector = ca.vertcat(*leaves)
            return ca.Function("f", [vector], [total, ca.gradient(total, vector)])

        gradient = function(3)(numbers)[1].full().ravel()
        return lambda: function(100_000 // 107), 100_000, gradient

    def jax() -> Entry:
        import jax
        import jax.numpy as jnp

        def compiled() -> Any:
            def function(leaves: Any) -> Any:
                waiting = iter(leaves)
                return network_of_scalars(3, lambda x: next(waiting), jnp.tanh)[0]

            return jax.jit(jax.grad(function)).lower(numbers).compile()

        return compiled, 3 * 107, np.array(compiled()(numbers))

    entries = {"ours": ours, "CasADi": casadi, "JAX: unrolled": jax}
    return Benchmark("recording and finding the matrices, µs a scalar node", 1e-6, entries)


def fresh_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_compile", *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns, smaller benchmarks")
    parser.add_argument("--others", action="store_true", help="only the other libraries")
    parser.add_argument("--only", default="", metavar="TEXT", help="those with it in their title")
    parser.add_argument("--largest", type=int, default=1_000_000, help="nodes of the last table")
    parser.add_argument("--recording", nargs=2, metavar=("GRAPH", "NODES"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.recording:
        graph, nodes = chosen.recording
        found(graph, 30_000)  # so that one-time loading and compiling is not counted
        print(json.dumps(found(graph, int(nodes))))
        return
    seconds = 0.2 if chosen.quick else 1.0
    ours = ours_available() and not chosen.others
    results = []
    for benchmark in [*benchmarks(chosen.quick), recording_benchmark()]:
        if chosen.only not in benchmark.title:
            continue
        if not ours:
            benchmark.entries.pop("ours")
        results.append(contest(benchmark, seconds))
    if chosen.only in "backward / forward":
        results.append(backward_to_forward(chosen.quick, ours, seconds))
    print(report(results))
    if chosen.only in "recording" and ours:
        sizes = [n for n in (10_000, 100_000, 1_000_000, 10_000_000) if n <= chosen.largest]
        print("\n" + recording_table(sizes[:2] if chosen.quick else sizes))


def bench_compile(capsys):
    table = fresh_process().stdout
    with capsys.disabled():
        print("\n" + table)


if __name__ == "__main__":
    main()
