"""What a compiled function reads besides its arguments may change: the next call sees it.

Every result is compared with the function's own on plain numbers.
"""

import dataclasses
import functools
import sys
import types
from collections import OrderedDict, deque

import numpy as np
import pytest

from autograd import Value, compile, ops
from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.watch import Watch
from nn import MLP, Layer, Module

rate = 2.0
table = {"rate": 2.0}
settings = types.SimpleNamespace(rate=2.0, steps=0)
weights = [Value(1.0), Value(2.0)]


def helper(x):
    return x * 2


class Net(Module):
    scale = 1.0

    def __init__(self):
        self.w = [Value(2.0), Value(3.0)]
        self.calls = 0

    def forward(self, x):
        y = sum(w * v for w, v in zip(self.w, x))
        return y.tanh() * self.scale if self.training else y * self.scale


class Slotted:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w


@dataclasses.dataclass
class Config:
    rate: float


def check(function, change, x=(1.0, 0.5)):
    """The compiled function gives what the function gives, before and after a change."""
    program = compile(function, backend="numpy")
    before = plain(function, x)
    assert program([x]).tolist() == pytest.approx([before])
    assert not program._recordings._watch.changed()
    change()
    after = plain(function, x)
    assert after != before
    assert program([x]).tolist() == pytest.approx([after])
    value, gradient = program.value_and_grad([x])
    assert value == pytest.approx(after)
    assert len(gradient) == len(program.parameters)
    return program


def plain(function, x):
    return function([Value(v) for v in x]).data


# --- each kind of thing ---


def test_a_parameter_that_is_replaced():
    W = [Value(1.0), Value(2.0)]

    def replace():
        W[0] = Value(100.0)

    program = check(lambda x: W[0] * x[0] + W[1], replace)
    assert {p.data for p in program.parameters} == {100.0, 2.0}


def test_a_parameter_deep_in_lists_and_an_inner_list_that_is_replaced():
    W = [[[Value(1.0)], [Value(2.0)]], (Value(3.0), [Value(4.0)])]

    def function(x):
        return W[0][0][0] * x[0] + W[0][1][0] * x[1] + W[1][1][0]

    check(function, lambda: W[0][1].__setitem__(0, Value(9.0)))
    equal = [*W[0][0]]
    W[0][0] = equal  # an equal list, which is another one
    check(function, lambda: equal.__setitem__(0, Value(-7.0)))
    check(function, lambda: W[1][1].__setitem__(0, Value(-8.0)))


def test_an_inner_list_that_became_another_equal_one_is_watched():
    W = [[Value(1.0)], {"a": [Value(2.0)]}]
    program = compile(lambda x: W[0][0] * x[0] + W[1]["a"][0], backend="numpy")
    assert program([[1.0]]).tolist() == [3.0]
    W[0], W[1] = [*W[0]], {"a": [*W[1]["a"]]}
    assert program([[1.0]]).tolist() == [3.0]
    W[0][0] = Value(10.0)
    assert program([[1.0]]).tolist() == [12.0]
    W[1]["a"][0] = Value(20.0)
    assert program([[1.0]]).tolist() == [30.0]


def test_a_list_that_grows():
    W = [Value(1.0)]

    def function(x):
        return sum(w * x[0] for w in W)

    check(function, lambda: W.extend([Value(2.0), Value(3.0)]))
    check(function, W.pop)


def test_a_list_in_a_list_that_holds_itself():
    W = [Value(1.0)]
    W.append(W)
    check(lambda x: W[1][1][0] * x[0], lambda: W.__setitem__(0, Value(2.0)))


def test_lists_nested_deeper_than_they_are_compared():
    bottom = [Value(1.0)]
    deep = functools.reduce(lambda inner, _: [inner], range(300), bottom)

    def function(x):
        inner = deep
        while isinstance(inner, list):
            inner = inner[0]
        return inner * x[0]

    check(function, lambda: bottom.__setitem__(0, Value(2.0)))


@pytest.mark.parametrize("new", [3.0, -2.0, Value(3.0)], ids=repr)
def test_a_global(monkeypatch, new):
    check(lambda x: x[0] * rate, lambda: monkeypatch.setitem(globals(), "rate", new))


