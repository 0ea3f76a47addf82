"""Training: go through the rows, and let an optimiser step on the gradients of each batch."""

from __future__ import annotations

import inspect
import random
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from autograd import modes
from autograd.deprecation import REMOVAL, renamed
from autograd.given import shown, switch
from autograd.real import count
from autograd.value import Value, topological_order
from nn.arguments import Rows, positive_whole, random_stream
from nn.choosing import trainer_for
from nn.compiled_training import Trainer
from nn.ctrl_c import noted_ctrl_c
from nn.optim import Optimizer
from nn.validation import HeldOut

# Shorter epochs are joined for one call of compiled code.
ROWS_AT_ONCE = 1 << 15


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


@renamed(error="loss")
def fit(
    loss: Callable[[list[float], list[float]], Value],
    X: Any,
    T: Any,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int = 1,
    shuffle: bool | int | random.Random = False,
    progress: bool = True,
    compile: bool | None = None,
    validation: tuple[Any, Any] | None = None,
) -> History:
    """Train: for each batch of rows, take one step down the gradient of the batch's mean loss.

    Where there is enough work and the loss can be shown to keep no state and to have no effect but
    its result, it is compiled, and one call trains on many rows. The same goes for a learning rate
    that is a function and for an optimiser of your own. The results are the same, to
    rounding; now and then a row is computed in plain Python too, and a difference is an error.
    ``History.how`` says what ran, and why. Under ``detect_anomaly`` plain Python runs. Gradients
    are 0 afterwards.

    Ctrl-C ends the training after the current step and keeps what was learned. A second Ctrl-C
    raises KeyboardInterrupt at once. (A handler of SIGINT that you installed stays.)

    Args:
        loss: ``loss(x, t)`` takes a row of X and a row of T, two lists of numbers, and returns a
            Value. It may build it in any way, and differently for each row. A loss that
            ``autograd.compile`` returned is not recorded again in each call.
        X: the inputs, of shape (rows, n): nested sequences, an array, a table that numpy can
            read, or any object with ``len`` and indexing, whose rows are read when needed, in
            plain Python (with ``compile=True`` they are read once).
        T: the targets, of shape (rows, m), like X.
        optimizer: moves the parameters, such as ``SGD(model.parameters(), lr=0.1)``.
        epochs: how often to go through all rows.
        batch_size: rows per step. The last batch of an epoch may be smaller.
        shuffle: False for the order given; True for a new random order each epoch; a seed or a
            ``random.Random`` for random orders that can be repeated.
        progress: show a progress bar, if stderr is a terminal.
        compile: True to compile always (an error where that cannot be), False for never.
        validation: a pair (X, T) of rows to hold out. Their mean loss after each epoch, with all
            Modules in evaluation (see ``Module.eval``), is in ``History.validation``.

    Returns:
        The mean loss of each epoch, and whether Ctrl-C ended the training.

    Raises:
        ValueError: X and T differ in rows, have none, or are not (rows, n); a number is below 1;
            or in a whole epoch the loss reaches none of the optimiser's parameters.
        TypeError: a row holds something other than real numbers, ``loss`` takes or returns
            something else, or arguments are in another order.
        FloatingPointError: a loss or a gradient is not finite. The parameters are then those
            before the step.
        CompileError: ``compile`` is True, or ``loss`` is compiled, and it cannot be; or a row that
            is compared with plain Python differs, because the loss keeps state.
    """
    progress = switch(progress, "progress")
    if compile is not None:
        compile = switch(compile, "compile")
    plan = _plan(loss, X, T, optimizer, epochs, batch_size, shuffle)
    plan.held_out = _held_out(validation, plan)
    _run(plan, trainer_for(plan, compile), progress)
    optimizer.zero_grad()  # plain Python leaves those of the last step, compiled code none
    return plan.history


def _run(plan: Plan, trainer: Trainer | None, progress: bool) -> None:
    """Train, with a progress bar, until all epochs are done or Ctrl-C asks to stop."""
    from tqdm import tqdm

    # disable=None: no bar unless stderr is a terminal.
    hidden = None if progress else True
    total = plan.epochs * len(plan.inputs)
    with (
        noted_ctrl_c(plan.history.interrupt),
        tqdm(total=total, unit="row", disable=hidden) as plan.bar,
    ):
        if trainer:
            if progress and sys.stderr.isatty():
                plan.bar.write(f"fit: {trainer.how}", file=sys.stderr)
            _train_compiled(plan, trainer)
        else:
            _train(plan)


