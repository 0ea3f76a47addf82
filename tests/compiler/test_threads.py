"""A function is recorded in one thread; what other threads compute meanwhile stays exact."""

import math
import sys
import threading

import pytest

from autograd import Value, dot, exp, grad, jit
from autograd.compiler.recording.record import record
from autograd.compiler.stages.trace import trace_recording
from nn import MLP, half_squared_error
from tests.counts import count

X, T = [0.3, -0.7], [0.5]


@pytest.fixture
def often_switching():
    """Threads take turns after a few operations, not after 5 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.unmeasured
def test_three_threads_compute_while_a_fourth_records(often_switching):
    model = MLP(2, [4, 1], seed=1)  # shared by all

    def eager():
        x, y = Value(0.5), Value(2.0)
        z = (x * y).tanh() + x.exp() / y - 3 * x + dot([x, y], [y, x], 1.0)
        z.backward()
        loss = half_squared_error(model(X), T)
        loss.backward()  # other threads reach the same parameters at the same time
        numbers = [d.data for d in grad(loss, model.parameters())]
        return [z.data, x.grad, y.grad, x < y, x == 0.5, loss.data, loss.detach().data, *numbers]

    expected = eager()
    first = record(lambda x: half_squared_error(model(x), T), [X])
    parameters, nodes = [id(p) for p in first.parameters], len(trace_recording(first))
    assert len(parameters) == 17
    done = threading.Event()
    wrong, turns = [], [0, 0, 0]

    def compute(place):
        while not done.is_set():
            turns[place] += 1
            try:
                if (found := eager()) != expected:
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=compute, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(count(300, quick=100)):
            recording = record(lambda x: half_squared_error(model(x), T), [X])
            assert [id(p) for p in recording.parameters] == parameters
            assert len(trace_recording(recording)) == nodes
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong[:3]
    assert min(turns) > 0
    assert jit(lambda x: model(x), backend="numpy")([X]) == pytest.approx(model(X).data, rel=1e-14)


@pytest.mark.parametrize("infinite", [False, True])
def test_threads_that_call_one_compiled_function_first_record_it_once(often_switching, infinite):
    """Each branch once, so that each parameter has one place; and the careful form once, which an
    infinite number needs."""
    u, v, w = Value(0.5), Value(2.0), Value(3.0)
    rows = [[1.0, 2.0, 0.0], [-1.0, 4.0, 800.0 if infinite else 0.0]]

    def function(x):
        powers = [exp(a * b) for a, b in zip(x[1:], [u, v])]
        y = powers[0] if x[0] > 0 else powers[0] * w
        return y if powers[1] > -1 else powers[1]

    for _ in range(count(50, quick=10)):
        program, found = jit(function, backend="numpy"), []
        together = threading.Barrier(4)

        def call(program=program, found=found, together=together):
            together.wait()
            found.append(program.value_and_grad(rows, reduction="sum"))

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(program._recordings.of((3,))) == 2
        assert program.parameters == [u, v, w]
        for value, gradient in found:
            assert value == pytest.approx(math.exp(1) + 3 * math.exp(2))
            slopes = [2 * math.exp(1) + 12 * math.exp(2), 0.0, math.exp(2)]
            assert gradient.tolist() == pytest.approx(slopes)
        assert len(found) == 4
