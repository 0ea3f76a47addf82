"""grad, gradcheck and random graphs: derivatives of derivatives, against other sources."""

import math
import random

import mpmath
import pytest

import autograd
from autograd import GradcheckError, Op, Value, dot, grad, gradcheck, ops
from tests.counts import count


def test_grad_returns_values_and_touches_no_gradient():
    x, y = Value(2.0), Value(3.0)
    z = x * x * y
    by_x, by_y = grad(z, [x, y])
    assert (by_x.data, by_y.data) == (12.0, 4.0)
    assert grad(z, x).data == 12.0
    assert not x.has_grad
    assert by_x.op is None


def test_grad_by_an_interior_value():
    x = Value(2.0)
    h = x * 3
    y = h * h
    assert grad(y, h).data == 12.0
    assert [g.data for g in grad(y, (h, x))] == [12.0, 36.0]
    assert grad(y, y).data == 1.0


def test_grad_by_an_unrelated_value_is_zero():
    assert grad(Value(1.0) * 2, Value(1.0)).data == 0.0
    x, a = Value(1.0), Value(2.0)
    slope = grad(a * x, x, create_graph=True)
    assert grad(slope, x).data == 0.0


def test_grad_wants_values():
    with pytest.raises(TypeError, match="grad differentiates a Value by Values; got float"):
        grad(Value(1.0), [1.0])
    with pytest.raises(TypeError, match="grad differentiates a Value by Values; got float"):
        grad(Value(1.0), 1.0)


@pytest.mark.parametrize("name", ["tanh", "exp", "log", "sqrt", "sigmoid", "softplus", "sin"])
def test_up_to_the_fourth_derivative(name):
    functions = {
        "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
        "softplus": lambda t: mpmath.log(1 + mpmath.exp(t)),
    }
    true = functions.get(name) or getattr(mpmath, name)
    for point in (0.3, 0.7, 2.0):
        x = Value(point)
        y = ops.TABLE[name](x)
        for order in range(1, 5):
            y = grad(y, x, create_graph=True)
            with mpmath.workdps(50):
                expected = float(mpmath.diff(true, mpmath.mpf(point), order))
            assert y.data == pytest.approx(expected, rel=1e-10)


def test_derivatives_of_tanh_at_0():
    x = Value(0.0)
    y = x.tanh()
    found = []
    for _ in range(5):
        y = grad(y, x, create_graph=True)
        found.append(y.data)
    assert found == pytest.approx([1, 0, -2, 0, 16], abs=1e-12)


def test_a_gradient_penalty_trains_through_grad():
    # d/dw of (d tanh(wx)/dx)², by hand: 2 s (s/w - 2 w x tanh s...) left to finite differences.
    def penalty(w):
        x = Value(0.4)
        return grad((w * x).tanh(), x, create_graph=True) ** 2

    assert gradcheck(penalty, [0.8])


# --- gradcheck ---


def test_gradcheck_finds_a_wrong_rule():
    wrong = ops.Op(
        "wrong", lambda x: x**3, lambda y, x: (3 * x,), domain=((1.5, 2.0),), registered=False
    )
    with pytest.raises(GradcheckError, match=r"input 0 at \[2\.0\]: the chain rule gives 6, .* 12"):
        gradcheck(wrong, [2.0])


def test_gradcheck_finds_nan_and_a_forgotten_path():
    nan_rule = ops.Op("nan_rule", lambda x: x, lambda y, x: (math.nan,), registered=False)
    with pytest.raises(GradcheckError):
        gradcheck(nan_rule, [1.0])
    with pytest.raises(GradcheckError, match="input 1"):
        gradcheck(lambda x, y: x * y.detach(), [1.0, 2.0])


def test_gradcheck_says_where_differences_give_nothing():
    """At the end of a domain, where nothing is on the other side, and with a step that is lost."""
    with pytest.raises(GradcheckError, match=r"at \[0\.0\]: .* gives inf, finite differences nan"):
        gradcheck(lambda x: x.sqrt(), [0.0])
    with pytest.raises(GradcheckError, match=r"at \[1\.0\]: .* gives 2, finite differences nan"):
        gradcheck(lambda x: x * 2, [1.0], step=1e-300)


