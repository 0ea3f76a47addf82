"""What a compiled program can be called with, and the shapes of its results."""

import math
import random

import numpy as np
import pytest

from autograd import CompileError, Value, compile
from nn import MLP

BY = ("parameters", "inputs")


@pytest.fixture(params=["machine", "numpy"])
def backend(request):
    if request.param == "machine":
        pytest.importorskip("llvmlite")
    return request.param


# --- shapes of results ---


def test_results_have_the_shape_that_their_own_recording_returned(backend):
    w = Value(2.0)

    def function(x):
        if len(x) == 1:
            return w * x[0]
        return [w * x[0]] if len(x) == 2 else [w * v for v in x]

    program = compile(function, backend=backend)
    for _ in range(2):  # recorded, and then known
        assert program([[3.0], [4.0]]).tolist() == [6.0, 8.0]
        assert program([[3.0, 0.0], [4.0, 0.0]]).tolist() == [[6.0], [8.0]]
        assert program([[3.0, 4.0, 5.0]]).tolist() == [[6.0, 8.0, 10.0]]


def test_each_branch_keeps_its_shape_and_together_they_are_refused(backend):
    w = Value(2.0)
    program = compile(lambda x: [w * x[0]] if x[0] > 0 else w * x[0], backend=backend)
    with pytest.raises(CompileError, match="a list of 1, one Value"):
        program([[1.0], [-1.0]])
    assert program([[1.0], [3.0]]).tolist() == [[2.0], [6.0]]
    assert program([[-1.0], [-3.0]]).tolist() == [-2.0, -6.0]
    longer = compile(lambda x: [w] * (3 if x[0] > 0 else 2), backend=backend)
    with pytest.raises(CompileError, match="a list of 2, a list of 3"):
        longer([[1.0], [-1.0]])


# --- results belong to the caller ---


OWN = {
    "an input": lambda w, x: x[0],
    "all inputs": lambda w, x: x,
    "a product of inputs": lambda w, x: x[0] * x[1],
    "a parameter": lambda w, x: w,
    "parameters": lambda w, x: [w, w],
    "a constant": lambda w, x: Value(4.0),
    "no influence": lambda w, x: w * 3 + Value(1.0),
    "some influence": lambda w, x: [x[1], w, Value(4.0)],
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("backend", "name"),
    # Native code fills new arrays in any case.
    [
        *(("numpy", name) for name in OWN),
        ("machine", "a product of inputs"),
        ("machine", "parameters"),
    ],
)
def test_results_can_be_written_and_stay(backend, name, batch, dtype):
    pytest.importorskip(backend)
    w = Value(2.0)
    X = np.arange(1.0, 1 + 2 * batch, dtype=dtype).reshape(batch, 2)
    program = compile(lambda x: OWN[name](w, x), backend=backend, dtype=dtype)
    rows = [OWN[name](w, [Value(float(v)) for v in row]) for row in X]
    many = isinstance(rows[0], list)
    expected = [[v.data for v in row] if many else row.data for row in rows]
    for _ in range(2):
        values = program(X)
        assert (values.tolist(), values.dtype) == (expected, dtype)
        values[...] = 7.0
    if many:
        return
    for reduction in ("sum", "mean"):
        for wrt in BY:
            _, first = program.value_and_grad(X, reduction=reduction, wrt=wrt)
            kept = first.copy()
            first[...] = 7.0
            _, second = program.value_and_grad(X, reduction=reduction, wrt=wrt)
            assert (second.tolist(), second.dtype) == (kept.tolist(), dtype)
    assert X.tolist() == np.arange(1.0, 1 + 2 * batch).reshape(batch, 2).tolist()


