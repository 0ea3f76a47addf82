"""What ``fit`` is asked for, checked, and the history that it returns."""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autograd import modes
from autograd.deprecation import REMOVAL
from autograd.given import shown
from autograd.real import count
from autograd.value import Value, topological_order
from nn.arguments import Rows, positive_whole, random_stream
from nn.optim import Optimizer
from nn.validation import HeldOut


@dataclass
class History:
    """What a training did.

    Attributes:
        losses: for each epoch the mean loss of its rows, each measured just before its step. An
            interrupted epoch counts the rows until then.
        validation: after each whole epoch the mean loss of the rows held out, if there are any.
        interrupted: whether Ctrl-C ended the training.
        how: what ran the training: compiled code and what it was made of, or plain Python and why.
    """

    losses: list[float] = field(default_factory=list)
    interrupted: bool = False
    how: str = "plain Python"
    validation: list[float] = field(default_factory=list)

    @property
    def errors(self) -> list[float]:
        """The old name of ``losses``."""
        warnings.warn(
            f"History.errors goes in {REMOVAL}: call it losses", DeprecationWarning, stacklevel=2
        )
        return self.losses

    def __setstate__(self, state: dict[str, Any]) -> None:
        older = dict(state)
        if "errors" in older:  # as version 0.1 called the losses
            older["losses"] = older.pop("errors")
        vars(self).update({"validation": [], **older})

    def interrupt(self) -> None:
        """Note that the training is to end after the current step."""
        self.interrupted = True

    def __repr__(self) -> str:
        parts = [count(len(self.losses), "epoch")]
        ends = [f"{loss:.6g}" for loss in (*self.losses[:1], *self.losses[1:][-1:])]
        parts += [f"loss {' -> '.join(ends)}"] * bool(ends)
        parts += ["interrupted"] * self.interrupted
        return f"<History: {', '.join(parts)}; {self.how}>"


