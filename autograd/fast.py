"""The plain recording and the plain backward of ``value.py`` once more, unrolled for speed.

A chain of operations takes half the time with these. ``tests/autograd/test_fast.py`` runs both
forms and holds them equal, bit for bit. Read ``value.py`` first: this file adds no idea to it.

Whatever is out of the ordinary goes to the plain form: a mode is on, floats raise, an operation
returns something odd. Then it either works or explains itself.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import modes, ops
from autograd.ieee import words
from autograd.nodes.leaves import ChangesInPlace
from autograd.nodes.order import topological_order
from autograd.op import Op
from autograd.operand import Operand
from autograd.real import as_float, is_array
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
        xs.append(v._number)
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


def _in_full(op: Op, inputs: Sequence[Value | Number]) -> Value:
    """In the plain form, or as whoever observes operations has it."""
    now = Value.apply_op
    return (_plain if now is apply_op else now)(op, inputs)


# Methods are made from this text, one for each operation. Python then fits the code of each to what
# it computes; and where the table's rule only takes inputs or constants, they stand in the text.
_OF_ONE = """
def method(self):
    if modes.active:
        return Value.apply_op(op, (self,))
    x = self._number
    try:
        data = forward(x)
        (partial,) = rule(data, x)
    except (ArithmeticError, ValueError, TypeError):
        return _in_full(op, (self,))
    if type(data) is not float or type(partial) is not float:
        return _in_full(op, (self,))
    node = new(type(self))
    node._number = data
    node._gradient = NOT_COMPUTED
    node._record = (op, self, partial)
    node._depth = self._depth + 1
    node._mark = None
    return node
"""

_OF_TWO = """
def method(self, other):
    if modes.active:
        return in_mode(self, other) if in_mode else _in_mode(op, {left}, {right})
    cls = type(self)
    kind = type(other)
    if kind is not cls:
        if kind is float or kind is int:
            other = constant(other)
        elif isinstance(other, Value):
            cls = class_of((self, other))
        elif is_array(other):
            return NotImplemented
        else:
            other = constant(other)
    a = {left}._number
    b = {right}._number
    try:
        data = {data}
        {compute_partials}
    except (ArithmeticError, TypeError):
        return _in_full(op, ({left}, {right}))
    if type(data) is not float:
        return _in_full(op, ({left}, {right}))
    depth = self._depth
    if other._depth > depth:
        depth = other._depth
    node = new(cls)
    node._number = data
    node._gradient = NOT_COMPUTED
    node._record = (op, {left}, {right}, {partials})
    node._depth = depth + 1
    node._mark = None
    return node
