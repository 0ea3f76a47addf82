"""What speaks against a function's purity: in all that it can reach, or in what it changes."""

# ruff: noqa: B008  (what a default holds is what is tested)

import array
import collections
import contextvars
import datetime
import functools
import itertools
import logging
import operator
import os
import random
import threading
import types
import weakref

import pytest

from autograd import Value
from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.state import State
from nn import MLP, Dropout

model = MLP(2, [2, 1], seed=1)
w = Value(1.0)
context: contextvars.ContextVar[int] = contextvars.ContextVar("context", default=0)
numbers, more = [1.0], collections.OrderedDict(a=1.0)
held = types.SimpleNamespace(a=1.0, b=random.Random(0))


class Kept:
    """It keeps something in each way that a class has."""

    count = 0

    def __init__(self):
        self.own = 0

    def counted(self):
        self.own += 1
        return self.own

    def of_the_class(self):
        type(self).count += 1
        return self.count

    @classmethod
    def method(cls):
        cls.count += 1
        return cls.count

    @functools.cached_property
    def cached(self):
        return 1.0


class Slots:
    __slots__ = ("own",)

    def __init__(self):
        self.own = 0

    def counted(self):
        self.own += 1
        return self.own


class Drawing:
    """It draws in methods that no code names."""

    def __getitem__(self, i):
        return random.random()


class Missing(dict):
    def __missing__(self, key):
        self[key] = len(self)
        return self[key]


class Unknown:
    def __getattr__(self, name):
        return random.random()


class Described:
    class _Number:
        def __get__(self, instance, owner):
            return random.random()

    number = _Number()


def counting(function):
    done = [0]

    @functools.wraps(function)
    def counted(*given):
        done[0] += 1
        return function(*given) * done[0]

    return counted


@counting
def same(x):
    return x


def drawn():
    while True:
        yield random.random()


generator = drawn()
kept, slots, drawing, missing, unknown = Kept(), Slots(), Drawing(), Missing(), Unknown()


def on_itself(x):
    on_itself.done = getattr(on_itself, "done", 0) + 1
    return w * on_itself.done


def on_a_value(x):
    w.done = getattr(w, "done", 0) + 1
    return w * w.done


def in_place(x):
    y = numbers
    y += [1.0]
    return w * len(y)


IMPURE = {
    "context": lambda x: context.set(context.get() + 1) and w,
    "thread": lambda x, own=threading.local(): w * hasattr(own, "a"),
    "array": lambda x, a=array.array("d", [0.0]): a.append(1.0) or w,
    "bytes": lambda x, a=bytearray(1): a.append(1) or w,
    "default dict": lambda x, d=collections.defaultdict(int): w * d[len(d)],
    "dict": lambda x: operator.setitem(more, "a", more["a"] + 1.0) or w,
    "deque": lambda x, d=collections.deque([0]): d.append(1) or w * len(d),
    "set": lambda x, s=set(): s.add(len(s)) or w * len(s),
    "attribute": lambda x: w * kept.counted(),
    "attribute of a class": lambda x: w * kept.of_the_class(),
    "class method": lambda x: w * Kept.method(),
    "cached": lambda x: w * kept.cached,
    "slot": lambda x: w * slots.counted(),
    "index": lambda x: w * drawing[0],
    "missing": lambda x: w * missing[len(missing)],
    "any attribute": lambda x: w * unknown.anything,
    "descriptor": lambda x, d=Described(): w * d.number,
    "decorated": lambda x: w * same(1.0),
    "generator": lambda x: w * next(generator),
    "chained": lambda x: w * next(itertools.chain(generator)),
    "method of a stream": lambda x, draw=random.Random(0).random: w * draw(),
    "name in text": lambda x: w * getattr(held, "b").random(),  # noqa: B009
    "on itself": on_itself,
    "on a Value": on_a_value,
    "in place": in_place,
    "log": lambda x: logging.info("row") or w,
    "clock": lambda x: w * datetime.datetime.now().second,
    "environment": lambda x: w * len(os.environ),
    "threads": lambda x: w * threading.active_count(),
    "globals": lambda x: w * len(globals()["numbers"]),
    "weak": lambda x, k=weakref.ref(kept): w * k().counted(),
    "iterator": lambda x, pairs=zip([1.0], [2.0]): w * len([*pairs]),
    "dropout": lambda x, drop=Dropout(0.5): drop(w),
}


@pytest.mark.parametrize("name", IMPURE)
def test_what_is_not_pure_is_objected_to_or_seen_to_change_something(name):
    function = IMPURE[name]
    reach = Reach(function)
    state = State(reach)
    if not reach.objection:
        function([1.0])
        assert state.change()
        state.put_back()
        assert not state.change()


PURE = {
    "attribute": lambda x: w * held.a,  # and not held.b
    "list": lambda x: w * sum(sorted(numbers)),
    "own list": lambda x: w * len([*itertools.accumulate([1.0, 2.0])]),
    "own object": lambda x: w * Slots().counted(),
    "text": lambda x: w * len(f"{len(numbers)}".join("ab")),
    "evaluation": lambda x, drop=Dropout(0.5).eval(): drop(w),
    "partial": functools.partial(lambda k, x: k * w, 2.0),
    "network": lambda x: model(x) + sum(p * p for p in model.parameters()),
}


@pytest.mark.parametrize("name", PURE)
def test_what_is_pure_is_known_to_be(name):
    reach = Reach(PURE[name])
    assert reach.objection is None
    state = State(reach)
    PURE[name]([1.0, 2.0])
    assert state.change() is None