def test_gradcheck_wants_a_function_that_returns_a_value():
    with pytest.raises(TypeError, match=r"\.data, and returns a Value; got float 1\.0"):
        gradcheck(lambda x: x.data, [1.0])
    with pytest.raises(TypeError, match="returns a Value; got int 0"):  # left of a corner alone
        gradcheck(lambda x: x if x >= 1 else 0, [1.0])
    with pytest.raises(TypeError, match=r"takes a function and a list .*got Value\(1\) and \[2"):
        gradcheck(Value(1.0), [2.0])
    with pytest.raises(TypeError, match=r"as in gradcheck\(lambda .* and 2\.0$"):
        gradcheck(lambda x: x, 2.0)
    assert gradcheck(lambda x, y: x * y.sin() + x / y, [Value(2.0), 0.5])


# --- random graphs ---

UNARY = ["tanh", "sin", "cos", "sigmoid", "softplus", "exp", "abs", "relu"]


def random_graph(seed, lib, leaf):
    """The same random graph of 60 nodes, over any library's operations."""
    draw = random.Random(seed)
    leaves = [leaf(draw.uniform(-1, 1)) for _ in range(6)]
    nodes = list(leaves)
    for _ in range(60):
        a, b = draw.choice(nodes[-12:]), draw.choice(nodes)
        kind = draw.randrange(7)
        c = draw.uniform(0.2, 1.5)
        nodes.append(
            [
                lambda: a + b,
                lambda: a * b,
                lambda: a - c * b,
                lambda: a / (b * b + c),
                lambda: lib(draw.choice(UNARY), a * 0.5),
                lambda: (a * a + c) ** 1.5 * 0.1,
                lambda: lib("logsumexp", [a * 0.3, b, a * b]),
            ][kind]()
        )
    return leaves, lib("sum", [lib("tanh", node) for node in nodes])


