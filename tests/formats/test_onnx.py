"""to_onnx against plain Python: onnxruntime runs what the full checker of onnx has passed. CI has
both; where one is missing these tests are skipped."""

import itertools
import math
import os

import numpy as np
import pytest

import autograd
from autograd import (
    Op,
    Value,
    compile,
    dot,
    grad,
    logsumexp,
    maximum,
    norm,
    ops,
    softmax,
    tanh,
    to_onnx,
)
from autograd.compiler.program import Array, Collect, Map, Program, Reduce, View, whole
from autograd.compiler.recording.record import CompileError
from autograd.compiler.stages.trace import INPUT
from autograd.op import TABLE
from demos.helpers.transformer import GPT
from nn import MLP, Embedding, Module, cross_entropy, half_squared_error, hinge
from tests.compiler import recurrences
from tests.compiler.test_roll import SHORT

if not os.environ.get("CI"):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.slow

r = np.random.default_rng(0)


def ran(model, *rows):
    """What onnxruntime makes of the rows."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [i.name for i in session.get_inputs()]
    return session.run(["value"], dict(zip(names, rows)))[0]


def agreed(function, *rows, dtype="float64", rtol=1e-12):
    """The model, which gives the numbers of the compiled function for 1 and 1,024 rows."""
    arrays = [np.asarray(a, dtype) for a in rows]
    model, compiled = to_onnx(function, *arrays, dtype=dtype), compile(function, dtype=dtype)
    for n in (1, 1024):
        some = [np.resize(a, (n, *a.shape[1:])) for a in arrays]
        found, wanted = ran(model, *some), compiled(*some)
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)
    return model


def nodes(model):
    """The nodes, as text."""
    return [f"{', '.join(n.output)} = {n.op_type}({', '.join(n.input)})" for n in model.graph.node]


def test_a_network_is_what_a_person_would_write():
    network = MLP(84, [64, 28], seed=1)
    model = agreed(network, r.normal(size=(5, 84)))
    assert nodes(model) == [
        "z1 = Gemm(inputs, W1, b1)",
        "a1 = Tanh(z1)",
        "z2 = Gemm(a1, W2, b2)",
        "value = Tanh(z2)",
    ]
    shapes = {i.name: tuple(i.dims) for i in model.graph.initializer}
    assert shapes == {"W1": (64, 84), "b1": (64,), "W2": (28, 64), "b2": (28,)}
    agreed(network, r.normal(size=(5, 84)), dtype="float32", rtol=1e-6)
    loss = agreed(
        lambda x, t: half_squared_error(network(x), t),
        r.normal(size=(5, 84)),
        r.normal(size=(5, 28)),
    )
    assert nodes(loss)[-4:] == [
        "e3 = Sub(a2, t)",
        "e4 = Pow(e3, c_2)",
        "e5 = sum_in_order(e4)",
        "value = Mul(c_0_5, e5)",
    ]


def test_a_file_holds_the_numbers_of_now(tmp_path):
    import onnx

    line = Value(2.0)
    program = compile(lambda x: tanh(line * x), dtype="float32")
    line.data = 0.5
    made = to_onnx(program, [3.0], path=tmp_path / "new" / "line.onnx")
    read = onnx.load(tmp_path / "new" / "line.onnx")
    assert read == made
    found = ran(read, np.array([1.0, -2.0], np.float32))
    np.testing.assert_allclose(found, np.tanh(np.float32([0.5, -1.0])), rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["lstm", "nested", "Kalman", "labelled", "reversed", "lagged", "heat"]
)
def test_loops_are_scans(name):
    function, n = recurrences.RECURRENCES[name][0](*SHORT[name])
    assert "Scan" in {n.op_type for n in agreed(function, r.normal(size=(3, n))).graph.node}


def attention(x):
    """Of three words of four numbers each."""
    words = [x[4 * t : 4 * t + 4] for t in range(3)]
    shares = [softmax([dot(a, b) for b in words]) for a in words]
    return [dot(s, [b[k] for b in words]) for s in shares for k in range(4)]


def test_windows_attention_and_reductions():
    kernel = [Value(0.5), Value(-0.25), Value(1.0)]
    agreed(lambda x: [tanh(dot(kernel, x[a : a + 3])) for a in range(6)], r.normal(size=(4, 8)))
    agreed(attention, r.normal(size=(3, 12)))
    agreed(lambda x: logsumexp(x) + norm(x) + maximum(x[0], x[1]), r.normal(size=(3, 5)))
    agreed(lambda a, b: a**b + a**0.5 - 1 / b, [0.5, 1.0], [2.0, 3.0])
    # Results that are the same for every row, or an input as it stands.
    agreed(lambda x: [Value(2.0) * 3, x[0]], [[3.0], [6.0]])
    agreed(lambda x: Value(2.0) * 3, [[3.0], [6.0]])
    agreed(lambda x: x, [[3.0, 1.0], [6.0, 2.0]])


def test_a_transformer():
    network = GPT(letters=6, length=4, size=8, heads=2)
    text = r.integers(0, 6, size=(3, 4))
    model = agreed(lambda text: [v for row in network(text) for v in row], text)
    assert {"E", "P", "W1", "W2", "W3", "S"} <= {i.name for i in model.graph.initializer}


def convolution(x):
    """Two kernels over an image of 5 by 5; then places of an array in two orders, and constants."""
    image = [x[5 * i : 5 * i + 5] for i in range(5)]
    near = list(itertools.product(range(3), range(3)))
    maps = [
        autograd.relu(autograd.sum([k[3 * a + b] * image[i + a][j + b] for a, b in near]))
        for k in KERNELS
        for i, j in near
    ]
    return [*maps, *(m * (0.5 * i - 1) for i, m in enumerate(reversed(maps)))]


KERNELS = [[Value(v) for v in row] for row in r.normal(size=(2, 9))]


def test_a_convolution():
    agreed(convolution, r.normal(size=(3, 25)))


def test_derivatives_in_a_function():
    network = MLP(3, [4, 1], seed=1)
    force = lambda x: [grad(network(x), v, create_graph=True) for v in x]
    agreed(force, r.normal(size=(3, 3)))
    agreed(lambda x: x[0] ** 1 * grad(tanh(x[0]), x[0]) + x[1] ** -1, r.normal(size=(3, 2)))


def test_instructions_that_recordings_seldom_have():
    """A sum in any order, over two axes; parts that meet, and places with none; a window."""
    x, table = Array((3, 4), INPUT, "x"), Array((12,), INPUT)
    total, sums, window = Array((3,), INPUT), Array((), INPUT), Array((2, 3), INPUT)
    out, across = Array((10,), INPUT), Array((4,), INPUT)
    first, last = View(out, (3,), 0, (1,)), View(out, (3,), 2, (1,))
    overlapping = View(table, (2, 3), 1, (2, 1))
    program = Program(
        [x], [], [], [],
        [
            Map(table, ops.sum, (View(x, (12,), 0, (1,)),)),
            Map(window, ops.tanh, (overlapping,)),
            Map(across, ops.neg, (View(x, (4,), 2, (1,)),)),
            Reduce(total, ops.sum, whole(x)),
            Reduce(sums, ops.sum, whole(window), start="first"),
            Collect(
                out,
                (first, last, View(out, (4,), 6, (1,))),
                (whole(total), View(sums, (3,), 0, (0,)), whole(across)),
            ),
        ],
        whole(out), single=False, forward=6,
    )  # fmt: skip
    rows = r.normal(size=(4, 12))
    wanted = np.zeros((4, 10))
    wanted[:, :3] = rows.reshape(4, 3, 4).sum(axis=2)
    wanted[:, 2:5] += np.tanh(rows[:, [1, 2, 3, 3, 4, 5]]).sum(axis=1, keepdims=True)
    from autograd.formats.onnx.model import model_of

    wanted[:, 6:] = -rows[:, 2:6]
    model = model_of("f", [12], [(program, np.dtype(np.float64), [])])
    # The argument has two axes here.
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3
    model.graph.input[0].type.tensor_type.shape.dim.add().dim_value = 4
    np.testing.assert_allclose(ran(model, rows.reshape(4, 3, 4)), wanted, rtol=1e-13)


def test_sums_keep_their_order():
    agreed(lambda x: (x[1] - x[1]) + x[0], [[0.5, 1e300]])
    agreed(lambda x: sum(x), [[1e16, 1.0, -1e16] * 10 + [0.5]])


class Words(Module):
    """A table, a row of which is taken by a word and another by the word's place."""

    def __init__(self):
        self.table, self.places = Embedding(7, 4, seed=1), Embedding(3, 4, seed=2)

    def forward(self, word, place):
        return [tanh(a + b) for a, b in zip(self.table(word[0]), self.places(place))]