def test_gradients_of_parameters_and_constants_alone(backend):
    w, v = Value(2.0), Value(3.0)
    X = np.ones((4, 2))
    for function, value, expected in (
        (lambda x: w, 2.0, {w: 1.0}),
        (lambda x: w + v, 5.0, {w: 1.0, v: 1.0}),
        (lambda x: w * v, 6.0, {w: 3.0, v: 2.0}),
        (lambda x: Value(4.0), 4.0, {}),
    ):
        program = compile(function, backend=backend)
        found, gradient = program.value_and_grad(X)
        assert (found, gradient.tolist()) == (value, [expected[p] for p in program.parameters])
        found, gradient = program.value_and_grad(X, reduction="sum")
        assert (found, gradient.tolist()) == (
            4 * value,
            [4 * expected[p] for p in program.parameters],
        )
        assert program.value_and_grad(X, wrt="inputs")[1].tolist() == np.zeros((4, 2)).tolist()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.slow
def test_without_structure_results_have_the_same_shapes_and_dtype(dtype):
    w = Value(0.3)

    def chain(x):
        stream = random.Random(1)
        for _ in range(300):
            x = stream.choice([lambda u: u * w + 0.1, lambda u: (u + w).tanh(), Value.sin])(x)
        return x

    X = [[0.5, 1.0], [-0.25, 2.0], [3.0, 4.0]]
    program = compile(lambda x: chain(x[0]) + x[1] * w, dtype=dtype)
    values = program(X)
    inputs = [[Value(a), Value(b)] for a, b in X]
    results = [chain(a) + b * w for a, b in inputs]
    sum(results).backward()
    by_rows, by_inputs = (program.value_and_grad(X, reduction="sum", wrt=k)[1] for k in BY)
    near = {"rel": 1e-5 if dtype == "float32" else 1e-12, "abs": 1e-30}
    assert values == pytest.approx([v.data for v in results], **near)
    assert by_rows == pytest.approx([w.grad], **near)
    assert by_inputs == pytest.approx(np.array([[v.grad for v in row] for row in inputs]), **near)
    assert values.dtype == by_rows.dtype == by_inputs.dtype == dtype
    graph = compile(chain(Value(0.5)), dtype=dtype)
    assert graph().dtype == graph.value_and_grad()[1].dtype == dtype


# --- parameters ---


def test_parameters_with_equal_numbers_are_distinguished_at_a_point(backend):
    a, b = Value(2.0), Value(2.0)

    def function(x):
        if isinstance(x, list):
            return a * x[0] + b
        return b * x * x + a

    program = compile(function, backend=backend)
    program([[1.0]])  # uses a first, then b; the other recording is the other way round
    for x in (3.0, 5.0):
        _, found = program.value_and_grad(x)
        by = dict(zip(map(id, program.parameters), found))
        assert (by[id(a)], by[id(b)]) == (1.0, x * x)


def test_parameters_of_a_graph_that_are_none_are_refused():
    a, b = Value(2.0), Value(3.0)
    product = a * b
    graph = product + a
    with pytest.raises(TypeError, match=r"write parameters=\[p\]"):
        compile(graph, parameters=a)
    with pytest.raises(TypeError, match=r"parameters\[1\] is float 3.0"):
        compile(graph, parameters=[a, 3.0])
    with pytest.raises(ValueError, match=r"parameters\[0\].*what an operation made"):
        compile(graph, parameters=[product])
    with pytest.raises(ValueError, match="given twice"):
        compile(graph, parameters=[a, b, a])
    with pytest.raises(ValueError, match="1 of the 2 parameters are not in this graph"):
        compile(graph, parameters=[Value(2.0), a])


def test_parameters_of_a_graph_keep_the_order_that_they_are_given_in(backend):
    a, b = Value(2.0), Value(3.0)
    program = compile(a * b * b, parameters=[b, a], backend=backend)
    value, found = program.value_and_grad()
    assert (value, found.tolist()) == (18.0, [12.0, 9.0])


# --- numbers, and arrays of numbers ---


