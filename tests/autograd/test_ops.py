"""Every operation of the table: accuracy, derivatives, corners, and how it is written."""

import math
import pickle
import random
from math import inf, nan

import pytest

import autograd
from autograd import Op, Value, grad, gradcheck, ieee, ops
from autograd.ops import TABLE, power
from tests import truth
from tests.counts import count
from tests.truth import mp

ROWS = [*TABLE.values(), power(3.0), power(-1.5), power(2.0), power(0.0)]
ISSUE = (
    "add sub mul div neg pow sum tanh exp log sqrt relu sigmoid softplus sin cos abs maximum "
    "minimum logsumexp"
)


def by_name(rows):
    return pytest.mark.parametrize("op", rows, ids=lambda op: op.name)


def points(op, n, seed=1):
    """Random points in the domain of the operation."""
    draw = random.Random(seed)
    return [[draw.uniform(low, high) for low, high in op.domain] for _ in range(n)]


def test_the_table_has_the_promised_rows():
    assert set(ISSUE.split()) <= set(TABLE)


# --- against finite differences, mpmath and PyTorch ---


@by_name(ROWS)
def test_first_derivatives_match_finite_differences(op):
    for point in points(op, 20):
        assert gradcheck(op, point)


@by_name(ROWS)
def test_second_derivatives_match_finite_differences(op):
    for point in points(op, 10):
        for i in range(len(point)):
            assert gradcheck(lambda *xs, i=i: grad(op(*xs), xs[i], create_graph=True), point)


@by_name(ROWS)
def test_the_taught_form_is_the_accurate_form(op):
    for point in points(op, 50):
        y = op(*point)
        inputs = [point] if op.arity is None else point
        assert op.partials(y, *inputs) == pytest.approx(op.rule(y, *inputs), rel=1e-9, abs=1e-12)


ONE_INPUT = [op for op in TABLE.values() if op.arity == 1]


def test_every_operation_of_one_input_has_a_true_derivative_to_meet():
    assert {op.name for op in ONE_INPUT} == set(truth.DERIVATIVE)


@by_name(ONE_INPUT)
def test_derivatives_are_within_4_ulp_over_the_whole_domain(op):
    true = truth.DERIVATIVE[op.name]
    for x in truth.points(op.name, count(500, quick=60)):
        _, (computed,) = op.evaluate([x])
        exact = true(mp.mpf(x))
        expected = float(exact)
        if math.isinf(expected):
            assert computed == expected, x
        else:
            error = truth.ulps(op.name, x, computed, expected, math.ulp)
            assert error <= 4, (x, computed, expected, error)


@by_name([op for op in TABLE.values() if op.arity != 1])
def test_derivatives_by_several_inputs_are_within_the_bound_of_the_operation(op):
    for point in points(op, count(1000, quick=200)):
        _, computed = op.evaluate(point)
        for partial, exact in zip(
            computed, truth.DERIVATIVES[op.name](*map(mp.mpf, point)), strict=True
        ):
            exact = mp.mpf(exact)
            assert abs(partial - exact) <= op.ulps * math.ulp(float(exact)), point


HELPERS = ("sech2", "step", "above", "strong_mul", "exp_mul")


def in_torch(op, torch):
    """PyTorch's function of that name."""
    return {
        "sum": lambda *xs: torch.stack(xs).sum(),
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "softplus": lambda x: torch.nn.functional.softplus(x, threshold=1e9),
        "normal_cdf": torch.special.ndtr,
        "norm": lambda *xs: torch.linalg.norm(torch.stack(xs)),
        **{n: getattr(torch.nn.functional, n) for n in ("leaky_relu", "elu", "silu", "gelu")},
    }.get(op.name) or getattr(torch, op.name)


@by_name([op for op in TABLE.values() if op.name not in HELPERS])
def test_values_and_derivatives_match_pytorch(op, torch):
    function = in_torch(op, torch)
    for point in points(op, 50):
        ours = [Value(x) for x in point]
        theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        y, y_torch = op(*ours), function(*theirs)
        y.backward()
        y_torch.backward()
        assert y.data == pytest.approx(y_torch.item(), rel=1e-13, abs=1e-15)
        for v, t in zip(ours, theirs, strict=True):
            assert v.grad == pytest.approx(t.grad.item(), rel=1e-11, abs=1e-13)


def test_tanh_has_a_slope_where_others_have_none(torch):
    x = Value(20.0)
    x.tanh().backward()
    assert x.grad == pytest.approx(4 * math.exp(-40), rel=1e-15)
    t = torch.tensor(20.0, dtype=torch.float64, requires_grad=True)
    t.tanh().backward()
    assert t.grad.item() == 0


