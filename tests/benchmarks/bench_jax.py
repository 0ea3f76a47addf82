"""backend="jax" against JAX written by hand: python -m tests.benchmarks.bench_jax

Each in float64 and float32, on one core. "function": value and gradient by the parameters,
compiled, with the rows on the device; "call": the same from Python, with NumPy arrays in and out;
"fit": whole epochs, where the twin is one call of scans. Answers are compared first (to 1e-9 of the
largest number, or 1e-3). Then the two take turns; medians of processor time. ``--only TEXT`` runs
only the programs with that text in their names; ``--hlo FOLDER`` writes what XLA made of both.

Measured on one core of an EPYC with AVX-512 whose other core was busy, ours / theirs in float64 and
float32, one run; older machines differed by up to 0.1, and by more in MLP 6-12-10-2 (1.12 and 1.06
for 4096 rows). "function": MLP 6-12-10-2 of 1 row 0.71 and 0.72, 64 rows 0.82 and 0.75, 4096 rows
1.57 and 1.28; letters 1.02 and 1.00; MLP 256 0.82 and 1.04; formula 1.07 and 1.00; RNN 1.21 and
1.07; convolution 0.98 and 0.15 (with gathers in place of slices 2.36 and 0.38); attention 1.11 and
0.95; transformer 0.80 and 0.74; softmax 0.93 and 0.98; mixture 0.93 and 0.90; pendulum 1.01 and
1.00; n-body 0.70 and 0.58. An exponential and a division more, with which the slope of tanh keeps
its digits, are what MLP 6-12-10-2 and RNN take longer: with 1 - tanh² in their place RNN was 0.93
to 1.02. Of 32,000 numbers and more, one exponential for tanh and its slope, with a polynomial near
0, takes a tenth less (2.1 to 2.3 ns a number, not 2.4 to 2.6); of fewer up to 1.7 times as long.
Large blocks of parameters stand by themselves: joined to one vector MLP 256 was 0.86 and 1.09, and
on several cores XLA took ten times as long in some calls (a fit of 64 steps 690 ms, not 65). For
blocks of a few thousand numbers one vector is better (training letters up to 0.2).

"call", one run: MLP 6-12-10-2 1.4 to 2.0, letters 2.0 and 2.5, MLP 256 4.3 and 7.8; before the
machine read the parameters, 6 and 10 for letters, 12 and 32 for MLP 256. What is left there was
not looked into.

"fit", ten epochs of letters and of MLP 6-12-10-2, two of MLP 256: 1.30, 1.55 and 1.50 in float64,
1.62, 1.32 and 2.94 in float32; its calls of XLA alone 1.17, 1.44 and 0.93, and 1.43, 1.17 and 1.36.
In float64 the rows are turned before XLA multiplies them: without that its calls took 1.31, 1.37
and 1.20. A check of the gradient by ``isfinite`` costs 0.5 µs a step of letters; one at the end of
a call would save no more than that, and 2 µs where the update need not wait for it. Parameters in
blocks, not in one vector, were no faster (54 µs both in float64; 32 against 28 in float32, where
each block is rounded on its own). What is left of letters in float32, by JAX's trace, in µs a step
beyond the twin: the slope of tanh 4, the gradient of the first matrix 5, losses 2, rounding of the
float64 parameters 1; of the small net in float64, the slope of tanh 3 of 3.6. Each fit adds 5 ms
(letters), 2 to 4 ms (the small net) or 26 to 37 ms (MLP 256, whose 139,000 parameters are read,
watched and written); calls of XLA are within that.
"""

import argparse
import os
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":  # numpy and jax read them when they are loaded
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax
import numpy as np

import autograd
import nn
from tests.benchmarks.bench_compile import letters_task
from tests.benchmarks.bench_programs import PROGRAMS
from tests.benchmarks.peers import Floats
from tests.benchmarks.peers.network import Training, train_jax_scan
from tests.benchmarks.programs import Program
from tests.benchmarks.programs import flat as leaves_of
from tests.benchmarks.programs.networks import mlp