def test_a_global_list_a_dict_entry_and_an_attribute(monkeypatch):
    check(lambda x: weights[0] * x[0], lambda: weights.__setitem__(0, Value(7.0)))
    check(lambda x: table["rate"] * x[0], lambda: monkeypatch.setitem(table, "rate", 3.0))
    check(lambda x: settings.rate * x[0], lambda: monkeypatch.setattr(settings, "rate", 3.0))


def test_the_order_of_a_dict():
    W = {"a": 1.0, "b": 2.0}
    check(lambda x: next(iter(W.values())) * x[0], lambda: W.__setitem__("a", W.pop("a")))
    ordered = OrderedDict(a=1.0, b=2.0)
    check(lambda x: next(iter(ordered.values())) * x[0], lambda: ordered.move_to_end("a"))


def test_a_closure_variable():
    scale = 2.0

    def change():
        nonlocal scale
        scale = 3.0

    check(lambda x: x[0] * scale, change)


def test_a_closure_variable_that_is_a_parameter():
    w = Value(2.0)

    def change():
        nonlocal w
        w = Value(3.0)

    check(lambda x: x[0] * w, change)


def test_the_sign_of_a_zero_and_a_number_that_is_not_one():
    numbers, zero, nan = [0.0, 1.0], {"": 0.0}, float("nan")
    check(lambda x: x[0] / Value(numbers[0]), lambda: numbers.__setitem__(0, -0.0))
    check(lambda x: x[0] / Value(zero[""]), lambda: zero.__setitem__("", -0.0))
    program = compile(lambda x: x[0] * nan, backend="numpy")
    assert np.isnan(program([[1.0]])).all()
    assert not program._recordings._watch.changed()


def test_flags_and_attributes_of_a_module():
    net = Net()
    check(net, net.eval)
    check(lambda x: net(x), net.train)
    check(net, lambda: setattr(net, "training", False))
    check(net, lambda: setattr(net, "scale", 3.0))  # that of the class until now
    check(net, lambda: net.w.__setitem__(1, Value(5.0)))
    check(net, lambda: setattr(net, "w", [Value(7.0), Value(8.0)]))


def test_an_attribute_of_a_class_and_a_method(monkeypatch):
    net = Net()
    check(net, lambda: monkeypatch.setattr(Net, "scale", 3.0))
    check(net, lambda: monkeypatch.setattr(Net, "forward", lambda self, x: self.w[0] * x[1]))


def test_a_network_of_ours():
    model = MLP(2, [3, 1], seed=1)
    check(lambda x: model(x), lambda: setattr(model.layers[0].neurons[2], "bias", Value(5.0)))
    weights_of_first = model.layers[0].neurons[0].weights
    check(lambda x: model(x), lambda: weights_of_first.__setitem__(0, Value(5.0)))
    other = Layer(2, 3, seed=2)
    check(lambda x: model(x), lambda: model.layers.__setitem__(0, other))
    check(lambda x: model(x), lambda: setattr(other.neurons[1], "activation", ops.relu))


def test_slots_data_classes_and_other_containers():
    slotted, config = Slotted(Value(1.0)), Config(2.0)
    check(lambda x: slotted.w * x[0], lambda: setattr(slotted, "w", Value(2.0)))
    check(lambda x: config.rate * x[0], lambda: setattr(config, "rate", 3.0))
    queue, held = deque([Value(1.0)]), {"config": Config(2.0)}
    check(lambda x: queue[0] * x[0], lambda: queue.appendleft(Value(2.0)))
    program = compile(lambda x: held["config"].rate * x[0], backend="numpy")
    assert program([[1.0]]).tolist() == [2.0]
    held["config"] = Config(2.0)  # which is equal
    assert program([[1.0]]).tolist() == [2.0]
    held["config"].rate = 3.0
    assert program([[1.0]]).tolist() == [3.0]


def test_a_class_whose_equality_fails():
    class Odd:
        def __init__(self, w):
            self.w = w

        def __eq__(self, other):
            return self.w.data == other.w.data

        __hash__ = None

    things = [Odd(Value(1.0))]
    check(lambda x: things[0].w * x[0], lambda: setattr(things[0], "w", Value(2.0)))
    check(lambda x: things[0].w * x[0], lambda: things.__setitem__(0, Odd(Value(3.0))))