def ours(name, argument):
    return ops.TABLE[name](argument)


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_match_pytorch(seed, torch):
    def theirs(name, argument):
        if name == "sum":
            return torch.stack(argument).sum()
        if name == "logsumexp":
            return torch.logsumexp(torch.stack(argument), 0)
        if name == "softplus":
            return torch.nn.functional.softplus(argument, threshold=1e9)
        return getattr(torch, name)(argument)

    leaves, output = random_graph(seed, ours, Value)
    output.backward()
    tensors, expected = random_graph(
        seed, theirs, lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)
    )
    expected.backward()
    assert output.data == pytest.approx(expected.item(), rel=1e-12)
    for leaf, tensor in zip(leaves, tensors, strict=True):
        by_torch = 0.0 if tensor.grad is None else tensor.grad.item()
        assert leaf.grad == pytest.approx(by_torch, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_match_differences_in_100_digits(seed):
    # A complex step h needs no subtraction: f'(x) = Im f(x + ih) / h, exact to h². The rows of
    # the graph are analytic where abs and relu are not at their corner.
    def exact(name, argument):
        if name == "sum":
            return mpmath.fsum(argument)
        if name == "logsumexp":
            return mpmath.log(mpmath.fsum(map(mpmath.exp, argument)))
        if name == "sigmoid":
            return 1 / (1 + mpmath.exp(-argument))
        if name == "softplus":
            return mpmath.log(1 + mpmath.exp(argument))
        if name == "abs":
            return argument if argument.real > 0 else -argument
        if name == "relu":
            return argument if argument.real > 0 else mpmath.mpc(0)
        return getattr(mpmath, name)(argument)

    leaves, output = random_graph(seed, ours, Value)
    found = grad(output, leaves)
    h = mpmath.mpf(10) ** -40
    with mpmath.workdps(100):
        for i, derivative in enumerate(found):
            place = iter(range(6))

            def shifted(x, i=i, place=place):
                return mpmath.mpc(x, h if next(place) == i else 0)

            _, y = random_graph(seed, exact, shifted)
            assert derivative.data == pytest.approx(float(y.imag / h), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_grad_and_its_graph_agree_with_backward(seed):
    leaves, output = random_graph(seed, ours, Value)
    output.backward()
    numbers = grad(output, leaves)
    graph = grad(output, leaves, create_graph=True)
    for leaf, number, node in zip(leaves, numbers, graph, strict=True):
        assert number.data == pytest.approx(leaf.grad, rel=1e-12, abs=1e-14)
        assert node.data == pytest.approx(number.data, rel=1e-12, abs=1e-14)


def test_second_derivatives_of_a_network_match_pytorch(torch):
    draw = random.Random(0)
    weights = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(4)]
    point = [0.3, -0.2, 0.9]

    xs = [Value(x) for x in point]
    y = autograd.sum([dot(row, xs).tanh() for row in weights]) ** 2
    slopes = grad(y, xs, create_graph=True)
    hessian = [[h.data for h in grad(slope, xs)] for slope in slopes]

    w = torch.tensor(weights, dtype=torch.float64)
    expected = torch.autograd.functional.hessian(
        lambda x: (w @ x).tanh().sum() ** 2, torch.tensor(point, dtype=torch.float64)
    )
    for row, expected_row in zip(hessian, expected.tolist(), strict=True):
        assert row == pytest.approx(expected_row, rel=1e-11)


def wide(op, draw):
    """A point anywhere in the domain of an operation, clear of its corners."""

    def size():
        return 10 ** draw.uniform(-8, 4)

    def any_number():
        return draw.choice((-1, 1)) * size()

    if op.name in ("log", "sqrt", "leaky_relu", "elu"):
        return [size()]
    if op.name == "log1p":
        return [draw.choice((size(), -1 + 10 ** draw.uniform(-4, 0)))]
    if op.name in ("exp", "expm1", "sinh", "cosh"):
        return [draw.uniform(-300, 300)]
    if op.name == "pow":
        return [10 ** draw.uniform(-3, 3), draw.uniform(-5, 5)]
    if op.name == "exp_mul":  # e^(ab) is a number below 709
        return [10 ** draw.uniform(-3, 2), draw.uniform(-5, 5)]
    if op.name in ("atan2", "hypot", "div"):
        return [any_number(), 10 ** draw.uniform(-3, 4)]
    return [any_number() for _ in range(op.arity or 3)]


@pytest.mark.parametrize("op", ops.TABLE.values(), ids=str)
def test_gradcheck_passes_every_operation_far_from_1(op):
    draw = random.Random(op.name)
    for _ in range(count(100, quick=15)):
        assert gradcheck(op, wide(op, draw))


@pytest.mark.parametrize("op", ops.TABLE.values(), ids=str)
def test_gradcheck_finds_a_rule_that_is_wrong_in_the_fifth_digit(op):
    wrong = ops.Op(
        "wrong",
        op.forward,
        lambda *given: tuple(p * (1 + 1e-4) for p in op.rule(*given)),
        arity=op.arity,
        registered=False,
    )
    draw = random.Random(op.name)
    for _ in range(20):
        point = wide(op, draw)
        _, partials = op.evaluate(point)
        if max(map(abs, partials)) > 0.02:  # the tolerance of those below 1 is absolute
            with pytest.raises(GradcheckError):
                gradcheck(wrong, point)


def test_gradcheck_stays_inside_a_domain_that_ends_in_an_error():
    for name, f, slope, x in (
        ("log_of_math", math.log, lambda y, x: (1 / x,), 1e-4),
        ("asin_of_math", math.asin, lambda y, x: ((1 - x * x) ** -0.5,), 0.9995),
    ):
        assert gradcheck(Op(name, f, slope, registered=False), [x])
        wrong = Op(name, f, lambda y, x, slope=slope: (1.001 * slope(y, x)[0],), registered=False)
        with pytest.raises(GradcheckError):
            gradcheck(wrong, [x])


def test_gradcheck_takes_steps_that_suit_the_function():
    assert gradcheck(ops.log, [1e-4])
    assert gradcheck(ops.log, [1e-300])
    assert gradcheck(ops.sin, [1e4])
    assert gradcheck(ops.sin, [1e8])
    assert gradcheck(ops.cos, [1e-12])
    assert gradcheck(lambda x: x**2, [1e10])


@pytest.mark.parametrize("name", ["step", "tolerance"])
@pytest.mark.parametrize("number", [0, -1e-3, math.nan, math.inf])
def test_gradcheck_wants_a_step_and_a_tolerance_above_0(name, number):
    with pytest.raises(ValueError, match=f"the {name} of gradcheck is a number above 0; got"):
        gradcheck(ops.sin, [1.0], **{name: number})
    with pytest.raises(TypeError, match="one real number"):
        gradcheck(ops.sin, [1.0], **{name: "small"})
