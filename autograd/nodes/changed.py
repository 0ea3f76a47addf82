"""Finds a leaf whose number was assigned after it was used.

A node remembers its value and its partials at the point of recording, and its inputs hold their
numbers of now. What mixes the two, as the graph of a derivative does, would be of neither point.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from autograd.given import shown
from autograd.nodes.by_hand import BY_HAND
from autograd.nodes.leaves import CONSTANT

if TYPE_CHECKING:
    from autograd.value import Value

ROUNDING = 2.0**-50  # four units in the last place: other processors round exp otherwise


def is_changed(node: Value) -> bool:
    """Whether the node's operation now gives other numbers than those that were recorded.

    Of a node made by hand nobody can tell.
    """
    op = node.op
    if op is None or op is BY_HAND:
        return False
    xs, recorded = [v.data for v in node.inputs], node.partials
    try:  # as fast.py computes; it is right for almost every node
        y = op.apply(xs)
        if y == node.data and op.apply_rule(y, xs) == recorded:
            return False
    except (ArithmeticError, ValueError, TypeError):
        pass
    y, partials = op.evaluate(xs)
    return not (_same(y, node.data) and all(map(_same, partials, recorded)))


def _same(now: float, then: float) -> bool:
    return now == then or math.isclose(now, then, rel_tol=ROUNDING) or (now != now and then != then)


def refuse_changed(nodes: Sequence[Value], what: str) -> NoReturn:
    """Say which leaf was changed after one of these nodes was recorded, of which one at least is
    changed.

    Raises:
        ValueError: always.
    """
    suspects: Counter[Value] = Counter()
    for node in filter(is_changed, nodes):
        leaves = [v for v in node.inputs if v.op is None and v._record is not CONSTANT]
        suspects.update(list(dict.fromkeys(leaves or [*node.inputs, node])))
    most = max(suspects.values())
    named = " or ".join(shown(v) for v in suspects if suspects[v] == most)
    raise ValueError(
        f"the number of {named} was assigned after the graph was recorded, and {what} needs the "
        "numbers of one point: compute the output anew before you differentiate it"
    )
