"""Programs that people write against JAX by hand: python -m tests.benchmarks.bench_programs

Value and gradient by the parameters, one core, float64. Before a program is timed, the gradients
of the two must agree to 1e-9 of the largest, and ours with eager on two rows. Then they take
turns; medians of processor time. "first call" is wall time from a fresh process's call of
``compile`` (with its imports done) to its first gradients, on an empty cache where ``--cold`` is
given. ``--only TEXT`` runs only the programs with that text in their names, ``--rows N`` gives
every program that many rows, and ``--backend numpy`` measures that backend.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

if __name__ == "__main__":  # numpy and jax read them when they are loaded
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np

import autograd
from tests.benchmarks.peers import Floats
from tests.benchmarks.programs import Program, flat
from tests.benchmarks.programs.networks import NETWORKS
from tests.benchmarks.programs.sciences import SCIENCES

PROGRAMS = {p.name: p for p in [*NETWORKS, *SCIENCES]}
FIRST = "--first"


def ours(program: Program, x: Floats, backend: str | None) -> tuple[Any, Any]:
    """What runs it once, and the gradient in the order of ``program.numbers``."""
    w = program.leaves()
    compiled = autograd.compile(lambda row: program.ours(w, row), backend=backend)

    def run() -> Any:
        return compiled.value_and_grad(x)

    def gradient() -> Floats:
        value, found = run()
        place = {p: i for i, p in enumerate(compiled.parameters)}
        leaves = [p for name in program.numbers for p in flat(getattr(w, name))]
        return np.array([value, *(found[place[p]] if p in place else 0.0 for p in leaves)])

    return run, gradient, compiled


def eager(program: Program, x: Floats) -> Floats:
    """The same for few rows, by plain backward."""
    w = program.leaves()
    loss = sum(program.ours(w, [autograd.Value(v) for v in row]) for row in x.tolist()) / len(x)
    leaves = [p for name in program.numbers for p in flat(getattr(w, name))]
    loss.backward()
    return np.array([loss.data, *(p.grad for p in leaves)])


def jax_by_hand(program: Program, x: Floats) -> tuple[Any, Any]:
    import jax

    def loss(w: Any, rows: Any) -> Any:
        each = jax.vmap(lambda row: program.jax(jax.numpy, jax.lax, w, row))(rows)
        return jax.numpy.mean(each)

    w = {name: jax.numpy.array(a) for name, a in program.numbers.items()}
    both, rows = jax.jit(jax.value_and_grad(loss)), jax.numpy.array(x)

    def run() -> Any:
        return jax.block_until_ready(both(w, rows))

    def gradient() -> Floats:
        value, found = run()
        return np.concatenate([[value], *(np.ravel(found[name]) for name in program.numbers)])

    return run, gradient


def check(name: str, a: Floats, b: Floats, tolerance: float) -> None:
    """Raise AssertionError unless two gradients agree."""
    error = np.max(np.abs(a - b)) / max(1e-30, np.max(np.abs(b)))
    assert error <= tolerance, f"{name}: {error:.1e}"


def compared(program: Program, rows: int | None, backend: str | None, seconds: float) -> str:
    """One line of the table."""
    x = program.batch(rows)
    start = time.perf_counter()
    mine, gradient, compiled = ours(program, x, backend)
    answer = gradient()
    took = time.perf_counter() - start
    few = ours(program, x[:2], backend)[1]()
    check(f"{program.name} against eager", few, eager(program, x[:2]), 1e-12)
    start = time.perf_counter()
    theirs, expected = jax_by_hand(program, x)
    check(f"{program.name} against JAX", answer, expected(), 1e-9)
    theirs_took = time.perf_counter() - start
    figures: list[list[float]] = [[], []]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(figures[0]) < 5:
        for run, into in zip((mine, theirs), figures):
            start, times = time.process_time(), 0
            while (spent := time.process_time() - start) < 0.004:
                run()
                times += 1
            into.append(spent / times)
    a, b = map(median, figures)
    source = repr(compiled).partition(": ")[2].rstrip(">")
    return (
        f"| {program.name}, {len(x)} rows | {compiled.backend} | {source} | {a * 1e6:,.0f} "
        f"| {b * 1e6:,.0f} ({program.form}) | {a / b:.2f} | {took:.2f} / {theirs_took:.2f} |"
    )


def first_call(name: str, backend: str | None) -> None:
    """Print how long a fresh process takes for the first gradients."""
    program = PROGRAMS[name]
    x, w = program.batch(), program.leaves()
    start = time.perf_counter()
    autograd.compile(lambda row: program.ours(w, row), backend=backend).value_and_grad(x)
    print(time.perf_counter() - start)


def first_calls(names: list[str], backend: str | None) -> None:
    """The table of first calls, each in a process and with a cache of its own."""
    print("| Program | first gradients, s |\n|---|---|")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", __spec__.name, FIRST, name]
            command += ["--backend", backend] if backend else []
            environment = {**os.environ, "OVERNIGHT_AUTOGRAD_CACHE": folder}
            run = subprocess.run(command, env=environment, text=True, capture_output=True)
        lines = run.stdout.splitlines() or run.stderr.splitlines()
        print(f"| {name} | {lines[-1]} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--backend")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument(FIRST)
    given = parser.parse_args()
    if given.first:
        return first_call(given.first, given.backend)
    names = [name for name in PROGRAMS if given.only.lower() in name.lower()]
    if given.cold:
        return first_calls(names, given.backend)
    print("| Program | runs as | found | ours, µs | JAX, µs | ours / JAX | first call, s |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        try:
            print(compared(PROGRAMS[name], given.rows, given.backend, given.seconds), flush=True)
        except Exception as error:
            print(f"| {name} | {type(error).__name__}: {str(error)[:200]} |", flush=True)


if __name__ == "__main__":
    main()
