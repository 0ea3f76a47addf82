"""The JAX backend against plain Python, NumPy and JAX's own derivatives. CI has JAX; where it is
missing these tests are skipped."""

import math
import os
import random
import re
import sys
import textwrap

import numpy as np
import pytest

import autograd
from autograd import Value, compile, grad, logsumexp, maximum, norm, relu, sigmoid, tanh
from autograd.compiler.recording.record import CompileError
from nn import MLP, cross_entropy, half_squared_error
from tests.compiler import recurrences
from tests.compiler.test_random_loops import check_program
from tests.compiler.test_roll import SHORT
from tests.test_project import ROOT

if not os.environ.get("CI"):
    pytest.importorskip("jax")
LARGEST = sys.float_info.max
pytestmark = pytest.mark.slow  # XLA compiles for a second or so


@pytest.fixture
def wide():
    """JAX, with float64 switched on for a test."""
    import jax

    with jax.enable_x64(True):
        yield jax


def both(function, *arrays):
    """The compiled function on JAX, checked against NumPy."""
    numpy, jax = compile(function, backend="numpy"), compile(function, backend="jax")
    np.testing.assert_allclose(jax(*arrays), numpy(*arrays), rtol=1e-12, atol=1e-14)
    for wrt in ("parameters", "inputs"):
        value, gradient = jax.value_and_grad(*arrays, wrt=wrt)
        wanted, by = numpy.value_and_grad(*arrays, wrt=wrt)
        assert value == pytest.approx(wanted, rel=1e-12)
        parts = zip(gradient, by) if isinstance(by, list) else [(gradient, by)]
        for found, expected in parts:
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    assert jax.backend == "jax"
    return jax


@pytest.mark.parametrize("name", ["lstm", "nested", "Kalman", "guarded", "lagged", "heat"])
def test_loops_are_scans(name):
    function, n = recurrences.RECURRENCES[name][0](*SHORT[name])
    found = both(function, np.random.default_rng(0).normal(size=(3, n)))
    assert "jax.lax.scan" in found.source


def test_a_column_of_the_rows_is_a_vector_to_xla(wide):
    """What is (batch, 1) is added up two to four times as slowly."""
    w = Value(0.3)
    f = both(lambda x: (x[0] * x[1] + tanh(x[0] - w)) * autograd.exp(-x[1] * x[1]), np.eye(50, 2))
    total = wide.value_and_grad(lambda w, x: f.jax(w, x).sum())
    text = wide.jit(total).lower(f.jax.parameters, np.eye(50, 2)).compile().as_text()
    assert re.findall(r"f64\[(50.*?)\]\S* (?:tanh|reduce|multiply)\(", text)
    assert not re.findall(r"f64\[50,1\]\S* (?:tanh|reduce|multiply)\(", text)


@pytest.mark.parametrize(("dtype", "apart"), [("float64", True), ("float32", False)])
def test_rows_are_turned_before_float64_numbers_are_added_up(dtype, apart):
    """Where XLA reads them as they lie, the gradient of a matrix takes up to twice as long."""
    model = MLP(3, [4], seed=1)
    loss = lambda x: half_squared_error(model(x), [0.5] * 4)
    f = autograd.compile(loss, backend="jax", dtype=dtype)
    f.value_and_grad(np.ones((5, 3)))
    assert ("jax.lax.optimization_barrier(d1.T) @ x" in f.source) == apart


def test_steps_back_read_what_the_scan_gave_and_differentiate_there():
    w = Value(9.8)

    def pendulum(x):
        angle, speed = x
        for _ in range(20):
            speed = speed - 0.05 * w * autograd.sin(angle)
            angle = angle + 0.05 * speed
        return angle * angle

    f = both(pendulum, np.random.default_rng(0).normal(size=(3, 2)))
    f.value_and_grad(np.ones((3, 2)))
    assert re.search(r"np\.cos\((\w+)\[t\]\)", f.source)


