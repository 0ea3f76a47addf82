"""A table that is ready to run, with its memory."""

from __future__ import annotations

import functools

from autograd.compiler.machine.address import address
from autograd.compiler.machine.build import machine
from autograd.compiler.machine.table import Ints32
from autograd.compiler.program import Floats


class Ready:
    """Runs a table on an arena with index tables. It keeps the arrays alive whose addresses it
    holds."""

    def __init__(self, table: Ints32, arena: Floats, ints: Ints32) -> None:
        self.arrays = table, arena, ints
        places = address(table), address(arena), address(ints)
        self.call = functools.partial(machine(arena.itemsize).run, *places)

    def __call__(self) -> None:
        """Run the table."""
        self.call()
