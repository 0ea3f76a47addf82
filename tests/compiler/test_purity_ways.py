"""Ways to keep state that the code of a loss hardly shows."""

import argparse
import collections
import contextlib
import copy
import dataclasses
import enum
import functools
import operator
import random
import types
import typing

import numpy as np
import pytest

from autograd import Value
from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.state import State
from autograd.compiler.purity.streams import is_stream
from nn import MLP, SGD, Module, fit, half_squared_error

X = [[i / 40, 1 - i / 40] for i in range(40)]
T = [[0.3] if i % 2 else [-0.4] for i in range(40)]


@pytest.fixture(autouse=True)
def everything_is_worth_compiling(monkeypatch):
    monkeypatch.setattr("nn.choosing.WORTH_COMPILING", 1)


w, b = Value(0.5), Value(0.1)
done: list[int] = []


def counted(n=1):
    """1 at first, 3 after a thousand calls."""
    done.append(n)
    return 1.0 if len(done) < 1000 else 3.0


# --- in an attribute ---


def of_a_value():
    w.count += 1
    return w.count


def of_a_value_new():
    w.seen = getattr(w, "seen", 0) + 1
    return w.seen


weights = [Value(1.0), Value(2.0)]


def of_one_in_a_list():
    weights[1].seen = getattr(weights[1], "seen", 0) + 1
    return weights[1].seen


def in_a_label():
    w.label += "x"
    return len(w.label)


def in_a_list_of_a_value():
    w.mean.append(1)
    return len(w.mean)


class Weight(Value):
    pass


weight = Weight(1.0)


def of_a_subclass():
    weight.scale = getattr(weight, "scale", 0) + 1
    return weight.scale


square = functools.partial(pow, exp=2)


def of_a_partial():
    square.count += 1
    return square.count


def of_our_function():
    half_squared_error.count = getattr(half_squared_error, "count", 0) + 1
    return half_squared_error.count


def of_our_class():
    MLP.count = getattr(MLP, "count", 0) + 1
    return MLP.count


def of_the_class_of_a_value():
    type(w).count = getattr(type(w), "count", 0) + 1
    return w.count


def a_name():
    counted.__name__ += "x"
    return len(counted.__name__)


def in_annotations():
    in_annotations.__annotations__["n"] = in_annotations.__annotations__.get("n", 0) + 1
    return in_annotations.__annotations__["n"]


# --- in contents ---

order = collections.OrderedDict((i, 1) for i in range(5))
view, whole = np.zeros(4)[1:], np.zeros(4)
error = ValueError([])


class Ring(collections.deque):
    pass


class Log(list):
    def __iter__(self):
        self.times = getattr(self, "times", 0) + 1
        return super().__iter__()


class Kind(enum.Enum):
    ONE = [0]  # noqa: RUF012


@dataclasses.dataclass
class Settings:
    rate: float
    seen: list = dataclasses.field(default_factory=list)


settings, ring, log = Settings(1.0), Ring([[]]), Log([1.0])


def in_order():
    first = next(iter(order))
    order.move_to_end(first)
    return first


def in_a_ring():
    ring[0].append(1)
    return len(ring[0])


def in_a_log():
    return sum(v for v in log)


def in_a_member():
    Kind.ONE.value.append(1)
    return len(Kind.ONE.value)


def by_a_pattern():
    match settings:
        case Settings(seen=found):
            found.append(1)
    return len(found)


def by_a_pattern_of_places():
    match settings:
        case Settings(_, found):
            found.append(1)
    return len(found)


def beside_a_view():
    view.base[0] += 1
    return view.base[0]


def by_strides():
    np.lib.stride_tricks.as_strided(whole[:1], (4,), (8,))[1] += 1
    return whole[1]


def how_it_is_looked_at():
    whole.flags.writeable = not whole.flags.writeable
    return whole.flags.writeable


def in_an_error():
    error.args[0].append(1)
    return len(error.args[0])


place, row = slice([0], None), np.zeros(1, dtype=[("n", "i4")])[0]


def in_a_slice():
    place.start.append(1)
    return len(place.start)


def in_a_row():
    row["n"] += 1
    return row["n"]


# --- by methods that no code names ---


class Registered:
    def __init_subclass__(cls):
        cls.rate = counted()

    def __class_getitem__(cls, i):
        return counted()


class Fresh:
    def __init__(self):
        self.rate = counted()

    @classmethod
    def another(cls):
        return cls()


class Ending:
    def __del__(self):
        counted()


class Shown:
    def __str__(self):
        return str(counted())

    @property
    def rate(self):
        return counted()


class Choice(enum.Enum):
    ONE = 1

    @classmethod
    def _missing_(cls, value):
        counted()
        return cls.ONE


class Power(functools.partial):
    def __call__(self, x):
        return counted()


class Attribute(property):
    def __get__(self, owner, kind=None):
        return counted()


class Described:
    rate = Attribute()


class Own(Module):
    def __init__(self):
        self.body = MLP(2, [1], seed=1)

    def named_parameters(self):
        counted()
        return super().named_parameters()


power, described, own = Power(pow), Described(), Own()
fresh, shown = object.__new__(Fresh), Shown()
computed = types.ModuleType("computed")
computed.__getattr__ = lambda name: counted()
made = np.frompyfunc(counted, 1, 1)


def by_a_subclass():
    class Own(Registered):
        pass

    return Own.rate


