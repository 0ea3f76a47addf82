"""The rows of X and T: what they are said to be, and the array that they become."""

from fractions import Fraction

import numpy as np
import pytest

from nn.arguments import Rows

# For each the first row of each combination of types, and whether all are floats and ints.
TABLES = {
    "floats": ([[0.5, -0.0], [2.0, 1e300]], [0], True),
    "whole numbers": ([(1, 2), (3, 2**60)], [0], True),
    "lists and tuples": ([[1.0, 2.0], (3.0, 4.0)], [0], True),
    "rows of another type": ([[1.0, 2.0], [3, 4], [5.0, 6.0], [7, 8]], [0, 1], True),
    "types by turns": ([[1.0, 2], [3, 4.0], [5.0, 6]], [0, 1], True),
    "the last is another": ([[1.0, 2.0], [3.0, 4]], [0, 1], True),
    "truth": ([[1.0, True], [2.0, 0.5]], [0], False),
    "numbers of numpy": ([[np.float64(0.5), 1.0], [2.0, 3.0]], [0], False),
    "fractions": ([[Fraction(1, 3), 1.0], [2.0, 3.0]], [0], False),
    "arrays": ([np.array([0.5, 1.5]), [2.0, 3.0]], [0], False),
}


@pytest.mark.parametrize("name", TABLES)
def test_types_and_numbers(name):
    table, first, plain = TABLES[name]
    rows = Rows("X", table)
    assert (rows.width, rows.is_plain) == (2, plain)
    width, kinds, _ = rows.kind
    assert width == 2
    assert len(kinds) == len(first)
    assert [0, *rows.other_kinds()] == first
    expected = np.array([[float(x) for x in row] for row in table])
    assert rows.as_array().tobytes() == expected.tobytes()
    assert [rows[i] for i in range(len(rows))] == [list(map(float, row)) for row in table]


@pytest.mark.parametrize("table", [[[1.0, 2.0], [3.0]], [[1.0, 2.0], [3.0, "4"]], [[1.0], 2.0]])
def test_a_wrong_row_is_named(table):
    with pytest.raises((TypeError, ValueError), match=r"X\[1\]"):
        Rows("X", table)