def test_a_wrong_index_gives_nan():
    network = Words()
    word, place = np.array([[3.0], [6.0], [0.0]]), np.array([0.0, 2.0, 1.0])
    model = agreed(network, word, place)
    wrong = np.array([[3.0], [-1.0], [7.0], [2.5], [3.0]]), np.array([1.0, 1.0, 1.0, 1.0, 3.0])
    found = ran(model, *wrong)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()
    taken = autograd.take
    agreed(lambda x, i: taken(x, i[0]) * x[1], r.normal(size=(3, 4)), [[0.0], [3.0], [1.0]])


EVERY = [0.0, 5e-324, 1e-300, 1e-9, 1e-3, 0.06, 0.3, 0.7, 1, 1.3, 2, 3.7, 5.99, 9, 18, 25, 37, 38]
EVERY += [100, 300, 690, 709.7, 710.2, 745, 1e3, 1e8, 1e15, 1e160, 1.7e308, math.inf]
EVERY += [-x for x in EVERY] + [math.nan, *(4 * r.normal(size=100))]
FEW = [0.0, 1e-300, 0.3, 1.0, 2.5, 100.0, 1e200, math.inf]
FEW += [-x for x in FEW] + [math.nan]
# ONNX Runtime's own sine and cosine lose digits in large arguments: 2.4e-14 at 1e15.
POINTS = {1: [(x,) for x in EVERY], 2: list(itertools.product(FEW, FEW)), None: None}
POINTS[None] = list(itertools.product(FEW, FEW[::3], FEW[::4]))
OPERATIONS = sorted(name for name, op in TABLE.items() if op.is_built_in)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_everywhere(name):
    op = TABLE[name]
    rows = np.array(POINTS[op.arity], float)
    several = autograd.sum if name == "sum" else op
    f = (lambda x: several(x)) if op.arity is None else (lambda x: op(*x))
    with np.errstate(all="ignore"):
        single = rows.astype(np.float32)
    for given, rtol, smallest in ((rows, 1e-12, 2.3e-308), (single, 1e-6, 1.2e-38)):
        found = ran(to_onnx(f, [[0.5] * rows.shape[1]], dtype=given.dtype), given)
        wanted = np.array([op.compute(row) for row in given.astype(float).tolist()])
        if name == "sum" and rtol == 1e-6:  # of numbers rounded on the way
            with np.errstate(all="ignore"):
                wanted = given[:, 0] + given[:, 1] + given[:, 2]
        with np.errstate(all="ignore"):
            wanted = wanted.astype(given.dtype)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=smallest)


