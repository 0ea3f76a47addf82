"""Alike: whether two runs of a function built the same graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.compiler.recording.observe import number_slot
from autograd.value import Value


def alike(one: Sequence[Value], other: Sequence[Value], twins: Mapping[Value, Value]) -> bool:
    """Whether two graphs, in topological order, are the same, node by node, and the leaves in
    ``twins`` stand in the one where their twins stand in the other."""
    if len(one) != len(other):
        return False
    number = number_slot.__get__
    theirs = set(twins.values())
    for a, b in zip(one, other):
        a._mark = b
    try:
        for a, b in zip(one, other):
            made, like = a._record, b._record
            x, y = number(a), number(b)
            if made[0] is not like[0] or not (x == y or (x != x and y != y)):
                return False
            if made[0] is None:
                if twins.get(a) is not (b if b in theirs else None):
                    return False
                continue
            if len(made) != len(like):
                return False
            for i in range(1, len(made) // 2 + 1):
                if made[i]._mark is not like[i]:
                    return False
        return True
    finally:
        for a in one:
            a._mark = None  # or each would keep its twin
