"""An optimiser's update on arrays, in place.

The update is traced once for its settings. What comes out is a list of array operations whose
results go where an array is no longer needed, so that a step allocates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.numpy.kernels import function, kernel
from autograd.compiler.program import Floats
from autograd.op import Op
from autograd.operand import Unknown
from autograd.real import as_float

AT_ONCE = 16_384
"""Parameters that an update moves at a time: what it computes between stays in the cache."""

IN_PLACE: dict[Op, Callable[..., Any]] = {
    ops.add: np.add,
    ops.sub: np.subtract,
    ops.mul: np.multiply,
    ops.div: np.divide,
    ops.neg: np.negative,
    ops.power(2.0): np.square,
}
"""Arithmetic whose result can go where an operand was."""


def _in_place(op: Op) -> Callable[..., Any] | None:
    """The function of NumPy that computes an operation into an array that is given."""
    if op in IN_PLACE or not (known := kernel(op)):
        return IN_PLACE.get(op)
    name = known.call.partition("(")[0].removeprefix("np.")
    found = getattr(np, name, None)
    return found if isinstance(found, np.ufunc) and known.call.count("(") == 1 else None


@dataclass(frozen=True)
class Update:
    """How an optimiser moves a parameter.

    Attributes:
        rule: ``rule(p, gradient, *memories)`` returns the new parameter and the new memories. It
            is plain arithmetic, so it takes numbers and operands of any kind.
    """

    rule: Callable[..., tuple[Any, ...]]


class Stepper:
    """Steps of an update.

    Args:
        update: the optimiser's, with the settings of now.
    """

    def __init__(self, update: Update) -> None:
        self.update = update
        self._traced: dict[tuple[bool, ...], _Steps] = {}

    def step(self, theta: Floats, gradient: Floats, memories: Floats) -> None:
        """One step.

        Args:
            theta, gradient: (n,). ``theta`` is changed.
            memories: (kinds, n). Changed.
        """
        for start in range(0, len(theta), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            kept = [memory[part] for memory in memories]
            # A memory that is one number for all parameters, such as a count of steps, is a number
            # here: its powers are computed once.
            one = tuple(map(_is_one, kept))
            if one not in self._traced:
                self._traced[one] = _Steps(self.update.rule, one)
            self._traced[one].run(theta[part], gradient[part], kept)


def _is_one(memory: Floats) -> bool:
    first = memory.item(0)
    return bool(first) and first == memory.item(-1) and bool((memory == first).all())


class Traced:
    """An update as a list of operations on numbered places.

    Places 0, 1, ... are the parameter, the gradient and the memories; then come constants and the
    results of the operations.

    Args:
        rule: that of an ``Update``.
        one: for each memory, whether it is one number for all parameters.

    Attributes:
        arrays: for each place, whether it holds an array, not a number.
        start: for each place its number, if that is a constant.
        traced: each operation with the places of its inputs and of its result.
        results, targets: where the new parameter and memories are, and where they belong.
    """

    def __init__(self, rule: Callable[..., tuple[Any, ...]], one: Sequence[bool]) -> None:
        self.one = one
        self.arrays = [True, True, *(not uniform for uniform in one)]
        self.start: list[Any] = [None] * len(self.arrays)
        self.traced: list[tuple[Op, list[int], int]] = []
        results = rule(*[_Place(self, i) for i in range(len(self.arrays))])
        self.results = [self.of(x) for x in results]
        self.targets = [0, *range(2, 2 + len(one))]

    def of(self, x: Any) -> int:
        """The place of an operand, or of a number."""
        return x.place if isinstance(x, _Place) else self._new(False, as_float(x))

    def _new(self, array: bool, number: float | None = None) -> int:
        self.arrays.append(array)
        self.start.append(number)
        return len(self.arrays) - 1

    def add(self, op: Op, inputs: list[int]) -> int:
        """An operation; returns the place of its result."""
        out = self._new(any(self.arrays[i] for i in inputs))
        self.traced.append((op, inputs, out))
        return out


class _Steps(Traced):
    """An update that NumPy runs."""

    def __init__(self, rule: Callable[..., tuple[Any, ...]], one: Sequence[bool]) -> None:
        super().__init__(rule, one)
        self.scratch: list[int] = []
        # Whether the update returns one of its arguments in another's place.
        pairs = zip(self.results, self.targets)
        self.swaps = any(r != t and r < 2 + len(one) for r, t in pairs)
        self.steps = self._placed()

    def _placed(self) -> list[tuple[Any, list[int], int, int]]:
        """For each operation its function, operands and result, and the place whose array the
        result takes over: -1 for a new one, -2 for a number."""
        last = {i: at for at, (_, inputs, _) in enumerate(self.traced) for i in inputs}
        last.update(dict.fromkeys(self.results, len(self.traced)))
        wanted = dict(zip(self.results, self.targets))
        # Arrays that may be overwritten, once their places are not read any more.
        owned = [i for i in self.targets if self.arrays[i]]
        steps: list[tuple[Any, list[int], int, int]] = []
        for at, (op, inputs, out) in enumerate(self.traced):
            if not self.arrays[out]:
                steps.append((op.apply, inputs, out, -2))
                continue
            ufunc = _in_place(op)
            if not ufunc:
                steps.append((function(op), inputs, out, -1))
                continue
            free = [i for i in owned if last.get(i, -1) <= at]
            target = wanted.get(out)
            # A result goes to its own array if it can; other operations leave those alone.
            mine = [i for i in free if i == target or i not in self.targets]
            taken = target if target is not None and target in free else (mine or [-1])[0]
            if taken < 0:
                taken = self._new(True)
                self.scratch.append(taken)
            else:
                owned.remove(taken)
            owned.append(out)
            steps.append((ufunc, inputs, out, taken))
        return steps

    def run(self, p: Floats, gradient: Floats, memories: list[Floats]) -> None:
        """One step; ``p`` and ``memories`` are changed."""
        x = list(self.start)
        x[: 2 + len(memories)] = p, gradient, *memories
        for i in self.scratch:
            if self.start[i] is None or len(self.start[i]) != len(p):
                self.start[i] = x[i] = np.empty_like(p)
        for i, uniform in enumerate(self.one):
            if uniform:
                x[2 + i] = memories[i].item(0)
        for run, inputs, out, taken in self.steps:
            if taken == -2:
                x[out] = run([x[i] for i in inputs])
            elif taken == -1:
                x[out] = run(*[x[i] for i in inputs])
            else:
                x[out] = run(*[x[i] for i in inputs], out=x[taken])
        arrays = [p, *memories]
        if self.swaps:
            x = [value.copy() if isinstance(value, np.ndarray) else value for value in x]
        for array, result, target in zip(arrays, self.results, self.targets):
            if result != target and x[result] is not array:
                array[:] = x[result]


class _Place(Unknown):
    """An operand that adds operations to the steps."""

    __slots__ = ("place", "steps")

    def __init__(self, steps: Traced, place: int) -> None:
        self.steps, self.place = steps, place

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> _Place:
        """The operation on places and numbers."""
        steps: Traced = next(x.steps for x in inputs if isinstance(x, _Place))
        return _Place(steps, steps.add(op, [steps.of(x) for x in inputs]))
