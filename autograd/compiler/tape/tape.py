"""The tape machine: graphs without structure, as flat arrays that one fixed program interprets.

A chain of a million nodes, or a formula of fifty thousand, would be as many lines of source. Here
it becomes data instead. Nodes are sorted by depth and operation; those of one depth and one
operation are the *lanes* of a vector step, and few-laned stretches, such as a long chain, are a
*run*, carried out node by node. Leaves are numbered in the order in which steps read them, so
that most operands are slices: a lane's operand is the next element (SLICE), the same element
(SAME), or wherever an index says (GATHER).

The kernels that read these arrays never change, so nothing is compiled for a new graph: Numba's
(``native_kernels``) are compiled once per machine, NumPy's (``numpy_kernels``) need no compiler.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import ops
from autograd.compiler.tape.codes import (
    CODES,
    GATHER,
    MIXED,
    ONCE,
    POWER,
    RUN,
    SAME,
    SLICE,
    supports,
)
from autograd.ops import Op, Power

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt32s = NDArray[np.uint32]
Codes = NDArray[np.int16]

NARROW = 8
"""Fewer lanes than this are carried out node by node."""

BLOCK = 1 << 18
"""Operands rearranged at a time, which bounds temporary memory."""


class Tape:
    """A graph of n nodes, ready to be run forward and backward any number of times.

    Nodes are named by their numbers in the trace. Arrays over nodes are in the tape's order:
    leaves first, then each step's lanes together. ``place[node]`` is where a node stands in them.

    Args:
        ops: the distinct operations in use.
        codes: (n,), which of ``ops`` made a node; -1 for a leaf. Each node stands after its
            inputs.
        starts, inputs: (n + 1,) and (m,); node i's inputs, in order and with repeats, are
            ``inputs[starts[i]:starts[i + 1]]``.
        numbers: (n,), the number of each node when it was recorded.
        depths: (n,), a whole number for each node, greater than its inputs'. Default: counted.
        backend: "numba" or "numpy". Default: numba where it is installed and knows the operations.

    Attributes:
        place: (n,), where each node of the trace stands.
        leaves: how many there are: positions 0 to leaves - 1.
        steps: (steps, 5), the program: code, first position, lanes, first operand, first column.
        kinds: for each column (an operand of a vector step) SLICE, SAME or GATHER; and ONCE.
        added: bounds of the ranges of positions whose adjoints are not ONCE, but added to.
        operands: (m,), positions, unsigned so that no index need be tested for a minus. A run's
            node by node, a vector step's column by column.
        starts: (n - leaves + 1,), where a run's nodes find their operands.
        codes: (n,), the code of each position's operation; -1 for a leaf.
        exponents: of the powers.
        others: the operations that Python computes.

    Raises:
        ValueError: the backend does not know an operation, or arrays do not fit together.
    """

    def __init__(
        self,
        ops: Sequence[Op],
        codes: ArrayLike,
        starts: ArrayLike,
        inputs: ArrayLike,
        numbers: ArrayLike,
        depths: ArrayLike | None = None,
        backend: str | None = None,
    ) -> None:
        self._trace = _checked(ops, codes, starts, inputs, numbers)
        self.ops, op_of, begins, reads, self._numbers = self._trace
        self._machine = _suitable(self.ops, backend)
        self._depths = (
            np.asarray(depths) if depths is not None else self._machine.depths(begins, reads)
        )
        known, self.exponents, self.others = _known_codes(self.ops)
        n = len(op_of)
        interior = np.flatnonzero(op_of >= 0).astype(np.int32)
        self.leaves = n - len(interior)

        others = POWER + len(self.exponents)
        classes = _classes(known[op_of[interior]], np.diff(begins)[interior], others)
        key = self._depths[interior].astype(np.int64) * (int(classes.max(initial=0)) + 1) + classes
        by_step = np.argsort(key, kind="stable")
        key, order = key[by_step], interior[by_step]
        del classes, by_step, interior

        # Groups: the lanes of a vector step, or one node of a run.
        first = np.flatnonzero(np.diff(key, prepend=-1))
        del key
        lanes = np.diff(first, append=len(order))
        first, lanes = _one_by_one(first, lanes, len(order))
        lanes_of_counts = np.diff(begins)[order]
        self.starts = np.zeros(len(order) + 1, np.int64)
        np.cumsum(lanes_of_counts, out=self.starts[1:])
        del lanes_of_counts
        read = _by_column(reads, begins, order, self.starts, first, lanes)

        is_leaf = op_of < 0
        self.place = np.empty(n, np.int32)
        self.place[_by_first_use(np.flatnonzero(is_leaf), read, n)] = np.arange(
            self.leaves, dtype=np.int32
        )
        self.place[order] = np.arange(self.leaves, n, dtype=np.int32)
        self.operands = self.place[read].view(np.uint32)
        self.codes = np.full(n, -1, np.int16)
        self.codes[self.leaves :] = known[op_of[order]]
        self.steps, self.kinds, self.added = self._program(first, lanes)

        used = np.zeros(n, np.bool_)
        used[reads] = True
        self._ends = np.flatnonzero(~used & ~is_leaf)
        self._parts: dict[int, Tape] = {}  # by output, where it is not made from all nodes

    @classmethod
    def of(cls, trace: Any, backend: str | None = None) -> Tape:
        """The tape of a ``Trace``."""
        return cls(
            trace.ops,
            trace.codes,
            trace.starts,
            trace.inputs,
            trace.numbers,
            getattr(trace, "depths", None),
            backend,
        )

    def __len__(self) -> int:
        return len(self.place)

    def __repr__(self) -> str:
        runs = int(np.count_nonzero(self.steps[:, 0] == RUN))
        return (
            f"<Tape of {len(self):,} nodes: {len(self.steps) - runs:,} vector steps, {runs:,} runs>"
        )

    def recorded(self) -> Floats:
        """(n,), the numbers when the graph was recorded, in the tape's order. A copy."""
        numbers = np.empty(len(self))
        numbers[self.place] = self._numbers
        return numbers

    def forward(self, values: Floats) -> Floats:
        """Fill in every node from the leaves, ``values[:leaves]``.

        Args:
            values: (n,), in the tape's order; changed.

        Returns:
            ``values``.
        """
        self._check(values)
        self._machine.forward(self, values)
        return values

    def backward(self, values: Floats, output: int, adjoints: Floats | None = None) -> Floats:
        """The derivative of one node by every node, by reverse accumulation.

        Args:
            values: (n,), in the tape's order, as ``forward`` left them.
            output: the node, by its number in the trace.
            adjoints: (n,), to be overwritten. Default: a new array.

        Returns:
            (n,), in the tape's order; 0 for nodes that ``output`` was not made from.
        """
        self._check(values)
        adjoints = np.empty(len(self)) if adjoints is None else adjoints
        self._check(adjoints)
        tape = self._towards(int(output))
        if tape is not self:
            shifted = np.empty(len(self))
            shifted[tape.place] = values[self.place]
            adjoints[self.place] = tape.backward(shifted, output)[tape.place]
            return adjoints
        self._machine.backward(self, values, adjoints, int(self.place[output]))
        return adjoints

    def over_rows(
        self, numbers: ArrayLike, inputs: ArrayLike, rows: ArrayLike, output: int
    ) -> tuple[Floats, Floats, Floats]:
        """One node and its derivatives for each row of a batch, in one call.

        Args:
            numbers: (n,), in the order of the trace: those of the leaves that all rows share.
            inputs: (k,), the leaves that differ, by their numbers in the trace.
            rows: (batch, k), their values.
            output: the node, by its number in the trace.

        Returns:
            (batch,), its value for each row; (batch, k), its derivatives by ``inputs`` for each
            row; and (n,), in the order of the trace, its derivatives by the other leaves, summed
            over the rows; 0 for all other nodes.
        """
        tape = self._towards(int(output))
        values = np.empty(len(self))
        values[tape.place] = numbers
        nodes = np.asarray(inputs, np.int64)
        places = tape.place[nodes].astype(np.int64)
        table = np.ascontiguousarray(rows, np.float64)
        if table.ndim != 2 or table.shape[1] != len(places):
            raise ValueError(
                f"expected rows of shape (batch, {len(places)}), a column for each input; "
                f"got {table.shape}"
            )
        if np.any(self.place[nodes] >= self.leaves):
            raise ValueError("inputs must be leaves: a node that is computed cannot be given too")
        if not len(table):
            return np.zeros(0), np.zeros(table.shape), np.zeros(len(self))
        results, gradients = np.empty(len(table)), np.empty(table.shape)
        adjoints = np.zeros(len(self))
        tape._machine.over_rows(
            tape, values, adjoints, places, table, int(tape.place[output]), results, gradients
        )
        adjoints[tape.leaves :] = 0.0
        adjoints[places] = 0.0
        return results, gradients, adjoints[tape.place]

    # --- setting up ---

    def _program(self, first: Int64s, lanes: Int64s) -> tuple[Int64s, NDArray[np.int8], Int64s]:
        """``steps``, neighbouring nodes of runs joined into one, ``kinds`` and ``added``."""
        vector = lanes >= NARROW
        # A group begins a step unless it and its predecessor are both nodes of a run.
        begins = vector.copy()
        begins[:1] = True
        begins[1:] |= vector[:-1]
        group = np.flatnonzero(begins)
        at = first[group]
        count = np.diff(at, append=len(self) - self.leaves)
        is_vector = vector[group]
        width = np.where(is_vector, self.starts[at + 1] - self.starts[at], 0)
        column = np.cumsum(width) - width
        steps = np.stack(
            [
                np.where(is_vector, self._step_codes(at, count), RUN),
                at + self.leaves,
                count,
                self.starts[at],
                column,
            ],
            axis=1,
        ).astype(np.int64)
        # Where each column begins among the operands, and how long it is.
        within = np.arange(int(width.sum())) - np.repeat(column, width)
        length = np.repeat(count, width)
        begin = np.repeat(self.starts[at], width) + within * length
        kinds, added = _kinds(self.operands.view(np.int32), begin, length, len(self))
        return np.ascontiguousarray(steps), kinds, added

    def _step_codes(self, at: Int64s, count: Int64s) -> Int64s:
        codes = self.codes[self.leaves :]
        if not len(at):
            return np.zeros(0, np.int64)
        low, high = np.minimum.reduceat(codes, at), np.maximum.reduceat(codes, at)
        return np.where(low == high, low, MIXED).astype(np.int64)

    def _towards(self, output: int) -> Tape:
        """This tape, or if some nodes do not lead to the output, one in which they are leaves.

        What the output was not made from must not touch its derivatives, and 0 times an infinite
        partial would be nan.
        """
        if not 0 <= output < len(self):
            raise ValueError(f"output must be a node, 0 to {len(self) - 1}; got {output}")
        if output in self._parts:
            return self._parts[output]
        if np.array_equal(self._ends, [output]):
            return self
        ops, codes, starts, inputs, numbers = self._trace
        reached = self._machine.reached(starts, inputs, output)
        if np.all(reached | (codes < 0)):
            return self
        counts = np.where(reached, np.diff(starts), 0)
        kept = np.repeat(reached, np.diff(starts))
        self._parts[output] = Tape(
            ops,
            np.where(reached, codes, -1),
            np.concatenate([[0], np.cumsum(counts)]),
            inputs[kept],
            numbers,
            self._depths,
            self._machine.NAME,
        )
        return self._parts[output]

    def _check(self, values: Floats) -> None:
        if values.shape != (len(self),) or values.dtype != np.float64:
            raise ValueError(
                f"expected a float64 array of shape ({len(self)},), one number a node in the "
                f"tape's order; got {values.dtype} of shape {values.shape}"
            )
        if not values.flags.c_contiguous:
            raise ValueError("expected a contiguous array: pass values.copy()")


