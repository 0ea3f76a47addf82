"""What a user sees of compile. Other files test the stages."""

import copy
import inspect
import itertools
import math
import pickle
import random

import numpy as np
import pytest

import autograd
from autograd import CompileError, Op, Value, compile, grad, no_grad
from nn import MLP, Layer, cross_entropy, half_squared_error, hinge

BACKENDS = ["machine", "numpy"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "machine":
        pytest.importorskip("llvmlite")
    return request.param


def rows(n, width, seed=0):
    return np.random.default_rng(seed).normal(size=(n, width))


def eager(function, *arrays):
    """Value and gradients by plain backward: the mean over the rows."""
    results = [function(*[list(map(float, x)) for x in row]) for row in zip(*arrays)]
    mean = autograd.sum(results) / len(results)
    mean.backward()
    return [r.data for r in results], mean.data


def gradients(parameters):
    return np.array([p.grad for p in parameters])


# --- a function ---


def test_a_network_gives_one_value_a_row_and_the_gradients_of_backward(backend):
    model = MLP(5, [7, 3], seed=1)
    X, T = rows(11, 5), rows(11, 3, seed=1)

    def error(x, t):
        return half_squared_error(model(x), t)

    program = compile(error, backend=backend)
    values, mean = eager(error, X, T)
    assert program(X, T) == pytest.approx(values, rel=1e-12)
    value, found = program.value_and_grad(X, T)
    assert value == pytest.approx(mean, rel=1e-12)
    assert program.parameters == model.parameters()
    assert found == pytest.approx(gradients(model.parameters()), abs=1e-12)
    total, of_sum = program.value_and_grad(X, T, reduction="sum")
    assert total == pytest.approx(11 * mean, rel=1e-12)
    assert of_sum == pytest.approx(11 * found, abs=1e-12)


def test_several_results_are_columns(backend):
    model = MLP(2, [4, 3], seed=1)
    program = compile(model, backend=backend)
    X = rows(6, 2)
    expected = [[v.data for v in model(list(x))] for x in X]
    assert program(X) == pytest.approx(np.array(expected), rel=1e-12)
    with pytest.raises(ValueError, match="returns several"):
        program.value_and_grad(X)


def test_a_decorator_and_numbers_instead_of_lists(backend):
    @compile(backend=backend)
    def formula(a, b):
        """A formula."""
        return (a + b - a * b - b**3) ** 2 / 2

    a, b = rows(2, 50)
    e = a + b - a * b - b**3
    assert formula(a, b) == pytest.approx(e * e / 2, rel=1e-12)
    value, (by_a, by_b) = formula.value_and_grad(a, b, wrt="inputs", reduction="sum")
    assert value == pytest.approx((e * e / 2).sum(), rel=1e-12)
    assert by_a == pytest.approx(e * (1 - b), rel=1e-9)
    assert by_b == pytest.approx(e * (1 - a - 3 * b * b), rel=1e-9)
    assert formula.__doc__ == "A formula."


def test_parameters_changed_outside_are_seen(backend):
    w = Value(2.0)
    program = compile(lambda x: w * x[0], backend=backend)
    assert program([[3.0]]) == [6.0]
    w.data = 5.0
    assert program([[3.0]]) == [15.0]
    assert program.parameters == [w]


def test_values_made_inside_are_constants(backend):
    w = Value(2.0)

    def recurrent(x):
        h = Value(0.5)
        for number in x:
            h = (w * h + number).tanh()
        return h

    program = compile(recurrent, backend=backend)
    X = rows(4, 6)
    assert program(X) == pytest.approx([recurrent(list(x)).data for x in X], rel=1e-12)
    assert program.parameters == [w]


def test_single_precision_on_request(backend):
    model = MLP(3, [4, 1], seed=1)
    program = compile(model, backend=backend, dtype="float32")
    X = rows(5, 3)
    values = program(X)
    assert values.dtype == np.float32
    assert values == pytest.approx([model(list(x)).data for x in X], rel=1e-5)
    _, gradient = program.value_and_grad(X)
    assert gradient.dtype == np.float32


# --- branches ---


def test_each_row_takes_its_own_branch(backend):
    w = Value(0.7)

    def branching(x):
        if x[0] > 0.5:
            return w * x[1]
        return (x[1] * w).exp() if x[1] < 0 else x[0] + w * w

    program = compile(branching, backend=backend)
    X = rows(40, 2)
    values, mean = eager(branching, X)
    assert program(X) == pytest.approx(values, rel=1e-12)
    value, found = program.value_and_grad(X)
    assert value == pytest.approx(mean, rel=1e-12)
    assert found == pytest.approx([w.grad], rel=1e-12)


def test_a_branch_on_a_parameter_is_recorded_again_when_it_changes(backend):
    w = Value(1.0)
    program = compile(lambda x: w * x[0] if w > 0 else w + x[0], backend=backend)
    assert program([[3.0]]) == [3.0]
    w.data = -1.0
    assert program([[3.0]]) == [2.0]


def test_a_number_looked_at_is_a_branch(backend):
    def by_class(x, t):
        return x[int(t[0].data)] * 2

    program = compile(by_class, backend=backend)
    X, T = rows(9, 3), np.arange(9)[:, None] % 3
    assert program(X, T) == pytest.approx(2 * X[np.arange(9), np.arange(9) % 3], rel=1e-12)


def test_too_many_branches_are_refused_with_the_line():
    program = compile(lambda x: x[0] * x[0].data, backend="numpy")  # the line
    with pytest.raises(CompileError, match=r"64 rows.*test_compile.py.*# the line"):
        program(rows(100, 1))


@pytest.mark.parametrize("target", [[2.0], [0.1, 0.2, 0.7]])
def test_cross_entropy(backend, target):
    model = MLP(2, [3], output_activation=None, seed=1)

    def error(x, t):
        return cross_entropy(model(x), t[0] if len(t) == 1 else t)

    X = rows(5, 2)
    T = np.array([target] * 5)
    values, _ = eager(error, X, T)
    program = compile(error, backend=backend)
    assert program(X, T) == pytest.approx(values, rel=1e-12)
    _, found = program.value_and_grad(X, T)
    assert found == pytest.approx(gradients(program.parameters), abs=1e-12)
    with pytest.raises(ValueError, match=r"index from 0 to 2|sum to 1"):
        program(X, T + 7)


def test_hinge_needs_one_recording_for_both_sides(backend):
    model = MLP(2, [3, 1], output_activation=None, seed=1)
    program = compile(lambda x, t: hinge(model(x), t), backend=backend)
    X, T = rows(8, 2), np.array([[1.0], [-1.0]] * 4)
    values, _ = eager(lambda x, t: hinge(model(x), t), X, T)
    assert program(X, T) == pytest.approx(values, rel=1e-12)
    assert len(program._recordings.of((2, 1))) == 1


# --- what cannot be compiled ---


def test_a_function_that_changes_between_runs_is_refused():
    stream = random.Random(1)
    with pytest.raises(CompileError, match=r"draws random numbers \(Random\)"):
        compile(lambda x: x[0] * stream.random())([[1.0]])
    assert stream.random() == random.Random(1).random()  # it was put back
    lengths = itertools.count(1)
    with pytest.raises(CompileError, match="another graph"):
        compile(lambda x: x[0] * next(lengths))([[1.0]])


def test_backward_inside_is_refused_with_the_line():
    w = Value(1.0)

    def function(x):
        y = w * x[0]
        y.backward()  # here
        return y

    with pytest.raises(CompileError, match=r"backward\(\), at .*# here"):
        compile(function)([[1.0]])
    assert type(w) is Value


@pytest.mark.parametrize("returned", [None, 3.0, [], [1.0], "text"])
def test_a_function_must_return_values(returned):
    with pytest.raises(CompileError, match=r"returns"):
        compile(lambda x: returned)([[1.0]])


def test_shapes_that_do_not_fit():
    program = compile(lambda x, t: x[0] * t[0])
    with pytest.raises(ValueError, match="2, 3 rows"):
        program([[1.0]] * 2, [[1.0]] * 3)
    with pytest.raises(ValueError, match="shape"):
        program(np.zeros((2, 2, 2)), np.zeros((2, 1)))
    with pytest.raises(TypeError, match="real numbers"):
        program([["a"]], [["b"]])
    with pytest.raises(ValueError, match="without rows"):
        program(np.zeros((0, 1)), np.zeros((0, 1)))
    with pytest.raises(TypeError, match="an array for each"):
        program()


def test_an_argument_that_is_neither_function_nor_value():
    with pytest.raises(TypeError, match="a function or a Value"):
        compile(3)
    with pytest.raises(TypeError, match="parameters of a function"):
        compile(lambda x: x[0], parameters=[])
    with pytest.raises(ValueError, match="dtype"):
        compile(lambda x: x[0], dtype="int32")
    with pytest.raises(ValueError, match="backend"):
        compile(lambda x: x[0], backend="fortran")


def test_nothing_is_known_before_the_first_call():
    program = compile(lambda x: x[0])
    with pytest.raises(CompileError, match="not recorded yet: call it with arrays"):
        _ = program.parameters
    assert "nothing recorded" in repr(program)


def test_an_error_of_the_function_comes_through_and_leaves_no_trace():
    w = Value(1.0)

    def function(x):
        (w * x[0]).tanh()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        compile(function)([[1.0]])
    assert type(w) is Value
    assert not autograd.modes.active


# --- derivatives within ---


def test_second_derivatives(backend):
    w = Value(0.8)

    def curvature(x):
        y = (w * x[0]).tanh() ** 2 + x[0].exp()
        first = grad(y, x[0], create_graph=True)
        return grad(first, x[0], create_graph=True) * w

    X = rows(7, 1)
    values, _ = eager(lambda x: curvature([Value(x[0])]), X)
    program = compile(curvature, backend=backend)
    assert program(X) == pytest.approx(values, rel=1e-11)
    _, found = program.value_and_grad(X)
    assert found == pytest.approx([w.grad], rel=1e-11)


def test_results_of_no_grad_and_detach_have_no_derivative(backend):
    def function(x):
        with no_grad():
            scale = x[0] * x[0]
        return scale * x[0] + x[0].detach() * x[0]

    X = np.array([[2.0], [3.0]])
    value, by_x = compile(function, backend=backend).value_and_grad(
        X, wrt="inputs", reduction="sum"
    )
    assert value == pytest.approx(8 + 4 + 27 + 9)
    assert by_x == pytest.approx(np.array([[4.0 + 2.0], [9.0 + 3.0]]))


def test_no_grad_around_a_call_is_not_recorded(backend):
    w = Value(2.0)
    program = compile(lambda x: w * x[0] * x[0], backend=backend)
    with no_grad():
        assert program([[3.0]]) == [18.0]
    value, found = program.value_and_grad([[3.0]])
    assert (value, found.tolist()) == (18.0, [9.0])


def test_inputs_without_influence_have_gradient_zero(backend):
    w = Value(2.0)
    program = compile(lambda x: w * x[0] if x[0] > 0 else Value(0.0), backend=backend)
    value, found = program.value_and_grad([[-1.0], [-1.0], [2.0]], wrt="inputs", reduction="sum")
    assert (value, found.tolist()) == (4.0, [[0.0], [0.0], [2.0]])
    alone = compile(lambda x: w * 1.0, backend=backend)
    value, found = alone.value_and_grad(np.ones((3, 2)), wrt="inputs")
    assert (value, found.tolist()) == (2.0, [[0.0, 0.0]] * 3)
    number = compile(lambda x: w * 1.0, backend=backend)
    assert number.value_and_grad(1.0, wrt="inputs") == (2.0, (0.0,))


def test_help_knows_the_arguments():
    program = compile(lambda x, t=None: x[0] * 2)
    assert str(inspect.signature(program)) == "(x, t=None)"


# --- graphs ---


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda y: pickle.loads(pickle.dumps(y))])
def test_constants_of_a_copy_are_constants(copied):
    w, x = Value(3.0, "w"), Value(2.0, "x")
    program = compile(copied(2 * w * x + (w - 1) ** 2))
    assert sorted(p.label for p in program.parameters) == ["w", "x"]


