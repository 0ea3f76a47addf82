"""A number that was assigned after it was used: derivatives are of one point, or are refused."""

import math

import pytest

from autograd import Op, Value, dot, grad
from autograd.nodes.changed import is_changed
from tests.graphs import LOSSES


def recorded():
    x = Value(3.0, "x")
    return x, x.exp() * x


def test_derivatives_as_numbers_are_those_of_the_recorded_point():
    x, y = recorded()
    x.data = 1.0
    expected = math.exp(3) * 4
    assert grad(y, x).data == pytest.approx(expected, rel=1e-15)
    y.backward()
    assert x.grad == pytest.approx(expected, rel=1e-15)


def test_derivatives_with_a_graph_name_the_leaf():
    x, y = recorded()
    x.data = 1.0
    with pytest.raises(ValueError, match=r"of Value\(1, label='x'\) was assigned after .*anew"):
        grad(y, x, create_graph=True)
    x.data = 3.0
    assert grad(y, x, create_graph=True).data == pytest.approx(math.exp(3) * 4, rel=1e-15)


def test_the_leaf_that_explains_all_changes_is_named_alone():
    w, xs = Value(0.5, "w"), [Value(float(i), f"x{i}") for i in range(3)]
    y = dot([w, w, w], xs).tanh() + 2.0
    w.data = 0.6
    with pytest.raises(ValueError, match=r"number of Value\(0.6, label='w'\) was"):
        grad(y, w, create_graph=True)


def test_a_number_that_changes_only_the_derivative_is_found():
    x, w = Value(3.0, "x"), Value(0.0, "w")
    y = w * x  # 0, whatever x is
    x.data = 4.0
    with pytest.raises(ValueError, match="label='x'"):
        grad(y, [w, x], create_graph=True)


def test_an_interior_number_that_was_assigned_is_found():
    x = Value(3.0)
    h = x * x
    h.label = "h"
    y = h.exp()
    h.data = 1.0
    with pytest.raises(ValueError, match="label='h'"):
        grad(y, x, create_graph=True)


def test_what_is_not_on_the_way_may_change():
    x, c = Value(2.0), Value(3.0)
    y = x * x + c * c
    c.data = 5.0
    assert grad(y, x, create_graph=True).data == 4.0


def test_an_operation_that_gives_other_numbers_now_counts_as_changed():
    scale = [2.0]
    scaled = Op("scaled", lambda x: scale[0] * x, lambda y, x: (scale[0],), registered=False)
    y = scaled(Value(3.0))
    assert not is_changed(y)
    scale[0] = 4.0
    assert is_changed(y)


@pytest.mark.parametrize("name", LOSSES)
def test_what_nobody_changed_is_not_refused(name):
    model, loss = LOSSES[name]()
    parameters = list(model.parameters())
    found = grad(loss, parameters, create_graph=True)
    assert [g.data for g in found] == [
        pytest.approx(g.data, rel=1e-13) for g in grad(loss, parameters)
    ]
    assert not is_changed(Value(math.nan).sqrt() + math.inf)