def machine(backend: str | None = None) -> ModuleType:
    """The kernels: the module ``native_kernels`` or ``numpy_kernels``.

    Raises:
        ValueError: no such backend, or Numba is asked for and not installed.
    """
    installed = importlib.util.find_spec("numba") is not None
    if backend is None:
        backend = "numba" if installed else "numpy"
    if backend == "numpy":
        from autograd.compiler.tape import numpy_kernels as tape_numpy

        return tape_numpy
    if backend != "numba":
        raise ValueError(f"backend must be 'numba' or 'numpy'; got {backend!r}")
    if not installed:
        raise ValueError("backend='numba' needs Numba: install it, or choose backend='numpy'")
    from autograd.compiler.tape import native_kernels as tape_native

    return tape_native


_Trace = tuple[tuple[Op, ...], Codes, Int64s, Int32s, Floats]


def _suitable(ops: Sequence[Op], backend: str | None) -> ModuleType:
    """The kernels for these operations."""
    others = [op.name for op in ops if not supports(op)]
    if others and backend == "numba":
        raise ValueError(
            f"native kernels know the built-in operations only, and {others[0]!r} is not one: "
            "choose backend='numpy'"
        )
    return machine("numpy" if others and backend is None else backend)


def _checked(
    ops: Sequence[Op],
    codes: ArrayLike,
    starts: ArrayLike,
    inputs: ArrayLike,
    numbers: ArrayLike,
) -> _Trace:
    op_of, begins = np.asarray(codes, np.int16), np.asarray(starts, np.int64)
    reads = np.asarray(inputs, np.int32)
    known = np.asarray(numbers, np.float64)
    n = len(op_of)
    if not (
        len(begins) == n + 1 and len(known) == n and begins[0] == 0 and begins[-1] == len(reads)
    ):
        raise ValueError(
            f"expected {n} codes, {n + 1} starts that begin at 0 and end at {len(reads)}, and {n} "
            f"numbers; got {len(begins)} starts and {len(known)} numbers"
        )
    if n and op_of.max() >= len(ops):
        raise ValueError(f"a code is {op_of.max()}, and there are {len(ops)} operations")
    return tuple(ops), op_of, begins, reads, known


