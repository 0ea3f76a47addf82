"""The native functions: accuracy against mpmath, corners against autograd/ieee.py, vector code."""

import inspect
import math
import random
from math import inf, nan

import pytest

np = pytest.importorskip("numpy")
numba = pytest.importorskip("numba")

import mpmath  # noqa: E402

from autograd.compiler.native import elementary  # noqa: E402
from autograd.compiler.native.elementary import FASTMATH, NATIVE  # noqa: E402
from autograd.op import BUILT_IN  # noqa: E402
from autograd.ops import COMPOSED, TABLE  # noqa: E402
from tests import truth  # noqa: E402
from tests.counts import some  # noqa: E402

mp = mpmath.mp.clone()
mp.prec = 1200

TINY = 2.0**-1074
CORNERS = [0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, TINY, -TINY]
CORNERS += [1e308, -1e308, 2.3e-308, 1e-300, -1e-300, 709.78, 709.79, 710.0, 1000.0, -1000.0]
CORNERS += [-708.5, -745.1, -745.2, -746.5, 1e10, -1e10, 2.0**53, 355.0, -372.6]


def true_exp(x):
    # Beyond every double, mpmath's exponent would take all memory.
    return mp.exp(min(max(x, mp.mpf(-2000)), mp.mpf(2000)))


TRUE = {
    "exp": true_exp,
    "log": mp.log,
    "sqrt": mp.sqrt,
    "tanh": lambda x: mp.tanh(max(min(x, 2000), -2000)),
    "sech2": lambda x: mp.sech(min(abs(x), 2000)) ** 2,
    "sigmoid": lambda x: 1 / (1 + true_exp(-x)),
    "softplus": lambda x: mp.log1p(true_exp(x)) if x < 700 else x,
    "sin": mp.sin,
    "tan": mp.tan,
    "atan": mp.atan,
    "erf": mp.erf,
    "expm1": lambda x: true_exp(x) - 1,
    "log1p": mp.log1p,
    "sinh": lambda x: (true_exp(x) - true_exp(-x)) / 2,
    "cosh": lambda x: (true_exp(x) + true_exp(-x)) / 2,
    "normal_cdf": truth.normal_cdf,
    "cos": mp.cos,
}
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


def points(name, seed=1):
    """Thousands of points: of every size, of usual size, and near 0 and 1."""
    draw = random.Random(seed)
    xs = [draw.uniform(-3, 3) for _ in range(1500)]
    xs += [draw.uniform(-40, 40) for _ in range(500)]
    xs += [draw.uniform(-760, 720) for _ in range(1000)]
    xs += [draw.choice((-1, 1)) * 2 ** draw.uniform(-1074, 1023) for _ in range(500)]
    xs += [draw.choice((-1, 1)) * 2 ** draw.uniform(-60, 4) for _ in range(1000)]
    xs += [1 + draw.choice((-1, 1)) * 2 ** draw.uniform(-52, -1) for _ in range(500)]
    xs += [x for x in CORNERS if math.isfinite(x)]
    if name == "log1p":
        return [abs(x) if x <= -1 else x for x in xs]
    return [abs(x) for x in xs if x] if name in ("log", "sqrt") else xs


def ulps(y, true):
    """How far y is from the true value, in units in the last place of the true value."""
    rounded = float(true)
    if math.isinf(rounded) or math.isinf(y):
        return 0.0 if y == rounded else inf
    return float(abs(mp.mpf(y) - true) / math.ulp(rounded))


def same(a, b):
    return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))


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