def moons_loss(samples):
    stream = random.Random(1)
    model = MLP(2, [5, 4, 1], output_activation=None, seed=1)
    total = 0.0
    for _ in range(samples):
        side = stream.choice([-1, 1])
        score = model([stream.gauss(side, 1), stream.gauss(0, 1)])
        total = total + (1 - side * score).relu()
    loss = total / samples + 1e-3 * sum(p * p for p in model.parameters())
    return loss, model


def test_a_loop_over_samples_is_found_in_a_recorded_graph(backend):
    loss, model = moons_loss(30)
    program = compile(loss, backend=backend)
    assert program() == pytest.approx(loss.data, rel=1e-12)
    _, found = program.value_and_grad()
    loss.backward()
    assert set(program.parameters) == set(model.parameters())
    assert found == pytest.approx(gradients(program.parameters), abs=1e-12)
    assert "8 of them matrix products" in repr(program)  # 3 layers: 3 * 3 - 1
    with pytest.raises(TypeError, match="no arguments"):
        program([[1.0]])


def test_only_the_chosen_leaves_of_a_graph_are_parameters(backend):
    a, b = Value(2.0), Value(3.0)
    program = compile(a * b + a, parameters=[a], backend=backend)
    assert program.parameters == [a]
    value, found = program.value_and_grad()
    assert (value, found.tolist()) == (8.0, [4.0])


