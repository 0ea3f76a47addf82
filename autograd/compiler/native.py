"""The Numba backend: a program as native loops, compiled once and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compiler import native_source
from autograd.compiler.cache import load
from autograd.compiler.native_source import Source
from autograd.compiler.program import Floats, Lanes, Program

Native = Callable[..., Any]


class NativeProgram:
    """A program in native code.

    Attributes:
        lanes: which parameter stands at each place of ``theta``, the vector that native functions
            take: every block in turn.

    Raises:
        NotNative: the program has no native form.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.source = native_source.write(program)
        self.lanes: Lanes = np.concatenate(
            [np.zeros(0, np.int64), *(block.lanes for block in program.blocks)]
        )
        self.constants = np.concatenate([*self.source.constants, np.zeros(1)])
        self.gathers = np.concatenate([*self.source.gathers, np.zeros(1, np.int64)])
        self.arguments = len(program.arguments)
        self._functions: dict[str, Native] = {}

    # --- what can be called ---

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """The results, (batch, outputs), and the count of failing guards of each row."""
        batch = len(arguments[0]) if arguments else 1
        values = np.empty((batch, len(self.source.values)))
        failures = np.zeros(batch)
        function = self._function("rows", lambda: _rows(self.source, self.arguments))
        function(theta, self.constants, self.gathers, values, failures, *arguments)
        return values, failures

    def gradients(
        self, theta: Floats, arguments: Sequence[Floats]
    ) -> tuple[Floats, Floats, Floats, list[Floats]]:
        """The same, and the gradients of the sum of all results by ``theta`` and, if the program
        has those, by the arguments."""
        batch = len(arguments[0]) if arguments else 1
        values = np.empty((batch, len(self.source.values)))
        failures, gradient = np.zeros(batch), np.zeros(len(theta))
        function = self._function("gradients", lambda: _gradients(self.source, self.arguments))
        by_inputs = [np.zeros_like(a) for a in arguments] if self.source.by_inputs else []
        function(
            theta, self.constants, self.gathers, values, failures, gradient, *by_inputs, *arguments
        )
        return values, failures, gradient, by_inputs

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
        a gradient that is not finite, nothing happens to ``theta`` or ``memories``.

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
        source, fused = self.source, False
        if optimizer == "descent" and batch == 1 and not len(frozen):
            at_once = native_source.write(self.program, "theta[{}] -= rate * ({})")
            fused = at_once.direct and not at_once.after
            source = at_once if fused else source
        function = self._function(
            f"train_{optimizer}{'_fused' * fused}",
            lambda: train_source(source, self.arguments, optimizer, fused),
        )
        stopped: int = function(
            theta,
            self.constants,
            self.gathers,
            np.zeros_like(theta),
            memories,
            settings,
            frozen,
            order,
            start,
            stop,
            batch,
            epoch,
            errors,
            theta.copy(),
            *arguments,
        )
        return stopped

    def _function(self, name: str, text: Callable[[], str]) -> Native:
        if name not in self._functions:
            self._functions[name] = load(text(), "run")
        return self._functions[name]


# --- functions around the loops ---


def _rows(source: Source, arguments: int) -> str:
    body = [
        *source.before,
        "for n in range(failures.shape[0]):",
        *_indented([*source.row, *_outcome(source)]),
    ]
    return _module(source, arguments, ["values", "failures"], [*source.setup, *body])


def _gradients(source: Source, arguments: int) -> str:
    body = [
        *source.setup,
        *source.clear,
        *source.before,
        "for n in range(failures.shape[0]):",
        *_indented([*source.row, *_outcome(source), *source.updates, *source.by_inputs]),
        *source.after,
    ]
    names = ["values", "failures", "G"]
    if source.by_inputs:
        names += [f"D{k}" for k in range(arguments)]
    return _module(source, arguments, names, body)


def _outcome(source: Source) -> list[str]:
    lines = [f"values[n, {k}] = {value}" for k, value in enumerate(source.values)]
    return [*lines, f"failures[n] = {source.failures}"] if source.failures else lines


