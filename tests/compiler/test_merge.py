"""One node for one computation: what a program repeats is computed once."""

import math
import random
import struct

import numpy as np
import pytest

from autograd import Value, compile, exp, maximum, sin, tanh
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_value


def leaves(*shape):
    stream = random.Random(len(shape))
    if len(shape) == 1:
        return [Value(stream.gauss(0, 1)) for _ in range(shape[0])]
    return [[Value(stream.gauss(0, 1)) for _ in range(shape[1])] for _ in range(shape[0])]


def product(a, b):
    return sum(x * y for x, y in zip(a, b))


def agrees_with_eager(function, width, rows=3):
    program = compile(function, backend="numpy")
    stream = random.Random(5)
    table = [[stream.gauss(0, 1) for _ in range(width)] for _ in range(rows)]
    value, gradient = program.value_and_grad(table, reduction="sum")
    for p in program.parameters:
        p.grad = 0.0
    total = sum(function([Value(x) for x in row]) for row in table)
    total.backward()
    assert math.isclose(value, total.data, rel_tol=1e-13)
    np.testing.assert_allclose(gradient, [p.grad for p in program.parameters], 1e-12, 1e-12)
    return program


def test_a_hidden_layer_repeated_in_a_comprehension_is_the_hoisted_one():
    w, v = leaves(6, 4), leaves(3, 6)

    def repeated(x):
        y = [product(row, [tanh(product(column, x)) for column in w]) for row in v]
        return sum(z * z for z in y)

    def hoisted(x):
        hidden = [tanh(product(column, x)) for column in w]
        return sum(z * z for z in (product(row, hidden) for row in v))

    programs = [agrees_with_eager(f, 4) for f in (repeated, hoisted)]
    assert programs[0].stages == programs[1].stages


def test_layer_norm_with_the_difference_written_twice():
    gain, shift = leaves(16), leaves(16)

    def norm(x):
        mean = sum(x) / 16
        spread = sum((a - mean) ** 2 for a in x) / 16
        return sum(
            (g * (a - mean) / (spread + 1e-5) ** 0.5 + s) ** 2 for a, g, s in zip(x, gain, shift)
        )

    program = agrees_with_eager(norm, 16)
    assert "32" not in program.stages["pack"]
    assert "np.add.at" not in program.source


def test_a_node_that_was_merged_gets_the_gradient_of_every_use():
    a, b = Value(0.7), Value(-0.3)

    def f(x):
        return sin(a * x[0] + b) * exp(a * x[0] + b) + (b + x[0] * a) ** 3

    program = agrees_with_eager(f, 1)
    assert program.stages["trace"].count("mul(") == 2  # a * x, and the product of sin and exp
    assert program.stages["trace"].count("add(") == 2


@pytest.mark.parametrize("op", [lambda a, b: a - b, lambda a, b: a / b, maximum])
def test_the_order_of_inputs_counts_where_the_bits_may_differ(op):
    a, b = Value(0.0), Value(-0.0)
    trace = trace_value(exp(op(a, b)) * sin(op(b, a)))
    assert [trace.ops[code].name for code in trace.codes if code >= 0].count("mul") == 1
    assert len(trace) == 2 + 2 + 2 + 1


def test_constants_are_the_same_by_their_bits():
    x = Value(2.0)
    quiet, other = math.nan, struct.unpack("d", struct.pack("q", 0x7FF8000000000001))[0]

    def distinct(*numbers):
        parts = [sin(x * number) for number in numbers]
        root = parts[0]
        for part in parts[1:]:
            root = maximum(root, part)
        trace = trace_value(root, [x])
        return [trace.ops[code].name for code in trace.codes if code >= 0].count("sin")

    assert distinct(0.5, 0.5) == 1
    assert distinct(0.0, -0.0) == 2
    assert distinct(quiet, quiet, other) == 2
    assert distinct(1e-300, 1e-301) == 2


def test_leaves_that_the_user_made_are_distinct_whatever_their_numbers():
    a, b = Value(3.0), Value(3.0)
    program = compile(tanh(a) * tanh(b), backend="numpy")
    assert program.stages["trace"].count("tanh(") == 2
    _, gradient = program.value_and_grad()
    assert len(gradient) == 2
    assert math.isclose(gradient[0], math.tanh(3) / math.cosh(3) ** 2, rel_tol=1e-13)


def test_rows_of_data_that_begin_alike_are_still_a_product():
    w, b = leaves(5, 6), leaves(5)
    table = [[Value(float(bit)) for bit in f"{k:06b}"] for k in range(41)]
    table.append(table[0])
    total = 0.0
    for row in table:
        for weights, bias in zip(w, b):
            z = bias
            for weight, x in zip(weights, row):
                z = z + weight * x
            total = total + tanh(z)
    parameters = [p for row in w for p in row] + b
    program = differentiate(layout(contract(pack(trace_value(total, parameters)))))
    assert [p.shape for p in program.products()[0].operands] == [(5, 6), (41, 6)]
    assert len(program.products()) == 2
    total.backward()
    value, gradient = compile(total, parameters=parameters, backend="numpy").value_and_grad()
    assert math.isclose(value, total.data, rel_tol=1e-13)
    np.testing.assert_allclose(gradient, [p.grad for p in parameters], 1e-12)


def test_random_graphs_with_repetitions():
    stream = random.Random(3)
    parameters = leaves(4)

    def grown(x):
        choices = random.Random(seed)
        known = [*x, *parameters, *(0.5, 0.5, 2.0)]
        for _ in range(30):
            a, b = choices.choice(known), choices.choice(known)
            new = choices.choice([lambda: a + b, lambda: b * a, lambda: a - b])()
            known += [new, a + b if choices.random() < 0.3 else b * a]
        ends = known[-6:]
        return sum((tanh(v * x[0]) for v in ends), x[0] * parameters[0])

    for _ in range(15):
        seed = stream.random()
        agrees_with_eager(grown, 3)


def test_a_guard_that_is_asked_twice_counts_once():
    def f(x):
        return x[0] * 2 if x[0] > 1 and x[0] > 1 else x[0] * 3

    program = compile(f, backend="numpy")
    assert program([[2.0], [0.5]]).tolist() == [4.0, 1.5]
