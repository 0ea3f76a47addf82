"""The functions that compute rows: ``call(plan)`` all of a call, and ``blocks(plan, start, stop)``
those from one to another, block by block.

The latter writes the rows of each block into the arena, runs the table for its size, and copies the
results of its rows. Outside, the numbers of a row stand together; in the arena, those of a lane.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.machine.kernels.kinds import vector
from autograd.compiler.machine.kernels.line import Target
from autograd.compiler.machine.kernels.plan import SIZES, Place, Transfer
from autograd.compiler.machine.kernels.vectors import Code, Value


def call(target: Target) -> Code:
    """The code of ``call``: the numbers of the parameters go into the arena, all rows are computed,
    and the derivatives by the parameters are copied, if there is room for them. It returns how many
    rows it has computed."""
    code = Code("call", ("ptr",), "i64")
    (plan,) = code.arguments
    real = target.real

    def pointer(field: Place) -> Value:
        return code.load("ptr", plan, int(field))

    arena, ints, stop = (
        pointer(Place.ARENA),
        pointer(Place.INTS),
        code.load("i64", plan, Place.STOP),
    )
    count, parameters = (code.load("i64", plan, int(x)) for x in (Place.COUNT, Place.PARAMETERS))
    theta, places = pointer(Place.THETA), pointer(Place.PLACES)
    with code.loop(0, parameters) as each:
        parameter, place = _pair(places, each.index)
        code.store(code.load(real, theta, parameter), arena, place)
    code.store(code.emit(real, f"sitofp {stop} to {real}"), arena, count)
    code.call_void("run", pointer(Place.BEFORE), arena, ints)
    code.call_void("blocks", plan, code.number("i64", 0), stop)
    code.call_void("run", pointer(Place.AFTER), arena, ints)
    room, slopes = pointer(Place.GRADIENTS), code.load("i64", plan, int(Place.SLOPES))
    wanted = code.select(code.is_null(room), code.number("i64", 0), parameters)
    with code.loop(0, wanted) as each:
        parameter, place = _pair(places, each.index)
        code.store(code.load(real, arena, place + slopes), room, parameter)
    for name in ("run", "blocks"):
        code.declared.pop(name)  # they are in this module
    code.give(stop)
    return code


def _pair(places: Value, index: Value) -> tuple[Value, Value]:
    """The number of a parameter, and its offset in the arena."""
    code = places.code
    pair = code.at("i32", places, index * 2)
    first, second = code.load("i32", pair), code.load("i32", pair, 1)
    return code.convert("sext", first, "i64"), code.convert("sext", second, "i64")


def blocks(target: Target) -> Code:
    """The code of ``blocks``."""
    code = Code("blocks", ("ptr", "i64", "i64"))
    plan, start, stop = code.arguments
    arena, ints = code.load("ptr", plan, int(Place.ARENA)), code.load("ptr", plan, int(Place.INTS))
    order = code.load("ptr", plan, int(Place.ORDER))
    most = code.load("i64", plan, int(Place.BLOCK))
    with code.loop(start, stop, most) as each:
        left = stop - each.index
        rows = code.select(left < most, left, most)
        padded, table = _of_size(plan, rows)

        def transfers(field: Place, count: Place, inward: bool) -> None:
            first = code.load("ptr", plan, int(field))
            with code.loop(0, code.load("i64", plan, int(count))) as several:
                at = code.at("i64", first, several.index * len(Transfer))
                transfer = _Transfer(target, at, arena, rows, padded)
                if inward:
                    transfer.write(each.index, order)
                else:
                    with code.when(code.is_null(transfer.outside).equals(0)):
                        transfer.in_order(each.index, inward=False)

        transfers(Place.ARGUMENTS, Place.GIVEN, True)
        code.call_void("run", table, arena, ints)
        code.declared.pop("run")  # it is in this module
        transfers(Place.RESULTS, Place.WANTED, False)
    return code


def _of_size(plan: Value, rows: Value) -> tuple[Value, Value]:
    """The rows with padding, and the table, of a block of this many rows."""
    code, at = plan.code, int(Place.ROWS)
    padded, table = code.load("i64", plan, at + 1), code.load("ptr", plan, at + 2)
    for _ in range(1, SIZES):
        at += 3
        same = rows.equals(code.load("i64", plan, at))
        padded = code.select(same, code.load("i64", plan, at + 1), padded)
        table = code.select(same, code.load("ptr", plan, at + 2), table)
    return padded, table


class _Transfer:
    """The rows of a block in an array outside and in the arena."""

    def __init__(self, target: Target, at: Value, arena: Value, rows: Value, padded: Value) -> None:
        code = self.code = at.code
        self.target, self.rows = target, rows
        outside, self.width, plain, by_padded, in_rows = (
            code.load("ptr" if field is Transfer.ADDRESS else "i64", at, int(field))
            for field in Transfer
        )
        self.outside = outside
        self.inside = code.at(target.real, arena, plain + by_padded * padded)
        self.row_step = in_rows
        self.lane_step = code.select(in_rows.equals(0), code.number("i64", 1), padded)

    def write(self, first: Value, order: Value) -> None:
        """Write the rows from ``first`` on into the arena: of an order, unless that is 0."""
        code = self.code
        without = code.is_null(order)
        with code.when(without):
            self.in_order(first, inward=True)
        with code.when(without.equals(0)):
            numbers = code.at("i64", order, first)
            self._each(lambda row: code.load("i64", numbers, row), inward=True)

    def in_order(self, first: Value, inward: bool) -> None:
        """Copy the rows from ``first`` on, into the arena or out of it."""
        code = self.code
        one_lane = self.width.equals(1) & self.row_step.equals(1)
        one_row = self.rows.equals(1) & self.lane_step.equals(1)
        alike = one_lane | one_row  # outside as inside
        with code.when(alike):
            outside = code.at(self.target.real, self.outside, first * self.width)
            pair = (outside, self.inside) if inward else (self.inside, outside)
            self._all(*pair, self.rows * self.width)
        with code.when(alike.equals(0)):
            self._each(lambda row: first + row, inward)

    def _all(self, source: Value, to: Value, count: Value) -> None:
        """Copy numbers that stand one after the other."""
        code, real, lanes = self.code, self.target.real, self.target.lanes
        start: Value | int = 0
        for kind, n in (vector(real, lanes), lanes), (real, 1):
            with code.loop(start, count - (n - 1), n) as loop:
                code.store(code.load(kind, source, loop.index), to, loop.index)
            start = loop.index

    def _each(self, number: Callable[[Value], Value], inward: bool) -> None:
        """Copy rows; ``number(row)`` is where a row of the block stands outside."""
        code, side = self.code, self.target.lanes
        small = (self.rows < side) | (self.width < side)
        by_number = small | self.row_step.differs(1)
        with code.when(by_number.equals(0)):
            self._in_squares(number, inward)
        with code.when(by_number):
            self._by_number(number, inward)

    def _in_squares(self, number: Callable[[Value], Value], inward: bool) -> None:
        """Squares of vectors, with rows and lanes exchanged. Those at the ends overlap others."""
        code, real, side = self.code, self.target.real, self.target.lanes
        kind = vector(real, side)
        last_row, last_lane = self.rows - side, self.width - side
        with code.loop(0, self.rows, side) as rows:
            row = code.select(last_row < rows.index, last_row, rows.index)
            numbers = [number(row + s) for s in range(side)]
            outside = [code.at(real, self.outside, n * self.width) for n in numbers]
            with code.loop(0, self.width, side) as lanes:
                lane = code.select(last_lane < lanes.index, last_lane, lanes.index)
                first = code.at(real, self.inside, lane * self.lane_step + row)
                inside = [code.at(real, first, self.lane_step * s) for s in range(side)]
                there = [code.at(real, x, lane) for x in outside]
                source, to = (there, inside) if inward else (inside, there)
                for x, place in zip(code.turned([code.load(kind, at) for at in source]), to):
                    code.store(x, place)

    def _by_number(self, number: Callable[[Value], Value], inward: bool) -> None:
        code, real = self.code, self.target.real
        with code.loop(0, self.rows) as row:
            outside = code.at(real, self.outside, number(row.index) * self.width)
            inside = code.at(real, self.inside, row.index * self.row_step)
            with code.loop(0, self.width, carried=[inside]) as lane:
                (place,) = lane.values
                if inward:
                    code.store(code.load(real, outside, lane.index), place)
                else:
                    code.store(code.load(real, place), outside, lane.index)
                lane.following = [code.at(real, place, self.lane_step)]
