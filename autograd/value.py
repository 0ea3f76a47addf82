"""A Value: a number that remembers how it was made, and so can differentiate itself.

Every operation leaves a new Value behind, which holds its result, its inputs in order and with
repeats, and the local derivative by each input at that point. The chain rule is then one
sentence: visit the nodes from the output back, deepest first, and give each input *local
derivative times my gradient*. See ``Value.backward``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd import modes, ops
from autograd.ops import Op
from autograd.real import as_float, count

Number = float | int
new = object.__new__
_LEAF: tuple[Any, ...] = (None,)


class _Constant(tuple[Any, ...]):
    """The record of a leaf that stands for a plain number: the 2 of ``2 * x``. There is one, told
    by identity; so it is pickled by its name."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "_CONSTANT"


_CONSTANT = _Constant(_LEAF)


class Value:
    """A real number in a graph of operations.

    Args:
        data: an int, a float or a numpy scalar.
        label: a name for drawings and messages; any text.

    Attributes:
        data: the number, a float. May be assigned, as ``p.data -= rate * p.grad`` does; what was
            recorded before keeps the old numbers.
        grad: the derivative of the last output on which ``backward`` was called by this value.
            None until then. On leaves it adds up over calls until set to 0 (``zero_grad``).
        label: the name.

    Raises:
        TypeError: ``data`` is not one real number.
    """

    # _record is how the value was made, and never changes. One flat tuple, because it is what
    # recording spends its time and memory on: (op, *inputs, *partials).
    # _depth is 0 for a leaf, and for any other node 1 more than its deepest input's.
    # _mark is the last pass over the graph that came by. _source is set under detect_anomaly.
    __slots__ = ("_depth", "_mark", "_record", "_source", "data", "grad", "label")

    # numpy scalars and arrays then leave `array * value` to __rmul__, which explains; and
    # np.tanh(value) calls value.tanh().
    __array_priority__ = 1000.0

    data: float
    grad: float | None
    label: str
    _record: tuple[Any, ...]
    _depth: int
    _mark: object
    _source: str

    def __init__(self, data: Number, label: str = "") -> None:
        self.data = data if type(data) is float else as_float(data)
        if not isinstance(label, str):
            raise TypeError(f"a label is text; got {type(label).__name__} {label!r}")
        self.grad = None
        self.label = label
        self._record = _LEAF
        self._depth = 0
        self._mark = None

    # --- how it was made ---

    @property
    def op(self) -> Op | None:
        """The row of the operation table that made this value; None for a leaf."""
        op: Op | None = self._record[0]
        return op

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The operation's inputs, in order and with repeats: two for ``x * x``."""
        return self._record[1 : len(self._record) // 2 + 1]

    @property
    def partials(self) -> tuple[float, ...]:
        """The derivative of this value by each of ``inputs``, at the point of recording."""
        return self._record[len(self._record) // 2 + 1 :]

    @property
    def source(self) -> str | None:
        """The line of code that recorded this value, if ``detect_anomaly`` was on."""
        return getattr(self, "_source", None)

    @property
    def _prev(self) -> set[Value]:
        """The distinct inputs, under micrograd's name."""
        return set(self.inputs)

    @property
    def _op(self) -> str:
        """The operation's symbol, under micrograd's name."""
        return self.op.symbol if self.op else ""

    # --- derivatives ---

    def backward(self) -> None:
        """The derivative of this value by every value it was made from, into their ``grad``.

        Nodes are visited deepest first. All consumers of a node are deeper than the node itself,
        so its gradient is complete when its turn comes, however many paths lead to it, and each
        node is visited once. The gradients of interior nodes are those of this call; those of
        leaves are added to what is there.
        """
        if modes.active:
            if modes.switches.recorder:
                modes.switches.recorder.refuse_backward()
            if modes.switches.watching:
                return _backward_watched(self)
        this_pass = object()
        waiting: defaultdict[int, list[Value]] = defaultdict(list)

        def discover(node: Value) -> None:
            node._mark = this_pass
            if node._depth:
                node.grad = 0.0
                waiting[node._depth].append(node)
            elif node.grad is None:
                node.grad = 0.0

        discover(self)
        self.grad += 1.0  # type: ignore[operator]
        for depth in range(self._depth, 0, -1):
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

    # --- arithmetic; numbers may stand on either side ---

    def __neg__(self) -> Value:
        return record(ops.neg, (self,))

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return record(ops.abs, (self,))

    def __pow__(self, exponent: Value | Number) -> Value:
        if isinstance(exponent, Value):
            return record(ops.pow, (self, exponent))
        return record(ops.power(as_float(exponent)), (self,))

    def __rpow__(self, base: Number) -> Value:
        return record(ops.pow, (as_value(base), self))

    # --- the rows of the table as methods ---

    def tanh(self) -> Value:
        """The hyperbolic tangent."""
        return record(ops.tanh, (self,))

    def exp(self) -> Value:
        """e to the power of this value."""
        return record(ops.exp, (self,))

    def log(self) -> Value:
        """The natural logarithm."""
        return record(ops.log, (self,))

    def sqrt(self) -> Value:
        """The square root."""
        return record(ops.sqrt, (self,))

    def relu(self) -> Value:
        """This value where it is positive, else 0."""
        return record(ops.relu, (self,))

    def sigmoid(self) -> Value:
        """1 / (1 + e^-x)."""
        return record(ops.sigmoid, (self,))

    def softplus(self) -> Value:
        """log(1 + e^x)."""
        return record(ops.softplus, (self,))

    def sin(self) -> Value:
        """The sine, of radians."""
        return record(ops.sin, (self,))

    def cos(self) -> Value:
        """The cosine, of radians."""
        return record(ops.cos, (self,))

    def abs(self) -> Value:
        """The absolute value."""
        return record(ops.abs, (self,))

    def maximum(self, other: Value | Number) -> Value:
        """The larger of two."""
        return record(ops.maximum, (self, as_value(other)))

    def minimum(self, other: Value | Number) -> Value:
        """The smaller of two."""
        return record(ops.minimum, (self, as_value(other)))

    # --- out of the graph ---

    def item(self) -> float:
        """The number alone."""
        return self.data

    def detach(self) -> Value:
        """A leaf with the same number and label, through which no gradient flows."""
        if modes.active and modes.switches.recorder:
            return modes.switches.recorder.detached(self)
        return Value(self.data, self.label)

    def __float__(self, *_: object) -> NoReturn:
        raise TypeError(
            f"float, int, round and the functions of math would take {self!r} out of the graph "
            f"unnoticed: write x.data for the number, as in round(x.data, 2), and x.exp() or "
            f"autograd.exp(x) for a function of it"
        )

    __int__ = __round__ = __trunc__ = __float__

    # --- comparison, by number; ``compile`` must hear of it, for a branch may hang on it ---

    def __bool__(self) -> bool:
        return self != 0

    def __eq__(self, other: object) -> bool:
        if modes.active and modes.switches.recorder:
            return modes.switches.recorder.equal(self, other)
        return self.data == other.data if isinstance(other, Value) else self.data == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Value | Number) -> bool:
        if modes.active and modes.switches.recorder:
            return modes.switches.recorder.less(self, other)
        return self.data < number_of(other)

    def __le__(self, other: Value | Number) -> bool:
        if modes.active and modes.switches.recorder:
            return modes.switches.recorder.less_or_equal(self, other)
        return self.data <= number_of(other)

    def __gt__(self, other: Value | Number) -> bool:
        if modes.active and modes.switches.recorder:
            return modes.switches.recorder.less(other, self)
        return self.data > number_of(other)

    def __ge__(self, other: Value | Number) -> bool:
        if modes.active and modes.switches.recorder:
            return modes.switches.recorder.less_or_equal(other, self)
        return self.data >= number_of(other)

    # Two nodes that hold equal numbers are still two nodes, in a set or as keys.
    __hash__ = object.__hash__

    # --- for people ---

    def __repr__(self) -> str:
        parts = [f"{self.data:.9g}"]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self._op!r}")
        if self.grad is not None:
            parts.append(f"grad={self.grad:.9g}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    # --- copies ---

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        # Without recursion, so that a chain of a million nodes can be copied too.
        for node in topological_order(self):
            if id(node) in memo:
                continue
            copy = Value(node.data, node.label)
            copy.grad = node.grad
            if node.op is None:
                copy._record = node._record
            else:
                copied = (memo[id(child)] for child in node.inputs)
                copy._record = (node.op, *copied, *node.partials)
            copy._depth = node._depth
            memo[id(node)] = copy
        result: Value = memo[id(self)]
        return result

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Value | Number]) -> Value:
        """What a row of the table calls when one of its inputs is a Value."""
        return record(op, tuple([as_value(x) for x in inputs]))

    # Written below, where one function serves all four.
    __add__: Callable[[Value, Value | Number], Value]
    __radd__: Callable[[Value, Number], Value]
    __sub__: Callable[[Value, Value | Number], Value]
    __rsub__: Callable[[Value, Number], Value]
    __mul__: Callable[[Value, Value | Number], Value]
    __rmul__: Callable[[Value, Number], Value]
    __truediv__: Callable[[Value, Value | Number], Value]
    __rtruediv__: Callable[[Value, Number], Value]


