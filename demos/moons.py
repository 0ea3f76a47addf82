"""Moons, circles, spirals: how a network bends the border between two classes."""

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
from nn import MLP, Adam, fit, half_squared_error, training_page

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SUMMARY = "a network learns to tell moons, circles and spirals apart"

HIDDEN = [16, 16]
TARGETS = {1: 0.9, -1: -0.9}  # tanh never reaches 1
Point = tuple[float, float]


# --- the data: points of class 1 or -1, within about 1 of the origin ---


def moon(side: int, stream: random.Random) -> Point:
    """A point of one of two half circles that interlock."""
    angle = math.pi * stream.random()
    return side * (0.7 * math.cos(angle) - 0.35), side * (0.7 * math.sin(angle) - 0.17)


def circle(side: int, stream: random.Random) -> Point:
    """A point of one of two rings, the first around the second."""
    angle, radius = 2 * math.pi * stream.random(), 0.95 if side > 0 else 0.45
    return radius * math.cos(angle), radius * math.sin(angle)


def spiral(side: int, stream: random.Random) -> Point:
    """A point of one of two arms that wind around the origin one and a quarter times."""
    along = math.sqrt(stream.random())
    angle, radius = 2.5 * math.pi * along, side * (0.1 + 0.9 * along)
    return radius * math.cos(angle), radius * math.sin(angle)


@dataclass(frozen=True)
class Shape:
    """Two classes of points.

    Attributes:
        name: the name of the shape.
        point: draws a random point of a class.
        noise: the standard deviation of the noise on each coordinate.
        epochs: how often the network sees all points.
    """

    name: str
    point: Callable[[int, random.Random], Point]
    noise: float
    epochs: int

    def points(self, n: int, stream: random.Random) -> tuple[list[list[float]], list[list[int]]]:
        """n points and their classes, which are -1 and 1 in turn."""
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
    """The training of a network on one shape.

    Attributes:
        shape: the shape.
        X, classes: the training points and their classes.
        network: the network.
        epochs: the epochs after which the weights were kept.
        weights: the weights after each of these epochs.
        accuracies: the accuracy on new points after each of these epochs.
    """

    shape: Shape
    X: list[list[float]]
    classes: list[list[int]]
    network: MLP
    epochs: list[int] = field(default_factory=list)
    weights: list[dict[str, float]] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Train a network on each shape, and draw what it learns."""
    print("A network sees 120 points of two classes, and learns to tell new points apart.")
    print("For each of three shapes we train a network with 2 inputs, two hidden layers of")
    print("16 neurons, and 1 output. Its accuracy on 500 new points, by number of epochs:")
    print()
    stages, share = (5, 0.2) if options.quick else (12, 1.0)
    stories = []
    for shape in SHAPES:
        story = train(shape, stages, share, options.seed)
        stories.append(story)
        shown = stills(story)
        print(f"  {shape.name:<8} epoch     " + "".join(f"{story.epochs[i]:>8}" for i in shown))
        print(f"  {'':<8} accuracy  " + "".join(f"{story.accuracies[i]:>8.1%}" for i in shown))
    print()
    print("Each neuron of the first hidden layer draws one soft line. The second layer")
    print("combines the lines into 16 shapes, and the output adds these up to one border.")
    print()
    print(f"  page:    {page_of(SHAPES[0], options.seed, options.out / 'moons.html')}")
    print("In the page the first of these networks learns while you watch. Move a point.")
    caption = "A network learns the moons, as long as you let it: move, add and delete points."
    pictures = plots.save_all(
        lambda: draw_growth(stories, options.out / "moons.png"),
        lambda: draw_neurons(stories[-1], options.out / "moons_neurons.png"),
        lambda: animate(stories, options.out / "moons.gif"),
    )
    return [Exhibit(options.out / "moons.html", caption), *pictures]


def stills(story: Story) -> list[int]:
    """The five stages, first to last, that the table and the picture show."""
    return [round(i * (len(story.epochs) - 1) / 4) for i in range(5)]


def train(shape: Shape, stages: int, share: float, seed: int) -> Story:
    """Train a network on a shape, and keep its weights after each stage.

    Args:
        shape: the shape to learn.
        stages: the number of stages; each takes more epochs than the one before.
        share: the share of the shape's epochs to run.
        seed: decides the points, the first weights and the order of training.
    """
    stream = random.Random(f"{seed} {shape.name}")
    X, classes = shape.points(120, stream)
    new, expected = shape.points(500, stream)
    network, optimizer, T = learner(classes, stream)
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


def learner(
    classes: Sequence[list[int]], stream: random.Random
) -> tuple[MLP, Adam, list[list[float]]]:
    """A network with random weights, its optimiser, and a target for each class."""
    network = MLP(2, [*HIDDEN, 1], seed=stream)
    return network, Adam(network.parameters(), lr=0.02), [[TARGETS[side]] for (side,) in classes]


def page_of(shape: Shape, seed: int, path: Path) -> Path:
    """Write the page in which a network learns a shape, from the same points."""
    stream = random.Random(f"{seed} {shape.name}")
    X, classes = shape.points(120, stream)
    network, optimizer, T = learner(classes, stream)
    training_page(network, lambda x, t: half_squared_error(network(x), t), X, T, optimizer, path)
    return path


def accuracy(network: MLP, X: Sequence[list[float]], classes: Sequence[list[int]]) -> float:
    """The share of points that lie on their own side of the border."""
    with no_grad():
        return sum(number(network(x)) * side > 0 for x, (side,) in zip(X, classes)) / len(X)


def number(output: Value | list[Value]) -> float:
    """The output of a network that has only one, as a number."""
    assert isinstance(output, Value)
    return output.data


# --- pictures ---


def look(network: MLP, points: Floats) -> list[Floats]:
    """The outputs of all neurons for many points at once, layer by layer.

    It computes what the loops over neurons compute, but as matrix products.

    Args:
        network: a network whose neurons all apply tanh.
        points: of shape (points, 2).

    Returns:
        The outputs of each layer, of shape (points, neurons).
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
    """A picture per neuron, for each layer of shape (neurons, side, side), bottom row first."""
    import numpy as np

    along = np.linspace(-EDGE, EDGE, side)
    points = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
    return [outputs.T.reshape(-1, side, side) for outputs in look(network, points)]


