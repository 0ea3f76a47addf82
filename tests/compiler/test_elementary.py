"""The native functions: accuracy against mpmath, corners against autograd/ieee.py, vector code."""

import inspect
import math

import pytest

np = pytest.importorskip("numpy")
numba = pytest.importorskip("numba")

import mpmath  # noqa: E402

from autograd.compiler.native import elementary  # noqa: E402
from autograd.compiler.native.elementary import FASTMATH, NATIVE  # noqa: E402
from autograd.op import BUILT_IN  # noqa: E402
from autograd.ops import COMPOSED, TABLE  # noqa: E402
from tests.compiler.test_machine_elementary import (  # noqa: E402
    CORNERS,
    TRUE,
    mp,
    points,
    same,
    ulps,
)
from tests.counts import some  # noqa: E402

UNARY = [name for name in NATIVE if TABLE[name].arity == 1]
BINARY = [name for name in NATIVE if TABLE[name].arity == 2]
BRANCH_FREE = ["tanh", "exp", "sigmoid", "softplus", "sech2", "log", "relu", "maximum", "above"]


def loop(function):
    """The function over arrays, in a loop such as the compiler generates."""
    if len(inspect.signature(function.py_func).parameters) == 1:

        @numba.njit(fastmath=set(FASTMATH), error_model="numpy")
        def over(x, y):
            for i in range(x.size):
                y[i] = function(x[i])

    else:

        @numba.njit(fastmath=set(FASTMATH), error_model="numpy")
        def over(a, b, y):
            for i in range(a.size):
                y[i] = function(a[i], b[i])

    return over


def apply(function, *inputs):
    arrays = [np.array(x, dtype=np.float64) for x in inputs]
    y = np.empty(arrays[0].size)
    loop(function)(*arrays, y)
    return y.tolist()


def test_every_operation_of_fixed_arity_is_there():
    known = {TABLE[name] for name in BUILT_IN} - COMPOSED
    assert set(NATIVE) == {op.name for op in known if op.arity}
    for name, function in NATIVE.items():
        assert len(inspect.signature(function.py_func).parameters) == TABLE[name].arity


@pytest.mark.parametrize("name", some(TRUE, "tanh"))
def test_four_ulp_of_the_true_value(name):
    xs = points(name)
    for x, y in zip(xs, apply(NATIVE[name], xs)):
        assert ulps(y, TRUE[name](mp.mpf(x))) <= 4, (x, y)


@pytest.mark.slow
def test_tanh_and_its_derivative_together():
    @numba.njit
    def both(xs, y, d):
        for i in range(xs.size):
            y[i], d[i] = elementary.tanh_and_sech2(xs[i])

    xs = np.array([x for x in points("tanh") if abs(x) < 1e4])
    y, d = np.empty_like(xs), np.empty_like(xs)
    both(xs, y, d)
    for x, tanh, sech2 in zip(xs.tolist(), y.tolist(), d.tolist()):
        assert ulps(tanh, mp.tanh(x)) <= 4, x
        assert ulps(sech2, mp.sech(min(abs(x), 350)) ** 2) <= 4, x


@pytest.mark.parametrize("name", some(UNARY, "tanh"))
def test_corners_of_one_input(name):
    exact = name not in TRUE
    for x, y in zip(CORNERS, apply(NATIVE[name], CORNERS)):
        expected = TABLE[name].forward(x)
        if exact or not math.isfinite(expected):
            assert same(y, expected), (x, y, expected)
        else:
            assert abs(y - expected) <= 8 * math.ulp(expected), (x, y, expected)
            assert math.copysign(1, y) == math.copysign(1, expected)


@pytest.mark.parametrize("name", some(BINARY, "div"))
def test_corners_of_two_inputs(name):
    a, b = zip(*[(a, b) for a in CORNERS for b in CORNERS])
    for x, z, y in zip(a, b, apply(NATIVE[name], a, b)):
        expected = TABLE[name].forward(x, z)
        close = math.isfinite(expected) and abs(y - expected) <= 2 * math.ulp(expected)
        rounded = name in ("pow", "exp_mul", "atan2", "hypot") and close
        assert same(y, expected) or rounded, (x, z, y, expected)


@pytest.mark.parametrize("name", some(["tanh", "exp", "softplus", "relu"], "tanh"))
def test_float32_goes_in_and_comes_out(name):
    xs = np.linspace(-5, 5, 101, dtype=np.float32)
    y = np.empty_like(xs)
    loop(NATIVE[name])(xs, y)
    expected = [TABLE[name].forward(float(x)) for x in xs]
    assert y == pytest.approx(np.array(expected, dtype=np.float32), rel=2e-7)


@pytest.mark.parametrize("name", some(BRANCH_FREE, "tanh"))
def test_a_loop_is_vector_code_that_calls_nothing(name):
    over = loop(NATIVE[name])
    x = np.ones(64)
    over(*[x] * TABLE[name].arity, np.empty(64))
    (code,) = over.inspect_llvm().values()
    body = code.partition("define ")[2].partition("\n}")[0]
    assert "x double>" in body
    called = [line for line in body.splitlines() if "call" in line.split()]
    assert not [line for line in called if "@llvm." not in line]


def test_coefficients_are_chebyshev_fits():
    mp40 = mpmath.mp.clone()
    mp40.dps = 40

    def exponential(r):  # (e^r - 1 - r) / r²
        return mp40.fsum(r**k / mp40.factorial(k + 2) for k in range(30))

    def logarithm(z):  # (2 artanh(s) - 2 s) / s³ with z = s²
        return 2 * mp40.fsum(z**k / mp40.mpf(2 * k + 3) for k in range(80))

    # The highest power first, as mpmath 1.3 always returns them and 1.4 only on request.
    known = inspect.signature(mp40.chebyfit).parameters
    descending = {"asc": False} if "asc" in known else {}
    half = mp40.log(2) / 2 * mp40.mpf("1.0001")
    for function, f, interval, terms in [
        (elementary.reduced, exponential, [-half, half], 11),
        (elementary.log, logarithm, [0, mp40.mpf("0.0295")], 7),
        (elementary.log1p_of_fraction, logarithm, [0, mp40.mpf("0.11112")], 10),
    ]:
        source = inspect.getsource(function.py_func)
        fit = [float(c) for c in mp40.chebyfit(f, interval, terms, **descending)]
        written = [float(line.split()[-1]) for line in source.splitlines() if "    p = " in line]
        assert written == pytest.approx(fit, rel=1e-15)