WAYS = [
    *(
        of_a_value,
        of_a_value_new,
        of_one_in_a_list,
        in_a_label,
        in_a_list_of_a_value,
        of_a_subclass,
        of_a_partial,
    ),
    *(of_our_function, of_our_class, of_the_class_of_a_value, a_name, in_annotations),
    *(in_order, in_a_ring, in_a_log, in_a_member, by_a_pattern, by_a_pattern_of_places),
    *(
        beside_a_view,
        by_strides,
        how_it_is_looked_at,
        in_an_error,
        in_a_slice,
        in_a_row,
        by_a_subclass,
    ),
    lambda: Registered[0],
    lambda: fresh.another().rate,
    lambda: Ending() and len(done),
    lambda: Choice(5).value,
    lambda: power(2),
    lambda: described.rate,
    lambda: len(own.parameters()),
    lambda: float("%s" % shown),  # noqa: UP031
    lambda: float("%s" % (shown,)),  # noqa: UP031
    lambda: float("{}".format(shown)),  # noqa: UP032
    lambda: float(f"{shown}"),
    lambda: float("{0.rate}".format(shown)),  # noqa: UP030, UP032
    lambda: computed.rate,
    lambda: made(1),
    lambda: np.datetime64("now").astype(int) % 2,
    lambda: np.lib.format.open_memmap("rows.npy", mode="w+", shape=(1,)),
    lambda: np.rec.fromfile("rows"),
    lambda: np.show_runtime(),
    lambda: operator.methodcaller("append", 1)(done),
]


@pytest.fixture
def reset():
    """Each way starts from the same state."""
    w.count, w.mean, w.label, square.count = 0, [], "", 0
    done.clear()
    yield
    for thing in (w, weight, half_squared_error, MLP, Value):
        for name in {"count", "seen", "mean", "scale"} & vars(thing).keys():
            delattr(thing, name)


@pytest.mark.parametrize("way", WAYS)
def test_it_is_objected_to_or_seen_and_put_back(way, reset):
    def loss(x, t):
        return way() * (w * x[0] + b - t[0]) ** 2

    reach = Reach(loss)
    state = State(reach)
    if not reach.objection:
        loss([1.0], [1.0])
        assert state.change()
        state.put_back()
        assert state.change() is None


NATIVE = [of_a_value, in_a_label, of_a_partial, in_order, by_a_pattern, beside_a_view, in_a_ring]


@pytest.mark.parametrize("way", NATIVE)
def test_fit_trains_as_plain_python_does_and_leaves_the_same_state(way, reset):
    found = []
    for compile in (None, False):
        w.count, w.label, square.count, view[...] = 0, "", 0, 0.0
        settings.seen.clear()
        ring[0].clear()
        view.base[0] = 0.0
        for i in range(5):
            order.move_to_end(i)

        def loss(x, t):
            return (1.0 if way() < 1000 else 3.0) * (w * x[0] + b - t[0]) ** 2

        w.data, b.data = 0.5, 0.1
        history = fit(loss, X, T, SGD([w, b], lr=0.05), 30, progress=False, compile=compile)
        assert history.how.startswith("plain Python")
        found.append((history.losses, w.data, b.data, way()))
    assert found[0] == found[1]


# --- what keeps none ---


@dataclasses.dataclass(frozen=True)
class Fixed:
    rate: float = 2.0


class Named(Module):
    def __init__(self):
        self.w, self.act, self.fixed = Value(0.3), "tanh", Fixed()

    def forward(self, x):
        return getattr(self.w * x[0], self.act)() * self.fixed.rate


def labelled(x):
    y = w * x[0]
    y.label = "y"
    y.color = "red"
    return y


def gathered(x):
    sums = collections.defaultdict(float)
    for i, v in enumerate(x):
        sums[i % 2] += w * v
    with contextlib.nullcontext():
        return sums[0]


fixed, named, plain = Fixed(), Named(), Settings(2.0)
namespace, proxy = argparse.Namespace(rate=2.0), types.MappingProxyType({"rate": 2.0})
PURE = [
    *(labelled, gathered),
    lambda x: w * x[0] * fixed.rate,
    lambda x: w * x[0] * Fixed(3.0).rate,
    lambda x: w * x[0] * plain.rate * len(plain.seen),
    lambda x: w * x[0] * len(Settings(1.0).seen),
    lambda x: w * x[0] * namespace.rate,
    lambda x: w * x[0] * proxy["rate"],
    lambda x: typing.cast(Value, operator.itemgetter(0)([w])) * x[0],
    lambda x: named(x),
    lambda x: w * float(np.linalg.norm(np.array([3.0, 4.0]))) + np.add.reduce([1.0, 2.0]),
    lambda x: w * np.zeros(2, dtype=np.float64).sum() + np.tanh(x[0]),
]


@pytest.mark.parametrize("function", PURE)
def test_what_keeps_none_is_known_to_keep_none(function):
    reach = Reach(function)
    assert reach.objection is None
    state = State(reach)
    function([1.0, 2.0])
    assert state.change() is None


def test_order_is_put_back():
    kept, before = order, copy.copy(order)

    def loss(x):
        kept.move_to_end(next(iter(kept)))
        return w * x[0]

    state = State(Reach(loss))
    loss([1.0])
    state.put_back()
    assert list(kept.items()) == list(before.items())


def test_an_object_that_answers_every_name_is_not_a_stream():
    class Anything:
        def __getattr__(self, name):
            return self

    assert not is_stream(Anything())
    assert is_stream(random.Random(1))
