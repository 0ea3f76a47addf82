"""10. Backpropagation

A network is a list of layers, a layer is a list of neurons, and a neuron
is the list of its weights. network[l][k][j] is the weight in layer l, of
neuron k, from input j of that layer. Problem 12 is [[[1], [0.5]], [[2, 1]]].

evaluate goes from left to right and keeps every activation. backprop goes
back: it starts at each output from the derivative of the error, o - t, and
passes it to the left, layer by layer. At each neuron it meets a tanh, and
at each connection a weight. On the way it finds the derivative of the
error with respect to every weight.

The error is half the sum of the squared differences, as before.
"""

from math import tanh

Network = list[list[list[float]]]


def evaluate(network: Network, inputs: list[float]) -> list[list[float]]:
    """The activations of every layer: the inputs first, the outputs last."""
    layers = [inputs]
    for layer in network:
        before = layers[-1]
        sums = [sum(w * x for w, x in zip(neuron, before)) for neuron in layer]
        layers.append([tanh(total) for total in sums])
    return layers


def backprop(
    network: Network,
    inputs: list[float],
    targets: list[float],
) -> Network:
    """dE/dw of every weight w, in the form of the network."""
    # <solution>
    layers = evaluate(network, inputs)
    gradients: Network = []
    by_output = [o - t for o, t in zip(layers[-1], targets)]
    for at in reversed(range(len(network))):
        layer, before, after = network[at], layers[at], layers[at + 1]
        by_sum = [d * (1 - o * o) for d, o in zip(by_output, after)]
        gradients.insert(0, [[d * x for x in before] for d in by_sum])
        by_output = [0.0] * len(before)
        for d, neuron in zip(by_sum, layer):
            for j, w in enumerate(neuron):
                by_output[j] += d * w
    return gradients
    # </solution>


# A hint: the activation of a neuron reaches all neurons of the next layer. Its
# derivative is a sum over these, as over the two paths of Problem 12.


# --- the check ---

from collections.abc import Mapping
from typing import Any

from demos.workbook import beside
from demos.workbook.outcomes import Outcome, attempt, plain, shown
from demos.workbook.questions import Part, Question
from demos.workbook.sheets import edited
from nn import MLP, half_squared_error

CASES: dict[str, tuple[Network, list[float], list[float]]] = {
    "Problem 12": ([[[1.0], [0.5]], [[2.0, 1.0]]], [0.5], [0.0]),
    "Figure 4": ([[[1.0, 0.5], [0.5, 2.0]], [[2.0, 1.0]]], [0.5, 1.0], [0.25]),
    "Figure 3": (
        [
            [[0.3, -0.5, 0.2], [-0.1, 0.4, 0.6], [0.7, 0.1, -0.3], [0.2, 0.2, 0.5]],
            [[0.5, -0.4, 0.3, 0.1], [-0.2, 0.6, 0.4, -0.7]],
        ],
        [0.5, -1.0, 0.8],
        [0.3, -0.5],
    ),
}


def engine(case: str) -> Network:
    """The derivative of the error by every weight, as the engine finds it."""
    weights, inputs, targets = CASES[case]
    sizes = [len(layer) for layer in weights]
    network = MLP(len(inputs), sizes, bias=False, weights=weights)
    half_squared_error(network(inputs), targets).backward()
    return [[[w.grad for w in n.weights] for n in layer.neurons] for layer in network.layers]


def places(case: str) -> list[tuple[int, int, int]]:
    """The place of every weight: its layer, its neuron, its input."""
    network = CASES[case][0]
    return [
        (at, k, j)
        for at, layer in enumerate(network)
        for k, neuron in enumerate(layer)
        for j in range(len(neuron))
    ]


def weight_name(case: str, at: int, k: int, j: int) -> str:
    """The name of a weight, such as ``i1->h2``; a layer of one neuron needs no number."""
    network, inputs, _ = CASES[case]
    left = ("i", len(inputs)) if at == 0 else ("h", len(network[at - 1]))
    right = ("h" if at < len(network) - 1 else "o", len(network[at]))
    ends = [
        letter if size == 1 else f"{letter}{n + 1}" for (letter, size), n in ((left, j), (right, k))
    ]
    return "->".join(ends)


def gradients_of(student: Mapping[str, Any], case: str) -> Any:
    """What the student's backprop says, asked with numbers of its own."""
    network, inputs, targets = CASES[case]
    copied = [[list(neuron) for neuron in layer] for layer in network]
    return student["backprop"](copied, list(inputs), list(targets))


def form(gradients: Any) -> str:
    """The form of nested lists in words, such as ``layers of 2x1 and 1x2 numbers``."""
    layers = plain(gradients)
    if not isinstance(layers, list):
        return shown(layers)
    sizes = []
    for layer in layers:
        if not (isinstance(layer, list) and layer and all(isinstance(n, list) for n in layer)):
            return f"{shown(layers)}, where a layer is {shown(layer)}"
        sizes.append(f"{len(layer)}x{len(layer[0])}")
    return f"layers of {' and '.join(sizes)} numbers" if sizes else "an empty list"


def _form_of(case: str) -> Question:
    """Has the result the form of the network?"""
    return Question(
        f"{case}: the form of what backprop returns",
        lambda student: form(gradients_of(student, case)),
        form(CASES[case][0]),
    )


def _weight(case: str, right: Network, at: int, k: int, j: int) -> Question:
    """Is the derivative of this weight that of the engine?"""
    return Question(
        f"{case}: dE/dw of {weight_name(case, at, k, j)}",
        lambda student: gradients_of(student, case)[at][k][j],
        right[at][k][j],
    )


