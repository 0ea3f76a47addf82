"""Products that the machine does together with the sums that read them."""

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import autograd  # noqa: E402
from autograd import Value  # noqa: E402
from autograd.compiler.machine.opcodes import Field, Opcode  # noqa: E402

W, H = Value(1.7), Value(0.1)


def loop(x):
    y, v = x[0], x[1]
    for _ in range(9):
        y, v = y + H * v, v - H * (W * y)
    return y * v


def shared(x):
    """One product is read twice, one is taken from, and one is both terms' factor."""
    again = W * x[0]
    return again + (again * H - x[1]) - x[0] * x[1]


def over_itself(x):
    y = W * x[1] + x[2]
    return (y * y + y) * x[1] - y


@pytest.mark.parametrize(
    ("function", "adds", "subs"), [(loop, 3, 3), (shared, 0, 1), (over_itself, 2, 0)]
)
def test_products_join_their_sums_and_the_bits_stay(function, adds, subs):
    x = np.random.default_rng(0).normal(size=(300, 3))
    compiled = autograd.compile(function)
    for rows in 300, 1:
        assert compiled(x[:rows]).tolist() == [function(row).data for row in x[:rows].tolist()]
    found = compiled.recording([3], [x[0].tolist()])
    opcodes = found.executor("").blocks.rows.plain[:, Field.OPCODE].tolist()
    assert opcodes.count(Opcode.MUL_ADD) == adds
    assert opcodes.count(Opcode.MUL_SUB) == subs


def test_gradients_stay_those_of_plain_backward_passes():
    x = np.random.default_rng(0).normal(size=(300, 3))
    compiled = autograd.compile(loop)
    _, gradient = compiled.value_and_grad(x, reduction="sum")
    W.grad = H.grad = 0.0
    for row in x.tolist():
        loop(row).backward()
    expected = [p.grad for p in compiled.parameters]
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)
