"""The chain rule in words and formulas: every path from an output back to a value, and their sum.

``explain`` finds the paths (paths.py), cuts them into steps that can be read (steps.py), and writes
what it has to say in blocks, as text or as LaTeX (blocks.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograd.deprecation import renamed
from autograd.explaining.blocks import Block, Listing, PathProduct, Prose, SumOfPaths
from autograd.explaining.paths import Path, PathSum, Rest, path_sum
from autograd.explaining.steps import Outline
from autograd.formulas import between, derivative, equal
from autograd.given import whole, with_commas
from autograd.nodes.changed import is_changed, refuse_changed
from autograd.real import count as count_of
from autograd.real import same_number
from autograd.symbols import Symbol
from autograd.value import Value, topological_order

GIVEN = 16  # how many of the numbers it starts from an explanation lists


@renamed(with_respect_to="wrt")
def explain(output: Value, wrt: Value, *, names: object = None, paths: int = 10) -> Explanation:
    """The derivative of one Value by another, explained by the chain rule as a sum over paths.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> explain(y, x).gradient
    6.0
    >>> [path.product for path in explain(y, x).paths]
    [3.0, 3.0]

    Args:
        output: the Value to differentiate.
        wrt: the Value by which to differentiate it, a leaf or computed.
        names: a dict such as ``locals()``, or a Module. These names take precedence over labels;
            Values with neither are written out where they occur, or called v1, v2 and so on, as
            on the page; an output with neither is ``out``.
        paths: how many paths to show, those with the largest products first.

    Returns:
        An Explanation: print it, or show it in a notebook.

    Raises:
        TypeError: ``output`` or ``wrt`` is not a Value, ``names`` is neither a dict nor a Module,
            or ``paths`` is not a whole number.
        ValueError: ``paths`` is negative, or a leaf was assigned since ``output`` was recorded.
    """
    for v in (output, wrt):
        if not isinstance(v, Value):
            raise TypeError(f"explain differentiates a Value by a Value; got {type(v).__name__}")
    paths = whole(paths, "paths", 0)
    nodes = topological_order(output)
    if any(map(is_changed, nodes)):
        refuse_changed(nodes, "explain")
    relevant = between(output, wrt)
    found = path_sum(output, wrt, relevant, paths)
    outline = Outline(output, wrt, relevant, found.largest, names)
    blocks = tuple(_blocks(outline, found))
    return Explanation(found.gradient, found.largest, found.count, found.rest, blocks)


@dataclass(frozen=True, eq=False)
class Explanation:
    """What ``explain`` found.

    Print it for a terminal; notebooks show it as Markdown.

    Attributes:
        gradient: the derivative, which is the sum over all paths; 0 if there is no path.
        paths: the paths with the largest products, largest first.
        path_count: the exact number of paths; 0 if the output does not depend on the value.
        rest: the number of paths that are not in ``paths``, and the sum of their products.
    """

    gradient: float
    paths: tuple[Path, ...]
    path_count: int
    rest: Rest
    _blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The explanation for a terminal of 88 columns."""
        return "\n\n".join(block.text() for block in self._blocks)

    @property
    def latex(self) -> str:
        """The explanation as a fragment of a LaTeX document, which needs the package amsmath."""
        return "\n\n".join(block.math("align*") for block in self._blocks)

    @property
    def markdown(self) -> str:
        """The explanation for a notebook, with formulas between dollar signs."""
        return "\n\n".join(block.math("aligned") for block in self._blocks)

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Explanation: {count_of(self.path_count, 'path')}, together {self.gradient:.9g}>"


