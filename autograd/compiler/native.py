"""The Numba backend: a program as native loops, compiled once and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compiler import native_source
from autograd.compiler.cache import load
from autograd.compiler.native_blocks import Form
from autograd.compiler.native_loops import Lines, indented
from autograd.compiler.native_source import Layout, Source
from autograd.compiler.native_train import NAMES, copied, descend_lines, one_row, train_lines
from autograd.compiler.native_turn import turn
from autograd.compiler.program import Floats, Lanes, Program, needed

Native = Any
FUNCTION_NAMES = {"abs": "absolute"}


class NativeProgram:
    """A program in native code.

    Args:
        program: with gradients or without.
        dtype: of the numbers, float64 or float32.

    Attributes:
        lanes: which parameter stands at each place of ``theta``, the vector that its methods
            take: every block in turn.

    Raises:
        NotNative: the program has no native form.
    """

    def __init__(self, program: Program, dtype: Any = np.float64) -> None:
        self.program = program if program.arguments else turn(program)
        self.dtype = np.dtype(dtype)
        self.lanes: Lanes = np.concatenate(
            [np.zeros(0, np.int64), *(block.lanes for block in program.blocks)]
        )
        self._form = native_source.choose_form(self.program)
        self._layout = Layout.of([block.array for block in self.program.blocks])
        self._place = np.concatenate(
            [
                np.zeros(0, np.int64),
                *(self._layout.base[b.array] + np.arange(b.array.size) for b in program.blocks),
            ]
        )
        self._constants = self._aligned_constants()
        self._functions: dict[str, tuple[Native, Any]] = {}
        for purpose in ("rows", "gradients") if program.gradients else ("rows",):
            self._source(purpose, self._form)  # may raise NotNative

    # --- what can be called ---

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """The results, (batch, outputs), and the count of failing guards of each row."""
        values, failures = self._results(arguments)
        function, gathers = self._function("rows", self._rows)
        function(
            self._packed(theta),
            self._constants,
            gathers,
            1,
            values.reshape(-1),
            failures,
            *self._flat(arguments),
        )
        return values, failures

    def gradients(
        self, theta: Floats, arguments: Sequence[Floats]
    ) -> tuple[Floats, Floats, Floats, list[Floats]]:
        """The same, and the gradients of the sum of all results by ``theta`` and, if the program
        has those, by the arguments."""
        values, failures = self._results(arguments)
        gradient = zeros(self._layout.size, self.dtype)
        function, gathers = self._function("gradients", self._gradients)
        by_inputs: list[Floats] = []
        if self._by_inputs:
            # Where there is a gradient, every number of it is written.
            by_inputs = [
                (np.zeros if self.program.gradients[array] is None else np.empty)(
                    np.shape(a), self.dtype
                )
                for array, a in zip(self.program.arguments, arguments)
            ]
        function(
            self._packed(theta),
            self._constants,
            gathers,
            1,
            values.reshape(-1),
            failures,
            gradient,
            *(d.reshape(-1) for d in by_inputs),
            *self._flat(arguments),
        )
        return values, failures, gradient[self._place], by_inputs

    def train(
        self,
        optimizer: str,
        settings: Floats,
        theta: Floats,
        memories: Floats,
        frozen: Lanes,
        order: Lanes,
        start: int,
        stop: int,
        batch: int,
        epoch: int,
        errors: Floats,
        arguments: Sequence[Floats],
    ) -> int:
        """Train on the rows ``order[start:stop]``, with a step after each ``batch`` of them.

        A batch ends with its epoch. Of a batch with a row whose guard fails, or with an error or
        a gradient that is not finite, nothing happens to ``theta`` or ``memories``. (A step after
        each row, by plain descent, also stops at numbers so large that a gradient might not be
        finite: from 1e150 on.)

        Args:
            optimizer: a key of STEPS.
            settings: of the optimiser, as STEPS lists them.
            theta: the parameters, at least ``len(lanes)``: those beyond have no gradient; changed.
            memories: (kinds, len(theta)), the optimiser's; changed.
            frozen: places in ``theta`` that no step moves.
            order: numbers of rows, epoch after epoch.
            start, stop: the part of it to train on, from the start of a batch.
            batch: rows a step.
            epoch: rows an epoch.
            errors: (epochs,); gets the sum of the errors of each epoch added.
            arguments: (rows, n) each.

        Returns:
            Where it stopped: at ``stop``, or at the start of the batch that it could not do.
        """
        places = np.concatenate(
            [self._place, self._layout.size + np.arange(len(theta) - len(self._place))]
        )
        size = max(self._layout.size + len(theta) - len(self._place), 1)
        # What no parameter stands at gets the number of another: no step of Adam's is behind.
        source = np.zeros(size, np.int64)
        source[places] = np.arange(len(theta))
        packed, moments = zeros(size, self.dtype), np.empty((len(memories), size), self.dtype)
        if len(theta):
            packed[:], moments[:] = theta[source], memories[:, source]
        name = optimizer
        if batch == 1:
            name += " row by row"
            if optimizer == "descent" and not len(frozen) and self._descends:
                name = "descend"
        function, gathers = self._function(name, lambda: self._train(name, optimizer))
        stopped: int = function(
            packed,
            self._constants,
            gathers,
            1,
            zeros(size, self.dtype),
            moments,
            np.asarray(settings, np.float64),
            places[frozen],
            order,
            start,
            stop,
            batch,
            epoch,
            errors,
            packed.copy(),
            *self._flat(arguments),
        )
        theta[:], memories[:] = packed[places], moments[:, places]
        return stopped

    @property
    def seconds(self) -> float:
        """How long compiling took so far, or loading from the disk."""
        return float(sum(function.kept.seconds for function, _ in self._functions.values()))

    @property
    def from_disk(self) -> bool:
        """Whether every function so far was found on the disk."""
        return all(function.kept.from_disk for function, _ in self._functions.values())

    # --- in and out ---

    def _results(self, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        batch = len(arguments[0]) if arguments else 1
        values = np.empty((batch, self.program.outputs.size), self.dtype)
        return values, np.zeros(batch, self.dtype)

    def _packed(self, theta: Floats) -> Floats:
        packed = zeros(self._layout.size, self.dtype)
        packed[self._place] = theta
        return packed

    def _flat(self, arguments: Sequence[Floats]) -> list[Floats]:
        return [np.ascontiguousarray(a, self.dtype).reshape(-1) for a in arguments]

    def _aligned_constants(self) -> Floats:
        constants = [a for a in self.program.constants if a.literal() is None]
        layout = Layout.of(constants)
        numbers = zeros(layout.size, self.dtype)
        for array, base in layout.base.items():
            assert array.numbers is not None
            numbers[base : base + array.size] = array.numbers.reshape(-1)
        return numbers

    # --- functions ---

    @cached_property
    def _by_inputs(self) -> bool:
        return any(self.program.gradients.get(a) is not None for a in self.program.arguments)

    @cached_property
    def _descends(self) -> bool:
        """Whether each row can have its step of descent while its gradients are made."""
        source = self._source("descend", Form())
        return source.direct and not source.after

    def _source(self, purpose: str, form: Form) -> Source:
        program = self.program
        if purpose == "rows":
            program = needed(replace(program, gradients={}))
        return native_source.write(program, form, purpose)

    def _function(self, name: str, made: Callable[[], tuple[Source, str]]) -> tuple[Native, Any]:
        if name not in self._functions:
            source, text = made()
            gathers = np.concatenate([np.zeros(0, np.int64), *source.gathers])
            self._functions[name] = (load(text, "run"), gathers)
        return self._functions[name]

    def _rows(self) -> tuple[Source, str]:
        source = self._source("rows", self._form)
        names = ["values_", "failures_"]
        return source, self._module(source, names, _over_blocks(source, self.program, False))

    def _gradients(self) -> tuple[Source, str]:
        source = self._source("gradients", self._form)
        names = ["values_", "failures_", "G"]
        if self._by_inputs:
            names += [f"D{k}_" for k in range(len(source.widths))]
        body = _over_blocks(source, self.program, self._by_inputs)
        return source, self._module(source, names, body)

    def _train(self, name: str, optimizer: str) -> tuple[Source, str]:
        if name == "descend":
            source = self._source("descend", Form())
            body = descend_lines(source)
        else:
            source = self._source("train", Form() if "row by row" in name else self._form)
            body = train_lines(source, optimizer)
        return source, self._module(source, [*NAMES, "errors", "before"], body)

    def _module(self, source: Source, names: Sequence[str], body: Lines) -> str:
        arguments = [f"X{k}" for k in range(len(source.widths))]
        number = "floats64" if self.dtype == np.float64 else "floats32"
        used = [f"{FUNCTION_NAMES.get(name, name)} as f_{name}" for name in sorted(source.used)]
        scratch = (
            f"from autograd.compiler.native_scratch import aligned, integers, {number} as scratch"
        )
        return "\n".join(
            [
                "import math",
                "",
                "import numpy as np",
                "",
                *(f"from autograd.compiler.elementary import {name}" for name in used),
                scratch,
                "",
                "",
                f"def run({', '.join(['P', 'C', 'I', 'one', *names, *arguments])}):",
                *indented(body),
                "",
            ]
        )


def zeros(n: int, dtype: Any) -> Floats:
    """Zeros in memory that is aligned to 64 bytes."""
    width = np.dtype(dtype).itemsize
    raw = np.zeros(n + 64 // width, dtype)
    start = -raw.__array_interface__["data"][0] // width % (64 // width)
    return raw[start : start + n]


def _over_blocks(source: Source, program: Program, by_inputs: bool) -> Lines:
    """All rows, a block at a time: rows, or gradients."""
    outputs, rows = program.outputs.size, source.form.rows
    sliced = [("values", outputs), ("failures", 1)]
    if by_inputs:
        sliced += [(f"D{k}", w) for k, w in enumerate(source.widths)]
    lines = [*source.setup, *source.clear, *source.before]
    if rows is None:
        lines += ["for n in range(failures_.shape[0]):", "    rows = 1"]
        inner = [f"{name} = {name}_[n * {w}:n * {w} + {w}]" for name, w in sliced]
        inner += one_row(source.widths)
    else:
        lines.append(f"for first in range(0, failures_.shape[0], {rows}):")
        lines.append(f"    rows = min({rows}, failures_.shape[0] - first)")

        def cut(w: int) -> str:
            return f"first * {w}:(first + rows) * {w}"

        inner = [f"{name} = {name}_[{cut(w)}]" for name, w in sliced]
        for k, w in enumerate(source.widths):
            if k in source.copied:
                inner += copied(source, k, "first + n")
            else:
                inner.append(f"A{k} = X{k}[{cut(w)}]")
    inner += [*source.load, *source.row, *source.updates]
    return [*lines, *indented(inner), *source.after]
