"""The loss on rows that are held out of a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.compiler.recording.record import CompileError
from autograd.modes import no_grad
from autograd.value import number_of
from nn.arguments import Rows
from nn.module import evaluation

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled


class HeldOut:
    """Rows that are held out.

    Args:
        inputs, targets: the rows.
    """

    def __init__(self, inputs: Rows, targets: Rows) -> None:
        self.inputs, self.targets = inputs, targets
        self.program: Compiled | None = None
        self.tables: list[Any] = []

    def compile(self, loss: Callable[..., Any], dtype: Any) -> None:
        """From now on compute the losses in compiled code. It is a program of its own, because a
        Module may compute something else in evaluation than in training. Rows that a user's code
        makes stay in plain Python, because a table of them would be read once."""
        if self.inputs.read_by() or self.targets.read_by():
            return
        from autograd.compiler.compiled import Compiled
        from nn.compiled_training import table

        self.program = Compiled(loss, None, None, "numpy", dtype)
        self.tables = [table(self.inputs), table(self.targets)]

    def mean_loss(self, loss: Callable[..., Any]) -> float:
        """The mean loss of the rows, with all Modules in evaluation and without gradients."""
        with evaluation(), no_grad():
            if self.program is not None:
                try:
                    return float(self.program(*self.tables).mean())
                except CompileError:  # as where it takes too many branches
                    self.program = None
            rows = range(len(self.inputs))
            losses = [number_of(loss(self.inputs[i], self.targets[i])) for i in rows]
            return sum(losses) / len(losses)
