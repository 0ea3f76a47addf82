"""Zeros, infinities and nan go through every compiled operation as through plain Python."""

import math
from itertools import product

import pytest

from autograd import Value, compile, no_grad, ops
from tests.compiler.test_order import BACKENDS

NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, math.inf, -math.inf, math.nan, 1e-310, -1e308)
EVERY = {op.name: op for op in ops.TABLE.values() if op.is_built_in}
OF_ONE = {name: op for name, op in EVERY.items() if op.arity == 1}
OF_ONE |= {f"** {n}": lambda x, n=n: x**n for n in (0, 1, 2, 3, 4, -1, -2, 1.5, -0.5, 1 / 3)}
OF_TWO = {name: op for name, op in EVERY.items() if op.arity in (2, None)}


def alike(a, b):
    """Equal zeros, infinities and nan; other numbers to a few ulps."""
    if math.isfinite(a) and math.isfinite(b) and a and b:
        return a == pytest.approx(b, rel=1e-13, abs=0)
    return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("operations", "n"), [(OF_ONE, 1), (OF_TWO, 2)])
def test_every_operation(operations, n, backend):
    refused = {}  # the numbers for which Python raises

    def plain(name, row):
        try:
            with no_grad():
                return operations[name](*(Value(x) for x in row)).data
        except ArithmeticError:
            return refused.setdefault((name, tuple(map(repr, row))))

    rows = [[1.0] * n, *map(list, product(NUMBERS, repeat=n))]
    program = compile(lambda x: [op(*x) for op in operations.values()], backend=backend)
    for row, results in zip(rows, program(rows)):
        for name, found in zip(operations, results.tolist()):
            expected = plain(name, row)
            assert expected is None or alike(expected, found), (name, row, expected, found)
    assert len(refused) < len(rows) * len(operations) / 4