@pytest.mark.parametrize(
    "number", [3.0, 3, True, np.float64(3), np.float32(3), np.int8(3)], ids=repr
)
def test_a_number_of_any_kind_gives_floats(backend, number):
    w = Value(2.0)
    program = compile(lambda x, y: w * x * y, backend=backend)
    x = float(number)
    for y in (5.0, np.float64(5), 5):
        for _ in range(2):  # recorded, and then by the native function
            for value in (program(number, y), program.value_and_grad(number, y)[0]):
                assert (type(value), value) == (float, 2 * x * 5)
            _, by_inputs = program.value_and_grad(number, y, wrt="inputs")
            assert (by_inputs, {*map(type, by_inputs)}) == ((10.0, 2 * x), {float})
            assert program.value_and_grad(number, y, wrt="parameters")[1] == (5 * x,)
    assert program([x, x], [5, 6]).tolist() == [10 * x, 12 * x]


def test_an_integer_beyond_64_bits_is_a_number_too(backend):
    program = compile(lambda x: x * 0.5, backend=backend)
    assert program(1.0) == 0.5
    assert program(2**70) == 2.0**69


def test_a_function_of_a_number_that_returns_a_list(backend):
    program = compile(lambda x: [x * x, x + 1], backend=backend)
    assert program(3.0).tolist() == [9.0, 4.0]
    with pytest.raises(ValueError, match="returns several"):
        program.value_and_grad(3.0)


def test_numbers_and_arrays_do_not_mix(backend):
    program = compile(lambda x, y: x * y, backend=backend)
    for odd in ([1.0], None, "1", 1j):
        with pytest.raises(
            TypeError, match=f"not both at once; got float and {type(odd).__name__}"
        ):
            program(1.0, odd)
    with pytest.raises(ValueError, match=r"argument 1 .* has shape \(\)"):
        program([1.0], 1.0)


