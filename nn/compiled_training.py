"""Training with a compiled loss: one call trains on a whole stretch of rows.

It does what the loop in ``train.py`` does, to rounding. Where the compiled program does not hold
for a batch (another branch is taken, a number is not finite), that loop does the batch or says
what is wrong.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.state import State
from autograd.compiler.recording.record import CompileError
from autograd.real import count
from autograd.value import Value
from nn.arguments import Rows
from nn.audit import Audit
from nn.compiled_update import check_update, update_of
from nn.optim import Optimizer
from nn.processes import check_the_same, described

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled
    from autograd.compiler.executor import Learner

# How long one call should take: Ctrl-C and the progress bar wait for its end.
SECONDS_A_CALL = 0.1

# The first call; later ones are as long as that time allows.
FIRST_ROWS = 4096

# After this many steps in plain Python, if they are the majority, compiled code is given up.
MOST_BY_HAND = 20

# Rows that are not an array are copied into one, up to this many numbers.
MOST_NUMBERS = 1 << 26


class Trainer:
    """A compiled loss, its data and its optimiser.

    Args:
        program: the compiled loss.
        inputs, targets: the rows.
        optimizer: one whose update is plain arithmetic.
        reach: what the loss can reach.
        state: what the loss can reach and change, if it was shown to change none of it.

    Attributes:
        executor: what trains.
        audit: compares rows with plain Python.
        changed: what a step in plain Python has changed that compiled code takes for constant.
        remark: what else ``how`` says.
        steps, steps_by_hand: how many steps were compiled, and how many in plain Python.

    Raises:
        CompileError: this training cannot be compiled; the message says why.
    """

    def __init__(
        self,
        program: Compiled,
        inputs: Rows,
        targets: Rows,
        optimizer: Optimizer,
        reach: Reach,
        state: State | None = None,
    ) -> None:
        import numpy as np

        self.optimizer = optimizer
        check_update(optimizer)
        first = [inputs[0], targets[0]]
        self.compilation = program.recording([len(row) for row in first], first)
        if not self.compilation.trace.single:
            raise CompileError("the loss must be one Value")
        self.executor = self.compilation.executor("parameters")
        self.program, self.reach, self.state = program, reach, state
        takes_numbers, dtype = self.compilation.trace.takes_numbers, self.compilation.dtype.name
        self.data = [table(inputs), table(targets)]
        self._check_indices()
        # Rows that a user's code makes are compared as they were read.
        read = [
            Rows(rows.name, data) if rows.read_by() else rows
            for rows, data in zip((inputs, targets), self.data)
        ]
        self.audit = Audit(program.function, read[0], read[1], reach.streams, takes_numbers, dtype)

        self.parameters = every = list(self.compilation.parameters)
        # For each place in theta its place in the optimiser's lists. What is -1, no step moves: as
        # in plain Python, a parameter that the loss does not reach sits every step out.
        self.places = _places(every, optimizer.parameters)
        self.places[~self.compilation.trace.reached()] = -1
        self.frozen = np.flatnonzero(self.places < 0)
        self.theta = np.zeros(len(every))
        self.numbers = np.zeros((len(optimizer.memories), len(every)))
        self.steps = self.steps_by_hand = 0
        self.rows_a_call = FIRST_ROWS
        self.changed: str | None = None
        self.remark = ""
        self.load()

    def _check_indices(self) -> None:
        try:
            self.compilation.check_indices(self.data)
        except IndexError as error:
            if self.compilation.guards:  # such a row may take a branch that needs no table
                raise CompileError(f"{error}; and the loss branches") from None
            raise

    @property
    def reaches(self) -> bool:
        """Whether the loss reaches a parameter of the optimiser."""
        return len(self.frozen) < len(self.places)

    @property
    def how(self) -> str:
        """One line that says what trains."""
        words = f"{self.executor.place}, {self.program!r}, {self.program.took}"
        if self.steps_by_hand:
            steps = count(self.steps_by_hand, "step")
            words += f"; {steps} in plain Python, for other branches"
        if self.changed:
            words += f", and because the loss changes {self.changed}"
        return words + self.remark

    def load(self) -> None:
        """Copy the parameters and the optimiser's memories into arrays."""
        import numpy as np

        from autograd.compiler.arguments import numbers_of

        exact = self.compilation.dtype == self.theta.dtype
        self.theta[:] = (
            self.compilation.theta() if exact else numbers_of(self.parameters, self.theta.dtype)
        )
        moving = self.places >= 0
        for row, name in zip(self.numbers, self.optimizer.memories):
            memory = getattr(self.optimizer, name)
            row[moving] = np.fromiter(memory, float, len(memory))[self.places[moving]]
        self.loaded = self.numbers.copy()

    def store(self) -> None:
        """Copy them back."""
        import numpy as np

        self._store_parameters()
        moving = self.places >= 0
        places = self.places[moving]
        for row, before, name in zip(self.numbers, self.loaded, self.optimizer.memories):
            if np.array_equal(row, before):
                continue  # such as a velocity without momentum
            memory = np.array(getattr(self.optimizer, name))
            memory[places] = row[moving]
            getattr(self.optimizer, name)[:] = memory.tolist()
            before[:] = row

    def _store_parameters(self) -> None:
        moving = self.places >= 0
        parameters: Iterable[Value] = self.parameters
        if not moving.all():
            parameters = itertools.compress(parameters, moving)
        for p, x in zip(parameters, self.theta[moving].tolist()):
            p.data = x

    def prepare(self, batch_size: int) -> None:
        """Compile now, so that what cannot be compiled is known before training begins."""
        import numpy as np

        self._train(np.zeros(0, np.int64), 0, 0, batch_size, 1, np.zeros(1))

    def run(
        self,
        orders: Sequence[Any],
        batch_size: int,
        report: Callable[[int, list[float], int], bool],
        by_hand: Callable[[Sequence[int], int], float],
    ) -> None:
        """Train on some epochs.

        Args:
            orders: for each epoch an array of its rows, in the order to learn them.
            batch_size: rows per step.
            report: ``report(done, losses, new)`` gets, after each call, how many rows are done, the
                sum of the losses of each epoch, and how many rows are new. True stops.
            by_hand: ``by_hand(rows, epoch)`` does a step on rows in plain Python and returns the
                sum of their losses. It reads the parameters themselves and may change them.
        """
        import numpy as np

        epoch = len(orders[0])
        order = np.concatenate(list(orders))
        losses = np.zeros(len(orders))
        position, total = 0, len(order)
        self.audit.resume()
        self._check_the_same(order, batch_size)
        while position < total:
            stretch = max(1, self.rows_a_call // batch_size) * batch_size
            stop = _at_batch_end(min(position + stretch, total), batch_size, epoch, total)
            reached, seconds = position, 0.0
            if not self.in_vain:
                self._audit(batch_size)
                start = time.perf_counter()
                reached = self._train(order, position, stop, batch_size, epoch, losses)
                seconds = time.perf_counter() - start
            self.steps += _steps(position, reached, batch_size, epoch)
            if reached < stop:
                self.steps_by_hand += 1
                end = _at_batch_end(reached + 1, batch_size, epoch, total)
                self.store()
                rest = order[reached:end].tolist()
                losses[reached // epoch] += by_hand(rest, reached // epoch)
                self.load()
                reached = end
                if self.state:
                    self.changed = self.changed or self.state.change()
            new, position = reached - position, reached
            seconds = self._largest(seconds)  # or processes would go on with unlike stretches
            if seconds < SECONDS_A_CALL / 2 and new >= stretch:
                self.rows_a_call = 2 * stretch
            elif seconds > 2 * SECONDS_A_CALL:
                self.rows_a_call = stretch // 2
            if self._largest(report(position, losses.tolist(), new)):
                break
        self.audit.pause()
        self._check_state()

    def _largest(self, number: float) -> float:
        """The largest that any of the processes gives which train together."""
        return float(self.executor.agreed([number])[0])

    def _check_the_same(self, order: Any, batch_size: int) -> None:
        """Raise ValueError if processes that train together do not train the same."""
        import numpy as np

        if self.executor.processes > 1:
            arrays = {
                "batch sizes": np.array([batch_size]),
                "numbers of rows or epochs": np.array([len(order)]),
                "parameters": self.theta,
                "memories of the optimizer": self.numbers,
                "orders of the rows": order,
                **dict(zip(("rows of X", "rows of T"), self.data)),
                "losses or optimizers": described(self.compilation.trace, self.optimizer),
            }
            check_the_same(self.executor.agreed, arrays)

    def watched(
        self, callback: Callable[[int, Any], Any], batch_size: int
    ) -> Callable[[int, Any], Any]:
        """The callback, after which training goes on with the parameters and rows that it leaves.

        If it changes anything else that the loss can reach, a row is compared with plain Python.
        """

        def called(epoch: int, history: Any) -> Any:
            before = State(self.reach)
            ends = callback(epoch, history)
            self.data = [*self.data]  # another list, because it may have changed numbers in them
            self.load()
            if ends is not True and before.change():
                self.compare([self.audit.next_row()], batch_size)
                self.state = self.state and State(self.reach)
            return ends

        return called

    def _train(
        self, order: Any, start: int, stop: int, batch_size: int, epoch: int, losses: Any
    ) -> int:
        """Train on a stretch; where it stopped. See ``Executor.train``."""
        from autograd.compiler.executor import Stretch

        while True:
            # The update first, because a function of the step is asked for each step in order.
            learner = self._learner(self.theta, self.numbers)
            end = self._while_the_rate_stays(start, stop, batch_size, epoch)
            stretch = Stretch(order, start, end, batch_size, epoch)
            reached = self.executor.train(learner, stretch, losses, self.data)
            self.optimizer.steps_taken += _steps(start, reached, batch_size, epoch)
            if reached < end or reached == stop:
                return reached
            start = reached

    def _learner(self, theta: Any, memories: Any) -> Learner:
        from autograd.compiler.executor import Learner

        return Learner(update_of(self.optimizer), theta, memories, self.frozen)

    def _while_the_rate_stays(self, start: int, stop: int, batch_size: int, epoch: int) -> int:
        """Where the steps end that have the learning rate of the next one."""
        optimizer = self.optimizer
        if not optimizer.is_scheduled or start == stop:
            return stop
        rate, end, step = optimizer.lr, start, optimizer.steps_taken
        while True:
            end = _at_batch_end(end + 1, batch_size, epoch, stop)
            step += 1
            if end >= stop or optimizer.lr_at(step) != rate:
                return end

    def _audit(self, batch_size: int) -> None:
        """Compare a row with plain Python, if it is time for that."""
        if self.audit.due():
            self._check_state()
            self._store_parameters()
            self.compare([self.audit.next_row()], batch_size)

    def compare(self, rows: Iterable[int], batch_size: int) -> None:
        """Compare these rows with plain Python.

        Raises:
            CompileError: one differs.
        """
        for row in rows:
            self.audit.compare(row, lambda row: self._loss_of(row, batch_size))

    def _check_state(self) -> None:
        """Raise CompileError if something else than the loss has changed what the loss reads."""
        change = self.state.change() if self.state and not self.changed else None
        if change:
            raise CompileError(
                f"while fit trained in compiled code, something changed {change}, which the loss "
                "reads, perhaps a function that gives the learning rate, or another thread; "
                "compiled code took it for constant. Start again with compile=False"
            )

    def _loss_of(self, row: int, batch_size: int) -> float | None:
        """The loss of one row; None where the program does not hold for it."""
        import numpy as np

        from autograd.compiler.executor import Stretch

        # A batch of this row alone, because XLA compiles anew for another size.
        rows, losses = np.full(batch_size, row, np.int64), np.zeros(1)
        stretch = Stretch(rows, 0, batch_size, batch_size, batch_size)
        learner = self._learner(self.theta.copy(), self.numbers.copy())
        done = self.executor.train(learner, stretch, losses, self.data)
        return float(losses[0]) / batch_size if done else None

    @property
    def in_vain(self) -> bool:
        """Whether most batches have a row that takes another branch, or such a row has changed
        what compiled code takes for constant."""
        many = self.steps_by_hand > MOST_BY_HAND and self.steps_by_hand > self.steps
        return many or self.changed is not None


def _places(parameters: list[Value], of_optimizer: list[Value]) -> Any:
    """For each parameter its place in the optimiser's list, or -1."""
    import numpy as np

    if parameters == of_optimizer:  # as it mostly is
        return np.arange(len(parameters))
    place = {p: i for i, p in enumerate(of_optimizer)}
    return np.array([place.get(p, -1) for p in parameters], np.int64)


def _at_batch_end(position: int, batch_size: int, epoch: int, total: int) -> int:
    """The end of the batch that a position is in; batches start anew with each epoch."""
    before = (position - 1) // epoch * epoch
    return min(before + min(-(-(position - before) // batch_size) * batch_size, epoch), total)


def _steps(start: int, stop: int, batch_size: int, epoch: int) -> int:
    """The number of batches between two ends of batches."""

    def until(position: int) -> int:
        epochs, within = divmod(position, epoch)
        return epochs * -(-epoch // batch_size) + -(-within // batch_size)

    return until(stop) - until(start)


def table(rows: Rows) -> Any:
    """All rows as one array."""
    import numpy as np

    data = rows.data
    if isinstance(data, np.ndarray):
        small = data.dtype.kind in "biuf" and data.dtype.itemsize < 8
        return data if small else np.ascontiguousarray(data, np.float64)
    if len(data) * len(rows[0]) > MOST_NUMBERS:
        raise CompileError(
            f"{rows.name} holds {len(data):,} rows of {len(rows[0])} numbers, too many to copy: "
            "train on arrays, or on parts"
        )
    return rows.as_array()
