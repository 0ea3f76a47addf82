"""The chain rule in words and formulas: every path from an output back to a value, and their sum.

A derivative is a sum over paths: along each, the product of the local derivatives; and over all
of them, the sum. ``explain`` shows it with formulas and numbers.

Paths may be more than anybody can count (sixty doublings have 2**60), so none are enumerated.
Three passes over the graph find, for every node in turn, how many paths lead from it, what they
add up to, and which are the largest; each from the answers of its inputs.
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

from autograd import ops
from autograd.formulas import Notation, between, derivative, equal, reading_order
from autograd.names import Names
from autograd.ops import count as count_of
from autograd.symbols import DOTS, ONE, Symbol
from autograd.value import Value

WIDTH = 88  # of the text, in columns
IN_PLACE = 48  # a value without a name is written out in place up to this many characters
STEPS = 12  # of a path that are shown; of a longer one, those at both ends
TERMS = 6  # of a sum that are shown
GIVEN = 16  # numbers that are listed


@dataclass(frozen=True, eq=False)
class Path:
    """One way from an output back to a value.

    Attributes:
        nodes: from the output to the value, both included.
        places: for each step, which of the node's inputs it takes; 0 is the first.
        partials: for each step, the local derivative.
        product: of the local derivatives.
    """

    nodes: tuple[Value, ...]
    places: tuple[int, ...]
    partials: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Rest:
    """The paths that are not shown.

    Attributes:
        count: how many.
        total: the sum of their products.
    """

    count: int
    total: float


def explain(
    output: Value, with_respect_to: Value, *, names: object = None, paths: int = 10
) -> Explanation:
    """The derivative of one Value by another, as the chain rule has it: a sum over paths.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> explain(y, x).gradient
    6.0
    >>> [path.product for path in explain(y, x).paths]
    [3.0, 3.0]

    Args:
        output: the Value to differentiate.
        with_respect_to: the Value by which; computed or not.
        names: a dict such as ``locals()``, or a Module. These names go before labels; Values with
            neither are written out where they occur, or called v1, v2 and so on.
        paths: how many to show, the largest products first.

    Returns:
        An Explanation: print it, or show it in a notebook.

    Raises:
        TypeError: ``output`` or ``with_respect_to`` is no Value, ``names`` are none, or ``paths`` is no
            whole number; or a row of the table has a rule that cannot be written.
        ValueError: ``paths`` is negative.
    """
    for v in (output, with_respect_to):
        if not isinstance(v, Value):
            raise TypeError(f"explain differentiates a Value by a Value; got {type(v).__name__}")
    if not hasattr(paths, "__index__"):
        raise TypeError(f"the number of paths to show is a whole number; got {paths!r}")
    if paths < 0:
        raise ValueError(f"the number of paths to show is at least 0; got {paths}")
    relevant = between(output, with_respect_to)
    edges = {node: _edges(node, relevant, with_respect_to) for node in relevant}
    counts = _count_paths(edges)
    totals = _totals(edges)
    shown = _largest(output, edges, paths)
    path_count = counts.get(output, 0)
    rest = Rest(path_count - len(shown), _total_of_rest(output, shown, edges, totals))
    gradient = _gradient(output, with_respect_to, edges)
    layout = _Layout(output, with_respect_to, relevant, shown, names)
    blocks = _blocks(layout, gradient, shown, path_count, rest)
    return Explanation(gradient, tuple(shown), path_count, rest, tuple(blocks))


# --- numbers: what the paths are, how many, and what they add up to ---

Edge = tuple[int, Value, float]
"""The place of an input, the input, and the derivative by it."""

Edges = dict[Value, list[Edge]]
"""The steps from each node that lead on to the value; nodes in topological order."""


def _edges(node: Value, relevant: dict[Value, None], target: Value) -> list[Edge]:
    if node is target:
        return []
    steps = enumerate(zip(node.inputs, node.partials))
    return [(place, child, partial) for place, (child, partial) in steps if child in relevant]


def _count_paths(edges: Edges) -> dict[Value, int]:
    """From each node: the sum of its inputs' counts. Whole numbers, exact however large."""
    counts: dict[Value, int] = {}
    for node, steps in edges.items():
        counts[node] = sum(counts[child] for _, child, _ in steps) if steps else 1
    return counts


