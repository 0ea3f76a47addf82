"""From neurons to matrices: the matrix products that jit finds in a graph of scalars."""

from __future__ import annotations

import argparse
import random
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import nn
from autograd import Value, jit, topological_order
from autograd.files import write_whole
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.letters.alphabet import ALPHABET, encode

SUMMARY = "the matrix products hidden in a network for letters, printed and timed"

Rows = list[list[float]]
Loss = Callable[[list[float], list[float]], Value]


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Record a loss, compile it, print the program, and time it against the graph."""
    hidden = 16 if options.quick else 64
    context, letters = 3, len(ALPHABET)
    model = nn.MLP(context * letters, [hidden, letters], seed=options.seed)

    def loss(x: list[float], t: list[float]) -> Value:
        return nn.half_squared_error(model(x), t)

    print("A network predicts the next letter from three. Each neuron is a loop over its")
    print("inputs, and each product is a node of the graph:")
    print()
    nodes = len(topological_order(loss(encode("the"), encode(" "))))
    print(f"  {model}")
    print(f"  parameters {len(model.parameters()):>19,}")
    print(f"  nodes of one evaluation {nodes:>6,}")
    print()

    program = jit(loss)
    X, T = sample(200 if options.quick else 2000, context, options.seed)
    _, gradient = program.value_and_grad(X, T)
    print("jit sees only this graph; it knows nothing of layers. Its stages:")
    print()
    for name, text in program.stages.items():
        size = text.splitlines()[0].replace(" instructions", " array instructions")
        print(f"  {name:<14} {size}")
    print()
    print("The result, as NumPy. The loops over neurons are gone:")
    print()
    print(textwrap.indent(program.source.split("\n\n\n", 1)[1], "  "))

    check(model, loss, X[:50], T[:50])
    print(f"(the largest of all {len(gradient):,} derivatives is {max(map(abs, gradient)):.1g}).")
    print()
    seconds = race(loss, program, X, T)
    print("The time per letter, for the loss and all its derivatives:")
    for name, each in seconds.items():
        print(f"  {name:<34}{digits(each * 1e6, 3):>12} µs")
    slow, fast = seconds["the graph of scalars"], min(seconds.values())
    print(f"The same numbers, about {digits(slow / fast, 2)} times as fast.")
    print()

    source = options.out / "matrices_source.py"
    write_whole(source, program.source.encode())
    print(f"  source:  {source}")
    return [
        Exhibit(source, "The program that jit found. It needs only NumPy."),
        *plots.save_all(lambda: draw(seconds, options.out / "matrices.png")),
    ]


def sample(rows: int, context: int, seed: int) -> tuple[Rows, Rows]:
    """Random letters, encoded: inputs and targets."""
    stream = random.Random(seed)
    texts = ["".join(stream.choices(ALPHABET, k=context + 1)) for _ in range(rows)]
    return [encode(text[:-1]) for text in texts], [encode(text[-1]) for text in texts]


def check(model: nn.Module, loss: Loss, X: Rows, T: Rows) -> None:
    """Print how much the compiled gradient differs from that of plain backward passes."""
    model.zero_grad()
    for x, t in zip(X, T):
        (loss(x, t) / len(X)).backward()
    _, compiled = jit(loss).value_and_grad(X, T)
    worst = max(abs(a - p.grad) for a, p in zip(compiled, model.parameters()))
    print(f"Its gradient differs from that of backward() by {worst:.0e} at most")


def race(loss: Loss, program: Callable[..., object], X: Rows, T: Rows) -> dict[str, float]:
    """The time per letter in seconds, the best of several runs."""
    import numpy as np

    inputs, targets = np.array(X), np.array(T)
    programs = {"as NumPy, all letters at once": jit(loss, backend="numpy")}
    if program.backend == "machine":  # type: ignore[attr-defined]
        programs["as vector kernels"] = program  # type: ignore[assignment]

    def scalars() -> None:
        for x, t in zip(X[:20], T[:20]):
            loss(x, t).backward()

    seconds = {"the graph of scalars": best(scalars) / 20}
    for name, compiled in programs.items():
        seconds[name] = best(lambda c=compiled: c.value_and_grad(inputs, targets)) / len(X)  # type: ignore[misc]
    return seconds


def digits(number: float, count: int) -> str:
    """A number rounded to ``count`` significant digits.

    >>> digits(20529.2, 3), digits(1.3478, 3)
    ('20,500', '1.35')
    """
    return f"{float(f'{number:.{count}g}'):,.10g}"


def best(work: Callable[[], object], enough: float = 0.3) -> float:
    """The shortest time that the work took, in runs of ``enough`` seconds altogether.

    The first run does not count; at least five more do.
    """
    work()
    times: list[float] = []
    while len(times) < 5 or sum(times) < enough:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def draw(seconds: dict[str, float], path: Path) -> Exhibit:
    """Draw the times as bars, which start at 0, so that their lengths can be compared."""
    figure = plots.new_figure(8, 2.2 + 0.4 * len(seconds))
    axes = figure.add_subplot(xlabel="microseconds")
    names, times = list(seconds), [1e6 * s for s in seconds.values()]
    bars = axes.barh(names, times, color=plots.BLUE)
    faster = ["", *(f", {digits(times[0] / t, 2)} times as fast" for t in times[1:])]
    axes.bar_label(bars, [f"{digits(t, 3)} µs{more}" for t, more in zip(times, faster)], padding=4)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(times))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    plots.title(axes, "The time per letter, for the loss and all its derivatives")
    plots.save(figure, path)
    return Exhibit(
        path,
        "The same computation as a graph of scalars and as matrix products, whose bars are too "
        "short to be seen.",
    )
