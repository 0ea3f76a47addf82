"""Rows of a table by indices as NumPy, and derivatives put back where the rows came from."""

from __future__ import annotations

import numpy as np

from autograd.compiler.numpy.dialect import Target
from autograd.compiler.numpy.text import CALL, Text, number_text, shape_of, statement, tuple_of
from autograd.compiler.numpy.views import Views
from autograd.compiler.program import Indices, Scatter, Take, View, view


class Taker:
    """Writes ``Take`` and ``Scatter`` instructions with the views of a program."""

    def __init__(self, views: Views) -> None:
        self.views, self.names = views, views.names

    def expression(self, i: Take) -> Text:
        """``E[x.astype(int)]`` where the table is the same for the whole batch."""
        batched = i.columns.array.batched
        if not batched and (rows := table_rows(i.columns, i.index)):
            table, index = rows
            return Text(f"{self.views.load(table).within(CALL)}[{self._whole(index)}]")
        table_text = self.views.load(i.columns).within(CALL)
        return self._along(table_text if batched else f"{table_text}[None]", i.index)

    def lines(self, i: Scatter) -> list[str]:
        """The lines that add the parts where they belong."""
        out, name = i.out, self.names.result(i.out)
        dtype = ", np.float32" if self.views.single else ""
        zeros = f"np.zeros({self.views.shape(out)}{dtype})"
        return [*statement(f"{name} =", zeros, shape_of(out)), *self._added(name, i)]

    def _added(self, name: str, i: Scatter) -> list[str]:
        out, rows, dialect = i.out, self.views.rows, self.views.dialect
        if out.batched and i.columns.whole:  # so no two parts have one place
            index, literal = f"{self._whole(i.index)}[..., None]", i.part.array.literal()
            part = f"{self.views.load(i.part).within(CALL)}[..., None]"
            values = part if literal is None else number_text(literal).text
            return dialect.put_along(name, index, values)
        if not out.batched and (found := table_rows(i.columns, i.index)):
            table, index_view = found
            if table.whole or (dialect.in_place and self.views.slices(table) is not None):
                target = Target(self.views.load(table).text, self.views.shape(out))
                part = self._part(i.part, table)
                return dialect.add_at(target, self._whole(index_view), part)
        lanes = self._along(f"{self.views.index(i.columns.lanes())}[None]", i.index).text
        flat = self.views.target(out, flat=True)
        if not out.batched:
            return dialect.add_at(flat, lanes, self._part(i.part))
        row = f"np.arange({rows}){'[..., None]' * len(i.part.shape)}"
        return dialect.add_at(flat, f"({row}, {lanes})", self.views.load(i.part).text)

    def _part(self, v: View, table: View | None = None) -> str:
        """What is added. NumPy 2.4 errs where the parts for a vector must be repeated."""
        if (literal := v.array.literal()) is not None:
            return number_text(literal).text
        text = self.views.load(v).text
        if not v.array.batched and v.shape and (table is None or len(table.shape) == 1):
            text = f"np.broadcast_to({text}, {tuple_of([self.views.rows, *map(str, v.shape)])})"
        return text

    def _along(self, columns: str, index: View) -> Text:
        where = f"{self._whole(index)}[..., None]"
        return Text(f"np.take_along_axis({columns}, {where}, axis=-1)[..., 0]")

    def _whole(self, index: View) -> str:
        return f"{self.views.load(index).within(CALL)}.astype(int)"


def table_rows(columns: View, index: View) -> tuple[View, View] | None:
    """Columns and index as a table, of shape (n, *elements of a row), and the index of each row;
    None where they do not go together like that."""
    numbers, lanes = index.lanes(), columns.lanes()
    axes = numbers.ndim
    while axes and _repeats(numbers, axes - 1):
        numbers = numbers[..., 0]
        axes -= 1
    for _ in range(axes):
        if not _repeats(lanes, 0):
            return None
        lanes = lanes[0, ...]
    table = view(columns.array, np.moveaxis(lanes, -1, 0))
    return table, view(index.array, numbers)


def _repeats(lanes: Indices, axis: int) -> bool:
    return bool((lanes == lanes.take([0], axis=axis)).all())
