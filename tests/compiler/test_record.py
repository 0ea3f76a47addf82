"""Recording: what a function does besides arithmetic becomes a guard, or is refused with its line;
recording leaves nothing behind."""

import functools
import math
import random
import threading

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value, compile, dot, grad, modes, no_grad
from autograd.compiler.recording import observe
from autograd.compiler.recording.record import record
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.trace import trace_recording
from nn import MLP, Module, cross_entropy
from tests.reference import check, run

SILENT = {name: Value.__dict__[name] for owner, name in observe.REPLACEMENTS if owner is Value}


@pytest.fixture(autouse=True)
def nothing_stays_behind():
    yield
    assert {name: Value.__dict__[name] for name in SILENT} == SILENT
    assert not modes.active
    assert observe._this_thread.recording is None


def recorded(function, *rows):
    """A function that runs the recording of ``function`` on other rows: whether every guard holds,
    and the results."""
    recording = record(function, rows)
    program = check(pack(trace_recording(recording)))

    def call(*others):
        theta = np.array([p.data for p in recording.parameters])
        values = run(program, [np.array([x], float) for x in others], theta)
        found = values[program.outputs.array].reshape(-1)[program.outputs.lanes().reshape(-1)]
        if program.failures is None:
            return True, found
        failures = values[program.failures.array].reshape(-1)[program.failures.offset]
        return bool(failures == 0), found

    call.recording = recording
    return call


def lines(call):
    return [guard.line() for guard in call.recording.guards]


# --- branches: rows that take the recorded path, and rows that take another ---

w = Value(0.7)
BRANCHES = {
    "an input": (lambda x: x[0] * 2 if x[0] > 0.5 else -x[0], [1.0], [[0.6]], [[0.5], [-1.0]]),
    "both sides": (lambda x: x[0] if x[0] <= x[1] else x[1], [1.0, 1.0], [[0.0, 2.0]], [[1, 0]]),
    "a number": (lambda x: x[0] if x[0] > 1 else -x[0], [1.0], [[0.0]], [[1.1]]),
    "what was computed": (
        lambda x: x[0] if (x[0] * w).tanh() >= 0.5 else x[0] * w,
        [3.0],
        [[2.0]],
        [[0.1]],
    ),
    "whether it is 0": (lambda x: 1 / x[0] if x[0] else x[0] + 1, [2.0], [[-3.0]], [[0.0]]),
    "whether it is not": (lambda x: x[0] + 1 if not x[0] else x[0], [0.0], [[0.0]], [[2.0]]),
    "equality": (lambda x: x[0] * (2 if x[0] == 3 else 5), [3.0], [[3.0]], [[3.1], [math.nan]]),
    "inequality": (lambda x: x[0] * (2 if x[0] != 3 else 5), [1.0], [[7.0]], [[3.0]]),
    "two equal": (lambda x: x[0] * (2 if x[0] - x[1] == 0 else 5), [1, 1], [[4, 4]], [[4, 5]]),
    "the largest": (lambda x: max(x) * 2, [1.0, 3.0, 2.0], [[0.0, 9.0, 1.0]], [[5.0, 1.0, 1.0]]),
    "the smallest": (lambda x: min(x) * 2, [1.0, 3.0, 2.0], [[0.0, 9.0, 1.0]], [[5.0, 1.0, 1.0]]),
    "an order": (lambda x: sorted(x)[1] * 2, [1.0, 3.0, 2.0], [[0.0, 9.0, 1.0]], [[5.0, 1.0, 1.0]]),
    "membership": (lambda x: x[0] * (x[1] in [5, 6]), [1, 6], [[2, 6]], [[1, 5], [1, 4]]),
    "its number": (lambda x: x[0] * x[1].data, [1.0, 2.0], [[5.0, 2.0]], [[5.0, 3.0]]),
    "its item": (lambda x, n=[4, 5]: x[0] * n[int(x[1].item())], [1, 1], [[5, 1]], [[5, 0]]),
    "its text": (lambda x: x[0] * len(f"{x[1]:.0f}"), [1.0, 2.0], [[5.0, 2.0]], [[5.0, 20.0]]),
}  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_holds_for_the_rows_that_take_it(name):
    function, first, same, other = BRANCHES[name]
    call = recorded(function, first)
    for row in [first, *same]:
        assert call(row) == (True, [function([Value(float(v)) for v in row]).data])
    for row in other:
        holds, _ = call(row)
        assert not holds
    assert all("test_record.py" in line for line in lines(call))


