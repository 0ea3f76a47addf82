"""2. A neuron (Problem 3 of the course)

A neuron has a weight for each of its inputs. It multiplies each input by
its weight, adds the products up, and passes the sum through tanh:

    tanh(w1 * i1 + w2 * i2 + ...)

Write it for any number of inputs. From here on, tanh is Python's own.
"""

from math import tanh


def evaluate(weights: list[float], inputs: list[float]) -> float:
    """The activation of a neuron; there are as many weights as inputs."""
    # <solution>
    total = 0.0
    for weight, value in zip(weights, inputs):
        total += weight * value
    return tanh(total)
    # </solution>


# A hint: zip(weights, inputs) goes through both lists side by side.


# --- the check ---

from demos.workbook.questions import Part, calls, slip
from nn import Neuron

CASES = [
    ([2.0], [0.5]),
    ([1.0, 0.5], [0.5, 1.0]),
    ([0.5, 2.0], [0.5, -1.0]),
    ([0.3, -0.2, 0.7], [1.0, 2.0, -1.5]),
]


def _engine(weights: list[float], inputs: list[float]) -> float:
    return Neuron(len(weights), bias=False, weights=weights)(inputs).data


def _products(weights: list[float], inputs: list[float]) -> list[float]:
    return [w * i for w, i in zip(weights, inputs)]


SLIPS = [
    slip(
        "This is the sum alone: pass it through tanh.", evaluate=lambda w, i: sum(_products(w, i))
    ),
    slip(
        "Only the last product arrives: add to the sum with +=, because = begins anew.",
        evaluate=lambda w, i: tanh(_products(w, i)[-1]),
    ),
    slip(
        "Only the first product arrives: the return stands inside the loop.",
        evaluate=lambda w, i: tanh(_products(w, i)[0]),
    ),
    slip(
        "The last input is left out: range(n) already ends at n - 1.",
        evaluate=lambda w, i: tanh(sum(_products(w, i)[:-1])),
    ),
    slip(
        "The first input is left out: indices begin at 0.",
        evaluate=lambda w, i: tanh(sum(_products(w, i)[1:])),
    ),
    slip(
        "The sums are multiplied. Multiply each input by its own weight, and add afterwards.",
        evaluate=lambda w, i: tanh(sum(w) * sum(i)),
    ),
    slip(
        "Weights and inputs are added. Multiply each input by its weight.",
        evaluate=lambda w, i: tanh(sum(w) + sum(i)),
    ),
    slip("The weights are not used.", evaluate=lambda w, i: tanh(sum(i))),
    slip("The inputs are not used.", evaluate=lambda w, i: tanh(sum(w))),
    slip(
        "tanh comes once, after the sum, and not on each product.",
        evaluate=lambda w, i: sum(map(tanh, _products(w, i))),
    ),
    slip(
        "tanh comes once, on the sum: it is applied to each product as well.",
        evaluate=lambda w, i: tanh(sum(map(tanh, _products(w, i)))),
    ),
    slip(
        "The inputs arrive as they are: tanh comes on the sum, and not on them.",
        evaluate=lambda w, i: sum(a * tanh(b) for a, b in zip(w, i)),
    ),
    slip(
        "This is the mean of the products: do not divide.",
        evaluate=lambda w, i: tanh(sum(_products(w, i)) / len(w)),
    ),
    slip(
        "The weights are read backwards: the first weight belongs to the first input.",
        evaluate=lambda w, i: tanh(sum(_products(w[::-1], i))),
    ),
    slip(
        "The running sum goes through tanh at each step: apply tanh once, after the loop.",
        evaluate=lambda w, i: _running(w, i),
    ),
]


def _running(weights: list[float], inputs: list[float]) -> float:
    total = 0.0
    for product in _products(weights, inputs):
        total = tanh(total + product)
    return total


PARTS = {"neuron": [Part("evaluate", calls("evaluate", CASES, _engine), SLIPS)]}
