"""Problem 5: a layer from letter to letter that recites abcdabcd."""

from __future__ import annotations

import math
from pathlib import Path

from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.letters.alphabet import ALPHABET, ON, encode, index, ranking
from nn import MLP

FOLLOWS = {"a": "b", "b": "c", "c": "d", "d": "a"}


def make() -> MLP:
    """The network: a neuron for each letter out, with a weight for each letter in."""
    weights = [[0.0] * len(ALPHABET) for _ in ALPHABET]
    for letter, follower in FOLLOWS.items():
        weights[index(follower)][index(letter)] = math.atanh(ON)
    return MLP(len(ALPHABET), [len(ALPHABET)], bias=False, weights=[weights])


def prediction(network: MLP, letter: str) -> tuple[str, float]:
    """The letter with the largest output after ``letter``, and that output."""
    outputs = network(encode(letter))
    assert isinstance(outputs, list)
    return ranking([output.data for output in outputs])[0]


def recite(network: MLP, letter: str, length: int) -> str:
    """``letter`` and its continuation, each letter predicted from the one before."""
    text = letter
    while len(text) < length:
        text += prediction(network, text[-1])[0]
    return text


def draw_weights(network: MLP, path: Path) -> Exhibit:
    """Draw the matrix of weights as a map.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    weights = [[weight.data for weight in neuron.weights] for neuron in network.layers[0].neurons]
    letters = ALPHABET.replace(" ", "␣")
    places, borders = range(len(letters)), [place - 0.5 for place in range(1, len(letters))]
    figure = plots.new_figure(7, 6.4)
    axes = figure.add_subplot(xlabel="letter in", ylabel="letter out")
    axes.set_title("The 784 weights: four are 0.5493, the others are 0", loc="left", fontsize=11)
    axes.imshow(weights, cmap=plots.two_sided(), vmin=-math.atanh(ON), vmax=math.atanh(ON))
    axes.set_xticks(places, letters)
    axes.set_yticks(places, letters)
    axes.set_xticks(borders, minor=True)
    axes.set_yticks(borders, minor=True)
    axes.grid(which="minor", color="#e3e8ee", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_color("#b0bac4")
    for letter, follower in FOLLOWS.items():
        axes.annotate(
            f"{letter} → {follower}",
            (index(letter) + 0.5, index(follower)),
            xytext=(9, 0.5 + 1.5 * index(follower)),
            verticalalignment="center",
            color=plots.BLUE,
            arrowprops={"arrowstyle": "-", "color": plots.GREY, "linewidth": 0.8},
        )
    plots.save(figure, path)
    question = "Problem 5. Which weights make one layer of neurons recite abcdabcd and so on?"
    caption = (
        "A column for each letter in, a row for each letter out: four weights are enough. Each "
        "passes one letter on to the next."
    )
    return Exhibit(path, caption, question)
