"""A user's operation is one statement, and then works everywhere."""

import importlib.util
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest

import autograd
from autograd import Op, Value, compile, dot, exp, grad, gradcheck, maximum, sigmoid, sqrt
from autograd.ops import TABLE, step
from nn import MLP, SGD, fit, half_squared_error, load_checkpoint, save_checkpoint

leaky = lambda a: Op("leaky", lambda x: maximum(x, a * x), lambda y, x: (a + (1 - a) * step(x),))

STATEMENTS = {
    "composed of others": lambda: Op(
        "swish", lambda x: x * sigmoid(x), lambda y, x: (y + sigmoid(x) * (1 - y),)
    ),
    "with a number of its own": lambda: leaky(0.1),
    "two inputs": lambda: Op(
        "distance", lambda a, b: sqrt(a * a + b * b), lambda y, a, b: (a / y, b / y), arity=2
    ),
    "any number of inputs": lambda: Op(
        "own_norm",
        lambda xs: sqrt(autograd.sum([x * x for x in xs])),
        lambda y, xs: tuple(x / y for x in xs),
        arity=None,
    ),
    "Python's own function": lambda: Op(
        "own_erf", math.erf, lambda y, x: (2 / math.sqrt(math.pi) * exp(-x * x),)
    ),
    "an if, in the rule too": lambda: Op(
        "bend", lambda x: x if x > 0 else x / 4, lambda y, x: (1.0 if x > 0 else 0.25,)
    ),
    "opaque of two inputs": lambda: Op(
        "larger",
        lambda a, b: a if a > b else b,
        lambda y, a, b: (float(a > b), float(b >= a)),
        arity=2,
    ),
    "opaque of any number": lambda: Op(
        "hypotenuse",
        lambda xs: math.hypot(*xs),
        lambda y, xs: tuple(float(x) / y for x in xs),
        arity=None,
    ),
}
NO_LLVM = importlib.util.find_spec("llvmlite") is None
NATIVE = pytest.mark.skipif(NO_LLVM, reason="llvmlite is not installed")
ON_EACH_BACKEND = pytest.mark.parametrize(
    "backend", ["numpy", pytest.param("machine", marks=NATIVE)]
)


@pytest.fixture(params=STATEMENTS)
def op(request):
    before = set(TABLE)
    yield STATEMENTS[request.param]()
    for name in set(TABLE) - before:
        del TABLE[name]


def applied(op, values):
    """The operation on a list of values: on each, on neighbours, or on all at once."""
    if op.arity is None:
        return [op(values), op(values[:2])]
    return [op(*pair) for pair in pairwise(values)] if op.arity == 2 else [op(v) for v in values]


class Network:
    """A function of three inputs and six parameters with the operation inside."""

    def __init__(self, op):
        self.op = op
        self.weights = [[Value(w) for w in row] for row in ([0.3, -0.8, 0.5], [-0.4, 0.2, 0.9])]
        self.parameters = [w for row in self.weights for w in row]

    def __call__(self, x):
        hidden = [dot(row, x) + 0.1 for row in self.weights]
        return autograd.sum([v * v for v in applied(self.op, [*hidden, x[0] * 0.5])]) + hidden[0]

    def by_hand(self, X):
        """For each row the value, and the derivatives of the mean by parameters and by inputs."""
        rows = [[Value(x) for x in row] for row in X]
        values = [self(row) for row in rows]
        for p in self.parameters:
            p.grad = 0.0
        (autograd.sum(values) / len(values)).backward()
        by_inputs = [[x.grad for x in row] for row in rows]
        return [v.data for v in values], [p.grad for p in self.parameters], by_inputs


X = np.random.default_rng(0).normal(size=(5, 3))
POINT = [0.7, -1.1, 0.4]


def test_on_floats_and_on_values(op):
    point = POINT[: op.arity]
    y = op(*map(Value, point))
    assert y.data == op(*point)
    assert type(op(*point)) is float
    assert y.op is op
    assert gradcheck(op, point)


