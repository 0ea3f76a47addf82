"""Trial and error against backpropagation: what does it cost to train the same networks?"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from autograd import Value, no_grad
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from nn import MLP, SGD, half_squared_error

SUMMARY = "what it costs to train a network by trial and error, and by backpropagation"

# The price of a step down the gradient: one evaluation forward, and a backward pass, which by
# convention counts as two: for each product of the evaluation it computes two products, one for
# the weight and one for the input.
STEP = 3

EXAMPLES = 8
GOAL = 0.1
Rows = list[list[float]]


@dataclass(frozen=True)
class Cost:
    """The cost of training networks of one size, in evaluations of the network."""

    weights: int
    trial_and_error: float
    backpropagation: float


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Train networks of growing size both ways, count evaluations, and draw."""
    widths, repeats = ([1, 2, 3, 4], 5) if options.quick else ([1, 2, 3, 4, 5, 6, 8], 7)
    print(f"Each network learns to imitate another of the same shape on {EXAMPLES} examples, until")
    print(f"its loss has fallen to {GOAL:.0%} of its first value. Two ways, from the same weights:")
    print()
    print("  trial and error   change a weight at random; keep the change if the loss fell")
    print("  backpropagation   move all weights one step down the gradient of the loss")
    print()
    print(f"The cost in evaluations of the network (median of {repeats} runs). A step down the")
    print(f"gradient counts as {STEP}: 1 for the forward pass and, by convention, 2 for the")
    print("backward pass.")
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
    """Train both ways, with ``width`` inputs, hidden neurons and outputs."""
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
    """Train, and return the number of evaluations."""
    weights = network.parameters()
    evaluations = 0
    with no_grad():
        loss = mean_loss(network, X, T).data
        goal = GOAL * loss
        while loss > goal:
            weight = stream.choice(weights)
            before = weight.data
            weight.data += stream.gauss(0, 0.3)
            changed = mean_loss(network, X, T).data
            evaluations += 1
            if changed < loss:
                loss = changed
            else:
                weight.data = before
    return evaluations


def by_backpropagation(network: MLP, X: Rows, T: Rows) -> int:
    """Train, and return the number of steps."""
    optimizer = SGD(network.parameters(), lr=0.3)
    steps = 0
    loss = mean_loss(network, X, T)
    goal = GOAL * loss.data
    while loss.data > goal:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps += 1
        loss = mean_loss(network, X, T)
    return steps


def mean_loss(network: MLP, X: Rows, T: Rows) -> Value:
    """The mean loss of the network over all examples."""
    total = Value(0.0)
    for x, t in zip(X, T):
        total += half_squared_error(network(x), t)
    return total / len(X)


def outputs(network: MLP, x: list[float]) -> list[float]:
    """The outputs of the network as numbers."""
    with no_grad():
        ys = network(x)
    return [y.data for y in ys] if isinstance(ys, list) else [ys.data]


def report(costs: Sequence[Cost]) -> None:
    """Print what the table shows."""
    crossing = crossover(costs)
    if crossing:
        print(f"From about {crossing:.0f} weights on, backpropagation is cheaper.")
    else:
        print("The costs do not cross between these sizes.")
    slow, fast = growth(costs)
    fast = round(fast, 1) + 0  # no -0.0
    print(f"The cost of trial and error grows as weights^{slow:.1f}: each trial tests one weight.")
    print(f"The cost of backpropagation grows as weights^{fast:.1f}: each step improves them all.")
    last = costs[-1]
    million = last.trial_and_error * (1e6 / last.weights) ** slow
    print(f"At this rate, trial and error needs some {million / 1e6:,.0f} million evaluations")
    print("to train a million weights. This is why backpropagation exists.")


def crossover(costs: Sequence[Cost]) -> float | None:
    """The number of weights where both cost the same, interpolated on log axes; None: nowhere."""
    ratios = [math.log(cost.trial_and_error / cost.backpropagation) for cost in costs]
    for i in range(len(costs) - 1):
        if ratios[i] < 0 <= ratios[i + 1]:
            part = ratios[i] / (ratios[i] - ratios[i + 1])
            return costs[i].weights * math.pow(costs[i + 1].weights / costs[i].weights, part)
    return None


def growth(costs: Sequence[Cost]) -> tuple[float, float]:
    """The powers of the number of weights with which both costs grow: slopes on log axes."""
    sizes = [math.log(cost.weights) for cost in costs]
    trials = [math.log(cost.trial_and_error) for cost in costs]
    steps = [math.log(cost.backpropagation) for cost in costs]
    return linear_regression(sizes, trials).slope, linear_regression(sizes, steps).slope


def draw(costs: Sequence[Cost], path: Path) -> Exhibit:
    """Draw both costs against the number of weights, and where they cross."""
    weights = [cost.weights for cost in costs]
    trials = [cost.trial_and_error for cost in costs]
    steps = [cost.backpropagation for cost in costs]
    figure = plots.new_figure(8, 5)
    axes = plots.growth_axes(figure, weights, "evaluations of the network until trained")
    axes.plot(weights, trials, "o-", color=plots.ORANGE, linewidth=2)
    axes.plot(weights, steps, "o-", color=plots.BLUE, linewidth=2)
    plots.label(axes, "trial and error", (weights[-1], trials[-1]), (0, 10), plots.ORANGE)
    plots.label(axes, "backpropagation", (weights[-1], steps[-1]), (0, 10), plots.BLUE)
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
    plots.title(axes, "What it costs to train the same networks")
    plots.save(figure, path)
    return Exhibit(
        path,
        f"The cost of training. For {weights[-1]} weights, trial and error takes {trials[-1]:,.0f} "
        f"evaluations of the network, and backpropagation as much time as {steps[-1]:,.0f}.",
    )
