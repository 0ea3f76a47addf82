"""The JAX backend: XLA compiles the source of the program, once for each number of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from autograd.compiler.executor import Executor, Learner, Stretch
from autograd.compiler.jax.blocks import Blocks, Parts
from autograd.compiler.jax.devices import Devices
from autograd.compiler.jax.dialect import JAX, JaxDialect
from autograd.compiler.jax.functions import only_python
from autograd.compiler.jax.steps import in_steps
from autograd.compiler.jax.training import Training
from autograd.compiler.numpy.executor import load
from autograd.compiler.numpy.source import NumpySource, write
from autograd.compiler.program import Floats, Program, View

Array = Any  # of JAX, or a tracer


class JaxExecutor(Executor):
    """Runs a program with JAX.

    Args:
        program: with gradients or without.
        dtype: of the numbers, float64 or float32.

    Raises:
        CompileError: the program has an operation that only Python can compute.
    """

    name = "jax"
    _placed: tuple[Sequence[Floats], list[Array]]
    """The rows of the latest training, and the same on the devices."""

    def __init__(self, program: Program, dtype: Any = np.float64) -> None:
        self.dtype, self.parameters = np.dtype(dtype), len(program.parameters)
        self._blocks = Blocks(program.blocks, self.parameters)
        self._by_arguments = _by_arguments(program)
        self._function = function_of(program, dtype, self._blocks)
        self._run = jax.jit(self._function)
        self._deal_out_to(1)

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        values, failures, _ = self._called(theta, arguments)
        return np.array(values), np.array(failures)

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        values, failures, gradient = self._called(theta, arguments)
        total = float(np.asarray(values).sum())
        if self._by_arguments:
            return total, np.array(failures), [np.array(g) for g in gradient]
        by_parameters = np.empty(self.parameters, self.dtype)
        self._blocks.put(by_parameters, gradient)
        return total, np.array(failures), by_parameters

    def train(
        self, learner: Learner, stretch: Stretch, losses: Floats, arguments: Sequence[Floats]
    ) -> int:
        """As ``Executor.train``."""
        if not arguments:
            return super().train(learner, stretch, losses, arguments)
        with settings(np.dtype(np.float64)):  # of the optimiser, as for other executors
            before, placed = self._placed
            if before is not arguments:
                placed = [self._devices.placed(_with_room(a)) for a in arguments]
                self._placed = arguments, placed
            with self._devices.lost():
                return self._training.train(learner, stretch, losses, placed)

    def release(self) -> None:
        """As ``Executor.release``."""
        self._placed = [], []

    def spread(self, devices: int) -> None:
        """As ``Executor.spread``."""
        if devices != self.devices:
            self._deal_out_to(devices)

    @property
    def devices(self) -> int:
        """As ``Executor.devices``."""
        return self._devices.number

    @property
    def processes(self) -> int:
        """As ``Executor.processes``."""
        return self._devices.processes

    def agreed(self, numbers: Sequence[float]) -> Sequence[float]:
        """As ``Executor.agreed``."""
        with settings(np.dtype(np.float64)):
            return self._devices.agreed(numbers)

    def _deal_out_to(self, devices: int) -> None:
        # What was compiled for other devices cannot serve, and the rows are there.
        self._devices = Devices(devices)
        self._training = Training(self._function, self.dtype, self._devices, self._blocks)
        self.release()

    def _called(self, theta: Floats, arguments: Sequence[Floats]) -> Any:
        with settings(self.dtype):
            return self._run(self._blocks.parted(theta), *arguments)


def _with_room(rows: Floats) -> Floats:
    """The rows, and at most an eighth as many of zeros, which nobody reads: XLA compiles anew for
    each number of rows, and a text in parts, say, has nearly equal ones."""
    step = 1 << max(0, len(rows).bit_length() - 4)
    room = -len(rows) % step
    return np.pad(rows, ((0, room), (0, 0))) if room else rows


def settings(dtype: np.dtype[Any]) -> Any:
    """JAX's settings for a program; when the context ends they are what they were before.

    float64 numbers stay float64, and products of float32 numbers are not rounded to fewer digits
    first, as some accelerators do.
    """
    from contextlib import ExitStack

    stack = ExitStack()
    stack.enter_context(np.errstate(all="ignore"))  # it rounds constants with NumPy
    stack.enter_context(jax.enable_x64(dtype == np.float64))
    stack.enter_context(jax.default_matmul_precision("highest"))
    return stack


def source_of(program: Program, dtype: Any, dialect: JaxDialect) -> NumpySource:
    """The source, if JAX can run it.

    Raises:
        CompileError: it has an operation that only Python can compute.
    """
    source = write(in_steps(program), dtype, dialect)
    if source.functions:
        raise only_python(next(iter(source.functions)).removesuffix("_in_python"))
    return source


def function_of(
    program: Program, dtype: Any, blocks: Blocks
) -> Callable[..., tuple[Array, Array, Any]]:
    """A pure function of the parameters, in parts, and of the arguments, (batch, n) each.

    It returns the results, (batch, outputs); how many guards fail for each row, (batch,), or (0,);
    and, if the program has gradients, a list of their sums over the rows: by the parts, or by each
    argument.
    """
    source = source_of(program, dtype, JAX)
    with settings(np.dtype(dtype)):  # for its constants
        function = load(source)
    guarded = program.failures is not None

    def run(theta: Parts, *arguments: Array) -> tuple[Array, Array, Any]:
        batch = len(arguments[0]) if arguments else 1
        returned = function(*arguments, *blocks.taken(theta))
        value, *rest = returned if guarded or program.gradients else (returned,)
        values = rows_of(value, program.outputs, batch, dtype)
        failures = jnp.zeros(0, dtype)
        if program.failures is not None:
            failures = rows_of(rest.pop(0), program.failures, batch, dtype)[:, 0]
        if not program.gradients:
            return values, failures, [*map(jnp.zeros_like, theta)]
        if _by_arguments(program):
            pairs = zip(rest[len(program.blocks) :], arguments)
            return values, failures, [jnp.broadcast_to(g, a.shape) for g, a in pairs]
        return values, failures, blocks.joined(rest, theta)

    return run


def _by_arguments(program: Program) -> bool:
    return bool(program.arguments) and program.arguments[0] in program.gradients


def rows_of(x: Array, v: View, batch: Any, dtype: Any) -> Array:
    """A result as (batch, width), even if it is the same for all rows."""
    array = jnp.asarray(x, dtype)
    if v.array.batched:
        return array.reshape(batch, v.size)
    return jnp.broadcast_to(array.reshape(1, v.size), (batch, v.size))
