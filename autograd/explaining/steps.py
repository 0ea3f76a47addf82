"""The steps of a path as a reader sees them: which values get names, which are written in place.

A path of the graph leads through every operation. A reader wants fewer steps, each from one value
with a name to the next, and wants only both ends of a path of a thousand steps.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from autograd.explaining.paths import Path
from autograd.formulas import Notation, derivative
from autograd.names import NodeNames, displayed
from autograd.reading import Reading
from autograd.symbols import DOTS, ONE, Symbol
from autograd.value import Value

IN_PLACE = 48  # a value without a name is written in place up to this length
STEPS = 12  # the steps of a path that are shown; a longer path shows both ends
TERMS = 6  # the terms of a sum that are shown

Leg = tuple[int, int]
"""Two places within a path: from one value with a name to the next."""


@dataclass(frozen=True)
class Step:
    """One factor of a path: ∂of/∂by, its formula and its number; or the dots in the middle.

    ``use`` counts from 1 if the operation uses the same input more than once; else it is 0.
    """

    derivative: Symbol
    formula: Symbol
    number: float
    use: int = 0


class Outline:
    """The names in one explanation, and its paths cut into steps.

    A step leads from one value with a name to the next, across values that are written in place.
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
        reading = Reading(output, given, target)
        order, names = reading.nodes, reading.names
        names.write(output)
        names.write(target)
        in_place = _written_in_place(order, relevant, names)
        self._legs = {path: _legs(path, in_place) for path in paths}
        walked = {v for path, legs in self._legs.items() for v in _walked(path, legs)}
        computed = walked - in_place - {target}
        mentioned = computed.union(_mentioned(walked, in_place))
        for node in order:
            if node in mentioned and node.op is not None:
                names.write(node)
        self.notation = Notation(names)
        self.computed = [v for v in order if v in computed]
        self._shown = walked | {target}
        around = {target: None, **_mentioned(self.computed, in_place, self._shown)}
        self.given = [v for v in around if v in names and v not in computed]

    def symbol(self, node: Value) -> Symbol:
        """The value as an operand."""
        return self.notation.symbol(node)

    def expression(self, node: Value) -> Symbol:
        """The operation that made the value."""
        return self.notation.expression(node, _places(node, self._shown))

    def steps(self, path: Path) -> list[Step]:
        """The factors of the path. If they are many, those in the middle become one."""
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
        """The values with names along the path, from the output back."""
        first, middle, last = _ends(self._legs[path])
        stops = [path.nodes[start] for start, _ in first]
        after = [path.nodes[start] for start, _ in last]
        dots = [DOTS] if middle else []
        end = self.symbol(path.nodes[-1])
        return [*map(self.symbol, stops), *dots, *map(self.symbol, after), end]


def _written_in_place(
    order: Sequence[Value], relevant: dict[Value, None], names: NodeNames
) -> set[Value]:
    """The nodes without a name that are written where they are used, as w * x in tanh(w * x).

    Each is used once, and is short. Because of them, no value that paths lead to may occur twice in
    one formula, so that there is only one path between two values with names.
    """
    uses = Counter(child for node in order for child in node.inputs)
    length: dict[Value, int] = {}
    occurring: dict[Value, Sequence[Value]] = {}  # in the formula of each node written in place
    for node in order:
        if node in names:
            length[node] = len(displayed(names[node]))
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
    """The first legs, those in the middle that are not shown, and the last."""
    if len(legs) <= STEPS:
        return legs, [], []
    return legs[: STEPS // 2], legs[STEPS // 2 : -STEPS // 2], legs[-STEPS // 2 :]


def _walked(path: Path, legs: list[Leg]) -> Iterator[Value]:
    """The nodes along the steps that are shown."""
    first, _, last = _ends(legs)
    for start, end in first + last:
        yield from path.nodes[start : end + 1]


def _mentioned(
    nodes: Iterable[Value], in_place: set[Value], shown: set[Value] | None = None
) -> dict[Value, None]:
    """The values that the formulas of the nodes mention, in reading order.

    Args:
        nodes: any nodes.
        in_place: see ``_written_in_place``.
        shown: the nodes to keep in long sums, which show only some of their inputs; None keeps all.
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
    """The inputs of a node that are shown, from right to left."""
    inputs = node.inputs
    if shown is None:
        return list(reversed(inputs))
    return [inputs[place] for place in reversed(_places(node, shown))]


def _places(node: Value, shown: set[Value]) -> Sequence[int]:
    """The inputs to write; in a long sum the first two, some that paths lead to, and the last."""
    inputs = node.inputs
    if node.op is None or node.op.arity is not None or len(inputs) <= TERMS:
        return range(len(inputs))
    followed = [place for place, child in enumerate(inputs) if child in shown]
    return sorted({0, 1, *followed[: TERMS - 3], len(inputs) - 1})


def _use(node: Value, place: int) -> int:
    """Which use of its input this is, counted from 1; 0 if the input is used once."""
    child = node.inputs[place]
    uses = [at for at, other in enumerate(node.inputs) if other is child]
    return uses.index(place) + 1 if len(uses) > 1 else 0


def _marked(written: Symbol, use: int) -> Symbol:
    return Symbol(f"{written.text} [{use}]", rf"\left.{written.latex}\right|_{{{use}}}")