"""


def _made(text: str, op: Op, **more: Any) -> Callable[..., Value]:
    """The method with this text for an operation."""
    known = {**_KNOWN, "op": op, "forward": op.forward, "rule": op.rule, **more}
    exec(compile(text, f"<{op.name} of Values>", "exec"), known)
    method: Callable[..., Value] = known["method"]
    method.__name__, method.__doc__ = op.name, words(op.forward)
    return method


def _of_one(op: Op) -> Callable[[Value], Value]:
    """A method for an operation of one input."""
    return _made(_OF_ONE, op)


def _of_two(
    op: Op, in_mode: Callable[[Value, Any], Value] | None = None, turned: bool = False
) -> Callable[..., Value]:
    """A method for ``self + other``; for ``self += other``, where ``in_mode`` is what it does while
    a mode is on; or, turned, for ``other + self``."""
    left, right = ("other", "self") if turned else ("self", "other")
    by_python = op.forward is getattr(operator, op.name, None)
    data = f"a {op.symbol} b" if by_python else "forward(a, b)"
    partials = _taken(op)
    compute = "" if partials else "by_a, by_b = rule(data, a, b)"
    text = _OF_TWO.format(
        left=left,
        right=right,
        data=data,
        compute_partials=compute,
        partials=partials or "by_a, by_b",
    )
    return _made(text, op, in_mode=in_mode)


def _taken(op: Op) -> str:
    """The partials, where the rule computes nothing: it takes inputs, or constants. Else ""."""
    a, b = object(), object()
    try:
        partials = op.rule(None, a, b)
    except TypeError:  # it computes
        return ""
    written = ["a" if p is a else "b" if p is b else repr(p) for p in partials]
    return ", ".join(written)


def _in_mode(op: Op, a: Any, b: Any) -> Value:
    """The operation while a mode is on."""
    if is_array(a) or is_array(b):
        return NotImplemented  # type: ignore[no-any-return]
    return Value.apply_op(op, (a, b))


_KNOWN = {
    "__name__": __name__,
    **{"NOT_COMPUTED": NOT_COMPUTED, "Value": Value, "class_of": class_of, "constant": constant},
    **{"is_array": is_array, "modes": modes, "new": new},
    **{"_in_mode": _in_mode, "_in_full": _in_full},
}
"""What these texts name."""


def _power(self: Value, exponent: Value | Number) -> Value:
    """``self ** exponent``."""
    kind = type(exponent)
    if modes.active or (kind is not float and kind is not int):
        return Operand.__pow__(self, exponent)
    op = ops.power(as_float(exponent))
    x = self._number
    try:
        data = op.forward(x)
        (partial,) = op.rule(data, x)
    except (ArithmeticError, ValueError, TypeError):
        return _in_full(op, (self,))
    if type(data) is not float or type(partial) is not float:
        return _in_full(op, (self,))
    return make_node(data, self._depth + 1, (op, self, partial), type(self))


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
    for now in range(output._depth, 0, -1):
        for node in waiting.pop(now):
            gradient = node.grad
            record = node._record
            if len(record) == 5:  # two inputs, the most frequent kind, without a loop
                _, a, b, by_a, by_b = record
                # What follows is discover(a); a.grad += ..., mostly without the call.
                if a._mark is this_pass:
                    a.grad += by_a * gradient
                elif depth := a._depth:
                    a._mark = this_pass
                    a.grad = 0.0 + by_a * gradient
                    waiting[depth].append(a)
                else:
                    discover(a)
                    a.grad += by_a * gradient
                if b._mark is this_pass:
                    b.grad += by_b * gradient
                elif depth := b._depth:
                    b._mark = this_pass
                    b.grad = 0.0 + by_b * gradient
                    waiting[depth].append(b)
                else:
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
                    else:  # the same again, for the many terms of sums
                        child._mark = this_pass
                        child.grad = 0.0 + partial * gradient
                        waiting[child._depth].append(child)
    if waiting:  # an input is as deep as its node, or deeper
        topological_order(output)  # which says so. A deeper input that has had its turn does not
        # wait; to notice it would cost up to 4 % of each pass, and only an assignment to the
        # private _record makes one. Everything else that reads a graph refuses it.


_ONE = ("tanh", "exp", "log", "sqrt", "relu", "sigmoid", "softplus", "sin", "cos", "abs")
_TWO = {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div}

METHODS: dict[str, Any] = {
    "apply_op": staticmethod(apply_op),
    "backward": backward,
    "__pow__": _power,
}
"""What takes the place of a Value's plain methods, by name."""
METHODS |= {name: _of_one(ops.named(name)) for name in _ONE}
METHODS |= {"__neg__": _of_one(ops.neg), "__abs__": METHODS["abs"]}
for _name, _op in _TWO.items():
    METHODS[f"__{_name}__"] = _of_two(_op)
    METHODS[f"__r{_name}__"] = _of_two(_op, turned=True)
    METHODS[f"__i{_name}__"] = _of_two(_op, getattr(ChangesInPlace, f"__i{_name}__"))

PLAIN = {name: Value.__dict__[name] for name in METHODS if name in Value.__dict__}
# help(Value.backward) says what it does, and not how it is made fast.
apply_op.__doc__, backward.__doc__ = (PLAIN[name].__doc__ for name in ("apply_op", "backward"))


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