# --- values at the edges of float ---


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda: Value(1) / 0, inf),
        (lambda: Value(-1) / 0, -inf),
        (lambda: Value(1) / -0.0, -inf),
        (lambda: Value(0) / 0, nan),
        (lambda: Value(0).log(), -inf),
        (lambda: Value(-1).log(), nan),
        (lambda: Value(-2) ** 0.5, nan),
        (lambda: Value(-2) ** Value(0.5), nan),
        (lambda: Value(-1).sqrt(), nan),
        (lambda: Value(1e200) ** 2, inf),
        (lambda: Value(-1e200) ** 3, -inf),
        (lambda: Value(0) ** -1, inf),
        (lambda: Value(-0.0) ** -1, -inf),
        (lambda: Value(0) ** -2, inf),
        (lambda: 0 ** Value(-1), inf),
        (lambda: Value(1e300) * 1e300, inf),
        (lambda: Value(1000).exp(), inf),
        (lambda: Value(-1000).exp(), 0.0),
        (lambda: Value(1000).tanh(), 1.0),
        (lambda: Value(-1000).tanh(), -1.0),
        (lambda: Value(-1000).sigmoid(), 0.0),
        (lambda: Value(1000).softplus(), 1000.0),
        (lambda: Value(inf).sin(), nan),
        (lambda: Value(-inf).cos(), nan),
        (lambda: Value(inf) - inf, nan),
        (lambda: autograd.logsumexp([Value(1000), 1000]), 1000 + math.log(2)),
        (lambda: autograd.logsumexp([Value(inf), 0]), inf),
        (lambda: autograd.logsumexp([Value(-inf), -inf]), -inf),
        (lambda: autograd.logsumexp([Value(nan), inf]), nan),
        (lambda: Value(nan).relu(), nan),
        (lambda: Value(nan).maximum(1), nan),
        (lambda: Value(1).maximum(nan), nan),
        (lambda: Value(1).minimum(nan), nan),
        (lambda: abs(Value(nan)), nan),
    ],
)
def test_ieee_values_and_never_a_complex_one(expression, expected):
    value = expression()
    assert type(value.data) is float
    assert value.data == pytest.approx(expected, rel=1e-15, nan_ok=True)
    assert all(type(partial) is float for partial in value.partials)


def test_division_is_rounded_once():
    draw = random.Random(3)
    for _ in range(2000):
        a, b = draw.uniform(-10, 10), draw.uniform(-10, 10)
        assert (Value(a) / b).data == a / b
        assert (a / Value(b)).data == a / b


