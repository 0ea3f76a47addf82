"""Dropout: in training, a network without some of its numbers, others each time."""

from __future__ import annotations

from typing import Any

from autograd.compiler.recording.observe import CompileError, is_recording
from autograd.given import shown
from autograd.real import as_float
from autograd.value import Value
from nn.arguments import Seed, Vector, as_list, as_values, random_stream
from nn.module import Module


class Dropout(Module):
    """In training, each number becomes 0 with probability p, and the others are divided by 1 - p.

    So their expectation stays, and after ``model.eval()`` the numbers pass unchanged. (Srivastava
    et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014; scaled as in
    PyTorch.)

    Args:
        p: the probability.
        seed: a whole number for the same choices in every process, or a ``random.Random`` to draw
            them from. Default: different ones each time, unless ``random.seed`` was called.

    Attributes:
        p: the probability.
        stream: the ``random.Random`` that chooses.

    Raises:
        ValueError: p is not from 0 to 1.
        TypeError: p is not a number.
    """

    def __init__(self, p: float = 0.5, seed: Seed = None) -> None:
        self.p = as_float(p, "p")
        if not 0 <= self.p <= 1:
            raise ValueError(f"p is a probability, from 0 to 1; got {shown(p)}")
        self.stream = random_stream(seed)

    def forward(self, inputs: Vector) -> Any:
        """A list for a sequence of numbers or Values, and one Value for one of them.

        Raises:
            CompileError: in training, while ``jit`` records.
        """
        values = as_values(as_list(inputs))
        if self.training and self.p:
            if is_recording():
                raise CompileError(
                    f"{self!r} drops other numbers in each call, and a compiled function would "
                    "always drop the same: call model.eval() first, or train in plain Python"
                )
            kept = 1 / (1 - self.p) if self.p < 1 else 0.0
            drawn = [self.stream.random() for _ in values]
            values = [v * (kept if x >= self.p else 0.0) for v, x in zip(values, drawn)]
        return values[0] if isinstance(inputs, (Value, float, int)) else values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.p:g})"
