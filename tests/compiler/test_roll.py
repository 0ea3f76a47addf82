"""Recurrences become loops, which give the numbers that the instructions one by one give."""

import random

import numpy as np
import pytest

from autograd import Value, compile, sin, tanh
from autograd.compiler.program import Loop, every
from autograd.compiler.recording.record import record
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.loops.roll import roll
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording
from tests.compiler import recurrences
from tests.reference import check, load, run

ROWS = 2

# What the interpreter of tests runs in a moment.
SHORT = {
    "rnn": (5, 2, 3),
    "lstm": (6, 1, 2),
    "gru": (6, 1, 2),
    "labelled": (6, 1, 2),
    "two layers": (6, 1, 2),
    "bidirectional": (6, 1, 2),
    "reversed": (6, 1, 2),
    "encoder and decoder": (6, 1, 2),
    "nested": (5, 5, 2),
    "pendulum": (7,),
    "spring": (7,),
    "n-body": (7, 2),
    "neural ODE": (6, 1, 2),
    "Kalman": (7,),
    "hidden Markov": (6, 2),
    "tower": (6, False, 3, 2),
    "tower of one block": (6, True, 3, 2),
    "alternating": (8, 2),
    "ragged": ((5, 6),),
    "heat": (6, 4),
    "guarded": (7,),
    "lagged": (8,),
}


def unrolled(function, n):
    stream = random.Random(1)
    trace = trace_recording(record(function, [[stream.gauss(0, 1) for _ in range(n)]]))
    return check(layout(contract(pack(trace))))


def numbers(program, x, theta):
    """The results, the failures, and the gradients by parameters and by inputs."""
    values = run(program, [x], theta)
    found = [load(program.outputs, values, len(x))]
    if program.failures is not None:
        found.append(load(program.failures, values, len(x)))
    by_parameters = np.zeros(len(theta))
    for block in program.blocks:
        if (v := program.gradients.get(block.array)) is not None:
            by_parameters[block.lanes.reshape(-1)] = load(v, values, len(x)).reshape(-1)
    by_inputs = [load(program.gradients[a], values, len(x)) for a in program.arguments]
    return [*found, by_parameters, *by_inputs]


@pytest.mark.parametrize("name", SHORT)
def test_a_loop_computes_what_its_steps_compute(name):
    function, n = recurrences.RECURRENCES[name][0](*SHORT[name])
    steps = unrolled(function, n)
    loops = check(roll(steps))
    x = np.random.default_rng(0).normal(size=(ROWS, n))
    theta = np.array([p.data for p in steps.parameters])
    expected = numbers(check(differentiate(steps, arguments=True)), x, theta)
    found = numbers(check(differentiate(loops, arguments=True)), x, theta)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(np.broadcast_to(b, a.shape), a, rtol=1e-12, atol=1e-14)


# Instructions with those in loops: of the results, and with gradients by the parameters. Some of
# them are there for the numbers of plain Python, all outside of loops. The weights of a state that
# begins at 0 have a gradient there: 0, or nan where it meets an infinity. And a sum adds its terms
# in the order in which they are written, and not those of one kind first.
QUICK = ("gru", "two layers", "alternating", "hidden Markov", "tower", "guarded", "lagged")
MOST = {
    "rnn": (12, 30),
    "lstm": (23, 70),
    "gru": (30, 79),
    "labelled": (36, 60),
    "two layers": (20, 53),
    "bidirectional": (12, 28),
    "reversed": (12, 28),
    "encoder and decoder": (40, 70),
    "nested": (10, 30),
    "pendulum": (30, 75),
    "spring": (35, 85),
    "n-body": (35, 75),
    "neural ODE": (51, 120),
    "Kalman": (42, 130),
    "hidden Markov": (20, 50),
    "tower": (13, 30),
    "tower of one block": (13, 32),
    "alternating": (8, 18),
    "guarded": (12, 23),
    "lagged": (12, 33),
}


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in MOST]
)
def test_recurrences_are_tens_of_instructions(name):
    program = roll(unrolled(*recurrences.made(name)))
    assert len(program) <= MOST[name][0]
    assert len(differentiate(program)) <= MOST[name][1]