def test_a_graph_without_structure_runs_node_by_node():
    v = w = Value(0.3)
    stream = random.Random(1)
    for _ in range(20_000):
        v = stream.choice([lambda u: u * w, lambda u: (u + w).tanh(), lambda u: u + 0.01])(v)
    program = compile(v)
    assert "one by one" in repr(program)
    v.backward()
    value, found = program.value_and_grad()
    assert value == pytest.approx(v.data, rel=1e-12)
    assert found == pytest.approx([w.grad], rel=1e-11)
    with pytest.raises(CompileError, match="no matrices"):
        _ = program.source


# --- the reader's view ---


@pytest.mark.slow
def test_the_source_reads_like_a_textbook_and_runs_alone():
    model = MLP(4, [3, 2], seed=1)
    program = compile(lambda x, t: half_squared_error(model(x), t))
    X, T = rows(5, 4), rows(5, 2, seed=1)
    value, gradient = program.value_and_grad(X, T)
    for line in (
        "a1, s1 = tanh_and_slope(x @ W1.T + b1)",
        "a2, s2 = tanh_and_slope(a1 @ W2.T + b2)",
        "grad_W1 = d1.T @ x",
        "grad_W2 = d2.T @ a1",
    ):
        assert line in program.source
    namespace = {}
    exec(program.source, namespace)
    layers = [
        (np.array([[w.data for w in n.weights] for n in layer.neurons]),
         np.array([n.bias.data for n in layer.neurons]))
        for layer in model.layers
    ]  # fmt: skip
    (W1, b1), (W2, b2) = layers
    named = {"x": X, "t": T, "W1": W1, "b1": b1, "W2": W2, "b2": b2}
    alone, gradients = namespace["value_and_grad"](**named)
    assert alone == pytest.approx(value, rel=1e-12)
    flat = np.concatenate([g.ravel() for g in gradients])
    assert np.linalg.norm(flat) == pytest.approx(np.linalg.norm(gradient), rel=1e-12)


