"""The plain recording and the plain backward of ``value.py`` once more, unrolled for speed.

A chain of operations takes half the time with these. ``tests/autograd/test_fast.py`` runs both
forms and holds them equal, bit for bit. Read ``value.py`` first: this file adds no idea to it.

Whatever is out of the ordinary goes to the plain form: a mode is on, floats raise, an operation
returns something odd. Then it either works or explains itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import modes, ops
from autograd.nodes.leaves import ChangesInPlace
from autograd.op import Op
from autograd.real import is_array
from autograd.value import (
    NOT_COMPUTED,
    Number,
    Value,
    as_value,
    class_of,
    constant,
    make_node,
    new,
    one_pass_at_a_time,
)

_plain = Value.apply_op
_plain_backward = Value.backward


def apply_op(op: Op, inputs: Sequence[Value | Number]) -> Value:
    """``Value.apply_op``."""
    if modes.active:
        return _plain(op, inputs)
    xs = []
    values = []
    depth = 0
    plain = True
    for v in inputs:
        if type(v) is not Value:
            v = as_value(v)
            plain &= type(v) is Value
        values.append(v)
        xs.append(v.data)
        if v._depth > depth:
            depth = v._depth
    try:
        if op.arity is None:
            data = op.forward(xs)
            partials = op.rule(data, xs)
        else:
            data = op.forward(*xs)
            partials = op.rule(data, *xs)
        complete = len(partials) == len(xs)
    except (ArithmeticError, ValueError, TypeError):
        return _plain(op, values)
    if type(data) is not float or not complete:
        return _plain(op, values)
    for partial in partials:
        if type(partial) is not float:
            return _plain(op, values)
    cls = Value if plain else class_of(values)
    return make_node(data, depth + 1, (op, *values, *partials), cls)


def _of_one(op: Op) -> Callable[[Value], Value]:
    """A method for an operation of one input."""
    forward, rule = op.forward, op.rule

    def method(self: Value) -> Value:
        if modes.active:
            return Value.apply_op(op, (self,))
        x = self.data
        try:
            data = forward(x)
            (partial,) = rule(data, x)
        except (ArithmeticError, ValueError, TypeError):
            return _plain(op, (self,))
        if type(data) is not float or type(partial) is not float:
            return _plain(op, (self,))
        return make_node(data, self._depth + 1, (op, self, partial), type(self))

    method.__name__, method.__doc__ = op.name, forward.__doc__
    return method


def _of_two(op: Op, in_mode: Callable[[Value, Any], Value] | None = None) -> Callable[..., Value]:
    """A method for ``self + other``, or for ``self += other``: ``in_mode`` is what it does then."""
    forward, rule = op.forward, op.rule

    def method(self: Value, other: Value | Number) -> Value:
        if modes.active:
            return in_mode(self, other) if in_mode else _in_mode(op, self, other)
        cls = type(self)
        if type(other) is not cls:
            if isinstance(other, Value):
                cls = class_of((self, other))
            elif type(other) is not float and is_array(other):
                return NotImplemented  # type: ignore[no-any-return]
            else:
                other = constant(other)
        a = self.data
        b = other.data
        try:
            data = forward(a, b)
            by_a, by_b = rule(data, a, b)
        except (ArithmeticError, TypeError):
            return _plain(op, (self, other))
        if type(data) is not float:
            return _plain(op, (self, other))
        depth = self._depth
        if other._depth > depth:
            depth = other._depth
        node = new(cls)
        node.data = data
        node.grad = NOT_COMPUTED
        node._record = (op, self, other, by_a, by_b)
        node._depth = depth + 1
        node._mark = None
        return node

    return method


def _in_mode(op: Op, a: Value, b: Any) -> Value:
    """The operation while a mode is on."""
    if is_array(b):
        return NotImplemented  # type: ignore[no-any-return]
    return Value.apply_op(op, (a, b))


def _reversed(method: Callable[..., Value]) -> Callable[[Value, Number], Value]:
    """The method for ``number + self``."""
    return lambda self, other: method(as_value(other), self)


def backward(self: Value, retain_graph: bool = True) -> None:
    """``Value.backward``: nodes are found on the way, instead of being put in order first."""
    if self._depth == 0 or (modes.active and modes.switches.watching):
        return _plain_backward(self)
    with one_pass_at_a_time:
        _backward(self)


def _backward(output: Value) -> None:
    this_pass = object()
    waiting: defaultdict[int, list[Value]] = defaultdict(list)

    def discover(node: Value) -> None:
        node._mark = this_pass
        if node._depth:
            node.grad = 0.0
            waiting[node._depth].append(node)
        elif node.grad is None:  # as ``has_grad`` says
            node.grad = 0.0

    discover(output)
    output.grad += 1.0
    for depth in range(output._depth, 0, -1):
        for node in waiting.pop(depth):
            gradient = node.grad
            record = node._record
            if len(record) == 5:  # two inputs, the most frequent kind, without a loop
                _, a, b, by_a, by_b = record
                if a._mark is not this_pass:
                    discover(a)
                a.grad += by_a * gradient
                if b._mark is not this_pass:
                    discover(b)
                b.grad += by_b * gradient
            elif len(record) == 3:  # one input
                _, a, by_a = record
                if a._mark is not this_pass:
                    discover(a)
                a.grad += by_a * gradient
            else:
                half = len(record) // 2 + 1
                for child, partial in zip(record[1:half], record[half:]):
                    if child._mark is this_pass:
                        child.grad += partial * gradient
                    elif not child._depth:
                        discover(child)
                        child.grad += partial * gradient
                    else:  # discover(child) without the call, for the many terms of sums
                        child._mark = this_pass
                        child.grad = partial * gradient
                        waiting[child._depth].append(child)


_ONE = ("tanh", "exp", "log", "sqrt", "relu", "sigmoid", "softplus", "sin", "cos", "abs")
_TWO = {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div}

METHODS: dict[str, Any] = {"apply_op": staticmethod(apply_op), "backward": backward}
"""What takes the place of a Value's plain methods, by name."""
METHODS |= {name: _of_one(ops.named(name)) for name in _ONE}
METHODS |= {"__neg__": _of_one(ops.neg), "__abs__": METHODS["abs"]}
for _name, _op in _TWO.items():
    METHODS[f"__{_name}__"] = _of_two(_op)
    METHODS[f"__r{_name}__"] = _reversed(METHODS[f"__{_name}__"])
    METHODS[f"__i{_name}__"] = _of_two(_op, getattr(ChangesInPlace, f"__i{_name}__"))

PLAIN = {name: Value.__dict__[name] for name in METHODS if name in Value.__dict__}


def install() -> None:
    """Let Values use these methods."""
    for name, method in METHODS.items():
        setattr(Value, name, method)


@contextmanager
def plain() -> Iterator[None]:
    """Within, Values use the plain methods, in every thread: for tests that compare the two."""
    for name in METHODS:
        if name in PLAIN:
            setattr(Value, name, PLAIN[name])
        else:
            delattr(Value, name)  # it is Operand's
    try:
        yield
    finally:
        install()
