"""Training: go through the rows, and let an optimiser step on the gradients of each batch."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any

from autograd import modes
from autograd.ops import as_float, count
from autograd.value import Value
from nn.arguments import positive_whole, random_stream
from nn.optim import Optimizer


@dataclass
class History:
    """What a training did.

    Attributes:
        errors: for each epoch the mean error over its rows, each measured just before its step.
            Of an interrupted epoch, over the rows until then.
        interrupted: whether Ctrl-C ended it.
    """

    errors: list[float] = field(default_factory=list)
    interrupted: bool = False


def fit(
    error: Callable[[list[float], list[float]], Value],
    X: Any,
    T: Any,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int = 1,
    shuffle: bool | int | random.Random = False,
    progress: bool = True,
) -> History:
    """Train: for each batch of rows, one step down the gradient of its mean error.

    Ctrl-C ends the training after the step under way, and keeps what was learned; a second one
    raises KeyboardInterrupt at once. (Where SIGINT has a handler of your own, that one stays.)

    Args:
        error: ``error(x, t)`` for one row of X and of T, two lists of numbers, returns the error
            as a Value. It may build it in any way, and differently for each row.
        X: the inputs, of shape (rows, n): nested sequences, an array, a table that numpy can
            read, or any object with ``len`` and indexing, whose rows are read when needed.
        T: the targets, of shape (rows, m), as X.
        optimizer: moves the parameters, such as ``SGD(model.parameters(), lr=0.1)``.
        epochs: how often to go through all rows.
        batch_size: rows a step. The last batch of an epoch may be smaller.
        shuffle: False for the order given; True for a new random order each epoch; a seed or a
            ``random.Random`` for random orders that can be repeated.
        progress: show a progress bar, if stderr is a terminal.

    Returns:
        The mean error of each epoch, and whether Ctrl-C ended it.

    Raises:
        ValueError: X and T differ in rows, have none, or are not (rows, n); or a number below 1.
        TypeError: a row holds something other than real numbers, or ``error`` returns no Value.
        FloatingPointError: an error or a gradient is not finite. The parameters are then those of
            before the step.
    """
    from tqdm import tqdm

    inputs, targets = _Rows("X", X), _Rows("T", T)
    rows = len(inputs)
    if rows != len(targets):
        raise ValueError(f"X has {count(rows, 'row')} and T has {len(targets)}; they go in pairs")
    epochs = positive_whole(epochs, "epochs")
    batch_size = positive_whole(batch_size, "batch_size")
    if not modes.switches.recording:
        raise RuntimeError("fit inside no_grad() cannot learn: nothing is recorded there")
    stream = None if shuffle is False else random_stream(None if shuffle is True else shuffle)
    order = list(range(rows))
    history = History()
    # disable=None: no bar unless stderr is a terminal.
    bar = tqdm(total=epochs * rows, unit="row", disable=None if progress else True)
    with bar, _until_ctrl_c(history):
        for epoch in range(1, epochs + 1):
            if stream:
                stream.shuffle(order)
            total = 0.0
            done = 0
            for start in range(0, rows, batch_size):
                batch = order[start : start + batch_size]
                optimizer.zero_grad()
                # Backward for each row, not once for the batch: leaves add their gradients up,
                # so the sum is the same, and memory holds the graph of one row at a time.
                for row in batch:
                    e = _checked(error(inputs[row], targets[row]), epoch, row)
                    total += e.data
                    (e if len(batch) == 1 else e / len(batch)).backward()
                _check_gradients(optimizer, epoch, batch[-1])
                optimizer.step()
                done += len(batch)
                bar.set_description_str(f"epoch {epoch}/{epochs}", refresh=False)
                bar.set_postfix_str(f"error {total / done:.6g}", refresh=False)
                bar.update(len(batch))
                if history.interrupted:
                    break
            history.errors.append(total / done)
            if history.interrupted:
                break
    return history


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


@contextmanager
def _until_ctrl_c(history: History) -> Iterator[None]:
    """Within, the first Ctrl-C sets ``history.interrupted``, and only the second raises."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # the program handles Ctrl-C itself, or ignores it
        return

    def note(signum: int, frame: object) -> None:
        history.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        signal.signal(signal.SIGINT, note)
    except ValueError:
        yield  # not the main thread, which alone receives Ctrl-C
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