DTYPES = {"float64": 1e-9, "float32": 1e-3}
LETTERS = mlp([84, 64, 28], rows=64)
DENSE, WIDE = PROGRAMS["MLP 6-12-10-2"], PROGRAMS["MLP 256-256-256-28"]
CHOSEN = [
    *(replace(DENSE, rows=rows) for rows in (1, 64, 4096)),
    LETTERS,
    WIDE,
    *(
        PROGRAMS[name]
        for name in (
            "formula, 10,000 rows",
            "RNN 50",
            "convolution twice",
            "attention, 6 positions, 4 heads",
            "transformer block",
            "softmax regression",
            "Gaussian mixture",
            "pendulum, 40 steps",
            "n-body",
        )
    ),
]


# --- value and gradient ---


def by_hand(program: Program, x: Floats, dtype: str) -> tuple[Any, Any, Any]:
    """The function, its arguments, and what makes one vector of its results."""

    def loss(w: Any, rows: Any) -> Any:
        each = jax.vmap(lambda row: program.jax(jax.numpy, jax.lax, w, row))(rows)
        return jax.numpy.sum(each)

    w = {name: jax.numpy.asarray(a, dtype) for name, a in program.numbers.items()}

    def answer(results: Any) -> Floats:
        value, found = results
        parts = [np.ravel(found[name]) for name in program.numbers]
        return np.concatenate([[value], *parts]).astype(float)

    return jax.jit(jax.value_and_grad(loss)), (w, jax.numpy.asarray(x, dtype)), answer


def ours(program: Program, x: Floats, dtype: str) -> tuple[Any, Any, Any, Any]:
    """The same, and the compiled program."""
    from autograd.compiler.jax.executor import settings

    w = program.leaves()
    compiled = autograd.compile(lambda row: program.ours(w, row), backend="jax", dtype=dtype)
    recording = compiled.recording([x.shape[1]], [x[0].tolist()])
    executor: Any = recording.executor("parameters")
    place = {p: i for i, p in enumerate(compiled.parameters)}
    leaves = [p for name in program.numbers for p in leaves_of(getattr(w, name))]
    theta = executor._blocks.parted(np.array([p.data for p in recording.parameters]))
    with settings(np.dtype(dtype)):
        given = [jax.numpy.asarray(part, dtype) for part in theta], jax.numpy.asarray(x, dtype)

    def answer(results: Any) -> Floats:
        value, gradient = results
        return np.array([value, *(gradient[place[p]] if p in place else 0.0 for p in leaves)])

    return executor._run, given, answer, compiled


def compared(program: Program, dtype: str, seconds: float, folder: str) -> str:
    """One line of the first table."""
    from autograd.compiler.jax.executor import settings

    x = program.batch().astype(dtype)
    mine, given, answer, compiled = ours(program, x, dtype)
    theirs, others, expected = by_hand(program, x, dtype)
    a = answer(compiled.value_and_grad(x, reduction="sum"))
    b = expected(theirs(*others))
    error = np.abs(a - b).max() / np.abs(b).max()
    assert error <= DTYPES[dtype], f"{program.name}: {error:.1e}"
    if folder:
        for who, function, arguments in ("ours", mine, given), ("jax", theirs, others):
            with settings(np.dtype(dtype)):
                text = function.lower(*arguments).compile().as_text()
            Path(folder, f"{program.name}-{dtype}-{who}.txt".replace(" ", "_")).write_text(text)

    with settings(np.dtype(dtype)):
        inner = in_turns(
            lambda: jax.block_until_ready(mine(*given)),
            lambda: jax.block_until_ready(theirs(*others)),
            seconds,
        )
    outer = in_turns(
        lambda: compiled.value_and_grad(x, reduction="sum"),
        lambda: jax.tree.map(np.asarray, theirs(others[0], x)),
        seconds,
    )
    return f"| {program.name}, {len(x)} rows | {dtype} | {cell(inner)} | {cell(outer)} |"


# --- training ---