def _questions() -> list[Question]:
    """The forms first, and then every weight."""
    right = {case: engine(case) for case in CASES}
    return [_form_of(case) for case in CASES] + [
        _weight(case, right[case], *place) for case in CASES for place in places(case)
    ]


SLIPS = [
    edited(
        "backprop",
        "The start has the wrong sign: at an output, the derivative of the error is o - t.",
        ("[o - t for", "[t - o for"),
    ),
    edited(
        "backprop",
        "The start is o - t: the 1/2 of the error cancels the 2 of the square.",
        ("[o - t for", "[2 * (o - t) for"),
    ),
    edited(
        "backprop",
        "The start is the derivative of the error, o - t, and not the error.",
        ("[o - t for", "[(o - t) ** 2 / 2 for"),
    ),
    edited(
        "backprop",
        "The target is missing: at an output, the derivative of the error is o - t.",
        ("[o - t for", "[o for"),
    ),
    edited(
        "backprop",
        "The slope of tanh is missing at every neuron: multiply by 1 - o².",
        ("d * (1 - o * o)", "d"),
    ),
    edited(
        "backprop",
        "The slope is taken at the output: o went through tanh already, so the "
        "slope is 1 - o², and not 1 - tanh(o)².",
        ("(1 - o * o)", "(1 - tanh(o) ** 2)"),
    ),
    edited("backprop", "The square is missing in the slope: 1 - o².", ("(1 - o * o)", "(1 - o)")),
    edited(
        "backprop",
        "The slope of tanh is missing at the outputs; the hidden neurons have it.",
        ("d * (1 - o * o)", "d * (1 - o * o if at + 1 < len(network) else 1)"),
    ),
    edited(
        "backprop",
        "The slope of tanh is missing at the hidden neurons; the outputs have it.",
        ("d * (1 - o * o)", "d * (1 - o * o if at + 1 == len(network) else 1)"),
    ),
    edited(
        "backprop",
        "The derivative of a hidden neuron is overwritten: it is a sum over all "
        "neurons that it reaches, so add with +=.",
        ("by_output[j] += ", "by_output[j] = "),
    ),
    edited(
        "backprop",
        "The derivative of a weight is multiplied by the weight: d(w * x)/dw is x.",
        (
            "[[d * x for x in before] for d in by_sum]",
            "[[d * w for w in n] for d, n in zip(by_sum, layer)]",
        ),
    ),
    edited(
        "backprop",
        "The factor x, the input of the connection, is missing in the derivative of a weight.",
        ("[[d * x for x in before]", "[[d for x in before]"),
    ),
    edited(
        "backprop",
        "The derivative of a weight has the input of its connection as a factor, "
        "and not the output of its neuron.",
        (
            "[[d * x for x in before] for d in by_sum]",
            "[[d * o for x in before] for d, o in zip(by_sum, after)]",
        ),
    ),
    edited(
        "backprop",
        "On the way back, each derivative is multiplied by the weight of the "
        "connection, which is missing.",
        ("+= d * w", "+= d"),
    ),
    edited(
        "backprop",
        "On the way back, the derivative of the sum is passed on, with the slope "
        "of tanh: the slope is missing there.",
        ("+= d * w", "+= d * w / (1 - after[layer.index(neuron)] ** 2)"),
    ),
    edited(
        "backprop",
        "On the way back, weights meet the activation instead of the derivative.",
        ("+= d * w", "+= after[layer.index(neuron)] * w"),
    ),
    edited(
        "backprop",
        "The layers are in the wrong order: the way back finds the last one first, "
        "and the result begins with the first.",
        ("gradients.insert(0, ", "gradients.append("),
    ),
    edited(
        "backprop",
        "Rows and columns are exchanged: gradients[l][k][j] belongs to neuron k and input j.",
        ("[[d * x for x in before] for d in by_sum]", "[[d * x for d in by_sum] for x in before]"),
    ),
    edited(
        "backprop",
        "The first layer is missing: go back to layer 0.",
        ("reversed(range(len(network)))", "reversed(range(1, len(network)))"),
    ),
    edited(
        "backprop",
        "These are the weights after a step: the gradients alone are asked for.",
        (
            "return gradients",
            "return [[[w - g for w, g in zip(a, b)] for a, b in zip(c, d)] "
            "for c, d in zip(network, gradients)]",
        ),
    ),
    edited(
        "backprop",
        "Only the first neuron of each layer passes its derivative back: sum over all.",
        ("zip(by_sum, layer):", "zip(by_sum[:1], layer):"),
    ),
    edited(
        "backprop",
        "The derivatives meet the activations of the wrong layer: the derivative of "
        "a weight needs what entered its layer.",
        ("for x in before] for d in by_sum]", "for x in inputs] for d in by_sum]"),
    ),
]

PARTS = {"backprop": [Part("backprop", _questions(), SLIPS)]}


def beside_engine(student: Mapping[str, Any]) -> list[beside.Row]:
    """Each weight of Problem 12: its name, what the student says, what the engine says."""
    case = "Problem 12"
    right = engine(case)
    asked = [(place, _weight(case, right, *place)) for place in places(case)]
    return [
        beside.Row(
            f"w{n} {weight_name(case, *place)}", attempt(q.ask, student), Outcome(q.expected)
        )
        for n, (place, q) in enumerate(asked, 1)
    ]
