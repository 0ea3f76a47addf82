"""7. Products and sums (Problems 7 and 10 of the course)

A connection multiplies its input i by its weight w. A neuron adds up what
comes in. How fast do the product and the sum change if one of these
numbers changes, and the others stay?

Each answer is one short line.
"""


def product_by_weight(i: float, w: float) -> float:
    """The derivative of i * w with respect to w."""
    # <solution>
    return i
    # </solution>


def product_by_input(i: float, w: float) -> float:
    """The derivative of i * w with respect to i."""
    # <solution>
    return w
    # </solution>


def sum_by_one(numbers: list[float], k: int) -> float:
    """The derivative of the sum of the numbers with respect to numbers[k]."""
    # <solution>
    return 1.0
    # </solution>


# A hint: let w grow by 1. By how much does i * w grow?


# --- the check ---

from demos.workbook.questions import Part, Slip, call, calls, slip

PAIRS = [(0.5, 2.0), (3.0, -0.25), (-1.5, 4.0)]
SUMS = [([0.1, -0.2, 0.3, 0.4], 1), ([5.0], 0), ([2.0, 2.0, 3.0], 2)]


def _product(name: str, this: str, other: str) -> list[Slip]:
    return [
        slip(
            f"{this} and {other} are exchanged: if {this} grows by 1, i * w grows by {other}.",
            **{name: lambda i, w: i if this == "i" else w},
        ),
        slip("This is the product itself: how fast does it change?", **{name: lambda i, w: i * w}),
        slip(
            "1 is the answer for a sum: in a product, the other number multiplies the change.",
            **{name: lambda i, w: 1.0},
        ),
        slip("0 would mean that the product does not change.", **{name: lambda i, w: 0.0}),
        slip(
            "This is the derivative of the sum of both changes: only one number changes, and the "
            "other stays.",
            **{name: lambda i, w: i + w},
        ),
    ]


SUM = [
    slip(
        "This is the number itself. If it grows by 1, by how much does the sum grow?",
        sum_by_one=lambda numbers, k: numbers[k],
    ),
    slip(
        "This is the sum itself: how fast does it change?",
        sum_by_one=lambda numbers, k: sum(numbers),
    ),
    slip(
        "Only one of the numbers changes: the answer does not depend on how many there are.",
        sum_by_one=lambda numbers, k: len(numbers),
    ),
    slip(
        "The other numbers stay as they are, and so they do not matter.",
        sum_by_one=lambda numbers, k: sum(numbers) - numbers[k],
    ),
    slip("0 would mean that the sum does not change.", sum_by_one=lambda numbers, k: 0.0),
    slip(
        "This is a sum and not a mean: do not divide.",
        sum_by_one=lambda numbers, k: 1 / len(numbers),
    ),
    slip("The place of the number does not matter.", sum_by_one=lambda numbers, k: k),
]

PARTS = {
    "products": [
        Part(
            "product_by_weight",
            calls("product_by_weight", PAIRS, lambda i, w: i),
            _product("product_by_weight", "w", "i"),
        ),
        Part(
            "product_by_input",
            calls("product_by_input", PAIRS, lambda i, w: w),
            _product("product_by_input", "i", "w"),
        ),
        Part("sum_by_one", [call("sum_by_one", given, 1.0) for given in SUMS], SUM),
    ]
}