def trainings() -> dict[str, Training]:
    """Networks that are trained for some epochs."""
    draw = np.random.default_rng(0)
    theta = draw.normal(size=(6 + 1) * 12 + (12 + 1) * 10 + (10 + 1) * 2) * 0.3
    X = draw.normal(size=(8192, 6))
    T = np.tanh(X @ draw.normal(size=(6, 2)))
    small = Training([6, 12, 10, 2], theta, X, T, 64, 0.05, 10)
    sizes = [256, 256, 256, 28]
    count = sum(n * (m + 1) for m, n in pairwise(sizes))
    wide = Training(
        sizes,
        draw.normal(size=count) / 16,
        draw.normal(size=(2048, 256)),
        np.tanh(draw.normal(size=(2048, 28))),
        64,
        0.05,
        2,
    )
    return {
        "letters 84-64-28, batch 64": replace(letters_task(64 * 80), epochs=10),
        "MLP 6-12-10-2, batch 64": small,
        "MLP 6-12-10-2, batch 8": replace(small, batch=8, epochs=2),
        "MLP 256-256-256-28, batch 64": wide,
    }


def trained(name: str, task: Training, dtype: str, seconds: float) -> str:
    """One line of the second table."""
    model = nn.MLP(task.sizes[0], task.sizes[1:], seed=0)
    parameters = [
        p
        for layer in model.layers
        for p in (*(w for n in layer.neurons for w in n.weights), *(n.bias for n in layer.neurons))
    ]

    def reset() -> None:
        for p, number in zip(parameters, task.theta.tolist(), strict=True):
            p.data = number

    reset()
    loss = autograd.compile(
        lambda x, t: nn.half_squared_error(model(x), t), backend="jax", dtype=dtype
    )
    X, T = task.X.astype(dtype), task.T.astype(dtype)
    optimizer = nn.SGD(model.parameters(), lr=task.rate)

    def mine(epochs: int = task.epochs) -> Any:
        given = {"epochs": epochs, "batch_size": task.batch, "shuffle": False, "progress": False}
        nn.fit(loss, X, T, optimizer, **given)

    mine()
    with jax.enable_x64(dtype == "float64"):
        theirs, answer = train_jax_scan(task)
        theirs()
        a, b = np.array([p.data for p in parameters]), answer().astype(float)
    error = np.abs(a - b).max() / np.abs(b).max()
    assert error <= DTYPES[dtype], f"{name}: {error:.1e}"

    def narrow() -> Any:
        with jax.enable_x64(dtype == "float64"):
            theirs()

    short, hand = in_turns(mine, narrow, seconds)
    long, _ = in_turns(lambda: mine(3 * task.epochs), narrow, seconds)
    more = (long - short) / 2, hand
    return f"| {name}, {task.epochs} epochs | {dtype} | {cell((short, hand))} | {cell(more)} |"


# --- measuring ---


def in_turns(mine: Any, theirs: Any, seconds: float) -> tuple[float, float]:
    """The median of processor time of both, in seconds."""
    mine(), theirs()
    times: list[list[float]] = [[], []]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < 7:
        for run, into in zip((mine, theirs), times):
            start, calls = time.process_time(), 0
            while (spent := time.process_time() - start) < 0.004:
                run()
                calls += 1
            into.append(spent / calls)
    return median(times[0]), median(times[1])


def cell(pair: tuple[float, float]) -> str:
    """Both in µs, and the ratio."""
    mine, theirs = pair
    return f"{mine * 1e6:,.0f} / {theirs * 1e6:,.0f} = {mine / theirs:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--dtype", choices=DTYPES)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--hlo", default="")
    parser.add_argument("--no-fit", action="store_true")
    given = parser.parse_args()
    dtypes = [given.dtype] if given.dtype else list(DTYPES)
    wanted = lambda name: given.only.lower() in name.lower()
    print("| Value and gradient | dtype | function, µs: ours / by hand | call |\n|---|---|---|---|")
    for program in CHOSEN:
        for dtype in dtypes if wanted(program.name) else []:
            with jax.enable_x64(dtype == "float64"):
                print(compared(program, dtype, given.seconds, given.hlo), flush=True)
    if given.no_fit:
        return
    print("\n| fit | dtype | µs: ours / by hand | as many epochs more |\n|---|---|---|---|")
    for name, task in trainings().items():
        for dtype in dtypes if wanted(name) else []:
            print(trained(name, task, dtype, given.seconds), flush=True)


if __name__ == "__main__":
    main()
