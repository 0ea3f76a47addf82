"""Copies and pickles of Values."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from autograd.value import NOT_COMPUTED, Value, make_node, topological_order

_SAVED = ("_depth", "_record", "data", "grad")


def state_of(self: Value) -> tuple[dict[str, Any], dict[str, Any]]:
    """``Value.__getstate__``."""
    slots = {name: getattr(self, name) for name in (*_SAVED, *_own_slots(self))}
    if not self.has_grad:
        del slots["grad"]
    return self.__dict__, slots


def set_state(self: Value, state: tuple[dict[str, Any] | None, dict[str, Any]]) -> None:
    """``Value.__setstate__``."""
    self._mark = None
    for name, x in {"grad": None, **state[1], **(state[0] or {})}.items():
        setattr(self, name, x)
    if self.grad is None:  # as version 0.1 has it
        self.grad = NOT_COMPUTED


def deep_copy(self: Value, memo: dict[int, Any]) -> Value:
    """``Value.__deepcopy__``, without recursion: a chain of a million nodes can be copied too."""
    order = [node for node in topological_order(self) if id(node) not in memo]
    for node in order:
        record = node._record
        if inputs := [memo[id(child)] for child in node.inputs]:
            record = (node.op, *inputs, *node.partials)
        memo[id(node)] = copy = make_node(node.data, node._depth, record, type(node))
        copy.grad = node.grad
    for node in order:  # an attribute may be any node of the graph
        copy = memo[id(node)]
        if node.__dict__:
            copy.__dict__.update(deepcopy(node.__dict__, memo))
        for name in _own_slots(node):
            setattr(copy, name, deepcopy(getattr(node, name), memo))
    result: Value = memo[id(self)]
    return result


def _own_slots(node: Value) -> list[str]:
    """The slots that subclasses of Value have added, as far as they are filled."""
    if type(node) is Value:
        return []
    kinds = type(node).__mro__
    added = [vars(kind).get("__slots__", ()) for kind in kinds[: kinds.index(Value)]]
    names = [name for slots in added for name in ([slots] if isinstance(slots, str) else slots)]
    return [name for name in names if name != "__weakref__" and hasattr(node, name)]


def install() -> None:
    """Let Values be copied and pickled so."""
    for name, method in METHODS.items():
        setattr(Value, name, method)


METHODS = {"__getstate__": state_of, "__setstate__": set_state, "__deepcopy__": deep_copy}
