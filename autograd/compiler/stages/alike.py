"""Alike: whether two runs of a function built the same graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.compiler.stages.observe import number
from autograd.value import Value


def alike(one: Sequence[Value], other: Sequence[Value], twins: Mapping[Value, Value]) -> bool:
    """Whether two graphs, in topological order, are the same, node by node, and the leaves in
    ``twins`` stand in the one where their twins stand in the other."""
    if len(one) != len(other):
        return False
    theirs = set(twins.values())
    for a, b in zip(one, other):
        a._mark = b
    try:
        for a, b in zip(one, other):
            if a.op is not b.op or not _same(number(a), number(b)):
                return False
            if a.op is None:
                if twins.get(a) is not (b if b in theirs else None):
                    return False
            elif [id(v._mark) for v in a.inputs] != [id(v) for v in b.inputs]:
                return False
        return True
    finally:
        for a in one:
            a._mark = None  # or each would keep its twin


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)
