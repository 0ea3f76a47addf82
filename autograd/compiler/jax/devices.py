"""The devices that share a training, in one process or in several: JAX's mesh, and what lies on it.

Each device has all rows and takes an equal part of each batch, and XLA adds the gradients up. The
processes know of each other by ``jax.distributed``, and each runs the same program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from autograd.compiler.program import Floats
from autograd.real import count

Array = Any  # of JAX, or a tracer
LOST = (
    "another process of this training was lost: start again on those that are left, from the last "
    "checkpoint if there is one"
)


class Devices:
    """Some of JAX's devices, equally many of each process.

    Args:
        number: how many.

    Attributes:
        processes: how many processes have a part.

    Raises:
        ValueError: there are fewer, or the processes cannot give equally many.
    """

    def __init__(self, number: int) -> None:
        self.processes, self.number = jax.process_count() if number > 1 else 1, number
        self._mesh: Any = None
        if number > 1:
            auto = (jax.sharding.AxisType.Auto,)  # the default would be explicit axes
            self._mesh = jax.make_mesh((number,), ("rows",), auto, devices=_chosen(number))
            self._agree = jax.jit(lambda x: x.max(axis=0), out_shardings=self.whole)

    @property
    def whole(self) -> Any:
        """Where an array lies that each device has whole; None for the one device."""
        return self._mesh and self._sharding()

    def placed(self, array: Floats) -> Array:
        """The array, whole on each device."""
        if self._mesh is None:
            return jax.device_put(array)
        return jax.make_array_from_callback(array.shape, self.whole, lambda index: array[index])

    def dealt_out(self, x: Array) -> Array:
        """An array of rows, dealt out to the devices, if they can have equal parts."""
        if self._mesh is None or len(x) % self.number:
            return x
        return jax.lax.with_sharding_constraint(x, self._sharding("rows"))

    def agreed(self, numbers: Sequence[float]) -> Sequence[float]:
        """As ``Executor.agreed``."""
        if self.processes == 1:
            return numbers
        mine = np.array([numbers], np.float64)
        with self.lost():
            shape, place = (self.number, len(numbers)), self._sharding("rows")
            given = jax.make_array_from_callback(shape, place, lambda index: mine)
            return np.asarray(self._agree(given)).tolist()  # type: ignore[no-any-return]

    @contextmanager
    def lost(self) -> Iterator[None]:
        """Inside, a process that no longer answers is a ConnectionError."""
        try:
            yield
        except (ValueError, RuntimeError) as error:  # JAX raises the one or the other
            if self.processes > 1 and "Gloo" in str(error):
                raise ConnectionError(LOST) from error
            raise

    def _sharding(self, *axes: str) -> Any:
        return jax.sharding.NamedSharding(self._mesh, jax.sharding.PartitionSpec(*axes))


def _chosen(number: int) -> list[Any]:
    """The devices, equally many of each process."""
    processes, kind = jax.process_count(), jax.devices()[0].platform
    if number % processes:
        raise ValueError(
            f"{count(number, 'device')} cannot be taken in equal parts from {processes} processes: "
            "choose a multiple"
        )
    each = number // processes
    of_process = [
        [d for d in jax.devices() if d.process_index == process] for process in range(processes)
    ]
    fewest = min(map(len, of_process))
    if each > fewest:
        where = f" in each of {processes} processes" if processes > 1 else ""
        raise ValueError(
            f"JAX has {fewest} of these {each} devices{where} ({kind}); "
            "processors can stand for more: set XLA_FLAGS="
            f"--xla_force_host_platform_device_count={each} before JAX is imported"
        )
    return [d for devices in of_process for d in devices[:each]]
