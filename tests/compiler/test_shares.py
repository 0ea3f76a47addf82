"""Softmaxes, whose gradient does not depend on what is subtracted; and what only looks like one."""

import numpy as np
import pytest

from autograd import Value, compile, exp, grad


def divided(e, total):
    return [v / total for v in e]


def times_the_inverse(e, total):
    inverse = 1 / total
    return [v * inverse for v in e]


def times_the_sum(e, total):
    return [v * total for v in e]


def divided_and_used(e, total):
    return [v / total for v in e] + [v * 3.0 for v in e]


def the_sum_divided(e, total):
    return [total / v for v in e]


def divided_by_another(e, total):
    return [v / (total * 2 + 1) for v in e]


@pytest.mark.parametrize(
    "made",
    [
        divided,
        times_the_inverse,
        times_the_sum,
        divided_and_used,
        the_sum_divided,
        divided_by_another,
    ],
)
@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_the_gradient_by_what_is_subtracted_is_pythons(made, backend):
    m = Value(0.25)

    def loss(x):
        e = [exp(v - m) for v in x]
        return sum(v * v for v in made(e, sum(e)))

    row = [0.5, -0.25, 1.0, 0.125]
    _, found = compile(loss, backend=backend).value_and_grad([row], wrt="parameters")
    expected = grad(loss([Value(v) for v in row]), [m])[0].data
    assert np.asarray(found).item() == pytest.approx(expected, rel=1e-12, abs=1e-12)