STEPS = {
    "descent": [
        "for j in range(theta.shape[0]):",
        "    theta[j] -= settings[0] * scale * G[j]",
    ],
    "momentum": [
        "velocity = memories[0]",
        "for j in range(theta.shape[0]):",
        "    velocity[j] = settings[1] * velocity[j] + (G[j] * scale + settings[2] * theta[j])",
        "    theta[j] -= settings[0] * velocity[j]",
    ],
    "adam": [
        "lr, keep_mean, keep_square, eps, decay = settings[0], settings[1], settings[2], "
        "settings[3], settings[4]",
        "steps, means, squares = memories[0], memories[1], memories[2]",
        "if steps.shape[0] > 0:",
        "    bias_mean, bias_square, counted = 0.0, 0.0, -1.0",
        "    for j in range(theta.shape[0]):",
        "        steps[j] += 1.0",
        "        if steps[j] != counted:",
        "            counted = steps[j]",
        "            bias_mean = 1.0 - keep_mean ** counted",
        "            bias_square = 1.0 - keep_square ** counted",
        "        g = G[j] * scale + decay * theta[j]",
        "        means[j] = keep_mean * means[j] + (1.0 - keep_mean) * g",
        "        squares[j] = keep_square * squares[j] + (1.0 - keep_square) * g * g",
        "        rms = math.sqrt(squares[j] / bias_square)",
        "        theta[j] -= lr * (means[j] / bias_mean) / (rms + eps)",
    ],
}
"""How each optimiser moves ``theta``: settings and memories are those of nn.optim, in order."""


def train_source(source: Source, arguments: int, optimizer: str, fused: bool) -> str:
    """The function that trains: rows ``order[start:stop]``, a step after each ``batch`` of them.

    A batch ends with its epoch, of ``epoch`` rows; ``errors[e]`` gets the sum of the errors of
    epoch e, counted from the start of ``order``. It returns where it stopped: at ``stop``, or at
    the start of a batch that has a row whose guard fails, or an error or gradient that is not
    finite; of that batch nothing has happened to ``theta`` (fused: to the row's).
    """
    names = ["G", "memories", "settings", "frozen", "order", "start", "stop", "batch", "epoch"]
    failing = f"{source.failures} != 0.0 or " if source.failures else ""
    row = [
        "n = order[place]",
        *source.row,
        f"error = {source.values[0]}",
        f"if {failing}not math.isfinite(error):",
        "    return position",
        "total += error",
        *source.updates,
    ]
    if fused:
        body = [
            "rate = settings[0]",
            "position = start",
            "while position < stop:",
            "    place = position",
            "    total = 0.0",
            *_indented([*source.clear, *source.before, *row]),
            "    errors[position // epoch] += total",
            "    position += 1",
            "return position",
        ]
    else:
        body = [
            "position = start",
            "while position < stop:",
            "    end = min(position + batch, (position // epoch + 1) * epoch)",
            "    scale = 1.0 / (end - position)",
            "    total = 0.0",
            "    for j in range(G.shape[0]):",
            "        G[j] = 0.0",
            *_indented([*source.clear, *source.before]),
            "    for place in range(position, end):",
            *_indented(_indented(row)),
            *_indented(source.after),
            "    # nan if some gradient is not finite",
            "    finite = 0.0",
            "    for j in range(G.shape[0]):",
            "        finite += G[j] * 0.0",
            "    if finite != 0.0:",
            "        return position",
            *_indented(STEPS[optimizer]),
            "    for j in frozen:",
            "        theta[j] = before[j]",
            "    errors[position // epoch] += total",
            "    position = end",
            "return position",
        ]
    return _module(source, arguments, [*names, "errors", "before"], [*source.setup, *body])


def _module(source: Source, arguments: int, names: Sequence[str], body: Sequence[str]) -> str:
    rows = [f"X{k}" for k in range(arguments)]
    return "\n".join(
        [
            "import math",
            "",
            "import numpy as np",
            "",
            *(
                f"from autograd.compiler.elementary import {ELEMENTARY.get(name, name)} as f_{name}"
                for name in sorted(source.used)
            ),
            "",
            "",
            f"def run({', '.join(['theta', 'C', 'I', *names, *rows])}):",
            *_indented(body),
            "",
        ]
    )


ELEMENTARY = {"abs": "absolute"}


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]
