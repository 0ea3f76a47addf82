"""Programs lowered for the machine, their tables run plainly, against plain backward passes."""

import numpy as np
import pytest

from autograd.compiler.machine.opcodes import Field, Opcode
from autograd.compiler.recording.record import record
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.loops.roll import roll
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording
from autograd.value import Value
from tests.compiler import recurrences, test_roll
from tests.compiler.table_interpreter import Interpreted
from tests.compiler.test_programs import ROWS, Case
from tests.counts import count

PROGRAMS = count(60, quick=12)


@pytest.mark.unmeasured
@pytest.mark.parametrize("input_major", [False, True])
@pytest.mark.parametrize("number", range(PROGRAMS))
def test_random_programs(number, input_major):
    case = Case(number)
    recording = record(case.function, [case.X[0].tolist()])
    theta = np.array([p.data for p in recording.parameters])
    plain = layout(contract(pack(trace_recording(recording)), input_major))
    expected = [case.gradient[p] for p in recording.parameters]

    values, failures = Interpreted(plain).rows(theta, [case.X])
    case.close(values[:, 0], case.values)
    assert failures.shape == (0,)

    by_parameters = Interpreted(differentiate(plain), most=2)  # so that the last block is smaller
    total, _, gradient = by_parameters.gradients(theta, [case.X])
    case.close(total, case.values.sum())
    case.close(gradient, expected)

    by_inputs = Interpreted(differentiate(plain, arguments=True))
    for row in range(ROWS):
        total, (gradient,), _ = by_inputs.gradients(theta, [case.X[row : row + 1]])
        case.close(total, case.values[row])
        case.close(gradient[0], case.by_inputs[row])
    total, (gradient,), _ = by_inputs.gradients(theta, [case.X])
    case.close(gradient, case.by_inputs)


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", test_roll.SHORT)
def test_loops(name):
    function, n = recurrences.RECURRENCES[name][0](*test_roll.SHORT[name])
    steps = test_roll.unrolled(function, n)
    x = np.random.default_rng(0).normal(size=(3, n))
    theta = np.array([p.data for p in steps.parameters])
    *_, by_parameters, by_inputs = test_roll.numbers(differentiate(steps, arguments=True), x, theta)
    loops = roll(steps)
    for rows in slice(0, 3), slice(1, 2):
        executor = Interpreted(differentiate(loops, arguments=True), most=2)
        _, (found,), _ = executor.gradients(theta, [x[rows]])
        np.testing.assert_allclose(found, by_inputs[rows], rtol=1e-12, atol=1e-14)
    executor = Interpreted(differentiate(loops), most=2)
    _, _, found = executor.gradients(theta, [x])
    np.testing.assert_allclose(found, by_parameters, rtol=1e-12, atol=1e-14)


def test_a_function_and_its_slope_are_computed_together():
    def f(x):
        hidden = [(w * x[0] + v * x[1]).tanh() for w, v in weights]
        return sum(hidden[1:], hidden[0]).tanh()

    weights = [[Value(0.3), Value(-0.2)], [Value(0.5), Value(0.1)], [Value(-0.4), Value(0.7)]]
    x = np.random.default_rng(0).normal(size=(5, 2))
    recording = record(f, [x[0].tolist()])
    program = differentiate(layout(contract(pack(trace_recording(recording)))))
    executor = Interpreted(program)
    theta = np.array([p.data for p in recording.parameters])
    total, _, gradient = executor.gradients(theta, [x])
    opcodes = executor.lowered.rows.plain[:, Field.OPCODE].tolist()
    assert opcodes.count(Opcode.TANH_SECH2) == 2
    assert not {Opcode.TANH, Opcode.SECH2} & set(opcodes)
    loss = sum(f(row) for row in x.tolist())
    loss.backward()
    np.testing.assert_allclose(total, loss.data, rtol=1e-14)
    np.testing.assert_allclose(gradient, [p.grad for p in recording.parameters], rtol=1e-13)