def test_arrays():
    a, objects = np.array([1.0, 2.0]), np.array([Value(1.0)], object)
    check(lambda x: x[0] * float(a[0]), lambda: a.__setitem__(0, 3.0))
    check(lambda x: x[0] * objects[0], lambda: objects.__setitem__(0, Value(3.0)))


def test_a_default_and_the_code_of_a_function():
    def function(x, scale=2.0):
        return x[0] * scale

    check(function, lambda: setattr(function, "__defaults__", (3.0,)))

    def other(x, scale=2.0):
        return x[0] + scale

    check(function, lambda: setattr(function, "__code__", other.__code__))


def test_a_function_that_is_called(monkeypatch):
    here = sys.modules[__name__]
    check(lambda x: helper(x[0]), lambda: monkeypatch.setattr(here, "helper", lambda x: x * 3))


def test_a_global_that_takes_the_name_of_a_builtin(monkeypatch):
    def take():
        monkeypatch.setitem(globals(), "abs", lambda x: x * 5)

    check(lambda x: abs(x[0]), take)


def test_a_partial_function_and_a_bound_method():
    W, net = [Value(1.0)], Net()
    check(functools.partial(lambda w, x: w[0] * x[0], W), lambda: W.__setitem__(0, Value(5.0)))
    check(net.forward, lambda: net.w.__setitem__(0, Value(5.0)))


def test_a_function_of_numbers_at_a_point():
    W = [Value(2.0)]
    program = compile(lambda x, y: W[0] * x + y, backend="numpy")
    for _ in range(3):
        assert program(3.0, 1.0) == 7.0
    W[0] = Value(10.0)
    assert program(3.0, 1.0) == 31.0
    assert program.value_and_grad(3.0, 1.0, wrt="inputs") == (31.0, (10.0, 1.0))


# --- what is no change ---


def recorded_once(function, change, x=(1.0, 0.5)):
    program = compile(function, backend="numpy")
    program([x])
    first = program._recordings.latest
    for _ in range(3):
        change()
        assert program([x]).tolist() == pytest.approx([plain(function, x)])
    assert program._recordings.latest is first


def test_numbers_of_parameters_and_equal_numbers_are_not_recorded_again(monkeypatch):
    net = Net()
    recorded_once(net, lambda: setattr(net.w[0], "data", net.w[0].data + 1))
    recorded_once(net, lambda: net.w[0].__setattr__("momentum", 1.0))
    again = [float("2.0")]
    recorded_once(lambda x: x[0] * again[0], lambda: again.__setitem__(0, float("2.0")))
    number = {"": np.float64(2.0)}
    recorded_once(lambda x: x[0] * number[""], lambda: number.__setitem__("", np.float64(2.0)))


def test_what_the_function_does_not_read_is_not_watched(monkeypatch):
    net = Net()
    recorded_once(net, lambda: setattr(net, "calls", net.calls + 1))
    recorded_once(net, lambda: setattr(net, "history", [1.0]))
    recorded_once(net, lambda: monkeypatch.setattr(Net, "made", object(), raising=False))
    steps = lambda: setattr(settings, "steps", settings.steps + 1)
    recorded_once(lambda x: x[0] * settings.rate, steps)
    net.calls += 1
    check(net, lambda: setattr(net, "scale", 3.0))  # after a change that says nothing, too


def test_what_the_function_makes_when_it_first_runs():
    kept = {}

    def function(x):
        if "w" not in kept:
            kept["w"] = [Value(2.0)]
        return kept["w"][0] * x[0]

    recorded_once(function, lambda: None)
    check(function, lambda: kept["w"].__setitem__(0, Value(3.0)))


def test_all_of_a_network_of_ours_is_watched():
    model = MLP(3, [4, 2], seed=1)
    watch = Watch(Reach(model))
    for neuron in (n for layer in model.layers for n in layer.neurons):
        for i, w in enumerate(neuron.weights):
            neuron.weights[i] = Value(0.0)
            assert watch.changed()
            neuron.weights[i] = w
            assert not watch.changed()
