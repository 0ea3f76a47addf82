"""Training: go through the rows, and let an optimiser step on the gradients of each batch."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from autograd.deprecation import renamed
from autograd.given import shown, switch
from autograd.value import Value
from nn.choosing import trainer_for
from nn.compiled_training import Trainer
from nn.ctrl_c import noted_ctrl_c
from nn.optim import Optimizer
from nn.plan import History, Plan, checked_callback, checked_devices, held_out, plan_of

# Shorter epochs are joined for one call of compiled code.
ROWS_AT_ONCE = 1 << 15


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
    callback: Callable[[int, History], bool | None] | None = None,
    backend: str | None = None,
    devices: int | None = None,
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
        callback: ``callback(epoch, history)`` is called after each whole epoch, the first of which
            is 1. If it returns True, the training ends. It may change parameters, and numbers in X
            and T where those are arrays of float64; of others compiled code has a copy.
        backend: compile always, and for this: "machine", "numpy" or "jax".
        devices: how many devices of JAX share each batch, in equal parts; default 1. Inside
            ``connected`` they are those of all processes, equally many of each, and Ctrl-C in one
            process stops all.

    Returns:
        The mean loss of each epoch, and whether Ctrl-C ended the training.

    Raises:
        ValueError: X and T differ in rows, have none, or are not (rows, n); a number is below 1;
            in a whole epoch the loss reaches none of the optimiser's parameters; there are fewer
            devices, or they cannot share a batch equally.
        TypeError: a row holds something other than real numbers, ``loss`` takes or returns
            something else, or arguments are in another order.
        FloatingPointError: a loss or a gradient is not finite. The parameters are then those
            before the step.
        CompileError: ``compile`` is True, or ``loss`` is compiled, and it cannot be; or a row that
            is compared with plain Python differs, because the loss keeps state.
        ConnectionError: another process of this training was lost.
    """
    progress = switch(progress, "progress")
    if compile is not None:
        compile = switch(compile, "compile")
    plan = plan_of(loss, X, T, optimizer, epochs, batch_size, shuffle)
    plan.held_out = held_out(validation, plan)
    plan.callback = checked_callback(callback)
    plan.backend, plan.devices = backend, checked_devices(devices, backend, batch_size)
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
            try:
                _train_compiled(plan, trainer)
            finally:
                trainer.executor.release()
        else:
            _train(plan)


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
        if history.interrupted or plan.end_epoch():
            break


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
    if plan.callback:
        plan.callback = trainer.watched(plan.callback, plan.batch_size)
    while finished < plan.epochs and not history.interrupted:
        # Short epochs go together, or the calls would take longer than the work.
        one_by_one = plan.held_out or plan.callback or not plan.reached
        together = 1 if one_by_one else max(1, ROWS_AT_ONCE // rows)
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
        if history.interrupted or plan.end_epoch():
            break
    history.how = trainer.how
