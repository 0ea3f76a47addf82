"""``==`` of two Values asks whether they are one node; a Value and a number compare as numbers."""

import collections
import copy
import dataclasses
import decimal
import fractions
import itertools
import math
from unittest import mock

import numpy as np
import pytest

from autograd import Value, topological_order
from nn import MLP


def test_two_values_are_equal_if_they_are_one_node():
    x, y = Value(2.0), Value(2.0)
    assert (x == x, x != x) == (True, False)
    assert (x == y, x != y) == (False, True)
    assert x + y != x + y
    assert x.data == y.data
    assert x - y == 0
    nan = Value(math.nan)
    assert nan == nan
    assert nan.data != nan.data


def test_the_hash_agrees():
    x, y = Value(2.0), Value(2.0)
    assert len({x, y, x}) == 2
    assert {x: 1, y: 2}[x] == 1
    assert collections.Counter([x, y, x]) == {x: 2, y: 1}
    assert len({(x, y), (y, x), (x, y)}) == 2


NUMBERS = [1.5, np.float64(1.5), np.float32(1.5), fractions.Fraction(3, 2), decimal.Decimal("1.5"),
           pytest.approx(1.5), mock.ANY]  # fmt: skip
OTHERS = [1, True, None, "1.5", [1.5], (1.5,), object(), math.nan, np.float64(2), np.int64(1), 1j]


def test_a_value_and_anything_else_compare_as_its_number_does():
    v = Value(1.5)
    for number in NUMBERS[:-2]:
        found = (v == number, number == v, v != number, number != v)
        assert found == (True, True, False, False), number
    for other in OTHERS:
        found = (v == other, other == v, v != other, other != v)
        assert found == (False, False, True, True), other
    assert isinstance(np.float32(1.5) == v, np.bool_)
    assert v == pytest.approx(1.5 + 1e-12)
    assert v == mock.ANY
    assert Value(1.0) == True  # noqa: E712
    assert Value(2.0**53) != 2**53 + 1
    assert (v == np.array([1.5, 2.0])).tolist() == [True, False]
    assert (np.array([1.5, 2.0]) == v).tolist() == [True, False]
    assert (v != np.array([1.5, 2.0])).tolist() == [False, True]


def test_an_array_of_values_is_compared_node_by_node():
    v, twin = Value(1.5), Value(1.5)
    array = np.array([v, twin, 1.5, "v"], object)
    for equal in (array == v, v == array):
        assert equal.tolist() == [True, False, True, False]
    for unequal in (array != v, v != array):
        assert unequal.tolist() == [False, True, False, True]
    assert v in array[:1]
    assert twin not in array[:1]


# --- programs that people write ---


def nodes_of(root, seen, add):
    """micrograd's ``trace``, with a container of one's choice."""
    if root not in seen:
        add(root)
        for child in root._prev:
            nodes_of(child, seen, add)


def test_a_walk_finds_every_node_whatever_keeps_those_seen():
    model = MLP(2, [3, 3, 1], seed=1)
    root = (model([0.5, -0.5]) - 1.0) ** 2
    queue, listed, collected = collections.deque(), [], set()
    nodes_of(root, listed, listed.append)
    nodes_of(root, collected, collected.add)
    nodes_of(root, queue, queue.append)
    count = len(topological_order(root))
    assert len(listed) == len(collected) == len(queue) == count


def test_lists_of_parameters_with_equal_numbers():
    w, b, c = (Value(0.0, name) for name in "wbc")
    parameters = [w, b, c]
    assert [parameters.index(p) for p in parameters] == [0, 1, 2]
    assert [w, b, w].count(w) == 2
    frozen = [b]
    assert [p.label for p in parameters if p not in frozen] == ["w", "c"]
    parameters.remove(b)
    assert [p.label for p in parameters] == ["w", "c"]
    with pytest.raises(ValueError, match="not in"):
        parameters.remove(b)
    assert all(p != q for p, q in itertools.combinations([w, b, c], 2))


def test_where_a_node_is_among_inputs():
    x = Value(3.0)
    assert [i for i, v in enumerate((3.0 * x).inputs) if v == x] == [1]
    y = x * 1.0
    z = y * 1.0
    path = [z, y, x]
    assert [path.index(v) for v in path] == [0, 1, 2]
    assert y._prev != {Value(3.0), Value(1.0)}


def test_the_largest_and_its_place():
    outputs = [Value(0.1), Value(0.7), Value(0.7), Value(0.2)]
    assert outputs.index(max(outputs)) == 1
    assert max(outputs) == outputs[1]
    assert min(outputs) == outputs[0]
    assert [sorted(outputs, reverse=True).index(v) for v in outputs] == [3, 0, 1, 2]
    best, kept = Value(9.0), []
    for number in (3.0, 5.0, 2.0):
        loss = Value(number) * 1
        best = min(best, loss)
        if best == loss:
            kept.append(number)
    assert kept == [3.0, 2.0]


def test_numbers_in_lists_are_found_by_number():
    hidden = [Value(-1.0).relu(), Value(1.0).relu(), Value(-2.0).relu()]
    assert hidden.count(0) == 2
    assert 0 in hidden
    assert hidden == [0, 1, 0]
    assert Value(2.0) in [1, 2, 3]
    assert [0.0, 2.0].index(Value(2.0)) == 1
    assert sum(v == t for v, t in zip(hidden, [0, 1, 1])) == 2


def test_tests_that_compare_with_a_number_or_with_a_node():
    x, y = Value(2.0), Value(2.0)
    assert x * y == 4.0
    assert x * y != y * x
    assert y not in [x]
    called = mock.Mock()
    called(x)
    called.assert_called_with(x)
    with pytest.raises(AssertionError):
        called.assert_called_with(y)


def test_containers_are_equal_if_their_nodes_are_the_same():
    @dataclasses.dataclass
    class Point:
        x: Value
        y: Value

    x, y = Value(1.0), Value(2.0)
    assert Point(x, y) == Point(x, y)
    assert Point(x, y) != Point(x, Value(2.0))
    assert [x, y] == [x, y]
    assert [x, y] != [Value(1.0), Value(2.0)]
    assert copy.deepcopy(x) != x
    model = MLP(2, [3, 1], seed=1)
    twin, mine = copy.deepcopy(model), list(model.parameters())
    assert not any(p in mine for p in twin.parameters())
    assert [p.data for p in twin.parameters()] == [p.data for p in mine]
