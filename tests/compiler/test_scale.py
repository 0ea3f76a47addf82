"""Memory of the stages of the compiler, by node of the graph."""

import random
import tracemalloc

import pytest

from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_value
from nn import MLP, half_squared_error


def samples(count):
    stream = random.Random(1)
    model = MLP(2, [16, 16, 1], output_activation=None, seed=1)
    total = 0.0
    for _ in range(count):
        side = stream.choice([-1, 1])
        score = model([stream.gauss(side, 1), stream.gauss(0, 1)])
        total = total + (1 - side * score).relu()
    return total / count + 1e-3 * sum(p * p for p in model.parameters())


def wide(width):
    model = MLP(84, [width, 28], seed=1)
    return half_squared_error(model([0.1] * 84), [0.0] * 28)


@pytest.mark.slow
@pytest.mark.parametrize("graph", [lambda: samples(320), lambda: wide(600)], ids=["long", "wide"])
def test_finding_matrices_takes_at_most_150_bytes_a_node_at_its_peak(graph):
    differentiate(
        layout(contract(pack(trace_value(samples(1)))))
    )  # load what is imported at first use
    output = graph()
    tracemalloc.start()
    try:
        trace = trace_value(output)
        program = differentiate(layout(contract(pack(trace))))
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(trace) > 100_000
    assert peak < 150 * len(trace)
    assert left < 70 * len(trace)
    assert program.products()