def _known_codes(ops: Sequence[Op]) -> tuple[Codes, Floats, list[Op]]:
    """The kernels' code of each operation, the exponents of the powers, and the operations that
    kernels do not know."""
    powers = [op for op in ops if isinstance(op, Power)]
    others = [op for op in ops if not supports(op)]
    code = {**CODES, **{op: POWER + place for place, op in enumerate(powers + others)}}
    return (
        np.array([code[op] for op in ops], np.int16),
        np.array([op.exponent for op in powers], np.float64),
        others,
    )


def _classes(codes: Codes, counts: Int64s, others: int) -> Int64s:
    """Numbers that agree where nodes may be lanes of one step.

    add, sub and mul may mix, so that the lanes of many chains stay side by side whatever each
    does. Operations of any number of inputs need as many each, and so do those with codes from
    ``others`` on.
    """
    classes = codes.astype(np.int64)
    classes[codes <= CODES[ops.mul]] = 0
    of_any = (codes == CODES[ops.sum]) | (codes == CODES[ops.logsumexp]) | (codes >= others)
    many = np.flatnonzero(of_any)
    if len(many):
        kind = counts[many] * (int(codes.max()) + 1) + codes[many]
        classes[many] = np.unique(kind, return_inverse=True)[1] + int(classes.max()) + 1
    return classes


