"""Trial and error against backpropagation: the same networks, taught the same, at what cost?"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from autograd import Value, no_grad
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from nn import MLP, SGD, half_squared_error

SUMMARY = "what it costs to train a network by trial and error, and without"

# One evaluation forward, and one backward pass at its conventional price of two: for each product
# of the evaluation it computes two, one for the weight and one for the input.
STEP = 3

EXAMPLES = 8
GOAL = 0.1
Rows = list[list[float]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """This demo has none of its own."""


@dataclass(frozen=True)
class Cost:
    """What it took to train networks of one size, in evaluations of the network."""

    weights: int
    trial_and_error: float
    backpropagation: float


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Train networks of growing size both ways, count, and draw."""
    widths, repeats = ([1, 2, 3, 4], 5) if options.quick else ([1, 2, 3, 4, 5, 6, 8], 7)
    print(f"Each network learns {EXAMPLES} examples of what another of its shape does, until")
    print(f"its error is {GOAL:.0%} of what it was. Two ways, from the same weights:")
    print()
    print("  trial and error   change one weight at random; keep it if the error fell")
    print("  backpropagation   step down the gradient of all weights")
    print()
    print(f"Cost in evaluations of the network, median of {repeats}. A step down the gradient")
    print(f"counts as {STEP}: one forward, and backward at its conventional price of two.")
    print()
    print(f"  {'weights':>7}{'trial and error':>18}{'backpropagation':>18}{'ratio':>9}")
    costs = []
    for width in widths:
        cost = measure(width, repeats, options.seed)
        costs.append(cost)
        ratio = cost.trial_and_error / cost.backpropagation
        row = f"{cost.trial_and_error:>18,.0f}{cost.backpropagation:>18,.0f}{ratio:>9.1f}"
        print(f"  {cost.weights:>7}{row}")
    print()
    report(costs)
    return plots.save_all(lambda: draw(costs, options.out / "trial_and_error.png"))


def measure(width: int, repeats: int, seed: int) -> Cost:
    """Train networks with ``width`` inputs, hidden neurons and outputs, both ways."""
    trials, steps = [], []
    for repeat in range(repeats):
        stream = random.Random(f"{seed} {width} {repeat}")
        teacher, pupil = (MLP(width, [width, width], bias=False, seed=stream) for _ in range(2))
        X = [[stream.choice((-1.0, 1.0)) for _ in range(width)] for _ in range(EXAMPLES)]
        T = [outputs(teacher, x) for x in X]
        start = pupil.state_dict()
        trials.append(by_trial_and_error(pupil, X, T, stream))
        pupil.load_state_dict(start)
        steps.append(by_backpropagation(pupil, X, T))
    return Cost(len(pupil.parameters()), median(trials), STEP * median(steps))


def by_trial_and_error(network: MLP, X: Rows, T: Rows, stream: random.Random) -> int:
    """Train; the number of evaluations."""
    weights = network.parameters()
    evaluations = 0
    with no_grad():
        error = mean_error(network, X, T).data
        goal = GOAL * error
        while error > goal:
            weight = stream.choice(weights)
            before = weight.data
            weight.data += stream.gauss(0, 0.3)
            changed = mean_error(network, X, T).data
            evaluations += 1
            if changed < error:
                error = changed
            else:
                weight.data = before
    return evaluations


def by_backpropagation(network: MLP, X: Rows, T: Rows) -> int:
    """Train; the number of steps."""
    optimizer = SGD(network.parameters(), lr=0.3)
    steps = 0
    error = mean_error(network, X, T)
    goal = GOAL * error.data
    while error.data > goal:
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        steps += 1
        error = mean_error(network, X, T)
    return steps


def mean_error(network: MLP, X: Rows, T: Rows) -> Value:
    """How far the network is from the targets, over all examples."""
    total = Value(0.0)
    for x, t in zip(X, T):
        total += half_squared_error(network(x), t)
    return total / len(X)


def outputs(network: MLP, x: list[float]) -> list[float]:
    """The outputs as numbers."""
    with no_grad():
        ys = network(x)
    return [y.data for y in ys] if isinstance(ys, list) else [ys.data]


def report(costs: Sequence[Cost]) -> None:
    """Print what the table shows."""
    crossing = crossover(costs)
    if crossing:
        print(f"The crossover: from about {crossing:.0f} weights on, backpropagation is cheaper.")
    else:
        print("The costs do not cross between these sizes.")
    slow, fast = growth(costs)
    print(f"Trial and error grows as weights^{slow:.1f}: a trial tells about one weight.")
    fast = round(fast, 1) + 0  # no -0.0
    print(f"Backpropagation grows as weights^{fast:.1f}: a step tells about all of them.")
    last = costs[-1]
    million = last.trial_and_error * (1e6 / last.weights) ** slow
    print(f"At that rate a million weights would take {million / 1e6:,.0f} million evaluations,")
    print("which is why backpropagation exists.")


def crossover(costs: Sequence[Cost]) -> float | None:
    """The number of weights where both cost the same, between sizes on log axes; None: nowhere."""
    ratios = [math.log(cost.trial_and_error / cost.backpropagation) for cost in costs]
    for i in range(len(costs) - 1):
        if ratios[i] < 0 <= ratios[i + 1]:
            part = ratios[i] / (ratios[i] - ratios[i + 1])
            return costs[i].weights * math.pow(costs[i + 1].weights / costs[i].weights, part)
    return None


def growth(costs: Sequence[Cost]) -> tuple[float, float]:
    """The powers of the number of weights that the two costs grow as: slopes on log axes."""
    sizes = [math.log(cost.weights) for cost in costs]
    trials = [math.log(cost.trial_and_error) for cost in costs]
    steps = [math.log(cost.backpropagation) for cost in costs]
    return slope(sizes, trials), slope(sizes, steps)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Of the straight line nearest to the points (least squares)."""
    middle, level = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - middle) * (y - level) for x, y in zip(xs, ys))
    return above / sum((x - middle) ** 2 for x in xs)


def draw(costs: Sequence[Cost], path: Path) -> Exhibit:
    """Both costs against the number of weights, on log axes, and where they cross."""
    figure = plots.new_figure(8, 5)
    axes = figure.add_subplot(
        xscale="log",
        yscale="log",
        xlabel="number of weights",
        ylabel="evaluations of the network until trained",
    )
    weights = [cost.weights for cost in costs]
    trials = [cost.trial_and_error for cost in costs]
    steps = [cost.backpropagation for cost in costs]
    axes.plot(weights, trials, "o-", color=plots.ORANGE, linewidth=2)
    axes.plot(weights, steps, "o-", color=plots.BLUE, linewidth=2)
    plots.label(axes, "trial and error", (weights[-1], trials[-1]), (0, 10), plots.ORANGE)
    plots.label(axes, "backpropagation", (weights[-1], steps[-1]), (0, 10), plots.BLUE)
    finding = "Trial and error costs more with every weight; backpropagation hardly does"
    crossing = crossover(costs)
    if crossing:
        axes.axvline(crossing, color=plots.GREY, linestyle=":", linewidth=1.5)
        axes.text(
            crossing * 1.05,
            0.03,
            f"crossover at about {crossing:.0f} weights",
            transform=axes.get_xaxis_transform(),
            color=plots.GREY,
        )
    axes.set_ylim(min(*trials, *steps) / 2, max(*trials, *steps) * 2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(color="#e6e6e6", linewidth=0.8)
    plots.title(axes, finding)
    figure.savefig(path)
    return Exhibit(
        path, "What training costs: by trial and error ever more, the more weights there are."
    )