def test_random_programs_with_loops_are_what_eager_python_is():
    for seed in range(3):
        check_program(seed, "jax")


def test_tables_windows_and_sums_that_keep_their_order():
    table = [[Value(0.1 * i - 0.3 * j) for j in range(3)] for i in range(5)]
    kernel = [Value(0.5), Value(-0.25), Value(1.0)]

    def loss(x, i):
        row = autograd.take(table, i[0])
        windows = [autograd.dot(kernel, x[at : at + 3]) for at in range(6)]
        return autograd.dot(row, row) * windows[2] + sum(tanh(w) for w in windows)

    X = np.random.default_rng(1).normal(size=(4, 8))
    both(loss, X, np.array([[0.0], [4.0], [2.0], [2.0]]))
    cancelling = compile(lambda x: (x[1] - x[1]) + x[0], backend="jax")
    assert cancelling([[0.5, 1e300]]).tolist() == [0.5]
    many = compile(lambda x: sum(x), backend="jax")  # more than are written one by one
    row = [1e16, 1.0, -1e16] * 10 + [0.5]
    assert many([row]).tolist() == [sum(row)]


def test_rows_that_branch_get_a_recording_each():
    f = compile(lambda x: x[0] * 2 if x[0] > 0 else -x[0], backend="jax")
    assert f([[1.0], [-3.0], [2.0]]).tolist() == [2.0, 3.0, 4.0]
    with pytest.raises(CompileError, match=r"branches on a number, at .*test_jax\.py:"):
        _ = f.jax
    slope = Value(2.0)
    for other in (lambda x: x * slope if slope > 1 else x, lambda x: x * x.data):
        g = compile(other)
        g([1.0])
        with pytest.raises(CompileError, match="and a function for JAX is the same for all rows"):
            _ = g.jax


def test_a_row_that_raises_an_error_gives_nan_in_a_function_for_jax():
    import jax

    network = MLP(3, [4], seed=1)
    f = compile(lambda x, target: cross_entropy(network(x), target))
    X, T = np.random.default_rng(1).normal(size=(5, 3)), np.array([0.0, 3.0, 1.0, 2.0, 2.0])
    wanted, gradient = f.value_and_grad(X, T, reduction="sum")
    with jax.enable_x64(True):
        by = jax.grad(lambda p: f.jax(p, X, T).sum())(f.jax.parameters)
        found = f.jax(f.jax.parameters, X, np.array([0.0, 3.0, 4.0, -1.0, 1.5]))
    np.testing.assert_allclose(by["W1"][0], gradient[:3], rtol=1e-12)
    np.testing.assert_allclose(found[:2], f(X, T)[:2], rtol=1e-12)
    assert np.isnan(found[2:]).all()
    assert wanted == pytest.approx(f(X, T).sum())


def test_the_settings_of_jax_are_left_as_they_were():
    import jax

    before = jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision
    f = compile(lambda x: tanh(x[0]) * 0.1, backend="jax")
    assert f([[0.5]])[0] == pytest.approx(0.1 * np.tanh(0.5), rel=1e-15)
    assert f([[0.5]]).dtype == np.float64
    single = compile(lambda x: tanh(x[0]) * 0.1, backend="jax", dtype="float32")
    assert single([[0.5]]).dtype == np.float32
    single.jax({}, [[0.5]])
    with pytest.raises(ValueError, match="jax_enable_x64"):
        f.jax({}, [[0.5]])
    assert (jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision) == before


def test_a_square_root_of_minus_infinity_is_nan():
    f = compile(lambda x: x[0] ** 1.5, backend="jax")
    values, (by,) = f([[-math.inf]]), f.value_and_grad([[-math.inf]], wrt="inputs")[1]
    assert values == [math.inf]
    assert np.isnan(by).all()


