"""6. The slope of tanh (Problem 6 of the course)

How fast does tanh(x) change with x? Find the derivative on paper, with
the quotient rule, or look it up; there is a short form that needs
nothing but tanh(x) itself. Then write it.
"""

from math import tanh


def tanh_slope(x: float) -> float:
    """The derivative of tanh at x."""
    # <solution>
    y = tanh(x)
    return 1 - y * y
    # </solution>


# A hint: at 0 the slope is 1, and far away from 0, where tanh is flat, it is
# nearly 0. You can test a formula by (tanh(x + 0.001) - tanh(x)) / 0.001.


# --- the check ---

import operator

from autograd import Value
from demos.workbook.questions import Part, call, calls, slip


def _engine(x: float) -> float:
    point = Value(x)
    point.tanh().backward()
    return point.grad


QUESTIONS = [
    call("tanh_slope", (-1.0,), 0.419974342),
    call("tanh_slope", (0.0,), 1.0),
    call("tanh_slope", (1.0,), 0.419974342),
    call("tanh_slope", (2.0,), 0.070650825),
    *calls("tanh_slope", [(0.3,), (-2.5,)], _engine),
]

SLIPS = [
    slip(
        "This is 1 - x²: it is the output tanh(x) that is squared, 1 - tanh(x)².",
        tanh_slope=lambda x: 1 - x * x,
    ),
    slip("The square is missing: 1 - tanh(x)².", tanh_slope=lambda x: 1 - tanh(x)),
    slip("This is tanh itself, and not its derivative.", tanh_slope=tanh),
    slip("The sign in the middle is a minus: 1 - tanh(x)².", tanh_slope=lambda x: 1 + tanh(x) ** 2),
    slip("This is tanh(x)². One minus that is the derivative.", tanh_slope=lambda x: tanh(x) ** 2),
    slip(
        "The signs are exchanged: 1 - tanh(x)², and not tanh(x)² - 1.",
        tanh_slope=lambda x: tanh(x) ** 2 - 1,
    ),
    slip(
        "This is (1 - tanh(x))²: only tanh(x) is squared.", tanh_slope=lambda x: (1 - tanh(x)) ** 2
    ),
    slip(
        "This squares x, and then takes tanh: tanh(x)² is tanh(x) ** 2.",
        tanh_slope=lambda x: 1 - tanh(x * x),
    ),
    slip(
        "tanh is taken twice. If y is already tanh(x), the derivative is 1 - y².",
        tanh_slope=lambda x: 1 - tanh(tanh(x)) ** 2,
    ),
    slip(
        "This is the derivative of the sigmoid: for tanh it is 1 - y².",
        tanh_slope=lambda x: tanh(x) * (1 - tanh(x)),
    ),
    slip(
        "This is the derivative of the sigmoid at x: for tanh it is 1 - tanh(x)².",
        tanh_slope=lambda x: (1 - tanh(x / 2) ** 2) / 4,
    ),
    slip(
        "In Python, ^ is not a power (it is for whole numbers, bit by bit): write ** 2.",
        tanh_slope=lambda x: 1 - operator.xor(tanh(x), 2),
    ),
    slip(
        "2 * tanh(x) is the derivative of a square: here it is 1 - tanh(x)².",
        tanh_slope=lambda x: 1 - 2 * tanh(x),
    ),
    slip(
        "This is the square root of the derivative, 1 / cosh(x): square it.",
        tanh_slope=lambda x: (1 - tanh(x) ** 2) ** 0.5,
    ),
    slip(
        "This is the slope over a finite step, which is only near the derivative: find the "
        "formula.",
        tanh_slope=lambda x: (tanh(x + 1e-3) - tanh(x)) / 1e-3,
    ),
]

PARTS = {"tanh_slope": [Part("tanh_slope", QUESTIONS, SLIPS)]}