@pytest.mark.parametrize("name", BRANCHES)
def test_a_compiled_function_gives_what_plain_values_give_for_each_row(name):
    function, first, same, other = BRANCHES[name]
    rows = [row for row in [first, *other, *same, *other, first] if row == row]
    rows = [row for row in rows if not any(map(math.isnan, row))]
    program = compile(function, backend="numpy")
    expected = [function([Value(float(v)) for v in row]).data for row in rows]
    assert program(rows) == pytest.approx(expected, rel=1e-14)


def test_nan_equals_nothing():
    def function(x):
        return x[0] * 2 if x[0] * 0 == 0 else Value(-1.0)

    assert recorded(function, [1.0])([math.nan])[0] is False
    assert recorded(function, [math.nan])([math.nan]) == (True, [-1.0])
    assert compile(function, backend="numpy")([[math.nan], [3.0], [math.nan]]).tolist() == [
        -1.0,
        6.0,
        -1.0,
    ]


def test_a_nan_that_was_looked_at_is_known_again():
    call = recorded(lambda x: x[1] * (1 if math.isnan(x[0].data) else 2), [math.nan, 1.0])
    assert call([math.nan, 5.0]) == (True, [5.0])
    assert call([0.0, 5.0])[0] is False


@pytest.mark.parametrize(
    "function",
    [
        lambda p, x: x[0] * 2 if p > 0 else x[0] * 3,
        lambda p, x: x[0] * 2 if p.data > 0 else x[0] * 3,
        lambda p, x: x[0] * p.item(),
        lambda p, x: x[0] * p.item() + p,
        lambda p, x: x[0] * [p].pop().data,
    ],
    ids=["compared", "data compared", "looked at", "and used", "hidden"],
)
def test_parameters_are_heard_too_even_if_they_do_nothing_else(function):
    p = Value(1.0)
    call = recorded(functools.partial(function, p), [5.0])
    assert call([7.0]) == (True, [function(p, [Value(7.0)]).data])
    p.data = -1.0
    assert call([7.0])[0] is False
    program = compile(lambda x: function(p, x), backend="numpy")
    for p.data in (2.0, -3.0, 2.0):
        assert program([[7.0]]) == [function(p, [Value(7.0)]).data]


def test_a_guard_knows_the_line():
    def function(x):
        y = x[0] * 2
        if y > 1:  # here
            return y.item() * x[0]  # and here
        return y

    compared, looked_at = recorded(function, [3.0]).recording.guards
    assert compared.line().endswith("if y > 1:  # here")
    assert looked_at.line().endswith("# and here")
    assert (compared.reading, looked_at.reading) == (False, True)


def test_comparisons_within_the_library_are_at_the_line_that_called_it():
    model = MLP(2, [3], output_activation=None, seed=1)

    def function(x, t):
        return cross_entropy(model(x), t[0])  # the call

    call = recorded(function, [0.1, 0.2], [2.0])
    assert lines(call)
    assert all(line.endswith("# the call") for line in lines(call))


def test_comparisons_of_constants_are_not_guards():
    call = recorded(lambda x: x[0] * 2 if Value(1.0) < 2 else x[0], [1.0])
    assert call([5.0]) == (True, [10.0])
    assert pack(trace_recording(call.recording)).failures is None


# --- numbers without derivatives ---


