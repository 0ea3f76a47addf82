"""What compiled programs compute is as accurate as plain Python, over the whole domain."""

import math

import pytest

np = pytest.importorskip("numpy")

import autograd  # noqa: E402
from autograd import Value, ops  # noqa: E402
from autograd.compiler.compilation import Compilation  # noqa: E402
from autograd.compiler.recording.record import record  # noqa: E402
from autograd.compiler.stages.trace import trace_recording  # noqa: E402
from autograd.ops import TABLE  # noqa: E402
from nn import cross_entropy  # noqa: E402
from tests import truth  # noqa: E402
from tests.counts import count  # noqa: E402
from tests.truth import mp  # noqa: E402

ONE_INPUT = [op for op in TABLE.values() if op.arity == 1]
SMALLEST = {np.float64: 2.3e-308, np.float32: 1.2e-38}


def gradients(function, rows, backend="numpy", dtype=np.float64):
    """Of the results by each input, as the executor gives them."""
    rows = np.array(rows, dtype)
    recording = record(function, [rows[0].tolist()])
    program = Compilation(trace_recording(recording), [], ["x"], {}, backend, dtype)
    assert program.backend == backend
    with np.errstate(all="ignore"):
        return program.gradients(np.zeros(0, dtype), [rows], "inputs")[2][0]


def within_4_ulp(op, xs, backend="numpy", dtype=np.float64):
    found = gradients(lambda x: op(x[0]), [[x] for x in xs], backend, dtype)[:, 0]
    for x, computed in zip(xs, found):
        exact = truth.DERIVATIVE[op.name](mp.mpf(x))
        with np.errstate(over="ignore", under="ignore"):
            rounded = dtype(float(exact))
        if not math.isfinite(rounded):
            assert computed == rounded, x
        elif abs(rounded) >= SMALLEST[dtype]:
            ulp = lambda y: np.spacing(dtype(y))
            error = truth.ulps(op.name, x, computed, rounded, ulp)
            assert error <= 4, (x, computed, rounded, error)
        else:  # a subnormal number may be 0
            assert abs(float(computed)) <= SMALLEST[dtype], x


@pytest.mark.parametrize("op", ONE_INPUT, ids=str)
def test_derivatives_are_within_4_ulp_in_numpy(op):
    within_4_ulp(op, [*truth.points(op.name, count(100, quick=40))])


@pytest.mark.parametrize("op", [ops.tanh, ops.sigmoid, ops.softplus, ops.exp, ops.log], ids=str)
def test_derivatives_are_within_4_ulp_in_numpy_as_float32(op):
    with np.errstate(over="ignore", under="ignore"):
        xs = [float(np.float32(x)) for x in truth.points(op.name, 100)]
    within_4_ulp(op, [x for x in xs if math.isfinite(x) and x], dtype=np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("op", ONE_INPUT, ids=str)
def test_derivatives_are_within_4_ulp_as_native_code(op):
    pytest.importorskip("llvmlite")
    within_4_ulp(op, [*truth.points(op.name, 100)], "machine")


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_saturated_tanh_and_sigmoid_have_a_slope(backend):
    rows = [[20.0, 40.0], [-20.0, -40.0]]
    found = gradients(lambda x: x[0].tanh() + x[1].sigmoid(), rows, backend)
    expected = [[4 * math.exp(-40), math.exp(-40)]] * 2
    assert found == pytest.approx(np.array(expected), rel=1e-14)


@pytest.mark.slow
def test_saturated_tanh_has_a_slope_in_a_chain():
    w, v = Value(19.0), Value(0.0)
    for _ in range(300):
        v = v * 0.5 + (w + 1.0).tanh() * 0.001
    v.backward()
    program = autograd.compile(v, parameters=[w])
    value, (found,) = program.value_and_grad()
    assert value == pytest.approx(v.data, rel=1e-14)
    assert found == pytest.approx(w.grad, rel=1e-13)
    assert found > 0


# --- sums of exponentials ---

LOGITS = [[1e17, 1e17, 0.0], [1e6, 1e6 + 5, 1e6 - 3], [0.0, -40.0, -50.0], [-1e4, -1e4, -1e4 - 1]]


def true_softmax(xs):
    terms = [mp.exp(mp.mpf(x) - max(xs)) for x in xs]
    return [t / sum(terms) for t in terms]


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_the_derivatives_of_logsumexp_are_the_softmax(backend):
    found = gradients(ops.logsumexp, LOGITS, backend)
    for xs, row in zip(LOGITS, found):
        assert row == pytest.approx([float(s) for s in true_softmax(xs)], rel=2e-15, abs=1e-300)


@pytest.mark.parametrize("backend", ["numpy", "machine"])
@pytest.mark.parametrize("target", [0, 1, "as an input"])
def test_cross_entropy_keeps_its_digits_with_large_logits(backend, target):
    for k in (0, 1) if target == "as an input" else [target]:
        rows = [[*xs, k] for xs in LOGITS]
        index = (lambda x: x[3]) if target == "as an input" else (lambda x: target)
        program = autograd.compile(lambda x: cross_entropy(x[:3], index(x)), backend=backend)
        true = [-mp.log(true_softmax(xs)[k]) for xs in LOGITS]
        assert program(np.array(rows)) == pytest.approx([*map(float, true)], rel=2e-15)
        eager = [cross_entropy(xs, k).data for xs in LOGITS]
        assert eager == pytest.approx([*map(float, true)], rel=2e-15)


@pytest.mark.parametrize("backend", ["numpy", "machine"])
def test_a_masked_logit_adds_nothing(backend):
    rows = [[1.0, -math.inf, 2.0, 0.0], [-math.inf, 3.0, -math.inf, 1.0]]
    found = gradients(lambda x: cross_entropy(x[:3], x[3]), rows, backend)
    s = 1 / (1 + math.exp(-1))
    assert found == pytest.approx(np.array([[-s, 0, s, 0], [0, 0, 0, 0]]), rel=1e-14)