# The documented table of corners, row by row: (function, point, value, derivatives).
CORNERS = [
    (ops.relu, (0.0,), 0.0, (0.0,)),
    (ops.abs, (0.0,), 0.0, (0.0,)),
    (ops.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    (ops.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    (ops.sqrt, (0.0,), 0.0, (inf,)),
    (ops.log, (0.0,), -inf, (inf,)),
    (ops.log, (-2.0,), nan, (-0.5,)),
    (ops.pow, (0.0, 0.0), 1.0, (0.0, 0.0)),
    (lambda x: x**0, (0.0,), 1.0, (0.0,)),
    (lambda x: x**0, (nan,), 1.0, (0.0,)),
    (ops.pow, (3.0, 0.0), 1.0, (0.0, math.log(3))),
    (ops.pow, (0.0, 2.0), 0.0, (0.0, 0.0)),
    (ops.pow, (0.0, 1.0), 0.0, (1.0, 0.0)),
    (ops.pow, (0.0, 0.5), 0.0, (inf, 0.0)),
    (lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    (lambda x: x**1, (0.0,), 0.0, (1.0,)),
    (lambda x: x**2, (0.0,), 0.0, (0.0,)),
    (lambda x: x**3, (-2.0,), -8.0, (12.0,)),
    (ops.pow, (-2.0, 3.0), -8.0, (12.0, nan)),
    (ops.pow, (-2.0, 0.5), nan, (nan, nan)),
    (ops.log1p, (-1.0,), -inf, (inf,)),
    (ops.log1p, (-3.0,), nan, (-0.5,)),
    (ops.expm1, (-inf,), -1.0, (0.0,)),
    (ops.tan, (inf,), nan, (nan,)),
    (ops.sinh, (-inf,), -inf, (inf,)),
    (ops.cosh, (-inf,), inf, (-inf,)),
    (ops.cosh, (1000.0,), inf, (inf,)),
    (ops.atan, (inf,), math.pi / 2, (0.0,)),
    (ops.erf, (-inf,), -1.0, (0.0,)),
    (ops.atan2, (0.0, 0.0), 0.0, (0.0, -0.0)),
    (ops.atan2, (-0.0, -1.0), -math.pi, (-1.0, 0.0)),
    (ops.atan2, (inf, 1.0), math.pi / 2, (0.0, nan)),
    (ops.hypot, (inf, 1.0), inf, (nan, 0.0)),
    (ops.hypot, (inf, nan), inf, (nan, nan)),
    (ops.leaky_relu, (0.0,), 0.0, (0.01,)),
    (ops.leaky_relu, (-inf,), -inf, (0.01,)),
    (ops.elu, (0.0,), 0.0, (1.0,)),
    (ops.elu, (-inf,), -1.0, (0.0,)),
    (ops.silu, (-inf,), nan, (nan,)),
    (ops.silu, (inf,), inf, (nan,)),
    (ops.gelu, (-inf,), nan, (nan,)),
    (ops.gelu, (inf,), inf, (nan,)),
    (ops.norm, (0.0, 0.0), 0.0, (0.0, 0.0)),
    (ops.norm, (inf, 1.0), inf, (nan, 0.0)),
    (ops.norm, (inf, nan), nan, (nan, nan)),
]


@pytest.mark.parametrize(("function", "point", "value", "derivatives"), CORNERS)
def test_corners_are_as_documented(function, point, value, derivatives):
    inputs = [Value(x) for x in point]
    output = function(*inputs)
    output.backward()
    assert output.data == pytest.approx(value, nan_ok=True)
    assert [v.grad for v in inputs] == pytest.approx(list(derivatives), nan_ok=True)


@pytest.mark.parametrize(("function", "point", "value", "derivatives"), CORNERS)
def test_corners_are_as_in_pytorch(function, point, value, derivatives, torch):
    if isinstance(function, Op):
        function = in_torch(function, torch)
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    function(*inputs).backward()
    assert [t.grad.item() for t in inputs] == pytest.approx(list(derivatives), nan_ok=True)


def test_the_length_of_nothing_has_no_slope():
    # PyTorch's is nan for hypot, and 0 for norm.
    y = autograd.hypot(Value(0.0), Value(0.0))
    assert (y.data, y.partials) == (0.0, (0.0, 0.0))


def test_zero_to_a_negative_power():
    # PyTorch's derivative by the exponent is -inf.
    a, b = Value(0.0), Value(-1.0)
    (a**b).backward()
    assert (a.grad, b.grad) == pytest.approx((-inf, nan), nan_ok=True)


# --- operations as functions and as objects ---


@by_name(ROWS)
def test_an_operation_gives_floats_for_floats_and_values_for_values(op):
    (point,) = points(op, 1)
    number, value = op(*point), op(*map(Value, point))
    assert type(number) is float
    assert isinstance(value, Value)
    assert value.data == number
    assert value.op is op


def test_operations_of_any_number_of_inputs_take_a_list_too():
    a, b = Value(1.0), Value(2.0)
    assert autograd.sum([a, b, 3]).data == autograd.sum(a, b, 3).data == 6
    assert autograd.sum(x for x in (1, 2)) == 3.0
    assert autograd.sum([]) == 0.0
    assert autograd.logsumexp([]) == -inf
    assert autograd.sum([a]).inputs == (a,)


def test_the_sum_of_problem_10_is_one_node():
    xs = [Value(float(i)) for i in range(100)]
    total = autograd.sum(xs)
    assert total.inputs == tuple(xs)
    assert total.partials == (1.0,) * 100


@by_name(ROWS)
def test_an_operation_is_written_with_all_its_inputs(op):
    names = ("<1>", "<2>", "<3>")[: op.arity or 3]
    for written in (op.write(*names), op.write(*names, latex=True)):
        assert all(written.count(name) == 1 for name in names)
        assert written.count("{") == written.count("}")


def test_how_operations_are_written():
    assert ops.sum.write("a", "b", "c") == "a + b + c"
    assert ops.logsumexp.write("a", "b") == "logsumexp(a, b)"
    assert ops.div.write("a", "b", latex=True) == r"\frac{a}{b}"
    assert power(-1.5).write("x") == "x ** (-1.5)"
    assert power(3.0).write("x", latex=True) == "{x}^{3}"
    assert ops.tanh.write("x", latex=True) == r"\tanh\left(x\right)"


@by_name(ROWS)
def test_an_operation_can_be_pickled(op):
    assert pickle.loads(pickle.dumps(op)) is op


def test_an_operation_says_how_many_inputs_it_takes():
    with pytest.raises(TypeError, match="tanh takes 1 input; got 2"):
        autograd.tanh(1.0, 2.0)


# --- a custom operation ---


@pytest.fixture
def own_row():
    before = set(TABLE)
    yield Op
    for name in set(TABLE) - before:
        del TABLE[name]


def test_a_custom_operation_in_one_statement(own_row):
    swish = own_row(
        "swish",
        lambda x: x * autograd.sigmoid(x),
        lambda y, x: (y + autograd.sigmoid(x) * (1 - y),),
    )
    assert TABLE["swish"] is swish
    assert gradcheck(swish, [0.7])
    assert gradcheck(lambda x: grad(swish(x), x, create_graph=True), [0.7])
    assert swish(Value(1.0)).op is swish


def test_a_rule_on_plain_arithmetic_follows_ieee_at_the_edges(own_row):
    root = own_row("root", lambda x: x**0.5, lambda y, x: (0.5 * x**-0.5,))
    assert root(Value(0.0)).partials == (inf,)
    below = root(Value(-1.0))
    assert math.isnan(below.data)
    assert math.isnan(below.partials[0])


def test_an_operation_may_be_replaced_unless_it_is_built_in(own_row):
    own_row("mine", lambda x: x, lambda y, x: (1.0,))
    again = own_row("mine", lambda x: 2 * x, lambda y, x: (2.0,))
    assert TABLE["mine"] is again
    with pytest.raises(ValueError, match="'tanh' is built in"):
        own_row("tanh", lambda x: x, lambda y, x: (1.0,))
    with pytest.raises(ValueError, match="Python name"):
        own_row("not a name", lambda x: x, lambda y, x: (1.0,))


def test_a_faulty_row_is_named(own_row):
    raising = own_row("raising", lambda x: math.exp(x), lambda y, x: (y,))
    with pytest.raises(OverflowError, match=r"the operation 'raising' failed at \(1000\.0\)"):
        raising(Value(1000.0))
    short = own_row("short", lambda a, b: a + b, lambda y, a, b: (1.0,), arity=2)
    with pytest.raises(ValueError, match="'short' gave 1 partial for 2 inputs"):
        short(Value(1.0), Value(2.0))
    none = own_row("none", lambda x: None, lambda y, x: (1.0,))
    with pytest.raises(TypeError, match="'none' failed"):
        none(Value(1.0))
    for rule in lambda y, x: 1 - y, lambda x: (1.0,), lambda y, x: (None,):
        wrong = own_row("wrong", lambda x: x, rule)
        with pytest.raises(TypeError, match=r"'wrong' failed at \(1\.0\): .*returns a tuple"):
            wrong(Value(1.0))


def test_the_text_of_an_operation_has_no_single_brace(own_row):
    with pytest.raises(
        ValueError, match=r"text of 'open' needs a \{\} for each .*; got 'open\(\{'"
    ):
        own_row("open", lambda x: x, lambda y, x: (1.0,), text="open({")


@pytest.mark.parametrize(
    ("x", "n", "value", "slope"),
    [(2.0, math.inf, math.inf, math.inf), (0.5, -math.inf, math.inf, -math.inf)],
)
def test_a_power_with_an_infinite_exponent_is_a_limit(x, n, value, slope):
    v = Value(x)
    y = v**n
    y.backward()
    assert (y.data, v.grad) == (value, slope)


@pytest.mark.parametrize("n", [1 / 3, -0.1, 1e-300, 1e16])
def test_a_power_whose_exponent_less_1_is_rounded_has_the_corners_of_powers(n):
    corners = [0.0, math.inf, math.nan, 1.0]
    found = [ops.power(n).evaluate([x])[1][0] for x in corners]
    assert found == pytest.approx([n * ieee.pow(x, n - 1) for x in corners], nan_ok=True)


def test_a_power_whose_exponent_less_1_is_rounded_keeps_its_digits():
    exact = mp.mpf(1 / 3) * mp.mpf(2e26) ** (mp.mpf(1 / 3) - 1)
    (found,) = ops.power(1 / 3).evaluate([2e26])[1]
    assert abs(found - exact) <= 4 * math.ulp(found)


@pytest.mark.parametrize(
    ("base", "exponent"),
    [(9.1e-310, -6e-5), (9.1e-310, 6e-5), (4.5e-206, -0.5), (4.5e-280, -0.125), (5e-309, -1e-3)],
)
def test_the_slope_of_a_power_is_finite_where_the_exponent_makes_it_so(base, exponent):
    a, b = mp.mpf(base), mp.mpf(exponent)
    exact = float(b * a ** (b - 1))  # and a ** (b - 1) overflows
    for op, xs in (ops.pow, [base, exponent]), (power(exponent), [base]):
        assert op.evaluate(xs)[1][0] == pytest.approx(exact, rel=1e-13)
        for backend in "numpy", "machine":
            compiled = autograd.compile(lambda x, op=op: op(*x), backend=backend)
            _, found = compiled.value_and_grad([xs], wrt="inputs", reduction="sum")
            assert found[0][0] == pytest.approx(exact, rel=1e-13), backend
