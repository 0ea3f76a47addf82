"""Training with the NumPy backend: the same steps as native code, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compiler.program import Floats, Lanes

AT_ONCE = 16_384


class NumpyTrainer:
    """Like ``NativeProgram``, as far as training goes.

    Args:
        function: what ``numpy_backend.evaluate`` made of a program with gradients.
        parameters: how many it has.
        dtype: to compute gradients in. What the steps add up is float64 in any case.
    """

    def __init__(self, function: Callable[..., Any], parameters: int, dtype: Any) -> None:
        self.function, self.dtype = function, dtype
        self.lanes: Lanes = np.arange(parameters)

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
        """As ``NativeProgram.train``."""
        position = start
        gradient = np.zeros_like(theta)
        while position < stop:
            end = min(position + batch, (position // epoch + 1) * epoch)
            rows = order[position:end]
            used = theta[: len(self.lanes)].astype(self.dtype, copy=False)
            taken = [a[rows].astype(self.dtype, copy=False) for a in arguments]
            values, failures, *total = self.function(taken, used)
            if total:  # there are parameters
                gradient[: len(self.lanes)] = total[0] / (end - position)
            if np.any(failures) or not (np.isfinite(values).all() and np.isfinite(gradient).all()):
                return position
            # Before the step: the values may be a view of a parameter.
            errors[position // epoch] += values.sum(dtype=np.float64)
            kept = theta[frozen]
            STEPS[optimizer](theta, gradient, memories, settings)
            theta[frozen] = kept
            position = end
        return position


def _descent(theta: Floats, gradient: Floats, memories: Floats, settings: Floats) -> None:
    theta -= settings[0] * gradient


def _momentum(theta: Floats, gradient: Floats, memories: Floats, settings: Floats) -> None:
    lr, momentum, decay = settings
    velocity = memories[0]
    velocity *= momentum
    velocity += gradient + decay * theta
    theta -= lr * velocity


def _adam(theta: Floats, gradient: Floats, memories: Floats, settings: Floats) -> None:
    # In parts that stay in the cache from line to line.
    scratch = np.empty(min(len(theta), AT_ONCE))
    for start in range(0, len(theta), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        _adam_on(theta[part], gradient[part], memories[:, part], settings, scratch)


def _adam_on(
    theta: Floats, gradient: Floats, memories: Floats, settings: Floats, scratch: Floats
) -> None:
    lr, keep_mean, keep_square, eps, decay = settings
    steps, means, squares = memories
    if decay:
        gradient = gradient + decay * theta
    change = scratch[: len(theta)]
    steps += 1.0
    # A power takes as long as all the rest; mostly all parameters have had as many steps.
    taken = steps[0] if (steps == steps[0]).all() else steps
    bias_mean, bias_rms = 1 - keep_mean**taken, np.sqrt(1 - keep_square**taken)
    means *= keep_mean
    means += np.multiply(gradient, 1 - keep_mean, out=change)
    squares *= keep_square
    squares += np.multiply(np.square(gradient, out=change), 1 - keep_square, out=change)
    # lr * (means / bias_mean) / (sqrt(squares) / bias_rms + eps), with fewer divisions.
    np.sqrt(squares, out=change)
    change += eps * bias_rms
    np.divide(means, change, out=change)
    change *= lr * bias_rms / bias_mean
    theta -= change


STEPS = {"descent": _descent, "momentum": _momentum, "adam": _adam}
"""How each optimiser of ``nn.optim`` moves ``theta``."""