def test_every_stage_can_be_printed():
    model = Layer(3, 2, seed=1)
    program = compile(lambda x: half_squared_error(model(x), [0.0, 0.5]))
    program(rows(2, 3))
    assert list(program.stages) == [
        "trace",
        "pack",
        "contract",
        "layout",
        "roll",
        "differentiate",
    ]
    assert "mul(" in program.stages["trace"]
    assert "matrix product" in program.stages["contract"]
    assert "gradient of W" in program.stages["differentiate"]


# --- custom operations ---


def test_a_custom_operation(backend):
    bump = Op(
        "bump_of_this_test",
        lambda x: autograd.exp(-x * x),
        lambda y, x: (-2 * x * y,),
        registered=False,
    )
    model = MLP(2, [3, 1], activation=bump, seed=1)
    X = rows(4, 2)
    values, _ = eager(model, X)
    program = compile(model, backend=backend)
    assert program(X) == pytest.approx(values, rel=1e-12)
    _, found = program.value_and_grad(X)
    assert found == pytest.approx(gradients(program.parameters), abs=1e-12)


def test_an_operation_that_only_python_can_compute_runs_too(backend):
    steps = Op(
        "erf_of_this_test",
        math.erf,
        lambda y, x: (2 / math.sqrt(math.pi) * autograd.exp(-x * x),),
        registered=False,
    )
    model = MLP(2, [3, 1], activation=steps, seed=1)
    X = rows(4, 2)
    values, _ = eager(model, X)
    program = compile(model, backend=backend)
    assert program(X) == pytest.approx(values, rel=1e-12)
    _, found = program.value_and_grad(X)
    assert found == pytest.approx(gradients(program.parameters), abs=1e-12)


