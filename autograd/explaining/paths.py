"""The chain rule as a sum over paths: the number of paths, their sum, and the largest of them.

The product of a path is the product of the local derivatives along it, from an output back to a
value. The derivative is the sum of the products of all paths.

There may be too many paths to visit (sixty doublings have 2**60), so none is visited. Three passes
over the graph find for every node the number of paths from it, their sum, and the largest of them,
each from the answers for its inputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.value import Value


@dataclass(frozen=True, eq=False)
class Path:
    """One way from an output back to a value.

    Attributes:
        nodes: from the output to the value, both included.
        places: for each step, the position of the input among the node's inputs, from 0.
        partials: for each step, the local derivative.
        product: the product of the local derivatives.
    """

    nodes: tuple[Value, ...]
    places: tuple[int, ...]
    partials: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Rest:
    """The paths that are not shown.

    Attributes:
        count: the number of these paths.
        total: the sum of their products.
    """

    count: int
    total: float


@dataclass(frozen=True, eq=False)
class PathSum:
    """A derivative as the sum over all paths.

    Attributes:
        gradient: the derivative; 0 if there is no path.
        largest: the paths with the largest products, largest first.
        count: the exact number of paths.
        rest: the paths that are not in ``largest``.
    """

    gradient: float
    largest: tuple[Path, ...]
    count: int
    rest: Rest


def path_sum(output: Value, target: Value, relevant: dict[Value, None], k: int) -> PathSum:
    """The derivative of ``output`` by ``target``.

    Args:
        output, target: any two Values.
        relevant: the nodes between them, in topological order, from ``formulas.between``.
        k: how many of the largest paths to return.
    """
    edges = {node: _edges(node, relevant, target) for node in relevant}
    largest = _largest(output, edges, k)
    count = _counts(edges).get(output, 0)
    rest = Rest(count - len(largest), _total_of_rest(output, largest, edges, _totals(edges)))
    return PathSum(_gradient(output, target, edges), tuple(largest), count, rest)


Edge = tuple[int, Value, float]
"""The place of an input, the input, and the derivative by it."""

Edges = dict[Value, list[Edge]]
"""For each node, in topological order, the steps that lead on to the value."""


def _edges(node: Value, relevant: dict[Value, None], target: Value) -> list[Edge]:
    if node is target:
        return []
    steps = enumerate(zip(node.inputs, node.partials))
    return [(place, child, partial) for place, (child, partial) in steps if child in relevant]


def _counts(edges: Edges) -> dict[Value, int]:
    """The number of paths from each node: the sum of its inputs' counts, exact however large."""
    counts: dict[Value, int] = {}
    for node, steps in edges.items():
        counts[node] = sum(counts[child] for _, child, _ in steps) if steps else 1
    return counts


def _totals(edges: Edges) -> dict[Value, float]:
    """The sum over all paths from each node, which is its derivative by the value."""
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
"""A path: its product, the place of its first step, and its rank among the paths from there."""


def _largest(output: Value, edges: Edges, k: int) -> list[Path]:
    """The k paths with the largest products by size, largest first; nan counts as largest.

    From each of its nodes, one of the k largest paths goes on by one of the k largest from there.
    So it is enough to keep k per node.
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
    """The sum over all paths that are not shown, without a subtraction, which would lose digits.

    The paths shown form a tree from the output. Every other path leaves that tree by some step,
    and contributes the product so far, times the step, times the total from there on.
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
    """The sum, rounded only once, unless it is near overflow."""
    return math.fsum(terms) if math.isfinite(sum(map(abs, terms))) else sum(terms, 0.0)