def _one_by_one(first: Int64s, lanes: Int64s, n: int) -> tuple[Int64s, Int64s]:
    """The groups with the narrow ones cut into single nodes."""
    begins = np.repeat(lanes < NARROW, lanes)
    begins[first] = True
    cut = np.flatnonzero(begins)
    return cut, np.diff(cut, append=n)


def _by_column(
    reads: Int32s,
    begins: Int64s,
    order: Int32s,
    starts: Int64s,
    first: Int64s,
    lanes: Int64s,
) -> Int32s:
    """What the sorted nodes read, group by group, within a group column by column."""
    read = np.empty(int(starts[-1]), np.int32)
    bounds = starts[np.append(first, len(order))]
    for at in range(0, len(read), BLOCK):
        end = min(at + BLOCK, len(read))
        low = int(np.searchsorted(bounds, at, "right")) - 1
        high = int(np.searchsorted(bounds, end))
        sizes = np.diff(np.clip(bounds[low : high + 1], at, end))
        group = np.repeat(np.arange(low, high), sizes)
        column, lane = np.divmod(np.arange(at, end) - bounds[group], lanes[group])
        read[at:end] = reads[begins[order[first[group] + lane]] + column]
    return read


def _by_first_use(leaves: Int64s, read: Int32s, n: int) -> Int64s:
    """The leaves in the order in which they are read; unused ones last."""
    first = np.full(n, len(read), np.int64)
    # Written from the last to the first, the first remains.
    first[read[::-1]] = np.arange(len(read) - 1, -1, -1)
    return leaves[np.argsort(first[leaves], kind="stable")]


def _kinds(
    operands: Int32s, begin: Int64s, length: Int64s, n: int
) -> tuple[NDArray[np.int8], Int64s]:
    """What kind each column is, and the bounds of the ranges of positions that are not ONCE."""
    if not len(begin):
        return np.zeros(0, np.int8), np.array([0, n])
    change = np.append(np.diff(operands), 0)
    # Pairs of bounds: each column without its last element, then what lies between columns.
    bounds = np.stack([begin, begin + length - 1], axis=1).ravel()
    ones = np.logical_and.reduceat(change == 1, bounds)[::2]
    zeros = np.logical_and.reduceat(change == 0, bounds)[::2]
    kinds = np.select([ones, zeros], [SLICE, SAME], GATHER)

    alone = (np.bincount(operands, minlength=n) == 1)[operands]
    bounds[1::2] += 1
    padded = np.append(alone, True)  # so that a bound may be the end
    once = np.logical_and.reduceat(padded, bounds)[::2]
    mark = np.zeros(len(padded), np.int8)
    mark[begin[once]] += 1
    mark[(begin + length)[once]] -= 1
    added = np.ones(n, np.bool_)
    added[operands[np.cumsum(mark[:-1], dtype=np.int8) > 0]] = False
    edges = np.flatnonzero(np.diff(added, prepend=False, append=False))
    return (kinds + ONCE * once).astype(np.int8), edges