def _totals(edges: Edges) -> dict[Value, float]:
    """The sum over all paths from each node: its derivative by the value, forward."""
    totals: dict[Value, float] = {}
    for node, steps in edges.items():
        terms = [partial * totals[child] for _, child, partial in steps]
        totals[node] = _sum(terms) if steps else 1.0
    return totals


def _gradient(output: Value, target: Value, edges: Edges) -> float:
    """The derivative as the backward pass adds it up; 0 if there is no path."""
    adjoints = dict.fromkeys(edges, 0.0)
    adjoints[output] = 1.0
    for node in reversed(edges):
        for _, child, partial in edges[node]:
            adjoints[child] += partial * adjoints[node]
    return adjoints[target] if edges else 0.0


Best = tuple[float, int, int]
"""A path: its product, the place of the first step, and its rank among the paths from there."""


def _largest(output: Value, edges: Edges, k: int) -> list[Path]:
    """The k paths with the largest products by size, the largest first; nan counts as largest.

    A path among the k largest goes on, from each of its nodes, by one of the k largest from there.
    So k for each node are enough.
    """
    best: dict[Value, list[Best]] = {}
    for node, steps in edges.items():
        found = [
            (partial * product, place, rank)
            for place, child, partial in steps
            for rank, (product, _, _) in enumerate(best[child])
        ]
        if len(steps) > 1:
            found.sort(key=_size, reverse=True)
        best[node] = found[:k] if steps else [(1.0, 0, 0)][:k]
    return [_follow(output, rank, edges, best) for rank in range(len(best.get(output, ())))]


def _size(path: Best) -> float:
    product = path[0]
    return math.inf if product != product else abs(product)


def _follow(node: Value, rank: int, edges: Edges, best: dict[Value, list[Best]]) -> Path:
    product = best[node][rank][0]
    nodes, places, partials = [node], [], []
    while edges[node]:
        _, place, rank = best[node][rank]
        partials.append(node.partials[place])
        places.append(place)
        node = node.inputs[place]
        nodes.append(node)
    return Path(tuple(nodes), tuple(places), tuple(partials), product)


def _total_of_rest(
    output: Value, shown: Sequence[Path], edges: Edges, totals: dict[Value, float]
) -> float:
    """The sum over all paths but those shown, without a subtraction, which would lose digits.

    The paths shown form a tree from the output. Every other path leaves it by some step: the
    product so far, times the step, times the total from there on.
    """
    if not shown:
        return totals.get(output, 0.0)
    terms: list[float] = []
    branches = [(output, 1.0, 0, list(shown))]
    while branches:
        node, product, at, followed = branches.pop()
        onward: dict[int, list[Path]] = {}
        for path in followed:
            onward.setdefault(path.places[at] if edges[node] else -1, []).append(path)
        for place, child, partial in edges[node]:
            if place in onward:
                branches.append((child, product * partial, at + 1, onward[place]))
            else:
                terms.append(product * partial * totals[child])
    return _sum(terms)


def _sum(terms: Sequence[float]) -> float:
    """The sum, rounded once where no infinity is near."""
    return math.fsum(terms) if math.isfinite(sum(map(abs, terms))) else sum(terms, 0.0)


# --- layout: which values get a name, and which steps are shown ---

Leg = tuple[int, int]
"""Two places within a path: from one value with a name to the next."""


@dataclass(frozen=True)
class Step:
    """One factor of a path: ∂of/∂by, its formula and its number; or those in the middle of many.

    ``use`` counts from 1 if the same input is used more than once by the same operation.
    """

    derivative: Symbol
    formula: Symbol
    number: float
    use: int = 0


