"""Networks whose inputs are mostly zeros: what is passed over must not be missed."""

import math

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import autograd  # noqa: E402
import nn  # noqa: E402
from autograd import Value  # noqa: E402
from autograd.compiler.executor import Executor, Learner, Stretch  # noqa: E402
from autograd.compiler.machine.opcodes import Field, Opcode  # noqa: E402
from nn.compiled_training import update_of  # noqa: E402

INPUTS, HIDDEN, OUTPUTS = 17, 16, 1


def task(rows, dtype="float64"):
    """A network, its compiled loss, and rows with two numbers that are not 0; the last has none."""
    model = nn.MLP(INPUTS, [HIDDEN, OUTPUTS], seed=1)
    draw = np.random.default_rng(0)
    X = np.zeros((rows, INPUTS))
    for _ in range(2):
        X[np.arange(rows), draw.integers(0, INPUTS, rows)] = draw.normal(size=rows)
    X[-1] = 0
    T = draw.uniform(-0.9, 0.9, (rows, OUTPUTS))
    loss = autograd.compile(lambda x, t: nn.half_squared_error(model(x), t), dtype=dtype)
    return model, loss, X, T


def eagerly(model, X, T):
    """The sum of the losses and its gradient, by plain backward passes."""
    model.zero_grad()
    total = 0.0
    for x, t in zip(X.tolist(), T.tolist()):
        loss = nn.half_squared_error(model(x), t)
        loss.backward()
        total += loss.data
    return total, {p: p.grad for p in model.parameters()}


@pytest.mark.parametrize(("dtype", "rel"), [("float64", 1e-13), ("float32", 1e-4)])
@pytest.mark.parametrize("rows", [1, 30, 100])
@pytest.mark.parametrize("dense", [False, True])
def test_gradients_are_those_of_plain_backward_passes(rows, dense, dtype, rel):
    model, loss, X, T = task(rows, dtype)
    if dense:
        X[:] = np.random.default_rng(1).normal(size=X.shape)
    total, expected = eagerly(model, X, T)
    found = loss.value_and_grad(X, T, reduction="sum")
    assert found[0] == pytest.approx(total, rel=rel)
    expected = [expected[p] for p in loss.parameters]
    np.testing.assert_allclose(found[1], expected, rtol=rel, atol=rel)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("rows", [1, 30])
def test_a_weight_that_is_not_finite_is_seen_where_its_input_is_0(bad, rows):
    model, loss, X, T = task(rows)
    X[:, 5] = 0
    model.layers[0].neurons[4].weights[5].data = bad
    assert math.isnan(eagerly(model, X, T)[0])
    assert np.isnan(loss(X, T)).all()
    assert np.isnan(loss.value_and_grad(X, T)[0])


def test_an_error_that_is_not_finite_reaches_the_weights_of_inputs_that_are_0():
    model, loss, X, T = task(30)
    X[:, 5] = 0
    T[3, 0] = math.inf
    _, expected = eagerly(model, X, T)
    gradient = loss.value_and_grad(X, T)[1]
    weight = model.layers[0].neurons[4].weights[5]
    assert math.isnan(expected[weight])
    assert math.isnan(gradient[loss.parameters.index(weight)])


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize(
    "optimiser",
    [
        lambda p: nn.SGD(p, lr=0.05),
        lambda p: nn.SGD(p, lr=0.02, momentum=0.9),
        lambda p: nn.Adam(p, lr=0.01, weight_decay=0.01),
    ],
    ids=["descent", "momentum", "adam"],
)
def test_training_is_eager_training(optimiser, batch):
    """Momentum moves weights on whose inputs are 0 now."""
    trained = []
    for compiled in False, True:
        model, loss, X, T = task(30)
        if not compiled:
            loss = lambda x, t, model=model: nn.half_squared_error(model(x), t)
        settings = {"epochs": 3, "batch_size": batch, "progress": False, "shuffle": 2}
        nn.fit(loss, X, T, optimiser(model.parameters()), compile=compiled, **settings)
        trained.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(trained[1], trained[0], rtol=1e-11, atol=1e-13)


