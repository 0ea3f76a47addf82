"""Training with JAX: one call for all batches of one size, a loop of steps within."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from autograd.compiler.executor import Learner, Stretch
from autograd.compiler.jax.blocks import Blocks, Parts
from autograd.compiler.jax.devices import Devices
from autograd.compiler.jax.functions import function
from autograd.compiler.program import Floats
from autograd.compiler.update import Traced, Update

Array = Any  # of JAX, or a tracer

ROWS_AT_ONCE = 1 << 15
"""A call has room for the numbers of this many rows. Few calls have more."""


class Training:
    """Steps of an optimiser, in float64.

    Args:
        gradients: ``gradients(theta, *arguments)`` returns the results of the rows, the failures,
            and the gradient of the results' sum.
        dtype: what ``gradients`` computes in.
        devices: what each batch is dealt out to.
        blocks: the parts that ``gradients`` takes.
    """

    def __init__(
        self,
        gradients: Callable[..., tuple[Array, Array, Array]],
        dtype: np.dtype[Any],
        devices: Devices,
        blocks: Blocks,
    ) -> None:
        self.gradients, self.dtype, self.devices = gradients, dtype, devices
        self._blocks = blocks
        self._compiled: dict[object, Callable[..., Any]] = {}

    def train(
        self, learner: Learner, stretch: Stretch, losses: Floats, arguments: Sequence[Array]
    ) -> int:
        """As ``Executor.train``."""
        kinds = len(learner.memories)
        found = Traced(learner.update.rule, [False] * kinds)
        numbers = [x for x in found.start if x is not None]
        moves = np.ones(len(learner.theta), bool)
        moves[learner.frozen] = False
        held = [learner.theta, *learner.memories]
        parts, state = self._blocks.parted(moves), [self._blocks.parted(each) for each in held]
        steps, position = self._steps(learner.update, found), stretch.start
        while position < stretch.stop:
            size = stretch.end(position) - position
            end = _last_of_size(stretch, position, size)
            count = (end - position) // size
            order = np.zeros((_rounded_up(count, size), size), np.int64)
            order[:count] = stretch.order[position:end].reshape(count, size)
            given = np.array(numbers, np.float64), parts, order, count
            state, totals, done = steps(state, *given, *arguments)
            done = int(done)
            epochs = np.arange(position, end, size)[:done] // stretch.epoch
            np.add.at(losses, epochs, np.asarray(totals)[:done])
            position += done * size
            if done < count:
                break
        for before, after in zip(held, state):
            self._blocks.put(before, after)
        return position

    def _steps(self, update: Update, found: Traced) -> Callable[..., Any]:
        """A compiled function of the state and batches. Updates that differ in their numbers alone
        share one."""
        places = [i for i, number in enumerate(found.start) if number is not None]
        operations = tuple((function(op), tuple(inputs), out) for op, inputs, out in found.traced)
        key = operations, tuple(places), tuple(found.results)
        steps = self._compiled.get(key)
        if steps is None:
            one_step = functools.partial(_moved, operations, places, found.results)
            run = functools.partial(self._run, one_step)
            steps = jax.jit(run, out_shardings=self.devices.whole)
            self._compiled = {key: steps}
        return steps

    def _run(
        self,
        one_step: Callable[..., list[Array]],
        state: list[Parts],
        numbers: Array,
        moves: Parts,
        order: Array,
        count: Array,
        *arguments: Array,
    ) -> Any:
        """The steps of all batches, up to one that cannot be done: (state, totals, how many)."""
        size = order.shape[1]

        def step(carried: Any) -> Any:
            state, totals, done, _ = carried
            rows = self.devices.dealt_out(order[done])
            taken = [self.devices.dealt_out(a[rows]).astype(self.dtype) for a in arguments]
            theta = [part.astype(self.dtype) for part in state[0]]
            values, failures, gradient = self.gradients(theta, *taken)
            total = values.sum()
            good = jnp.isfinite(total) & (failures == 0).all()
            for part in gradient:
                good &= jnp.isfinite(part).all()
            kept: list[Parts] = [[] for _ in state]
            for part, move, *before in zip(gradient, moves, *state):
                moved = one_step(numbers, before[0], part / size, before[1:])
                for parts, new, old in zip(kept, moved, before):
                    unchanged = new is old  # such as a velocity without momentum
                    parts.append(old if unchanged else jnp.where(good & move, new, old))
            totals = totals.at[done].set(jnp.where(good, total, 0))
            return kept, totals, done + good, good

        def goes_on(carried: Any) -> Any:
            _, _, done, good = carried
            return good & (done < count)

        start = state, jnp.zeros(len(order), np.float64), 0, True
        state, totals, done, _ = jax.lax.while_loop(goes_on, step, start)
        return state, totals, done


def _moved(
    operations: Sequence[tuple[Callable[..., Array], Sequence[int], int]],
    places: Sequence[int],
    results: Sequence[int],
    numbers: Array,
    theta: Array,
    gradient: Array,
    memories: Sequence[Array],
) -> list[Array]:
    """The new parameters and memories, by an update's list of operations."""
    x: dict[int, Array] = dict(enumerate([theta, gradient, *memories]))
    x |= {place: numbers[i] for i, place in enumerate(places)}
    for operation, inputs, out in operations:
        x[out] = operation(*[x[i] for i in inputs])
    return [x[i] for i in results]


def _last_of_size(stretch: Stretch, position: int, size: int) -> int:
    """Where the batches end that have this size and follow each other."""
    if size < stretch.batch or stretch.epoch % stretch.batch:
        whole = stretch.epoch // stretch.batch * stretch.batch
        start = position // stretch.epoch * stretch.epoch
        end = position + size if size < stretch.batch else start + whole
    else:
        end = stretch.stop
    return min(end, stretch.stop)


def _rounded_up(count: int, size: int) -> int:
    """A number of batches that is at least ``count``, and mostly the same one, because XLA compiles
    anew for each."""
    most = max(1, ROWS_AT_ONCE // size)
    while most < count:
        most *= 4
    return most