@pytest.mark.parametrize("power", [lambda x: x[0] ** x[1], lambda x: tanh(x[0]) ** 1.5])
def test_the_logarithm_of_a_power_of_a_negative_number_is_nan(wide, power):
    """XLA takes it for y log|x|."""
    f = compile(lambda x: autograd.log(power(x)), backend="jax")
    rows = np.array([[-3.0, 1.5], [-3.0, 3.0], [3.0, 1.5], [-0.3, -3.0]])
    expected = [autograd.log(power([*map(Value, row)])).data for row in rows.tolist()]
    assert np.isnan(expected).tolist() == [True, True, False, True]
    np.testing.assert_allclose(f(rows), expected, rtol=1e-14)
    pure = wide.jit(f.jax)(f.jax.parameters, rows)
    np.testing.assert_allclose(pure, expected, rtol=1e-14)


def test_what_jax_cannot_run_is_a_sentence():
    odd = autograd.Op("odd_floor", lambda x: float(math.floor(x)), lambda y, x: (0.0,))
    f = compile(lambda x: odd(x[0]), backend="jax")
    with pytest.raises(CompileError, match="JAX cannot run the operation 'odd_floor'"):
        f([[0.5]])
    with pytest.raises(ValueError, match="exact=True keeps the order of sums"):
        compile(lambda x: x[0], backend="jax", exact=True)


def test_many_parameters_are_read_by_the_machine_and_are_those_of_now():
    model = MLP(40, [24, 1], seed=0)
    f = compile(lambda x: model(x), backend="jax")
    rows = np.random.default_rng(0).normal(size=(2, 40))
    before = f(rows)
    assert f.recording([40], [rows[0].tolist()])._leaves._call is not None
    model.layers[1].neurons[0].bias.data += 0.25
    now = [model(row).data for row in rows.tolist()]
    np.testing.assert_allclose(f(rows), now, rtol=1e-12)
    assert (f(rows) != before).all()


def test_a_function_without_parameters_has_no_gradient_by_them():
    f = compile(lambda x: x[0] * x[0], backend="jax")
    value, gradient = f.value_and_grad([[0.5], [1.5]], wrt="parameters")
    assert value == 1.25
    assert gradient.shape == (0,)


def test_blocks_that_stand_in_any_order_are_taken_and_joined(monkeypatch):
    from autograd.compiler.jax import blocks as module
    from autograd.compiler.program import Array, Block

    monkeypatch.setattr(module, "LARGE", 6)
    numbers = np.arange(60.0)
    forms = [
        np.arange(0, 6).reshape(2, 3),
        np.arange(6, 18).reshape(4, 3).T,
        np.arange(18, 42).reshape(2, 3, 4).transpose(2, 0, 1)[::-1, :, ::-1],
        np.array([45, 43, 44, 47]),
        np.array(42),
        np.arange(50, 55)[::-1, None],
    ]
    every = [Block(Array(f.shape, "parameters"), f.reshape(-1)) for f in forms]
    blocks = module.Blocks(every, 58)  # and two that the program does not have
    parts = blocks.parted(numbers)
    assert [part.shape for part in parts] == [(2, 3), (3, 4), (4, 2, 3), (18,)]
    np.testing.assert_array_equal(np.sort(np.concatenate([*map(np.ravel, parts)])), numbers)
    assert parts[-1][-2:].tolist() == [58, 59]
    back = np.zeros(60)
    blocks.put(back, parts)
    np.testing.assert_array_equal(back, numbers)
    parts = [np.asarray(part, np.float32) for part in parts]
    taken = blocks.taken(parts)
    for block, form in zip(taken, forms, strict=True):
        np.testing.assert_array_equal(block, numbers[form])
    used = np.isin(numbers, np.concatenate([f.reshape(-1) for f in forms]))
    blocks.put(back, blocks.joined(taken, parts))
    np.testing.assert_array_equal(back, np.where(used, numbers, 0))


# --- f.jax ---