def show(axes: Any, story: Story, stage: int, side: int) -> None:
    """Draw the output of the network everywhere at a stage, its border, and the points."""
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
    """Draw a row of stills for each shape."""
    figure = plots.new_figure(10, 6.8)
    figure.suptitle(
        "How the border between two classes changes while a network learns", x=0.02, ha="left"
    )
    rows = figure.subplots(len(stories), 5)
    for story, row in zip(stories, rows):
        for stage, axes in zip(stills(story), row):
            show(axes, story, stage, 120)
        row[0].set_ylabel(story.shape.name, fontsize=12, weight="bold")
    plots.save(figure, path)
    return Exhibit(
        path,
        "Moons, circles and spirals: the border between the classes, epoch by epoch. The share of "
        "500 new points that lie on their own side of it stands above.",
    )


def draw_neurons(story: Story, path: Path) -> Exhibit:
    """Draw the output of each hidden neuron everywhere."""
    figure = plots.new_figure(10, 4.2)
    figure.suptitle(
        "The output of each neuron: soft lines in the first layer, shapes in the second",
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
    plots.save(figure, path)
    return Exhibit(
        path, f"The outputs of all neurons in the network that learned the {story.shape.name}."
    )


def animate(stories: Sequence[Story], path: Path) -> Exhibit:
    """Show the training of all three networks side by side."""
    figure = plots.new_figure(9, 3.4, dpi=80)
    places = figure.subplots(1, len(stories))

    def to(stage: int) -> None:
        for axes, story in zip(places, stories):
            show(axes, story, stage, 80)

    to(0)
    plots.save_animation(figure, to, range(len(stories[0].epochs)), path, fps=4)
    return Exhibit(path, "Three networks learn where one class ends and the other begins.")
