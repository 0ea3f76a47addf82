"""What would give a derivative of 0, or train nothing, is refused."""

import math

import pytest

from autograd import Op, Value, grad, hessian, jacobian, log_softmax, no_grad, softmax
from nn import SGD, Module, fit, half_squared_error


def test_a_derivative_without_a_graph_has_no_derivatives():
    x = Value(2.0)
    g = grad(x**3, x)
    for differentiate in (lambda: grad(g, x), lambda: grad(g, [x], create_graph=True), g.backward):
        with pytest.raises(ValueError, match="create_graph=True"):
            differentiate()
    assert x.grad == 0.0
    assert grad(grad(x**3, x, create_graph=True), x).data == 12.0
    assert grad(2 * g, x).data == 0.0  # a number times a number, as in PyTorch


def test_create_graph_is_not_pytorchs_grad_outputs():
    x = Value(2.0)
    with pytest.raises(TypeError, match="create_graph is True or False; got 2"):
        grad(x * x, x, 2)


def test_minus_equals_does_not_leave_a_computed_parameter_alone():
    w = Value(1.0) * 0.1
    (w * w).backward()
    with no_grad(), pytest.raises(TypeError, match=r"p = p\.detach\(\)"):
        w -= 0.5 * w.grad
    p = w.detach()
    (p * p).backward()
    with no_grad():
        q = p
        p -= 0.5 * p.grad
        total = Value(3.0) * w  # under no_grad a result, which -= binds anew
        total -= 1.0
    assert p is q
    assert p.data == 0.1 - 0.5 * 0.2
    assert total.data == 3.0 * w.data - 1.0


def test_a_state_holds_numbers():
    model = Module()
    model.w = Value(1.0, "w")
    model.w.data -= 0.1 * Value(2.0)
    with pytest.raises(TypeError, match="the data of 'w' was set wrongly"):
        model.state_dict()


@pytest.mark.parametrize(
    "function", [lambda x: x.data**2, lambda x: [2.0, 3.0]], ids=["one", "two"]
)
def test_a_jacobian_is_of_values(function):
    with pytest.raises(TypeError, match=r"and not with their \.data"):
        jacobian(function, [1.0])


def test_a_jacobian_is_of_a_function():
    x = Value(2.0)
    for derivatives in jacobian, hessian:
        with pytest.raises(TypeError, match="expected a function and a point"):
            derivatives(x * x, [x])


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_there_is_no_softmax_of_nothing(function):
    with pytest.raises(ValueError, match="need at least one number"):
        function([])


def test_an_operation_of_two_inputs_says_so():
    op = Op("of_two_by_mistake", lambda a, b: a * b, lambda y, a, b: (b, a), registered=False)
    with pytest.raises(TypeError, match="takes 1 input; got 2; define it with arity=2"):
        op(Value(1.0), 2.0)


@pytest.mark.parametrize(
    ("X", "T", "named"), [([[math.nan]], [[1.0]], "X"), ([[1.0]], [[math.inf]], "T")]
)
def test_fit_names_the_row_that_is_not_finite(X, T, named):
    w = Value(1.0)
    with pytest.raises(FloatingPointError, match=rf"{named}\[0\] holds (nan|inf)"):
        fit(lambda x, t: half_squared_error([w * x[0]], t), X, T, SGD([w], lr=0.1))