def by_input(function, row):
    program = compile(function, backend="numpy")
    _, found = program.value_and_grad([row], wrt="inputs", reduction="sum")
    return found[0].tolist()


def test_results_of_no_grad_hold_for_any_row():
    def function(x):
        with no_grad():
            scale = (x[0] * x[0]).exp()
        return scale * x[0]

    call = recorded(function, [1.0])
    assert call([0.5])[1] == pytest.approx([math.exp(0.25) * 0.5])
    assert not call.recording.guards
    assert by_input(function, [0.5]) == pytest.approx([math.exp(0.25)])


def test_detach_holds_for_any_row():
    def function(x):
        return x[0].detach() * x[0]

    assert recorded(function, [3.0])([5.0]) == (True, [25.0])
    assert by_input(function, [5.0]) == [5.0]


def test_a_derivative_without_its_graph_is_one_number_per_row():
    def function(x):
        slope = grad(x[0] ** 3, x[0])
        return slope * x[0]

    assert recorded(function, [1.0])([2.0]) == (True, [24.0])
    assert by_input(function, [2.0]) == [12.0]


def test_a_derivative_with_its_graph_is_differentiated():
    def function(x):
        return grad(x[0] ** 3, x[0], create_graph=True) * x[0]

    assert recorded(function, [1.0])([2.0]) == (True, [24.0])
    assert by_input(function, [2.0]) == [36.0]


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_derivative_without_its_graph_has_no_derivative_there_either(create_graph):
    def function(x):
        slope = grad(w * x[0] ** 3, x[0])
        return grad(slope, x[0], create_graph=create_graph) * x[0]

    with pytest.raises(ValueError, match=r"without a graph.*create_graph=True"):
        function([Value(1.0)])
    with pytest.raises(ValueError, match=r"without a graph.*create_graph=True"):
        record(function, [[1.0]])


# --- refusals ---


def test_backward():
    def function(x):
        y = w * x[0]
        y.backward()  # the line
        return y

    with pytest.raises(CompileError, match=r"backward\(\), at .*test_record.*# the line"):
        record(function, [[1.0]])


def test_setting_a_number():
    p = Value(1.0)

    def function(x):
        p.data -= 0.1  # the line
        return p * x[0]

    with pytest.raises(CompileError, match=r"sets a Value's data, at .*# the line"):
        record(function, [[1.0]])
    assert p.data == 1.0


@pytest.mark.parametrize("name", ["grad", "partials"])
def test_derivatives_that_are_numbers(name):
    p = Value(1.0)
    (p * 2.0).backward()

    def function(x):
        y = p * x[0]
        return y * getattr(p if name == "grad" else y, name)  # the line

    message = rf"reads a Value's {name}, at .*test_record.*# the line"
    with pytest.raises(CompileError, match=message):
        record(function, [[1.0]])
    assert (p.grad, (p * 3.0).partials) == (2.0, (3.0, 1.0))


def test_derivatives_read_within_the_library_are_not_refused():
    x = Value(2.0)

    def function(inputs):
        y = inputs[0] ** 3
        inner = grad(x * x * y.detach(), x)  # reads partials
        return inner * y if repr(x) else y

    call = recorded(function, [1.0])
    assert call([2.0]) == (True, [2 * 2.0 * 8.0 * 8.0])


def another_graph(function, match="another graph"):
    with pytest.raises(CompileError, match=match):
        record(function, [[1.0, 2.0]])


def test_random_numbers():
    stream = np.random.default_rng(0)
    another_graph(lambda x: x[0] * stream.normal())


@pytest.mark.parametrize(
    "draw", [random.random, lambda: np.random.random(), lambda: random.shuffle([1, 2])]
)
def test_random_numbers_that_all_share(draw):
    """Even if what was drawn took no part, for another time it may."""

    def function(x):
        draw()
        return x[0] * 2.0

    another_graph(function, "draws random numbers .*pass them in as an argument")