class _Layout:
    """How the values of one explanation are called, and its paths cut into steps.

    A step leads from one value with a name to the next, across those that are written in place.
    """

    def __init__(
        self,
        output: Value,
        target: Value,
        relevant: dict[Value, None],
        paths: Sequence[Path],
        given: object,
    ) -> None:
        self.output, self.target = output, target
        order = reading_order(output)
        names = Names(order if target in relevant else [*order, target], given)
        names.give_first_free(output, _numbered("y"))
        names.give_first_free(target, _numbered("x"))
        in_place = _written_in_place(order, relevant, names)
        self._legs = {path: _legs(path, in_place) for path in paths}
        walked = {v for path, legs in self._legs.items() for v in _walked(path, legs)}
        computed = walked - in_place - {target}
        mentioned = computed.union(_mentioned(walked, in_place))
        generated = _numbered("v", start=1)
        for node in order:
            if node in mentioned and node.op is not None:
                names.give_first_free(node, generated)
        self.notation = Notation(names)
        self.computed = [v for v in order if v in computed]
        self._shown = walked | {target}
        around = {target: None, **_mentioned(self.computed, in_place, self._shown)}
        self.given = [v for v in around if v in names and v not in computed]
        self.changed = any(_has_changed(v) for v in walked - {target})

    def symbol(self, node: Value) -> Symbol:
        """The value as an operand."""
        return self.notation.symbol(node)

    def expression(self, node: Value) -> Symbol:
        """The operation that made the value."""
        return self.notation.expression(node, _places(node, self._shown))

    def steps(self, path: Path) -> list[Step]:
        """The factors of the path; of many, those in the middle as one."""
        first, middle, last = _ends(self._legs[path])
        steps = [self._step(path, leg) for leg in first]
        if middle:
            product = math.prod(path.partials[middle[0][0] : middle[-1][1]])
            steps.append(Step(DOTS, DOTS, product))
        return steps + [self._step(path, leg) for leg in last]

    def _step(self, path: Path, leg: Leg) -> Step:
        start, end = leg
        formula = ONE
        for at in range(start, end):
            formula *= self.notation.partial(path.nodes[at], path.places[at])
        written = derivative(self.symbol(path.nodes[start]), self.symbol(path.nodes[end]))
        use = _use(path.nodes[start], path.places[start])
        number = math.prod(path.partials[start:end])
        return Step(_marked(written, use) if use else written, formula, number, use)

    def route(self, path: Path) -> list[Symbol]:
        """The values with a name along the path, from the output back."""
        first, middle, last = _ends(self._legs[path])
        stops = [path.nodes[start] for start, _ in first]
        after = [path.nodes[start] for start, _ in last]
        dots = [DOTS] if middle else []
        end = self.symbol(path.nodes[-1])
        return [*map(self.symbol, stops), *dots, *map(self.symbol, after), end]


def _numbered(letter: str, start: int = 0) -> Iterator[str]:
    """y, y1, y2 and so on."""
    return (f"{letter}{i or ''}" for i in count(start))


def _written_in_place(
    order: Sequence[Value], relevant: dict[Value, None], names: Names
) -> set[Value]:
    """The nodes without a name that are written where they are used, as w * x in tanh(w * x).

    They are used once, and short. No value that paths lead to may occur twice in one formula
    through them: between two values with names there is then one path only.
    """
    uses = Counter(child for node in order for child in node.inputs)
    length: dict[Value, int] = {}
    occurring: dict[Value, Sequence[Value]] = {}  # in the formulas of those written in place
    for node in order:
        if node in names:
            length[node] = len(names[node])
        elif node.op is None:
            length[node] = len(f"{node.data:.9g}")
        parts = [occurring.get(child, (child,)) for child in node.inputs if child in relevant]
        twice = _twice(parts)
        for child in node.inputs:
            if twice and not twice.isdisjoint(occurring.get(child, ())):
                del occurring[child]
                length[child] = len("v1")
        if node.op is not None and node not in names:
            length[node] = len(node.op.text) + sum([length[child] for child in node.inputs])
            if length[node] > IN_PLACE or uses[node] > 1 or twice:
                length[node] = len("v1")
            else:
                occurring[node] = [v for part in parts for v in part]
    return set(occurring)


def _twice(parts: Sequence[Sequence[Value]]) -> set[Value]:
    """The values that occur more than once."""
    if len(parts) < 2:
        return set()
    return {v for v, n in Counter(v for part in parts for v in part).items() if n > 1}


def _legs(path: Path, in_place: set[Value]) -> list[Leg]:
    stops = [at for at, node in enumerate(path.nodes) if node not in in_place]
    return list(pairwise(stops))


