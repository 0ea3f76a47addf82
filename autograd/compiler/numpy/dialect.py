"""What NumPy writes otherwise than another library that has its functions: arrays that change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.compiler.numpy.kernels import Kernel, Pair, kernel
from autograd.compiler.numpy.text import Text, statement
from autograd.ops import Op

if TYPE_CHECKING:
    from autograd.compiler.numpy.loops import LoopWriter, Users
    from autograd.compiler.numpy.views import Views
    from autograd.compiler.program import Instruction


@dataclass(frozen=True)
class Target:
    """An array that is changed.

    Attributes:
        name: its name.
        shape: its shape, as an expression.
        form: the shape in which it is changed; "" for its own.
    """

    name: str
    shape: str
    form: str = ""

    @property
    def text(self) -> str:
        """The array in the form."""
        return f"{self.name}.reshape{self.form}" if self.form else self.name


class Dialect:
    """The texts of NumPy.

    Attributes:
        pairs: whether two operations may be one function; see ``PAIRS``.
        in_order: the definition of ``sum_in_order``.
        windows: the definition of ``windows``; "" where their numbers are gathered.
        in_place: whether a part of an array, such as ``x[2:4]``, can be changed by its own.
    """

    pairs = True
    in_order = """\
def sum_in_order(x, axis, start=0.0):
    # From the first term to the last; np.sum adds them in parts.
    axes = (axis,) if isinstance(axis, int) else axis
    x = np.moveaxis(x, axes, range(len(axes)))
    n = np.prod(x.shape[: len(axes)])
    terms = np.ascontiguousarray(x).reshape(n, *x.shape[len(axes) :])
    if terms[0].size == 1:
        return np.cumsum(terms, axis=0)[-1] + start
    return np.add.reduce(terms, axis=0, initial=start)"""
    windows = ""
    in_place = True

    def imports(self, single: bool) -> list[str]:
        """The lines that name the libraries, for float32 or float64."""
        return ["import numpy as np"]

    def rows(self, name: str) -> str:
        """How many rows an argument has."""
        return f"len({name})"

    def kernel(self, op: Op) -> Kernel | None:
        """The text of an operation; None if it is arithmetic, or Python's alone."""
        return kernel(op)

    def pair(self, pair: Pair, single: bool) -> str:
        """The definition of two operations at once, for float32 or float64."""
        return pair.single if single else pair.definition

    def constant(self, x: Text) -> Text:
        """An expression that is not differentiated."""
        return x

    def column(self, text: str) -> str:
        """An expression of one number for each row, such as ``x[:, 0]``."""
        return text

    def turned(self, text: str, single: bool) -> str:
        """The rows turned into columns: the product with other rows adds all rows up."""
        return f"{text}.T"

    def put(self, array: Target, where: str, value: str, note: str = "") -> list[str]:
        """The lines of ``array[where] = value``."""
        return statement(f"{array.text}[{where}] =", value, note)

    def add(self, array: Target, where: str, value: str, note: str = "") -> list[str]:
        """The lines of ``array[where] += value``, where no place occurs twice."""
        return statement(f"{array.text}[{where}] +=", value, note)

    def add_at(self, array: Target, where: str, value: str) -> list[str]:
        """The line of the same, where places may occur several times."""
        return [f"np.add.at({array.text}, {where}, {value})"]

    def put_along(self, name: str, index: str, value: str) -> list[str]:
        """The line that puts values at an index along the last axis."""
        return [f"np.put_along_axis({name}, {index}, {value}, axis=-1)"]

    def loops(
        self, views: Views, users: Users, instruction: Callable[[Instruction], list[str]]
    ) -> LoopWriter:
        """What writes loops."""
        from autograd.compiler.numpy.loops import LoopWriter

        return LoopWriter(views, users, instruction)


NUMPY = Dialect()