def kinds(program):
    return [(type(i), getattr(i, "op", None)) for i in every(program.instructions)]


@pytest.mark.parametrize(
    ("maker", "short", "long"),
    [
        (recurrences.rnn, (5,), (30,)),
        (recurrences.labelled, (7,), (12,)),
        pytest.param(recurrences.rnn, (5,), (500,), marks=pytest.mark.slow),
        pytest.param(recurrences.lstm, (6,), (50,), marks=pytest.mark.slow),
        pytest.param(recurrences.pendulum, (8,), (100,), marks=pytest.mark.slow),
        pytest.param(recurrences.tower, (20,), (200,), marks=pytest.mark.slow),
    ],
)
def test_the_instructions_do_not_grow_with_the_length(maker, short, long):
    programs = [differentiate(roll(unrolled(*maker(*n)))) for n in (short, long)]
    assert kinds(programs[0]) == kinds(programs[1])


def test_a_loop_in_a_loop():
    program = roll(unrolled(*recurrences.nested(10, 6)))
    (outer,) = (i for i in program.instructions if isinstance(i, Loop))
    (inner,) = (i for i in outer.body if isinstance(i, Loop))
    assert (outer.count, inner.count) == (10, 6)


def test_a_state_that_two_read_is_carried_once():
    def outer(x):
        h = x
        for _ in range(8):
            u, v = tanh(h[0]), [sin(a) for a in h]
            h = [u * b for b in v]
        return h

    (loop,) = [i for i in roll(unrolled(outer, 2)).instructions if isinstance(i, Loop)]
    assert len(loop.carried) == 1


def test_steps_that_need_no_other_step_stand_outside_the_loop():
    program = roll(unrolled(*recurrences.labelled(20)))
    (loop,) = (i for i in program.instructions if isinstance(i, Loop))
    assert len(loop.body) == 3  # of the state; the outputs of all steps are one product


def test_what_is_the_same_for_all_rows_has_a_loop_of_its_own():
    """The variance of a Kalman filter depends on no row; its mean does."""
    start, q, r = Value(0.1), Value(0.2), Value(0.5)

    def filtered(x):
        mean, variance, loss = start, Value(1.0), 0.0
        for z in x:
            variance = variance + q
            gain = variance / (variance + r)
            loss = loss + (variance + r).log() + (z - mean) ** 2 / (variance + r)
            mean, variance = mean + gain * (z - mean), (1 - gain) * variance
        return loss

    program = compile(filtered)
    x = np.random.default_rng(0).normal(size=(9, 20))
    _, gradient = program.value_and_grad(x)
    (sum(filtered(row) for row in x.tolist()) / 9).backward()
    assert gradient == pytest.approx([p.grad for p in program.parameters], rel=1e-12)
    loops = [line for line in program.source.splitlines() if "for t in" in line]
    assert len(loops) == 4  # two forward, two backward
    assert program.backend == "machine"


def test_blocks_of_rows_of_two_sizes():
    """An adjoint of constants alone has rows too, and stands elsewhere in a smaller block."""
    function, n = recurrences.labelled(20)
    x = np.random.default_rng(0).normal(size=(997, n))
    machine, plain = (
        compile(function, backend=b).value_and_grad(x)[1] for b in ("machine", "numpy")
    )
    np.testing.assert_allclose(machine, plain, rtol=1e-11)


@pytest.mark.parametrize("rows", [9, 17, 73, 1025])
def test_a_smaller_block_finds_no_numbers_of_the_one_before(rows):
    def squares(x):
        if x[0] > 0.3:  # the rows are run in parts
            return x[0] * x[0] + x[1] * x[1] * 3.0
        return x[0] * x[0] + x[1] * x[1]

    x = np.random.default_rng(1).normal(size=(rows, 2))
    _, gradient = compile(squares).value_and_grad(x, wrt="inputs", reduction="sum")
    factors = np.where(x[:, :1] > 0.3, [[2.0, 6.0]], [[2.0, 2.0]])
    np.testing.assert_array_equal(gradient, factors * x)
