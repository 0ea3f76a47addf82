"""The function that trains: ``train(plan)`` goes through the rows of a stretch, batch after batch,
and returns where it stopped.

For each batch it writes the rows into the arena, block by block, runs the tables of the program,
looks whether all is finite, and runs the table of the update.
"""

from __future__ import annotations

from enum import IntEnum

from autograd.compiler.machine.kernels.line import Target, zero_times
from autograd.compiler.machine.kernels.vectors import Code, Value

SIZES = 3
"""How many sizes of blocks a stretch has: full ones, and what is left of a batch and of the last
batch of an epoch."""


class Plan(IntEnum):
    """The places of a plan, an array of int64: addresses, offsets in the arena, and numbers."""

    ARENA = 0
    INTS = 1
    BEFORE = 2  # the address of a table, as ROWS, AFTER and UPDATE
    AFTER = 3
    UPDATE = 4
    ORDER = 5  # the address of the numbers of the rows, int64
    START = 6
    STOP = 7
    BATCH = 8
    EPOCH = 9
    BLOCK = 10  # the most rows of a block
    LOSSES = 11  # the address of a double for each epoch
    COUNT = 12  # where the rows of a batch are written, as a real, and below the inverse of that
    SCALE = 13
    TOTAL = 14  # where the sum of the losses is, and below that of the guards that fail, or -1
    FAILED = 15
    GRADIENT = 16
    WIDTH = 17  # the elements of the gradient
    FROZEN = 18  # the address of offsets, int64, of parameters that stay
    STAYING = 19  # how many
    KEPT = 20  # the address of room for their numbers
    ARGUMENTS = 21  # how many
    ROWS = 22  # for each size: the rows of a block, the rows with padding, the table
    DATA = 22 + 3 * SIZES  # for each argument: the address of its rows, their width, and where a
    # block of it starts: a number, and what is added to it for each row with padding


def train(target: Target) -> Code:
    """The code of ``train``."""
    return _Train(target).written()


class _Train:
    def __init__(self, target: Target) -> None:
        self.target, self.real = target, target.real
        self.code = Code("train", ("ptr",), "i64")
        (self.plan,) = self.code.arguments
        self.arena, self.ints = self.pointer(Plan.ARENA), self.pointer(Plan.INTS)

    def get(self, place: int) -> Value:
        return self.code.load("i64", self.plan, int(place))

    def pointer(self, place: int) -> Value:
        return self.code.load("ptr", self.plan, int(place))

    def run(self, table: Value) -> None:
        self.code.call_void("run", table, self.arena, self.ints)
        self.code.declared.pop("run")  # it is in this module

    def in_arena(self, place: Plan) -> Value:
        return self.code.at(self.real, self.arena, self.get(place))

    def written(self) -> Code:
        """The loop over the batches."""
        code = self.code
        head, body, after = (code.label(x) for x in ("batch", "one", "done"))
        stop = self.get(Plan.STOP)
        start = self.get(Plan.START)
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
        size = self.get(Plan.EPOCH)
        epoch = position / size
        end, end_of_epoch = position + self.get(Plan.BATCH), (epoch + 1) * size
        end = code.select(end < end_of_epoch, end, end_of_epoch)
        count = code.emit(self.real, f"sitofp {end - position} to {self.real}")
        code.store(count, self.in_arena(Plan.COUNT))
        code.store(code.number(self.real, 1.0) / count, self.in_arena(Plan.SCALE))
        self.run(self.pointer(Plan.BEFORE))
        self._blocks(position, end)
        self.run(self.pointer(Plan.AFTER))
        total = code.load(self.real, self.in_arena(Plan.TOTAL))
        with code.when(self._bad(total)):
            code.give(position)
        losses = self.pointer(Plan.LOSSES)
        total = code.real(total, "double")
        code.store(code.load("double", losses, epoch) + total, losses, epoch)
        self._step()
        return end

    def _blocks(self, position: Value, end: Value) -> None:
        """The blocks of a batch, each with the table for its size."""
        code, most = self.code, self.get(Plan.BLOCK)
        order = self.pointer(Plan.ORDER)
        with code.loop(position, end, most) as blocks:
            left = end - blocks.index
            rows = code.select(left < most, left, most)
            padded, table = self.get(Plan.ROWS + 1), self.pointer(Plan.ROWS + 2)
            for size in range(1, SIZES):
                at = Plan.ROWS + 3 * size
                same = rows.equals(self.get(at))
                padded = code.select(same, self.get(at + 1), padded)
                table = code.select(same, self.pointer(at + 2), table)
            numbers = code.at("i64", order, blocks.index)
            with code.loop(0, self.get(Plan.ARGUMENTS)) as arguments:
                self._gather(arguments.index * 4 + int(Plan.DATA), numbers, rows, padded)
            self.run(table)

    def _gather(self, argument: Value, numbers: Value, rows: Value, padded: Value) -> None:
        """Write the rows of an argument into the arena, each lane with all rows of the block."""
        code, plan = self.code, self.plan
        data, width = code.load("ptr", plan, argument), code.load("i64", plan, argument + 1)
        offset = code.load("i64", plan, argument + 2)
        offset = offset + code.load("i64", plan, argument + 3) * padded
        to = code.at(self.real, self.arena, offset)
        with code.loop(0, rows) as row:
            number = code.load("i64", numbers, row.index)
            source = code.at(self.real, data, number * width)
            first = code.at(self.real, to, row.index)
            with code.loop(0, width, carried=[first]) as lane:
                (place,) = lane.values
                code.store(code.load(self.real, source, lane.index), place)
                lane.following = [code.at(self.real, place, padded)]

    def _bad(self, total: Value) -> Value:
        """Whether a guard fails, or the loss or the gradient is not finite."""
        code = self.code
        failed = self.get(Plan.FAILED)
        failures = code.load(self.real, self.arena, code.select(failed < 0, 0, failed))
        failures = code.select(failed < 0, code.number(self.real, 0.0), failures)
        width = self.get(Plan.WIDTH)
        sums = total * 0.0 + zero_times(code, self.target, self.in_arena(Plan.GRADIENT), width)
        return failures.differs(0.0) | sums.differs(0.0)

    def _step(self) -> None:
        """The update, after which those parameters that stay get their numbers back."""
        code = self.code
        frozen, kept = self.pointer(Plan.FROZEN), self.pointer(Plan.KEPT)
        staying = self.get(Plan.STAYING)
        with code.loop(0, staying) as loop:
            offset = code.load("i64", frozen, loop.index)
            code.store(code.load(self.real, self.arena, offset), kept, loop.index)
        self.run(self.pointer(Plan.UPDATE))
        with code.loop(0, staying) as loop:
            offset = code.load("i64", frozen, loop.index)
            code.store(code.load(self.real, kept, loop.index), self.arena, offset)
