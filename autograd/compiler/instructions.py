"""The instructions of an array program. They see arrays through ``View``s, which pick lanes
(elements) in any order and shape:

    Map       an operation, element by element
    Reduce    a sum over the last axes, or over the batch
    Contract  a product of matrices: a sum over the labels that the result lacks
    Collect   zeros, to which parts are added lane by lane
    Take      a number out of each column, at a place that an input says
    Scatter   its derivative: zeros, to which parts are added at such places
    Loop      instructions that run again and again, each time on what the time before left
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from autograd.compiler.views import Array, View
from autograd.ops import Op

SumStart = Literal["zero", "first"]


@dataclass(frozen=True, eq=False)
class Map:
    """``out = op(*operands)``, all of one shape. ``sum`` and ``add`` take any number of them, and
    add them from the first to the last."""

    out: Array
    op: Op
    operands: tuple[View, ...]

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Reduce:
    """``op`` over the last axes of the operand, those that ``out`` lacks; then perhaps the sum over
    the batch. An operand without a batch counts once per row in that sum.

    Attributes:
        start: of a sum that keeps its order: "zero" if its terms are added to 0.0, one after the
            other, as Python's ``sum`` does it; "first" if they are added to the first of them. (The
            two differ where all terms are -0.0.) None for a sum whose terms may be added in any
            order, and for other operations.
    """

    out: Array
    op: Op
    operand: View
    over_batch: bool = False
    start: SumStart | None = None

    @property
    def operands(self) -> tuple[View, ...]:
        """The one operand."""
        return (self.operand,)

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Contract:
    """``out[labels] = sum of left * right`` over the labels that ``out`` lacks, as in einsum.

    It sums over the batch too, if an operand has one and ``out`` has none.
    """

    out: Array
    left: View
    right: View
    labels: tuple[str, str, str]

    @property
    def operands(self) -> tuple[View, ...]:
        """Both factors."""
        return (self.left, self.right)

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Collect:
    """``out = 0; out[place] += part`` for each part. ``places`` are views of ``out``."""

    out: Array
    places: tuple[View, ...]
    parts: tuple[View, ...]

    @property
    def operands(self) -> tuple[View, ...]:
        """The parts."""
        return self.parts

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Take:
    """``out[place] = columns[place][index[place]]`` for each place of ``out``.

    The rows of a table are taken by broadcast views. For ``E[i]``, (T, m), of a table E, (n, m),
    ``columns`` is the view of E of shape (T, m, n) with strides (0, 1, m), and ``index`` that of i
    of shape (T, m) with strides (1, 0). So nothing of the size of the table is made for a row of
    the batch. The columns may have a batch of their own, as logits do.

    An index is an element of an argument, a float, and is a whole number from 0 to n - 1 whenever
    a program runs: ``Compilation`` sees to that. An executor that computes on rows that are not
    there (padding) must let their indices be 0.

    Attributes:
        columns: of shape (*out.shape, n).
        index: of shape out.shape.
    """

    out: Array
    columns: View
    index: View

    @property
    def operands(self) -> tuple[View, ...]:
        """The table, and the index."""
        return (self.columns, self.index)

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Scatter:
    """``out = 0; out[columns[place][index[place]]] += part[place]`` for each place of ``part``,
    where ``columns`` has lanes of ``out``. If ``out`` has no batch, for each row of the batch, too.

    It is the derivative of ``Take``: what is taken several times gets the sum.

    Attributes:
        columns: a view of ``out``, of shape (*part.shape, n).
        part, index: both of one shape.
    """

    out: Array
    columns: View
    part: View
    index: View

    @property
    def operands(self) -> tuple[View, ...]:
        """The part, and the index."""
        return (self.part, self.index)

    @property
    def outs(self) -> tuple[Array, ...]:
        """The one result."""
        return (self.out,)


@dataclass(frozen=True, eq=False)
class Carried:
    """What an iteration leaves to the next: ``before`` is ``start`` in the first iteration, and
    after that it is what ``after`` was in the iteration before."""

    start: View
    before: Array
    after: View


@dataclass(frozen=True, eq=False)
class Slice:
    """What an iteration is given: ``inner`` is ``outer[t]``; ``outer`` is (count, *inner.shape)."""

    outer: View
    inner: Array


@dataclass(frozen=True, eq=False)
class Stack:
    """What every iteration hands out: ``outer[t] = inner``; ``outer`` is (count, *inner.shape)."""

    outer: Array
    inner: View


@dataclass(frozen=True, eq=False)
class Final:
    """What the last iteration hands out: ``outer`` is its ``inner``."""

    outer: Array
    inner: View


@dataclass(frozen=True, eq=False)
class Loop:
    """``for t in range(count): body``.

    The operands of the body are arrays that it makes itself, the ``before`` of what is carried,
    the ``inner`` of slices, and arrays made before the loop, which are the same each time. All that
    is carried changes at once, after the body. If an outer array has a batch, t is the axis after
    it.

    Attributes:
        count: how many iterations.
        reverse: t runs from ``count - 1`` down to 0.
    """

    count: int
    body: tuple[Instruction, ...]
    carried: tuple[Carried, ...] = ()
    slices: tuple[Slice, ...] = ()
    stacks: tuple[Stack, ...] = ()
    finals: tuple[Final, ...] = ()
    reverse: bool = False

    @property
    def outs(self) -> tuple[Array, ...]:
        """The results: what is stacked, then what is final."""
        return (*(s.outer for s in self.stacks), *(f.outer for f in self.finals))

    @property
    def inner(self) -> tuple[Array, ...]:
        """The arrays that exist in the loop alone, in the order in which they get their numbers."""
        given = [*(c.before for c in self.carried), *(s.inner for s in self.slices)]
        return (*given, *(out for i in self.body for out in i.outs))

    @property
    def left(self) -> tuple[View, ...]:
        """What an iteration leaves: to the next, and to those outside."""
        handed = [*(s.inner for s in self.stacks), *(f.inner for f in self.finals)]
        return (*(c.after for c in self.carried), *handed)

    @property
    def uses(self) -> tuple[View, ...]:
        """All that is read in the loop, after it has started."""
        return (*(v for i in self.body for v in i.operands), *self.left)

    @property
    def operands(self) -> tuple[View, ...]:
        """What it reads from outside."""
        own = set(self.inner)
        given = [*(c.start for c in self.carried), *(s.outer for s in self.slices)]
        return (*given, *(v for v in self.uses if v.array not in own))


Simple = Map | Reduce | Contract | Collect | Take | Scatter
Instruction = Simple | Loop


def every(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """The instructions, and those in the bodies of loops, each body after its loop."""
    for i in instructions:
        yield i
        if isinstance(i, Loop):
            yield from every(i.body)
