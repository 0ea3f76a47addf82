"""3. Figure 4 by hand (Problems 2 and 4 of the course)

Two inputs, two hidden neurons, one output. The numbers are the weights:

    i1 --- 1 ---> h1         h1 --- 2 ---> out
    i1 -- 0.5 --> h2         h2 --- 1 ---> out
    i2 -- 0.5 --> h1
    i2 --- 2 ---> h2

Evaluate it from left to right. With i1 = 0.5 and i2 = 1, do it on paper
first (with a calculator for tanh): what is the activation of out? Then
write it for any two inputs.
"""

from math import tanh


def figure_4(i1: float, i2: float) -> tuple[float, float, float]:
    """The activations of h1, h2 and out, in this order."""
    # <solution>
    h1 = tanh(1 * i1 + 0.5 * i2)
    h2 = tanh(0.5 * i1 + 2 * i2)
    out = tanh(2 * h1 + 1 * h2)
    return h1, h2, out
    # </solution>


# --- the check ---

from demos.workbook.questions import Part, call, calls, slip
from nn import MLP

FIRST = (0.5, 1.0)
CASES = [(1.0, 0.0), (0.0, 1.0), (-0.5, 0.25)]
NETWORK = MLP(2, [2, 1], bias=False, weights=[[[1, 0.5], [0.5, 2]], [[2, 1]]])


def _engine(i1: float, i2: float) -> list[float]:
    h1, h2 = (neuron([i1, i2]).data for neuron in NETWORK.layers[0].neurons)
    return [h1, h2, NETWORK.layers[1].neurons[0]([h1, h2]).data]


def _network(h1: tuple[float, float], h2: tuple[float, float], out: tuple[float, float]) -> object:
    """Figure 4 with other weights."""

    def figure_4(i1: float, i2: float) -> tuple[float, float, float]:
        a, b = tanh(h1[0] * i1 + h1[1] * i2), tanh(h2[0] * i1 + h2[1] * i2)
        return a, b, tanh(out[0] * a + out[1] * b)

    return figure_4


def _changed(change: object) -> object:
    """Figure 4, and then something done to its three numbers."""
    assert callable(change)
    return lambda i1, i2: change(*figure_4(i1, i2))


def _linear(i1: float, i2: float) -> tuple[float, float, float]:
    h1, h2 = i1 + 0.5 * i2, 0.5 * i1 + 2 * i2
    return h1, h2, tanh(2 * h1 + h2)


SLIPS = [
    slip(
        "The output is a neuron as well: pass its sum through tanh.",
        figure_4=_changed(lambda h1, h2, out: (h1, h2, 2 * h1 + h2)),
    ),
    slip("The hidden neurons have a tanh each, which is missing.", figure_4=_linear),
    slip(
        "No neuron has its tanh: these are the sums.",
        figure_4=lambda i1, i2: (h := _linear(i1, i2)[:2]) + (2 * h[0] + h[1],),
    ),
    slip(
        "The weights of h1 are exchanged: i1 -> h1 is 1 and i2 -> h1 is 0.5.",
        figure_4=_network((0.5, 1), (0.5, 2), (2, 1)),
    ),
    slip(
        "The weights of h2 are exchanged: i1 -> h2 is 0.5 and i2 -> h2 is 2.",
        figure_4=_network((1, 0.5), (2, 0.5), (2, 1)),
    ),
    slip(
        "The weights of both hidden neurons are exchanged: is i1 taken for i2?",
        figure_4=_network((0.5, 1), (2, 0.5), (2, 1)),
    ),
    slip(
        "The weights of out are exchanged: h1 -> out is 2 and h2 -> out is 1.",
        figure_4=_network((1, 0.5), (0.5, 2), (1, 2)),
    ),
    slip(
        "h1 has the weights of h2, and the other way round.",
        figure_4=_network((0.5, 2), (1, 0.5), (2, 1)),
    ),
    slip(
        "The output is right, but all three are asked for: return h1, h2, out.",
        figure_4=_changed(lambda h1, h2, out: out),
    ),
    slip("The order is h1, h2, out.", figure_4=_changed(lambda h1, h2, out: (out, h1, h2))),
    slip("The order is h1, h2, out.", figure_4=_changed(lambda h1, h2, out: (h2, h1, out))),
    slip(
        "The output sums h1 and h2, and not i1 and i2.",
        figure_4=lambda i1, i2: (*figure_4(i1, i2)[:2], tanh(2 * i1 + i2)),
    ),
    slip(
        "The output has its weights, 2 and 1, which are missing.",
        figure_4=_network((1, 0.5), (0.5, 2), (1, 1)),
    ),
    slip(
        "These are the numbers for i1 = 0.5 and i2 = 1. Use the arguments instead.",
        figure_4=lambda i1, i2: figure_4(*FIRST),
    ),
]

QUESTIONS = [
    call("figure_4", FIRST, [0.761594156, 0.978026115, 0.986646554]),
    *calls("figure_4", CASES, _engine),
]
PARTS = {"figure_4": [Part("figure_4", QUESTIONS, SLIPS)]}
