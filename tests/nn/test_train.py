"""How fit learns, what it accepts, and how it ends."""

import io
import math
import random
import signal
import sys
import threading
from collections import UserDict

import numpy
import pytest

from autograd import modes
from autograd.value import Value
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Module,
    Neuron,
    cross_entropy,
    fit,
    half_squared_error,
    hinge,
)

XOR_X, XOR_T = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [[-0.5], [0.5], [0.5], [-0.5]]


class Line(Module):
    """y = slope * x + offset."""

    def __init__(self, slope=0.0, offset=0.0):
        self.slope, self.offset = Value(slope), Value(offset)

    def __call__(self, x):
        return self.slope * x[0] + self.offset


def line_loss(line):
    return lambda x, t: half_squared_error(line(x), t)


@pytest.fixture(autouse=True)
def default_ctrl_c():
    """The handler Python starts with, also where tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


# --- learning ---


@pytest.mark.parametrize("seed", range(3))
def test_xor_is_learned(seed):
    model = MLP(2, [4, 1], seed=seed)
    history = fit(
        lambda x, t: half_squared_error(model(x), t),
        XOR_X,
        XOR_T,
        SGD(model.parameters(), lr=0.2, momentum=0.5),
        epochs=300,
        progress=False,
    )
    assert [round(model(x).data, 1) for x in XOR_X] == [-0.5, 0.5, 0.5, -0.5]
    assert len(history.losses) == 300
    assert history.losses[-1] < 1e-3 < history.losses[0]
    assert not history.interrupted


def moons(n, seed=0):
    """Two interleaved half circles with some noise, and labels -1 and 1."""
    stream = random.Random(seed)
    X, y = [], []
    for i in range(n):
        angle = math.pi * i / (n - 1)
        x = (math.cos(angle), math.sin(angle))
        if i % 2:
            x = (1 - x[0], 0.5 - x[1])
        X.append([c + stream.gauss(0, 0.05) for c in x])
        y.append(2 * (i % 2) - 1)
    return numpy.array(X), numpy.array(y)


@pytest.mark.slow
def test_micrograds_demo_loop_runs_unchanged():
    X, y = moons(40)
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert str(model) == "MLP(2, [16, 16, 1], activation='tanh', output_activation='tanh')"
    assert len(model.parameters()) == 337

    def loss():
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
        return total_loss, sum(accuracy) / len(accuracy)

    first = None
    for k in range(40):
        total_loss, acc = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 40
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        first = first or total_loss.data
    assert acc >= 0.9
    assert total_loss.data < first / 3


@pytest.mark.unmeasured
def test_the_moons_by_fit():
    X, y = moons(40)
    model = MLP(2, [16, 16, 1], "relu", None, seed=1)
    history = fit(
        lambda x, t: hinge(model(x), t),
        X,
        y[:, None],
        Adam(model.parameters(), lr=0.02),
        epochs=40,
        batch_size=5,
        shuffle=1,
    )
    right = sum((model(x).data > 0) == (t > 0) for x, t in zip(X, y))
    assert right == 40
    assert history.losses[-1] < 0.1


def test_classes_are_learned_from_rows_of_indices():
    model = MLP(2, [3], output_activation=None, seed=1)
    X = [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]
    T = numpy.array([[0.0], [1.0], [2.0]])
    optimizer = SGD(model.parameters(), lr=0.5)
    history = fit(lambda x, t: cross_entropy(model(x), t[0]), X, T, optimizer, epochs=60)
    assert history.losses[-1] < 0.1


def test_each_step_is_down_the_gradient_of_the_mean_error_of_the_batch():
    X, T = [[1.0], [2.0], [3.0]], [[2.0], [3.0], [7.0]]
    line = Line(0.5, 0.25)
    history = fit(line_loss(line), X, T, SGD(line.parameters(), lr=0.1), batch_size=2)
    slope, offset, losses = 0.5, 0.25, []
    for batch in [(1.0, 2.0), (2.0, 3.0)], [(3.0, 7.0)]:
        residuals = [slope * x + offset - t for x, t in batch]
        losses += [r * r / 2 for r in residuals]
        slope -= 0.1 * sum(r * x for r, (x, _) in zip(residuals, batch)) / len(batch)
        offset -= 0.1 * sum(residuals) / len(batch)
    assert line.state_dict() == pytest.approx({"slope": slope, "offset": offset}, rel=1e-14)
    assert history.losses == pytest.approx([sum(losses) / 3], rel=1e-14)


def test_training_agrees_with_pytorch(torch):
    model = MLP(2, [3, 1], seed=5)
    twin = torch.nn.Sequential(
        torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1), torch.nn.Tanh()
    ).double()
    with torch.no_grad():
        for i, layer in (0, model.layers[0]), (2, model.layers[1]):
            for j, neuron in enumerate(layer.neurons):
                twin[i].bias[j] = neuron.bias.data
                for k, w in enumerate(neuron.weights):
                    twin[i].weight[j, k] = w.data
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    reference = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    history = fit(
        lambda x, t: half_squared_error(model(x), t), XOR_X, XOR_T, optimizer, 20, batch_size=4
    )
    X, T = torch.tensor(XOR_X).double(), torch.tensor(XOR_T).double()
    losses = []
    for _ in range(20):
        reference.zero_grad()
        loss = ((twin(X) - T) ** 2).sum(dim=1).mean() / 2
        loss.backward()
        reference.step()
        losses.append(loss.item())
    assert history.losses == pytest.approx(losses, rel=1e-9)
    assert [model(x).data for x in XOR_X] == pytest.approx(twin(X)[:, 0].tolist(), rel=1e-9)


# --- shuffling ---


def visits(shuffle, epochs=3, rows=20):
    seen = []
    p = Value(0.0)

    def loss(x, t):
        seen.append(x[0])
        return p * 0

    X = [[i] for i in range(rows)]
    fit(loss, X, X, SGD([p], 0.1), epochs, shuffle=shuffle, progress=False)
    return [seen[i : i + rows] for i in range(0, len(seen), rows)]


def test_shuffle():
    in_order = list(range(20))
    assert visits(False) == [in_order] * 3
    for shuffle in True, 0, 5, numpy.int64(5), random.Random(5):
        first, second, third = visits(shuffle)
        assert sorted(first) == sorted(second) == sorted(third) == in_order
        assert first != second != in_order != first
    assert visits(5) == visits(5) == visits(random.Random(5))
    assert visits(True) != visits(True)
    with pytest.raises(TypeError):
        visits("yes")


# --- kinds of data ---


class Table:
    """Like a pandas table: indexed by column, and readable by numpy through __array__."""

    def __init__(self, rows):
        self.rows = rows

    def __array__(self, dtype=None, copy=None):
        return numpy.array(self.rows, dtype=dtype)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, column):
        raise KeyError(column)


class Lazy:
    """Rows that are made on request."""

    def __init__(self, rows):
        self.rows = rows
        self.asked = []

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, row):
        self.asked.append(row)
        return tuple(self.rows[row])


ROWS = [[1, 2.5], [3, 4.5], [5, 6.5]]


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        lambda rows: [tuple(row) for row in rows],
        lambda rows: [numpy.array(row, dtype=numpy.float32) for row in rows],
        numpy.array,
        lambda rows: numpy.array(rows, dtype=object),
        Table,
        Lazy,
    ],
)
def test_data_of_any_kind(make):
    check_data(make(ROWS))


def test_tensors_are_data(torch):
    check_data(torch.tensor(ROWS))
    check_data([torch.tensor(row) for row in ROWS])


def check_data(data):
    seen = []
    p = Value(0.0)

    def loss(x, t):
        assert type(x) is list
        assert {type(c) for c in x + t} <= {int, float}
        seen.append((list(x), list(t)))
        x.append(1.0)  # each call has its own copy, so that the next epoch is unchanged
        return p * x[0]

    fit(loss, data, data, SGD([p], 0.1), epochs=2)
    assert seen == [(row, row) for row in ROWS] * 2


def test_a_lazy_sequence_is_not_read_before_its_time():
    X = Lazy([[i] for i in range(1000)])
    p = Value(0.0)

    def stop(x, t):
        raise StopIteration(x)

    with pytest.raises(StopIteration):
        fit(stop, X, X, SGD([p], 0.1))
    assert set(X.asked) == {0}


@pytest.mark.parametrize(
    ("X", "T", "error", "message"),
    [
        ([[1], [2]], [[1]], ValueError, "X has 2 rows and T has 1"),
        ([[1], [2, 3]], [[1], [2]], ValueError, r"X\[1\] has 2 numbers, X\[0\] has 1"),
        ([[1], [2]], Lazy([[1], [2, 3]]), ValueError, r"T\[1\] has 2 numbers, T\[0\] has 1"),
        ([1, 2], [[1], [2]], ValueError, r"X\[0\] is 1, not a row; expected \(rows, n\).*wrap"),
        ([[1], [2]], numpy.array([1, 2]), ValueError, r"T has shape \(2,\); expected \(rows, n\)"),
        (numpy.zeros((2, 2, 2)), [[1]] * 2, ValueError, r"shape \(2, 2, 2\); expected \(rows, n\)"),
        ([], [], ValueError, "X has no rows"),
        (numpy.zeros((0, 2)), [], ValueError, "X has no rows"),
        ([["a"]], [[1]], TypeError, r"X\[0\]: expected one real number.*str 'a'"),
        ([[1], [None]], [[1], [1]], TypeError, r"X\[1\]: expected one real number"),
        ([[[1]]], [[1]], TypeError, r"X\[0\]: expected one real number.*list"),
        (iter([[1]]), [[1]], TypeError, "X needs rows that can be counted and indexed"),
        (UserDict({1: [2]}), [[1]], ValueError, "X is a UserDict of 1 row, and has no row 0"),
        ({(1,)}, [[1]], TypeError, "X is a list, a tuple or an array; got set.*which has no order"),
    ],
)
def test_data_of_the_wrong_kind(X, T, error, message):
    line = Line(0.5)
    with pytest.raises(error, match=message):
        fit(line_loss(line), X, T, SGD(line.parameters(), 0.1))
    if not isinstance(T, Lazy):
        assert line.state_dict() == {"slope": 0.5, "offset": 0.0}  # seen before any step


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be at least 1; got 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number"),
        ({"batch_size": -1}, ValueError, "batch_size must be at least 1; got -1"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    line = Line()
    with pytest.raises(error, match=message):
        fit(line_loss(line), [[1]], [[1]], SGD(line.parameters(), 0.1), **arguments)


# --- losses of every kind ---


def test_an_error_without_the_parameters_moves_nothing_and_says_so():
    line = Line(0.5, 0.25)
    with pytest.raises(ValueError, match="the loss reaches no parameter of the optimiser"):
        fit(lambda x, t: Value(x[0]) * 2, [[1], [2]], [[0], [0]], SGD(line.parameters(), 0.1))
    assert line.state_dict() == {"slope": 0.5, "offset": 0.25}


def test_an_error_may_be_a_leaf():
    p = Value(1.0)
    history = fit(lambda x, t: p, [[0], [0]], [[0], [0]], SGD([p], 0.25), batch_size=2, epochs=2)
    assert p.data == 0.5  # d p / d p = 1, twice
    assert history.losses == [1.0, 0.75]


def test_an_error_may_branch():
    p = Value(0.0)

    def loss(x, t):
        return (p - 3) ** 2 if x[0] > 0 else abs(p - 1) * 0

    fit(loss, [[1], [-1]] * 50, [[0]] * 100, SGD([p], 0.1), progress=False)
    assert p.data == pytest.approx(3, abs=1e-3)


def test_an_error_may_share_nodes_between_rows():
    p = Value(2.0)
    penalty = p * p  # recorded once, before training
    history = fit(lambda x, t: penalty * x[0], [[1], [2]], [[0], [0]], SGD([p], 0.1), batch_size=2)
    assert history.losses == [6.0]
    assert p.data == pytest.approx(2 - 0.1 * (4 + 8) / 2)


@pytest.mark.parametrize("returned", [None, 0.5, [Value(1.0)], numpy.float64(1)])
def test_an_error_that_is_not_a_value_is_refused(returned):
    with pytest.raises(TypeError, match=r"must return a Value.*for row 0 it returned"):
        fit(lambda x, t: returned, [[1]], [[1]], SGD([Value(1.0)], 0.1))


def test_no_grad_is_refused():
    line = Line()
    with modes.no_grad(), pytest.raises(RuntimeError, match="no_grad"):
        fit(line_loss(line), [[1]], [[1]], SGD(line.parameters(), 0.1))


def test_a_nan_is_stopped_before_it_spoils_the_parameters():
    p = Value(1.0)
    bad = {"now": False}

    def loss(x, t):
        return (p - p) / 0 if bad["now"] and x[0] == 2 else p * p

    rows = [[0], [1], [2]]
    fit(loss, rows, rows, SGD([p], 0.1))
    bad["now"], before = True, p.data
    message = r"the loss became nan in epoch 1, row 2 \(X\[2\]\): lower .*detect_anomaly"
    with pytest.raises(FloatingPointError, match=message):
        fit(loss, rows, rows, SGD([p], 0.1), epochs=2, batch_size=3)
    assert p.data == before


def test_an_infinite_gradient_is_stopped_too():
    p = Value(0.0)
    with pytest.raises(FloatingPointError, match="a gradient became inf in epoch 1, row 0"):
        fit(lambda x, t: p.sqrt(), [[1]], [[1]], SGD([p], 0.1))
    assert p.data == 0.0


def test_a_learning_rate_too_high_is_noticed():
    line = Line(1.0)
    optimizer = SGD(line.parameters(), lr=100.0)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(line_loss(line), [[10.0]], [[1.0]], optimizer, epochs=1000)


def test_what_the_loss_raises_comes_through():
    def loss(x, t):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit(loss, [[1]], [[1]], SGD([Value(1.0)], 0.1))


# --- Ctrl-C ---


@pytest.mark.parametrize("batch_size", [1, 2])
def test_ctrl_c_ends_after_the_step_and_keeps_what_was_learned(batch_size):
    p = Value(0.0)
    calls = []

    def loss(x, t):
        calls.append(x[0])
        if len(calls) == 5:  # the first row of the second epoch
            signal.raise_signal(signal.SIGINT)
        return p * -1.0

    rows = [[0], [1], [2], [3]]
    history = fit(loss, rows, rows, SGD([p], 1.0), epochs=10, batch_size=batch_size)
    assert history.interrupted
    assert len(calls) == 4 + batch_size  # fit finished the batch
    assert p.data == 4 / batch_size + 1
    assert len(history.losses) == 2
    assert history.losses[1] == -4.0 / batch_size  # of the rows until then
    again = fit(loss, rows, rows, SGD([p], 1.0))
    assert not again.interrupted


@pytest.mark.parametrize(
    ("history", "shown"),
    [
        (History(), "<History: 0 epochs; plain Python>"),
        (History([0.5], how="native code"), "<History: 1 epoch, loss 0.5; native code>"),
        (
            History([1 / 3, *[0.2] * 500, 2e-9], interrupted=True),
            "<History: 502 epochs, loss 0.333333 -> 2e-09, interrupted; plain Python>",
        ),
    ],
)
def test_a_history_shows_where_it_began_and_ended(history, shown):
    assert repr(history) == shown


def test_a_wrong_order_of_arguments_is_corrected():
    model = MLP(2, [1])
    loss, optimizer = lambda x, t: half_squared_error(model(x), t), SGD(model.parameters(), 0.1)
    for given, kinds in [
        ((XOR_X, XOR_T, loss, optimizer), "list, list, function, SGD"),
        ((loss, optimizer, XOR_X, XOR_T), r"function\(x, t\), SGD, list, list"),
        ((model, XOR_X, XOR_T, optimizer), r"MLP\(inputs\), list, list, SGD"),
        ((loss, XOR_X, XOR_T, model), r"function\(x, t\), list, list, MLP"),
        ((lambda x: x, XOR_X, XOR_T, optimizer), r"function\(x\), list, list, SGD"),
    ]:
        message = rf"fit\(loss, X, T, optimizer\), .*; got fit\({kinds}\)$"
        with pytest.raises(TypeError, match=message):
            fit(*given)


def test_a_second_ctrl_c_raises_at_once():
    def loss(x, t):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("still running")

    with pytest.raises(KeyboardInterrupt):
        fit(loss, [[1]], [[1]], SGD([Value(1.0)], 0.1))


def test_a_custom_handler_stays():
    caught = []
    handler = lambda signum, frame: caught.append(signum)
    signal.signal(signal.SIGINT, handler)
    p = Value(1.0)

    def loss(x, t):
        signal.raise_signal(signal.SIGINT)
        return p * 1

    try:
        history = fit(loss, [[1], [2]], [[1], [2]], SGD([p], 0.1))
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert len(caught) == 2
    assert not history.interrupted


def test_fit_works_in_other_threads():
    line, done = Line(), []

    def work():
        done.append(fit(line_loss(line), [[1]], [[1]], SGD(line.parameters(), 0.1)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done[0].losses == [0.5]


def test_the_handler_is_restored_after_an_error():
    with pytest.raises(TypeError):
        fit(lambda x, t: None, [[1]], [[1]], SGD([Value(1.0)], 0.1))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# --- progress ---


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_shows_on_a_terminal_alone(progress, monkeypatch):
    neuron = Neuron(1, seed=1)
    arguments = [lambda x, t: half_squared_error(neuron(x), t), [[1]] * 5, [[1]] * 5]
    for screen in io.StringIO(), Terminal():
        monkeypatch.setattr(sys, "stderr", screen)
        fit(*arguments, SGD(neuron.parameters(), 0.1), epochs=3, progress=progress)
        written = screen.getvalue()
        if progress and screen.isatty():
            assert "epoch 3/3: 100%" in written
            assert "15/15" in written
            assert "loss " in written
        else:
            assert written == ""


# --- memory ---


def test_a_batch_holds_the_graph_of_one_row_at_a_time():
    import tracemalloc

    model = MLP(10, [10, 1], seed=1)
    X, T = [[0.1] * 10] * 100, [[0.5]] * 100

    def peak(batch_size):
        tracemalloc.start()
        fit(
            lambda x, t: half_squared_error(model(x), t),
            X,
            T,
            SGD(model.parameters(), 0.01),
            batch_size=batch_size,
            progress=False,
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)  # what is loaded or cached once
    assert peak(100) < 1.5 * peak(1)


def test_old_names_still_work_and_say_when_they_go():
    line = Line(0.5)
    optimizer = SGD(line.parameters(), 0.1)
    with pytest.warns(DeprecationWarning, match=r"'error' of fit goes in 0\.3: call it 'loss'"):
        history = fit(error=line_loss(line), X=[[1]], T=[[1]], optimizer=optimizer)
    with pytest.warns(DeprecationWarning, match=r"History\.errors goes in 0\.3: call it losses"):
        assert history.errors is history.losses
