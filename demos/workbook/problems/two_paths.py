"""9. The error, and two paths (Problems 11 and 12 of the course)

The error says how far an output o is from its target t. Of one output it
is E = 1/2 * (o - t)².

Now two paths lead from the input to the error:

    i -- w1 --> h1 -- w3 --> o        h1 = tanh(w1 * i)
    i -- w2 --> h2 -- w4 --> o        h2 = tanh(w2 * i)
                                      o  = tanh(w3 * h1 + w4 * h2)

Multiply along each path, and add the paths up. On paper: i = 0.5, w1 = 1,
w2 = 0.5, w3 = 2, w4 = 1, and the target t is 0. Then write it.
"""

from math import tanh


def error_by_output(o: float, t: float) -> float:
    """The derivative of E with respect to o."""
    # <solution>
    return o - t
    # </solution>


def error_by_input(
    i: float,
    w1: float,
    w2: float,
    w3: float,
    w4: float,
    t: float,
) -> float:
    """The derivative of E with respect to i, through both paths."""
    # <solution>
    h1, h2 = tanh(w1 * i), tanh(w2 * i)
    o = tanh(w3 * h1 + w4 * h2)
    by_sum = (o - t) * (1 - o * o)
    through_h1 = by_sum * w3 * (1 - h1 * h1) * w1
    through_h2 = by_sum * w4 * (1 - h2 * h2) * w2
    return through_h1 + through_h2
    # </solution>


# --- the check ---

from collections.abc import Callable

from autograd import Value
from demos.workbook.questions import Part, Slip, call, calls, slip
from nn import half_squared_error

PROBLEM_12 = (0.5, 1.0, 0.5, 2.0, 1.0, 0.0)
CASES = [(0.5, 1.0, 0.5, 2.0, 1.0, 0.5), (-0.8, 0.4, 1.5, -0.7, 0.9, 0.3)]


def _engine(i: float, w1: float, w2: float, w3: float, w4: float, t: float) -> float:
    x = Value(i)
    half_squared_error((w3 * (w1 * x).tanh() + w4 * (w2 * x).tanh()).tanh(), t).backward()
    return x.grad


def _slope_of_error(o: float, t: float) -> float:
    output = Value(o)
    half_squared_error(output, t).backward()
    return output.grad


ERROR = [
    slip(
        "The sign is the other way round: if o is above its target, a larger o is a larger error.",
        error_by_output=lambda o, t: t - o,
    ),
    slip("The 1/2 cancels the 2 from the square: o - t.", error_by_output=lambda o, t: 2 * (o - t)),
    slip(
        "The square brings a factor 2, which cancels the 1/2: o - t.",
        error_by_output=lambda o, t: (o - t) / 2,
    ),
    slip(
        "This is the error itself. How fast does it change with o?",
        error_by_output=lambda o, t: (o - t) ** 2 / 2,
    ),
    slip("The target is missing: o - t.", error_by_output=lambda o, t: o),
    slip(
        "The derivative keeps its sign: o - t, without abs.",
        error_by_output=lambda o, t: abs(o - t),
    ),
    slip("The square is gone in the derivative: o - t.", error_by_output=lambda o, t: (o - t) ** 2),
]


def _paths(
    hint: str,
    start: Callable[[float, float], float] = lambda o, t: o - t,
    outer: Callable[[float], float] = lambda o: 1 - o * o,
    inner: Callable[[float, float], float] = lambda h, s: 1 - h * h,
    join: Callable[[float, float], float] = lambda a, b: a + b,
    factors: Callable[[float, float, float, float], tuple[float, ...]] = (
        lambda w1, w2, w3, w4: (w1, w2, w3, w4)
    ),
) -> Slip:
    """Both paths, with one thing done in another way."""

    def error_by_input(i: float, w1: float, w2: float, w3: float, w4: float, t: float) -> float:
        h1, h2 = tanh(w1 * i), tanh(w2 * i)
        o = tanh(w3 * h1 + w4 * h2)
        back = start(o, t) * outer(o)
        f1, f2, f3, f4 = factors(w1, w2, w3, w4)
        return join(back * f3 * inner(h1, w1 * i) * f1, back * f4 * inner(h2, w2 * i) * f2)

    return slip(hint, error_by_input=error_by_input)


PATHS = [
    _paths("Only the path through h1 is here: add the path through h2.", join=lambda a, b: a),
    _paths(
        "Only the path through h2 arrives: add the paths up with +=, because = begins anew.",
        join=lambda a, b: b,
    ),
    _paths(
        "Factors along a path are multiplied, but the paths are added.", join=lambda a, b: a * b
    ),
    _paths("The paths are added, and not subtracted.", join=lambda a, b: a - b),
    _paths("The paths are added: this is their mean.", join=lambda a, b: (a + b) / 2),
    _paths(
        "This is the derivative of o: multiply by that of the error, o - t.", start=lambda o, t: 1
    ),
    _paths("The target is missing: the error begins with o - t.", start=lambda o, t: o),
    _paths(
        "The sign is the other way round: the derivative of the error is o - t.",
        start=lambda o, t: t - o,
    ),
    _paths(
        "The derivative of 1/2 * (o - t)² is o - t, without a 2.", start=lambda o, t: 2 * (o - t)
    ),
    _paths(
        "This multiplies by the error itself: its derivative by o is o - t.",
        start=lambda o, t: (o - t) ** 2 / 2,
    ),
    _paths("The slope of the last tanh is missing: 1 - o².", outer=lambda o: 1),
    _paths(
        "The slopes of the hidden neurons are missing: 1 - h1² and 1 - h2².", inner=lambda h, s: 1
    ),
    _paths(
        "All slopes are missing: each tanh on the way gives a factor 1 - output².",
        outer=lambda o: 1,
        inner=lambda h, s: 1,
    ),
    _paths(
        "h1, h2 and o went through tanh already: the slope is 1 - o², not 1 - tanh(o)².",
        outer=lambda o: 1 - tanh(o) ** 2,
        inner=lambda h, s: 1 - tanh(h) ** 2,
    ),
    _paths(
        "The slope is taken at the sum that enters tanh: it is 1 minus the output squared.",
        inner=lambda h, s: 1 - s * s,
    ),
    _paths(
        "The weights w3 and w4 are missing on the way back.",
        factors=lambda w1, w2, w3, w4: (w1, w2, 1, 1),
    ),
    _paths(
        "The weights w1 and w2 are missing: the last step leads to i, through these.",
        factors=lambda w1, w2, w3, w4: (1, 1, w3, w4),
    ),
    _paths(
        "w3 and w4 are exchanged on the way back.", factors=lambda w1, w2, w3, w4: (w1, w2, w4, w3)
    ),
    _paths(
        "w1 and w2 are exchanged on the way back.", factors=lambda w1, w2, w3, w4: (w2, w1, w3, w4)
    ),
]

PARTS = {
    "two_paths": [
        Part(
            "error_by_output",
            calls(
                "error_by_output",
                [(0.75, 0.5), (-0.2, 0.5), (0.1, 0.0)],
                _slope_of_error,
            ),
            ERROR,
        ),
        Part(
            "error_by_input",
            [
                call("error_by_input", PROBLEM_12, 0.540395442),
                *calls("error_by_input", CASES, _engine),
            ],
            PATHS,
        ),
    ]
}
