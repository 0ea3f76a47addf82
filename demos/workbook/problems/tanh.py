"""1. tanh (Problem 1 of the course)

A neuron adds up what comes in, and passes the sum through tanh. This
function squeezes every number between -1 and 1:

    tanh(x) = (e^x - e^-x) / (e^x + e^-x)

Write it with exp. It must be right everywhere: at 1000 it is 1, and at
-1000 it is -1.

When you think that it is right:  python -m demos workbook check tanh
"""

from math import exp


def tanh(x: float) -> float:
    """The hyperbolic tangent of any number."""
    # <solution>
    small = exp(-2 * abs(x))
    size = (1 - small) / (1 + small)
    return size if x >= 0 else -size
    # </solution>


# A hint: exp(1000) is more than a float can hold, but exp(-1000) is just 0.
# What do you get if you multiply the top and the bottom of the fraction by
# e^-x? And for which x does this not help?


# --- the check ---

import math

from demos.workbook.questions import Part, calls, slip

POINTS = [(0.0,), (0.5,), (-1.0,), (2.0,), (20.0,), (1000.0,), (-1000.0,)]


def _quotient(x: float) -> float:
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x))


def _powers(x: float) -> float:
    return float((math.e**x - math.e**-x) / (math.e**x + math.e**-x))


def _caught(x: float) -> float:
    try:
        return _quotient(x)
    except OverflowError:
        return 1.0


SLIPS = [
    slip(
        "e^x is more than a float can hold from x = 710 on, and so is e^-x below -710. Use only "
        "e^(-2|x|), which becomes 0 there, and give the result the sign of x.",
        tanh=_quotient,
    ),
    slip(
        "e^x is more than a float can hold from x = 710 on, and so is e^-x below -710. Use only "
        "e^(-2|x|), which becomes 0 there, and give the result the sign of x.",
        tanh=_powers,
    ),
    slip(
        "Right for large x, but e^(-2x) overflows where x is far below 0. Work with |x|, and give "
        "the result the sign of x.",
        tanh=lambda x: (1 - exp(-2 * x)) / (1 + exp(-2 * x)),
    ),
    slip(
        "Right far below 0, but e^(2x) overflows where x is large. Work with -|x|, and give the "
        "result the sign of x.",
        tanh=lambda x: (exp(2 * x) - 1) / (exp(2 * x) + 1),
    ),
    slip("Far below 0, tanh is -1: where exp overflows, look at the sign of x.", tanh=_caught),
    slip("tanh(-x) is -tanh(x): the sign of x is lost.", tanh=lambda x: math.tanh(abs(x))),
    slip(
        "This is 1 / tanh(x): the fraction is upside down.",
        tanh=lambda x: (exp(x) + exp(-x)) / (exp(x) - exp(-x)),
    ),
    slip(
        "This is the sigmoid, which lies between 0 and 1. tanh(x) is 2 * sigmoid(2x) - 1.",
        tanh=lambda x: 1 / (1 + exp(-x)),
    ),
    slip(
        "The numerator alone, halved, is sinh: divide by e^x + e^-x.",
        tanh=lambda x: (exp(x) - exp(-x)) / 2,
    ),
    slip(
        "Python divides before it subtracts: put brackets around e^x - e^-x and e^x + e^-x.",
        tanh=lambda x: exp(x) - exp(-x) / exp(x) + exp(-x),
    ),
    slip(
        "Python divides before it adds: put brackets around e^x + e^-x.",
        tanh=lambda x: (exp(x) - exp(-x)) / exp(x) + exp(-x),
    ),
    slip(
        "The exponents are doubled: this is tanh(2x), where it does not overflow.",
        tanh=lambda x: _quotient(2 * x),
    ),
    slip(
        "The exponents are halved: this is tanh(x/2), where it does not overflow.",
        tanh=lambda x: math.tanh(x / 2),
    ),
    slip(
        "This is right, but for a sign: e^-x and e^x are exchanged in the numerator.",
        tanh=lambda x: (exp(-x) - exp(x)) / (exp(x) + exp(-x)),
    ),
]

PARTS = {"tanh": [Part("tanh", calls("tanh", POINTS, math.tanh), SLIPS)]}
