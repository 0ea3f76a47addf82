"""Alike: whether two runs of a function built the same graph."""

from __future__ import annotations

from collections.abc import Mapping

from autograd.compiler.recording.listed import Listed
from autograd.value import Value


def alike(one: Listed, other: Listed, twins: Mapping[Value, Value]) -> bool:
    """Whether two graphs are the same, node by node. A leaf that both have stands in both at the
    same places, and the leaves in ``twins`` stand in the one where their twins stand in the other.
    """
    if one.ops != other.ops or one.starts != other.starts or one.inputs != other.inputs:
        return False
    pairs = zip(one.numbers, other.numbers)
    if one.numbers != other.numbers and not all(x == y or (x != x and y != y) for x, y in pairs):
        return False
    theirs = set(twins.values())
    for a, b in zip(one.leaves, other.leaves):
        if twins.get(a) is not (b if b in theirs else None):
            return False
        if a is not b and (a in other.leaves or b in one.leaves):
            return False
    return True