def test_random_numbers_that_are_drawn_once_or_passed_in():
    made = []

    def function(x, noise):
        if not made:
            made.append(MLP(1, [2, 1]))  # of random weights
        return made[0](x) + noise[0]

    call = recorded(function, [1.0], [random.random()])
    plain = made[0]([0.5]).data + 0.25
    assert call([0.5], [0.25]) == (True, [pytest.approx(plain, rel=1e-14)])


def test_a_counter():
    count = [0]

    def function(x):
        count[0] += 1
        return x[0] * count[0]

    another_graph(function)


def test_a_counter_that_picks_an_input():
    count = [0]

    def function(x):
        count[0] += 1
        return x[count[0] % 2] * 0.0 + 1.0

    another_graph(function)


def test_a_counter_that_picks_one_of_two_equal_parameters():
    pair, count = [Value(0.0), Value(0.0)], [0]

    def function(x):
        count[0] += 1
        return x[0] * pair[count[0] % 2] + sum(pair)

    another_graph(function)


def test_a_state_that_grows():
    state = [Value(0.0)]

    def function(x):
        state[0] = (state[0] + x[0]).tanh()
        return state[0]

    another_graph(function)


def test_results_kept_from_another_row():
    kept = []

    def function(x):
        kept.append(kept[0] if kept else x[0] * 2)
        return kept[0] + x[1]

    another_graph(function)


def test_another_number_of_results():
    lengths = iter([1, 2])
    another_graph(lambda x: list(x[: next(lengths)]))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "NoneType None"),
        (3.0, "float 3.0"),
        ("text", "str 'text'"),
        ([], r"list \[\]"),
        ({}, "dict"),
        ((1.0, 2), r"tuple it returned float, int: write Value\(x\)"),
        ([Value(1.0), 2.0], r"list it returned Value, float"),
        (np.zeros(2), "ndarray"),
        (iter([]), "list_iterator"),
    ],
)
def test_results_that_are_not_values(returned, message):
    with pytest.raises(CompileError, match=message):
        record(lambda x: returned, [[1.0]])


def test_a_function_of_mathematics_that_takes_floats():
    with pytest.raises(TypeError, match=r"autograd\.exp"):
        record(lambda x: math.exp(x[0]), [[1.0]])


