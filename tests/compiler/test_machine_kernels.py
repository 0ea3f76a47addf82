"""The kernels of the machine: each opcode does what the interpreter in NumPy does."""

import random

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.machine import build  # noqa: E402
from autograd.compiler.machine.kernels.module import KERNELS  # noqa: E402
from autograd.compiler.machine.opcodes import Flag, Opcode  # noqa: E402
from tests.compiler import table_interpreter  # noqa: E402
from tests.compiler.test_machine_table import line  # noqa: E402
from tests.counts import count  # noqa: E402

MAPS = [o for o in KERNELS if Opcode.ADD <= o <= Opcode.UNLESS_NOT_EQUAL or o is Opcode.COPY]
FUSED = [Opcode.MUL_ADD, Opcode.MUL_SUB, Opcode.TANH_SECH2, Opcode.SIGMOID_SLOPE]
REDUCTIONS = [o for o in KERNELS if Opcode.SUM <= o <= Opcode.SUM_IN_ORDER]
SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33]


def run(table, arena, ints=()):
    """Run a table on the machine, in place."""
    table = np.array([*table, line(Opcode.STOP)], np.int32)
    ints = np.array(ints, np.int32)
    build.machine(arena.itemsize).run(table.ctypes.data, arena.ctypes.data, ints.ctypes.data)


def agree(table, arena, ints=(), rel=2e-15):
    """Run it on the machine and in NumPy: all numbers of the arena must be the same, or nearly."""
    expected = arena.astype(np.float64)
    table_interpreter.run(np.array(table, np.int32), expected, np.array(ints, np.int32))
    run(table, arena, ints)
    np.testing.assert_allclose(arena, expected, rtol=rel, atol=rel)


