"""In these programs the compiler finds exactly the products that a textbook has."""

import random
from itertools import pairwise

import pytest

import autograd
from autograd import Value, dot
from autograd.compiler.instructions import Collect, Contract
from autograd.compiler.recording.record import record
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.group import Unstructured
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording, trace_value
from nn import MLP, cross_entropy, half_squared_error
from tests.reference import check

pytestmark = pytest.mark.unmeasured


def forward(trace):
    return check(layout(contract(pack(trace))))


def both(trace):
    return check(differentiate(forward(trace)))


def traced(function, *widths):
    stream = random.Random(1)
    return trace_recording(
        record(function, [[stream.gauss(0, 1) for _ in range(n)] for n in widths])
    )


def values(*shape):
    if len(shape) == 1:
        return [Value(random.Random(i).gauss(0, 1)) for i in range(shape[0])]
    return [values(*shape[1:]) for _ in range(shape[0])]


def gathers(program):
    return [v for i in program.instructions for v in gathers_of(i)]


def gathers_of(instruction):
    return [v for v in instruction.operands if v.index is not None]


WIDTHS = [
    [3, 2],
    [2, 3, 4],
    [1, 1],
    [1, 5, 1],
    [4, 1, 3],
    [2, 2, 2, 2, 2],
    [3, 1],
    [6, 5, 4, 3, 2, 1],
]


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_a_network_of_l_layers_is_3l_minus_1_products(widths, bias, activation):
    model = MLP(widths[0], widths[1:], activation=activation, bias=bias, seed=1)

    def error(x, t):
        return half_squared_error(model(x), t)

    program = both(traced(error, widths[0], widths[-1]))
    layers = len(widths) - 1
    assert len(program.products()) == 3 * layers - 1
    assert not gathers(program)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_a_loss_over_many_samples_has_as_many_products(widths):
    stream = random.Random(1)
    model = MLP(widths[0], widths[1:], output_activation=None, seed=1)
    total = 0.0
    for _ in range(12):
        x = [stream.gauss(0, 1) for _ in range(widths[0])]
        t = [stream.gauss(0, 1) for _ in range(widths[-1])]
        total = total + half_squared_error(model(x), t)
    loss = total / 12 + 1e-3 * sum(p * p for p in model.parameters())
    program = both(trace_value(loss))
    assert len(program.products()) == 3 * (len(widths) - 1) - 1
    # The penalty adds weights and biases in the order of the parameters.
    assert all(isinstance(i, Collect) for i in program.instructions if gathers_of(i))


def test_a_classifier_adds_its_errors_in_their_order():
    model = MLP(5, [4, 3], output_activation=None, seed=1)
    rows = [[0.1, -0.2, 0.3, 0.4, -0.5], [0.2, 0.3, 0.5]]
    recording = record(lambda x, t: cross_entropy(model(x), t), rows)
    # Each row has its own targets and logarithms: no matrix is in the sum of their products.
    assert len(both(trace_recording(recording)).products()) == 3 * 2 - 1


def test_a_convolution_is_one_product():
    K, b = values(4, 3), values(4)

    def function(x):
        maps = [[(dot(k, x[at : at + 3], c)).tanh() for at in range(8)] for k, c in zip(K, b)]
        return sum(v * v for row in maps for v in row)

    assert len(forward(traced(function, 10)).products()) == 1


def test_a_convolution_of_a_picture_is_one_product():
    K = values(3, 3)

    def function(x):
        at = range(6)
        return sum(
            sum(K[a][b] * x[(i + a) * 8 + j + b] for a in range(3) for b in range(3)).tanh()
            for i in at
            for j in at
        )

    assert len(forward(traced(function, 64)).products()) == 1


def test_a_recurrent_network_takes_all_inputs_at_once():
    Wx, Wh, b = values(4, 3), values(4, 4), values(4)
    steps = 5

    def function(x):
        h = [Value(0.1)] * 4
        for t in range(steps):
            now = x[t * 3 : (t + 1) * 3]
            inputs = [dot(w, now) for w in Wx]
            states = [dot(w, h) for w in Wh]
            h = [(i + s + c).tanh() for i, s, c in zip(inputs, states, b)]
        return sum(h)

    program = forward(traced(function, 15))
    # The first state is a constant, so its product with the weights is a sum.
    assert len(program.products()) == 1 + (steps - 1)
    assert not gathers(program)


def test_attention_is_three_products():
    steps, n, d = 4, 3, 2
    Q, K, V = values(d, n), values(d, n), values(d, n)

    def function(x):
        rows = [x[t * n : (t + 1) * n] for t in range(steps)]
        q, k, v = ([[dot(w, row) for w in W] for row in rows] for W in (Q, K, V))
        total = 0.0
        for t in range(steps):
            weights = [dot(q[t], other).exp() for other in k]
            norm = sum(weights)
            for i in range(d):
                total = total + dot([w / norm for w in weights], [row[i] for row in v]).tanh()
        return total

    products = forward(traced(function, steps * n)).products()
    # Queries, keys and values in one; then the scores; then the mixtures.
    assert [sorted(p.out.shape) for p in products] == [[4, 6], [4, 4], [2, 4]]