def _ends(legs: list[Leg]) -> tuple[list[Leg], list[Leg], list[Leg]]:
    """The first, those in the middle that are too many to show, and the last."""
    if len(legs) <= STEPS:
        return legs, [], []
    return legs[: STEPS // 2], legs[STEPS // 2 : -STEPS // 2], legs[-STEPS // 2 :]


def _walked(path: Path, legs: list[Leg]) -> Iterator[Value]:
    """The nodes on the steps that are shown."""
    first, _, last = _ends(legs)
    for start, end in first + last:
        yield from path.nodes[start : end + 1]


def _mentioned(
    nodes: Iterable[Value], in_place: set[Value], shown: set[Value] | None = None
) -> dict[Value, None]:
    """What the formulas of the nodes mention, in the order of reading.

    Args:
        nodes: any.
        in_place: see ``_written_in_place``.
        shown: the nodes to see in long sums, of which only some inputs are shown; None: all are.
    """
    found: dict[Value, None] = {}
    for node in nodes:
        waiting = _operands(node, shown)
        while waiting:
            operand = waiting.pop()
            if operand in in_place:
                waiting.extend(_operands(operand, shown))
            else:
                found[operand] = None
    return found


def _operands(node: Value, shown: set[Value] | None) -> list[Value]:
    """The inputs of a node, or those that are shown, from right to left."""
    inputs = node.inputs
    if shown is None:
        return list(reversed(inputs))
    return [inputs[place] for place in reversed(_places(node, shown))]


def _places(node: Value, shown: set[Value]) -> Sequence[int]:
    """The inputs to write: of a long sum the first two, some that paths lead to, and the last."""
    inputs = node.inputs
    if node.op is None or node.op.arity is not None or len(inputs) <= TERMS:
        return range(len(inputs))
    followed = [place for place, child in enumerate(inputs) if child in shown]
    return sorted({0, 1, *followed[: TERMS - 3], len(inputs) - 1})


def _use(node: Value, place: int) -> int:
    """Which use of its input this is, from 1 on; 0 if the input is used once."""
    child = node.inputs[place]
    uses = [at for at, other in enumerate(node.inputs) if other is child]
    return uses.index(place) + 1 if len(uses) > 1 else 0


def _marked(written: Symbol, use: int) -> Symbol:
    return Symbol(f"{written.text} [{use}]", rf"\left.{written.latex}\right|_{{{use}}}")


def _has_changed(node: Value) -> bool:
    """Whether the node's inputs have got other data since it was recorded."""
    if node.op is None:
        return False
    now = node.op.compute([x.data for x in node.inputs])
    return not _equal(now, node.data)


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9) or (a != a and b != b)


# --- what is said, before it is written for one medium ---


class _Prose:
    """A paragraph: words, and Symbols among them."""

    def __init__(self, *parts: str | Symbol) -> None:
        self._parts = parts

    def text(self) -> str:
        parts = (part if isinstance(part, str) else _unbroken(part.text) for part in self._parts)
        return _wrapped("".join(parts)).replace(_NO_BREAK, " ")

    def math(self, environment: str) -> str:
        parts = (part if isinstance(part, str) else f"${part.latex}$" for part in self._parts)
        return "".join(parts)


class _Listing:
    """Values, one a line: name = expression = number."""

    def __init__(self, rows: Sequence[tuple[Symbol, Symbol, Symbol]]) -> None:
        self._rows = rows

    def text(self) -> str:
        names = max(len(name.text) for name, _, _ in self._rows)
        room = WIDTH - names - len("   =  = -1.23456789e-100")
        column = max((len(x.text) for _, x, _ in self._rows if len(x.text) <= room), default=0)
        lines = (
            f"  {name.text:<{names}} = {expression.text:<{column}} = {number.text}"
            for name, expression, number in self._rows
        )
        return "\n".join(_wrapped(line, " " * (names + 5)) for line in lines)

    def math(self, environment: str) -> str:
        rows = (f"{name.latex} &= {equal(*sides).latex}" for name, *sides in self._rows)
        return _aligned(rows, environment)


class _Product:
    """A path: its factors as derivatives, as formulas and as numbers; and their product."""

    def __init__(self, steps: Sequence[Step], product: float) -> None:
        self._rows = [
            [step.derivative for step in steps],
            [_factor(step.formula, at, len(steps)) for at, step in enumerate(steps)],
            [_factor(Symbol.of(step.number), at, len(steps)) for at, step in enumerate(steps)],
        ]
        if len(steps) > 1:
            self._rows.append([Symbol.of(product)])
        elif steps[0].formula.number is not None:
            self._rows.pop()  # a formula that is a number says it all

    def text(self) -> str:
        widths = [max(len(x.text) for x in column) for column in zip(*self._rows[:3])]
        if sum(widths) + 3 * len(widths) > WIDTH - 4:
            widths = [0] * len(widths)
        lines = []
        for row, sign in zip(self._rows, " ==="):
            cells = [x.text.ljust(width) for x, width in zip(row, widths)]
            lines.append(_folded(cells, f"  {sign} ", "×"))
        return "\n".join(lines)

    def math(self, environment: str) -> str:
        products = [r" \cdot ".join(x.latex for x in row) for row in self._rows]
        first, *others = products
        return _aligned([f"&{first}", *(f"&= {product}" for product in others)], environment)


