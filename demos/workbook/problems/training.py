"""11. The training loop

To train a network is to repeat this:

  - evaluate it on one row, a pair of inputs and targets;
  - find the error, half the sum of the squared differences;
  - find its derivative with respect to every weight, with backprop;
  - from every weight, subtract the rate times its derivative.

The weights are changed where they are, in the lists of the network. It
has the form of the sheet before. evaluate and backprop are given.
"""

from demos.workbook.given import Network, backprop, evaluate

Row = tuple[list[float], list[float]]


def step(
    network: Network,
    inputs: list[float],
    targets: list[float],
    rate: float,
) -> float:
    """Take one step, and return the error that the network had before it."""
    # <solution>
    outputs = evaluate(network, inputs)[-1]
    error = sum((o - t) ** 2 for o, t in zip(outputs, targets)) / 2
    gradients = backprop(network, inputs, targets)
    for layer, of_layer in zip(network, gradients):
        for neuron, of_neuron in zip(layer, of_layer):
            for j in range(len(neuron)):
                neuron[j] -= rate * of_neuron[j]
    return error
    # </solution>


def train(
    network: Network,
    rows: list[Row],
    rate: float,
    epochs: int,
) -> list[float]:
    """A step for each row, and all rows again for each epoch.

    Returns the sum of the errors of each epoch, as many as there are epochs.
    """
    # <solution>
    errors = []
    for _ in range(epochs):
        total = 0.0
        for inputs, targets in rows:
            total += step(network, inputs, targets, rate)
        errors.append(total)
    return errors
    # </solution>


# A hint: for w in neuron: w -= ... gives the name w another number, and leaves
# the list as it is. neuron[j] -= ... changes the list.


# --- the check ---

import copy
from collections.abc import Mapping
from typing import Any

from demos.workbook.questions import Part, Question
from demos.workbook.sheets import edited
from nn import MLP, SGD, half_squared_error

PROBLEM_12: Network = [[[1.0], [0.5]], [[2.0, 1.0]]]
FIGURE_4: Network = [[[1.0, 0.5], [0.5, 2.0]], [[2.0, 1.0]]]
ROWS: list[Row] = [([0.5, 1.0], [0.2]), ([-1.0, 0.3], [-0.4]), ([0.4, -0.6], [0.1])]


def _engine(
    network: Network, rows: list[Row], rate: float, epochs: int
) -> tuple[Network, list[float]]:
    """The weights and errors of the engine, which trains with SGD."""
    model = MLP(len(rows[0][0]), list(map(len, network)), bias=False, weights=network)
    optimizer, errors = SGD(model.parameters(), lr=rate), []
    for _ in range(epochs):
        errors.append(0.0)
        for inputs, targets in rows:
            error = half_squared_error(model(inputs), targets)
            optimizer.zero_grad()
            error.backward()
            optimizer.step()
            errors[-1] += error.data
    layers = [[[w.data for w in n.weights] for n in layer.neurons] for layer in model.layers]
    return layers, errors


def _step(network: Network, row: Row, rate: float) -> Any:
    def ask(student: Mapping[str, Any]) -> object:
        trained = copy.deepcopy(network)
        error = student["step"](trained, *copy.deepcopy(row), rate)
        return [trained, error]

    return ask


def _train(rate: float, epochs: int) -> Any:
    def ask(student: Mapping[str, Any]) -> object:
        trained = copy.deepcopy(FIGURE_4)
        errors = student["train"](trained, copy.deepcopy(ROWS), rate, epochs)
        return [trained, errors]

    return ask


def _of_step(name: str, network: Network, row: Row, rate: float) -> list[Question]:
    trained, errors = _engine(network, [row], rate, 1)
    ask, asked = _step(network, row, rate), f"step(..., rate={rate:g}) on {name}"
    return [
        Question(f"{asked}: the error before", lambda student: ask(student)[1], errors[0]),
        Question(f"{asked}: the weights after", lambda student: ask(student)[0], trained),
    ]


def _of_train(rate: float, epochs: int) -> list[Question]:
    trained, errors = _engine(FIGURE_4, ROWS, rate, epochs)
    ask = _train(rate, epochs)
    asked = f"train(..., rate={rate:g}, epochs={epochs}) on Figure 4 with three rows"
    return [
        Question(f"{asked}: the errors", lambda student: ask(student)[1], errors),
        Question(f"{asked}: the weights after", lambda student: ask(student)[0], trained),
    ]