def test_weights_used_twice_are_one_array():
    W = values(3, 3)

    def function(x):
        for _ in range(3):
            x = [dot(w, x).tanh() for w in W]
        return sum(x)

    program = both(traced(function, 3))
    assert [block.array.shape for block in program.blocks] == [(3, 3)]
    assert len(program.products()) == 3 * 3 - 1


def test_a_formula_has_no_products():
    program = both(traced(lambda x: (x[0] * x[1] + x[1] ** 3 - x[0]) ** 2 / 2, 2))
    assert not program.products()


def test_a_loss_that_a_loop_subtracts_from():
    stream = random.Random(1)
    model = MLP(3, [4, 1], output_activation="sigmoid", seed=1)
    loss = 0.0
    for _ in range(50):
        chance = model([stream.gauss(0, 1) for _ in range(3)])
        loss = loss - stream.random() * chance.log()
    program = both(trace_value(loss))
    # Those of the network. The numbers and the logarithms are one sum, which keeps its order.
    assert len(program.products()) == 3 * 2 - 1
    assert len(program.instructions) < 30
    assert not gathers(program)


def test_differences_are_kept_together():
    # The difference of two sums would lose digits.
    def function(x, t):
        return sum(a - b for a, b in zip(x, t))

    names = [i.op.name for i in forward(traced(function, 4, 4)).instructions]
    assert names == ["sub", "sum"]


def in_a_loop(w, x):
    total = 0.0
    for a, b in zip(w, x):
        total = total + b * a
    return total


STYLES = {
    "dot": dot,
    "sum": lambda w, x: sum(a * b for a, b in zip(w, x)),
    "a row": lambda w, x: autograd.sum([a * b for a, b in zip(w, x)]),
    "a loop": in_a_loop,
    "halves": lambda w, x: in_a_loop(w[:1], x[:1]) + in_a_loop(w[1:], x[1:]),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("bias", ["before", "after", "less", "none"])
def test_however_the_sum_is_written(style, bias):
    def weighted(w, x, b):
        total = STYLES[style](w, x)
        return {"before": b + total, "after": total + b, "less": total - b, "none": total}[bias]

    sizes = [3, 4, 5, 2]
    layers = [(values(m, n), values(m)) for n, m in pairwise(sizes)]

    def function(x):
        for weights, biases in layers:
            x = [weighted(w, x, b).tanh() for w, b in zip(weights, biases)]
        return sum((v - 0.1) ** 2 for v in x)

    program = both(traced(function, 3))
    assert len(program.products()) == 3 * 3 - 1
    assert not gathers(program)


@pytest.mark.parametrize("joined", [True, False])
def test_a_recurrent_network_of_many_steps_has_structure(joined):
    Wx, Wh, b = values(3, 2), values(3, 3), values(3)
    steps = 200

    def function(x):
        h = values(3)
        for t in range(steps):
            now = list(x[t * 2 : (t + 1) * 2])
            if joined:
                z = [dot([*u, *v], [*now, *h], c) for u, v, c in zip(Wx, Wh, b)]
            else:
                z = [dot(u, now) + dot(v, h) + c for u, v, c in zip(Wx, Wh, b)]
            h = [v.tanh() for v in z]
        return sum(h)

    program = forward(traced(function, 2 * steps))
    # One of the inputs at all steps, even if a sum joins inputs and states; and one per state.
    assert len(program.products()) == 1 + steps
    assert not gathers(program)


def test_a_deep_network_has_structure():
    model = MLP(2, [2] * 100, seed=1)
    program = both(traced(lambda x: half_squared_error(model(x), [0.0, 0.0]), 2))
    assert len(program.products()) == 3 * 100 - 1


def test_a_chain_is_noticed_by_its_depth():
    v, w = Value(0.1), Value(0.9)
    for _ in range(20_000):
        v = (v * w + 0.1).tanh()
    with pytest.raises(Unstructured, match="60,001 operations in a row in 80,002 nodes"):
        pack(trace_value(v))


def test_chains_of_random_operations_are_noticed_by_their_groups():
    stream, total = random.Random(1), 0.0
    for _ in range(500):
        v, w = Value(stream.random()), Value(stream.random())
        for _ in range(200):
            v = v * w if stream.random() < 0.5 else v + w
        total = total + v
    with pytest.raises(Unstructured, match="over 3,000 groups of operations"):
        pack(trace_value(total))


def test_sums_that_share_no_factor_are_no_product():
    W = values(4, 3)
    program = forward(traced(lambda x: [dot(w, x[3 * k : 3 * k + 3]) for k, w in enumerate(W)], 12))
    assert not any(isinstance(i, Contract) for i in program.instructions)


def test_many_equal_chains_have_structure():
    pairs = [(Value(0.1 * i), Value(0.9)) for i in range(50)]
    ends = []
    for v, w in pairs:
        for _ in range(200):
            v = (v * w).tanh()
        ends.append(v)
    assert len(forward(trace_value(sum(ends))).instructions) == 2 * 200 + 1
