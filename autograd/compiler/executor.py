"""Executor: the three calls that every backend answers, and the training that serves them all.

An executor runs one program: the graph of one recording, with gradients or without. Each has a
folder of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from autograd.compiler.program import Floats, Indices
from autograd.compiler.update import Stepper, Update


@dataclass(frozen=True)
class Stretch:
    """A part of a training: which rows to learn from, in which batches.

    Attributes:
        order: the numbers of the rows, epoch after epoch.
        start, stop: the part of ``order`` to train on. Both are ends of batches.
        batch: the rows of a batch. The last batch of an epoch may be smaller.
        epoch: the rows of an epoch.
    """

    order: Indices
    start: int
    stop: int
    batch: int
    epoch: int

    def end(self, position: int) -> int:
        """The end of the batch that starts at ``position``."""
        return min(position + self.batch, (position // self.epoch + 1) * self.epoch)


@dataclass(frozen=True)
class Learner:
    """What a training moves, and how.

    Attributes:
        update: the optimiser.
        theta: (n,), float64, at least as many numbers as the program has parameters; those beyond
            have a gradient of 0. A training changes them.
        memories: (kinds, n), the optimiser's. A training changes them.
        frozen: places in ``theta`` that no step moves.
    """

    update: Update
    theta: Floats
    memories: Floats
    frozen: Indices


class Executor(Protocol):
    """A program that can be run.

    Attributes:
        name: "numpy", "machine" or "jax".
        dtype: what it computes in, float64 or float32.
        parameters: how many parameters the program has. ``theta`` holds their numbers, in the
            order of the trace.
        seconds: how long compiling took so far, or loading from the disk.
        from_disk: whether everything that was compiled so far was found on the disk.
    """

    name: str
    dtype: np.dtype[Any]
    parameters: int
    seconds: float = 0.0
    from_disk: bool = True

    @property
    def devices(self) -> int:
        """How many devices ``train`` deals each batch out to."""
        return 1

    @property
    def processes(self) -> int:
        """How many processes train the same network together, each on its own devices."""
        return 1

    def agreed(self, numbers: Sequence[float]) -> Sequence[float]:
        """For each of these numbers the largest that any of the processes gives.

        Raises:
            ConnectionError: one of them no longer answers.
        """
        return numbers

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """The results for each row of a batch.

        Args:
            theta: (parameters,).
            arguments: (batch, n) each. Without arguments the batch is 1.

        Returns:
            (batch, outputs), new memory; and (batch,), how many guards fail for each row, or (0,)
            where the program has no guards.
        """
        ...

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """The sum of all results over the batch, and its gradient.

        Args:
            theta, arguments: as for ``rows``.

        Returns:
            The sum; the failures, as ``rows`` has them; and the gradient by the parameters,
            (parameters,), or a list with the gradient by each argument, (batch, n).
        """
        ...

    def point(self, by: str) -> Callable[..., Any] | None:
        """A fast function of plain numbers, or None where there is none.

        It takes the arguments and then the parameters, and returns the result, how many guards
        fail, and the derivatives by "parameters" or "inputs" (none for "").
        """
        return None

    def spread(self, devices: int) -> None:
        """Let ``train`` deal each batch out to this many devices from now on.

        Raises:
            ValueError: there are fewer, or this backend has but one.
        """
        if devices > 1:
            raise ValueError(f"{self.name} runs on one device; backend='jax' runs on several")

    @property
    def place(self) -> str:
        """The name, and on how many devices if there are several."""
        return f"{self.name} on {self.devices} devices" if self.devices > 1 else self.name

    def release(self) -> None:
        """Let go of the rows of a training that is over, where they are kept for its next call."""
        return

    @np.errstate(all="ignore")
    def train(
        self, learner: Learner, stretch: Stretch, losses: Floats, arguments: Sequence[Floats]
    ) -> int:
        """Train on a stretch of rows, with a step of the optimiser after each batch.

        A batch with a row whose guard fails, or with a loss or a gradient that is not finite,
        ends the training before its step.

        Args:
            learner: what is moved, and how.
            stretch: the rows.
            losses: (epochs,); the sum of the losses of each epoch is added.
            arguments: (rows, n) each, of any type of number. Numbers in them may have changed
                since an earlier call only if this is another list.

        Raises:
            ConnectionError: another process of this training no longer answers.

        Returns:
            Where the training stopped: at ``stretch.stop``, or at the start of the batch that it
            could not do.
        """
        theta, frozen = learner.theta, learner.frozen
        gradient, stepper = np.zeros_like(theta), Stepper(learner.update)
        position = stretch.start
        while position < stretch.stop:
            end = stretch.end(position)
            rows = stretch.order[position:end]
            taken = [a[rows].astype(self.dtype, copy=False) for a in arguments]
            numbers = theta[: self.parameters].astype(self.dtype, copy=False)
            total, failures, by_parameters = self.gradients(numbers, taken)
            gradient[: self.parameters] = by_parameters / (end - position)
            if failures.any() or not (math.isfinite(total) and np.isfinite(gradient).all()):
                return position
            losses[position // stretch.epoch] += total
            kept = theta[frozen]
            stepper.step(theta, gradient, learner.memories)
            theta[frozen] = kept
            position = end
        return position