class Layout:
    """Operands of random strides that do not overlap, in one arena."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.size = 3

    def operand(self, n0, n1, inner=1):
        """An offset and two strides; gaps lie between the rows. inner: the places of a row."""
        gap = self.draw.choice((0, 0, 1, 5))
        second = inner + gap
        first = n1 * second + self.draw.choice((0, 2))
        offset = self.size
        self.size += n0 * first + self.draw.choice((0, 3))
        return offset, first, second

    def arena(self, dtype=np.float64, low=-3.0, high=3.0):
        numbers = np.random.default_rng(self.draw.randrange(1000)).uniform(low, high, self.size + 4)
        return numbers.astype(dtype)


def map_case(opcode, seed):
    """A line with random sizes, strides and flags, and the layout."""
    layout = Layout(seed)
    draw = layout.draw
    n0, n1, n = draw.choice((1, 1, 2, 3)), draw.choice((1, 1, 2, 5)), draw.choice(SIZES)
    flags = Flag(draw.choice((0, 0, 1, 2, 3))) if opcode not in table_interpreter.FUSED[2:] else 0
    fields = {"n0": n0, "n1": n1, "n": n}
    fields.update(zip(("dst", "dst0", "dst1"), layout.operand(n0, n1, n)))
    fields.update(zip(("a", "a0", "a1"), layout.operand(n0, n1, n)))
    fields.update(zip(("b", "b0", "b1"), layout.operand(n0, n1, n)))
    if opcode in table_interpreter.FUSED:
        fields["c"] = layout.size
        layout.size += n0 * fields["dst0"] + n
        if opcode in table_interpreter.FUSED[:2]:
            flags |= Flag(draw.choice((0, Flag.C_BROADCAST)))
    return line(opcode, flags=flags, **fields), layout


@pytest.mark.parametrize("opcode", [*MAPS, *FUSED], ids=lambda o: o.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_maps_of_random_shapes(opcode, dtype):
    low = 0.1 if opcode in (Opcode.LOG, Opcode.LOG1P, Opcode.SQRT, Opcode.POW) else -3.0
    for seed in range(count(60, quick=3)):
        instruction, layout = map_case(opcode, seed)
        rel = 2e-15 if dtype is np.float64 else 2e-6
        agree([instruction], layout.arena(dtype, low), rel=rel)


@pytest.mark.parametrize("opcode", REDUCTIONS, ids=lambda o: o.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_reductions_of_random_shapes(opcode, dtype):
    inner = opcode >= Opcode.SUM_INNER
    for seed in range(count(60, quick=4)):
        layout = Layout(seed)
        draw = layout.draw
        n0, n1, n = draw.choice((1, 2, 3)), draw.choice((1, 2, 5, 11)), draw.choice(SIZES)
        fields = {"n0": n0, "n1": n1, "n": n}
        to = layout.operand(n0, n1) if inner else layout.operand(n0, n)
        fields.update(zip(("dst", "dst0", "dst1"), to))
        if not inner:
            fields["dst1"] = 7  # counts for nothing
        fields.update(zip(("a", "a0", "a1"), layout.operand(n0, n1, n)))
        flags = Flag(draw.choice((0, 0, Flag.A_BROADCAST)))
        if opcode in (Opcode.SUM, Opcode.SUM_INNER, Opcode.SUM_IN_ORDER):
            flags |= Flag(draw.choice((0, Flag.ACCUMULATE)))
        if opcode in (Opcode.SUM, Opcode.SUM_IN_ORDER):
            flags |= Flag(draw.choice((0, Flag.FIRST)))
        rel = 1e-14 if dtype is np.float64 else 4e-6
        agree([line(opcode, flags=flags, **fields)], layout.arena(dtype), rel=rel)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_copies_with_inner_strides(dtype):
    for seed in range(20):
        layout = Layout(seed)
        n0, n1, n = (layout.draw.choice((1, 2, 5)) for _ in range(3))
        to_step, from_step = layout.draw.choice((1, 3)), layout.draw.choice((-2, 0, 1, 4))
        dst = layout.operand(n0, n1, to_step * n)
        a, a0, a1 = layout.operand(n0, n1, max(1, abs(from_step)) * n)
        a += 2 * (n - 1) if from_step < 0 else 0
        fields = dict(zip(("dst", "dst0", "dst1"), dst), a=a, a0=a0, a1=a1, b=from_step, c=to_step)
        layout.size += 2 * n
        agree([line(Opcode.COPY_STRIDED, n0=n0, n1=n1, n=n, **fields)], layout.arena(dtype))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("of_dst", [False, True])
def test_copies_that_exchange_rows_and_columns(of_dst, dtype):
    """Along one of the last axes dst has no gaps, along the other a has none."""
    for seed in range(20):
        layout = Layout(seed)
        n0, n1, n = (layout.draw.choice(sizes) for sizes in ((1, 3), SIZES, SIZES))
        spread, spread0, spread_step = layout.operand(n0, n, n1)
        close, close0, close_step = layout.operand(n0, n1, n)
        across = {"x": spread, "x0": spread0, "x1": 1, "inner": spread_step}
        along = {"x": close, "x0": close0, "x1": close_step, "inner": 1}
        dst, a = (across, along) if of_dst else (along, across)
        fields = {"dst": dst["x"], "dst0": dst["x0"], "dst1": dst["x1"], "c": dst["inner"]}
        fields |= {"a": a["x"], "a0": a["x0"], "a1": a["x1"], "b": a["inner"]}
        instruction = line(Opcode.COPY_STRIDED, n0=n0, n1=n1, n=n, **fields)
        agree([instruction], layout.arena(dtype), rel=0)


@pytest.mark.parametrize("opcode", [Opcode.GATHER, Opcode.SCATTER_ADD])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_by_index(opcode, dtype):
    for seed in range(20):
        layout = Layout(seed)
        n0, n = layout.draw.choice((1, 2, 9)), layout.draw.choice(SIZES)
        dst, dst0, _ = layout.operand(n0, 1, n)
        a, a0, _ = layout.operand(n0, 1, n)
        ints = [7, *[layout.draw.randrange(n0) for _ in range(n0)]]
        flags = layout.draw.choice((0, Flag.A_BROADCAST))
        fields = {"dst": dst, "dst0": dst0, "a": a, "a0": a0, "c": 1, "flags": flags}
        rel = 2e-15 if dtype is np.float64 else 2e-6
        agree([line(opcode, n0=n0, n=n, **fields)], layout.arena(dtype), ints, rel)


@pytest.mark.parametrize("opcode", [Opcode.TAKE, Opcode.PUT_ADD])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_by_number(opcode, dtype):
    for seed in range(20):
        layout = Layout(seed)
        n0, n1, n = (layout.draw.choice((1, 2, 5)) for _ in range(3))
        fields = {"n0": n0, "n1": n1, "n": n, "c": layout.draw.choice((1, 4))}
        for name in ("dst", "a", "b"):
            places = (name, f"{name}0", f"{name}1")
            fields.update(zip(places, layout.operand(n0, n1, n + 3 * fields["c"])))
        every = (Flag.A_BROADCAST, Flag.B_BROADCAST, Flag.C_BROADCAST)
        flags = Flag(sum(flag for flag in every if layout.draw.random() < 0.4))
        if opcode is Opcode.TAKE:
            flags &= ~Flag.C_BROADCAST
        arena = layout.arena(dtype)
        indices = np.lib.stride_tricks.as_strided(
            arena[fields["b"] :],
            (n0, n1, n),
            [arena.itemsize * k for k in (fields["b0"], fields["b1"], 1)],
        )
        indices[...] = np.random.default_rng(seed).integers(0, 4, indices.shape)
        agree(
            [line(opcode, flags=flags, **fields)], arena, rel=1e-14 if dtype is np.float64 else 2e-6
        )


def test_in_place():
    arena = np.arange(1.0, 20.0)
    fields = {"n": 19, "dst": 0, "a": 0, "b": 0}
    agree([line(Opcode.MUL, **fields), line(Opcode.LOG, **fields)], arena)


def test_nested_loops_move_registers():
    # for i in range(3): for j in range(2): x[4 + 2 * i + j] = x[i] + x[3]
    table = [
        line(Opcode.LOOP, n0=3, n1=2),
        line(Opcode.SET, n0=1, n1=0, dst=4, dst0=2),
        line(Opcode.SET, n0=2, n1=0, dst=0, dst0=1),
        line(Opcode.LOOP, n0=2, n1=1),
        line(Opcode.SET, n0=3, n1=1, dst=0, dst0=1),
        line(Opcode.ADD, registers=3 | 2 << 8, b=3),
        line(Opcode.ENDLOOP, n0=3),
        line(Opcode.ENDLOOP, n0=7),
    ]
    arena = np.array([1.0, 2.0, 3.0, 10.0, *[0.0] * 6])
    run(table, arena)
    assert arena.tolist() == [1, 2, 3, 10, 11, 11, 12, 12, 13, 13]


def test_registers_go_up_to_255_and_steps_back():
    table = [
        line(Opcode.LOOP, n0=3, n1=2),
        line(Opcode.SET, n0=255, n1=0, dst=5, dst0=-1),
        line(Opcode.SET, n0=254, n1=0, dst=0, dst0=1),
        line(Opcode.COPY, registers=255 | 254 << 8),
        line(Opcode.ENDLOOP, n0=4),
    ]
    arena = np.array([1.0, 2.0, 3.0, 0.0, 0.0, 0.0])
    run(table, arena)
    assert arena.tolist() == [1, 2, 3, 3, 2, 1]


def test_each_opcode_has_a_kernel():
    run_loop = {Opcode.STOP, Opcode.LOOP, Opcode.SET, Opcode.ENDLOOP}
    assert set(KERNELS) >= {o for o in Opcode if o < Opcode.PRODUCT} - run_loop
