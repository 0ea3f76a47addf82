"""Wrong arguments: one sentence that names the argument, what was given, and what was expected."""

import copy
import math
import pickle
import sys
from fractions import Fraction

import numpy as np
import pytest

import autograd
import nn
import nn.micrograd
from autograd import Op, Value
from autograd.given import did_you_mean, shown, with_commas
from nn import SGD, Adam, Module, half_squared_error

HUGE = 10**400
x = Value(2.0)
model = nn.MLP(2, [1], seed=1)
fresh = [Value(0.5), Value(0.5), Value(0.0)]


def train(X, T, **options):
    return nn.fit(
        lambda x, t: half_squared_error(model(x), t),
        X,
        T,
        SGD(model.parameters(), lr=0.1),
        **options,
    )


TOO_LARGE = [
    lambda: Value(HUGE),
    lambda: Value(-HUGE),
    lambda: Value(Fraction(HUGE)),
    lambda: Value(1.0, (x,), (HUGE,)),
    lambda: x * HUGE,
    lambda: HUGE - x,
    lambda: x**HUGE,
    lambda: x < HUGE,
    lambda: x.clamp(min=HUGE),
    lambda: x.maximum(HUGE),
    lambda: autograd.exp(HUGE),
    lambda: autograd.sum([x, HUGE]),
    lambda: autograd.dot([x], [HUGE]),
    lambda: autograd.softmax([x, HUGE]),
    lambda: autograd.take([x, x], HUGE),
    lambda: autograd.jacobian(lambda v: v, [HUGE]),
    lambda: autograd.hvp(lambda v: v * v, [1.0], [HUGE]),
    lambda: autograd.gradcheck(lambda v: v, [HUGE]),
    lambda: autograd.compile(lambda v: v[0])([[HUGE]]),
    lambda: autograd.compile(lambda v: v * 2)(HUGE),
    lambda: model([HUGE, 1]),
    lambda: half_squared_error([x], [HUGE]),
    lambda: nn.Embedding(2, 2)(HUGE),
    lambda: model.load_state_dict(dict.fromkeys(model.state_dict(), HUGE)),
]


@pytest.mark.parametrize("call", TOO_LARGE)
def test_integers_beyond_floats_are_named(call):
    before = model.state_dict()
    with pytest.raises(OverflowError, match=r"at most 1\.8e308.*got (int|Fraction) about -?10\^"):
        call()
    assert model.state_dict() == before


@pytest.mark.parametrize("compile", [True, False])
def test_a_row_with_an_integer_beyond_floats_is_named_before_training_begins(compile):
    before = model.state_dict()
    rows, targets = [[1, 2], [3, HUGE]], [[1], [0]]
    with pytest.raises(OverflowError, match=r"X\[1\]: expected .* got int about 10\^400"):
        train(rows, targets, compile=compile)
    with pytest.raises(OverflowError, match=r"T\[0\]: "):
        train([[1, 2], [3, 4]], [[HUGE], [1.0]], compile=compile)
    assert model.state_dict() == before


