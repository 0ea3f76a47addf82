"""Local minima and momentum: a valley with a hole in it, and two ways down."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograd import Value, exp, grad, sin
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.helpers.options import positive
from nn import SGD

SUMMARY = "gradient descent is caught in a hole; momentum carries past it"

START = (-4.0, 1.8)
Path2D = list[tuple[float, float]]


def height(x: Any, y: Any) -> Any:
    """A winding valley that falls towards x = 4, with a hole half way; of Values or of floats."""
    walls = 0.6 * (y - 0.8 * sin(x)) ** 2
    floor = 0.04 * (x - 4) ** 2
    hole = 0.5 * exp(-2.5 * ((x + 0.2) ** 2 + (y + 0.16) ** 2))
    return walls + floor - hole


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    add = parser.add_argument
    add("--rate", type=positive, default=0.1, metavar="R", help="learning rate")
    add("--momentum", type=positive, default=0.9, metavar="M", help="part of the velocity kept")


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Go down both ways from one place, compare, and draw."""
    steps = 150
    plain = descend(steps, options.rate)
    heavy = descend(steps, options.rate, options.momentum)
    x, y = Value(START[0], "x"), Value(START[1], "y")
    print("A height over two numbers: a valley that winds to the right, with a hole in it.")
    print(f"At the start, x = {x:g} and y = {y:g}, it is {height(x, y):.3f}. Two ways down:")
    print()
    print("  gradient descent   x -= rate * gradient")
    print("  with momentum      velocity = momentum * velocity + gradient")
    print("                     x -= rate * velocity")
    print()
    print(f"With a rate of {options.rate:g} and a momentum of {options.momentum:g}:")
    print()
    print("          gradient descent          with momentum")
    print("  step       x       y  height         x       y  height")
    for step in (0, 5, 10, 20, 40, 80, steps):
        row = "   ".join(
            f"{x:>8.3f}{y:>8.3f}{height(x, y):>8.3f}" for x, y in (plain[step], heavy[step])
        )
        print(f"  {step:>4}{row}")
    print()
    report("Gradient descent", plain[-1])
    report("Momentum", heavy[-1])
    print("A gradient knows the slope underfoot and nothing beyond it. Velocity is a memory")
    print("of slopes before, and rolls through a small hole as a ball would.")
    paths = {"gradient descent": plain, f"momentum {options.momentum:g}": heavy}
    every = 6 if options.quick else 1
    return plots.save_all(
        lambda: draw(paths, options.out / "valley.png"),
        lambda: animate(paths, every, options.out / "valley.gif"),
    )


def descend(steps: int, rate: float, momentum: float = 0.0) -> Path2D:
    """The places on the way down: the start and one for each step.

    Raises:
        FloatingPointError: the steps are so large that they lead up and away.
    """
    x, y = map(Value, START)
    optimizer = SGD([x, y], lr=rate, momentum=momentum)
    path = [START]
    for _ in range(steps):
        optimizer.zero_grad()
        height(x, y).backward()
        optimizer.step()
        if not math.hypot(x.data, y.data) < 1000:
            raise FloatingPointError(
                f"at a rate of {rate:g} with momentum {momentum:g} the steps lead up and away: "
                "lower --rate or --momentum"
            )
        path.append((x.data, y.data))
    return path


def report(who: str, place: tuple[float, float]) -> None:
    """Print where a descent ended, and what kind of place that is."""
    x, y = map(Value, place)
    slope = math.hypot(*(derivative.data for derivative in grad(height(x, y), [x, y])))
    if slope > 0.1:
        kind = "still on the way"
    elif x < 2:
        kind = "in the hole"
    else:
        kind = "at the end of the valley"
    print(f"{who} ended {kind}: ({x:.2f}, {y:.2f}), slope {slope:.0e}.")


def draw(paths: dict[str, Path2D], path: Path) -> Exhibit:
    """Both ways over the contours of the valley, and the height along each."""
    figure = plots.new_figure(9, 6.5)
    Scene(figure, paths).show(len(next(iter(paths.values()))) - 1)
    figure.savefig(path)
    return Exhibit(path, "A valley with a hole: gradient descent is caught, momentum passes.")


def animate(paths: dict[str, Path2D], every: int, path: Path) -> Exhibit:
    """The same, step by step."""
    figure = plots.new_figure(7, 5, dpi=80)
    scene = Scene(figure, paths)
    # Momentum is quick and needs all its steps to be seen; later only gradient descent moves.
    frames = [*range(0, 30, every), *range(30, 151, 5 * every)]
    plots.save_animation(figure, scene.show, frames, path, fps=12)
    return Exhibit(path, "Down the valley step by step, with momentum and without.")


class Scene:
    """The valley from above, the height against the steps, and both descents up to a step."""

    def __init__(self, figure: Any, paths: dict[str, Path2D]) -> None:
        self.paths = list(paths.values())
        above, beside = figure.subplots(2, 1, height_ratios=[2.2, 1])
        show_contours(above)
        plots.title(above, "The hole catches gradient descent; momentum carries past it")
        plots.title(beside, "")
        steps = len(self.paths[0]) - 1
        heights = [[height(x, y) for x, y in path] for path in self.paths]
        top = max(map(max, heights))
        beside.set(xlim=(0, steps), ylim=(-0.1, 1.05 * top), xlabel="step", ylabel="height")
        self.heights: Sequence[Sequence[float]] = heights
        self.lines = []
        for name, colour in zip(paths, (plots.ORANGE, plots.BLUE)):
            (way,) = above.plot([], [], ".-", color=colour, linewidth=1.5, markersize=4, label=name)
            (ball,) = above.plot([], [], "o", color=colour, markersize=11, markeredgecolor="white")
            (curve,) = beside.plot([], [], color=colour, linewidth=2, clip_on=False)
            self.lines.append((way, ball, curve))
        above.legend(loc="upper right", framealpha=0.9, edgecolor="none")

    def show(self, step: int) -> None:
        """Draw both descents up to a step."""
        for (way, ball, curve), path, heights in zip(self.lines, self.paths, self.heights):
            way.set_data(*zip(*path[: step + 1]))
            ball.set_data([path[step][0]], [path[step][1]])
            curve.set_data(range(step + 1), heights[: step + 1])


def show_contours(axes: Any) -> None:
    """Lines of equal height; the darker, the deeper."""
    xs = [-5 + 11 * i / 160 for i in range(161)]
    ys = [-2.2 + 4.6 * i / 80 for i in range(81)]
    heights = [[height(x, y) for x in xs] for y in ys]
    levels = [-0.05 + 0.15 * i for i in range(22)]
    axes.contourf(xs, ys, heights, levels, cmap="Greys_r", alpha=0.55, extend="both")
    axes.contour(xs, ys, heights, levels, colors="white", linewidths=0.6)
    axes.annotate("the hole", (-0.1, -0.35), xytext=(-0.1, -1.6), ha="center", arrowprops=ARROW)
    axes.annotate("the end", (4, -0.85), xytext=(4, -1.9), ha="center", arrowprops=ARROW)
    axes.set(xlabel="x", ylabel="y")


ARROW = {"arrowstyle": "->", "color": "#222222"}
