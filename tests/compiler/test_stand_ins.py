"""Values stand for the inputs while a function is recorded. Where it would take them for something
else than numbers, it is refused, and never compiled into what holds for Values alone."""

import collections
import functools
import math

import pytest

from autograd import CompileError, Value, compile, dot, grad, topological_order
from nn import MLP, SGD, cross_entropy, fit, half_squared_error

p, q = Value(0.5), Value(0.25)
weight = {1.0: 10.0, 2.0: 20.0}
pairs = {(1.0, 2.0): 10.0}
by_text = {"1.0": 10.0}


def matched(x):
    match x[0]:
        case float():
            return 10 * p
    return 1 * p


def converted(x):
    try:
        return float(x[0]) * 10 * p
    except TypeError:
        return 1 * p


def rounded(x):
    try:
        return round(x[0]) * 10 * p
    except TypeError:
        return 1 * p


def caught(x):
    try:
        return weight[x[0]] * p
    except Exception:
        return 1 * p


LOOKED_FOR = {
    "get": lambda x: weight.get(x[0], 1.0) * p,
    "item": lambda x: weight[x[0]] * p,
    "caught": caught,
    "computed": lambda x: weight.get(x[0] * 2, 1.0) * p,
    "in a dictionary": lambda x: 10 * p if x[0] in weight else 1 * p,
    "in a set": lambda x: 10 * p if x[0] in {1.0, 3.0} else 1 * p,
    "a tuple": lambda x: pairs.get((x[0], x[1]), 1.0) * p,
    "counted": lambda x: collections.Counter([*x, 1.0])[1.0] * p,
    "distinct": lambda x: len({*x, 1.0}) * p,
    "cached": lambda x: functools.lru_cache(lambda v: v * 10)(x[0]) * p,
}
ASKED = {
    "isinstance": lambda x: 10 * p if isinstance(x[0], float) else 1 * p,
    "type": lambda x: 10 * p if type(x[0]) is float else 1 * p,
    "text": lambda x: by_text.get(str(x[0]), 1.0) * p,
    "formatted": lambda x: by_text.get(f"{x[0]}", 1.0) * p,
    "hasattr": lambda x: 10 * p if hasattr(x[0], "is_integer") else 1 * p,
    "match": matched,
}
CONVERTED = {"float": converted, "round": rounded}


def refused(function, message):
    for rows in ([[1.0, 2.0], [2.0, 2.0]], [[7.0, 1.0], [1.0, 2.0]]):
        with pytest.raises(CompileError, match=message):
            print(compile(function, backend="numpy")(rows))


@pytest.mark.parametrize("name", LOOKED_FOR)
def test_an_input_is_not_looked_for(name):
    refused(LOOKED_FOR[name], r"in a set or a dictionary, at .*\.py:\d+: ")


@pytest.mark.parametrize("name", ASKED)
def test_what_an_input_is_must_not_matter(name):
    refused(ASKED[name], r"returns 5\.0 for the plain numbers .* and 0\.5 for Values")


