"""Local minima and momentum: a valley with a hole in it, and two ways down."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from autograd import Value, exp, grad, sin
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.helpers.options import positive
from nn import SGD, Module, training_page

SUMMARY = "a hole in a valley traps gradient descent; momentum carries past it"

START = (-4.0, 1.8)
Path2D = list[tuple[float, float]]


def loss(x: Any, y: Any) -> Any:
    """A loss over Values or floats: a winding valley down to x = 4, with a hole half way."""
    walls = 0.6 * (y - 0.8 * sin(x)) ** 2
    floor = 0.04 * (x - 4) ** 2
    hole = 0.5 * exp(-2.5 * ((x + 0.2) ** 2 + (y + 0.16) ** 2))
    return walls + floor - hole


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this demo."""
    add = parser.add_argument
    add("--rate", type=positive, default=0.1, metavar="R", help="learning rate")
    add("--momentum", type=positive, default=0.9, metavar="M", help="share of the velocity kept")


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Go down both ways from the same start, compare, and draw."""
    steps = 150
    plain = descend(steps, options.rate)
    heavy = descend(steps, options.rate, options.momentum)
    x, y = START
    print("The loss depends on two parameters, x and y. Seen as a landscape, it is a valley")
    print(f"that winds to the right, with a hole half way. At the start, x = {x:g} and y = {y:g},")
    print(f"the loss is {loss(x, y):.3f}. Two ways down:")
    print()
    print("  gradient descent   x -= rate * gradient")
    print("  with momentum      velocity = momentum * velocity + gradient")
    print("                     x -= rate * velocity")
    print()
    print(f"The learning rate is {options.rate:g}, the momentum {options.momentum:g}:")
    print()
    print("          gradient descent          with momentum")
    print("  step       x       y    loss         x       y    loss")
    for step in (0, 5, 10, 20, 40, 80, steps):
        row = "   ".join(
            f"{x:>8.3f}{y:>8.3f}{loss(x, y):>8.3f}" for x, y in (plain[step], heavy[step])
        )
        print(f"  {step:>4}{row}")
    print()
    report("Gradient descent", plain[-1])
    report("Momentum", heavy[-1])
    print("The gradient gives only the slope at the current point. The velocity remembers")
    print("earlier slopes, and so it rolls through a small hole as a ball would.")
    paths = {"gradient descent": plain, f"momentum {options.momentum:g}": heavy}
    print()
    print(f"  page:    {page_of(options.rate, options.momentum, options.out / 'valley.html')}")
    print("In the page you can put the ball anywhere, and change the rate and the momentum.")
    every = 6 if options.quick else 1
    pictures = plots.save_all(
        lambda: draw(paths, options.out / "valley.png"),
        lambda: animate(paths, every, options.out / "valley.gif"),
    )
    caption = "The valley, with a ball to put anywhere: try it without momentum, too."
    return [Exhibit(options.out / "valley.html", caption), *pictures]


class Place(Module):
    """A point of the valley: two parameters."""

    def __init__(self) -> None:
        self.x, self.y = map(Value, START)


def page_of(rate: float, momentum: float, path: Path) -> Path:
    """Write the page in which a ball goes down the valley."""
    place = Place()
    optimizer = SGD(place.parameters(), lr=rate, momentum=momentum)
    # The loss depends on no row, so one row of anything will do.
    training_page(place, lambda x, t: loss(place.x, place.y), [[0.0]], [[0.0]], optimizer, path)
    return path


def descend(steps: int, rate: float, momentum: float = 0.0) -> Path2D:
    """The points on the way down: the start, and one for each step.

    Raises:
        FloatingPointError: the steps are too large, and lead up and away.
    """
    x, y = map(Value, START)
    optimizer = SGD([x, y], lr=rate, momentum=momentum)
    path = [START]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(x, y).backward()
        optimizer.step()
        if not math.hypot(x.data, y.data) < 1000:
            raise FloatingPointError(
                f"with rate {rate:g} and momentum {momentum:g} the steps lead up and away: "
                "lower --rate or --momentum"
            )
        path.append((x.data, y.data))
    return path


def report(who: str, place: tuple[float, float]) -> None:
    """Print where a descent ended."""
    (x, y), (kind, slope) = place, ending(place)
    print(f"{who} ended {kind}: ({x:.2f}, {y:.2f}), slope {slope:.0e}.")


def ending(place: tuple[float, float]) -> tuple[str, float]:
    """What kind of point a descent ended at, and the slope there."""
    x, y = map(Value, place)
    slope = math.hypot(*(derivative.data for derivative in grad(loss(x, y), [x, y])))
    if slope > 0.1:
        return "on the way", slope
    return "in the hole" if x < 2 else "at the end of the valley", slope


def draw(paths: dict[str, Path2D], path: Path) -> Exhibit:
    """Draw both ways over the contours of the loss, and the loss along each."""
    figure = plots.new_figure(9, 6.5)
    Scene(figure, paths).show(len(next(iter(paths.values()))) - 1)
    plots.save(figure, path)
    return Exhibit(path, "A valley with a hole: one descent without momentum, and one with it.")


def animate(paths: dict[str, Path2D], every: int, path: Path) -> Exhibit:
    """Show the same step by step."""
    figure = plots.new_figure(7, 5, dpi=80)
    scene = Scene(figure, paths)
    # Momentum is fast at first, so every step is shown; later only gradient descent moves.
    frames = [*range(0, 30, every), *range(30, 151, 5 * every)]
    plots.save_animation(figure, scene.show, frames, path, fps=12)
    return Exhibit(path, "Down the valley step by step, with momentum and without.")


class Scene:
    """The valley from above, the loss against the steps, and both descents up to a step."""

    def __init__(self, figure: Any, paths: dict[str, Path2D]) -> None:
        self.paths = list(paths.values())
        above, beside = figure.subplots(2, 1, height_ratios=[2.2, 1])
        show_contours(above)
        ends = [ending(path[-1])[0] for path in self.paths]
        plots.title(above, "Gradient descent ended {}; momentum ended {}".format(*ends))
        plots.title(beside, "")
        steps = len(self.paths[0]) - 1
        self.losses = [[loss(x, y) for x, y in path] for path in self.paths]
        top = max(map(max, self.losses))
        beside.set(xlim=(0, steps), ylim=(-0.1, 1.05 * top), xlabel="step", ylabel="loss")
        self.lines = []
        for name, colour in zip(paths, (plots.ORANGE, plots.BLUE)):
            (way,) = above.plot([], [], ".-", color=colour, linewidth=1.5, markersize=4, label=name)
            (ball,) = above.plot([], [], "o", color=colour, markersize=11, markeredgecolor="white")
            (curve,) = beside.plot([], [], color=colour, linewidth=2, clip_on=False)
            self.lines.append((way, ball, curve))
        above.legend(loc="upper right", framealpha=0.9, edgecolor="none")

    def show(self, step: int) -> None:
        """Draw both descents up to a step."""
        for (way, ball, curve), path, losses in zip(self.lines, self.paths, self.losses):
            way.set_data(*zip(*path[: step + 1]))
            ball.set_data([path[step][0]], [path[step][1]])
            curve.set_data(range(step + 1), losses[: step + 1])


def show_contours(axes: Any) -> None:
    """Draw lines of equal loss; the darker, the lower."""
    xs = [-5 + 11 * i / 160 for i in range(161)]
    ys = [-2.2 + 4.6 * i / 80 for i in range(81)]
    losses = [[loss(x, y) for x in xs] for y in ys]
    levels = [-0.05 + 0.15 * i for i in range(22)]
    axes.contourf(xs, ys, losses, levels, cmap="Greys_r", alpha=0.55, extend="both")
    axes.contour(xs, ys, losses, levels, colors="white", linewidths=0.6)
    axes.annotate("the hole", (-0.1, -0.35), xytext=(-0.1, -1.6), ha="center", arrowprops=ARROW)
    axes.annotate("the end", (4, -0.85), xytext=(4, -1.9), ha="center", arrowprops=ARROW)
    axes.set(xlabel="x", ylabel="y")


ARROW = {"arrowstyle": "->", "color": "#222222"}