def test_its_derivative_has_a_derivative(op):
    def derivative(*inputs):
        return grad(op(*inputs), inputs[0], create_graph=True)

    if op.name in ("bend", "larger"):
        assert derivative(*map(Value, POINT[: op.arity])).op is None  # a number
    elif op.name == "hypotenuse":
        with pytest.raises(TypeError, match="out of the graph"):
            derivative(*map(Value, POINT))
    else:
        assert gradcheck(derivative, POINT[: op.arity])


@ON_EACH_BACKEND
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_with_gradients_by_parameters_and_by_inputs(op, backend, dtype):
    network = Network(op)
    values, by_parameters, by_inputs = network.by_hand(X)
    program = compile(network, backend=backend, dtype=dtype)
    within = {"rel": 1e-12, "abs": 1e-13} if dtype == "float64" else {"rel": 1e-5, "abs": 1e-6}
    assert program(X) == pytest.approx(np.array(values), **within)
    mean, gradient = program.value_and_grad(X)
    assert mean == pytest.approx(np.mean(values), **within)
    found = dict(zip(program.parameters, gradient))
    assert [found[p] for p in network.parameters] == pytest.approx(by_parameters, **within)
    _, gradients = program.value_and_grad(X, wrt="inputs")
    assert gradients == pytest.approx(np.array(by_inputs), **within)
    assert gradients.dtype == gradient.dtype == np.dtype(dtype)


@ON_EACH_BACKEND
def test_a_loss_over_samples(op, backend):
    network = Network(op)
    loss = autograd.sum([network(row.tolist()) for row in X])
    program = compile(loss, parameters=network.parameters, backend=backend)
    value, gradient = program.value_and_grad()
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-12)
    found = dict(zip(program.parameters, gradient))
    wanted = [p.grad for p in network.parameters]
    assert [found[p] for p in network.parameters] == pytest.approx(wanted, rel=1e-11)


@ON_EACH_BACKEND
def test_the_gradient_of_its_derivative_compiled(op, backend):
    if op.name == "hypotenuse":
        pytest.skip("its rule takes numbers only")

    def steepness(x):
        by_each = grad(applied(op, list(x))[0], list(x), create_graph=True)
        return autograd.sum([d * d for d in by_each if isinstance(d, Value)] + [x[0] * 1.0])

    rows = [[Value(x) for x in row] for row in X]
    outputs = [steepness(row) for row in rows]
    autograd.sum(outputs).backward()
    program = compile(steepness, backend=backend)
    assert program(X) == pytest.approx(np.array([y.data for y in outputs]), rel=1e-12)
    _, gradient = program.value_and_grad(X, wrt="inputs", reduction="sum")
    wanted = np.array([[x.grad for x in row] for row in rows])
    assert gradient == pytest.approx(wanted, rel=1e-10, abs=1e-12)


def test_the_printed_program_stands_alone_unless_python_computes_it(op):
    program = compile(Network(op), backend="numpy")
    program(X)
    opaque = op.name in ("own_erf", "bend", "larger", "hypotenuse")
    assert (f"{op.name}_in_python" in program.source) == opaque
    if opaque:
        assert f"# {op.name}_in_python is the operation {op.name!r}" in program.source


def trained(op, backend):
    """The parameters after a training with the operation as activation, or in the loss."""
    model = MLP(3, [4, 2], activation=op if op.arity == 1 else "tanh", seed=1)

    def loss(x, t):
        outputs = model(x)
        extra = 0.0 if op.arity == 1 else sum(applied(op, outputs))
        return half_squared_error(outputs, t) + extra

    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.5)
    function = compile(loss, backend=backend) if backend else loss
    history = fit(function, X, X[:, :2], optimizer, epochs=3, batch_size=2, compile=bool(backend))
    assert history.losses[-1] < history.losses[0]
    return [p.data for p in model.parameters()]


@ON_EACH_BACKEND
def test_a_training_compiled_and_plain(op, backend):
    assert trained(op, backend) == pytest.approx(trained(op, None), rel=1e-11)


