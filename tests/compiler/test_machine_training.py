"""Training on the machine: what NumPy does step by step, for every optimiser and size of batch."""

import math

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import autograd  # noqa: E402
import nn  # noqa: E402
from autograd import Value  # noqa: E402
from autograd.compiler.executor import Executor, Learner, Stretch  # noqa: E402
from autograd.compiler.machine.build import machine  # noqa: E402
from autograd.compiler.machine.executor import MachineExecutor  # noqa: E402
from autograd.compiler.machine.lowering.steps import Steps, traced  # noqa: E402
from autograd.compiler.machine.unit import aligned  # noqa: E402
from autograd.compiler.update import Stepper, Update  # noqa: E402
from nn import SGD, Adam  # noqa: E402
from nn.compiled_update import update_of  # noqa: E402
from tests.compiler.test_update import RULES  # noqa: E402

OPTIMISERS = {
    "descent": lambda p: SGD(p, lr=0.05),
    "momentum": lambda p: SGD(p, lr=0.01, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: Adam(p, lr=0.01, weight_decay=0.01),
}


def executor(function, widths, dtype="float64"):
    """The machine's executor of a loss, and the parameters."""
    rows = [[0.3] * n for n in widths]
    found = autograd.compile(function, backend="numpy").recording(widths, rows)
    return MachineExecutor(found._runnable("parameters"), np.dtype(dtype)), found.parameters


def network(dtype="float64"):
    model = nn.MLP(3, [5, 2], seed=1)
    made, parameters = executor(lambda x, t: nn.half_squared_error(model(x), t), [3, 2], dtype)
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(11, 3)).astype(dtype), rng.uniform(0, 1, (11, 2)).astype(dtype)]
    return made, np.array([p.data for p in parameters]), data


def trained(train, update, theta, frozen, batch, data, order):
    """The parameters, memories and losses after three epochs, in two stretches."""
    theta, memories, losses = theta.copy(), np.zeros((3, len(theta))), np.zeros(3)
    kinds = update.rule.__self__.memories
    memories, position = memories[: len(kinds)], 0
    for stop in 11, 33:
        stretch = Stretch(order, position, stop, batch, 11)
        learner = Learner(update, theta, memories, np.array(frozen, np.int64))
        position = train(learner, stretch, losses, data)
        assert position == stop
    return theta, np.delete(memories, frozen, axis=1), losses


@pytest.mark.parametrize("kind", OPTIMISERS)
@pytest.mark.parametrize(("batch", "frozen"), [(1, [2]), (4, [0, 3]), (100, [])])
def test_it_trains_as_numpy_does_step_by_step(kind, batch, frozen):
    made, theta, data = network()
    update = update_of(OPTIMISERS[kind](list(map(Value, theta))))
    order = np.concatenate([np.random.default_rng(e).permutation(11) for e in range(3)])
    state = (update, theta, frozen, batch, data, order)

    def plainly(*state):
        return Executor.train(made, *state)

    found, expected = trained(made.train, *state), trained(plainly, *state)
    for x, y in zip(found, expected):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-13)
    assert found[0][frozen].tolist() == theta[frozen].tolist()
    assert found[0].tolist() != theta.tolist()
    again = trained(made.train, *state)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(found, again))


def test_it_trains_in_float32():
    made, theta, data = network("float32")
    update = update_of(OPTIMISERS["adam"](list(map(Value, theta))))
    order = np.tile(np.arange(11), 3)
    found = trained(made.train, update, theta, [], 4, data, order)
    made, theta, data = network()
    expected = trained(made.train, update, theta, [], 4, data, order)
    for x, y in zip(found, expected):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def test_batches_of_several_blocks():
    made, theta, data = network()
    made._blocks.most = 8
    data = [np.tile(a, (3, 1)) for a in data]
    losses, update = np.zeros(1), update_of(SGD(list(map(Value, theta)), lr=0.05))
    results = []
    for train in made.train, lambda *state: Executor.train(made, *state):
        numbers, losses = theta.copy(), np.zeros(1)
        stretch = Stretch(np.arange(33)[::-1], 0, 33, 20, 33)
        learner = Learner(update, numbers, np.zeros((1, len(theta))), np.zeros(0, np.int64))
        assert train(learner, stretch, losses, data) == 33
        results.append((numbers, losses))
    for x, y in zip(*results):
        np.testing.assert_allclose(x, y, rtol=1e-12)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_batch_that_cannot_be_done_changes_nothing(batch):
    w = Value(0.5)

    def loss(x):
        return x[0].sqrt() * w + (x[0] * w if x[1] < 0.5 else x[0])

    made, _ = executor(loss, [2])
    update = update_of(SGD([Value(0.0)], lr=0.1))
    for bad in ([0.5, 9.0], [-1.0, 0.2], [math.inf, 0.2], [math.nan, 0.2]):
        table = np.tile([0.4, 0.2], (9, 1))
        table[7] = bad
        theta, losses, place = np.array([0.5]), np.zeros(1), 7 // batch * batch

        def go(start, stop, theta=theta, losses=losses, table=table):
            stretch = Stretch(np.arange(9), start, stop, batch, 9)
            learner = Learner(update, theta, np.zeros((1, 1)), np.zeros(0, np.int64))
            return made.train(learner, stretch, losses, [table])

        assert go(0, 9) == place
        assert theta != 0.5
        done = theta.copy(), losses.copy()
        assert go(place, 9) == place
        assert (theta, losses) == done


def test_a_gradient_that_is_not_finite_changes_nothing():
    w = Value(0.0)
    made, _ = executor(lambda x: (w * x[0]).sqrt() + (w - 1) * (w - 1), [1])
    for batch in 1, 2:
        theta, losses = np.array([0.0]), np.zeros(1)
        stretch = Stretch(np.arange(4), 0, 4, batch, 4)
        update = update_of(SGD([w], lr=0.1))
        learner = Learner(update, theta, np.zeros((1, 1)), np.zeros(0, np.int64))
        assert made.train(learner, stretch, losses, [np.ones((4, 1))]) == 0
        assert (theta[0], losses[0]) == (0.0, 0.0)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("start", ["zeros", "one number", "numbers"])
def test_the_table_of_an_update_is_its_rule(name, start):
    rule, kinds = RULES[name]
    update, width = Update(rule), 2064
    rng = np.random.default_rng(0)
    p, memories = rng.normal(size=width), np.zeros((kinds, width))
    if start != "zeros":
        numbers = rng.uniform(1, 2, (kinds, width))
        memories[:] = 3.0 if start == "one number" else numbers
    found = traced(update, memories, scaled=True)
    steps = Steps(found, width, 0, width, 2 * width)
    arena = aligned(steps.end, np.float64)
    steps.fill(arena, found)
    arena[:width], arena[steps.memories[0]] = p, 0.25
    kept = [slice(s, s + (1 if one else width)) for s, one in zip(steps.memories, found.one)][1:]
    for place, memory in zip(kept, memories):
        arena[place] = memory[: place.stop - place.start]
    for _ in range(3):
        gradient = rng.normal(size=width)
        arena[width : 2 * width] = gradient
        machine(8).run(steps.table.ctypes.data, arena.ctypes.data, 0)
        Stepper(update).step(p, 0.25 * gradient, memories)
    np.testing.assert_allclose(arena[:width], p, rtol=1e-11, atol=1e-13)
    for place, memory in zip(kept, memories):
        np.testing.assert_allclose(arena[place] + 0 * memory, memory, rtol=1e-11, atol=1e-13)
