"""Every weight for the price of about two evaluations: a gradient from ten weights to a million."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from autograd import Value, no_grad, topological_order
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from nn import MLP, half_squared_error

SUMMARY = "forward, backward and finite differences timed, from ten to a million weights"

WIDTHS = (2, 7, 22, 70, 223, 707)
"""Of networks with about ten, a hundred, ... a million weights."""

PATIENCE = 2000
"""With more weights than this, finite differences are not waited for but estimated."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """This demo has none of its own."""


@dataclass(frozen=True)
class Price:
    """What one network costs. All times are in seconds.

    Attributes:
        weights: their number.
        forward: the time of one evaluation, which records the graph.
        backward: of the backward pass, to all derivatives.
        differences: of a gradient by finite differences; estimated where not ``measured``.
        measured: whether it was.
    """

    weights: int
    forward: float
    backward: float
    differences: float
    measured: bool

    @property
    def in_evaluations(self) -> float:
        """The price of a gradient by backpropagation, forward and backward."""
        return 1 + self.backward / self.forward


class Problem:
    """A network, one example, and two ways to the derivatives of its error."""

    def __init__(self, width: int, seed: int) -> None:
        self.network = MLP(width, [width, width], seed=seed)
        self.weights = self.network.parameters()
        self.x, self.target = [0.5] * width, [0.1] * width

    def error(self) -> Value:
        """The error of the network on the example."""
        return half_squared_error(self.network(self.x), self.target)

    def by_backpropagation(self) -> list[float]:
        """All derivatives: forward once, backward once."""
        self.network.zero_grad()
        self.error().backward()
        return [w.grad or 0.0 for w in self.weights]

    def by_finite_differences(self, step: float = 1e-6) -> list[float]:
        """All derivatives: one evaluation, and one more for each weight."""
        derivatives = []
        with no_grad():
            error = self.error().data
            for w in self.weights:
                before = w.data
                w.data += step
                derivatives.append((self.error().data - error) / step)
                w.data = before
        return derivatives


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Measure networks of growing size, compare, and draw."""
    small = Problem(WIDTHS[0], options.seed)
    apart = [abs(a - b) for a, b in zip(small.by_backpropagation(), small.by_finite_differences())]
    print("How does the error change with each weight? Two ways to all the answers:")
    print()
    print("  finite differences   move one weight a little, evaluate again; for each weight")
    print("  backpropagation      evaluate once, and go backward through the graph once")
    print()
    far = max(apart)
    print(f"They agree: {len(apart)} derivatives of a small network differ by {far:.0e} at most.")
    print("What each takes, on this machine:")
    print()
    print("   weights     forward    backward    backward /      finite")
    print("                                      forward         differences")
    prices = []
    for width in WIDTHS[:4] if options.quick else WIDTHS:
        price = measure(Problem(width, options.seed))
        prices.append(price)
        times = f"{spell(price.forward):>12}{spell(price.backward):>12}"
        estimate = "" if price.measured else "  (estimate)"
        differences = f"{spell(price.differences):>14}{estimate}"
        print(
            f"{price.weights:>10,}{times}{price.backward / price.forward:>10.2f}    {differences}"
        )
    print()
    report(prices[0], prices[-1])
    forward, backward = products(Problem(WIDTHS[2], options.seed).error())
    print("Counted instead of timed: a network of a thousand weights takes")
    print(f"{forward:,} multiplications forward and {backward:,} backward.")
    return plots.save_all(lambda: draw(prices, options.out / "price.png"))


def measure(problem: Problem) -> Price:
    """Time one network, each part at its median."""
    weights = len(problem.weights)
    forwards, backwards = [], []
    with without_garbage_collector():
        for _ in range(15 if weights < 20_000 else 3):
            start = perf_counter()
            error = problem.error()
            forwards.append(perf_counter() - start)
            backwards.append(seconds(error.backward))
            del error  # and its graph, before the next is built
        forward, backward = median(forwards), median(backwards)
        if weights > PATIENCE:
            return Price(weights, forward, backward, (weights + 1) * forward, measured=False)
        repeats = 5 if weights < 500 else 3
        differences = median(seconds(problem.by_finite_differences) for _ in range(repeats))
    return Price(weights, forward, backward, differences, measured=True)


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    """As ``timeit`` measures: it would search for cycles, of which a graph has none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = perf_counter()
    function()
    return perf_counter() - start


def products(error: Value) -> tuple[int, int]:
    """The multiplications in the graph: those of the evaluation, and those of the backward pass.

    Forward there is one for each node that is a product. Backward there is one for each input of
    each node: local derivative times gradient.
    """
    nodes = topological_order(error)
    forward = sum(node.op is not None and node.op.name == "mul" for node in nodes)
    return forward, sum(len(node.inputs) for node in nodes)


def report(first: Price, last: Price) -> None:
    """Print what the table shows."""
    gain = float(f"{last.differences / (last.forward + last.backward):.2g}")
    print(f"Backpropagation gives {last.weights:,} derivatives for the price of")
    print(
        f"{last.in_evaluations:.1f} evaluations; {first.weights} cost {first.in_evaluations:.1f}."
    )
    print(f"Finite differences take {last.weights + 1:,} evaluations: {gain:,g} times as long.")


def spell(time: float) -> str:
    """Seconds, for people.

    >>> spell(0.00012), spell(45.0), spell(7200.0)
    ('120 µs', '45 s', '2 hours')
    """
    for size, name in ((86400, "days"), (3600, "hours"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if time >= size:
            return f"{time / size:.3g} {name}"
    return f"{time / 1e-6:.3g} µs"


def draw(prices: Sequence[Price], path: Path) -> Exhibit:
    """Both prices against the number of weights, on log axes."""
    figure = plots.new_figure(8, 5)
    axes = figure.add_subplot(
        xscale="log",
        yscale="log",
        xlabel="number of weights",
        ylabel="price of all derivatives, in evaluations",
    )
    weights = [p.weights for p in prices]
    gradient = [p.in_evaluations for p in prices]
    differences = [p.differences / p.forward for p in prices]
    measured = sum(p.measured for p in prices)
    axes.plot(weights, differences, "--", color=plots.ORANGE, linewidth=2)
    axes.plot(weights[:measured], differences[:measured], "o", color=plots.ORANGE)
    axes.plot(
        weights[measured:], differences[measured:], "o", color=plots.ORANGE, markerfacecolor="white"
    )
    axes.plot(weights, gradient, "o-", color=plots.BLUE, linewidth=2)
    middle, text = len(prices) // 2, "finite differences\n(open circles: estimated)"
    plots.label(axes, text, (weights[middle], differences[middle]), (-14, 4), plots.ORANGE)
    plots.label(axes, "backpropagation", (weights[-1], gradient[-1]), (0, 10), plots.BLUE)
    axes.set_ylim(0.7, 3 * max(differences))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(color="#e6e6e6", linewidth=0.8)
    plots.title(
        axes, "All derivatives for the price of about two evaluations, however many there are"
    )
    figure.savefig(path)
    return Exhibit(
        path, "The price of all derivatives: about two evaluations, however many weights."
    )
