"""Orders in which the nodes of a graph can be computed: the engine's, and the one to read."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.value import Value


def topological_order(output: Value) -> list[Value]:
    """Every node that ``output`` was made from, and itself, each after all of its inputs.

    The order is by depth, and within a depth by first use seen from the output, the last first:
    the same in every process. No recursion, so the graph may be as deep as memory allows.
    """
    _check(output)
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


def reading_order(output: Value) -> list[Value]:
    """The order in which every view of a graph counts and steps; the backward pass is its reverse.

    Depth first from the output. At each operation the deepest input comes first, so that what
    happened first is read first; inputs of equal depth come from left to right, and a leaf just
    before its first use. Like ``topological_order``, it puts each node after its inputs, and needs
    no recursion.
    """
    _check(output)
    order: dict[Value, None] = {}
    opened: set[Value] = set()
    waiting = [output]
    while waiting:
        node = waiting[-1]
        if node in order:
            waiting.pop()
        elif node in opened or not node._depth:
            order[waiting.pop()] = None
        else:
            opened.add(node)
            inputs = list(reversed(node.inputs))  # what is last in the list comes next
            inputs.sort(key=_depth)
            waiting += inputs
    return list(order)


_depth = attrgetter("_depth")


def _check(output: object) -> None:
    if not hasattr(output, "_record") or isinstance(output, type):
        raise TypeError(f"expected the Value at which a graph ends; got {type(output).__name__}")
