"""softmax and log_softmax against mpmath and PyTorch."""

import math

import pytest

from autograd import Value, grad, ops
from autograd.functions.softmax import log_softmax, softmax
from tests.truth import mp

POINTS = [[0.5, -1.0, 2.0], [1e17, 1e17, 0.0], [1e6, 1e6 + 5, 1e6], [0.0, -40.0, -45.0]]
POINTS += [[1.0, -math.inf, 2.0], [3.0]]


@pytest.mark.parametrize("xs", POINTS, ids=str)
def test_values_keep_their_digits(xs):
    terms = [mp.exp(mp.mpf(x) - max(xs)) for x in xs]
    shares = [t / mp.fsum(terms) for t in terms]
    found = [v.data for v in softmax(map(Value, xs))]
    assert found == pytest.approx([*map(float, shares)], rel=2e-15)
    logs = [float(mp.log(s)) if s else -math.inf for s in shares]
    assert [v.data for v in log_softmax(map(Value, xs))] == pytest.approx(logs, rel=2e-15)
    assert log_softmax(xs) == pytest.approx(logs, rel=2e-15)  # numbers give numbers


@pytest.mark.parametrize("xs", POINTS, ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_derivatives_agree_with_pytorch(xs, name, torch):
    function = {"softmax": softmax, "log_softmax": log_softmax}[name]
    for i in range(len(xs)):
        ours = [Value(x) for x in xs]
        function(ours)[i].backward()
        theirs = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
        getattr(torch, name)(theirs, 0)[i].backward()
        if name == "log_softmax" and xs[i] == -math.inf:
            continue  # the derivative of what is infinite
        assert [v.grad for v in ours] == pytest.approx(theirs.grad.tolist(), rel=1e-12, abs=1e-15)


def test_second_derivatives_of_logsumexp_are_those_of_the_softmax():
    for xs in POINTS:
        ours = [Value(x) for x in xs]
        (first, *_) = grad(ops.logsumexp(ours), ours, create_graph=True)
        second = [v.data for v in grad(first, ours)]
        p = [v.data for v in softmax(map(Value, xs))]
        expected = [p[0] * ((i == 0) - p[i]) for i in range(len(xs))]
        assert second == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_corners_of_logsumexp_are_those_of_pytorch(torch):
    inf = math.inf
    for xs in [[0.0, -inf], [-inf, -inf], [inf, 0.0], [inf, -inf], [inf, inf], [math.nan, 0.0]]:
        ours = [Value(x) for x in xs]
        y = ops.logsumexp(ours)
        y.backward()
        theirs = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
        torch.logsumexp(theirs, 0).backward()
        assert [v.grad for v in ours] == pytest.approx(theirs.grad.tolist(), nan_ok=True)
