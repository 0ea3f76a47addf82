"""8. The chain rule (Problems 8 and 9 of the course)

One neuron:   o = tanh(i * w)
Two neurons:  h = tanh(i * w1),  o = tanh(h * w2)

How fast does the output o change with each number? By the chain rule:
go back from the output, and multiply what you meet on the way. At each
tanh that is its slope, and at each product the other number.

Do it on paper for i = 0.5, w = w1 = 2 and w2 = 0.5. Then write it.
"""

from math import tanh


def one_neuron(i: float, w: float) -> tuple[float, float]:
    """The derivatives of o with respect to w and i, in this order."""
    # <solution>
    o = tanh(i * w)
    slope = 1 - o * o
    return slope * i, slope * w
    # </solution>


def two_neurons(i: float, w1: float, w2: float) -> tuple[float, float, float]:
    """The derivatives of o with respect to w1, w2 and i, in this order."""
    # <solution>
    h = tanh(i * w1)
    o = tanh(h * w2)
    by_sum = 1 - o * o  # do/d(h * w2)
    by_h = by_sum * w2
    by_first_sum = by_h * (1 - h * h)  # do/d(i * w1)
    return by_first_sum * i, by_sum * h, by_first_sum * w1
    # </solution>


# A hint: the slope of a tanh is 1 minus the square of its *output*, and you
# have that number already.


# --- the check ---

from collections.abc import Callable

from autograd import Value
from demos.workbook.questions import Part, Slip, call, calls, slip

ONE = [(1.5, -0.5), (-0.3, 2.0)]
TWO = [(1.5, -0.5, 0.8), (-0.3, 2.0, -1.2)]


def _engine_one(i: float, w: float) -> list[float]:
    a, b = Value(i), Value(w)
    (a * b).tanh().backward()
    return [b.grad, a.grad]


def _engine_two(i: float, w1: float, w2: float) -> list[float]:
    a, b, c = Value(i), Value(w1), Value(w2)
    ((a * b).tanh() * c).tanh().backward()
    return [b.grad, c.grad, a.grad]


def _one(hint: str, slope: Callable[[float, float], float], *, swap: bool = False) -> Slip:
    """One neuron with another slope, a function of the sum and the output."""

    def one_neuron(i: float, w: float) -> tuple[float, float]:
        s = slope(i * w, tanh(i * w))
        return (s * w, s * i) if swap else (s * i, s * w)

    return slip(hint, one_neuron=one_neuron)


AT_INPUT = "The slope is taken at the sum that enters tanh: it is 1 minus the square of the output."
TWICE = "The output went through tanh already: its slope is 1 - o², and not 1 - tanh(o)²."
FLAT = "The slope of tanh is missing: multiply by 1 - o²."
ROOT = "The square is missing in the slope: it is 1 - o²."
SWAPPED = "i and w are exchanged: the derivative of i * w with respect to w is i."
STEEP = "This multiplies by tanh itself: its slope is 1 - o²."

ONE_SLIPS = [
    _one(SWAPPED, lambda s, o: 1 - o * o, swap=True),
    _one(FLAT, lambda s, o: 1),
    _one(AT_INPUT, lambda s, o: 1 - s * s),
    _one(TWICE, lambda s, o: 1 - tanh(o) ** 2),
    _one(ROOT, lambda s, o: 1 - o),
    _one(STEEP, lambda s, o: o),
    slip(
        "The slope alone is not all: multiply it by the other number of the product.",
        one_neuron=lambda i, w: (1 - tanh(i * w) ** 2,) * 2,
    ),
    slip(
        "The slope is taken at i and at w, but tanh was applied to i * w.",
        one_neuron=lambda i, w: ((1 - tanh(w) ** 2) * i, (1 - tanh(i) ** 2) * w),
    ),
    slip(
        "The chain rule multiplies: the slope times the other number, and not their sum.",
        one_neuron=lambda i, w: (1 - tanh(i * w) ** 2 + i, 1 - tanh(i * w) ** 2 + w),
    ),
]


def _two(
    hint: str,
    outer: Callable[[float, float], float] = lambda s, o: 1 - o * o,
    inner: Callable[[float, float], float] = lambda s, h: 1 - h * h,
    through: Callable[[float, float], float] = lambda w1, w2: w2,
    by_w2: Callable[[float, float], float] = lambda h, i: h,
) -> Slip:
    """Two neurons with another slope, another factor on the way, or another derivative by w2."""

    def two_neurons(i: float, w1: float, w2: float) -> tuple[float, float, float]:
        h = tanh(i * w1)
        last = outer(h * w2, tanh(h * w2))
        first = last * through(w1, w2) * inner(i * w1, h)
        return first * i, last * by_w2(h, i), first * w1

    return slip(hint, two_neurons=two_neurons)


def _ordered(change: Callable[[float, float, float], object]) -> Callable[..., object]:
    return lambda i, w1, w2: change(*two_neurons(i, w1, w2))


TWO_SLIPS = [
    _two("One factor is missing: the way back leads through w2.", through=lambda w1, w2: 1),
    _two("One factor is missing: the slope of the first tanh, 1 - h².", inner=lambda s, h: 1),
    _two("One factor is missing: the slope of the last tanh, 1 - o².", outer=lambda s, o: 1),
    _two(
        "Both slopes are missing: multiply by 1 - o² and by 1 - h².", lambda s, o: 1, lambda s, h: 1
    ),
    _two(
        "The way back from o to h leads through w2, and not through w1.", through=lambda w1, w2: w1
    ),
    _two(
        "o went through tanh already: its slope is 1 - o², and not 1 - tanh(o)². The same holds "
        "for h.",
        lambda s, o: 1 - tanh(o) ** 2,
        lambda s, h: 1 - tanh(h) ** 2,
    ),
    _two(
        "The slopes are taken at the sums that enter tanh: they are 1 - o² and 1 - h².",
        lambda s, o: 1 - s * s,
        lambda s, h: 1 - s * s,
    ),
    _two(
        "The squares are missing in the slopes: 1 - o² and 1 - h².",
        lambda s, o: 1 - o,
        lambda s, h: 1 - h,
    ),
    _two(
        "do/dw2 has the factor h, the input of that connection, and not i.",
        by_w2=lambda h, i: i,
    ),
    _two("h * w2 changes with w2 by the factor h, which is missing.", by_w2=lambda h, i: 1),
    slip("The order is w1, w2, i.", two_neurons=_ordered(lambda w1, w2, i: (w1, i, w2))),
    slip("The order is w1, w2, i.", two_neurons=_ordered(lambda w1, w2, i: (i, w2, w1))),
    slip("The order is w1, w2, i.", two_neurons=_ordered(lambda w1, w2, i: (i, w1, w2))),
    slip("The order is w1, w2, i.", two_neurons=_ordered(lambda w1, w2, i: (w2, w1, i))),
]

PARTS = {
    "chain": [
        Part(
            "one_neuron",
            [
                call("one_neuron", (0.5, 2.0), [0.209987171, 0.839948683]),
                *calls("one_neuron", ONE, _engine_one),
            ],
            ONE_SLIPS,
        ),
        Part(
            "two_neurons",
            [
                call("two_neurons", (0.5, 2.0, 0.5), [0.091128218, 0.661018652, 0.364512872]),
                *calls("two_neurons", TWO, _engine_two),
            ],
            TWO_SLIPS,
        ),
    ]
}
