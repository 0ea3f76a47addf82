"""The products of the machine: each opcode gives what NumPy gives, for sizes of all kinds."""

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.machine.opcodes import Flag, Opcode  # noqa: E402
from tests.compiler.test_machine_kernels import Layout, agree, run  # noqa: E402
from tests.compiler.test_machine_table import line  # noqa: E402
from tests.counts import count  # noqa: E402

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
ALONG_J = [Opcode.PRODUCT, Opcode.PRODUCT_SPARSE]
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17, 28, 33, 51]


def close(instruction, layout, dtype, zeros=0.0):
    """The machine and NumPy agree. zeros: the part of the numbers that are 0."""
    arena = layout.arena(dtype)
    arena[np.random.default_rng(1).random(len(arena)) < zeros] = 0
    agree([instruction], arena, rel=1e-13 if dtype is np.float64 else 1e-4)


def matrix(layout, m, k):
    """An operand of shape (m, k) in either order: its offset and its two strides."""
    if layout.draw.random() < 0.5:
        return (*layout.operand(1, m, k)[0::2], 1)
    offset, _, stride = layout.operand(1, k, m)
    return offset, 1, stride


@DTYPES
@pytest.mark.parametrize("opcode", ALONG_J)
def test_products_along_j(opcode, dtype):
    for seed in range(count(200, quick=25)):
        layout = Layout(seed)
        draw = layout.draw
        m, k, j = (draw.choice(SIZES) for _ in range(3))
        if seed % 8 == 0:
            k = 700  # more than a sparse product looks through at once
        a, a0, a1 = matrix(layout, m, k)
        b, _, b0 = layout.operand(1, k, j)
        dst, _, dst0 = layout.operand(1, m, j)
        c, _, dst1 = layout.operand(1, m, j)
        flags = draw.choice((0, Flag.ACCUMULATE, Flag.START, Flag.START | Flag.C_BROADCAST))
        fields = {"a": a, "a0": a0, "a1": a1, "b": b, "b0": b0, "dst": dst, "dst0": dst0}
        instruction = line(opcode, n0=m, n1=k, n=j, c=c, dst1=dst1, flags=flags, **fields)
        close(instruction, layout, dtype, draw.choice((0.0, 0.9, 1.0)))


@DTYPES
@pytest.mark.parametrize("along_k", [True, False])
@pytest.mark.parametrize("bad", [0.0, np.inf, -np.inf, np.nan])
def test_sparse_products_are_plain_products(along_k, bad, dtype):
    """0 times infinity is nan, also where zeros are passed over."""
    m, k, j = 130, 70, 21
    draw = np.random.default_rng(0)
    a = draw.normal(size=(m, k)) * (draw.random((m, k)) < 0.05)
    a[7] = 0
    b = draw.normal(size=(k, j))
    b[3, 20] = bad
    c = draw.normal(size=(m, j))
    order = "C" if along_k else "F"
    arena = np.concatenate([a.ravel(order), b.ravel(), c.ravel()]).astype(dtype)
    a0, a1 = (k, 1) if along_k else (1, m)
    fields = {"a0": a0, "a1": a1, "b": m * k, "b0": j, "dst": m * k + k * j, "dst0": j}
    for flags in 0, Flag.ACCUMULATE:
        found, expected = arena.copy(), arena.copy()
        for opcode, of in (Opcode.PRODUCT_SPARSE, found), (Opcode.PRODUCT, expected):
            run([line(opcode, n0=m, n1=k, n=j, flags=flags, **fields)], of)
        np.testing.assert_array_equal(found, expected)
        assert np.isnan(found).any() == (bad != 0)


@DTYPES
def test_products_along_k(dtype):
    for seed in range(count(200, quick=25)):
        layout = Layout(seed)
        m, j, k = (layout.draw.choice(SIZES) for _ in range(3))
        a, _, a0 = layout.operand(1, m, k)
        b, _, b0 = layout.operand(1, j, k)
        dst, dst0, dst1 = matrix(layout, m, j)
        flags = layout.draw.choice((0, Flag.ACCUMULATE))
        fields = {"a": a, "a0": a0, "b": b, "b0": b0, "dst": dst, "dst0": dst0, "dst1": dst1}
        instruction = line(Opcode.PRODUCT_INNER, n0=m, n1=j, n=k, flags=flags, **fields)
        close(instruction, layout, dtype)


@DTYPES
def test_products_of_rows(dtype):
    for seed in range(count(200, quick=25)):
        layout = Layout(seed)
        draw = layout.draw
        m, j, v = (draw.choice(SIZES[:10]) for _ in range(3))
        k = draw.choice((1, 2, 5, 11))
        a, a0, a1 = layout.operand(m, k, v)
        b, b0, b1 = layout.operand(j, k, v)
        dst, dst0, dst1 = layout.operand(m, j, v)
        flags = draw.choice((0, Flag.ACCUMULATE))
        flags |= draw.choice((0, 0, Flag.A_BROADCAST, Flag.B_BROADCAST))
        fields = {"a": a, "a0": a0, "a1": a1, "b": b, "b0": b0, "b1": b1, "c": k}
        fields |= {"dst": dst, "dst0": dst0, "dst1": dst1}
        instruction = line(Opcode.PRODUCT_ROWS, n0=m, n1=j, n=v, flags=flags, **fields)
        close(instruction, layout, dtype)
