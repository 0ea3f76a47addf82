"""Training: go through the rows, and let an optimiser step on the gradients of each batch."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any

from autograd import modes
from autograd.compiler.stages.record import CompileError
from autograd.real import as_float, count
from autograd.value import Value
from nn.arguments import positive_whole, random_stream
from nn.compiled_training import WORTH_COMPILING, Trainer
from nn.ctrl_c import noted_ctrl_c
from nn.optim import Optimizer

# Epochs shorter than this are joined for one native call.
ROWS_AT_ONCE = 1 << 15


@dataclass
class History:
    """What a training did.

    Attributes:
        errors: for each epoch the mean error over its rows, each measured just before its step.
            Of an interrupted epoch, over the rows until then.
        interrupted: whether Ctrl-C ended it.
        how: what ran it: native code and what it was made of, or plain Python and why.
    """

    errors: list[float] = field(default_factory=list)
    interrupted: bool = False
    how: str = "plain Python"

    def interrupt(self) -> None:
        """Note that the training is to end after the step under way."""
        self.interrupted = True

    def __repr__(self) -> str:
        parts = [count(len(self.errors), "epoch")]
        ends = [f"{error:.6g}" for error in (*self.errors[:1], *self.errors[1:][-1:])]
        parts += [f"error {' -> '.join(ends)}"] * bool(ends)
        parts += ["interrupted"] * self.interrupted
        return f"<History: {', '.join(parts)}; {self.how}>"


def fit(
    error: Callable[[list[float], list[float]], Value],
    X: Any,
    T: Any,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int = 1,
    shuffle: bool | int | random.Random = False,
    progress: bool = True,
    compile: bool | None = None,
) -> History:
    """Train: for each batch of rows, one step down the gradient of its mean error.

    Where the work is long enough and the function can be compiled, it is, and whole stretches of
    rows are one native call; results are the same, to rounding. ``History.how`` says which it was.
    Under ``detect_anomaly`` it is plain Python that runs. Gradients are 0 afterwards.

    Ctrl-C ends the training after the step under way, and keeps what was learned; a second one
    raises KeyboardInterrupt at once. (Where SIGINT has a handler of your own, that one stays.)

    Args:
        error: ``error(x, t)`` for one row of X and of T, two lists of numbers, returns the error
            as a Value. It may build it in any way, and differently for each row. What
            ``autograd.compile`` made of such a function is not recorded again in each call.
        X: the inputs, of shape (rows, n): nested sequences, an array, a table that numpy can
            read, or any object with ``len`` and indexing, whose rows are read when needed.
        T: the targets, of shape (rows, m), as X.
        optimizer: moves the parameters, such as ``SGD(model.parameters(), lr=0.1)``.
        epochs: how often to go through all rows.
        batch_size: rows a step. The last batch of an epoch may be smaller.
        shuffle: False for the order given; True for a new random order each epoch; a seed or a
            ``random.Random`` for random orders that can be repeated.
        progress: show a progress bar, if stderr is a terminal.
        compile: True for native code always (an error where that cannot be), False for never.

    Returns:
        The mean error of each epoch, and whether Ctrl-C ended it.

    Raises:
        ValueError: X and T differ in rows, have none, or are not (rows, n); or a number below 1.
        TypeError: a row holds something other than real numbers, ``error`` takes or returns
            something else, or arguments are in another order.
        FloatingPointError: an error or a gradient is not finite. The parameters are then those of
            before the step.
        CompileError: ``compile`` is True, or ``error`` is compiled, and it cannot be.
    """
    if not _takes_two(error) or not isinstance(optimizer, Optimizer):
        given = ", ".join([_kind(error), *(type(x).__name__ for x in (X, T, optimizer))])
        raise TypeError(
            f"expected fit(error, X, T, optimizer), where error(x, t) is the error of one row, as "
            f"half_squared_error(model(x), t); got fit({given})"
        )
    inputs, targets = _Rows("X", X), _Rows("T", T)
    rows = len(inputs)
    if rows != len(targets):
        raise ValueError(f"X has {count(rows, 'row')} and T has {len(targets)}; they go in pairs")
    epochs = positive_whole(epochs, "epochs")
    batch_size = positive_whole(batch_size, "batch_size")
    if not modes.switches.recording:
        raise RuntimeError("fit inside no_grad() cannot learn: nothing is recorded there")
    from tqdm import tqdm

    stream = None if shuffle is False else random_stream(None if shuffle is True else shuffle)
    history = History()
    plan = _Plan(error, inputs, targets, optimizer, epochs, batch_size, stream, history)
    trainer = _trainer(plan, compile)
    # disable=None: no bar unless stderr is a terminal.
    hidden = None if progress else True
    with (
        noted_ctrl_c(history.interrupt),
        tqdm(total=epochs * rows, unit="row", disable=hidden) as plan.bar,
    ):
        if trainer:
            if progress and sys.stderr.isatty():
                plan.bar.write(f"fit: {trainer.how}", file=sys.stderr)
            _train_compiled(plan, trainer)
        else:
            _train(plan)
    optimizer.zero_grad()  # of the last step, and in native code of none
    return history


def _takes_two(error: Any) -> bool:
    """Whether it can be called with two arguments, as far as it says."""
    try:
        inspect.signature(error).bind(None, None)
    except TypeError:  # no function, or one of another number
        return False
    except ValueError:  # one that does not say: compiled
        return True
    return True


def _kind(error: Any) -> str:
    """What it is, and the names of what it takes."""
    kind = type(error).__name__
    try:
        return f"{kind}({', '.join(inspect.signature(error).parameters)})"
    except (TypeError, ValueError):
        return kind


@dataclass
class _Plan:
    """What ``fit`` was asked for, checked."""

    error: Callable[[list[float], list[float]], Value]
    inputs: _Rows
    targets: _Rows
    optimizer: Optimizer
    epochs: int
    batch_size: int
    stream: random.Random | None
    history: History
    bar: Any = None

    def __post_init__(self) -> None:
        self.order = list(range(len(self.inputs)))
        self.fixed: Any = None

    def next_order(self) -> list[int]:
        """The rows of the next epoch."""
        if self.stream:
            self.stream.shuffle(self.order)
        return self.order

    def next_order_as_array(self) -> Any:
        """The same, as a new array; without shuffling always one and the same."""
        import numpy as np

        if self.stream or self.fixed is None:
            self.fixed = np.array(self.next_order(), np.int64)
        return self.fixed

    def show(self, epoch: int, mean: float, new: int) -> None:
        """Move the progress bar on by ``new`` rows."""
        self.bar.set_description_str(f"epoch {epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(f"error {mean:.6g}", refresh=False)
        self.bar.update(new)


def _train(plan: _Plan) -> None:
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
        history.errors.append(total / done)
        if history.interrupted:
            break


def _step(plan: _Plan, batch: Sequence[int], epoch: int) -> float:
    """One step of the optimiser on a batch of rows; the sum of their errors."""
    total = 0.0
    plan.optimizer.zero_grad()
    # Backward for each row, not once for the batch: leaves add their gradients up, so the sum is
    # the same, and memory holds the graph of one row at a time.
    for row in batch:
        e = _checked(plan.error(plan.inputs[row], plan.targets[row]), epoch, row)
        total += e.data
        (e if len(batch) == 1 else e / len(batch)).backward()
        del e  # and its graph, before the next is built
    _check_gradients(plan.optimizer, epoch, batch[-1])
    plan.optimizer.step()
    return total


def _trainer(plan: _Plan, compile: bool | None) -> Trainer | None:
    """What trains in native code, if that pays and can be done; ``history.how`` says why not."""
    history, error = plan.history, plan.error
    given = getattr(error, "is_compiled", False)
    if given:
        plan.error = error.function  # type: ignore[attr-defined]
    if modes.switches.watching:
        if compile:
            raise CompileError("detect_anomaly() watches plain Python: leave compile=True out")
        history.how = "plain Python: detect_anomaly watches each operation"
        return None
    weights = len(plan.optimizer.parameters)
    work = len(plan.inputs) * plan.epochs * weights
    if compile is False or (compile is None and not given and work < WORTH_COMPILING):
        history.how = "plain Python" if compile is False else "plain Python: too little to compile"
        return None
    try:
        import numpy as np  # noqa: F401

        from autograd.compiler.compiled import Compiled

        program: Any = error if given else Compiled(error, None, None, None, "float64")
        if given or compile or program.backend_wanted == "numba":
            trainer = Trainer(program, plan.inputs, plan.targets, plan.optimizer)
            trainer.prepare(plan.batch_size)
            looked = [g for g in trainer.compilation.guards if g.reading]
            if not looked or given or compile:
                return trainer
            why = f"the number in a Value is looked at, at {looked[0].line()}"
        else:
            why = "numba is not installed"
    except Exception as failure:
        # The function may do with plain numbers what it cannot do with recorded ones. What is
        # really wrong with it, the plain loop will say.
        if given or compile:
            raise
        why = f"{type(failure).__name__}: {failure}"
    history.how = f"plain Python: {why}"
    return None


def _train_compiled(plan: _Plan, trainer: Trainer) -> None:
    """The training loop, many rows at once."""
    history, rows = plan.history, len(plan.inputs)
    finished = 0
    while finished < plan.epochs and not history.interrupted:
        # Short epochs go together, or the calls would take longer than the work.
        several = min(plan.epochs - finished, max(1, ROWS_AT_ONCE // rows))
        orders = [plan.next_order_as_array() for _ in range(several)]

        def tell(done: int, errors: list[float], new: int, before: int = finished) -> bool:
            epoch = (done - 1) // rows
            within = done - epoch * rows
            history.errors[before:] = [e / rows for e in errors[:epoch]]
            history.errors.append(errors[epoch] / within)
            plan.show(before + epoch + 1, history.errors[-1], new)
            return history.interrupted

        def by_hand(batch: Sequence[int], epoch: int, before: int = finished) -> float:
            return _step(plan, batch, before + epoch + 1)

        try:
            trainer.run(orders, plan.batch_size, tell, by_hand)
        finally:
            trainer.store()
        finished += several
    history.how = trainer.how
    if trainer.steps_by_hand:
        history.how += (
            f"; {count(trainer.steps_by_hand, 'step')} in plain Python, for other branches"
        )


class _Rows:
    """The rows of X or T: each, when asked for, a new list of numbers, of the same width as all."""

    def __init__(self, name: str, data: Any) -> None:
        if hasattr(data, "__array__") and not hasattr(data, "tolist"):
            data = data.__array__()  # a table of pandas, say, whose own indexing is by column
        if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
            raise TypeError(
                f"{name} needs rows that can be counted and indexed; got {type(data).__name__}"
            )
        if len(getattr(data, "shape", (0, 0))) != 2:
            raise ValueError(f"{name} has shape {tuple(data.shape)}; {_EXPECTED}")
        if len(data) == 0:
            raise ValueError(f"{name} has no rows")
        self.name = name
        self.data = data
        self.width = len(self._read(0))
        if isinstance(data, (list, tuple)):  # already here, so look before training begins
            for row in range(len(data)):
                self[row]

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, row: int) -> list[float]:
        numbers = self._read(row)
        if len(numbers) != self.width:
            raise ValueError(
                f"{self.name}[{row}] has {count(len(numbers), 'number')}, {self.name}[0] has "
                f"{self.width}: all rows must have the same width"
            )
        return numbers

    def _read(self, row: int) -> list[float]:
        cells = self.data[row]
        if hasattr(cells, "tolist"):
            cells = cells.tolist()
        if isinstance(cells, (Real, Value)) or not hasattr(cells, "__iter__"):
            raise ValueError(f"{self.name}[{row}] is {cells!r}, not a row; {_EXPECTED}")
        try:
            return [x if type(x) in (float, int) else as_float(x) for x in cells]
        except TypeError as error:
            raise TypeError(f"{self.name}[{row}]: {error}") from None


_EXPECTED = "expected (rows, n): where a row is one number, wrap each in a list, [[1], [2], ...]"


def _checked(e: Value, epoch: int, row: int) -> Value:
    if not isinstance(e, Value):
        raise TypeError(
            f"error(x, t) must return a Value, so that it can be differentiated; "
            f"for row {row} it returned {type(e).__name__} {e!r}"
        )
    if not isfinite(e.data):
        raise FloatingPointError(_broken("the error", e.data, epoch, row))
    return e


def _check_gradients(optimizer: Optimizer, epoch: int, row: int) -> None:
    for p in optimizer.parameters:
        if p.grad is not None and not isfinite(p.grad):
            raise FloatingPointError(_broken("a gradient", p.grad, epoch, row))


def _broken(what: str, number: float, epoch: int, row: int) -> str:
    return (
        f"{what} became {number} in epoch {epoch}, row {row} (X[{row}]): "
        f"lower the learning rate, or look with autograd.detect_anomaly()"
    )