HIDDEN = {
    "a factor of 0": (lambda x: (x[0] if isinstance(x[0], float) else 0.0) + 2 * x[0] * p, 0.0),
    "a difference of 0": (lambda x: (x[0] - 1) * isinstance(x[0], float) + q * x[0], 1.0),
    "at a corner": (lambda x: (x[0] * isinstance(x[0], float) if x[0] <= 0 else 0.0) + q, 0.0),
    "beside a label": (lambda x: (x[0] * isinstance(x[0], float) + q) * (x[1] == 3.0), 0.0),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_the_recorded_row_must_not_hide_what_an_input_is(name):
    function, first = HIDDEN[name]
    with pytest.raises(CompileError, match="it asks what its inputs are"):
        compile(function, backend="numpy")([[first, 3.0], [2.0, 3.0], [3.0, 3.0]])


def test_where_the_recorded_row_is_the_only_one_on_its_path_nothing_more_is_said():
    """A little aside it takes another branch."""
    program = compile(lambda x: 0.0 * x[0] * p if x[0] == 1.0 else x[0] * p, backend="numpy")
    assert program([[1.0], [2.0]]) == pytest.approx([0.0, 1.0])
    program = compile(lambda x: p * x[0] if -1e-9 < x[0] < 1e-9 else p, backend="numpy")
    assert program([[0.0], [2.0]]) == pytest.approx([0.0, 0.5])


OUT_OF_DOMAIN = {
    "infinite": (lambda x: x[0] ** 0.5 * p, -math.inf),
    "complex": (lambda x: x[0] ** 0.5, -4.0),
    "on the way": (lambda x: p * 2 if x[0] ** 0.5 > 1.0 else p * x[0], -math.inf),
}


@pytest.mark.parametrize("name", OUT_OF_DOMAIN)
def test_a_first_row_out_of_a_domain_tells_nothing(name):
    """The square root of -inf is inf for floats, and that of -4.0 complex. For Values it is nan."""
    function, first = OUT_OF_DOMAIN[name]
    rows = [[first], [0.25], [4.0]]
    expected = [function([Value(x) for x in row]).data for row in rows]
    found = compile(function, backend="numpy")(rows)
    assert found.tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("first", [-math.inf, math.nan])
def test_there_too_what_an_input_is_must_not_matter(first):
    """A row beside it shows the difference."""
    for function in (
        lambda x: (x[0] ** 0.5 if isinstance(x[0], float) else x[0]) * p,
        lambda x: x[0] ** 0.5 * (p if isinstance(x[0], float) else q),
    ):
        with pytest.raises(CompileError, match="it asks what its inputs are"):
            compile(function, backend="numpy")([[first], [4.0]])


@pytest.mark.parametrize("other", [None, "1.0", [1.0], 1j])
def test_a_result_that_is_no_number_is_another_one(other):
    with pytest.raises(CompileError, match=r"returns .* for the plain numbers .* 0\.5 for Values"):
        compile(lambda x: other if isinstance(x[0], float) else x[0] * p)([[1.0]])


def test_fit_records_with_the_numbers_that_a_row_holds(monkeypatch):
    """Whole numbers stay whole."""
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    X, T = [[i % 3, i % 2] for i in range(12)], [[0.5]] * 12
    results = []
    for asked in (None, False):
        p.data = 0.5
        history = fit(
            lambda x, t: half_squared_error(p * (x[0] if isinstance(x[0], int) else 5.0), t),
            X, T, SGD([p], 0.1), epochs=3, progress=False, compile=asked,
        )  # fmt: skip
        results.append((history.losses, p.data))
    assert results[0] == results[1]
    p.data = 0.5


@pytest.mark.parametrize("name", CONVERTED)
def test_that_an_input_cannot_be_converted_must_not_matter(name):
    refused(CONVERTED[name], r"takes float, int or round of an input, at .*test_stand_ins\.py")


@pytest.mark.parametrize("name", [*LOOKED_FOR, *ASKED, *CONVERTED])
def test_fit_gives_the_numbers_of_plain_python(name, monkeypatch):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)
    function = {**LOOKED_FOR, **ASKED, **CONVERTED}[name]

    def train(compile):
        for parameter in (p, q):
            parameter.data = 0.5
        X, T = [[1.0, 2.0], [2.0, 3.0], [3.0, 1.0]] * 5, [[0.0]] * 15
        history = fit(
            lambda x, t: half_squared_error(function(x), t) + q * 0,
            X, T, SGD([p, q], lr=0.001), epochs=3, progress=False, compile=compile,
        )  # fmt: skip
        return history.losses, p.data

    try:
        assert train(None) == train(False)
    except KeyError:
        assert name == "item"  # as in plain Python
    p.data, q.data = 0.5, 0.25


def test_parameters_and_what_is_made_of_them_are_keys():
    """Eager, they are the same objects."""
    names = {p: 2.0}

    def function(x):
        made = [p * x[0], q * x[1]]
        places = {v: i for i, v in enumerate(made)}
        chosen = set(made)
        return sum(names.get(v, 3.0) * v for v in (p, q)) + sum(
            v * places[v] for v in made if v in chosen
        )

    expected = function([2.0, 3.0]).data
    assert compile(function, backend="numpy")([[2.0, 3.0]]) == pytest.approx([expected])


def test_this_library_knows_nodes_by_identity():
    model = MLP(2, [3, 3], output_activation=None, seed=1)

    def function(x, t):
        y = dot([p, q], x) ** 3
        (slope,) = grad(y, [p], create_graph=True)
        nodes = topological_order(y)
        return slope * len(nodes) + cross_entropy(model(x), t[0])

    program = compile(function, backend="numpy")
    assert program([[0.3, 0.4]], [[2.0]]) == pytest.approx([function([0.3, 0.4], [2.0]).data])


def test_a_function_of_values_alone_is_compiled():
    """It calls methods of a Value, so that it takes no plain numbers."""
    program = compile(lambda x: x[0].tanh() * p, backend="numpy")
    assert program([[0.3]]) == pytest.approx([(Value(0.3).tanh() * p).data])
    history = fit(
        compile(lambda x, t: half_squared_error(x[0].tanh() * q, t), backend="numpy"),
        [[0.3], [0.4]], [[0.0], [1.0]], SGD([q], lr=0.0), progress=False,
    )  # fmt: skip
    assert history.how.startswith("numpy")


@pytest.mark.parametrize("name", ["__float__", "__int__", "__round__", "__trunc__"])
def test_what_raises_for_values_raises_while_recording(name):
    with pytest.raises(TypeError, match=r"write x\.data for the number"):
        compile(lambda x: getattr(x[0], name)() * p, backend="numpy")([[1.0]])


def test_setting_a_gradient():
    def function(x):
        p.grad = 0.0  # the line
        return p * x[0]

    with pytest.raises(CompileError, match=r"sets a Value's grad, at .*# the line"):
        compile(function)([[1.0]])


def test_a_refusal_that_is_caught_is_still_one():
    def function(x):
        y = p * x[0]
        try:
            y.backward()
        except Exception:
            return y
        return y * 2

    with pytest.raises(CompileError, match=r"calls backward\(\)"):
        compile(function)([[1.0]])
