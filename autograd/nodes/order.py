"""The order in which the nodes of a graph can be computed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.value import Value


def topological_order(output: Value) -> list[Value]:
    """Every node that ``output`` was made from, and itself, each after all of its inputs.

    The order is by depth, and within a depth by first use seen from the output, the last first:
    the same in every process. No recursion, so the graph may be as deep as memory allows.
    """
    if not hasattr(output, "_record"):
        raise TypeError(f"expected the Value at which a graph ends; got {type(output).__name__}")
    # A node has one depth, so it is enough to tell apart the nodes that wait at the same depth.
    waiting: defaultdict[int, dict[Value, None]] = defaultdict(dict)
    waiting[output._depth][output] = None
    order: list[Value] = []
    for depth in range(output._depth, -1, -1):
        here = waiting.pop(depth, {})
        order += here
        for node in here:
            made = node._record
            for child in made[1 : len(made) // 2 + 1]:  # node.inputs, without the call
                waiting[child._depth][child] = None
    order.reverse()
    return order