def _blocks(outline: Outline, found: PathSum) -> Iterator[Block]:
    """The blocks of an explanation, in order."""
    output, target = outline.symbol(outline.output), outline.symbol(outline.target)
    left = derivative(output, target, total=True)
    headline = equal(left, Symbol.of(found.gradient))
    if found.count == 0:
        yield Prose(headline, ": no path. ", output, " was not computed from ", target, ".")
        if outline.output.op is None:
            yield Prose(output, " is a leaf: it was not computed from recorded values.")
    elif outline.output is outline.target:
        yield Prose(headline, ": the output itself, by the empty path.")
    else:
        n = len(found.largest)
        which = "largest is" if n == 1 else f"{n:,} largest are"
        shown = f"; the {which} shown" if n and found.rest.count else ""
        every = with_commas(found.count)
        how = "along one path" if found.count == 1 else f"the sum over {every} paths"
        yield Prose(headline, f", {how}{shown}.")
        yield from _derivation(outline, found)
        if n and found.count > 1:
            yield from _addition(left, found)
        if found.gradient == 0:
            yield Prose(_zero(found))
    yield from _remarks(outline, left, found)


def _derivation(outline: Outline, found: PathSum) -> Iterator[Block]:
    """The values along the paths, then each path."""
    if found.largest:
        yield _given(outline)
        yield Listing(_computed(outline))
    used_twice = False
    for at, path in enumerate(found.largest, start=1):
        steps = outline.steps(path)
        used_twice |= any(step.use for step in steps)
        place = "The path: " if found.count == 1 else f"Path {at:,} of {with_commas(found.count)}: "
        yield Prose(place, *_route(outline.route(path)))
        yield PathProduct(steps, path.product)
    if used_twice:
        yield Prose(
            Symbol("[1]", "|_{1}"), ", ", Symbol("[2]", "|_{2}"), ": an operation uses the same "
            "value more than once. Each use is a separate path.",
        )  # fmt: skip


def _given(outline: Outline) -> Prose:
    """The numbers that the formulas start from."""
    parts: list[str | Symbol] = ["With "]
    for v in outline.given[:GIVEN]:
        parts += [equal(outline.symbol(v), Symbol.of(v.data)), ", "]
    more = len(outline.given) - GIVEN
    return Prose(*parts[:-1], f" and {more:,} more:" if more > 0 else ":")


def _computed(outline: Outline) -> list[tuple[Symbol, Symbol, Symbol]]:
    """The values computed from them."""
    return [(outline.symbol(v), outline.expression(v), Symbol.of(v.data)) for v in outline.computed]


def _route(stops: Sequence[Symbol]) -> list[str | Symbol]:
    """The names of a path, joined by arrows."""
    parts: list[str | Symbol] = [stops[0]]
    for stop in stops[1:]:
        parts += [" ", Symbol(f"← {stop.text}", rf"\leftarrow {stop.latex}")]
    return parts


def _addition(left: Symbol, found: PathSum) -> Iterator[Block]:
    """The sum over all paths, written out."""
    terms, rest = [path.product for path in found.largest], found.rest
    if rest.count:
        others = "path: " if rest.count == 1 else f"{with_commas(rest.count)} paths together: "
        yield Prose("The other ", others, Symbol.of(rest.total))
        terms.append(rest.total)
    yield SumOfPaths(left, [Symbol.of(term) for term in terms], Symbol.of(found.gradient))


def _zero(found: PathSum) -> str:
    """Why a derivative is 0 although there are paths."""
    if not found.largest:
        return "Zero: there are paths, but their sum is zero."
    if found.count == 1:
        return "Zero: there is a path, but its product is zero."
    largest = found.largest[0].product
    return "Zero: the paths cancel." if largest else "Zero: every product is zero."


def _remarks(outline: Outline, left: Symbol, found: PathSum) -> Iterator[Block]:
    """Remarks on the numbers: on what ``.grad`` has."""
    target, stored = outline.symbol(outline.target), outline.target.grad
    output = outline.symbol(outline.output)
    if not outline.target.has_grad:
        if found.count:
            yield Prose(target, ".grad is not computed: ", output, ".backward() would set it.")
    elif not same_number(stored, found.gradient):
        yield Prose(
            target, ".grad is ", Symbol.of(stored), ", which is not ", left, ": gradients add up "
            "over backward passes until they are set to 0, or another output set this one.",
        )  # fmt: skip