def test_an_operation_of_the_user():
    swish = Op("swish_to_onnx", lambda x: x * autograd.sigmoid(x), lambda y, x: (1.0,))
    agreed(lambda x: swish(x[0]), [[0.5], [-2.0]])
    odd = Op("odd_floor_to_onnx", lambda x: float(math.floor(x)), lambda y, x: (0.0,))
    with pytest.raises(
        CompileError, match=r"no equivalent of the operation 'odd_floor_to_onnx'.*so"
    ):
        to_onnx(lambda x: odd(x[0]), [[0.5]])


def two_results(x):
    """Each way uses some of the parameters, and they share a layer."""
    hidden = LAYERS(x)
    return [hidden[0], tanh(x[0])] if x[1] > x[0] else [hidden[1] * KERNELS[0][0], 2 * x[2]]


def clipped(x):
    """Several ways, one of which raises."""
    if x == 0.25:
        raise ValueError("the denominator is 0")
    return x / 2 if x < -1 else 1 / (x - 0.25) if x <= 1 else x


LAYERS = MLP(3, [4, 2], seed=1)
NEAR = [[-math.inf], [-1.5], [-1.0], [-0.0], [0.0], [1.0], [1.5], [math.inf]]


@pytest.mark.parametrize(
    ("branching", "rows"),
    [
        (lambda x: x[0] if x[0] > 0 else -x[0], NEAR),
        (lambda x: x[0] if x[0] == 1 or not x[0] < 2 else -x[0], [*NEAR, [math.nan]]),
        (lambda x: max(x) - min(x[:2]), r.normal(size=(50, 3))),
        (lambda x: sorted(x), r.normal(size=(50, 3))),
        (two_results, r.normal(size=(50, 3))),
        (clipped, np.ravel(NEAR)),
    ],
)
def test_a_branch_is_a_choice_for_each_row(branching, rows):
    model = agreed(branching, rows)
    assert model.graph.node[-1].op_type == "Where"
    names = [i.name for i in model.graph.initializer]
    assert names.count("W1") == (branching is two_results)
    agreed(branching, np.asarray(rows)[::-1])  # recorded on another way


