"""take in compiled functions: rows of tables by inputs, and their derivatives."""

import math
import random
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import CompileError, Value, dot, grad, jit, logsumexp, take
from autograd.compiler.program import Loop, Scatter, Take
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.loops.roll import roll
from tests.compiler.test_order import BACKENDS
from tests.reference import check, run

LETTERS, SIZE, CLASSES = 7, 3, 5
rng = np.random.default_rng(0)
X = rng.integers(0, LETTERS, (8, 4))
T = rng.integers(0, CLASSES, (8, 4))


class Model(nn.Module):
    """A cross entropy of letters, each from the one before: two tables, one of them computed."""

    def __init__(self, seed=0):
        stream = random.Random(seed)
        self.letters = nn.Embedding(LETTERS, SIZE, seed=stream)
        self.out = nn.Layer(SIZE, CLASSES, None, seed=stream)

    def __call__(self, x, t):
        losses = []
        for i, k in zip(x, t):
            outputs = self.out([v.tanh() for v in self.letters(i)])
            losses.append(logsumexp(outputs) - take(outputs, k))
        return sum(losses)


def values(shape, seed=0):
    def of(numbers):
        return list(map(of, numbers)) if numbers.ndim else Value(float(numbers))

    return of(np.random.default_rng(seed).normal(size=shape))


def assert_as_eager(function, *arrays, dtype="float64", rtol=1e-12):
    """Values and gradients of the compiled function, and of the reference interpreter, are those of
    plain Python."""
    program = jit(function, backend="numpy", dtype=dtype)
    got, gradient = program.value_and_grad(*arrays, reduction="sum")
    parameters = program.parameters
    for p in parameters:
        p.grad = 0.0
    total = sum(function(*row) for row in zip(*(a.tolist() for a in arrays)))
    total.backward()
    expected = [p.grad for p in parameters]
    assert got == pytest.approx(total.data, rel=rtol)
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=rtol)
    if find_spec("llvmlite"):
        assert_on_the_machine(function, arrays, dtype, rtol, total.data, expected)
    assert_gradients(program._recorded().program("parameters"), program, arrays)
    return program


def assert_on_the_machine(function, arrays, dtype, rtol, value, gradient):
    """Blocks of rows, and one row alone."""
    program = jit(function, dtype=dtype)
    got = program.value_and_grad(*arrays, reduction="sum")
    assert got[0] == pytest.approx(value, rel=rtol)
    np.testing.assert_allclose(got[1], gradient, rtol=rtol, atol=rtol)
    assert program._recorded().executor("parameters").name == "machine"
    by_row = sum(
        program.value_and_grad(*(a[k : k + 1] for a in arrays))[1] for k in range(len(arrays[0]))
    )
    np.testing.assert_allclose(by_row, gradient, rtol=rtol, atol=rtol)


def assert_gradients(array_program, program, arrays):
    """The reference interpreter finds the gradients that the parameters have."""
    parameters = program.parameters
    theta = np.array([p.data for p in parameters])
    made = run(check(array_program), [a.astype(float) for a in arrays], theta)
    for block in array_program.blocks:
        v = array_program.gradients[block.array]
        by_block = made[v.array].reshape(-1)[v.lanes().reshape(-1)]
        expected = [parameters[lane].grad for lane in block.lanes.reshape(-1)]
        np.testing.assert_allclose(by_block, expected, rtol=1e-10, atol=1e-12)


# --- values and gradients ---


def test_an_embedding_and_a_cross_entropy():
    program = assert_as_eager(Model(), X, T)
    assert "E[" not in program.source
    assert "letters[x.astype(int)]" in program.source
    assert "np.add.at(grad_letters, x.astype(int), " in program.source


def test_float32():
    assert_as_eager(Model(), X, T, dtype="float32", rtol=1e-5)


def test_embeddings_equal_torch():
    torch = pytest.importorskip("torch")
    model = Model()
    program = jit(model, backend="numpy")
    value, gradient = program.value_and_grad(X, T)

    def tensor(rows):
        numbers = [[v.data for v in row] for row in rows]
        return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)

    table = tensor(model.letters.vectors)
    weights = tensor([neuron.weights for neuron in model.out.neurons])
    letters = torch.nn.functional.embedding(torch.tensor(X), table)
    outputs = torch.tanh(letters) @ weights.T
    entropy = torch.nn.functional.cross_entropy(
        outputs.reshape(-1, CLASSES), torch.tensor(T).reshape(-1), reduction="sum"
    )
    (entropy / len(X)).backward()
    assert value == pytest.approx(entropy.item() / len(X), rel=1e-13)
    by_table = gradient[: LETTERS * SIZE].reshape(LETTERS, SIZE)
    np.testing.assert_allclose(by_table, table.grad.numpy(), rtol=1e-11, atol=1e-14)


