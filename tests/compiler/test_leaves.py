"""A compiled function reads the numbers of its parameters anew in each call, and fast."""

import copy
import time

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler.machine.leaves import Leaves, slot_of_data
from nn import MLP, SGD


class Own(Value):
    pass


class Computed(Value):
    data = property(lambda self: 7.5, lambda self, x: None)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_numbers_are_those_of_now(dtype):
    values = [Value(0.1), Own(-3.0), Value(1e300 if dtype is np.float64 else 1e30)]
    leaves = Leaves(values, dtype)
    assert leaves.numbers().tolist() == np.array([v.data for v in values], dtype).tolist()
    values[1].data = 1 / 3
    values[0] += 2  # binds a new leaf in the list alone
    assert leaves.numbers()[1] == dtype(1 / 3)


@pytest.mark.parametrize("number", [3, True, np.float64(0.5), np.float32(0.5), 2**60])
def test_numbers_that_are_no_floats(number):
    values = [Value(0.1), Value(0.2)]
    leaves = Leaves(values, np.float64)
    values[1].data = number
    assert leaves.numbers().tolist() == [0.1, float(number)]


@pytest.mark.parametrize("natively", [True, False])
def test_what_is_not_a_float_is_named(natively):
    leaves = Leaves([Value(0.1), Value(0.2, "w")], np.float64, natively)
    for wrong in (10**400, "x", "3", None, [1.0], 1j):
        leaves.leaves[1].data = wrong
        error = OverflowError if isinstance(wrong, int) else TypeError
        with pytest.raises(error, match="the data of 'w' was set wrongly: expected"):
            leaves.numbers()
    alone = Leaves(leaves.leaves[1:], np.float64, natively)
    for wrong in ("3", None, [1.0], 1j):
        alone.leaves[0].data = wrong
        with pytest.raises(TypeError, match="the data of 'w' was set wrongly: expected"):
            alone.numbers()


def test_a_deleted_number_and_a_computed_one():
    values = [Value(0.1), Value(0.2)]
    leaves = Leaves(values, np.float64)
    del values[1].data
    with pytest.raises(AttributeError):
        leaves.numbers()
    assert Leaves([Value(0.1), Computed(1.0)], np.float64).numbers().tolist() == [0.1, 7.5]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model.layers[0].neurons[0].weights[1], "data", 5.0),
        lambda model: SGD(model.parameters(), lr=0.5).step(),
        lambda model: model.load_state_dict(dict.fromkeys(model.state_dict(), 0.25)),
    ],
    ids=["data", "step", "load_state_dict"],
)
def test_a_changed_number_is_seen(change):
    model = MLP(3, [4, 1], seed=1)
    f = autograd.compile(lambda x: model(x))
    x = np.array([[0.5, -1.0, 2.0]])
    before = f(x)[0]
    assert f(x)[0] == before == pytest.approx(model([0.5, -1.0, 2.0]).data)
    model([0.5, -1.0, 2.0]).backward()
    change(model)
    after = model([0.5, -1.0, 2.0]).data
    assert after != pytest.approx(before)
    assert f(x)[0] == pytest.approx(after)
    assert f.value_and_grad(x)[0] == pytest.approx(after)


def test_a_copy_reads_its_own_leaves():
    leaves = Leaves([Value(0.1), Value(0.2)], np.float64)
    other = copy.deepcopy(leaves)
    other.leaves[0].data = 5.0
    assert leaves.numbers().tolist() == [0.1, 0.2]
    assert other.numbers().tolist() == [5.0, 0.2]


@pytest.mark.skipif(slot_of_data() is None, reason="objects are laid out in another way")
def test_reading_is_much_faster_than_python():
    values = [Value(float(i)) for i in range(7_260)]
    leaves = Leaves(values, np.float64)

    def fastest(call):
        times = []
        for _ in range(20):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    assert 3 * fastest(leaves.numbers) < fastest(lambda: np.array([v.data for v in values]))
