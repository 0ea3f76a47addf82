"""Values made in micrograd's and microgpt's way, and subclasses of Value."""

import copy
import math
import pickle

import pytest

import autograd
from autograd import (
    Value,
    compile,
    detect_anomaly,
    dot,
    draw,
    explain,
    formula,
    grad,
    no_grad,
    page,
    topological_order,
)
from autograd.compiler.recording.observe import CompileError


def product(a, b):
    """As microgpt's ``__mul__``."""
    return Value(a.data * b.data, (a, b), (b.data, a.data))


def test_inputs_and_derivatives_are_taken_as_they_are_given():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    z = product(x, y)
    assert (z.data, z.inputs, z.partials) == (-6.0, (x, y), (-3.0, 2.0))
    (z * z + x).backward()
    assert (x.grad, y.grad) == (2 * -6.0 * -3.0 + 1, 2 * -6.0 * 2.0)
    assert [g.data for g in grad(z, [x, y])] == [-3.0, 2.0]
    by_name = Value(4.0, children=[x, x], local_grads=[1, 3.0], label="sum")
    assert (by_name.inputs, by_name.partials, by_name.label) == ((x, x), (1.0, 3.0), "sum")


def test_the_same_program_with_operators_gives_the_same_gradients():
    def network(times, x):
        h = times(x[0], x[1]) + times(x[1], x[1])
        return times(h, h) + x[0]

    ours, theirs = ([Value(0.7), Value(-1.3)] for _ in range(2))
    network(product, ours).backward()
    network(lambda a, b: a * b, theirs).backward()
    assert [v.grad for v in ours] == [v.grad for v in theirs]


def test_what_needs_numbers_alone_works():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    z = product(x, y)
    z.label = "z"
    e = z * 5.0
    e.backward()
    assert "by hand" in draw(e).source
    told = explain(e, x)
    assert told.gradient == -15.0
    assert "= by_hand(x, y) = -6" in told.text
    assert formula(z) == "by_hand(x, y)"
    assert "a value made by hand has no rule" in page(e).source
    for twin in copy.copy(e), copy.deepcopy(e), pickle.loads(pickle.dumps(e)):
        made = twin.inputs[0]
        assert made.op is z.op
        assert made.partials == (-3.0, 2.0)


def test_what_needs_the_rule_refuses_in_a_sentence():
    x = Value(2.0)
    z = Value(4.0, (x,), (4.0,))
    with pytest.raises(TypeError, match=r"has its derivatives as numbers, and no rule .* an Op:"):
        grad(z, x, create_graph=True)
    with pytest.raises(CompileError, match="has its derivatives as numbers, and no rule"):
        compile(lambda v: Value(3.0, (v[0],), (2.0,)))([[1.0]])
    with pytest.raises(CompileError, match="has its derivatives as numbers, and no rule"):
        compile(lambda v: v[0] * z)([[1.0]])


def test_micrograds_arguments():
    x = Value(1.0)
    for leaf in (
        Value(2.0, (), ""),
        Value(2.0, _children=(), _op=""),
        Value(2.0, set(), ""),
        Value(2.0, [], []),
    ):
        assert (leaf.data, leaf.op, leaf.inputs, leaf.label) == (2.0, None, (), "")
    assert Value(2.0, (), "", "w").label == "w"
    assert Value(2.0, "w").label == Value(2.0, label="w").label == "w"
    with pytest.raises(TypeError, match=r"a Value that 'tanh' made needs its derivatives. An oper"):
        Value(math.tanh(1.0), (x,), "tanh")
    with pytest.raises(TypeError, match=r"a Value that 'tanh' made needs .* lambda y, x: \(1 - y"):
        Value(math.tanh(1.0), _children={x}, _op="tanh")
    with pytest.raises(TypeError, match="a Value with 1 input needs its derivatives"):
        Value(1.0, (x,))


class Undecided:
    """It has no truth, as an array of several numbers."""

    def __bool__(self):
        raise ValueError("ambiguous")


