"""Record: run a function, and keep the graph that it builds for any row.

The numbers of the row at hand must not leak into the program. So the recording observes every look
at the number of a Value while the function runs. A comparison, on which a branch may hang, becomes
a *guard*, and so does a look at the number itself (``value.data``). A row for which every guard
turns out as it did while recording takes the same path, and the graph holds for it. A look at what
is not part of the graph, a gradient or a random number, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from autograd import gradient, modes, ops
from autograd.compiler.algebra import GUARDS, constant_part
from autograd.compiler.purity.streams import Streams
from autograd.compiler.recording.alike import alike
from autograd.compiler.recording.branches import Path
from autograd.compiler.recording.listed import Listed
from autograd.compiler.recording.observe import CompileError as CompileError
from autograd.compiler.recording.observe import observed, silenced
from autograd.compiler.recording.printing import is_for_print, printed
from autograd.compiler.recording.stand_ins import takes_numbers
from autograd.compiler.recording.taken import taken
from autograd.functions import weighted_sum
from autograd.nodes.by_hand import BY_HAND, NO_RULE
from autograd.nodes.leaves import RESULT, refuse_derivative
from autograd.ops import Op
from autograd.value import (
    Number,
    Value,
    as_value,
    class_of,
    is_constant,
    make_node,
    one_pass_at_a_time,
    topological_order,
)

_no_float = Value.__float__


@dataclass
class Guard:
    """A comparison that the recorded path hangs on."""

    failure: Value
    a: Value
    b: Value
    place: tuple[str, int]
    reading: bool
    """Whether the number itself was looked at."""

    def line(self) -> str:
        """The user's line that compared."""
        return modes.shown_line(*self.place)


