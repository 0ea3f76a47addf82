"""Moons, circles, spirals: how a network bends the line between two classes."""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd import Value, no_grad
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from nn import MLP, Adam, fit, half_squared_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SUMMARY = "a network learns to tell moons, circles and spirals apart"

HIDDEN = [16, 16]
TARGETS = {1: 0.9, -1: -0.9}  # tanh never reaches 1
Point = tuple[float, float]


def add_options(parser: argparse.ArgumentParser) -> None:
    """This demo has none of its own."""


# --- the data: a point of class 1 or -1, within about 1 of the middle ---


def moon(side: int, stream: random.Random) -> Point:
    """One of two half circles, hooked into each other."""
    angle = math.pi * stream.random()
    return side * (0.7 * math.cos(angle) - 0.35), side * (0.7 * math.sin(angle) - 0.17)


def circle(side: int, stream: random.Random) -> Point:
    """A ring around another."""
    angle, radius = 2 * math.pi * stream.random(), 0.95 if side > 0 else 0.45
    return radius * math.cos(angle), radius * math.sin(angle)


def spiral(side: int, stream: random.Random) -> Point:
    """One of two arms that wind once and a quarter around the middle."""
    along = math.sqrt(stream.random())
    angle, radius = 2.5 * math.pi * along, side * (0.1 + 0.9 * along)
    return radius * math.cos(angle), radius * math.sin(angle)


@dataclass(frozen=True)
class Shape:
    """Two classes of points.

    Attributes:
        name: of both together.
        point: draws a point of a class.
        noise: the standard deviation of what is added to each coordinate.
        epochs: how often all points are learned.
    """

    name: str
    point: Callable[[int, random.Random], Point]
    noise: float
    epochs: int

    def points(self, n: int, stream: random.Random) -> tuple[list[list[float]], list[list[int]]]:
        """n points, and the class of each, 1 or -1 in turn."""
        X, classes = [], []
        for i in range(n):
            side = 1 if i % 2 else -1
            x, y = self.point(side, stream)
            X.append([x + stream.gauss(0, self.noise), y + stream.gauss(0, self.noise)])
            classes.append([side])
        return X, classes


SHAPES = (
    Shape("moons", moon, noise=0.07, epochs=60),
    Shape("circles", circle, noise=0.08, epochs=60),
    Shape("spirals", spiral, noise=0.03, epochs=120),
)


# --- training ---


