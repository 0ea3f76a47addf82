"""Recording ``==``: of two nodes it makes no guard; of what would be numbers it is refused."""

import math

import pytest

from autograd import CompileError, Value
from nn import SGD, fit
from tests.compiler.test_record import recorded

w = Value(0.7)
COMPARED = {
    "two inputs": lambda x: x[0] if x[0] == x[1] else x[1],
    "one input": lambda x: x[0] if x[0] != x[0] else x[1],
    "what was made of inputs": lambda x: x[0] if x[0] * 2 == x[1] + 1 else x[1],
    "an output and an input": lambda x: x[0] if (x[0] * w).tanh() == x[1] else x[1],
    "in a list": lambda x: x[0] if w in x else x[1],
    "a place in a list": lambda x: x[0] * x.index(max(x)),
}


@pytest.mark.parametrize("name", COMPARED)
def test_equality_of_numbers_that_became_values_is_refused(name):
    """Of the numbers in a row it compares numbers, and of two Values it does not."""
    with pytest.raises(CompileError, match=r"by == or !=, at .*test_record.*a - b == 0 for num"):
        recorded(COMPARED[name], [1.0, 2.0])


def test_equality_of_nodes_makes_no_guard():
    def function(x):
        y, seen, edges = (x[0] * w).tanh() + w * x[1], [], []

        def walk(v):
            if v not in seen:
                seen.append(v)
                for child in v.inputs:
                    edges.append((child, v))
                    if child.op is not None:
                        walk(child)

        walk(y)
        assert y == y
        assert x[0] * w != x[0] * w
        return y * (10 * len(seen) + len(edges))

    call = recorded(function, [1.0, 1.0])
    assert not call.recording.guards
    for row in ([0.0, 0.0], [2.0, 5.0]):
        assert call(row) == (True, [function([*map(Value, row)]).data])
        assert call(row)[1][0] == pytest.approx(47 * (math.tanh(0.7 * row[0]) + 0.7 * row[1]))


def test_fit_runs_such_a_function_in_plain_python(monkeypatch):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)

    def loss(x, t):
        return (w * x[0] - (1.0 if x[0] == x[1] else t[0])) ** 2

    rows = [[float(i % 7), float(i % 5)] for i in range(35)]
    targets = [[0.5]] * 35

    def trained(**how):
        w.data = 0.7
        history = fit(loss, rows, targets, SGD([w], lr=1e-4), epochs=2, **how)
        return history.how, history.losses, w.data

    how, *found = trained()
    assert "by == or !=" in how
    assert found == list(trained(compile=False)[1:])
    with pytest.raises(CompileError, match="by == or !="):
        trained(compile=True)