# --- what fit is asked for ---


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

    def end_epoch(self) -> None:
        """Compute the loss of the rows held out.

        Raises:
            ValueError: nothing can have been learned.
        """
        if not self.reached:
            raise ValueError(
                "the loss reaches no parameter of the optimiser, so nothing was learned: give the "
                "optimiser the parameters of the model that the loss uses"
            )
        if self.held_out:
            self.history.validation.append(self.held_out.mean_loss(self.loss))

    def show(self, epoch: int, mean: float, new: int) -> None:
        """Move the progress bar on by ``new`` rows."""
        self.bar.set_description_str(f"epoch {epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(f"loss {mean:.6g}", refresh=False)
        self.bar.update(new)


def _plan(
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


def _held_out(validation: Any, plan: Plan) -> HeldOut | None:
    """The rows to hold out, checked."""
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"validation is a pair (X, T); got {type(validation).__name__}")
    pair = rows_in_pairs("validation[0]", validation[0], "validation[1]", validation[1])
    for held_out, rows in zip(pair, (plan.inputs, plan.targets)):
        if held_out.width != rows.width:
            raise ValueError(
                f"{held_out.name} has rows of {count(held_out.width, 'number')}, and {rows.name} "
                f"of {rows.width}"
            )
    return HeldOut(*pair)


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


# --- plain Python ---


def _train(plan: Plan) -> None:
    """The training loop."""
    history = plan.history
    for epoch in range(1, plan.epochs + 1):
        order = plan.next_order()
        total = 0.0
        done = 0
        for start in range(0, len(order), plan.batch_size):
            batch = order[start : start + plan.batch_size]
            total += _step(plan, batch, epoch)
            done += len(batch)
            plan.show(epoch, total / done, len(batch))
            if history.interrupted:
                break
        history.losses.append(total / done)
        if history.interrupted:
            break
        plan.end_epoch()


def _step(plan: Plan, batch: Sequence[int], epoch: int) -> float:
    """One step of the optimiser on a batch of rows; returns the sum of their losses."""
    total = 0.0
    plan.optimizer.zero_grad()
    # Backward for each row, not once for the batch: leaves add their gradients up, so the sum is
    # the same, and memory holds the graph of one row at a time.
    for row in batch:
        y = _checked(plan, epoch, row)
        total += y.data
        if not plan.reached:
            plan.note_reach(y)
        (y if len(batch) == 1 else y / len(batch)).backward()
        del y  # and its graph, before the next is built
    _check_gradients(plan, epoch, batch[-1])
    plan.optimizer.step()
    return total


def _checked(plan: Plan, epoch: int, row: int) -> Value:
    """The loss of a row, if it can be differentiated."""
    y = plan.loss(plan.inputs[row], plan.targets[row])
    if not isinstance(y, Value):
        raise TypeError(
            f"loss(x, t) must return a Value, so that it can be differentiated; "
            f"for row {row} it returned {type(y).__name__} {shown(y)}"
        )
    if not isfinite(y.data):
        raise FloatingPointError(_broken(plan, "the loss", y.data, epoch, row))
    return y


def _check_gradients(plan: Plan, epoch: int, row: int) -> None:
    for p in plan.optimizer.parameters:
        if p.has_grad and not isfinite(p.grad):
            raise FloatingPointError(_broken(plan, "a gradient", p.grad, epoch, row))


def _broken(plan: Plan, what: str, number: float, epoch: int, row: int) -> str:
    advice = "lower the learning rate, or look with autograd.detect_anomaly()"
    for name, rows in ("X", plan.inputs), ("T", plan.targets):
        odd = [x for x in rows[row] if not isfinite(x)]
        advice = f"{name}[{row}] holds {odd[0]}" if odd else advice
    return f"{what} became {number} in epoch {epoch}, row {row} (X[{row}]): {advice}"


# --- compiled ---


def _train_compiled(plan: Plan, trainer: Trainer) -> None:
    """The training loop, many rows at once."""
    history, rows = plan.history, len(plan.inputs)
    finished = 0
    plan.reached = trainer.reaches
    if plan.held_out:
        plan.held_out.compile(plan.loss, trainer.compilation.dtype)
    while finished < plan.epochs and not history.interrupted:
        # Short epochs go together, or the calls would take longer than the work.
        together = 1 if plan.held_out or not plan.reached else max(1, ROWS_AT_ONCE // rows)
        several = min(plan.epochs - finished, together)
        orders = [plan.next_order_as_array() for _ in range(several)]

        def report(done: int, losses: list[float], new: int, before: int = finished) -> bool:
            epoch = (done - 1) // rows
            within = done - epoch * rows
            history.losses[before:] = [total / rows for total in losses[:epoch]]
            history.losses.append(losses[epoch] / within)
            plan.show(before + epoch + 1, history.losses[-1], new)
            return history.interrupted

        def by_hand(batch: Sequence[int], epoch: int, before: int = finished) -> float:
            return _step(plan, batch, before + epoch + 1)

        try:
            trainer.run(orders, plan.batch_size, report, by_hand)
        finally:
            trainer.store()
        finished += several
        if not history.interrupted:
            plan.end_epoch()
    history.how = trainer.how
