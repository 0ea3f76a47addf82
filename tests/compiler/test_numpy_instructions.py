"""The NumPy executor, an instruction at a time: operations, views, sums, products, constants."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ops
from autograd.compiler.numpy.executor import evaluate, write
from autograd.compiler.program import (
    Array,
    Block,
    Collect,
    Contract,
    Map,
    Program,
    Reduce,
    View,
    row_major,
    view,
    whole,
)
from autograd.compiler.stages.trace import CONSTANT, INPUT, PARAMETER
from autograd.ops import Op
from tests.counts import count
from tests.reference import check, run

ROWS = 3

# --- operations ---

CORNERS = [-math.inf, -800.0, -1.5, -0.0, 0.0, 1e-300, 0.5, 1.0, 2.0, 800.0, math.inf, math.nan]
BUILT_IN = [op for op in ops.TABLE.values() if op.is_built_in]


def one_row(op, arity):
    x = Array((arity,), INPUT, "x")
    y = Array((), INPUT)
    operands = tuple(View(x, (), k, ()) for k in range(arity))
    return Program([x], [], [], [], [Map(y, op, operands)], whole(y), forward=1)


@pytest.mark.parametrize(
    "op",
    [op for op in BUILT_IN if op.arity or op is ops.sum]
    + [ops.power(n) for n in (-2, -1, 2, 3, 1.5)],
    ids=lambda op: op.name,
)
def test_every_operation_at_every_corner(op):
    arity = op.arity or 3
    inputs = np.array(list(itertools.product(CORNERS, repeat=arity)))
    values, _ = evaluate(one_row(op, arity))([inputs], np.zeros(0))
    wanted = np.array([op.compute(row) for row in inputs.tolist()])
    assert values[:, 0] == pytest.approx(wanted, rel=1e-14, abs=0, nan_ok=True)
    # A zero from these may have either sign.
    if op not in (ops.sign, ops.strong_mul, ops.sum, ops.maximum, ops.minimum):
        known = ~np.isnan(wanted)
        assert np.array_equal(np.signbit(values[known, 0]), np.signbit(wanted[known]))


def test_logsumexp_at_every_corner():
    x, y = Array((3,), INPUT, "x"), Array((), INPUT)
    program = Program([x], [], [], [], [Reduce(y, ops.logsumexp, whole(x))], whole(y), forward=1)
    inputs = np.array(list(itertools.product(CORNERS, repeat=3)))
    found, _ = evaluate(program)([inputs], np.zeros(0))
    wanted = [ops.logsumexp.compute(row) for row in inputs.tolist()]
    assert found[:, 0] == pytest.approx(np.array(wanted), rel=1e-14, nan_ok=True)


def test_an_operation_of_many_inputs_that_only_python_computes():
    span = Op(
        "span",
        lambda xs: math.hypot(*xs),
        lambda y, xs: tuple(x / y for x in xs),
        arity=None,
        registered=False,
    )
    x, y = Array((6,), INPUT, "x"), Array((2,), INPUT)
    turned = View(x, (2, 3), 0, (1, 2))
    program = Program([x], [], [], [], [Reduce(y, span, turned)], whole(y), False, forward=1)
    X = np.random.default_rng(0).normal(size=(4, 6))
    found, _ = evaluate(program)([X], np.zeros(0))
    wanted = np.linalg.norm(X.reshape(4, 3, 2), axis=1)
    assert found == pytest.approx(wanted, rel=1e-14)


# --- views, sums, products and parts, at random ---

SHAPES = st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple)


@st.composite
def views(draw, array):
    """A view as the stages make them: slices, turned, repeated, made flat, or gathered."""
    lanes = np.arange(array.size).reshape(array.shape)
    sliced = draw(st.booleans())
    for axis, n in enumerate(array.shape if sliced else ()):
        first = draw(st.integers(0, n - 1))
        step = draw(st.sampled_from([1, 1, 2, -1]))
        lanes = np.moveaxis(np.moveaxis(lanes, axis, 0)[first * (step > 0) :: step], 0, axis)
    if draw(st.booleans()):
        lanes = lanes.transpose(draw(st.permutations(range(lanes.ndim))))
    change = draw(st.sampled_from(["none", "none", "flat", "repeat", "gather", "windows"]))
    if change == "flat":
        lanes = lanes.reshape(-1)
    elif change == "repeat":
        axis = draw(st.integers(0, lanes.ndim))
        lanes = np.repeat(np.expand_dims(lanes, axis), draw(st.integers(1, 3)), axis)
    elif change == "gather":
        flat = lanes.reshape(-1)
        lanes = flat[draw(st.lists(st.integers(0, len(flat) - 1), min_size=1, max_size=6))]
    elif change == "windows" and lanes.size > 1:
        lanes = np.lib.stride_tricks.sliding_window_view(lanes.reshape(-1), 2)
    return view(array, lanes)


def a_source(batched, shape, number=1):
    """An array of that shape, what it is made from, and how."""
    size = math.prod(shape)
    if not batched:
        leaf = Array(shape, PARAMETER, f"w{number}")
        return leaf, leaf, []
    leaf = Array((size,), INPUT, f"x{number}")
    out = Array(shape, INPUT)
    return leaf, out, [Map(out, ops.exp, (View(leaf, shape, 0, row_major(shape)),))]


def assert_program(sources, instructions, rows=ROWS):
    made = [i for _, _, before in sources for i in before] + instructions
    result = made[-1].out
    arguments = [leaf for leaf, _, _ in sources if leaf.batched]
    blocks, count = [], 0
    for leaf, _, _ in sources:
        if not leaf.batched:
            blocks.append(Block(leaf, np.arange(count, count + leaf.size)))
            count += leaf.size
    program = Program(
        arguments, [], blocks, [], made, whole(result), result.shape == (), forward=len(made)
    )
    check(program)
    r = np.random.default_rng(0)
    X, theta = [r.normal(size=(rows, a.size)) for a in arguments], r.normal(size=count)
    found, _ = evaluate(program)(X, theta)
    wanted = run(program, X, theta)[result]
    wanted = wanted.reshape(-1, result.size)
    shape = (rows if arguments else 1, result.size)
    assert found == pytest.approx(np.broadcast_to(wanted, shape), rel=1e-12, abs=1e-12)


@settings(max_examples=count(150, quick=50), deadline=None)
@given(st.data(), st.booleans(), SHAPES)
def test_any_view(data, batched, shape):
    source = a_source(batched, shape)
    v = data.draw(views(source[1]))
    y = Array(v.shape, source[1].kind)
    assert_program([source], [Map(y, ops.neg, (v,))])


@settings(max_examples=count(150, quick=50), deadline=None)
@given(st.data(), st.booleans(), st.booleans(), SHAPES)
def test_any_two_views(data, batched, other_batched, shape):
    source, other = a_source(batched, shape, 1), a_source(other_batched, shape, 2)
    v = data.draw(views(source[1]))
    w = View(other[1], v.shape, 0, (0,) * len(v.shape))
    kind = max(source[1].kind, other[1].kind)
    y, z = Array(v.shape, kind), Array(v.shape, kind)
    assert_program([source, other], [Map(y, ops.mul, (v, w)), Map(z, ops.sub, (w, whole(y)))])


@settings(max_examples=count(150, quick=50), deadline=None)
@given(st.data(), st.booleans(), SHAPES, st.sampled_from([ops.sum, ops.logsumexp]), st.booleans())
def test_any_sum(data, batched, shape, op, over_batch):
    source = a_source(batched, shape)
    v = data.draw(views(source[1]))
    summed = data.draw(st.integers(op is ops.logsumexp, max(len(v.shape), 1)))
    if summed > len(v.shape):
        return
    over_batch = over_batch and op is ops.sum and batched
    kind = PARAMETER if over_batch or not batched else INPUT
    y = Array(v.shape[: len(v.shape) - summed], kind)
    assert_program([source], [Reduce(y, op, v, over_batch)])


@pytest.mark.parametrize("op", [ops.sum, ops.logsumexp], ids=str)
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_sums_over_axes_in_any_order(op, order):
    shape = (2, 3, 4)
    source = a_source(True, shape)
    strides = row_major(shape)
    turned = View(source[1], tuple(shape[a] for a in order), 0, tuple(strides[a] for a in order))
    for kept in range(3):
        assert_program([source], [Reduce(Array(turned.shape[:kept], INPUT), op, turned)])


@settings(max_examples=count(200, quick=50), deadline=None)
@given(st.data(), st.booleans(), st.booleans(), st.booleans())
def test_any_product(data, left_batched, right_batched, keep_batch):
    letters_of = st.lists(st.sampled_from("ijkl"), max_size=3, unique=True)
    of_left, of_right = data.draw(letters_of), data.draw(letters_of)
    every = sorted({*of_left, *of_right})
    out = data.draw(st.permutations(every))[: data.draw(st.integers(0, len(every)))]
    sizes = {c: data.draw(st.integers(1, 3)) for c in every}
    sources = [
        a_source(batched, tuple(sizes[c] for c in labels), number)
        for number, (batched, labels) in enumerate(
            [(left_batched, of_left), (right_batched, of_right)], 1
        )
    ]
    batched = left_batched or right_batched
    kind = INPUT if batched and keep_batch else PARAMETER
    y = Array(tuple(sizes[c] for c in out), kind)
    labels = tuple("".join(x) for x in (of_left, of_right, out))
    left, right = (whole(array) for _, array, _ in sources)
    assert_program(sources, [Contract(y, left, right, labels)])


@settings(max_examples=count(200, quick=50), deadline=None)
@given(st.data(), SHAPES, st.booleans())
def test_any_collection(data, shape, batched):
    y = Array(shape, INPUT if batched else PARAMETER)
    places = data.draw(st.lists(views(y), min_size=1, max_size=3))
    if data.draw(st.booleans()):
        places = [whole(y), *places]
    sources = [a_source(batched, place.shape, k) for k, place in enumerate(places, 1)]
    parts = [whole(array) for _, array, _ in sources]
    assert_program(sources, [Collect(y, tuple(places), tuple(parts))])


def test_parts_are_added_to_an_array_that_is_not_in_row_major_order():
    x, z, w = Array((6,), INPUT, "x"), Array((3, 2), INPUT), Array((2, 3), INPUT)
    y = Array((2, 3), INPUT)
    gathered = view(y, np.array([0, 4, 5]))
    part = Array((3,), INPUT)
    program = Program(
        [x], [], [], [],
        [
            Map(z, ops.exp, (View(x, (3, 2), 0, (2, 1)),)),
            Map(w, ops.tanh, (View(z, (2, 3), 0, (1, 2)),)),
            Map(part, ops.neg, (View(x, (3,), 0, (1,)),)),
            Collect(y, (whole(y), gathered), (whole(w), whole(part))),
        ],
        whole(y), False, forward=4,
    )  # fmt: skip
    X = np.random.default_rng(0).normal(size=(5, 6))
    found, _ = evaluate(check(program))([X], np.zeros(0))
    wanted = np.tanh(np.exp(X)).reshape(5, 3, 2).transpose(0, 2, 1).reshape(5, 6)
    wanted[:, [0, 4, 5]] -= X[:, :3]
    assert found == pytest.approx(wanted, rel=1e-14)


# --- constants, names, kinds of numbers ---


def scaled_by(numbers, name="x"):
    x, y = Array(numbers.shape, INPUT, name), Array(numbers.shape, INPUT)
    constant = Array(numbers.shape, CONSTANT, numbers=numbers)
    made = [Map(y, ops.mul, (whole(x), whole(constant)))]
    return Program([x], [], [], [constant], made, whole(y), False, forward=1)


def test_constants_are_exact_however_numpy_prints():
    numbers = np.array([1 / 3, -2e-20, 1e300, math.inf, 0.1, math.nan])
    with np.printoptions(precision=2, suppress=True, formatter={"float": "{:.1f}".format}):
        found, _ = evaluate(scaled_by(numbers))([np.ones((1, 6))], np.zeros(0))
    assert np.array_equal(found[0], numbers, equal_nan=True)


def test_a_long_constant_is_wrapped_and_exact():
    numbers = np.random.default_rng(0).normal(size=500)
    program = scaled_by(numbers)
    assert max(map(len, write(program).splitlines())) <= 88
    found, _ = evaluate(program)([np.ones((2, 500))], np.zeros(0))
    assert np.array_equal(found, [numbers, numbers])


@pytest.mark.parametrize("name", ["index1", "data1", "np", "len", "value", "e1", "sigmoid", "k"])
def test_an_argument_may_have_any_name(name):
    x = Array((5,), INPUT, name)
    y, z, total = Array((4,), INPUT), Array((4,), INPUT), Array((), INPUT)
    c = Array((4,), CONSTANT, numbers=np.array([1.0, 2.0, 5.0, 3.0]))
    made = [
        Map(y, ops.sigmoid, (view(x, np.array([0, 3, 1, 1])),)),
        Map(z, ops.mul, (whole(y), whole(c))),
        Reduce(total, ops.sum, whole(z)),
    ]
    program = Program([x], [], [], [c], made, whole(total), forward=3)
    X = np.random.default_rng(0).normal(size=(2, 5))
    found, _ = evaluate(program)([X], np.zeros(0))
    wanted = 1 / (1 + np.exp(-X[:, [0, 3, 1, 1]])) @ [1.0, 2.0, 5.0, 3.0]
    assert found[:, 0] == pytest.approx(wanted, rel=1e-14)