@dataclass
class Plan:
    """What ``fit`` was asked for, checked."""

    loss: Callable[[list[float], list[float]], Value]
    inputs: Rows
    targets: Rows
    optimizer: Optimizer
    epochs: int
    batch_size: int
    stream: random.Random | None
    history: History = field(default_factory=History)
    bar: Any = None
    held_out: HeldOut | None = None
    callback: Callable[[int, History], bool | None] | None = None
    backend: str | None = None
    devices: int = 1
    reached: bool = False
    """Whether a loss has reached a parameter of the optimiser."""

    def __post_init__(self) -> None:
        self.order = list(range(len(self.inputs)))
        self.fixed: Any = None

    def next_order(self) -> list[int]:
        """The rows of the next epoch."""
        if self.stream:
            self.stream.shuffle(self.order)
        return self.order

    def next_order_as_array(self) -> Any:
        """The rows of the next epoch as a new array; without shuffling always the same one."""
        import numpy as np

        if self.stream or self.fixed is None:
            self.fixed = np.array(self.next_order(), np.int64)
        return self.fixed

    def note_reach(self, y: Value) -> None:
        """Note whether a loss reaches a parameter of the optimiser."""
        moved = set(self.optimizer.parameters)
        self.reached = any(v in moved for v in topological_order(y))

    def end_epoch(self) -> bool:
        """Compute the loss of the rows held out, and call the callback.

        Returns:
            Whether the callback ends the training.

        Raises:
            ValueError: nothing can have been learned.
            TypeError: the callback returned something else than it may.
        """
        if not self.reached:
            raise ValueError(
                "the loss reaches no parameter of the optimiser, so nothing was learned: give the "
                "optimiser the parameters of the model that the loss uses"
            )
        if self.held_out:
            self.history.validation.append(self.held_out.mean_loss(self.loss))
        if not self.callback:
            return False
        ends = self.callback(len(self.history.losses), self.history)
        if ends is not None and not isinstance(ends, bool):
            raise TypeError(
                "callback(epoch, history) returns True to end the training, or False or None to "
                f"go on; got {type(ends).__name__} {shown(ends)}"
            )
        return bool(ends)

    def show(self, epoch: int, mean: float, new: int) -> None:
        """Move the progress bar on by ``new`` rows."""
        self.bar.set_description_str(f"epoch {epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(f"loss {mean:.6g}", refresh=False)
        self.bar.update(new)


def plan_of(
    loss: Any, X: Any, T: Any, optimizer: Any, epochs: Any, batch_size: Any, shuffle: Any
) -> Plan:
    """The arguments of ``fit``, checked."""
    if not _takes_two(loss) or not isinstance(optimizer, Optimizer):
        given = ", ".join([_kind(loss), *(type(x).__name__ for x in (X, T, optimizer))])
        raise TypeError(
            f"expected fit(loss, X, T, optimizer), where loss(x, t) is the loss of one row, as "
            f"half_squared_error(model(x), t); got fit({given})"
        )
    inputs, targets = rows_in_pairs("X", X, "T", T)
    epochs = positive_whole(epochs, "epochs")
    batch_size = min(positive_whole(batch_size, "batch_size"), len(inputs))
    if not modes.switches.recording:
        raise RuntimeError("fit inside no_grad() cannot learn: nothing is recorded there")
    stream = None if shuffle is False else random_stream(None if shuffle is True else shuffle)
    return Plan(loss, inputs, targets, optimizer, epochs, batch_size, stream)


def rows_in_pairs(x_name: str, X: Any, t_name: str, T: Any) -> tuple[Rows, Rows]:
    """Both tables, checked.

    Raises:
        ValueError: they differ in rows.
    """
    inputs, targets = Rows(x_name, X), Rows(t_name, T)
    if len(inputs) != len(targets):
        rows = count(len(inputs), "row")
        raise ValueError(f"{x_name} has {rows} and {t_name} has {len(targets)}; they go in pairs")
    return inputs, targets


def held_out(validation: Any, plan: Plan) -> HeldOut | None:
    """The rows to hold out, checked."""
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"validation is a pair (X, T); got {type(validation).__name__}")
    pair = rows_in_pairs("validation[0]", validation[0], "validation[1]", validation[1])
    for kept, rows in zip(pair, (plan.inputs, plan.targets)):
        if kept.width != rows.width:
            raise ValueError(
                f"{kept.name} has rows of {count(kept.width, 'number')}, and {rows.name} of "
                f"{rows.width}"
            )
    return HeldOut(*pair)


def checked_callback(callback: Any) -> Any:
    """The callback, if it is something that can be called, or None."""
    if callback is not None and not callable(callback):
        raise TypeError(
            f"callback is a function of (epoch, history); got {type(callback).__name__} "
            f"{shown(callback)}"
        )
    return callback


def checked_devices(devices: Any, backend: Any, batch_size: int) -> int:
    """How many devices, if a batch can be dealt out to them in equal parts."""
    if devices is None:
        return 1
    n = positive_whole(devices, "devices")
    if backend != "jax":
        raise ValueError(f"devices are JAX's: give backend='jax' too; got {shown(backend)}")
    if batch_size % n:
        raise ValueError(
            f"a batch of {count(batch_size, 'row')} cannot be dealt out to {count(n, 'device')} in "
            "equal parts: choose a multiple"
        )
    return n


def _takes_two(loss: Any) -> bool:
    """Whether it can be called with two arguments, as far as its signature says."""
    try:
        inspect.signature(loss).bind(None, None)
    except TypeError:  # not a function, or one of another number
        return False
    except ValueError:  # a function without a signature, such as a compiled one
        return True
    return True


def _kind(loss: Any) -> str:
    """What it is, and the names of its arguments."""
    kind = type(loss).__name__
    try:
        return f"{kind}({', '.join(inspect.signature(loss).parameters)})"
    except (TypeError, ValueError):
        return kind
