"""Graphs in SymPy: values and derivatives of every operation, and what is refused."""

import math
import os
import random

import pytest

from autograd import Op, Value, grad, ops, to_sympy, topological_order

if not os.environ.get("CI"):
    pytest.importorskip("sympy")
pytestmark = pytest.mark.slow

EVERY = {name: op for name, op in ops.TABLE.items() if op.is_built_in}
EVERY |= {f"x ** {n}": ops.power(n) for n in (2.0, -1.5, 0.5, 0.1)}
EVERY |= {"clamp": lambda x: x.clamp(-1.5, 1.25)}


def number(expression, leaves):
    symbols = {str(symbol): symbol for symbol in expression.free_symbols}
    given = {symbols[v.label]: v.data for v in leaves if v.label in symbols}
    return float(expression.subs(given).evalf())


@pytest.mark.parametrize("name", EVERY)
def test_every_operation_and_its_derivatives(name):
    import sympy

    op, chance = EVERY[name], random.Random(name)
    domain = getattr(op, "domain", ((-1.2, 1.2),))
    for _ in range(2):
        leaves = [Value(chance.uniform(*each), f"x{i}") for i, each in enumerate(domain)]
        y = op(*leaves)
        assert number(to_sympy(y), leaves) == pytest.approx(y.data, rel=1e-12, abs=1e-14)
        for leaf in leaves:
            slope = grad(y, leaf, create_graph=True)
            theirs = to_sympy(y).diff(sympy.Symbol(leaf.label, real=True))
            for written in theirs, to_sympy(slope):
                assert number(written, leaves) == pytest.approx(slope.data, rel=1e-11, abs=1e-13)


def test_what_it_looks_like():
    import sympy

    x, w = Value(0.5, "x"), Value(2.0)
    y = ((w * x + 0.1).tanh() - 1) ** 2 / 2
    assert str(to_sympy(y, {"w": w})) == "(tanh(w*x + 1/10) - 1)**2/2"
    assert str(to_sympy(grad((w * x).tanh(), x, create_graph=True), {"w": w})) == "w*sech(w*x)**2"
    assert to_sympy(x * math.inf) == sympy.oo * sympy.Symbol("x", real=True)
    assert to_sympy(x * -math.inf + math.nan) is sympy.nan
    f = sympy.lambdify(sympy.Symbol("x", real=True), to_sympy(x.sin() * x))
    assert f(0.5) == (x.sin() * x).data


def test_operations_of_your_own():
    import sympy

    plain = Op("sympy_plain", lambda a, b: a * b + ops.exp(a), lambda y, a, b: (y, a), arity=2)
    opaque = Op("sympy_opaque", lambda a: math.erf(a), lambda y, a: (1.5 - y * y,))
    many = Op("sympy_many", lambda xs: math.fsum(xs), lambda y, xs: (1.0,) * len(xs), arity=None)
    x = Value(0.3, "x")
    symbol = sympy.Symbol("x", real=True)
    assert str(to_sympy(plain(x, x))) == "x**2 + exp(x)"
    written = to_sympy(opaque(x) * 2 + many([x, x]))
    assert {str(term) for term in written.args} == {"2*sympy_opaque(x)", "sympy_many(x, x)"}
    assert sympy.lambdify(symbol, written)(0.3) == 2 * math.erf(0.3) + 0.6
    slope = 2 * (1.5 - math.erf(0.3) ** 2) + 2
    assert float(written.diff(symbol).subs(symbol, 0.3).evalf()) == pytest.approx(slope)


def test_two_operations_of_one_name_have_two_names():
    import sympy

    def rounding(name, forward, slope):
        return Op(name, lambda x: float(forward(x)), lambda y, x: (slope * x,), registered=False)

    down, up = rounding("step_of", math.floor, 2), rounding("step_of", math.ceil, 3)
    other = rounding("tanh", math.floor, 1)
    x = Value(0.5, "x")
    y = down(x) + 10 * up(x) + other(x) * x.tanh()
    written, symbol = to_sympy(y), sympy.Symbol("x", real=True)
    names = {str(f) for f in written.atoms(sympy.Function)}
    assert names == {"step_of(x)", "step_of_2(x)", "tanh(x)", "tanh_2(x)"}
    assert sympy.lambdify(symbol, written)(0.5) == y.data == 10
    slope = written.diff(symbol)
    assert str(slope).count("tanh_2(x)") == 1  # where its partner is differentiated
    assert str(to_sympy(up(x))) == str(to_sympy(down(x))) == "step_of(x)"


def test_what_is_refused_is_a_sentence():
    x = Value(0.5, "x")
    y = x
    for _ in range(40):
        y = y.tanh() + y
    with pytest.raises(ValueError, match=r"billions of operations, 80 .* h.detach\(\)"):
        to_sympy(y)
    middle = next(v for v in topological_order(y) if v._depth == 10)
    assert to_sympy(middle).free_symbols == to_sympy(x).free_symbols
    with pytest.raises(TypeError, match="no rule"):
        to_sympy(Value(1.0, (x,), (2.0,)))
    with pytest.raises(TypeError, match="expected the Value"):
        to_sympy(1.0)


def test_as_deep_as_it_may_be():
    import sympy

    x, w = Value(0.5, "x"), Value(0.9, "w")
    y = x
    for _ in range(25):
        y = y.tanh() * w + x
    written = to_sympy(y)
    slope = written.diff(sympy.Symbol("x", real=True))
    assert number(slope, [x, w]) == pytest.approx(grad(y, x).data, rel=1e-12)
    str(slope)