def as_value(x: Value | Number) -> Value:
    """A Value as it is, a number as a new leaf."""
    if isinstance(x, Value):
        return x
    constant = Value(x)
    constant._record = _CONSTANT
    return constant


def is_constant(leaf: Value) -> bool:
    """Whether a leaf stands for a plain number, and was not made by hand."""
    return leaf._record is _CONSTANT


def number_of(x: object) -> float:
    """The number of a Value, or the number itself, checked."""
    return _checked(x) if isinstance(x, Value) else as_float(x)


# --- recording ---


def record(op: Op, inputs: tuple[Value, ...]) -> Value:
    """Carry out an operation and return the node that remembers it."""
    if modes.active:
        return _record_with_care(op, inputs)
    if op.arity == 1 and len(inputs) == 1:  # the most frequent kind here, without the loops
        (v,) = inputs
        try:
            data = op.forward(v.data)
            (partial,) = op.rule(data, v.data)
        except (ArithmeticError, ValueError, TypeError):
            return _record_with_care(op, inputs)
        if type(data) is not float or type(partial) is not float:
            return _record_with_care(op, inputs)
        return make_node(data, v._depth + 1, (op, v, partial))
    xs = []
    depth = 0
    for v in inputs:
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
    except (ArithmeticError, ValueError, TypeError):
        return _record_with_care(op, inputs)
    if type(data) is not float or len(partials) != len(xs):
        return _record_with_care(op, inputs)
    for partial in partials:
        if type(partial) is not float:
            return _record_with_care(op, inputs)
    return make_node(data, depth + 1, (op, *inputs, *partials))