class _Sum:
    """The products of the paths, and their sum."""

    def __init__(self, left: Symbol, terms: Sequence[Symbol], total: Symbol) -> None:
        self._left, self._terms, self._total = left, terms, total

    def text(self) -> str:
        first, *others = (_term(x, at).text for at, x in enumerate(self._terms))
        lead = f"  {self._left.text}"
        sum_ = _folded([first, *others], f"{lead} = ", "+")
        return f"{sum_}\n{' ' * len(lead)} = {self._total.text}"

    def math(self, environment: str) -> str:
        terms = " + ".join(_term(x, at).latex for at, x in enumerate(self._terms))
        rows = [f"{self._left.latex} &= {terms}", f"&= {self._total.latex}"]
        return _aligned(rows, environment)


_Block = _Prose | _Listing | _Product | _Sum


def _factor(x: Symbol, at: int, factors: int) -> Symbol:
    """Within a product, with parentheses if need be."""
    if factors == 1 or x is DOTS:
        return x
    minus = at > 0 and x.text.startswith("-")
    text = f"({x.text})" if x.precedence < ops.mul.precedence or minus else x.text
    enclosed = x.latex_precedence < ops.mul.precedence or minus
    return Symbol(text, rf"\left({x.latex}\right)" if enclosed else x.latex)


def _term(x: Symbol, at: int) -> Symbol:
    """Within a sum, with parentheses if need be."""
    if at == 0 or not x.text.startswith("-"):
        return x
    return Symbol(f"({x.text})", rf"\left({x.latex}\right)")


def _folded(cells: Sequence[str], lead: str, sign: str) -> str:
    """Cells joined by a sign, on as many lines as it takes."""
    lines = [lead + cells[0]]
    margin = " " * (len(lead) - 2)
    for cell in cells[1:]:
        if len(lines[-1]) + len(cell) + 3 > WIDTH:
            lines.append(f"{margin}{sign} {cell}")
        else:
            lines[-1] += f" {sign} {cell}"
    return "\n".join(_wrapped(line.rstrip(), f"{margin}    ") for line in lines)