def test_both_products_with_the_rows_are_sparse():
    _, loss, X, T = task(30)
    loss.value_and_grad(X, T)
    found = loss.recording([INPUTS, OUTPUTS], [X[0].tolist(), T[0].tolist()])
    opcodes = found.executor("parameters").blocks.rows.plain[:, Field.OPCODE].tolist()
    assert opcodes.count(Opcode.PRODUCT_SPARSE) == 2


# --- by one row and plain descent: outer products that are never written ---


class Descent:
    """Two layers, trained by one row by the machine and, plainly, step by step."""

    def __init__(self, rows=12):
        model = nn.MLP(INPUTS, [HIDDEN, HIDDEN], seed=1)
        loss = autograd.compile(lambda x, t: nn.half_squared_error(model(x), t))
        found = loss.recording([INPUTS, HIDDEN], [[0.3] * INPUTS, [0.3] * HIDDEN])
        self.machine, parameters = found.executor("parameters"), found.parameters
        self.place = {p: i for i, p in enumerate(parameters)}
        self.layer = model.layers[0]
        self.first = self.layer.neurons[2].weights
        self.theta = np.array([p.data for p in parameters])
        self.X, self.T = task(rows)[2], np.random.default_rng(0).uniform(-0.9, 0.9, (rows, HIDDEN))

    def trained(self, frozen=(), rate=0.05, start=0):
        """Where each stopped, and both results."""
        rows = len(self.X)
        found = []
        for train in self.machine.train, lambda *state: Executor.train(self.machine, *state):
            theta, losses = self.theta.copy(), np.zeros(2)
            update = update_of(nn.SGD([Value(0.0)], lr=rate))
            stretch = Stretch(np.tile(np.arange(rows), 2), start, 2 * rows, 1, rows)
            memories = np.zeros((1, len(theta)))
            learner = Learner(update, theta, memories, np.array(frozen, np.int64))
            with np.errstate(all="ignore"):
                place = train(learner, stretch, losses, [self.X, self.T])
            found.append((place, theta, losses))
        return found


@pytest.mark.parametrize("dense", [False, True])
def test_one_row_at_a_time_is_descent_step_by_step(dense):
    case = Descent()
    if dense:
        case.X[:] = np.random.default_rng(1).normal(size=case.X.shape)
    frozen = [case.place[case.first[3]], case.place[case.first[4]]]
    (place, theta, losses), (plain, expected, their_losses) = case.trained(frozen)
    assert place == plain == 24
    np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(losses, their_losses, rtol=1e-12)
    assert theta[frozen].tolist() == case.theta[frozen].tolist()
    outer = case.machine._by_descent.unit.lowered.outer
    assert [of.sparse for of, _ in outer] in ([True, False], [False, True])


def test_a_product_that_overflows_is_seen_before_the_step():
    case = Descent()
    case.theta[[case.place[neuron.weights[3]] for neuron in case.layer.neurons]] = 0
    case.X[5] = 0
    case.X[5, 3], case.T[5] = 1e300, 1e10
    (place, theta, _), (plain, expected, _) = case.trained()
    assert place == plain == 5
    np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-14)


def test_a_weight_that_becomes_infinite_is_seen_in_the_next_row():
    """Its input is 0 there."""
    case = Descent()
    weight = case.place[case.first[3]]
    case.X[:, 3] = 0
    case.X[4, 3], case.T[4] = 0.5, 100
    frozen = np.delete(np.arange(len(case.theta)), weight)
    for start in 0, 5:
        (place, theta, _), (plain, expected, _) = case.trained(frozen, rate=1e308, start=start)
        assert place == plain == 5
        np.testing.assert_array_equal(theta, expected)
        case.theta = theta
    assert math.isinf(case.theta[weight])
