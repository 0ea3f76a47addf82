"""A user's operations on the tape, made of their own definitions.

The kernels of the tape know the built-in operations. So the values come from one tape, in which a
user's operation has become the operations that its forward is written in, and its partials those
that its rule is written in. The adjoints come from a second tape, in which the operation is
``sum of partial * input``. There the partials are leaves: their numbers are those of the first
tape. So the rule counts, also where it is not the derivative of the forward.

Python computes, node by node, what cannot be traced because it uses ``math`` or branches on its
inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.stages.expand import one_for_each, partial_in_python
from autograd.compiler.stages.trace import LEAF, Trace
from autograd.compiler.tape.codes import supports
from autograd.compiler.tape.tape import Int64s, Tape
from autograd.op import Op
from autograd.operand import Unknown, traced
from autograd.real import as_float


@dataclass(frozen=True)
class Tapes:
    """A graph ready to be run.

    Attributes:
        values: the tape that computes every node.
        adjoints: the tape of derivatives: the same one, unless a user's operations are in it.
        places: (n,), where each node of the trace stands in ``values``.
        nodes: (n,), the number of each node of the trace in ``adjoints``.
        sources: for each position of ``adjoints`` the position in ``values`` that has its number;
            None where the two are one tape.
    """

    values: Tape
    adjoints: Tape
    places: NDArray[Any]
    nodes: Int64s
    sources: Int64s | None = None

    def __repr__(self) -> str:
        return repr(self.values)


def tapes(trace: Trace) -> Tapes:
    """The tapes of a trace."""
    if all(supports(op) for op in trace.ops):
        tape = Tape.of(trace)
        return Tapes(tape, tape, tape.place, np.arange(len(trace)))
    values, adjoints = _Graph(), _Graph()
    # For each node of the trace its node in either graph; for each adjoint where its number is.
    of_value: list[int] = []
    of_adjoint: list[int] = []
    sources: list[int] = []
    for i, number in enumerate(trace.numbers.tolist()):
        reads = trace.inputs_of(i).tolist()
        if trace.codes[i] == LEAF:
            of_value.append(values.leaf(number))
            of_adjoint.append(adjoints.leaf(number))
            sources.append(of_value[-1])
            continue
        op, inputs = trace.ops[trace.codes[i]], [of_value[j] for j in reads]
        of_value.append(values.value(op, inputs))
        beneath = [of_adjoint[j] for j in reads]
        if supports(op):
            of_adjoint.append(adjoints.node(op, beneath))
        else:
            terms = []
            for node, partial in zip(beneath, values.partials(op, of_value[-1], inputs)):
                leaf = adjoints.leaf(0.0)
                terms.append(adjoints.node(ops.mul, [leaf, node]))
                sources += [partial, of_value[-1]]
            of_adjoint.append(adjoints.node(ops.sum, terms))
        sources.append(of_value[-1])
    first, second = values.tape(), adjoints.tape()
    gather = np.empty(len(second), np.int64)
    gather[second.place] = first.place[np.array(sources)]
    return Tapes(first, second, first.place[np.array(of_value)], np.array(of_adjoint), gather)


class _Graph:
    """The arrays of a tape, as lists that grow node by node."""

    def __init__(self) -> None:
        self.ops: dict[Op, int] = {}
        self.codes: list[int] = []
        self.starts, self.inputs = [0], list[int]()
        self.numbers: list[float] = []
        self.constants: dict[str, int] = {}
        self.opaque: set[tuple[Op, str]] = set()

    def tape(self) -> Tape:
        return Tape(tuple(self.ops), self.codes, self.starts, self.inputs, self.numbers)

    def leaf(self, number: float) -> int:
        return self._append(LEAF, [], number)

    def node(self, op: Op, inputs: Sequence[int]) -> int:
        return self._append(self.ops.setdefault(op, len(self.ops)), inputs, 0.0)

    def _append(self, code: int, inputs: Sequence[int], number: float) -> int:
        self.codes.append(code)
        self.inputs += inputs
        self.starts.append(len(self.inputs))
        self.numbers.append(number)
        return len(self.codes) - 1

    def of(self, x: Any) -> int:
        """The node of an operand, or of a number."""
        if isinstance(x, _Node):
            return x.node
        number = as_float(x)
        if repr(number) not in self.constants:
            self.constants[repr(number)] = self.leaf(number)
        return self.constants[repr(number)]

    def value(self, op: Op, inputs: Sequence[int]) -> int:
        """The node of an operation's value."""
        if supports(op):
            return self.node(op, inputs)
        traced = self._traced(op, "forward", lambda: [op.apply(self._operands(inputs))])
        return traced[0] if traced else self.node(op, inputs)

    def partials(self, op: Op, y: int, inputs: Sequence[int]) -> list[int]:
        """The nodes of an operation's partials."""

        def rule() -> Sequence[Any]:
            partials = op.apply_rule(_Node(self, y), self._operands(inputs))
            if len(partials) != len(inputs):
                raise ValueError(one_for_each(op, partials, inputs))
            return partials

        traced = self._traced(op, "rule", rule)
        return traced or [self.node(partial_in_python(op, k), inputs) for k in range(len(inputs))]

    def _operands(self, inputs: Sequence[int]) -> list[_Node]:
        return [_Node(self, i) for i in inputs]

    def _traced(self, op: Op, part: str, run: Callable[[], Sequence[Any]]) -> list[int]:
        """The nodes that ``run`` returns; none if it cannot be traced."""
        if (op, part) in self.opaque:
            return []
        size, reads, constants = len(self.codes), len(self.inputs), dict(self.constants)
        try:
            with traced():
                return [self.of(x) for x in run()]
        except Exception:  # whatever a user's function raises on what is not a number
            self.opaque.add((op, part))
            self.constants = constants
            del self.codes[size:], self.numbers[size:]
            del self.starts[size + 1 :], self.inputs[reads:]
            return []


class _Node(Unknown):
    """An operand that adds nodes to a graph."""

    __slots__ = ("graph", "node")

    def __init__(self, graph: _Graph, node: int) -> None:
        self.graph, self.node = graph, node

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> _Node:
        """The operation on nodes and numbers."""
        graph: _Graph = next(x.graph for x in inputs if isinstance(x, _Node))
        return _Node(graph, graph.value(op, [graph.of(x) for x in inputs]))
