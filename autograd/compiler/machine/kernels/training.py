"""The function that trains: ``train(plan)`` goes through the rows of a stretch, batch after batch,
and returns where it stopped.

For each batch it runs the tables of the program, looks whether all is finite, and runs the table of
the update.
"""

from __future__ import annotations

from autograd.compiler.machine.kernels.line import Target, zero_times
from autograd.compiler.machine.kernels.plan import Place
from autograd.compiler.machine.kernels.vectors import Code, Value


def train(target: Target) -> Code:
    """The code of ``train``."""
    return _Train(target).written()


class _Train:
    def __init__(self, target: Target) -> None:
        self.target, self.real = target, target.real
        self.code = Code("train", ("ptr",), "i64")
        (self.plan,) = self.code.arguments
        self.arena, self.ints = self.pointer(Place.ARENA), self.pointer(Place.INTS)

    def get(self, place: int) -> Value:
        return self.code.load("i64", self.plan, int(place))

    def pointer(self, place: int) -> Value:
        return self.code.load("ptr", self.plan, int(place))

    def run(self, table: Value) -> None:
        self.code.call_void("run", table, self.arena, self.ints)
        self.code.declared.pop("run")  # it is in this module

    def in_arena(self, place: Place) -> Value:
        return self.code.at(self.real, self.arena, self.get(place))

    def written(self) -> Code:
        """The loop over the batches."""
        code = self.code
        head, body, after = (code.label(x) for x in ("batch", "one", "done"))
        stop = self.get(Place.STOP)
        start = self.get(Place.START)
        came_from = code.block
        code.jump(head)
        code.begin(head)
        place = code.reserve(1)
        position = code.unnamed("i64")
        code.branch(position < stop, body, after)
        code.begin(body)
        end = self._batch(position)
        code.fill(place, position, [(start.name, came_from), (end.name, code.block)])
        code.jump(head)
        code.begin(after)
        code.give(position)
        return code

    def _batch(self, position: Value) -> Value:
        """One batch; gives its end."""
        code = self.code
        size = self.get(Place.EPOCH)
        epoch = position / size
        end, end_of_epoch = position + self.get(Place.BATCH), (epoch + 1) * size
        end = code.select(end < end_of_epoch, end, end_of_epoch)
        count = code.emit(self.real, f"sitofp {end - position} to {self.real}")
        code.store(count, self.in_arena(Place.COUNT))
        code.store(code.number(self.real, 1.0) / count, self.in_arena(Place.SCALE))
        self.run(self.pointer(Place.BEFORE))
        code.call_void("blocks", self.plan, position, end)
        code.declared.pop("blocks")  # it is in this module
        self.run(self.pointer(Place.AFTER))
        total = code.load(self.real, self.in_arena(Place.TOTAL))
        with code.when(self._bad(total)):
            code.give(position)
        losses = self.pointer(Place.LOSSES)
        total = code.real(total, "double")
        code.store(code.load("double", losses, epoch) + total, losses, epoch)
        self._step()
        check = zero_times(code, self.target, self.in_arena(Place.CHECK), self.get(Place.CHECKS))
        with code.when(check.differs(0.0)):
            code.give(end)
        return end

    def _bad(self, total: Value) -> Value:
        """Whether a guard fails, or the loss or the gradient is not finite."""
        code = self.code
        failed = self.get(Place.FAILED)
        failures = code.load(self.real, self.arena, code.select(failed < 0, 0, failed))
        failures = code.select(failed < 0, code.number(self.real, 0.0), failures)
        width = self.get(Place.WIDTH)
        sums = total * 0.0 + zero_times(code, self.target, self.in_arena(Place.GRADIENT), width)
        return failures.differs(0.0) | sums.differs(0.0)

    def _step(self) -> None:
        """The update, after which those parameters that stay get their numbers back."""
        code = self.code
        frozen, kept = self.pointer(Place.FROZEN), self.pointer(Place.KEPT)
        staying = self.get(Place.STAYING)
        with code.loop(0, staying) as loop:
            offset = code.load("i64", frozen, loop.index)
            code.store(code.load(self.real, self.arena, offset), kept, loop.index)
        self.run(self.pointer(Place.UPDATE))
        with code.loop(0, staying) as loop:
            offset = code.load("i64", frozen, loop.index)
            code.store(code.load(self.real, kept, loop.index), self.arena, offset)
