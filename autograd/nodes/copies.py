"""Copies and pickles of Values, without recursion: a chain of a million nodes has them too."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Container, Sequence
from copy import deepcopy
from operator import attrgetter
from typing import Any

from autograd.nodes.leaves import MADE
from autograd.nodes.order import refuse_by_hand
from autograd.op import Op
from autograd.value import NOT_COMPUTED, Value, make_node

# --- pickles ---


class _Graph:
    """The nodes that a value was made from, while a pickle is written.

    A pickle holds them as flat lists, and each value as its place in them. The pickler keeps what
    it has written until it is done, and then this object goes. So as long as it is here, the other
    values of that pickle that share nodes refer to it.
    """

    def __init__(self, nodes: list[Value], places: _Places) -> None:
        self.nodes, self.places = nodes, places
        self.mine = {id(node): (weakref.ref(self), i) for i, node in enumerate(nodes)}
        places.update(self.mine)

    def __del__(self) -> None:
        for node, place in self.mine.items():
            if self.places.get(node) is place:
                del self.places[node]

    def __reduce__(self) -> tuple[Any, ...]:
        # The attributes come last, because each may be any node of the graph.
        added = {i: a for i, v in enumerate(self.nodes) if any(a := _added(v))} or None
        if len(self.nodes) == 1 and self.nodes[0].op is None:  # as parameters are
            (leaf,) = self.nodes
            kind = None if leaf._record is MADE else leaf._record
            return _read_leaf, (type(leaf), kind, leaf.data, _grad(leaf)), added
        return _read, self._lists(), added

    def _lists(self) -> tuple[Any, ...]:
        place = {id(node): i for i, node in enumerate(self.nodes)}
        kinds: dict[int, tuple[int, Any]] = {}  # operations, records of leaves, and classes, by id
        others: list[Value] = []  # inputs that are nodes of an earlier graph, from -1 backwards
        made: list[tuple[int, int, int]] = []
        inputs: list[int] = []
        partials: list[float] = []
        for node in self.nodes:
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
        return (
            [kind for _, kind in kinds.values()],
            *map(list, zip(*made)),
            [node.data for node in self.nodes],
            [*map(_grad, self.nodes)],
            inputs,
            partials,
            others,
        )


_Places = dict[int, tuple["weakref.ref[_Graph]", int]]


class _OfThread(threading.local):
    """Where the nodes are that the pickles of this thread hold so far, by their id."""

    def __init__(self) -> None:
        self.places: _Places = {}


_this_thread = _OfThread()


def reduce_ex(self: Value, _: Any) -> tuple[Any, ...]:
    """``Value.__reduce_ex__``: a graph, and a place in it."""
    places = _this_thread.places
    known = places.get(id(self))
    graph = known and known[0]()
    if graph is None:
        graph = _Graph(_nodes_before(self, places), places)
    return _node_at, (graph, places[id(self)][1])


class _Nodes(list[Value]):
    """The nodes of a graph that was read."""

    def __setstate__(self, added: dict[int, tuple[dict[str, Any], dict[str, Any]]]) -> None:
        for place, (attributes, slots) in added.items():
            _add(self[place], attributes, slots)


def _read(
    kinds: Sequence[Any],
    how: Sequence[int],
    classes: Sequence[int],
    counts: Sequence[int],
    data: Sequence[float],
    grads: Sequence[float | None],
    inputs: Sequence[int],
    partials: Sequence[float],
    others: Sequence[Value],
) -> _Nodes:
    nodes = _Nodes()
    start = 0
    for i, n in enumerate(counts):
        record = kinds[how[i]]
        depth = 0
        if isinstance(record, Op):
            places = inputs[start : start + n]
            values = [nodes[p] if p >= 0 else others[-p - 1] for p in places]
            depth = max([v._depth for v in values], default=-1) + 1
            record = (record, *values, *partials[start : start + n])
            start += n
        elif record == MADE and type(record) is tuple:
            record = MADE
        nodes.append(_made(kinds[classes[i]], record, depth, data[i], grads[i]))
    return nodes


def _read_leaf(
    cls: type[Value], kind: tuple[Any, ...] | None, data: float, grad: float | None
) -> _Nodes:
    return _Nodes([_made(cls, kind or MADE, 0, data, grad)])


def _grad(node: Value) -> float | None:
    return node.grad if node.has_grad else None


def _made(
    cls: type[Value], record: tuple[Any, ...], depth: int, data: float, grad: float | None
) -> Value:
    node = make_node(data, depth, record, cls)
    if grad is not None:
        node.grad = grad
    return node


def _node_at(nodes: _Nodes, place: int) -> Value:
    return nodes[place]


def set_state(self: Value, state: tuple[dict[str, Any] | None, dict[str, Any]]) -> None:
    """``Value.__setstate__``, which only pickles of version 0.1 need."""
    self._mark = None
    for name, x in {"grad": None, **state[1], **(state[0] or {})}.items():
        setattr(self, name, x)
    if self.grad is None:
        self.grad = NOT_COMPUTED


# --- copies ---


def copy(self: Value) -> Value:
    """``Value.__copy__``: with the same inputs."""
    twin = make_node(self.data, self._depth, self._record, type(self))
    twin.grad = self.grad
    _add(twin, *_added(self))
    return twin


def deep_copy(self: Value, memo: dict[int, Any]) -> Value:
    """``Value.__deepcopy__``."""
    order = _nodes_before(self, memo)
    for node in order:
        record = node._record
        if inputs := [memo[id(child)] for child in node.inputs]:
            record = (node.op, *inputs, *node.partials)
        memo[id(node)] = twin = make_node(node.data, node._depth, record, type(node))
        twin.grad = node.grad
    for node in order:  # an attribute may be any node of the graph
        if any(added := _added(node)):
            _add(memo[id(node)], *deepcopy(added, memo))
    result: Value = memo[id(self)]
    return result


# --- what they share ---


def _nodes_before(output: Value, known: Container[int]) -> list[Value]:
    """The nodes that ``output`` was made from, and itself, each after its inputs, without those
    whose id is in ``known``, and without what only those were made from."""
    if not output.inputs:
        return [output]
    found = {id(output): output}
    waiting = [output]
    while waiting:
        node = waiting.pop()
        for child in node.inputs:
            if child._depth >= node._depth:
                refuse_by_hand([node])
            if id(child) not in found and id(child) not in known:
                found[id(child)] = child
                waiting.append(child)
    return sorted(found.values(), key=attrgetter("_depth"))


def _added(node: Value) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes of a node, and what it has in the slots that subclasses of Value added."""
    if type(node) is Value:
        return node.__dict__, {}
    above = type(node).__mro__
    slots = [vars(cls).get("__slots__", ()) for cls in above[: above.index(Value)]]
    names = [name for names in slots for name in ([names] if isinstance(names, str) else names)]
    filled = [name for name in names if name != "__weakref__" and hasattr(node, name)]
    return node.__dict__, {name: getattr(node, name) for name in filled}


def _add(node: Value, attributes: dict[str, Any], slots: dict[str, Any]) -> None:
    if attributes:
        node.__dict__.update(attributes)
    for name, x in slots.items():
        setattr(node, name, x)


METHODS = {
    "__reduce_ex__": reduce_ex,
    "__setstate__": set_state,
    "__copy__": copy,
    "__deepcopy__": deep_copy,
}


def install() -> None:
    """Let Values be copied and pickled so."""
    for name, method in METHODS.items():
        setattr(Value, name, method)
