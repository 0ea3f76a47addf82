"""Alike: whether two runs of a function built the same graph."""

from __future__ import annotations

from collections.abc import Mapping

from autograd.compiler.recording.listed import Listed
from autograd.value import Value


def alike(one: Listed, other: Listed, twins: Mapping[Value, Value]) -> bool:
    """Whether two graphs are the same, node by node, and the leaves in ``twins`` stand in the one
    where their twins stand in the other."""
    if one.ops != other.ops or one.starts != other.starts or one.inputs != other.inputs:
        return False
    pairs = zip(one.numbers, other.numbers)
    if one.numbers != other.numbers and not all(x == y or (x != x and y != y) for x, y in pairs):
        return False
    theirs = set(twins.values())
    return all(
        twins.get(a) is (b if b in theirs else None) for a, b in zip(one.leaves, other.leaves)
    )