def test_a_pure_function_of_parameters_and_rows(wide):
    model = MLP(3, [5, 2], seed=1)
    f = compile(lambda x, t: half_squared_error(model(x), t))
    r = np.random.default_rng(0)
    X, T = r.normal(size=(7, 3)), r.normal(size=(7, 2))
    value, gradient = f.value_and_grad(X, T)
    pure = f.jax
    parameters = pure.parameters
    assert {name: a.shape for name, a in parameters.items()} == {
        "W1": (5, 3), "b1": (5,), "W2": (2, 5), "b2": (2,),
    }  # fmt: skip
    loss = wide.jit(lambda p, x, t: pure(p, x, t).mean())
    assert float(loss(parameters, X, T)) == pytest.approx(value, rel=1e-14)

    def by_hand(p):
        hidden = wide.numpy.tanh(X @ p["W1"].T + p["b1"])
        return ((wide.numpy.tanh(hidden @ p["W2"].T + p["b2"]) - T) ** 2).sum() / 2 / len(X)

    found, wanted = wide.grad(loss)(parameters, X, T), wide.grad(by_hand)(parameters)
    for name, by in wanted.items():
        np.testing.assert_allclose(found[name], by, rtol=1e-12, atol=1e-15)
    every = np.concatenate([by.ravel() for by in found.values()])
    np.testing.assert_allclose(np.sort(every), np.sort(gradient), rtol=1e-12)
    each = wide.vmap(lambda x, t: pure(parameters, x[None], t[None])[0])(X, T)
    np.testing.assert_allclose(each, f(X, T), rtol=1e-13)