UPDATE = "neuron[j] -= rate * of_neuron[j]"
EPOCHS, OF_ROWS = "for _ in range(epochs):", "for inputs, targets in rows:"
STEP = [
    edited(
        "training",
        "The step goes uphill: subtract, because the derivative points to where the error grows.",
        (UPDATE, "neuron[j] += rate * of_neuron[j]"),
    ),
    edited(
        "training",
        "The weights are replaced by the step: subtract it from them with -=.",
        (UPDATE, "neuron[j] = -rate * of_neuron[j]"),
    ),
    edited(
        "training",
        "The weights are replaced by the step: subtract it from them with -=.",
        (UPDATE, "neuron[j] = rate * of_neuron[j]"),
    ),
    edited("training", "The learning rate is missing.", (UPDATE, "neuron[j] -= of_neuron[j]")),
    edited(
        "training",
        "The derivative is divided by the rate: multiply.",
        (UPDATE, "neuron[j] -= of_neuron[j] / rate"),
    ),
    edited(
        "training",
        "The rate alone is subtracted: multiply it by the derivative.",
        (UPDATE, "neuron[j] -= rate"),
    ),
    edited(
        "training",
        "The network is as it was: weights change only where neuron[j] is assigned, "
        "or any list inside the network.",
        (UPDATE, "pass"),
    ),
    edited(
        "training",
        "Only the last layer has moved: go through all layers.",
        ("in zip(network, gradients):", "in list(zip(network, gradients))[-1:]:"),
    ),
    edited(
        "training",
        "Only the first layer has moved: go through all layers.",
        ("in zip(network, gradients):", "in list(zip(network, gradients))[:1]:"),
    ),
    edited(
        "training", "The step is taken twice.", (UPDATE, "neuron[j] -= 2 * rate * of_neuron[j]")
    ),
    edited(
        "training",
        "The derivatives are found anew after each layer has moved: find them "
        "all first, and then move the weights.",
        (
            "for neuron, of_neuron in zip(layer, of_layer):",
            "for k, neuron in enumerate(layer):\n            of_neuron = backprop(network, inputs, "
            "targets)[network.index(layer)][k]",
        ),
    ),
    edited(
        "training",
        "This is the error after the step: find it before the weights move.",
        (
            "return error\n",
            "outputs = evaluate(network, inputs)[-1]\n"
            "    return sum((o - t) ** 2 for o, t in zip(outputs, targets)) / 2\n",
        ),
    ),
    edited(
        "training",
        "The weights are right, and the error is twice as large: half the sum of the squares.",
        ("for o, t in zip(outputs, targets)) / 2", "for o, t in zip(outputs, targets))"),
    ),
    edited(
        "training",
        "The weights are right, and the error lacks its square.",
        ("(o - t) ** 2 for", "o - t for"),
    ),
    edited(
        "training",
        "The weights are right, but the error is not returned.",
        ("    return error\n", ""),
    ),
]
TRAIN = [
    edited(
        "training",
        "The errors add up over the epochs: begin each epoch with 0.",
        ("errors = []", "errors, total = [], 0.0"),
        ("        total = 0.0\n", ""),
    ),
    edited(
        "training",
        "Only the last error of each epoch is kept: add up with +=.",
        ("total += step", "total = step"),
    ),
    edited(
        "training",
        "These are the errors of each row: add them up for each epoch.",
        (
            "total += step(network, inputs, targets, rate)",
            "errors.append(step(network, inputs, targets, rate))",
        ),
        ("        errors.append(total)\n", ""),
    ),
    edited(
        "training",
        "This is the mean of the errors of an epoch: their sum is asked for.",
        ("errors.append(total)", "errors.append(total / len(rows))"),
    ),
    edited(
        "training",
        "Each epoch takes one row: go through all rows in each.",
        ("in rows:", "in rows[:1]:"),
    ),
    edited("training", "The last row is left out.", ("in rows:", "in rows[:-1]:")),
    edited(
        "training",
        "The return stands inside the loop: it ends after one epoch.",
        (
            "        errors.append(total)\n    return errors",
            "        errors.append(total)\n        return errors",
        ),
    ),
    edited(
        "training",
        "One epoch is missing: range(epochs) has as many as are wanted.",
        ("range(epochs)", "range(1, epochs)"),
    ),
    edited(
        "training",
        "One epoch too many: range(epochs) has as many as are wanted.",
        ("range(epochs)", "range(epochs + 1)"),
    ),
    edited(
        "training",
        "This is the error of the last epoch: return those of all.",
        ("return errors", "return errors[-1]"),
    ),
    edited(
        "training",
        "All steps of a row are taken before the next row: go through all rows in each epoch.",
        (
            f"    {EPOCHS}\n        total = 0.0\n        {OF_ROWS}\n",
            f"    {OF_ROWS}\n        total = 0.0\n        {EPOCHS}\n",
        ),
    ),
    edited(
        "training",
        "The network is trained on a copy: its own weights have to change.",
        (
            "    errors = []\n",
            "    import copy\n    network = copy.deepcopy(network)\n    errors = []\n",
        ),
    ),
]

PARTS = {
    "training": [
        Part(
            "step",
            [
                *_of_step("Problem 12", PROBLEM_12, ([0.5], [0.0]), 0.5),
                *_of_step("Figure 4", FIGURE_4, ([0.5, 1.0], [0.2]), 0.25),
            ],
            STEP,
        ),
        Part("train", [*_of_train(0.5, 4), *_of_train(0.1, 2)], TRAIN, after=("step",)),
    ]
}