@dataclass
class Recording:
    """What one run of a function built.

    Attributes:
        inputs: for each argument its leaves.
        outputs: the Values returned.
        single: whether the function returned one Value, not a list.
        guards: the comparisons made on the way.
        parameters: the leaves that were there before, in the order of their first use.
        listed: the nodes, of which the last is ``root()``.
        takes_numbers: whether the function takes plain numbers, too.
        refusal: why the recording cannot hold, if the function went on all the same.
        names, function: the names of inputs and of the function, for what it prints.
        told: whether a reader of that knows that it is a recording.
        path: which way each comparison of inputs is to turn out; None if as it does.
    """

    inputs: list[list[Value]]
    path: Path | None = None
    outputs: list[Value] = field(default_factory=list)
    single: bool = True
    guards: list[Guard] = field(default_factory=list)
    parameters: list[Value] = field(default_factory=list)
    takes_numbers: bool = True
    refusal: CompileError | None = None
    names: dict[Value, str] = field(default_factory=dict)
    function: str = "the function"
    told: bool = False
    listed: Listed = field(init=False)
    _without_graph: list[Value] = field(default_factory=list)

    def root(self) -> Value:
        """A node above all that was built."""
        root = Value(0.0)
        ends = self.ends()
        root._record = (ops.sum, *ends, *(1.0,) * len(ends))
        root._depth = max(v._depth for v in ends) + 1
        return root

    def ends(self) -> list[Value]:
        """The outputs, and the count of failures of each guard."""
        return self.outputs + [guard.failure for guard in self.guards]

    # --- what Values do while the function runs ---

    def record(self, op: Op, inputs: Sequence[Value | Number]) -> Value:
        """An operation."""
        values = [x if type(x) is Value else as_value(x) for x in inputs]
        node = self._node(op, values)
        off = modes.active and not modes.switches.recording
        return self.detached(node) if off else node

    def detached(self, v: Value) -> Value:
        """``v.detach()``: the same number, and no derivative."""
        return self._node(constant_part, [v])

    def derivatives(self, output: Value, targets: Sequence[Value]) -> list[Value]:
        """``grad`` without ``create_graph``, where a plain number would hold for one row only."""
        found = [self.detached(v) for v in gradient.recorded(output, targets)]
        self._without_graph += found
        return found

    def check_output(self, v: Value) -> None:
        """Refuse to differentiate such a derivative, as ``grad`` does elsewhere."""
        if any(v is derivative for derivative in self._without_graph):
            refuse_derivative(v)

    def is_changed(self, node: Value) -> bool:
        """Whether a leaf of the node was assigned: not in here, where that is refused."""
        return False

    def dot(self, *arguments: Any) -> Value:
        """``dot`` under ``no_grad``."""
        return weighted_sum.recorded(*arguments)

    def take(self, rows: Sequence[Any], index: Value) -> Any:
        """``take`` of an input."""
        return taken(self, rows, index)

    def _node(self, op: Op, inputs: Sequence[Value]) -> Value:
        data = op.compute([v._number for v in inputs])
        depth = max([v._depth for v in inputs], default=-1) + 1
        # Backward is not for this graph, so the partials only keep their places.
        made = (op, *inputs, *(0.0,) * len(inputs))
        node = make_node(data, depth, made, class_of(inputs))
        if modes.active and modes.switches.watching:
            node._source = modes.user_line()
        return node

    def less(self, a: Value, b: Value | Number) -> bool:
        """``a < b``."""
        return self._compare("less", a, as_value(b))

    def less_or_equal(self, a: Value, b: Value | Number) -> bool:
        """``a <= b``."""
        return self._compare("less_equal", a, as_value(b))

    def greater(self, a: Value, b: Value | Number) -> bool:
        """``a > b``."""
        return self._compare("less", as_value(b), a)

    def greater_or_equal(self, a: Value, b: Value | Number) -> bool:
        """``a >= b``."""
        return self._compare("less_equal", as_value(b), a)

    def equal(self, a: Value, b: object) -> bool:
        """``a == b``, of anything."""
        if isinstance(b, Value):
            if self._is_number(a) or self._is_number(b):
                self.refuse(
                    f"the function compares two Values by == or !=, at {modes.user_line()}: of "
                    "plain numbers, as the rows are, that compares the numbers; of Values it asks "
                    "whether they are one node. Write a - b == 0 for numbers, or a is b for nodes"
                )
            return a is b
        try:
            other = as_value(b)  # type: ignore[arg-type]
        except TypeError:
            return a._number == b
        x, y = a._number, other._number
        if self._outcome(x == y, a, other):
            # Not the guard "equal", for which nan is nan, as a look at a number must have it.
            self._guard("less_equal", a, other)
            self._guard("less_equal", other, a)
            return True
        self._guard("not less_equal" if x != x and y != y else "not equal", a, other)
        return False

    def unequal(self, a: Value, b: object) -> bool:
        """``a != b``, of anything."""
        return not self.equal(a, b)

    def _is_number(self, v: Value) -> bool:
        """Whether ``v`` is a number when the function is called with numbers: it was made from
        inputs and constants alone."""
        inputs = {id(x) for argument in self.inputs for x in argument}
        leaves = (node for node in topological_order(v) if node.op is None)
        return all(id(leaf) in inputs or is_constant(leaf) for leaf in leaves)

    def _compare(self, name: str, a: Value, b: Value) -> bool:
        outcome = self._outcome(not GUARDS[name].forward(a._number, b._number), a, b)
        self._guard(name if outcome else f"not {name}", a, b)
        return outcome

    def _outcome(self, natural: bool, a: Value, b: Value) -> bool:
        """How a comparison turns out: as the numbers have it, or as the path says."""
        if self.path is None:
            return natural
        return self.path.outcome(natural) if self._depends_on_inputs(a, b) else natural

    def _depends_on_inputs(self, *ends: Value) -> bool:
        inputs = {id(x) for argument in self.inputs for x in argument}
        pending, seen = list(ends), set[int]()
        while pending:  # no order is needed, and an input is near as a rule
            v = pending.pop()
            if id(v) in inputs:
                return True
            if id(v) not in seen:
                seen.add(id(v))
                pending += v.inputs
        return False

    def read(self, v: Value) -> float:
        """``v.data``."""
        seen = v._number
        self._guard("equal", v, as_value(seen), reading=True)
        return seen

    def _guard(self, name: str, a: Value, b: Value, reading: bool = False) -> None:
        failure = self._node(GUARDS[name], (a, b))
        self.guards.append(Guard(failure, a, b, modes.user_place(), reading))

    def printed(self, v: Value, now: bool) -> str | None:
        """``repr(v)``, ``str(v)`` or ``format(v)``, if it is for print: a name."""
        return printed(v, self.names) if now or is_for_print() else None

    # --- what a recording cannot keep ---

    def refuse(self, message: str) -> NoReturn:
        """Raise a CompileError, which counts even if the function catches it."""
        self.refusal = CompileError(message)
        raise self.refusal

    def refuse_backward(self, *_: object, **__: object) -> NoReturn:
        """``v.backward()``."""
        self.refuse(
            f"the function calls backward(), at {modes.user_line()}: its gradients are numbers of "
            "one row; write autograd.grad(output, wrt) for derivatives within a function"
        )

    def refuse_reading(self, name: str) -> NoReturn:
        """``v.grad``."""
        self.refuse(
            f"the function reads a Value's {name}, at {modes.user_line()}: that is a number of one "
            "row; write autograd.grad(output, wrt) for derivatives within a function"
        )

    def refuse_setting(self, name: str) -> NoReturn:
        """``v.data = 1.0``."""
        self.refuse(
            f"the function sets a Value's {name}, at {modes.user_line()}: that is a change outside "
            "the graph, and would happen once instead of for every row"
        )

    def check_key(self, v: Value) -> None:
        """A look into a set or a dictionary: there a number is found, and a Value is not."""
        if self._is_number(v):
            self.refuse(
                f"the function looks for an input, or a number computed from inputs, in a set or a "
                f"dictionary, at {modes.user_line()}: while it is recorded, a Value stands there "
                "for the numbers of all rows, and no row's number can be looked for; compare "
                "numbers instead, as in x[0] == 1.0, or x[0] in [1.0, 2.0]"
            )

    def convert(self, v: Value, *_: object) -> NoReturn:
        """``float(v)``, ``int(v)`` or ``round(v)``, which may be caught."""
        if self._is_number(v):
            self.refusal = CompileError(
                f"the function takes float, int or round of an input, at {modes.user_line()}, and "
                "does without where that fails: it does for Values, which stand for the inputs "
                "here, and not for numbers"
            )
        try:
            _no_float(v)
        except TypeError as error:
            raise TypeError(
                f"{error}. For row int(i) of a table: autograd.take(table, i)"
            ) from None