def test_an_error_of_the_function_comes_through():
    def function(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        record(function, [[1.0]])


def test_an_error_in_the_second_run_too():
    runs = []

    def function(x):
        runs.append(x)
        if len(runs) == 2:
            raise KeyboardInterrupt
        return x[0] * w

    with pytest.raises(KeyboardInterrupt):
        record(function, [[1.0]])
    w.data = w.data + 0.0  # as ever


# --- what a function may be, and return ---


class Scaled(Module):
    def __init__(self):
        self.scale = Value(2.0)

    def __call__(self, x):
        return [self.scale * v for v in x]

    def total(self, x):
        return sum(self(x))


def test_functions_of_any_kind():
    module = Scaled()

    def outer(x):
        def inner(y):
            return module.total(y) * 3

        return inner(x)

    for function, expected in [
        (outer, 18.0),
        (module.total, 6.0),
        (functools.partial(lambda k, x: k * x[0], module.scale), 2.0),
        (functools.lru_cache(lambda k: lambda x: k * x[1])(module.scale), 4.0),
        (lambda x: next(f(x[0]) for f in (lambda v: v * module.scale,)), 2.0),
    ]:
        call = recorded(function, [5.0, 6.0])
        assert call([1.0, 2.0]) == (True, [expected])
        assert call.recording.parameters == [module.scale]
    assert recorded(module, [5.0, 6.0])([1.0, 2.0])[1].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("kind", [list, tuple])
def test_results_may_be_leaves_and_may_repeat(kind):
    call = recorded(lambda x: kind([x[0], w, x[1] * w, x[0], Value(4.0), x[1] * w]), [1.0, 2.0])
    _, found = call([3.0, 5.0])
    assert found.tolist() == [3.0, w.data, 5 * w.data, 3.0, 4.0, 5 * w.data]
    assert not call.recording.single


def test_a_list_of_one_is_a_list():
    assert not record(lambda x: [x[0] * 2], [[1.0]]).single
    assert record(lambda x: x[0] * 2, [[1.0]]).single


def test_one_leaf():
    assert recorded(lambda x: x[1], [1.0, 2.0])([3.0, 4.0]) == (True, [4.0])
    assert recorded(lambda x: w, [1.0])([3.0]) == (True, [w.data])


def test_values_made_inside_are_constants_and_those_from_outside_parameters():
    outside = Value(2.0)
    recording = record(lambda x: dot([outside, Value(3.0)], [x[0], 1.0]) * 5, [[1.0]])
    assert recording.parameters == [outside]


def test_a_subclass_of_value_may_set_its_number_while_it_is_made():
    class Twice(Value):
        def __init__(self, x):
            super().__init__(2 * x)

    assert recorded(lambda x: x[0] * Twice(3.0), [1.0])([5.0]) == (True, [30.0])


def test_a_cached_result_of_parameters_alone():
    p = Value(2.0)

    @functools.cache
    def norm():
        return (p * p).sqrt()

    call = recorded(lambda x: x[0] / norm(), [1.0])
    assert call([6.0]) == (True, [3.0])
    assert call.recording.parameters == [p]


def test_a_compiled_function_within():
    p = Value(2.0)
    inner = compile(lambda x: x[0] * p)

    def function(x):
        (factor,) = inner([[3.0]])
        return x[0] * factor + p

    call = recorded(function, [1.0])
    assert call([5.0]) == (True, [32.0])
    p.data = 3.0  # which ``inner`` looked at
    assert call([5.0])[0] is False


def test_threads_record_at_once():
    model = MLP(3, [4, 1], seed=1)
    expected = [model([k, 1.0, 2.0]).data for k in range(8)]
    found, stop, errors = {}, threading.Event(), []

    def plain():
        while not stop.is_set():
            v = model([0.0, 1.0, 2.0])
            if v.data != expected[0] or v <= expected[0] - 1:
                errors.append(v)

    def one(k):
        call = recorded(lambda x: model([x[0] * 1.0, x[1], x[2]]), [0.1, 0.2, 0.3])
        found[k] = (call([k, 1.0, 2.0])[1][0], call.recording)

    beside = threading.Thread(target=plain)
    beside.start()
    threads = [threading.Thread(target=one, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    beside.join()
    assert not errors
    for k in range(8):
        value, recording = found[k]
        assert value == pytest.approx(expected[k], rel=1e-14)
        assert set(recording.parameters) == set(model.parameters())
        assert not recording.guards


def test_while_one_thread_records_another_may_train():
    p, started, done = Value(1.0), threading.Event(), threading.Event()

    def other():
        started.wait(10)
        p.data += 1.0
        (p * p).backward()
        done.set()

    thread = threading.Thread(target=other)
    thread.start()

    def function(x):
        if not done.is_set():
            started.set()
            assert done.wait(10)
        return x[0] * 2 + p

    recording = record(function, [[1.0]])
    thread.join()
    assert (p.data, p.grad) == (2.0, 4.0)
    assert recording.parameters == [p]


def test_a_label_and_anomalies_do_not_disturb():
    def function(x):
        y = x[0].sqrt()
        y.label = "root"
        return y * w

    with autograd.detect_anomaly():
        call = recorded(function, [4.0])
    assert call([9.0])[1] == pytest.approx([3 * w.data])


def test_methods_take_their_arguments_by_name_while_a_function_is_recorded():
    def function(x):
        return Value.apply_op(op=autograd.ops.tanh, inputs=(x[0],))

    call = recorded(function, [0.5])
    assert call([0.5]) == (True, [Value(0.5).tanh().data])
