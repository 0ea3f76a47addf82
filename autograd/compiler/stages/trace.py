"""Trace, the first stage: the recorded graph as flat arrays, one entry per node.

Every node has a *kind*. It is constant if it is a constant, or follows from constants alone; a
parameter if it is one, or follows from parameters and constants; else it is an input, or follows
from inputs. Only the last kind differs between the rows of a batch.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd import given
from autograd.compiler.algebra import constant_part, pick
from autograd.compiler.recording.listed import Listed
from autograd.compiler.recording.record import Recording
from autograd.compiler.stages.merge import COMMUTES, hash_of_constant, merged
from autograd.ops import Op
from autograd.value import Value, is_constant, one_pass_at_a_time

CONSTANT, PARAMETER, INPUT = 0, 1, 2
LEAF = -1

Ints = NDArray[np.int32]


@dataclass(eq=False)
class Trace:
    """A graph of n nodes as arrays; each node stands after all of its inputs.

    Attributes:
        ops: the distinct operations in use.
        codes: (n,), which of ``ops`` made each node; -1 for a leaf.
        starts, inputs: node i's inputs, in order and with repeats, are
            ``inputs[starts[i]:starts[i + 1]]``.
        numbers: (n,), the number of each node when it was recorded.
        kinds: (n,), CONSTANT, PARAMETER or INPUT.
        depths: (n,), 0 for a leaf, else 1 more than the deepest input's; never falls.
        parameters: the leaves that the program is differentiated by.
        parameter_nodes: where they stand.
        arguments: for each argument of the function where its elements stand, -1 if unused.
        outputs: where the results stand.
        single: whether the result is one Value, and not a list.
        takes_numbers: whether the function takes plain numbers, and not Values alone.
        failures: where the guards' counts of failures stand.
    """

    ops: tuple[Op, ...]
    codes: NDArray[np.int16]
    starts: NDArray[np.int64]
    inputs: Ints
    numbers: NDArray[np.float64]
    kinds: NDArray[np.int8]
    depths: Ints
    parameters: list[Value]
    parameter_nodes: Ints
    arguments: list[Ints]
    outputs: Ints
    failures: Ints
    single: bool
    takes_numbers: bool = True

    def __len__(self) -> int:
        return len(self.codes)

    def __str__(self) -> str:
        """The first nodes, one per line: ``v5 = mul(v1, v4)``."""
        shown = min(len(self), 60)
        lines = [f"{len(self):,} nodes"]
        for i in range(shown):
            if self.codes[i] == LEAF:
                lines.append(f"v{i} = {self._leaf(i)}")
            else:
                inputs = ", ".join(f"v{j}" for j in self.inputs_of(i))
                lines.append(f"v{i} = {self.ops[self.codes[i]].name}({inputs})")
        if shown < len(self):
            lines.append(f"... and {len(self) - shown:,} more")
        return "\n".join(lines)

    def inputs_of(self, i: int) -> Ints:
        """The inputs of node i."""
        return self.inputs[self.starts[i] : self.starts[i + 1]]

    @property
    def all_reached(self) -> bool:
        """Whether it is clear that a gradient comes to all nodes."""
        return not len(self.failures) and constant_part not in self.ops

    def reached_nodes(self) -> NDArray[np.bool_]:
        """For each node whether a gradient comes to it: not if it is only compared, or only
        detached."""
        if self.all_reached:
            return np.ones(len(self), np.bool_)
        through = np.array([op is not constant_part for op in self.ops] + [False])[self.codes]
        reached = bytearray(len(self))
        for end in self.outputs.tolist():
            reached[end] = True
        starts, inputs, goes_on = self.starts.tolist(), self.inputs.tolist(), through.tolist()
        for i in range(len(self) - 1, -1, -1):
            if reached[i] and goes_on[i]:
                for j in inputs[starts[i] : starts[i + 1]]:
                    reached[j] = True
        return np.frombuffer(bytes(reached), np.bool_)

    def reached(self) -> NDArray[np.bool_]:
        """For each parameter whether a gradient comes to it."""
        return self.reached_nodes()[self.parameter_nodes]

    def indices(self) -> list[tuple[int, Ints, Ints]]:
        """The inputs that are indices of tables: for an argument the places in it, and how many
        rows the table of each has."""
        rows: dict[int, int] = {}
        code = self.ops.index(pick) if pick in self.ops else None
        for i in np.flatnonzero(self.codes == code) if code is not None else ():
            index, *column = self.inputs_of(int(i)).tolist()
            rows[index] = min(len(column), rows.get(index, len(column)))
        found = []
        for argument, nodes in enumerate(self.arguments):
            places = np.flatnonzero(np.isin(nodes, list(rows)))
            if len(places):
                sizes = [rows[node] for node in nodes[places].tolist()]
                found.append((argument, places.astype(np.int32), np.array(sizes, np.int32)))
        return found

    def _leaf(self, i: int) -> str:
        return ("constant", "parameter", "input")[self.kinds[i]] + f" {self.numbers[i]:.6g}"


def trace_recording(recording: Recording, exact: bool = False) -> Trace:
    """The trace of a recorded function; an ``exact`` one keeps repeated computations apart."""
    ends = len(recording.outputs)
    trace = _trace(recording.listed, recording.parameters, recording.inputs, ends, exact)
    trace.single, trace.takes_numbers = recording.single, recording.takes_numbers
    return trace


def trace_value(
    output: Value, parameters: Sequence[Value] | None = None, exact: bool = False
) -> Trace:
    """The trace of a graph that is already there.

    Args:
        output: its end.
        parameters: the leaves to differentiate by. Default: all but plain numbers.
        exact: whether repeated computations stay apart.

    Raises:
        TypeError: the parameters are not a list of Values.
        ValueError: one is not a leaf, is not of this graph, or is given twice.
    """
    if parameters is None:
        return _trace(_listed(output), None, [], None, exact)
    if isinstance(parameters, Value):
        raise TypeError("parameters are a list of Values; got one alone: write parameters=[p]")
    chosen = given.listed(parameters, "parameters are a list of Values")
    for place, p in enumerate(chosen):
        if not isinstance(p, Value):
            raise TypeError(
                f"parameters are Values; parameters[{place}] is {type(p).__name__} {given.shown(p)}"
            )
        if p.op is not None:
            raise ValueError(
                f"parameters[{place}], {p!r}, is what an operation made; a compiled graph is "
                "differentiated by leaves (autograd.grad by any Value)"
            )
    if len(set(chosen)) < len(chosen):
        raise ValueError("the same Value is given twice among the parameters")
    trace = _trace(_listed(output), chosen, [], None, exact)
    if missing := set(chosen).difference(trace.parameters):
        raise ValueError(
            f"{len(missing)} of the {len(chosen)} parameters are not in this graph: leave them "
            "out, or give none for all of its leaves"
        )
    return trace


def _listed(output: Value) -> Listed:
    with one_pass_at_a_time:
        return Listed(output)


def _trace(
    listed: Listed,
    parameters: Sequence[Value] | None,
    arguments: Sequence[Sequence[Value]],
    outputs: int | None,
    exact: bool,
) -> Trace:
    """The trace of a graph. A recording ends with a node whose inputs are its outputs, as many as
    ``outputs`` says, and then the counts of failures."""
    n = len(listed) if outputs is None else len(listed) - 1
    ends = [n - 1] if outputs is None else listed.inputs_of(n)
    place = listed.leaves
    if parameters is None:
        parameters = [v for v in place if not is_constant(v)]
    used = [p for p in parameters if p in place]
    kind_of = bytearray(n)
    for p in used:
        kind_of[place[p]] = PARAMETER
    for x in (x for leaves in arguments for x in leaves if x in place):
        kind_of[place[x]] = INPUT
    ops = tuple(op for op in dict.fromkeys(listed.ops[:n]) if op is not None)
    code_of: dict[Op | None, int] = {op: code for code, op in enumerate(ops)}
    code_of[None] = LEAF
    codes = array("h", [code_of[op] for op in listed.ops[:n]])
    kinds, hashes = _kinds_and_hashes(listed, codes, kind_of, [op in COMMUTES for op in ops])
    starts = np.array(listed.starts[: n + 1], np.int64)
    trace = Trace(
        ops,
        np.array(codes, np.int16),
        starts,
        np.array(listed.inputs[: starts[-1]], np.int32),
        np.array(listed.numbers[:n], np.float64),
        np.frombuffer(bytes(kinds), np.int8),
        np.array([v._depth for v in listed.nodes[:n]], np.int32),
        used,
        np.array([place[p] for p in used], np.int32),
        [np.array([place.get(leaf, LEAF) for leaf in x], np.int32) for x in arguments],
        np.array(ends[:outputs], np.int32),
        np.array(ends[outputs:] if outputs is not None else [], np.int32),
        single=True,
    )
    del listed, place, codes  # which take more memory than the trace
    return trace if exact else merged(trace, np.frombuffer(hashes, np.int64))


def _kinds_and_hashes(
    listed: Listed, codes: Sequence[int], kind_of: bytearray, commutes: Sequence[bool]
) -> tuple[bytearray, array[int]]:
    """For each node its kind, and a hash of it as a computation, see ``merged``.

    Args:
        kind_of: for each node its kind, if it is a leaf.
        commutes: for each code whether the order of the two inputs does not matter.
    """
    kinds, hashes = bytearray(), array("q")
    inputs, numbers, start = listed.inputs, listed.numbers, 0
    for place, (code, end) in enumerate(zip(codes, listed.starts[1:])):
        if code == LEAF:
            kind = kind_of[place]
            own = hash_of_constant(numbers[place]) if kind == CONSTANT else hash((code, place))
        elif end - start == 2:  # the most frequent, without a list
            a, b = inputs[start], inputs[start + 1]
            x, y = hashes[a], hashes[b]
            own = hash((code, y, x) if y < x and commutes[code] else (code, x, y))
            kind = kinds[a] if kinds[a] > kinds[b] else kinds[b]
        else:
            several = inputs[start:end]
            own = hash((code, *[hashes[i] for i in several]))
            kind = max([kinds[i] for i in several], default=CONSTANT)
        hashes.append(own)
        kinds.append(kind)
        start = end
    return kinds, hashes