def test_a_graph_is_pickled_with_it(op):
    y = Network(op)(X[0].tolist())
    again = pickle.loads(pickle.dumps(y))
    assert again.data == y.data
    found = set()
    waiting = [again]
    while waiting:
        node = waiting.pop()
        found.add(node.op)
        waiting += node.inputs
    assert op in found


def test_a_checkpoint_of_a_model_that_uses_it(op, tmp_path):
    if op.arity != 1:
        pytest.skip("an activation has one input")
    model, other = (MLP(3, [4, 1], activation=op.name, seed=seed) for seed in (1, 2))
    save_checkpoint(tmp_path / "model", model)
    load_checkpoint(tmp_path / "model", other)
    assert other(X[0].tolist()).data == model(X[0].tolist()).data


def test_a_rule_that_forgets_an_input_is_named():
    short = Op("short", lambda a, b: a * b, lambda y, a, b: (b,), arity=2, registered=False)
    program = compile(lambda x: short(x[0], x[1]), backend="numpy")
    with pytest.raises(ValueError, match=r"^the operation 'short' gave 1 partial for 2 inputs"):
        program.value_and_grad(X, wrt="inputs")


def test_a_rule_that_fails_names_its_operation_once():
    alone = Op("alone", lambda x: x * 2, lambda y, x: 2.0, registered=False)
    program = compile(lambda x: alone(x[0]), backend="numpy")
    message = r"^the operation 'alone' failed at (?!.*the operation).* A rule .* returns a tuple"
    with pytest.raises(TypeError, match=message):
        program.value_and_grad(X, wrt="inputs")


def test_a_forward_that_asks_whether_a_number_is_zero_is_not_traced():
    # An object is true, so that a careless trace would keep one branch for all rows.
    unless_zero = Op(
        "unless_zero",
        lambda x: 1 / x if x else 7.0,
        lambda y, x: (-1 / (x * x) if x else 0.0,),
        registered=False,
    )
    program = compile(lambda x: unless_zero(x[0]) * 2, backend="numpy")
    rows = [[2.0], [0.0], [-4.0]]
    assert program(rows).tolist() == [1.0, 14.0, -0.5]
    _, gradient = program.value_and_grad(rows, wrt="inputs", reduction="sum")
    assert gradient.tolist() == [[-0.5], [0.0], [-0.125]]


def test_operations_composed_of_a_users_own_need_no_python_either():
    swish = Op(
        "swish",
        lambda x: x * sigmoid(x),
        lambda y, x: (y + sigmoid(x) * (1 - y),),
        registered=False,
    )
    twice = Op(
        "twice",
        lambda x: swish(swish(x)),
        lambda y, x: tuple(
            a * b for a, b in zip(swish.partials(y, swish(x)), swish.partials(swish(x), x))
        ),
        registered=False,
    )
    program = compile(lambda x: twice(x[0]) * x[1], backend="numpy")
    rows = [[Value(x) for x in row] for row in X]
    outputs = [twice(row[0]) * row[1] for row in rows]
    autograd.sum(outputs).backward()
    assert program(X) == pytest.approx(np.array([y.data for y in outputs]), rel=1e-13)
    _, gradient = program.value_and_grad(X, wrt="inputs", reduction="sum")
    wanted = np.array([[x.grad for x in row] for row in rows])
    assert gradient == pytest.approx(wanted, rel=1e-12)
    assert "python" not in program.source


def test_an_operation_that_catches_the_refusal_to_compare_is_not_traced():
    def forward(x):
        try:
            return 0.8 * x if x > 0 else 0.9 * x
        except TypeError:
            return 0.7 * x

    odd = Op("odd", forward, lambda y, x: (y / x,), registered=False)
    assert list(compile(lambda x: odd(x[0]), backend="numpy")([[-1.0], [2.0]])) == [-0.9, 1.6]
    chain = Value(-0.5)
    for _ in range(200):
        chain = odd(chain.sin())
    assert compile(chain, backend="numpy").value_and_grad()[0] == pytest.approx(chain.data)
