"""Copies and pickles of Values, without recursion: a chain of a million nodes has them too."""

from __future__ import annotations

import threading
import weakref
from copy import deepcopy
from typing import Any

from autograd.nodes.flat import Flat, flattened, known_grad, node_with_grad, nodes_before, rebuilt
from autograd.nodes.leaves import MADE
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
            return _read_leaf, (type(leaf), kind, leaf.data, known_grad(leaf)), added
        return _read, tuple(flattened(self.nodes)), added


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
        graph = _Graph(nodes_before([self], places), places)
    return _node_at, (graph, places[id(self)][1])


class _Nodes(list[Value]):
    """The nodes of a graph that was read."""

    def __setstate__(self, added: dict[int, tuple[dict[str, Any], dict[str, Any]]]) -> None:
        for place, (attributes, slots) in added.items():
            _add(self[place], attributes, slots)


def _read(*lists: Any) -> _Nodes:
    return _Nodes(rebuilt(Flat(*lists)))


def _read_leaf(
    cls: type[Value], kind: tuple[Any, ...] | None, data: float, grad: float | None
) -> _Nodes:
    return _Nodes([node_with_grad(cls, kind or MADE, 0, data, grad)])


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
    order = nodes_before([self], memo)
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