def _wrapped(line: str, margin: str = "") -> str:
    """A line that is too long on several, broken at spaces."""
    if len(line) <= WIDTH:
        return line
    folded = textwrap.wrap(
        line, WIDTH, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(folded)


_NO_BREAK = "\u00a0"


def _unbroken(text: str) -> str:
    """A text that stays on one line."""
    return text.replace(" ", _NO_BREAK)


def _aligned(rows: Iterable[str], environment: str) -> str:
    body = " \\\\\n".join(rows)
    written = f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"
    return f"$$\n{written}\n$$" if environment == "aligned" else written


def _blocks(
    layout: _Layout, gradient: float, paths: Sequence[Path], path_count: int, rest: Rest
) -> Iterator[_Block]:
    """All that an explanation says, in order."""
    output, target = layout.symbol(layout.output), layout.symbol(layout.target)
    left = derivative(output, target, total=True)
    headline = equal(left, Symbol.of(gradient))
    if path_count == 0:
        yield _Prose(headline, ": no path. ", output, " was not computed from ", target, ".")
        if layout.output.op is None:
            yield _Prose(output, " is a leaf: it was computed from nothing that is recorded.")
    elif layout.output is layout.target:
        yield _Prose(headline, ": the output itself, by the empty path.")
    else:
        which = "largest is" if len(paths) == 1 else f"{len(paths):,} largest are"
        shown = f"; the {which} shown" if paths and rest.count else ""
        how = "along one path" if path_count == 1 else f"the sum over {path_count:,} paths"
        yield _Prose(headline, f", {how}{shown}.")
        yield from _derivation(layout, paths, path_count)
        if paths and path_count > 1:
            yield from _addition(left, gradient, paths, rest)
        if gradient == 0:
            yield _Prose(_zero(paths, path_count))
    yield from _remarks(layout, left, gradient, path_count)


def _derivation(layout: _Layout, paths: Sequence[Path], path_count: int) -> Iterator[_Block]:
    """The values along the paths, and then each path."""
    if paths:
        yield _given(layout)
        yield _Listing(_computed(layout))
    used_twice = False
    for at, path in enumerate(paths, start=1):
        steps = layout.steps(path)
        used_twice |= any(step.use for step in steps)
        place = "The path: " if path_count == 1 else f"Path {at:,} of {path_count:,}: "
        yield _Prose(place, *_route(layout.route(path)))
        yield _Product(steps, path.product)
    if used_twice:
        yield _Prose(
            Symbol("[1]", "|_{1}"), ", ", Symbol("[2]", "|_{2}"), ": an operation has the same "
            "value as more than one of its inputs. Each use is a path of its own.",
        )  # fmt: skip


def _given(layout: _Layout) -> _Prose:
    """The numbers that the formulas start from."""
    parts: list[str | Symbol] = ["With "]
    for v in layout.given[:GIVEN]:
        parts += [equal(layout.symbol(v), Symbol.of(v.data)), ", "]
    more = len(layout.given) - GIVEN
    return _Prose(*parts[:-1], f" and {more:,} more:" if more > 0 else ":")


def _computed(layout: _Layout) -> list[tuple[Symbol, Symbol, Symbol]]:
    """What is computed from them."""
    return [(layout.symbol(v), layout.expression(v), Symbol.of(v.data)) for v in layout.computed]


def _route(stops: Sequence[Symbol]) -> list[str | Symbol]:
    """The names of a path, joined by arrows."""
    parts: list[str | Symbol] = [stops[0]]
    for stop in stops[1:]:
        parts += [" ", Symbol(f"← {stop.text}", rf"\leftarrow {stop.latex}")]
    return parts


def _addition(left: Symbol, gradient: float, paths: Sequence[Path], rest: Rest) -> Iterator[_Block]:
    """The sum over all paths."""
    terms = [path.product for path in paths]
    if rest.count:
        others = "path: " if rest.count == 1 else f"{rest.count:,} paths together: "
        yield _Prose("The other ", others, Symbol.of(rest.total))
        terms.append(rest.total)
    yield _Sum(left, [Symbol.of(term) for term in terms], Symbol.of(gradient))


def _zero(paths: Sequence[Path], path_count: int) -> str:
    """How a derivative comes to be 0 although there are paths."""
    if not paths:
        return "Zero: there are paths, and together they come to nothing."
    if path_count == 1:
        return "Zero: there is a path, but its product is zero."
    return "Zero: the paths cancel." if paths[0].product else "Zero: every product is zero."


def _remarks(layout: _Layout, left: Symbol, gradient: float, path_count: int) -> Iterator[_Block]:
    """What else a reader should know about the numbers."""
    target, stored = layout.symbol(layout.target), layout.target.grad
    output = layout.symbol(layout.output)
    if layout.changed:
        yield _Prose("Some values were changed after ", output, " was computed; the derivatives ",
                     "are those of the numbers before.")  # fmt: skip
    if stored is None and path_count:
        yield _Prose(target, ".grad is not computed: ", output, ".backward() would set it.")
    elif stored is not None and not _equal(stored, gradient):
        yield _Prose(
            target, ".grad is ", Symbol.of(stored), ", which is not ", left, ": it adds up over "
            "backward passes until it is set to 0, and may be of another output.",
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Explanation:
    """What ``explain`` found.

    Print it for a terminal; notebooks show it as Markdown.

    Attributes:
        gradient: the derivative, which is the sum over all paths; 0 if there is no path.
        paths: those with the largest products, the largest first.
        path_count: how many there are, exactly; 0 if the output does not depend on the value.
        rest: how many are not in ``paths``, and the sum of their products.
    """

    gradient: float
    paths: tuple[Path, ...]
    path_count: int
    rest: Rest
    _blocks: tuple[_Block, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """For a terminal of 88 columns."""
        return "\n\n".join(block.text() for block in self._blocks)

    @property
    def latex(self) -> str:
        """A fragment of a document, which needs the package amsmath."""
        return "\n\n".join(block.math("align*") for block in self._blocks)

    @property
    def markdown(self) -> str:
        """For a notebook, with formulas between dollar signs."""
        return "\n\n".join(block.math("aligned") for block in self._blocks)

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Explanation: {count_of(self.path_count, 'path')}, together {self.gradient:.9g}>"