WRONG = [
    (lambda: SGD(fresh, lr=HUGE), OverflowError, "lr: expected"),
    (lambda: Adam(fresh, eps=-1), ValueError, "eps must be finite and at least 0; got -1"),
    (lambda: nn.Dropout(HUGE), OverflowError, "p: expected"),
    (lambda: nn.MLP(HUGE, [1]), ValueError, r"nin must be at most [\d,]+; got about 10\^400"),
    (lambda: nn.MLP(2, [HUGE]), ValueError, r"nout must be at most"),
    (lambda: nn.MLP(2, [10**9]), ValueError, "sizes of 2, 1000000000 make 2000000000 parameters"),
    (lambda: nn.Layer(10**5, 10**5), ValueError, "make 10000000000 parameters"),
    (lambda: nn.Neuron(10**12), ValueError, "at most 100,000,000 fit"),
    (lambda: nn.Embedding(10**6, 10**6), ValueError, "at most 100,000,000 fit"),
    (lambda: nn.micrograd.MLP(10**6, [10**6]), ValueError, "at most 100,000,000 fit"),
    (lambda: nn.micrograd.Layer(10**6, 10**6), ValueError, "at most 100,000,000 fit"),
    (lambda: nn.micrograd.Neuron(10**12), ValueError, "at most 100,000,000 fit"),
    (lambda: nn.cross_entropy([x, x], HUGE), ValueError, r"from 0 to 1; got about 10\^400"),
    (lambda: train({"a": [1, 2]}, [[1]]), TypeError, r"X is a list, a tuple or an array; got dict"),
    (lambda: train({0: [1, 2]}, [[1]]), TypeError, "whose elements are its keys: write list"),
    (lambda: train([[1, 2]], [[1]], batch_size=HUGE), ValueError, "batch_size must be at most"),
    (lambda: train([[1, 2]], [[1]], epochs="2"), TypeError, "epochs must be .*got str '2'"),
    (lambda: Op(None), TypeError, "a Python name such as 'swish'; got None"),
    (lambda: Op("lambda", abs, abs), ValueError, "a Python name such as 'swish'; got 'lambda'"),
    (lambda: Op("o_"), TypeError, "forward of 'o_' is a function; got None"),
    (lambda: Op("o_", abs, 3), TypeError, "partials of 'o_' is a function; got 3"),
    (lambda: Op("o_", abs, abs, 3), TypeError, "accurate of 'o_' is a function; got 3"),
    (lambda: Op("o_", abs, abs, arity=0), ValueError, "the arity of 'o_' .* got 0"),
    (lambda: Op("o_", abs, abs, arity=HUGE), ValueError, r"the arity of 'o_' .* got about 10\^"),
    (lambda: Op("o_", abs, abs, domain=3), TypeError, "domain of 'o_' is a tuple; got 3"),
    (lambda: Op("o_", abs, abs, registered=2), TypeError, "registered is True or False; got int 2"),
    (lambda: autograd.jacobian(abs, range(10**12)), ValueError, "of 1,000,000,000,000"),
    (lambda: autograd.take(5, 0), TypeError, "take needs a list of rows; got int 5"),
    (lambda: Op("o_", abs, abs, symbol=3), TypeError, "symbol of 'o_' is text; got 3"),
    (lambda: Op("o_", abs, abs, text="{} {}"), ValueError, r"needs a \{\} for each input.*'\{\} "),
    (lambda: Op("o_", abs, abs, latex=r"\frac{a}{}"), ValueError, "braces of its own doubled"),
    (lambda: Op("o_", abs, abs, latex="{"), ValueError, "braces of its own doubled; got '{'"),
    (lambda: autograd.gradcheck(lambda v: v, [1.0], step=0), ValueError, "the step .* got 0"),
    (lambda: autograd.gradcheck(lambda v: v, [1.0], step=HUGE), OverflowError, "step: expected"),
    (lambda: autograd.gradcheck(lambda v: v, [1.0], step="1"), TypeError, "step: expected"),
    (lambda: autograd.draw(x, view="neuron"), ValueError, "did you mean 'neurons'"),
    (lambda: autograd.draw(x, rankdir="lr"), ValueError, "LR, TB, RL, BT; got 'lr'"),
    (lambda: autograd.derivative_formula("tahn"), ValueError, "'tahn': did you mean 'tanh'"),
    (lambda: autograd.derivative_formula("qqq"), ValueError, "'qqq'; there are .*above, abs"),
    (lambda: autograd.compile(abs, dtype="float8"), ValueError, "float64 or float32; got 'float8'"),
    (lambda: autograd.compile(abs, dtype=None), ValueError, "float64 or float32; got None"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_other_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert "o_" not in autograd.ops.TABLE


def test_a_value_is_made_once_so_that_no_cycle_can_be_made_by_hand():
    a = Value(1.0)
    b = Value(2.0, (a,), (3.0,))
    for inputs in {"children": (b,)}, {"_children": (b,)}:
        with pytest.raises(TypeError, match=r"Value\(1\) is made already"):
            a.__init__(5.0, local_grads=(1.0,), **inputs)
    b.backward()
    assert (a.data, a.op, a.grad) == (1.0, None, 3.0)


LENSES = {
    "grad": lambda y: autograd.grad(y, y.inputs[0]),
    "grad with a graph": lambda y: autograd.grad(y, y.inputs[0], create_graph=True),
    "topological_order": autograd.topological_order,
    "draw": autograd.draw,
    "explain": lambda y: autograd.explain(y, y.inputs[0]),
    "formula": autograd.formula,
    "page": autograd.page,
    "compile": autograd.compile,
    "copy": copy.deepcopy,
    "pickle": pickle.dumps,
}
BY_HAND = {
    "one of its own inputs": lambda a, y: (a, y.inputs[0]),
    "itself": lambda a, y: (y, y),
    "the output": lambda a, y: (a, y),
}


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("cycle", BY_HAND)
def test_a_cycle_made_by_hand_is_refused(lens, cycle):
    """Nobody but the engine sets what a node was made from. Where somebody does, it is noticed."""
    a = Value(1.0, "a")
    y = ((a * 2).tanh() + 1).exp()
    node, child = BY_HAND[cycle](a, y)
    node._record = (autograd.ops.tanh, child, 1.0)
    with pytest.raises(ValueError, match="come before it"):
        LENSES[lens](y)


def test_messages_quote_no_label_in_full_and_nothing_invisible():
    class Rude:
        def __repr__(self):
            return "\x1b[31m" + "r" * 1000

    w = Value(1.0, "w" * 100_000)
    g = autograd.grad(w * w, w)
    said = []
    for call in (
        lambda: autograd.grad(g, w),
        lambda: float(w),
        lambda: nn.SGD([w * 2], lr=0.1),
        lambda: autograd.take([1.0], w),
        lambda: autograd.no_grad()(lambda: w.__isub__(g))(),
        lambda: Value.__init__(w, 1.0, (w,), (1.0,)),
        lambda: autograd.draw(w, view=Rude()),
        lambda: train([[1, 2]], [[1]], epochs=Rude()),
        lambda: nn.fit(lambda x, t: Rude(), [[1]], [[1]], SGD([Value(1.0)], lr=0.1)),
    ):
        with pytest.raises((TypeError, ValueError)) as found:
            call()
        said.append(str(found.value))
    assert [text for text in said if len(text) > 400 or not text.isprintable()] == []


def test_data_beyond_floats_set_later_is_named():
    v = Value(1.0, "w")
    v.data = HUGE
    with pytest.raises(OverflowError, match=r"the data of 'w' was set wrongly: .*10\^400"):
        v * 2


@pytest.mark.parametrize("compile", [False, True])
def test_an_update_with_other_arguments_says_which_it_gets(compile):
    class Forgetful(nn.Optimizer):
        memories = ("mean", "square")

        def update(self, p, gradient, mean):
            return p - gradient, mean

    optimizer = Forgetful(model.parameters())
    with pytest.raises(
        (TypeError, autograd.CompileError),
        match=r"update must take \(parameter, gradient, mean, square",
    ):
        nn.fit(
            lambda x, t: half_squared_error(model(x), t),
            [[1, 2]],
            [[1]],
            optimizer,
            compile=compile,
        )


# --- names that Python has ---


def holder(name):
    m = Module()
    setattr(m, name, Value(3.0))
    return m


NAMES = ["lambda", "class", "None", "match", "_", "np", "range", "len", "print", "a1", "g", "t",
         "é", "ﬁ", "1a", "a b", "'", "a\nb", "x", "value", "failures", "__len__"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_a_parameter_may_have_any_name(name, backend):
    held = holder(name)
    program = autograd.compile(lambda x: getattr(held, name) * x[0], backend=backend)
    direct = autograd.compile(Called(name), backend=backend)
    for f in (program, direct):
        value, gradient = f.value_and_grad([[1.0], [2.0]])
        assert (value, gradient.tolist()) == (4.5, [1.5])
        compile(f.source, "<source>", "exec")


class Called(Module):
    def __init__(self, name):
        self.name = name
        setattr(self, name, Value(3.0))

    def __call__(self, x):
        return getattr(self, self.name) * x[0]


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_numpy_may_be_set_to_raise(backend):
    """Infinities are results here, whatever the caller's own arithmetic should do."""
    f = autograd.compile(
        lambda x: (x[0].exp() / (x[1] - x[1]) + x[1] * 1e-300) * x[1], backend=backend
    )
    rows = np.array([[1.0, 1e-200], [900.0, 1e200]])
    expected = [f.function([Value(v) for v in row]).data for row in rows]
    with np.errstate(all="raise"):
        values = f(rows)
        total, gradient = f.value_and_grad(rows, reduction="sum", wrt="inputs")
        history = train([[1e-200, 900.0]], [[1e-200]], compile=backend == "machine", epochs=2)
    assert values.tolist() == expected
    assert total == math.inf
    assert gradient.shape == (2, 2)
    assert len(history.losses) == 2


# --- the words ---


def test_what_was_given_takes_at_most_a_line():
    assert shown([HUGE] * 3) == "[about 10^400, about 10^400, about 10^400]"
    assert shown(-(10**5000)) == "about -10^5000"
    assert len(shown("a" * 10_000)) < 100
    assert len(shown([["b" * 99] * 99] * 99)) < 6_000
    assert (shown(1024), with_commas(1024)) == ("1024", "1,024")
    assert with_commas(2**20_000) == "about 10^6020"
    assert did_you_mean("tahn", ["tan", "tanh"]) == ": did you mean 'tanh'?"
    assert did_you_mean("zzz", ["tan"]) == did_you_mean(3, ["tan"]) == ""


def test_the_number_of_paths_may_have_more_digits_than_python_writes():
    v = Value(1.0, "x")
    y = v
    for _ in range(2200):
        y = y * 0.5 + y * 0.5
    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        found = autograd.explain(y, v, paths=1)
        words = found.text, repr(found)
    finally:
        sys.set_int_max_str_digits(usual)
    assert (found.path_count, found.gradient) == (2**2200, 1.0)
    assert all("about 10^662 paths" in text for text in words)
