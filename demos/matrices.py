"""From neurons to matrices: what compile finds in the graph that a loop over neurons recorded."""

from __future__ import annotations

import argparse
import random
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import nn
from autograd import Value, compile, topological_order
from demos.helpers.gallery import Exhibit
from demos.letters.alphabet import ALPHABET, encode

SUMMARY = "the matrices hidden in the letters network, printed and timed"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Record, compile, print, and race the same arithmetic in both forms."""
    hidden = 16 if options.quick else 64
    context, letters = 3, len(ALPHABET)
    model = nn.MLP(context * letters, [hidden, letters], seed=options.seed)

    def error(x: list[float], t: list[float]) -> Value:
        return nn.half_squared_error(model(x), t)

    print("A network that predicts the next letter from three: every neuron a loop over its")
    print("inputs, every product a node of the graph.")
    print()
    nodes = len(topological_order(error(encode("the"), encode(" "))))
    print(f"  {model}")
    print(f"  parameters {len(model.parameters()):>19,}")
    print(f"  nodes of one evaluation {nodes:>6,}")
    print()

    program = compile(error)
    rows = 200 if options.quick else 2000
    X, T = sample(rows, context, options.seed)
    program.value_and_grad(X, T)
    print("compile looks at that graph, and at nothing else. Its stages:")
    print()
    for name, text in program.stages.items():
        size = text.splitlines()[0].replace(" instructions", " array instructions")
        print(f"  {name:<14} {size}")
    print()
    print("What it found, as NumPy. The loops over neurons are gone:")
    print()
    print(textwrap.indent(program.source.split("\n\n\n", 1)[1], "  "))

    value, gradient = program.value_and_grad(X, T)
    check(model, error, X, T, value, gradient)
    seconds = race(error, program, model, X, T)
    print("One letter, forward and backward, all derivatives:")
    for name, each in seconds.items():
        print(f"  {name:<34}{digits(each * 1e6, 3):>12} µs")
    slow, fast = seconds["the graph of scalars"], min(seconds.values())
    print(f"The same numbers, about {digits(slow / fast, 2)} times as fast.")
    print()

    source = options.out / "matrices_source.py"
    source.write_text(program.source, encoding="utf-8")
    print(f"  source:  {source}")
    exhibits = [Exhibit(source, "The matrix program that was found; it runs with NumPy alone.")]
    if picture := save_race(seconds, options.out / "matrices.png"):
        exhibits.append(picture)
    return exhibits


def sample(rows: int, context: int, seed: int) -> tuple[list[list[float]], list[list[float]]]:
    """Letters at random, coded: inputs and targets."""
    stream = random.Random(seed)
    texts = ["".join(stream.choices(ALPHABET, k=context + 1)) for _ in range(rows)]
    return [encode(text[:-1]) for text in texts], [encode(text[-1]) for text in texts]


def check(
    model: nn.Module,
    error: Callable[[list[float], list[float]], Value],
    X: list[list[float]],
    T: list[list[float]],
    value: float,
    gradient: list[float],
) -> None:
    """Say how far the compiled gradient is from the one of plain backward passes."""
    model.zero_grad()
    for x, t in zip(X[:50], T[:50]):
        (error(x, t) / 50).backward()
    plain = [p.grad for p in model.parameters()]
    few = compile(error).value_and_grad(X[:50], T[:50])[1]
    worst = max(abs(a - (b or 0.0)) for a, b in zip(few, plain))
    print(f"Its gradient differs from that of backward() by {worst:.0e} at most")
    print(f"(the largest of its {len(gradient):,} entries is {max(map(abs, gradient)):.1g}).")
    print()


def race(
    error: Callable[[list[float], list[float]], Value],
    program: Callable[..., object],
    model: nn.Module,
    X: list[list[float]],
    T: list[list[float]],
) -> dict[str, float]:
    """Seconds a letter, the best of a few turns."""
    import numpy as np

    inputs, targets = np.array(X), np.array(T)
    numpy = compile(error, backend="numpy")
    programs = {"as NumPy, all letters at once": numpy}
    if program.backend == "numba":  # type: ignore[attr-defined]
        programs["as native loops, by Numba"] = program  # type: ignore[assignment]

    def scalars() -> None:
        for x, t in zip(X[:20], T[:20]):
            error(x, t).backward()

    seconds = {"the graph of scalars": best(scalars) / 20}
    for name, compiled in programs.items():
        seconds[name] = best(lambda c=compiled: c.value_and_grad(inputs, targets)) / len(X)  # type: ignore[misc]
    return seconds


def digits(number: float, count: int) -> str:
    """A number with so many digits that mean something.

    >>> digits(20529.2, 3), digits(1.3478, 3)
    ('20,500', '1.35')
    """
    return f"{float(f'{number:.{count}g}'):,.10g}"


def best(work: Callable[[], object], enough: float = 0.3) -> float:
    """The shortest time that the work took in turns of some seconds, when nothing else ran.

    The first turn does not count; there are five more at least.
    """
    work()
    times: list[float] = []
    while len(times) < 5 or sum(times) < enough:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def save_race(seconds: dict[str, float], path: Path) -> Exhibit | None:
    """Draw the times, or say what is missing for it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        print(f"  no picture: it needs {error.name}, which pip install '.[demos]' brings")
        return None
    figure = Figure(figsize=(8, 2.2 + 0.4 * len(seconds)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(
        title="One letter, forward and backward", xlabel="microseconds, logarithmic", xscale="log"
    )
    names, times = list(seconds), [1e6 * s for s in seconds.values()]
    bars = axes.barh(names, times, color=["#b8cbe0", "#6f94bb", "#1f4e79"][: len(names)])
    axes.bar_label(bars, [f"{digits(t, 3)} µs" for t in times], padding=4)
    axes.invert_yaxis()
    axes.set_xlim(min(times) / 3, 8 * max(times))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
    print(f"  picture: {path}")
    return Exhibit(path, "The same arithmetic as a graph of scalars and as matrices.")
