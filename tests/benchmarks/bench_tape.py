"""The tape machine on graphs without structure: python -m pytest tests/benchmarks/bench_tape.py

Forward and backward of one row on one core, nanoseconds per node, and the set-up. Each task is
checked against ``Value.backward`` before it is timed.
"""

import random
import time

import numpy as np
import pytest

from autograd import Value, ops
from autograd.compiler.stages.trace import trace_value
from autograd.compiler.tape.tape import Tape


def chains(leaf, mixed):
    """500 chains of 200: v = v * w and v = v + u, by turns or at random; summed."""
    draw = random.Random(0)
    ends = []
    for c in range(500):
        v = Value(draw.uniform(-1, 1))
        for j in range(200):
            multiply = draw.random() < 0.5 if mixed else j % 2 == 0
            other = leaf(c, multiply)
            v = v * other if multiply else v + other
        ends.append(v)
    return ops.sum(ends)


def own_leaf(c, multiply):
    return Value(1 + c / 1e5 if multiply else 0.01)


def leaf_of_chain():
    leaves = [(Value(0.01), Value(1 + c / 1e5)) for c in range(500)]
    return lambda c, multiply: leaves[c][multiply]


def chain(n):
    v, w, u = Value(0.3), Value(1.5), Value(0.1)
    for j in range(n):
        v = v * w if j % 3 == 0 else v + u if j % 3 == 1 else v.tanh()
    return v


TASKS = {
    "500 chains by turns, a leaf each": (lambda: chains(own_leaf, False), 100_000),
    "500 chains at random, a leaf each": (lambda: chains(own_leaf, True), 100_000),
    "500 chains by turns, two leaves a chain": (lambda: chains(leaf_of_chain(), False), 100_000),
    "500 chains at random, two leaves a chain": (lambda: chains(leaf_of_chain(), True), 100_000),
    "a chain of 10,000": (lambda: chain(10_000), 10_000),
    "a chain of 1,000,000": (lambda: chain(1_000_000), 1_000_000),
}


@pytest.mark.parametrize("task", TASKS)
def bench_forward_and_backward(benchmark, task):
    record, nodes = TASKS[task]
    output = record()
    trace = trace_value(output)
    start = time.perf_counter()
    tape = Tape.of(trace)
    setting_up = time.perf_counter() - start
    values, adjoints, last = tape.recorded(), np.empty(len(tape)), len(trace) - 1

    tape.forward(values)
    tape.backward(values, last, adjoints)
    output.backward()
    expected = np.array([p.grad for p in trace.parameters])
    found = adjoints[tape.place[trace.parameter_nodes]]
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()

    def forward_and_backward():
        tape.forward(values)
        tape.backward(values, last, adjoints)

    benchmark.pedantic(forward_and_backward, rounds=25, warmup_rounds=3)
    benchmark.extra_info["set up, ns a node"] = round(setting_up / nodes * 1e9)
    if benchmark.stats is not None:  # None under --benchmark-disable
        benchmark.extra_info["ns a node"] = round(benchmark.stats.stats.median / nodes * 1e9, 2)
