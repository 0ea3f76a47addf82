"""A number that float32 does not have never becomes infinite in silence."""

import math

import numpy as np
import pytest

from autograd import Value, compile

BEYOND = "1e\\+300 is larger than any float32, which ends at 3.4e\\+38; leave dtype='float32' out"


@pytest.fixture(params=["machine", "numpy"])
def single(request):
    if request.param == "machine":
        pytest.importorskip("llvmlite")
    return lambda f: compile(f, dtype="float32", backend=request.param)


def test_an_argument(single):
    program = single(lambda x: x[0] * 2 + x[1])
    for given in [[1e300, 1.0]], np.array([[0.5, 1.0], [-math.inf, -1e300]]):
        with pytest.raises(OverflowError, match=r"argument 0 of <lambda>: -?1e\+300 is larger"):
            program.value_and_grad(given)
    assert program([[math.inf, 1.0]]) == math.inf
    with np.errstate(all="raise"):
        assert program([[1e-300, 1.0]]) == 1


def test_a_plain_number(single):
    w = Value(1.0)
    program = single(lambda x: x * w)
    assert [program(2.0), program(3.0), program(-math.inf)] == [2, 3, -math.inf]
    with pytest.raises(OverflowError, match=BEYOND):
        program(1e300)
    w.data = 1e300
    with pytest.raises(OverflowError, match=f"a parameter: {BEYOND}"):
        program(2.0)


def test_a_parameter(single):
    w = Value(-math.inf)
    program = single(lambda x: x[0] * w)
    assert program([[2.0]]) == -math.inf
    w.data = 1e300
    with pytest.raises(OverflowError, match=f"a parameter: {BEYOND}"):
        program([[2.0]])


def test_a_constant(single):
    with pytest.raises(OverflowError, match=f"a constant: {BEYOND}"):
        single(lambda x: x[0] * 1e300)([[2.0]])


@pytest.mark.skipif(np.finfo(np.longdouble).max <= np.finfo(float).max, reason="none is larger")
def test_a_long_double_that_float64_does_not_have():
    with pytest.raises(OverflowError, match=r"1e\+400 is larger than any float64, .*; scale your"):
        compile(lambda x: x[0] * 2)(np.array([["1e400"]]).astype(np.longdouble))