@dataclass
class Story:
    """What became of one shape.

    Attributes:
        shape: which.
        X, classes: the points learned from.
        network: after training.
        epochs: at which the weights were kept.
        weights: those weights.
        accuracies: on new points, at those epochs.
    """

    shape: Shape
    X: list[list[float]]
    classes: list[list[int]]
    network: MLP
    epochs: list[int] = field(default_factory=list)
    weights: list[dict[str, float]] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Train a network for each shape, and draw how it came to see them."""
    print("A network is shown points of two classes, and learns to tell new ones apart.")
    print("Three shapes, for each a network of 2 inputs, 16 + 16 hidden neurons, 1 output.")
    print("Right of 500 new points, after so many epochs of learning from 120 others:")
    print()
    stages = 5 if options.quick else 12
    stories = []
    for shape in SHAPES:
        story = train(shape, stages, 0.2 if options.quick else 1.0, options.seed)
        stories.append(story)
        shown = stills(story)
        print(f"  {shape.name:<8} epoch   " + "".join(f"{story.epochs[i]:>8}" for i in shown))
        print(f"  {'':<8} right   " + "".join(f"{story.accuracies[i]:>8.1%}" for i in shown))
    print()
    print("One neuron draws one soft line. The first hidden layer draws 16, the second")
    print("folds them into 16 shapes, and the output adds these up to one border.")
    return plots.save_all(
        lambda: draw_growth(stories, options.out / "moons.png"),
        lambda: draw_neurons(stories[-1], options.out / "moons_neurons.png"),
        lambda: animate(stories, options.out / "moons.gif"),
    )


def stills(story: Story) -> list[int]:
    """Five stages, from the first to the last, for the table and the picture."""
    return [round(i * (len(story.epochs) - 1) / 4) for i in range(5)]


def train(shape: Shape, stages: int, share: float, seed: int) -> Story:
    """Learn a shape, and keep the weights at each stage.

    Args:
        shape: what to learn.
        stages: how many; more epochs go into each stage than into the one before.
        share: of the epochs of the shape, to do.
        seed: of the points, the first weights and the order.
    """
    stream = random.Random(f"{seed} {shape.name}")
    X, classes = shape.points(120, stream)
    new, expected = shape.points(500, stream)
    network = MLP(2, [*HIDDEN, 1], seed=stream)
    optimizer = Adam(network.parameters(), lr=0.02)
    T = [[TARGETS[side]] for (side,) in classes]
    story = Story(shape, X, classes, network)
    done = 0
    for stage in range(stages + 1):
        until = round(share * shape.epochs * (stage / stages) ** 1.5)
        if until > done:
            fit(
                lambda x, t: half_squared_error(network(x), t),
                X,
                T,
                optimizer,
                epochs=until - done,
                batch_size=10,
                shuffle=stream,
                progress=False,
            )
        done = until
        story.epochs.append(done)
        story.weights.append(network.state_dict())
        story.accuracies.append(accuracy(network, new, expected))
    return story


def accuracy(network: MLP, X: Sequence[list[float]], classes: Sequence[list[int]]) -> float:
    """The share of points on their own side of the border."""
    with no_grad():
        return sum(number(network(x)) * side > 0 for x, (side,) in zip(X, classes)) / len(X)


def number(output: Value | list[Value]) -> float:
    """Of a network with one output."""
    assert isinstance(output, Value)
    return output.data


# --- pictures ---


def look(network: MLP, points: Floats) -> list[Floats]:
    """The outputs of all neurons for many points at once, layer by layer.

    What the loops over neurons do one by one, written as products of matrices.

    Args:
        network: whose neurons are all tanh.
        points: of shape (points, 2).

    Returns:
        For each layer the outputs, of shape (points, neurons).
    """
    import numpy as np

    outputs, layers = points, []
    for layer in network.layers:
        W = np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])
        b = np.array([neuron.bias.data if neuron.bias else 0.0 for neuron in layer.neurons])
        outputs = np.tanh(outputs @ W.T + b)
        layers.append(outputs)
    return layers


EDGE = 1.3
EXTENT = (-EDGE, EDGE, -EDGE, EDGE)


def maps(network: MLP, side: int) -> list[Floats]:
    """For each layer a picture a neuron, of shape (neurons, side, side), bottom row first."""
    import numpy as np

    along = np.linspace(-EDGE, EDGE, side)
    points = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
    return [outputs.T.reshape(-1, side, side) for outputs in look(network, points)]


def show(axes: Any, story: Story, stage: int, side: int) -> None:
    """What the network answers everywhere at a stage, its border, and the points."""
    story.network.load_state_dict(story.weights[stage])
    (answers,) = maps(story.network, side)[-1]
    axes.clear()
    axes.imshow(
        answers,
        extent=EXTENT,
        origin="lower",
        cmap=plots.two_sided(),
        vmin=-1.3,
        vmax=1.3,
        interpolation="bilinear",
    )
    if answers.min() < 0 < answers.max():
        axes.contour(answers, [0.0], extent=EXTENT, colors="#222222", linewidths=1.2)
    for shown, colour in ((-1, plots.ORANGE), (1, plots.BLUE)):
        mine = [x for x, (side,) in zip(story.X, story.classes) if side == shown]
        axes.plot(*zip(*mine), "o", color=colour, markersize=3, markeredgecolor="white", mew=0.4)
    epoch, right = story.epochs[stage], story.accuracies[stage]
    plots.map_axes(axes, f"epoch {epoch}: {right:.1%}")


def draw_growth(stories: Sequence[Story], path: Path) -> Exhibit:
    """A row of stills for each shape."""
    figure = plots.new_figure(10, 6.8)
    figure.suptitle(
        "The border between two classes grows while a network learns", x=0.02, ha="left"
    )
    rows = figure.subplots(len(stories), 5)
    for story, row in zip(stories, rows):
        for stage, axes in zip(stills(story), row):
            show(axes, story, stage, 120)
        row[0].set_ylabel(story.shape.name, fontsize=12, weight="bold")
    figure.savefig(path)
    return Exhibit(path, "Moons, circles and spirals: how the border grows with each epoch.")


def draw_neurons(story: Story, path: Path) -> Exhibit:
    """What each hidden neuron answers, everywhere."""
    figure = plots.new_figure(10, 4.2)
    figure.suptitle(
        "What each neuron has learned: lines in the first layer, folds in the second",
        x=0.02,
        ha="left",
    )
    story.network.load_state_dict(story.weights[-1])
    *hidden, _ = maps(story.network, 80)
    parts: Any = figure.subfigures(1, 3, width_ratios=[1.1, 1.1, 1])
    first, second, last = parts
    style = {"extent": EXTENT, "origin": "lower", "cmap": plots.two_sided(), "vmin": -1, "vmax": 1}
    for number, (part, pictures) in enumerate(zip((first, second), hidden), start=1):
        part.suptitle(f"hidden layer {number}", fontsize=11)
        for axes, picture in zip(part.subplots(4, 4).flat, pictures):
            axes.imshow(picture, **style)
            plots.map_axes(axes, "")
    last.suptitle("output", fontsize=11)
    show(last.subplots(), story, -1, 160)
    figure.savefig(path)
    return Exhibit(path, "What each hidden neuron of the spirals' network has learned.")


def animate(stories: Sequence[Story], path: Path) -> Exhibit:
    """All three at once, stage by stage."""
    figure = plots.new_figure(9, 3.4, dpi=80)
    places = figure.subplots(1, len(stories))

    def to(stage: int) -> None:
        for axes, story in zip(places, stories):
            show(axes, story, stage, 80)

    to(0)
    plots.save_animation(figure, to, range(len(stories[0].epochs)), path, fps=4)
    return Exhibit(path, "Three networks learn where one class ends and the other begins.")