def record(
    function: Callable[..., Any],
    rows: Sequence[Sequence[float]],
    streams: Iterable[Any] = (),
    names: Sequence[Sequence[str]] = (),
    path: Path | None = None,
) -> Recording:
    """Run ``function`` on one row of each argument and keep what it builds.

    The function runs twice on Values. A leaf that only one run made is a constant of that run; a
    leaf that both share was there before, and may be a parameter. Both runs must build the same
    graph. Then it runs on plain numbers, which must give the same result.

    Args:
        function: what to run.
        rows: one for each argument, of the numbers that the function gets uncompiled.
        streams: streams of random numbers that it may draw from, besides those that all share.
        names: for each row the names of its numbers, which the function prints.
        path: which way its comparisons turn out; default as they do for these rows.

    Raises:
        CompileError: the function does not return Values, builds another graph each time, draws
            random numbers, does something else with numbers than with Values, or does something
            that a recording cannot keep. The streams of random numbers are then put back.
    """
    before = Streams(streams)
    try:
        return _recorded(function, rows, streams, names, path)
    except BaseException:
        before.put_back()
        raise


def _recorded(
    function: Callable[..., Any],
    rows: Sequence[Sequence[float]],
    streams: Iterable[Any],
    names: Sequence[Sequence[str]],
    path: Path | None,
) -> Recording:
    first = built(function, rows, names, path)
    before = Streams(streams)
    with silenced():
        second = built(function, rows, path=path)
    if stream := before.moved():
        raise CompileError(
            f"the function draws random numbers ({stream}), and its recording would "
            "keep them for every row: draw them outside, and pass them in as an argument"
        )
    one, other = first.listed, second.listed
    if BY_HAND in other.ops:
        raise CompileError(NO_RULE)
    twins = {v: w for pair in zip(first.inputs, second.inputs) for v, w in zip(*pair)}
    if not alike(one, other, twins):
        raise CompileError(
            "the function built another graph when it was run again on the same row: it depends "
            "on something besides its inputs and parameters (random numbers, a counter, a file)"
        )
    shared = (v for v in reversed(other.leaves) if v in one.leaves)
    second.parameters = [v for v in shared if not is_constant(v)]
    del first, one, shared
    with silenced():
        second.takes_numbers = takes_numbers(second, function, rows)
    return second


def built(
    function: Callable[..., Any],
    rows: Sequence[Sequence[float]],
    names: Sequence[Sequence[str]] = (),
    path: Path | None = None,
) -> Recording:
    """What one run of the function builds, in which it cannot change a Value.

    Raises:
        CompileError: it does something that a recording cannot keep.
    """
    recording = Recording([[Value(float(x)) for x in row] for row in rows], path)
    if path:
        path.start()
    recording.function = getattr(function, "__name__", "the function")
    for leaves, several in zip(recording.inputs, names):
        recording.names.update(zip(leaves, several))
    for leaf in (leaf for row in recording.inputs for leaf in row):
        leaf._record = RESULT  # += binds a name anew under no_grad too, as for a plain number
    with observed(recording):
        returned = function(*[list(row) for row in recording.inputs])
        if recording.refusal:
            raise recording.refusal  # which the function caught
    recording.single = isinstance(returned, Value)
    recording.outputs = [returned] if recording.single else _as_values(returned)
    with one_pass_at_a_time:
        recording.listed = Listed(recording.root())
    return recording


def _as_values(returned: Any) -> list[Value]:
    if isinstance(returned, (list, tuple)) and returned:
        if all(isinstance(v, Value) for v in returned):
            return list(returned)
        kinds = ", ".join(sorted({type(v).__name__ for v in returned}))
        raise CompileError(
            f"a compiled function returns Values; in its {type(returned).__name__} it returned "
            f"{kinds}: write Value(x) for a number x"
        )
    raise CompileError(
        f"a compiled function returns one Value or a list of them; "
        f"it returned {type(returned).__name__} {returned!r}"[:200]
    )
