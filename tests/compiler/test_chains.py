"""A user's operations in graphs without structure: long chains."""

import math

import numpy as np
import pytest

import autograd
from autograd import Op, Value, compile, maximum, sigmoid
from autograd.ops import step
from nn import SGD, fit

LONG = 3000

OPS = {
    "composed": Op(
        "swish",
        lambda x: x * sigmoid(x),
        lambda y, x: (y + sigmoid(x) * (1 - y),),
        registered=False,
    ),
    "with a number": Op(
        "leaky",
        lambda x: maximum(x, 0.3 * x),
        lambda y, x: (0.3 + (1 - 0.3) * step(x),),
        registered=False,
    ),
    # Its rule is not the derivative of its forward, and the rule is what counts.
    "straight through": Op(
        "clamp",
        lambda x: maximum(-0.5, autograd.minimum(x, 0.5)),
        lambda y, x: (1.0,),
        registered=False,
    ),
    "two inputs": Op(
        "distance",
        lambda a, b: autograd.sqrt(a * a + b * b),
        lambda y, a, b: (a / y, b / y),
        arity=2,
        registered=False,
    ),
    "any number": Op(
        "norm",
        lambda xs: autograd.sqrt(autograd.sum([x * x for x in xs])),
        lambda y, xs: tuple(x / y for x in xs),
        arity=None,
        registered=False,
    ),
    "opaque": Op(
        "own_erf",
        math.erf,
        lambda y, x: (2 / math.sqrt(math.pi) * autograd.exp(-x * x),),
        registered=False,
    ),
    "an if, in the rule too": Op(
        "bend",
        lambda x: x if x > 0 else x / 4,
        lambda y, x: (1.0 if x > 0 else 0.25,),
        registered=False,
    ),
}


def chain(op, x, w, n=300):
    """n steps that neither grow nor vanish."""
    for i in range(n):
        stays = x * 0.9 + w * (0.1 if i % 3 else -0.2)
        if op.arity == 1:
            x = stays + 0.05 * op(x)
        else:
            x = stays + 0.05 * (op(x, w) if op.arity == 2 else op(x, w, x + 1.0))
    return x


@pytest.mark.slow
@pytest.mark.parametrize("name", OPS)
def test_a_graph_is_what_backward_makes_of_it(name):
    x, w = Value(0.7), Value(-1.1)
    y = chain(OPS[name], x, w, LONG)
    program = compile(y, parameters=[x, w])
    value, gradient = program.value_and_grad()
    y.backward()
    assert value == program() == pytest.approx(y.data, rel=1e-12)
    assert gradient == pytest.approx([x.grad, w.grad], rel=1e-9)
    w.data = 0.4  # and other numbers
    again = chain(OPS[name], x, w, LONG)
    value, gradient = program.value_and_grad()
    x.grad = w.grad = 0.0
    again.backward()
    assert value == pytest.approx(again.data, rel=1e-12)
    assert gradient == pytest.approx([x.grad, w.grad], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_a_function_of_rows(name, backend):
    if backend == "machine":
        pytest.importorskip("llvmlite")
    w = Value(-1.1)
    program = compile(lambda x: chain(OPS[name], x, w), backend=backend)
    X = np.array([0.7, -0.3, 0.05])
    values, (mean, by_w), (_, by_x) = (
        program(X),
        program.value_and_grad(X),
        program.value_and_grad(X, wrt="inputs"),
    )
    w.grad = 0.0
    inputs = [Value(x) for x in X]
    ys = [chain(OPS[name], x, w) for x in inputs]
    (autograd.sum(ys) / 3).backward()
    assert values == pytest.approx([y.data for y in ys], rel=1e-12)
    assert mean == pytest.approx(np.mean(values), rel=1e-12)
    assert by_w == pytest.approx([w.grad], rel=1e-9)
    assert by_x == pytest.approx([x.grad for x in inputs], rel=1e-9)


@pytest.mark.slow
def test_a_chain_with_branches_knows_when_another_path_is_taken():
    def function(x):
        for _ in range(300):
            x = x * 0.999 + 0.001 * OPS["opaque"](x) if x < 0.5 else x * 0.998
        return x

    X = np.array([0.2, 0.9, 0.3])
    program = compile(function)
    assert program(X) == pytest.approx([function(Value(x)).data for x in X], rel=1e-12)
    inputs = [Value(x) for x in X]
    for x in inputs:
        function(x).backward()
    _, gradient = program.value_and_grad(X, wrt="inputs", reduction="sum")
    assert gradient == pytest.approx([x.grad for x in inputs], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["composed", "opaque", "no operation of a user"])
def test_a_chain_trains(name):
    op = OPS.get(name, autograd.ops.tanh)
    X, T = [[0.3], [-0.4], [0.1], [0.6]], [[0.2], [0.1], [0.0], [-0.3]]

    def train(compile):
        w = Value(0.5)
        history = fit(
            lambda x, t: (chain(op, x[0], w) - t[0]) ** 2, X, T, SGD([w], lr=0.05),
            epochs=2, batch_size=2, progress=False, compile=compile,
        )  # fmt: skip
        return [w.data, *history.losses], history.how

    (found, how), (expected, other) = train(True), train(False)
    assert found == pytest.approx(expected, rel=1e-9)
    assert how != other