def make_node(data: float, depth: int, made: tuple[Any, ...]) -> Value:
    """Value(data) with its record, and without the checks."""
    node = new(Value)
    node.data = data
    node.grad = None
    node.label = ""
    node._record = made
    node._depth = depth
    node._mark = None
    return node


def _record_with_care(op: Op, inputs: tuple[Value, ...]) -> Value:
    """``record`` for the rest: a mode is on, floats raised, or a row returned something odd."""
    if modes.switches.recorder:
        return modes.switches.recorder.record(op, inputs)
    xs = [_checked(v) for v in inputs]
    if not modes.switches.recording:
        return Value(op.compute(xs))
    data, partials = op.evaluate(xs)
    node = Value(data)
    if len(partials) != len(inputs):
        raise ValueError(
            f"the operation {op.name!r} gave {count(len(partials), 'partial')} "
            f"for {count(len(inputs), 'input')}: its rule must return one for each"
        )
    node._record = (op, *inputs, *partials)
    node._depth = max((v._depth for v in inputs), default=-1) + 1
    if modes.switches.watching:
        node._source = modes.user_line()
        modes.check_value(node)
    return node


def _checked(v: Value) -> float:
    try:
        return as_float(v.data)
    except TypeError as error:
        raise TypeError(f"the data of {v.label or 'a Value'!r} was set wrongly: {error}") from None


def _operators(op: Op) -> tuple[Callable[..., Value], Callable[..., Value]]:
    """``record`` made faster for two inputs: a method for ``self + other``, one for the reverse."""
    forward, rule = op.forward, op.rule

    def method(self: Value, other: Value | Number) -> Value:
        if type(other) is not Value:
            other = as_value(other)
        if modes.active:
            return _record_with_care(op, (self, other))
        a = self.data
        b = other.data
        try:
            data = forward(a, b)
            by_a, by_b = rule(data, a, b)
        except (ArithmeticError, TypeError):
            return _record_with_care(op, (self, other))
        if type(data) is not float:
            return _record_with_care(op, (self, other))
        depth = self._depth
        if other._depth > depth:
            depth = other._depth
        node = new(Value)
        node.data = data
        node.grad = None
        node.label = ""
        node._record = (op, self, other, by_a, by_b)
        node._depth = depth + 1
        node._mark = None
        return node

    def reverse(self: Value, other: Number) -> Value:
        return method(as_value(other), self)

    return method, reverse


for _op, _name in (ops.add, "add"), (ops.sub, "sub"), (ops.mul, "mul"), (ops.div, "truediv"):
    _method, _reverse = _operators(_op)
    setattr(Value, f"__{_name}__", _method)
    setattr(Value, f"__r{_name}__", _reverse)


# --- the graph ---


def topological_order(output: Value) -> list[Value]:
    """Every node that ``output`` was made from, and itself, each after all of its inputs.

    The order is by depth, and within a depth by first use seen from the output, the last first:
    the same in every process. No recursion, so the graph may be as deep as memory allows.
    """
    if not isinstance(output, Value):
        raise TypeError(f"expected the Value at which a graph ends; got {type(output).__name__}")
    this_pass = object()
    waiting: defaultdict[int, list[Value]] = defaultdict(list)
    output._mark = this_pass
    waiting[output._depth].append(output)
    order: list[Value] = []
    for depth in range(output._depth, -1, -1):
        for node in waiting.pop(depth):
            order.append(node)
            for child in node.inputs:
                if child._mark is not this_pass:
                    child._mark = this_pass
                    waiting[child._depth].append(child)
    order.reverse()
    return order


def _backward_watched(output: Value) -> None:
    """``Value.backward`` in its plainest form, with a look at every gradient."""
    order = topological_order(output)
    for node in order:
        if node.grad is None or node.op is not None:
            node.grad = 0.0
    output.grad = 1.0 if output.op is not None else output.grad + 1.0  # type: ignore[operator]
    for node in reversed(order):
        for child, partial in zip(node.inputs, node.partials, strict=True):
            child.grad += partial * node.grad  # type: ignore[operator]
            modes.check_gradient(child, node, partial)
