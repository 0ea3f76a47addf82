"""NumPy arrays and functions with Values; numbers of other kinds; what has no operation."""

import operator
from decimal import Decimal
from fractions import Fraction

import pytest

np = pytest.importorskip("numpy")

import autograd  # noqa: E402
from autograd import Value, no_grad  # noqa: E402

FOUR = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


def numbers(array):
    assert array.dtype == object
    assert all(type(v) is Value for v in array.flat)
    return [v.data for v in array.flat]


@pytest.mark.parametrize("operation", FOUR, ids=lambda f: f.__name__)
@pytest.mark.parametrize("on", [True, False], ids=["recording", "no_grad"])
def test_an_array_and_a_value_give_an_array_of_values(operation, on):
    array, v = np.array([[1.0, 2.0], [0.5, 4.0]]), Value(3.0)
    if not on:
        with no_grad():
            left, right = operation(array, v), operation(v, array)
    else:
        left, right = operation(array, v), operation(v, array)
        assert all(v in y.inputs for y in (*left.flat, *right.flat)) or operation is operator.pow
    assert left.shape == right.shape == (2, 2)
    assert numbers(left) == [operation(x, 3.0) for x in array.flat]
    assert numbers(right) == [operation(3.0, x) for x in array.flat]


def test_gradients_flow_through_arrays_of_values():
    w = Value(2.0)
    y = (np.tanh(np.array([0.5, -1.0]) * w) @ np.array([1.0, 3.0])) + np.log1p(w)
    y.backward()
    t = np.tanh([1.0, -2.0])
    assert w.grad == pytest.approx(0.5 * (1 - t[0] ** 2) - 3 * (1 - t[1] ** 2) + 1 / 3)


@pytest.mark.parametrize("scalar", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)])
@pytest.mark.parametrize("operation", FOUR, ids=lambda f: f.__name__)
def test_a_numpy_scalar_and_a_value_give_a_value(operation, scalar):
    for y, expected in (
        (operation(scalar, Value(3.0)), operation(2.0, 3.0)),
        (operation(Value(3.0), scalar), operation(3.0, 2.0)),
    ):
        assert type(y) is Value
        assert y.data == expected


def test_scalars_of_every_type_are_numbers():
    for scalar in (np.longdouble(2.0), np.bool_(True), np.float16(2.0), np.uint8(2)):
        y = scalar * Value(3.0)
        assert type(y) is Value
        assert y.data == float(scalar) * 3.0


def test_clip_is_clamp():
    for x, clipped, slope in (2.0, 1.0, 0.0), (0.2, 0.2, 1.0):
        v = Value(x)
        np.clip(v, 0, 1).backward()
        assert np.clip(v, 0, 1).data == clipped
        assert v.grad == slope
    with pytest.raises(TypeError, match="leave out= away"):
        v.clip(0, 1, out=np.zeros(1))


ONE = "tanh exp log sqrt sin cos tan sinh cosh expm1 log1p arctan square abs negative reciprocal"
TWO = "maximum minimum hypot arctan2 power"


@pytest.mark.parametrize("name", ONE.split())
def test_functions_of_one_input_record(name):
    function = getattr(np, name)
    v = Value(0.7)
    y = function(v)
    assert y.data == pytest.approx(function(0.7), rel=1e-15)
    assert v in y.inputs
    assert numbers(function(np.array([v, v]))) == [y.data] * 2


@pytest.mark.parametrize("name", TWO.split())
def test_functions_of_two_inputs_record(name):
    function = getattr(np, name)
    expected = function(0.7, 0.4)
    for y in (
        function(Value(0.7), 0.4),
        function(0.7, Value(0.4)),
        function(Value(0.7), Value(0.4)),
    ):
        assert type(y) is Value
        assert y.data == pytest.approx(expected, rel=1e-15)
    assert numbers(function(np.array([0.7]), Value(0.4))) == pytest.approx([expected], rel=1e-15)
    if name not in ("maximum", "minimum"):  # on arrays of objects NumPy compares
        found = function(np.array([Value(0.7)]), 0.4)
        assert numbers(found) == pytest.approx([expected], rel=1e-15)


def test_comparisons_with_an_array_give_truth_values():
    assert (np.array([1.0, 3.0]) < Value(2.0)).tolist() == [True, False]


def test_what_has_no_operation_is_refused_in_a_sentence():
    v, array = Value(1.0), np.array([1.0, 2.0])
    with pytest.raises(
        TypeError, match=r"np\.log2 has no operation on Values: .* an Op of your own"
    ):
        np.log2(v)
    with pytest.raises(TypeError, match="a Value is a scalar, and @ is a product of vectors"):
        array @ v
    with pytest.raises(TypeError, match=r"np\.add\.outer does not take a Value alone"):
        np.add.outer(array, v)
    with pytest.raises(TypeError, match=r"np\.multiply with out does not take a Value alone"):
        np.multiply(array, v, out=array)


@pytest.mark.parametrize("x", [2, 2.0, np.float64(2.0), np.array([2.0])], ids=repr)
def test_remainders_are_refused_in_a_sentence(x):
    v = Value(7.0)
    for operation in operator.mod, operator.floordiv, divmod:
        for arguments in ((v, x), (x, v), (v, v)):
            with pytest.raises(
                TypeError, match=r"no operation for %, // and divmod: write x\.data"
            ):
                operation(*arguments)


def test_fractions_and_truth_values_are_numbers_and_decimals_are_refused():
    v = Value(3.0)
    assert (Fraction(1, 3) * v).data == (v * Fraction(1, 3)).data == 1.0
    assert Value(Fraction(1, 2)).data == 0.5
    assert (v + True).data == (True + v).data == 4.0
    for wrong in (lambda: Decimal(1) * v, lambda: v * Decimal(1), lambda: Value(Decimal(1))):
        with pytest.raises(TypeError, match=r"got Decimal: write float\(x\)"):
            wrong()


def test_a_compiled_function_may_use_arrays():
    w = Value(0.3)

    def function(x):
        h = np.tanh(np.array(x) * np.array([1.0, 2.0]) * w)
        return np.hypot(h[0], h[1]) + np.log1p(h[0] * h[0])

    program = autograd.compile(function, backend="numpy")
    X = np.array([[1.0, -2.0], [0.5, 3.0]])
    assert program(X) == pytest.approx([function([Value(x) for x in row]).data for row in X])
