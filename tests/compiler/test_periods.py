"""The search for what repeats, on a few instructions."""

import numpy as np
import pytest

from autograd import ops
from autograd.compiler.program import Array, Map, whole
from autograd.compiler.stages.layout import _shape
from autograd.compiler.stages.loops.periods import FEWEST, Run, best_run
from autograd.compiler.stages.trace import INPUT


def repeated(operations, times):
    """A chain of this many rounds."""
    last = Array((2,), INPUT)
    found = []
    for op in list(operations) * times:
        made = Array((2,), INPUT)
        found.append(Map(made, op, (whole(last),)))
        last = made
    return found


@pytest.mark.parametrize(
    "operations", [[ops.tanh], [ops.tanh, ops.exp], [ops.tanh, ops.exp, ops.sin]]
)
def test_the_fewest_rounds_that_are_a_loop(operations):
    period = len(operations)
    assert best_run(repeated(operations, FEWEST)) == Run(0, period, FEWEST)
    assert best_run(repeated(operations, FEWEST)[1:]) is None
    more = [*repeated(operations, FEWEST), *repeated([ops.cos], 1)]
    assert best_run(more) == Run(0, period, FEWEST)


@pytest.mark.parametrize(
    ("lanes", "shape"),
    [
        ([3, 4, 5, 6], (4,)),
        ([0, 1, 4, 5], (2, 2)),
        ([0, 1, 2, 10, 11, 12, 20, 21, 22], (3, 3)),
        ([0, 1, 4, 5, 9, 10], (6,)),  # not evenly spaced
        ([0, 1, 4], (3,)),
        ([0, 2, 4], (3,)),
    ],
)
def test_lanes_that_are_rows_of_a_matrix(lanes, shape):
    assert _shape(np.array(lanes)) == shape


def test_a_run_starts_later_only_where_instructions_are_left_over():
    """Later the first two iterations would read the same, and the last would lack its end."""
    start = Array((2,), INPUT)
    before = [Map(Array((2,), INPUT), op, (whole(start),)) for op in (ops.sin, ops.cos)]
    found, last = list(before), start
    for n in range(FEWEST + 1):
        this, made = before[min(n, 1)].out, [Array((2,), INPUT) for _ in range(2)]
        found.append(Map(made[0], ops.add, (whole(last), whole(this))))
        found.append(Map(made[1], ops.tanh, (whole(made[0]),)))
        last = made[1]
    assert best_run(found[:-2]) == Run(2, 2, FEWEST)
    assert best_run(found[:-1]) == Run(3, 2, FEWEST)
