"""A graph as flat lists, which pickle and JSON write; nothing recurses."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from autograd.nodes.leaves import MADE
from autograd.nodes.order import refuse_by_hand
from autograd.op import Op
from autograd.value import Value, make_node


class Flat(NamedTuple):
    """The nodes of a graph, each after its inputs.

    Attributes:
        kinds: operations, records of leaves, and classes, each once.
        how: for each node the place among the kinds of its operation or, of a leaf, its record.
        classes: for each node the place among the kinds of its class.
        counts: for each node the number of its inputs.
        data: for each node its number.
        grads: for each node its gradient; None if it was not computed.
        inputs: the inputs of all nodes, one node's after the other's: the places of nodes, or
            below 0, from -1 backwards, places among the others.
        partials: the local derivatives by these inputs.
        others: inputs that are nodes of an earlier graph.
    """

    kinds: Sequence[Any]
    how: Sequence[int]
    classes: Sequence[int]
    counts: Sequence[int]
    data: Sequence[float]
    grads: Sequence[float | None]
    inputs: Sequence[int]
    partials: Sequence[float]
    others: Sequence[Value] = ()


def flattened(nodes: Sequence[Value]) -> Flat:
    """Nodes, each after its inputs, as flat lists."""
    place = {id(node): i for i, node in enumerate(nodes)}
    kinds: dict[int, tuple[int, Any]] = {}  # by their id
    others: list[Value] = []
    made: list[tuple[int, int, int]] = []
    inputs: list[int] = []
    partials: list[float] = []
    for node in nodes:
        record = node._record
        n = len(record) // 2
        for child in record[1 : n + 1]:
            if id(child) not in place:
                others.append(child)
                place[id(child)] = -len(others)
            inputs.append(place[id(child)])
        partials += record[n + 1 :]
        how, cls = record[0] or record, type(node)
        for kind in how, cls:
            if id(kind) not in kinds:
                kinds[id(kind)] = len(kinds), kind
        made.append((kinds[id(how)][0], kinds[id(cls)][0], n))
    return Flat(
        [kind for _, kind in kinds.values()],
        [how for how, _, _ in made],
        [cls for _, cls, _ in made],
        [n for _, _, n in made],
        [node.data for node in nodes],
        [*map(known_grad, nodes)],
        inputs,
        partials,
        others,
    )


def rebuilt(flat: Flat) -> list[Value]:
    """The nodes that ``flattened`` was given, made anew."""
    kinds, _, _, _, data, grads, inputs, partials, others = flat
    nodes: list[Value] = []
    start = 0
    for i, (how, cls, n) in enumerate(zip(flat.how, flat.classes, flat.counts)):
        record = kinds[how]
        depth = 0
        if isinstance(record, Op):
            places = inputs[start : start + n]
            values = [nodes[p] if p >= 0 else others[-p - 1] for p in places]
            depth = max([v._depth for v in values], default=-1) + 1
            record = (record, *values, *partials[start : start + n])
            start += n
        elif record == MADE and type(record) is tuple:
            record = MADE
        nodes.append(node_with_grad(kinds[cls], record, depth, data[i], grads[i]))
    return nodes


def node_with_grad(
    cls: type[Value], record: tuple[Any, ...], depth: int, data: float, grad: float | None
) -> Value:
    """A node, with a gradient if it was computed."""
    node = make_node(data, depth, record, cls)
    if grad is not None:
        node.grad = grad
    return node


def known_grad(node: Value) -> float | None:
    """The gradient of a node; None if it was not computed."""
    return node.grad if node.has_grad else None


def nodes_before(outputs: Iterable[Value], known: Container[int] = ()) -> list[Value]:
    """The nodes that the outputs were made from, and themselves, each after its inputs, without
    those whose id is in ``known``, and without what only those were made from."""
    found = {id(output): output for output in outputs}
    waiting = list(found.values())
    while waiting:
        node = waiting.pop()
        for child in node.inputs:
            if child._depth >= node._depth:
                refuse_by_hand([node])
            if id(child) not in found and id(child) not in known:
                found[id(child)] = child
                waiting.append(child)
    return sorted(found.values(), key=attrgetter("_depth"))
