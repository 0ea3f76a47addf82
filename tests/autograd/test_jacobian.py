"""jacobian, hessian and hvp, against PyTorch."""

import pytest

import autograd
from autograd import Value, hessian, hvp, jacobian

POINT = [0.7, -1.3, 2.1]
V = [1.0, -0.5, 2.0]


def several(lib):
    return lambda x, y, z: [x * y + lib.sin(z), lib.tanh(x * z) / y, y * y]


def one(lib):
    return lambda x, y, z: lib.sin(x * y) * z + lib.exp(x * z) / (y * y) + z**3


def tensors(torch):
    return tuple(torch.tensor(x, dtype=torch.float64) for x in POINT)


def close(found, expected):
    for row, wanted in zip(found, expected, strict=True):
        assert row == pytest.approx([float(x) for x in wanted], rel=1e-12, abs=1e-13)


def test_a_jacobian_is_that_of_pytorch(torch):
    function = several(torch)
    stacked = lambda *xs: torch.stack(function(*xs))
    columns = torch.autograd.functional.jacobian(stacked, tensors(torch))
    close(jacobian(several(autograd), POINT), zip(*columns))


def test_a_hessian_is_that_of_pytorch(torch):
    close(
        hessian(one(autograd), POINT), torch.autograd.functional.hessian(one(torch), tensors(torch))
    )


def test_a_hessian_times_a_vector_is_that_of_pytorch(torch):
    v = tuple(torch.tensor(x, dtype=torch.float64) for x in V)
    y, product = torch.autograd.functional.hvp(one(torch), tensors(torch), v)
    value, found = hvp(one(autograd), POINT, V)
    assert value == pytest.approx(y.item(), rel=1e-13)
    close([found], [product])
    rows = hessian(one(autograd), POINT)
    assert found == pytest.approx([sum(a * b for a, b in zip(row, V)) for row in rows], rel=1e-12)


def test_one_value_gives_one_row_and_values_are_inputs_too():
    assert jacobian(lambda x, y: x * y, [2.0, Value(3.0)]) == [3.0, 2.0]
    assert jacobian(lambda x: [x, 1.0], [2.0]) == [[1.0], [0.0]]
    assert hessian(lambda *xs: autograd.sum(x * x for x in xs), [1.0, 2.0]) == [[2, 0], [0, 2]]


def test_nothing_outside_is_touched():
    x = Value(2.0)
    jacobian(lambda y: y * y, [x])
    hessian(lambda y: y**3, [x])
    assert not x.has_grad


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="1 number and 2 inputs"):
        hvp(lambda x, y: x * y, [1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match="returns one Value; got list"):
        hessian(lambda x: [x], [1.0])
    with pytest.raises(TypeError, match=r"one number per argument; got 2\.0"):
        jacobian(lambda x: x, 2.0)


def test_a_hessian_times_a_vector_of_a_polynomial():
    """Of x² y the Hessian is [[2y, 2x], [2x, 0]]."""
    value, product = hvp(lambda x, y: x * x * y, [3.0, 5.0], [1.0, 2.0])
    assert (value, product) == (45.0, [2 * 5 + 2 * 3 * 2, 2 * 3])
