"""What the lowering hands to the executor: tables, and where everything is in the arena."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.compiler.machine.amount import Amount
from autograd.compiler.machine.lowering.outer import Outer
from autograd.compiler.machine.table import Ints32, Table
from autograd.compiler.program import Floats, Indices


@dataclass(frozen=True)
class Home:
    """Where an array is: its offset in the arena, and whether each of its lanes has the rows of a
    block (padded), or is one number."""

    offset: Amount
    in_rows: bool


@dataclass(eq=False)
class Lowered:
    """A program for the machine.

    Attributes:
        in_rows: whether it is for blocks of rows, or for one row.
        before, rows, after: what is done once at the start of a batch, for each block of its rows,
            and once at its end. For one row all is in ``rows``.
        ints: the index tables.
        size: of the arena, in elements.
        lanes: how many vectors over the rows of a block the arena has.
        constants: offsets and numbers to write into the arena, once.
        parameters, gradient: where these regions begin, of ``width`` elements each.
        outer: the gradients that are not written, with the places of their blocks, which stand
            behind ``width``, and of their factors.
        checked: how many elements of the gradient to test: if they are finite, all of it is.
        place: where each parameter stands in either region.
        arguments: where each argument is.
        count: where the number of rows of the batch is written, as a float.
        outputs: the results of a row, ``results`` numbers.
        failures: how many guards fail for each row; None without guards.
        total, failed: where the sums of both over the batch are, once ``after`` is done; None
            without guards.
        by_arguments: where the gradient by each argument is; None where it is 0.
    """

    in_rows: bool
    before: Table
    rows: Table
    after: Table
    ints: Ints32
    size: Amount
    lanes: int
    constants: list[tuple[int, Floats]]
    parameters: int
    gradient: int
    width: int
    outer: list[tuple[Outer, list[int]]]
    checked: int
    place: Indices
    arguments: list[Home]
    count: int
    outputs: Home
    results: int
    failures: Home | None
    total: int
    failed: int | None
    by_arguments: list[Home | None]
