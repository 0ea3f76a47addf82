"""detect_anomaly and what compiled code computes."""

import numpy as np
import pytest

from autograd import AnomalyError, Value, compile, detect_anomaly, grad


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_a_compiled_nan_names_its_line(backend):
    logarithm = compile(lambda x: (2 * x[0]).log(), backend=backend)
    with detect_anomaly():
        assert logarithm(np.array([[0.5]])) == 0
        with pytest.raises(AnomalyError, match=r"log\(-2.0\), recorded at .*test_anomaly_comp"):
            logarithm(np.array([[1.0], [-1.0]]))
    assert np.isnan(logarithm(np.array([[-1.0]])))


def test_a_compiled_gradient_and_a_call_with_numbers_are_watched():
    root = compile(lambda a, b=1.0: a.sqrt() * b)
    with detect_anomaly():
        assert root(4.0) == 2
        with pytest.raises(AnomalyError, match=r"inf is the gradient .* from sqrt\(0.0\)"):
            root.value_and_grad(np.array([0.0]), b=np.array([2.0]), wrt="inputs")


def test_a_derivative_with_a_graph_names_the_operation_that_it_is_of():
    with detect_anomaly():
        x = Value(0.0, "x")
        y = x.sqrt()
        with pytest.raises(AnomalyError, match=r"div\(0.5, .* in the derivative of sqrt\(x = 0.0"):
            grad(y, x, create_graph=True)