def test_a_row_that_raises_an_error_gives_nan():
    network = MLP(4, [5, 3], seed=1)
    loss = lambda x, target: cross_entropy(network(x), target)
    rows = r.normal(size=(6, 4))
    model = agreed(loss, rows, [0.0, 1.0, 2.0, 2.0, 1.0, 0.0])
    found = ran(model, rows, np.array([0.0, 3.0, 1.5, -1.0, 2.0, math.nan]))
    assert np.isnan(found).tolist() == [False, True, True, True, False, True]
    agreed(loss, rows, np.eye(3)[[0, 1, 2, 2, 1, 0]])
    agreed(lambda x, signs: hinge(network(x), signs), rows, np.sign(r.normal(size=(6, 3))))
    assert math.isnan(ran(to_onnx(clipped, [0.5]), np.array([0.25]))[0])


def test_each_way_has_its_tables():
    table = Embedding(7, 2, seed=1)
    f = lambda x, word: [v * x[0] for v in (table(word) if x[0] > 0 else table(word)[::-1])]
    model = agreed(f, r.normal(size=(20, 1)), r.integers(0, 7, 20))
    assert np.isnan(ran(model, [[1.0], [-1.0]], np.array([7.0, -1.0]))).all()


def test_what_a_model_cannot_choose():
    def many(x):
        return autograd.sum([v if v > 0 else -v for v in x])

    with pytest.raises(CompileError, match=r"its inputs in more than 32 ways.*maximum"):
        to_onnx(many, [[0.5] * 7])
    with pytest.raises(
        CompileError, match=r"reads the number .*, at .*compare Values, as in x > 0"
    ):
        to_onnx(lambda x: x[0] * x[0].data, [[0.5]])
    with pytest.raises(CompileError, match="made from a recorded graph, not from a function"):
        to_onnx(compile(Value(2.0) * 3), [[0.5]])


def test_a_function_of_any_name():
    def f(x):
        return x[0] * 2

    f.__name__ = "a\ud800\x1b[31m"
    assert to_onnx(f, [[0.5]]).graph.name == "a\ufffd␛[31m"


def test_too_many_numbers_for_a_file(monkeypatch):
    from autograd.formats.onnx import model

    monkeypatch.setattr(model, "LARGEST", 60)
    network = MLP(2, [3, 1])
    with pytest.raises(ValueError, match=r"parameters take .* GB, .* dtype='float32' takes half"):
        to_onnx(network, [[0.5, 1.0]])
    monkeypatch.setattr(model, "LARGEST", 50)
    with pytest.raises(ValueError, match=r"holds 2\.1 GB: make it smaller"):
        to_onnx(network, [[0.5, 1.0]], dtype="float32")