def test_wrong_arguments():
    x = Value(1.0)
    with pytest.raises(ValueError, match="got 1 input and 2 derivatives"):
        Value(1.0, (x,), (1.0, 2.0))
    with pytest.raises(TypeError, match="a label is text; got int 3"):
        Value(1.0, label=3)
    with pytest.raises(TypeError, match="a label is text; got Undecided"):
        Value(1.0, "x", label=Undecided())
    with pytest.raises(TypeError, match="got set"):  # in which order?
        Value(1.0, {x, Value(2.0)}, (1.0, 2.0))
    with pytest.raises(TypeError, match="expected one real number"):
        Value(1.0, (x,), (x,))
    with pytest.raises(TypeError, match="expected one real number"):
        Value(1.0, ("x",), (1.0,))


def test_modes_hold_for_them_too():
    x = Value(1.0)
    with no_grad():
        assert Value(1.0, (x,), (2.0,)).op is None
    with detect_anomaly():
        assert "Value(2.0, (x,)" in Value(2.0, (x,), (2.0,)).source
        with pytest.raises(autograd.AnomalyError, match="nan is the value of by_hand"):
            Value(math.nan, (x,), (2.0,))


# --- subclasses ---


class Unit(Value):
    """With an ``__init__`` that takes what no operation could give."""

    def __init__(self, data, unit):
        super().__init__(data)
        self.unit = unit


def test_operations_on_a_subclass_return_it():
    x, w = Unit(2.0, "m"), Value(3.0)
    for y in (
        *(x + 1, 1 + x, x + w, w + x, x * x, -x, x / w, 2.0 / x, x - w, w - x, x**2, x**w, w**x),
        *(x.tanh(), autograd.exp(x), autograd.sum([w, 1, x]), x.maximum(0), w.maximum(x)),
        *(dot([w, x], [w, w]), dot([w, w], [x, 1.0], 2.0), dot([w], [w], x), x.detach()),
        *(copy.copy(x), copy.deepcopy(x * w), pickle.loads(pickle.dumps(x * w))),
    ):
        assert type(y) is Unit, y
        y.backward()
    assert type(w * w) is type(dot([w], [w])) is type(w + 1) is Value
    with no_grad():
        assert type(x * w) is type(dot([w], [x])) is type(x.exp()) is Unit
    assert x.detach().data == 2.0


def test_a_compiled_function_gives_it_too():
    class Doubling(Value):
        def doubled(self):
            return self + self

    p = Doubling(3.0)
    program = compile(lambda x: (x[0] * p).doubled(), backend="numpy")
    assert list(program([[1.0], [2.0]])) == [6.0, 12.0]


class Deeper(Unit):
    __slots__ = ("extra",)


def test_of_two_subclasses_the_deeper_wins():
    x, y = Unit(2.0, "m"), Deeper(3.0, "m")
    assert type(x * y) is type(y * x) is type(autograd.sum([x, y, x])) is Deeper


def test_slots_of_a_subclass_are_copied():
    y = Deeper(3.0, "m")
    y.extra = [1]
    for twin in copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y)):
        assert (twin.extra, twin.unit, type(twin)) == ([1], "m", Deeper)


def test_equality_of_a_subclass_confuses_no_graph():
    class ByNumber(Value):
        def __eq__(self, other):
            return self.data == (other.data if isinstance(other, Value) else other)

    a, b = ByNumber(2.0), ByNumber(2.0)
    y = a * 3.0 + b * 3.0
    assert a == b
    assert len(topological_order(y)) == 7
    y.backward()
    assert (a.grad, b.grad) == (3.0, 3.0)
    assert [g.data for g in grad(y, [a, b])] == [3.0, 3.0]
    assert draw(y).source.count(">grad<") == 7
    with pytest.raises(TypeError, match="nodes of a graph that count as equal"):
        type("Worse", (ByNumber,), {"__hash__": lambda self: hash(self.data)})
    identity = type("Fine", (Value,), {"__hash__": lambda self: id(self)})
    assert len(topological_order(identity(1.0) * 2)) == 3
