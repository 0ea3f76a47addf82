"""All derivatives for the price of about two evaluations, from ten weights to a million."""

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
"""The widths of networks with about ten, a hundred, ..., a million weights."""

PATIENCE = 2000
"""With more weights than this, the time of finite differences is estimated, not measured."""


@dataclass(frozen=True)
class Price:
    """The times that one network takes, in seconds.

    Attributes:
        weights: the number of weights and biases.
        forward: the time of one evaluation, which records the graph.
        backward: the time of the backward pass, which gives all derivatives.
        differences: the time of a gradient by finite differences.
        measured: whether ``differences`` was measured; if not, it is an estimate.
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
    """A network, one example, and two ways to compute the derivatives of its loss."""

    def __init__(self, width: int, seed: int) -> None:
        self.network = MLP(width, [width, width], seed=seed)
        self.weights = self.network.parameters()
        self.x, self.target = [0.5] * width, [0.1] * width

    def loss(self) -> Value:
        """The loss of the network on the example."""
        return half_squared_error(self.network(self.x), self.target)

    def by_backpropagation(self) -> list[float]:
        """All derivatives, by one forward and one backward pass."""
        self.network.zero_grad()
        self.loss().backward()
        return [w.grad for w in self.weights]

    def by_finite_differences(self, step: float = 1e-6) -> list[float]:
        """All derivatives, by one evaluation and another for each weight."""
        derivatives = []
        with no_grad():
            loss = self.loss().data
            for w in self.weights:
                before = w.data
                w.data += step
                derivatives.append((self.loss().data - loss) / step)
                w.data = before
        return derivatives


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Time both ways on networks of growing size, compare, and draw."""
    small = Problem(WIDTHS[0], options.seed)
    apart = [abs(a - b) for a, b in zip(small.by_backpropagation(), small.by_finite_differences())]
    print("How does the loss change with each weight? Two ways to find all derivatives:")
    print()
    print("  finite differences   change a weight a little, evaluate again; for each weight")
    print("  backpropagation      evaluate once, then go backward through the graph once")
    print()
    far = max(apart)
    print(f"They agree: {len(apart)} derivatives of a small network differ by {far:.0e} at most.")
    print("The times on this machine:")
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
    forward, backward = products(Problem(WIDTHS[2], options.seed).loss())
    print("Counted in multiplications, a network of a thousand weights takes")
    print(f"{forward:,} forward and {backward:,} backward.")
    return plots.save_all(lambda: draw(prices, options.out / "price.png"))


def measure(problem: Problem) -> Price:
    """Time one network: the median of several runs."""
    weights = len(problem.weights)
    forwards, backwards = [], []
    with without_garbage_collector():
        for _ in range(15 if weights < 20_000 else 3):
            start = perf_counter()
            loss = problem.loss()
            forwards.append(perf_counter() - start)
            backwards.append(seconds(loss.backward))
            del loss  # frees the graph before the next one is built
        forward, backward = median(forwards), median(backwards)
        if weights > PATIENCE:
            return Price(weights, forward, backward, (weights + 1) * forward, measured=False)
        repeats = 5 if weights < 500 else 3
        differences = median(seconds(problem.by_finite_differences) for _ in range(repeats))
    return Price(weights, forward, backward, differences, measured=True)


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    """Switch the collector off, as ``timeit`` does: graphs have no cycles for it to find."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def seconds(function: Callable[[], object]) -> float:
    """The time of one call."""
    start = perf_counter()
    function()
    return perf_counter() - start


def products(loss: Value) -> tuple[int, int]:
    """The number of multiplications in the evaluation of a graph, and in its backward pass.

    The evaluation has one for each node that is a product. The backward pass has one for each
    input of each node: local derivative times gradient.
    """
    nodes = topological_order(loss)
    forward = sum(node.op is not None and node.op.name == "mul" for node in nodes)
    return forward, sum(len(node.inputs) for node in nodes)


def report(first: Price, last: Price) -> None:
    """Print what the table shows."""
    gain = float(f"{last.differences / (last.forward + last.backward):.2g}")
    few, many = first.in_evaluations, last.in_evaluations
    print(f"Backpropagation gives {last.weights:,} derivatives for the price of")
    print(f"{many:.1f} evaluations, and {first.weights} derivatives for the price of {few:.1f}.")
    print(f"Finite differences take {last.weights + 1:,} evaluations: {gain:,g} times as long.")


def spell(time: float) -> str:
    """A time in seconds, with a fitting unit.

    >>> spell(0.00012), spell(45.0), spell(7200.0)
    ('120 µs', '45 s', '2 hours')
    """
    for size, name in ((86400, "days"), (3600, "hours"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if time >= size:
            return f"{time / size:.3g} {name}"
    return f"{time / 1e-6:.3g} µs"


def draw(prices: Sequence[Price], path: Path) -> Exhibit:
    """Draw both prices against the number of weights."""
    weights = [p.weights for p in prices]
    figure = plots.new_figure(8, 5)
    axes = plots.growth_axes(figure, weights, "price of all derivatives, in evaluations")
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
    plots.title(axes, "What all derivatives cost, in two ways")
    plots.save(figure, path)
    return Exhibit(
        path,
        f"The price of all derivatives. By backpropagation it is {min(gradient):.1f} to "
        f"{max(gradient):.1f} evaluations, with {weights[0]:,} weights as with {weights[-1]:,}.",
    )