@pytest.mark.parametrize(
    ("odd", "held"),
    [
        ([None, 1.0], "NoneType, float"),
        (["1"], "str_"),
        ([1j], "complex128"),
        (1j, "complex128"),
        (np.array(["2026-01-01"], "M8[D]"), "datetime64"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous"),
    ],
    ids=str,
)
def test_an_argument_that_is_not_a_real_number_is_named(backend, odd, held):
    program = compile(lambda x: x * 1.0, backend=backend)
    with pytest.raises(TypeError, match=rf"argument 0 .*not an array of real numbers.*{held}"):
        program(odd)
    with pytest.raises(TypeError, match=rf"argument 0 .*not an array of real numbers.*{held}"):
        program.value_and_grad(odd)


def test_values_are_not_arrays():
    with pytest.raises(TypeError, match="it holds Value"):
        compile(lambda x: x * 1.0)([Value(1.0)])


def test_whole_numbers_and_truths_are_real_numbers(backend):
    program = compile(lambda x: x[0] * 0.5, backend=backend)
    assert program([[1], [3]]).tolist() == [0.5, 1.5]
    assert program(np.array([[True], [False]])).tolist() == [0.5, 0.0]
    assert program(np.array([[7]], np.uint8)).tolist() == [3.5]


@pytest.mark.parametrize("x", [1.0, [1.0, 2.0]], ids=str)
def test_how_to_reduce_and_by_what_is_checked_for_numbers_and_arrays(backend, x):
    w = Value(2.0)
    program = compile(lambda x: w * x, backend=backend)
    for _ in range(2):
        for odd in ("both", "", None, ["inputs"]):
            with pytest.raises(ValueError, match="wrt is 'parameters' or 'inputs'; got"):
                program.value_and_grad(x, wrt=odd)
            with pytest.raises(ValueError, match="reduction is 'mean' or 'sum'; got"):
                program.value_and_grad(x, reduction=odd)
        program.value_and_grad(x)
        program(x)


# --- what is compiled ---


def test_a_model_goes_by_its_own_name():
    program = compile(MLP(2, [3], seed=1))
    assert repr(program) == "<compiled MLP: nothing recorded yet>"
    with pytest.raises(TypeError, match="MLP is called with an array"):
        program()


def test_a_row_that_is_not_in_a_list_of_rows():
    with pytest.raises(ValueError, match=r"alone: a compiled function takes rows, f\(\[row\]\)"):
        compile(MLP(2, [1]))([0.5, 0.2])


def test_a_method_is_compiled_for_each_object(backend):
    class Line:
        def __init__(self, slope):
            self.slope = Value(slope)
            self.at = compile(self.at, backend=backend)

        def at(self, x):
            return self.slope * x[0]

    lines = [Line(2.0), Line(math.pi)]
    assert [line.at([[3.0]]).tolist() for line in lines] == [[6.0], [3 * math.pi]]
    assert [line.at.parameters for line in lines] == [[line.slope] for line in lines]


def test_a_decorator_above_a_method_says_what_to_write():
    class Line:
        @compile
        def at(self, x):
            return x[0]

        model = compile(MLP(1, [1], seed=1))  # not a function: no method

    with pytest.raises(TypeError, match=r"self\.at = compile\(self\.at\)"):
        Line().at([[1.0]])
    assert Line().model is Line.model


# --- arguments by name ---


def scaled(x, y, scale=2.0, *, shift=1.0):
    return x[0] * scale + y * shift


def test_arguments_by_name_and_defaults(backend):
    X, y, more = [[1.0], [3.0]], [2.0, 4.0], [5.0, 7.0]
    program = compile(scaled, backend=backend)
    expected = [4.0, 10.0]
    assert program(X, y).tolist() == expected
    assert program(x=X, y=y).tolist() == program(y=y, x=X).tolist() == expected
    assert program(X, y=y).tolist() == expected
    assert program(X, y, scale=more).tolist() == program(X, y, more).tolist() == [7.0, 25.0]
    assert program(X, y, shift=more).tolist() == [12.0, 34.0]  # scale keeps its default
    assert program(X, shift=more, scale=y, y=y).tolist() == [12.0, 40.0]
    value, (by_x, by_y, by_shift) = program.value_and_grad(
        shift=more, y=y, x=X, wrt="inputs", reduction="sum"
    )
    assert value == 46.0
    assert (by_x.tolist(), by_y.tolist(), by_shift.tolist()) == ([[2.0]] * 2, more, y)


def test_numbers_by_name(backend):
    program = compile(lambda x, y=2.0, *, z=3.0: x * y + z, backend=backend)
    for _ in range(2):
        assert program(4.0, y=1.0) == program(y=1.0, x=4.0) == 7.0
        assert program(x=4.0) == 11.0
        assert program(4.0, z=1.0) == 9.0
        assert program.value_and_grad(x=4.0, z=1.0, wrt="inputs") == (9.0, (2.0, 1.0))


def test_names_that_the_function_does_not_have(backend):
    program = compile(scaled, backend=backend)
    with pytest.raises(TypeError, match=r"^scaled takes x, y, scale, shift: got an .*'z'$"):
        program([[1.0]], [1.0], z=[1.0])
    with pytest.raises(TypeError, match=r"^scaled takes x, y, scale, shift: missing a .*'y'$"):
        program(x=[[1.0]])
    with pytest.raises(TypeError, match=r"^scaled takes x, y, scale, shift: multiple .*'x'$"):
        program([[1.0]], [1.0], x=[[1.0]])
    with pytest.raises(ValueError, match="argument 1 of scaled has shape"):
        program(x=[[1.0]], y=1.0)
    graph = compile(Value(1.0) * Value(2.0), backend=backend)
    with pytest.raises(CompileError, match="from a recorded graph, not from a function"):
        graph(x=[1.0])
    no_names = compile(min, backend=backend)
    with pytest.raises(TypeError, match=r"^min does not say the names of its arguments: give x by"):
        no_names(x=[[1.0]])
