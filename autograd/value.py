"""A Value: a number that remembers how it was made, and so can differentiate itself.

Every operation leaves a new Value behind. It holds its result, its inputs in order and with
repeats, and the local derivative by each input at that point. The chain rule is then one
sentence: visit the nodes from the output back, and give each input *local derivative times my
gradient*. See ``Value.apply_op``, which records, and ``Value.backward``.

These are the plain forms, which are there to be read. ``fast.py`` puts faster ones in their place
that give the same numbers.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any, NoReturn

from autograd import modes, ops
from autograd.given import shown
from autograd.ieee import words
from autograd.nodes.arrays import array_ufunc, compared
from autograd.nodes.by_hand import BY_HAND, OWN_OPERATION, described, refuse_anew
from autograd.nodes.leaves import CONSTANT, MADE, ChangesInPlace, check_output, kind_of_result
from autograd.nodes.order import topological_order as topological_order
from autograd.op import Op
from autograd.real import as_float, count, nine_digits

Number = float | int
new = object.__new__

_NONE: tuple[Any, ...] = ()
_CONSTANT = CONSTANT  # as pickled graphs of version 0.1 call it

NOT_COMPUTED = float("0")
"""The ``grad`` of a Value that no backward pass has reached: a zero of its own, known by identity.
``Value.has_grad`` asks for it."""


one_pass_at_a_time = threading.RLock()
"""Held by each pass that writes to the nodes of a graph, such as ``backward``. Threads may share
nodes, and such passes would otherwise disturb each other."""


def _method(op: Op) -> Callable[..., Value]:
    """An operation of one input as a method of a Value; of two with the other as its argument."""

    def method(self: Value, *other: Value | Number) -> Value:
        result: Value = op(self, *other)
        return result

    method.__name__, method.__doc__ = op.name, words(op.forward)
    return method


class Value(ChangesInPlace):
    """A real number in a graph of operations.

    Args:
        data: an int, a float or a numpy scalar.
        children: the values that it was computed from, by hand; usually none. Text here is the
            label.
        local_grads: its derivatives by each of them, as numbers.
        label: a name for drawings and messages; any text.
        _children, _op: micrograd's names; empty, because an operation of your own is an ``Op``.

    Attributes:
        data: the number, a float. May be assigned, as ``p.data -= rate * p.grad`` does; what was
            recorded before keeps the old numbers.
        grad: the derivative, by this value, of the last output whose ``backward`` was called.
            0.0 until then (see ``has_grad``). On leaves it adds up over calls until set to 0
            (``zero_grad``).
        label: the name.

    Other attributes may be added to any Value, such as ``p.momentum = 0.0``.

    Operations on a subclass return that subclass, and do not call its ``__init__``.

    Raises:
        TypeError: ``data`` is not one real number, or a node made by hand lacks its derivatives.
        ValueError: there is not one derivative for each input.
    """

    # _record says how the value was made, and never changes: (op, *inputs, *partials). It is one
    # flat tuple, because recording spends its time and memory on it.
    # _depth is 0 for a leaf, and for any other node 1 more than that of its deepest input.
    # _mark is the last pass that wrote to the node.
    # _number and _gradient are data and grad once more, for the engine's own work. Whoever replaces
    # data and grad for a while, to see what a function asks of them, does not see that work.
    # Few nodes have anything else: the label, what detect_anomaly notes, attributes of the user's.
    __slots__ = ("__dict__", "_depth", "_mark", "_record", "data", "grad")

    __array_ufunc__ = array_ufunc

    data: float
    grad: float
    label: str = ""
    _number: float
    _gradient: float
    _record: tuple[Any, ...]
    _depth: int
    _mark: object
    _source: str | None = None

    def __init__(
        self,
        data: Number,
        children: str | Iterable[Value] = _NONE,
        local_grads: str | Iterable[Number] = _NONE,
        label: str = "",
        *,
        _children: Iterable[Value] = _NONE,
        _op: str = "",
    ) -> None:
        if (children is not _NONE or _children) and hasattr(self, "_record"):
            refuse_anew(self)
        self.data = data if type(data) is float else as_float(data)
        self.grad = NOT_COMPUTED
        self._record = MADE
        self._depth = 0
        self._mark = None
        if children is not _NONE or local_grads is not _NONE or label or _children or _op:
            label, inputs, partials = described(children, local_grads, label, _children, _op)
            if label:
                self.label = label
            if inputs and modes.switches.recording:
                self._made(BY_HAND, [as_value(x) for x in inputs], partials)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__hash__ is None:  # as Python has it where a class defines __eq__ alone
            cls.__hash__ = Value.__hash__
        elif "__hash__" in vars(cls) and cls.__eq__ is not Value.__eq__:
            raise TypeError(
                f"{cls.__name__} has an __eq__ and a __hash__ of its own, and nodes of a graph "
                "that count as equal would be taken for one: leave out its __hash__"
            )

    # --- how it was made ---

    @property
    def op(self) -> Op | None:
        """The operation that made this value; None for a leaf."""
        op: Op | None = self._record[0]
        return op

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The operation's inputs, in order and with repeats, so ``x * x`` has two."""
        return self._record[1 : len(self._record) // 2 + 1]

    @property
    def partials(self) -> tuple[float, ...]:
        """The derivative of this value by each of ``inputs``, at the point of recording."""
        return self._record[len(self._record) // 2 + 1 :]

    @property
    def source(self) -> str | None:
        """The line of code that recorded this value, if ``detect_anomaly`` was on."""
        return self._source

    @property
    def _prev(self) -> set[Value]:
        """The distinct inputs, under micrograd's name."""
        return set(self.inputs)

    @property
    def _op(self) -> str:
        """The operation's symbol, under micrograd's name."""
        return self.op.symbol if self.op else ""

    # --- derivatives ---

    @property
    def has_grad(self) -> bool:
        """Whether a backward pass has reached this value, or somebody has set its gradient.

        It tells a gradient that is 0 from one that was not computed. ``p.grad = None``, as programs
        for PyTorch have it, takes the gradient away.
        """
        return self.grad is not NOT_COMPUTED and self.grad is not None

    def backward(self, retain_graph: bool = True) -> None:
        """The derivative of this value by every value that it was made from, into their ``grad``.

        All consumers of a node come before it, so its gradient is complete when its turn comes,
        however many paths lead to it, and each node is visited once. Gradients of interior nodes
        are those of this call; on leaves, each call adds to the gradient that is there.
        The graph stays, whatever PyTorch's ``retain_graph`` is.
        """
        check_output(self)
        with one_pass_at_a_time:
            order = topological_order(self)
            for node in order:
                if node.op is not None or not node.has_grad:
                    node.grad = 0.0
            self.grad += 1.0
            for node in reversed(order):
                node._contribute()

    def _contribute(self) -> None:
        """Add what this value gives to the gradients of its inputs: partial * gradient."""
        with one_pass_at_a_time:
            for child, partial in zip(self.inputs, self.partials):
                if not child.has_grad:
                    child.grad = 0.0
                child.grad += partial * self.grad
                if modes.switches.watching:
                    modes.check_gradient(child, child.grad, self, partial, self.grad)

    @property
    def _backward(self) -> Callable[[], None]:
        """One step of ``backward``, under micrograd's name; on a leaf it does nothing."""
        return self._contribute

    @_backward.setter
    def _backward(self, _: object) -> NoReturn:
        raise AttributeError(f"a Value's _backward follows from its operation. {OWN_OPERATION}")

    # --- operations; Operand writes + - * / ** in terms of the first method here ---

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Value | Number]) -> Value:
        """Carry out an operation, and return the node that remembers it.

        Raises:
            TypeError, ArithmeticError, ValueError: the operation failed; the message names it.
            AnomalyError: under ``detect_anomaly``, the result is not finite.
        """
        values = [x if isinstance(x, Value) else constant(x) for x in inputs]
        xs = [v.data if type(v.data) is float else number_of(v) for v in values]
        cls = class_of(values)
        if not modes.switches.recording:
            result = op.compute(xs)
            if not isfinite(result) and modes.switches.watching:
                modes.check_value(result, op, values)
            return make_node(result, 0, kind_of_result(values), cls)
        data, partials = op.evaluate(xs)
        if len(partials) != len(values):
            raise ValueError(
                f"the operation {op.name!r} gave {count(len(partials), 'partial')} "
                f"for {count(len(values), 'input')}: its rule must return one for each"
            )
        node = make_node(data, 0, MADE, cls)
        node._made(op, values, partials)
        return node

    def _made(self, op: Op, inputs: Sequence[Value], partials: Sequence[float]) -> None:
        """Remember how this value was made."""
        self._record = (op, *inputs, *partials)
        self._depth = max([v._depth for v in inputs], default=-1) + 1
        if modes.switches.watching:
            modes.check_value(self.data, op, inputs)
            self._source = modes.user_line()

    tanh = _method(ops.tanh)
    exp = _method(ops.exp)
    log = _method(ops.log)
    sqrt = _method(ops.sqrt)
    relu = _method(ops.relu)
    sigmoid = _method(ops.sigmoid)
    softplus = _method(ops.softplus)
    sin = _method(ops.sin)
    cos = _method(ops.cos)
    abs = _method(ops.abs)
    expm1 = _method(ops.expm1)
    log1p = _method(ops.log1p)
    tan = _method(ops.tan)
    sinh = _method(ops.sinh)
    cosh = _method(ops.cosh)
    atan = arctan = _method(ops.atan)  # NumPy calls it by its own name, on arrays of Values
    erf = _method(ops.erf)
    maximum = _method(ops.maximum)
    minimum = _method(ops.minimum)
    hypot = _method(ops.hypot)
    atan2 = arctan2 = _method(ops.atan2)

    # --- out of the graph ---

    def item(self) -> float:
        """The number alone."""
        return self.data

    def detach(self) -> Value:
        """A leaf with the same number and label, through which no gradient flows."""
        leaf = make_node(self.data, 0, MADE, type(self))
        if self.label:
            leaf.label = self.label
        return leaf

    def __float__(self, *_: object) -> NoReturn:
        raise TypeError(
            f"float, int, round, % formatting and functions of math would take {shown(self)} out "
            "of the graph unnoticed: write x.data for the number, as in round(x.data, 2), and "
            "x.exp() or autograd.exp(x) for a function of it"
        )

    __int__ = __round__ = __trunc__ = __float__

    # --- comparison: == asks whether two Values are one node; all else compares numbers ---

    def __bool__(self) -> bool:
        return self != 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value):
            return self is other
        return compared(operator.eq, self, other)

    def __ne__(self, other: object) -> bool:
        if isinstance(other, Value):
            return self is not other
        return compared(operator.ne, self, other)

    def __lt__(self, other: Value | Number) -> bool:
        return self.data < number_of(other)

    def __le__(self, other: Value | Number) -> bool:
        return self.data <= number_of(other)

    def __gt__(self, other: Value | Number) -> bool:
        return self.data > number_of(other)

    def __ge__(self, other: Value | Number) -> bool:
        return self.data >= number_of(other)

    # As __eq__ has it: two nodes that hold equal numbers are still two nodes.
    __hash__ = object.__hash__

    # --- for people ---

    def __repr__(self) -> str:
        parts = [nine_digits(self.data)]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self._op!r}")
        if self.has_grad:
            parts.append(f"grad={nine_digits(self.grad)}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)


Value._number, Value._gradient = vars(Value)["data"], vars(Value)["grad"]

# CPython 3.11 and 3.12 set aside room in each new object for the attributes that earlier ones were
# given. After thirty objects without any there is room for one, and here the label takes it.
for _ in range(30):
    Value(0.0)
Value(0.0, "label")


def make_node(data: float, depth: int, record: tuple[Any, ...], cls: type[Value] = Value) -> Value:
    """A Value that was made as ``record`` says."""
    node = new(cls)
    node._number = data
    node._gradient = NOT_COMPUTED
    node._record = record
    node._depth = depth
    node._mark = None
    return node


def as_value(x: Value | Number) -> Value:
    """A Value as it is, a number as a new leaf."""
    return x if isinstance(x, Value) else constant(x)


def constant(x: Number) -> Value:
    """A new leaf that stands for a plain number."""
    return make_node(x if type(x) is float else as_float(x), 0, CONSTANT)


def class_of(values: Iterable[Value]) -> type[Value]:
    """The class of the result of an operation: the first subclass of Value, or one of its own."""
    cls = Value
    for v in values:
        if type(v) is not cls and issubclass(type(v), cls):
            cls = type(v)
    return cls


def is_constant(leaf: Value) -> bool:
    """Whether a leaf stands for a plain number, and was not made by hand."""
    return leaf._record is CONSTANT


def number_of(x: object) -> float:
    """The number of a Value, or the number itself, checked."""
    if not isinstance(x, Value):
        return as_float(x)
    if type(x.data) is float:
        return x.data
    return as_float(x.data, f"the data of {shown(x.label or 'a Value')} was set wrongly")
