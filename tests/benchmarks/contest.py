"""How a benchmark is timed in several libraries, and the table of the results."""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from tests.benchmarks.peers import Floats, LeftOut

LIBRARIES = ["JAX", "NumPy", "PyTorch", "CasADi", "heyoka", "micrograd"]
MODULES = {"jax", "torch", "casadi", "heyoka", "micrograd"}

# One call, the number of items that it computes, and its answer, which is compared.
Entry = tuple[Callable[[], Any], float, Floats]


@dataclass
class Benchmark:
    """One line of the table.

    Attributes:
        title: what is measured, and the unit of the figures.
        unit: one unit of the figures, in seconds.
        entries: the function that prepares each library, and ours as "ours". Where a library
            has several forms, a colon and the name of the form follow, and the best one counts.
    """

    title: str
    unit: float
    entries: dict[str, Callable[[], Entry]]


@dataclass
class Result:
    benchmark: Benchmark
    figures: dict[str, float]
    prepared: dict[str, float]

    def best(self, library: str) -> tuple[float, str] | None:
        """The best figure of a library, and the name of its entry."""
        forms = [(x, n) for n, x in self.figures.items() if n.partition(":")[0] == library]
        return min(forms) if forms else None


# --- measuring ---


def contest(benchmark: Benchmark, seconds: float) -> Result:
    """Prepare all libraries, compare their answers, and time them in turns."""
    say(benchmark.title)
    prepared: dict[str, float] = {}
    ready: dict[str, Entry] = {}
    for name, prepare in benchmark.entries.items():
        start = time.perf_counter()
        try:
            ready[name] = prepare()
        except LeftOut as reason:
            say(f"  {name} left out: {reason}")
            continue
        except ModuleNotFoundError as error:
            if error.name not in MODULES:
                raise
            say(f"  {name} left out: not installed")
            continue
        prepared[name] = time.perf_counter() - start
        compare(name, ready[name][2], next(iter(ready.values()))[2])
    medians = measure({name: run for name, (run, _, _) in ready.items()}, seconds)
    figures = {name: medians[name] / ready[name][1] / benchmark.unit for name in ready}
    for name, figure in figures.items():
        say(f"  {name}: {figure:.4g}, prepared in {prepared[name]:.2f} s")
    return Result(benchmark, figures, prepared)


def compare(name: str, found: Floats, expected: Floats) -> None:
    size = min(len(found), len(expected))  # a slow library may have computed fewer rows
    apart = np.abs(found[:size] - expected[:size]).max() / np.abs(expected[:size]).max()
    if not apart <= 1e-9:
        raise AssertionError(f"{name} is {apart:.1e} of the largest gradient away from the first")


def measure(runs: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """The median time of one call of each; they take turns until each has had these seconds."""
    gc.collect()
    gc.freeze()  # the collector need not visit prepared objects again
    gc.disable()
    times: dict[str, list[float]] = {name: [] for name in runs}
    # Short calls are timed in groups; this first call also warms up.
    calls = {name: max(1, round(0.002 / max(timed(run, 1), 1e-9))) for name, run in runs.items()}
    waiting = set(runs)
    while waiting:
        for name in sorted(waiting):
            gc.collect()
            times[name].append(timed(runs[name], calls[name]))
            spent = sum(times[name]) * calls[name]
            if spent > seconds and (len(times[name]) >= 3 or spent > 4 * seconds):
                waiting.discard(name)
    gc.enable()
    gc.unfreeze()
    return {name: median(each) for name, each in times.items()}


def timed(run: Callable[[], Any], calls: int) -> float:
    # Processor time, because other programs may use the machine.
    start = time.process_time()
    for _ in range(calls):
        run()
    return (time.process_time() - start) / calls


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- the report ---


def figure(x: float) -> str:
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def line(result: Result) -> str:
    """One line of the table: our figure, its ratio to the best of the others, and the others."""
    cells = []
    for library in LIBRARIES:
        best = result.best(library)
        form = best[1].partition(": ")[2] if best else ""
        cells.append(f"{figure(best[0])}{f' ({form})' if form else ''}" if best else "")
    mine = result.best("ours")
    others = [(best, name) for name in LIBRARIES if (best := result.best(name))]
    ratio = ""
    if mine and others:
        (best, _), name = min(others)
        ratio = f"{mine[0] / best:.2f} ({name})"
    first = [result.benchmark.title, figure(mine[0]) if mine else "", ratio]
    return "| " + " | ".join(first + cells) + " |"


def report(results: list[Result]) -> str:
    heads = ["benchmark", "ours", "ratio to the best of the others", *LIBRARIES]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *map(line, results)]
    lines += ["", "| prepared in seconds | ours | " + " | ".join(LIBRARIES) + " |"]
    lines += ["|---" * (len(LIBRARIES) + 2) + "|"]
    for result in results:
        cells = [result.benchmark.title]
        for library in ["ours", *LIBRARIES]:
            best = result.best(library)
            cells.append(f"{result.prepared[best[1]]:.2g}" if best else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
