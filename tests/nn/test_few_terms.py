"""Losses of one, two and three outputs: the shortest sums, where a wrong shortcut would show."""

import pytest

from autograd import Value
from nn import half_squared_error, hinge, mean_squared_error


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_output_counts(n):
    outputs = [Value(float(i + 2)) for i in range(n)]
    squares = sum((i + 2) ** 2 for i in range(n))
    assert half_squared_error(outputs, [0.0] * n).data == squares / 2
    assert mean_squared_error(outputs, [0.0] * n).data == pytest.approx(squares / n, rel=1e-15)
    margins = sum(i + 3 for i in range(n))
    assert hinge(outputs, [-1.0] * n).data == pytest.approx(margins / n, rel=1e-15)


def test_one_output_alone_needs_neither_a_sum_nor_a_division():
    assert half_squared_error([Value(2.0)], [0.0]).op.name == "mul"
    assert mean_squared_error([Value(2.0)], [0.0]).op.name == "power(2.0)"
    assert hinge([Value(2.0)], [-1.0]).op.name == "relu"