def test_derivatives_of_any_order_are_those_of_the_table(wide):
    """JAX's own are 0.5 at a corner of relu, and 0 for sigmoid as it is computed, at 0."""
    f = compile(lambda x: tanh(x) * sigmoid(x))
    xs = np.array([-30.0, -3.0, -0.0, 0.0, 0.7, 25.0])
    f(xs)
    pure = f.jax
    one = lambda x: pure({}, x[None])[0]
    for order in range(1, 4):
        one = wide.grad(one)
        for x, found in zip(xs, wide.vmap(one)(xs)):
            v = Value(x)
            y = tanh(v) * sigmoid(v)
            for _ in range(order):
                y = grad(y, v, create_graph=True)
            assert float(found) == pytest.approx(y.data, rel=1e-12, abs=1e-300)
    corners = compile(lambda x: relu(x[0]) + maximum(x[0], x[1]) + logsumexp(x) + norm(x))
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [3e200, -4e200]])
    wanted = corners.value_and_grad(rows, wrt="inputs", reduction="sum")[1]
    found = wide.grad(lambda x: corners.jax({}, x).sum())(rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def irregular(x):
    """A long series of small steps, of which no two runs are alike."""
    r, h = random.Random(1), list(x)
    for _ in range(40):
        a, b = r.sample(h, 2)
        kinds = [lambda: tanh(a + b), lambda: sigmoid(a) * b, lambda: a - b / (2 + b * b)]
        h[r.randrange(len(h))] = r.choice(kinds)()
    return h[0] * h[1] + h[2]


def test_steps_that_the_machine_runs_one_by_one(wide):
    f = compile(irregular)
    rows = np.array([[0.5, 1.5, -0.75], [1.0, 0.25, 2.0]])
    wanted = f(rows)
    assert "one by one" in repr(f)
    np.testing.assert_allclose(f.jax({}, rows), wanted, rtol=1e-12)
    exact = compile(irregular, exact=True)
    exact(rows)
    with pytest.raises(CompileError, match="exact=True keeps the order of sums, which JAX"):
        _ = exact.jax


def test_it_is_exported_with_any_number_of_rows(wide):
    from jax import export

    function, n = recurrences.RECURRENCES["lstm"][0](*SHORT["lstm"])
    x = np.random.default_rng(0).normal(size=(4, n))
    f = compile(function)
    wanted, pure = f(x), f.jax
    (rows,) = export.symbolic_shape("rows")
    shapes = {k: wide.ShapeDtypeStruct(a.shape, a.dtype) for k, a in pure.parameters.items()}
    exported = export.export(wide.jit(pure))(shapes, wide.ShapeDtypeStruct((rows, n), x.dtype))
    for some in (x, x[:1]):
        found = exported.call(pure.parameters, some)
        np.testing.assert_allclose(found, wanted[: len(some)], rtol=1e-13)


def example_of_the_docs(jax, page, holds):
    """The names that the indented block of a page leaves behind which holds this text."""
    text = (ROOT / "demos/site/pages" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^ {4}.*\n|^\n)+", text, re.MULTILINE)
    (example,) = (block for block in blocks if holds in block)
    names = {}
    try:
        exec(textwrap.dedent(example), names)
    finally:
        jax.config.update("jax_enable_x64", False)  # which the example sets for good
    return names


def test_the_example_of_the_docs_is_read_back_and_gives_the_same(wide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = example_of_the_docs(wide, "autograd.md", "export.deserialize")
    X = np.random.default_rng(0).normal(size=(1024, 2))
    for some in (X, X[:1]):
        found = names["read"].call(names["pure"].parameters, some)
        np.testing.assert_allclose(found, names["program"](some), rtol=1e-13)


def test_the_example_of_the_docs_trains_in_jax_and_gives_the_numbers_back(wide):
    names = example_of_the_docs(wide, "beyond.md", "pure.parameters = ")
    model, X, T = names["model"], names["X"], names["T"]
    for x, t in zip(X.tolist(), T.tolist()):
        assert model(x).data == pytest.approx(t[0], abs=0.2)
    for p in model.parameters():
        p.data = 0.0
    names["pure"].parameters = names["parameters"]
    found = [model(x).data for x in X.tolist()]
    assert found == pytest.approx(T.ravel().tolist(), abs=0.2)
    assert names["pure"].parameters.keys() == {"W1", "b1", "w2", "b2"}


def test_a_wrong_call_is_a_sentence(wide):
    weight = Value(2.0)
    f = compile(lambda x: x[0] * weight + x[1])
    with pytest.raises(CompileError, match="not recorded yet"):
        _ = f.jax
    f([[1.0, 2.0]])
    pure = f.jax
    (name,) = pure.parameters
    assert repr(pure) == f"<function for JAX of {{{name}}}, (batch, 2), float64>"
    with pytest.raises(ValueError, match=f"dictionary of {name}, as in f.jax.parameters; got"):
        pure({"other": 1.0}, [[1.0, 2.0]])
    with pytest.raises(ValueError, match=f"{name} has the shape .*got \\(3,\\)"):
        pure({name: [1.0, 2.0, 3.0]}, [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"shapes \(batch, 2\); got \(1, 3\)"):
        pure(pure.parameters, [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"got \(2,\): write x\[None\] for a single row x"):
        pure(pure.parameters, [1.0, 2.0])
    with pytest.raises(ValueError, match="has the shape"):
        pure.parameters = {name: [5.0, 6.0]}
    assert weight.data == 2.0
    with wide.enable_x64(False), pytest.raises(ValueError, match="jax_enable_x64"):
        pure(pure.parameters, [[1.0, 2.0]])
    table = [Value(1.0), Value(2.0)]
    taken = compile(lambda i: autograd.take(table, i))
    taken([0.0, 1.0])
    found = taken.jax(taken.jax.parameters, [1.0, 2.0, 0.5])
    np.testing.assert_array_equal(found, [2.0, np.nan, np.nan])


def test_the_norm_of_numbers_whose_inverse_xla_takes_for_zero():
    rows = [[-LARGEST, LARGEST, 23.1], [LARGEST, 1.0, 2.0], [math.inf, 1.0, 2.0], [3.0, 4.0, 0.0]]
    f = compile(lambda x: norm(*x), backend="jax")
    np.testing.assert_allclose(f(rows), [math.inf, LARGEST, math.inf, 5.0], rtol=1e-14)
