"""The native executor: a program as loops that Numba compiles once and keeps on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor, Stretch
from autograd.compiler.native import source as native_source
from autograd.compiler.native.blocks import Form
from autograd.compiler.native.cache import load
from autograd.compiler.native.loops import FUNCTION_NAMES, Lines, indented
from autograd.compiler.native.source import Layout, Source
from autograd.compiler.native.train import (
    NAMES,
    STEPS,
    copied,
    descend_lines,
    one_row,
    train_lines,
)
from autograd.compiler.native.turn import turn
from autograd.compiler.program import Floats, Indices, Program
from autograd.compiler.stages.needed import needed
from autograd.compiler.update import Update

Native = Any


class NativeExecutor(Executor):
    """A program in native code.

    Args:
        program: with gradients or without.
        dtype: of the numbers, float64 or float32.

    Raises:
        NotNative: the program has no native form.
    """

    name = "numba"

    def __init__(self, program: Program, dtype: Any = np.float64) -> None:
        self.program = program if program.arguments else turn(program)
        self.dtype, self.parameters = np.dtype(dtype), len(program.parameters)
        self._form = native_source.choose_form(self.program)
        self._layout = Layout.of([block.array for block in self.program.blocks])
        # Where each parameter stands in the memory of native code.
        self._place = np.empty(self.parameters, np.int64)
        for block in program.blocks:
            base = self._layout.base[block.array]
            self._place[block.lanes] = base + np.arange(block.array.size)
        self._constants = self._aligned_constants()
        self._functions: dict[str, tuple[Native, Any]] = {}
        for purpose in ("rows", "gradients") if program.gradients else ("rows",):
            self._source(purpose, self._form)  # may raise NotNative

    # --- what can be called ---

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        batch = len(arguments[0]) if arguments else 1
        values = np.empty((batch, self.program.outputs.size), self.dtype)
        failures = self._failures(batch)
        function, gathers = self._function("rows", self._rows)
        function(
            self._packed(theta),
            self._constants,
            gathers,
            1,
            batch,
            failures,
            values.reshape(-1),
            *[a.reshape(-1) for a in arguments],
        )
        return values, failures

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        batch = len(arguments[0]) if arguments else 1
        failures = self._failures(batch)
        gradient = zeros(self._layout.size, self.dtype)
        function, gathers = self._function("gradients", self._gradients)
        by_inputs = [make(a.shape, self.dtype) for make, a in zip(self._made_by, arguments)]
        total: float = function(
            self._packed(theta),
            self._constants,
            gathers,
            1,
            batch,
            failures,
            gradient,
            *[d.reshape(-1) for d in by_inputs],
            *[a.reshape(-1) for a in arguments],
        )
        if not (self.program.arguments and self.program.arguments[0] in self.program.gradients):
            return total, failures, gradient[self._place]
        return total, failures, by_inputs or [np.zeros_like(a) for a in arguments]

    def train(
        self,
        update: Update,
        theta: Floats,
        memories: Floats,
        frozen: Indices,
        stretch: Stretch,
        losses: Floats,
        arguments: Sequence[Floats],
    ) -> int:
        """As ``Executor.train``, in one native call for the updates that native code knows.

        (A step after each row, by plain descent, also stops at numbers so large that a gradient
        might not be finite: from 1e150 on.)
        """
        if update.native not in STEPS:
            return super().train(update, theta, memories, frozen, stretch, losses, arguments)
        more = np.arange(len(theta) - self.parameters)
        places = np.concatenate([self._place, self._layout.size + more])
        size = max(self._layout.size + len(more), 1)
        # Padding gets the numbers of a parameter, so that its steps of Adam are not behind.
        source = np.zeros(size, np.int64)
        source[places] = np.arange(len(theta))
        packed, moments = zeros(size, self.dtype), np.empty((len(memories), size), self.dtype)
        if len(theta):
            packed[:], moments[:] = theta[source], memories[:, source]
        name = update.native
        if stretch.batch == 1:
            name += " row by row"
            if update.native == "descent" and not len(frozen) and self._descends:
                name = "descend"
        function, gathers = self._function(name, lambda: self._train(name, update.native))
        stopped: int = function(
            packed,
            self._constants,
            gathers,
            1,
            zeros(size, self.dtype),
            moments,
            np.array(update.settings, np.float64),
            places[frozen],
            stretch.order,
            stretch.start,
            stretch.stop,
            stretch.batch,
            stretch.epoch,
            losses,
            packed.copy(),
            *[np.ascontiguousarray(a, self.dtype).reshape(-1) for a in arguments],
        )
        theta[:], memories[:] = packed[places], moments[:, places]
        return stopped

    @property
    def seconds(self) -> float:  # type: ignore[override]
        """How long compiling took so far, or loading from the disk."""
        return float(sum(function.kept.seconds for function, _ in self._functions.values()))

    @property
    def from_disk(self) -> bool:  # type: ignore[override]
        """Whether every function so far was found on the disk."""
        return all(function.kept.from_disk for function, _ in self._functions.values())

    # --- in and out ---

    def _failures(self, batch: int) -> Floats:
        return np.zeros(0 if self.program.failures is None else batch, self.dtype)

    def _packed(self, theta: Floats) -> Floats:
        packed = zeros(self._layout.size, self.dtype)
        packed[self._place] = theta
        return packed

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
    def _made_by(self) -> list[Callable[..., Floats]]:
        """What makes the arrays of the gradients by the arguments; nothing where there are none."""
        if not self._by_inputs:
            return []
        # Where there is a gradient, every number of it is written.
        gradients = self.program.gradients
        return [np.zeros if gradients[a] is None else np.empty for a in self.program.arguments]

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
        outputs = {"values": self.program.outputs.size}
        return self._over_rows(source, [], outputs)

    def _gradients(self) -> tuple[Source, str]:
        source = self._source("gradients", self._form)
        outputs = {f"D{k}": w for k, w in enumerate(source.widths)} if self._by_inputs else {}
        return self._over_rows(source, ["G"], outputs)

    def _over_rows(
        self, source: Source, more: list[str], outputs: dict[str, int]
    ) -> tuple[Source, str]:
        """All rows, a block at a time; ``outputs``: names and widths of what rows are stored in."""
        if self.program.failures is not None:
            outputs = {"failures": 1, **outputs}
        stored = [f"{name}_" for name in outputs if name != "failures"]
        body = ["error = 0.0", *_over_blocks(source, outputs), "return error"]
        return source, self._module(source, ["batch", "failures_", *more, *stored], body)

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
            f"from autograd.compiler.native.scratch import aligned, integers, {number} as scratch"
        )
        return "\n".join(
            [
                "import math",
                "",
                "import numpy as np",
                "",
                *(f"from autograd.compiler.native.elementary import {name}" for name in used),
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
    if not n:
        return np.empty(0, dtype)
    width = np.dtype(dtype).itemsize
    raw = np.zeros(n + 64 // width, dtype)
    start = -raw.__array_interface__["data"][0] // width % (64 // width)
    return raw[start : start + n]


def _over_blocks(source: Source, outputs: dict[str, int]) -> Lines:
    rows = source.form.rows
    lines = [*source.setup, *source.clear, *source.before]
    if rows is None:
        lines += ["for n in range(batch):", "    rows = 1"]
        inner = [f"{name} = {name}_[n * {w}:n * {w} + {w}]" for name, w in outputs.items()]
        inner += one_row(source.widths)
    else:
        lines.append(f"for first in range(0, batch, {rows}):")
        lines.append(f"    rows = min({rows}, batch - first)")

        def cut(w: int) -> str:
            return f"first * {w}:(first + rows) * {w}"

        inner = [f"{name} = {name}_[{cut(w)}]" for name, w in outputs.items()]
        for k, w in enumerate(source.widths):
            if k in source.copied:
                inner += copied(source, k, "first + n")
            else:
                inner.append(f"A{k} = X{k}[{cut(w)}]")
    inner += [*source.load, *source.row, *source.updates]
    return [*lines, *indented(inner), *source.after]