def test_a_formula_at_one_point_takes_and_gives_plain_numbers(backend):
    w = Value(3.0)

    @compile(backend=backend)
    def formula(a, b):
        return (a * w).tanh() if a > b else a * b * w

    assert formula(2.0, 3.0) == pytest.approx(18.0)
    assert formula.value_and_grad(2.0, 3.0, wrt="inputs") == (18.0, pytest.approx((9.0, 6.0)))
    assert formula.value_and_grad(2.0, 3.0) == (18.0, pytest.approx((6.0,)))
    w.data = 0.5  # and the other branch
    assert formula(2.0, 1.0) == pytest.approx(math.tanh(1.0), rel=1e-15)
    _, derivatives = formula.value_and_grad(2.0, 1.0, wrt="inputs")
    assert derivatives == pytest.approx((0.5 / math.cosh(1.0) ** 2, 0.0))
    with pytest.raises(TypeError, match="not both at once; got float and list"):
        formula(2.0, [1.0])


def test_constants_are_distinguished_bit_by_bit(backend):
    def function(x):
        return [v * c for v, c in zip(x, [math.nan, 2.0, 3.0])] + [1 / (v * 0.0) for v in x[:1]]

    (values,) = compile(function, backend=backend)([[1.0, 1.0, 1.0]])
    assert math.isnan(values[0])
    assert values[1:].tolist() == [2.0, 3.0, math.inf]
    signed = compile(lambda x: [v / c for v, c in zip(x, [0.0, -0.0])], backend=backend)
    assert signed([[1.0, 1.0]]).tolist() == [[math.inf, -math.inf]]


def signed(x):
    return autograd.ops.sign(x[0]) * x[1]


def by_a_derivative_as_a_number(x):
    (slope,) = autograd.grad(x[0] ** 2, [x[0]])
    return slope * x[1]


@pytest.mark.parametrize("backend", ["numpy", "machine"])
@pytest.mark.parametrize("function", [signed, by_a_derivative_as_a_number])
def test_zero_times_an_infinite_gradient_is_as_in_plain_python(function, backend):
    row = [0.5, math.inf]
    x = [Value(v) for v in row]
    expected = [g.data for g in autograd.grad(function(x), x)]
    _, found = compile(function, backend=backend).value_and_grad([row], wrt="inputs")
    np.testing.assert_array_equal(found[0], expected)
