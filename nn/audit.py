"""The audit of compiled training: now and then a row in plain Python, on plain numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from autograd.compiler.purity.streams import Streams
from autograd.compiler.recording.observe import CompileError, silenced
from autograd.real import close, largest
from autograd.value import Value, number_of, topological_order
from nn.arguments import Rows

# Audits take at most this part of the time that the training has taken so far.
SHARE = 0.01

# Each interval between two audits is this many times as long as the training has taken so far.
GROWTH = 0.25

# What counts as rounding, relative to the largest number on the way to the loss.
ROUNDING = {"float64": 1e-9, "float32": 1e-3}


class Audit:
    """Compares compiled losses with those of plain Python, at growing intervals.

    Args:
        loss: the function in plain Python.
        inputs, targets: the rows.
        streams: streams of random numbers that it may draw from. They stay where they are.
        takes_numbers: whether it takes plain numbers; if not, it takes Values.
        dtype: what compiled code computes in.

    Attributes:
        rows: how many rows were compared.
        seconds: how long that took.
    """

    def __init__(
        self,
        loss: Callable[..., Any],
        inputs: Rows,
        targets: Rows,
        streams: Iterable[Any],
        takes_numbers: bool,
        dtype: str,
    ) -> None:
        self.loss, self.inputs, self.targets = loss, inputs, targets
        self.streams, self.takes_numbers = list(streams), takes_numbers
        self.rounding = ROUNDING[dtype]
        self.rows, self.seconds = 0, 0.0
        self._start, self._next = time.perf_counter(), 0.0
        self._passed = 0.0

    def go_on_from(self, earlier: Audit) -> None:
        """Count on from an earlier training, whose rows were of the same kind: a short one then
        need not compare a row again."""
        self.rows, self.seconds = earlier.rows, earlier.seconds
        self._passed, self._next = earlier._passed, earlier._next

    def pause(self) -> None:
        """The training rests."""
        self._passed = time.perf_counter() - self._start

    def resume(self) -> None:
        """The training begins or goes on."""
        self._start = time.perf_counter() - self._passed

    def due(self) -> bool:
        """Whether it is time for the next row."""
        passed = time.perf_counter() - self._start
        return not self.rows or (passed >= self._next and self.seconds <= SHARE * passed)

    def next_row(self) -> int:
        """Another row each time, spread over all; not first the one that was recorded."""
        return len(self.inputs) - 1 - int(self.rows * 0.6180339887 % 1 * len(self.inputs))

    def compare(self, row: int, compiled: Callable[[int], float | None]) -> None:
        """Compute the loss of a row in both ways. The parameters are those of now.

        Args:
            row: its number.
            compiled: gives the compiled loss, or None where the program does not hold.

        Raises:
            CompileError: they differ by more than rounding.
        """
        start = time.perf_counter()
        number = compiled(row)
        if number is not None:
            plain, scale = self._plain(row)
            if not close(plain, number, scale, self.rounding):
                raise CompileError(self._difference(row, plain, number))
        now = time.perf_counter()
        self.rows += 1
        self.seconds += now - start
        self._next = (1 + GROWTH) * (now - self._start)

    def _plain(self, row: int) -> tuple[float, float]:
        """The loss in plain Python, and the largest number on the way to it."""
        x: list[Any]
        t: list[Any]
        x, t = self.inputs[row], self.targets[row]
        if not self.takes_numbers:
            x, t = [Value(v) for v in x], [Value(v) for v in t]
        before = Streams(self.streams)
        try:
            with silenced():
                y = self.loss(x, t)
        finally:
            before.put_back()
        graph = topological_order(y) if isinstance(y, Value) else []
        return number_of(y), largest(v.data for v in graph)

    def _difference(self, row: int, plain: float, compiled: float) -> str:
        return (
            f"row {row} (X[{row}]) has a loss of {plain:.9g} in plain Python and of {compiled:.9g} "
            "in compiled code: the loss depends on something besides its row and the parameters "
            "(random numbers, a counter, a file, what a callback changes), or on what its "
            "arguments are, and compiled code keeps that as it was. The training so far may be "
            "wrong, and what the loss has changed cannot be put back: start again with "
            "compile=False"
        )