E, V, W = values((6, 3)), values((6,), 1), values((3,), 2)
U, K = values((3, 3), 3), values((6, 3), 4)
I1 = np.array([[0], [5], [5], [2]])
I2 = np.array([[0, 5], [5, 5], [1, 2], [5, 0]])

PROGRAMS = {
    "one number": (lambda x: take(V, x[0]) * 3, I1),
    "one row": (lambda x: dot(take(E, x[0]), W).tanh(), I1),
    "one table, two uses": (lambda x: dot(take(E, x[0]), take(E, x[1])), I2),
    "the same row twice": (lambda x: dot(take(E, x[0]), take(E, x[0])), I1),
    "a table that is used elsewhere": (lambda x: dot(take(E, x[0]), E[2]) + E[0][0].exp(), I1),
    "a part of a table": (lambda x: dot(take(E[2:], x[0]), take(E[:3], x[1])), I2 % 3),
    "every second row": (lambda x: dot(take(E[::2], x[0]), W), I1 % 3),
    "a table of numbers": (lambda x: dot(take([[1.0, 2.0], [3.0, 4.0]], x[0]), W[:2]), I1 % 2),
    "a table of one number": (lambda x: take([[2.0], [2.0]], x[0])[0] * W[0], I1 % 2),
    "a table of unlike things": (
        lambda x: take([W[0], W[1] * W[2], W[2].exp(), W[0]], x[0]).tanh(), I1 % 4
    ),
    "a table of inputs": (lambda x: take(x[1:], x[0]) * W[0], np.array([[0, 3], [0, 4]])),
    "a computed table": (
        lambda x: dot(take([[e.tanh() for e in row] for row in E], x[0]), W), I1
    ),
    "computed rows of one table": (
        lambda x: dot(take([[e * x[1] for e in row] for row in E], x[0]), W), I2
    ),
    "rows that overlap": (
        lambda x: take(V[:3], x[0]) * take(V[1:4], x[0]) + take(V[2:5], x[1]), I2 % 3
    ),
    "columns": (lambda x: dot(take(list(zip(*E)), x[0]), V) + take(E, x[0])[1], I1 % 3),
    "a table without gradients": (lambda x: take([0.5, 1.5], x[0]) * x[1] * W[0], I2 % 2),
    "one row for all": (lambda x: sum(take(E, x[0]), take(V, x[0]) * W[1]), I1),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_any_table_and_any_index(name):
    assert_as_eager(*PROGRAMS[name])


def test_gradients_by_inputs():
    def f(x, i):
        return take([x[0] * x[1], x[1], x[0].tanh() if isinstance(x[0], Value) else 0.0], i[0])

    def plain(x, i):
        return take([x[0] * x[1], x[1] * 2, x[0] + x[1]], i[0])

    x, i = np.array([[2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]), np.array([[0], [1], [2]])
    program = jit(plain, backend="numpy")
    value, (by_x, by_i) = program.value_and_grad(x, i, wrt="inputs", reduction="sum")
    assert value == 6 + 10 + 13
    np.testing.assert_array_equal(by_x, [[3, 2], [0, 2], [1, 1]])
    np.testing.assert_array_equal(by_i, np.zeros((3, 1)))


def test_derivatives_within_a_function():
    def slope(x):
        first = take(E, x[0])[1]
        return grad((first * first * first).sin(), E[5][1], create_graph=True) * 2

    program = jit(slope, backend="numpy")
    got, gradient = program.value_and_grad(I1, reduction="sum")
    e = E[5][1].data
    assert got == pytest.approx(2 * 2 * 3 * e * e * math.cos(e**3), rel=1e-13)
    assert len(gradient) == len(program.parameters)
    place = program.parameters.index(E[5][1])
    expected = 4 * (6 * e * math.cos(e**3) - 9 * e**4 * math.sin(e**3))
    assert gradient[place] == pytest.approx(expected, rel=1e-12)


def test_memory_does_not_grow_with_the_table():
    """Nothing that a row of the batch needs is as long as the table."""
    table = values((200, 2))
    program = jit(lambda x: dot(take(table, x[0]), take(table, x[1])), backend="numpy")
    program.value_and_grad(I2)
    array_program = program._recorded().program("parameters")
    assert max(a.size for a in array_program.arrays() if a.batched) <= 4
    kinds = [type(i) for i in array_program.instructions]
    assert kinds.count(Take) == 1
    assert kinds.count(Scatter) == 1


def recurrent(x):
    """A recurrent network that reads letters, and predicts each from those before."""
    h, loss = [Value(0.0)] * 3, 0.0
    for now, after in pairwise(x):
        h = [(v + dot(w, h)).tanh() for v, w in zip(take(E, now), U)]
        outputs = [dot(w, h) for w in K]
        loss = loss + logsumexp(outputs) - take(outputs, after)
    return loss


def feedback(x):
    """A table that each step makes anew from a row of the one before."""
    rows = [[e * 0.5 for e in row] for row in E]
    for i in x:
        chosen = take(rows, i)
        rows = [[(a + b).tanh() for a, b in zip(row, chosen)] for row in rows]
    return sum(v for row in rows for v in row)


@pytest.mark.parametrize("function", [recurrent, feedback])
def test_loops_that_take_rows(function):
    x = np.random.default_rng(1).integers(0, 6, (5, 12))
    program = assert_as_eager(function, x, rtol=1e-10)
    rolled = roll(program._recorded().program())
    assert any(isinstance(i, Loop) for i in rolled.instructions)
    assert_gradients(differentiate(rolled), program, [x])


# --- infinities that are not taken ---

L, M = values((4,), 5), values((4, 3), 6)


def steps_of_tables(x):
    """Each table is made from the one before, and from a row of that."""
    rows = M
    for i in x[:2]:
        chosen = take(rows, i)
        rows = [[(a * b).exp() for a, b in zip(row, chosen)] for row in rows]
    return sum(take(rows, x[2]))


COMPUTED = {
    "exponentials": lambda x: take([v.exp() for v in L], x[0]) * W[0],
    "rows": lambda x: dot(take([[v.exp() * x[1] for v in row] for row in M], x[0]), W),
    "sums": lambda x: take([dot([v.exp() for v in row], W) for row in M], x[0]).tanh(),
    "a layer": lambda x: take([dot(row, [w.exp() for w in W]) + v for row, v in zip(M, L)], x[0]),
    "used elsewhere": lambda x: sum((take(e, x[0]) + e[2]) * W[0] for e in [[v.exp() for v in L]]),
    "taken twice": lambda x: take([take(row, x[1]).exp() for row in M], x[0]),
    "steps": steps_of_tables,
    "an infinite adjoint": lambda x: take(L, x[0]).exp() * 1e308 * 1e308,
    "beside a branch": lambda x: take([v.exp() for v in L], x[0]) * (2.0 if W[1] < 9 else 3.0),
}


@pytest.fixture
def infinite():
    """The second row of each table is infinite."""
    rows = [L[1], *M[1]]
    before = [v.data for v in rows]
    for v in rows:
        v.data = math.inf
    yield
    for v, number in zip(rows, before):
        v.data = number


def assert_as_eager_beside_infinities(name, backend, exact=False):
    """Of an infinity that is taken, the gradient is what plain Python has, too."""
    function = COMPUTED[name]
    program = jit(function, backend=backend, exact=exact)
    for rows in ([[2, 0, 3]], [[2, 0, 3], [3, 2, 0], [0, 2, 2]], [[1, 2, 3], [2, 1, 1]]):
        value, gradient = program.value_and_grad(np.array(rows), reduction="sum")
        total = sum(function(row) for row in rows)
        expected = [g.data for g in grad(total, program.parameters)]
        assert value == pytest.approx(total.data, rel=1e-12, nan_ok=True)
        assert gradient.tolist() == pytest.approx(expected, rel=1e-12, nan_ok=True)
    return program


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_not_taken_has_no_part_in_the_gradient(name, backend, infinite):
    """Not even 0 times an infinity."""
    assert assert_as_eager_beside_infinities(name, backend)._recorded().has_structure


STEPS = ("exponentials", "an infinite adjoint")


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "name", [n if n in STEPS else pytest.param(n, marks=pytest.mark.slow) for n in COMPUTED]
)
def test_nor_has_it_node_by_node(name, backend, exact, infinite, monkeypatch):
    monkeypatch.setattr("autograd.compiler.stages.group.MOST_GROUPS", 0)
    monkeypatch.setattr("autograd.compiler.stages.group.MOST_GROUPS_OF_STEPS", 0)
    program = assert_as_eager_beside_infinities(name, backend, exact)
    assert not program._recorded().has_structure


# --- indices that are none ---


@pytest.mark.parametrize("wrong", [6, -1, 2.5, math.nan, math.inf, -math.inf])
def test_an_index_outside_gets_the_sentence_of_plain_python(wrong):
    def f(x):
        return dot(take(E, x[0]), W)

    for program in (jit(f, backend="numpy"), jit(f)):
        program.value_and_grad(I1)
        rows = np.array([[1.0], [wrong], [3.0]])
        for call in (program, program.value_and_grad):
            with pytest.raises(IndexError, match=f"no row {wrong} in a table of 6 rows: an index"):
                call(rows)
        with pytest.raises(IndexError, match=f"no row {wrong} in a table of 6 rows"):
            jit(f)(rows[1:])
        assert program(rows[:1])[0] == pytest.approx(f([1]).data, rel=1e-14)


def test_a_row_may_take_a_branch_without_the_table():
    def f(x):
        return W[0] * 2 if x[0] < 0 else take(V, x[0]) * 3

    rows = np.array([[2], [-1], [5], [-1]])
    program = jit(f, backend="numpy")
    for start in (0, 1):
        np.testing.assert_allclose(
            program(rows[start:]), [f(row).data for row in rows[start:].tolist()], rtol=1e-14
        )
    _, gradient = program.value_and_grad(rows, reduction="sum")
    by = dict(zip(program.parameters, gradient))
    assert (by[W[0]], by[V[2]], by[V[5]], by[V[0]]) == (4, 3, 3, 0)


def test_booleans_are_0_and_1():
    program = jit(lambda x: take(V, x[0]) * 1, backend="numpy")
    np.testing.assert_array_equal(program(np.array([[True], [False]])), [V[1].data, V[0].data])


def test_a_computed_index_is_refused():
    for f in (
        lambda x: take(V, x[0] + 1),
        lambda x: take(V, W[0]),
        lambda x: take(V, Value(1.0)) * x[0],
    ):
        with pytest.raises(CompileError, match=r"an index that is computed.*an index is an input"):
            jit(f)(I1)


def test_a_ragged_table_is_refused():
    with pytest.raises(CompileError, match="rows of 1 and of 2 elements"):
        jit(lambda x: sum(take([[W[0]], [W[1], W[2]]], x[0])))(I1)


@pytest.mark.parametrize("whole", [int, round])
def test_an_index_by_int_is_pointed_to_take(whole):
    with pytest.raises(TypeError, match=r"For row int\(i\) of a table: autograd.take\(table, i\)"):
        jit(lambda x: dot(E[whole(x[0])], W))(I1)


# --- training ---


def rows_of(x, t):
    return x.tolist(), t.tolist()


@pytest.mark.parametrize("settings", [{"lr": 0.1}, {"lr": 0.05, "momentum": 0.9}, None])
def test_compiled_training_is_plain_training(settings):
    """Also of the rows that a batch does not take: they coast, as PyTorch's do."""
    ends = []
    for compiled in (False, True):
        model = Model(seed=3)
        loss = jit(model, backend="numpy") if compiled else model
        parameters = model.parameters()
        optimizer = nn.SGD(parameters, **settings) if settings else nn.Adam(parameters, lr=0.01)
        history = nn.fit(loss, *rows_of(X, T), optimizer, epochs=5, batch_size=3,
                         compile=None if compiled else False)  # fmt: skip
        ends.append(([p.data for p in model.parameters()], history.losses))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-10)
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-10)


@pytest.mark.parametrize("compiled", [False, True])
def test_training_names_the_row_that_is_not_there(compiled):
    model = Model()
    X_wrong = X.copy()
    X_wrong[5, 2] = LETTERS
    with pytest.raises(IndexError, match="no row 7 in a table of 7 rows"):
        nn.fit(model, *rows_of(X_wrong, T), nn.SGD(model.parameters(), lr=0.1), epochs=1,
               compile=compiled)  # fmt: skip
