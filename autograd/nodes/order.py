"""Orders in which the nodes of a graph can be computed: the engine's, and the one to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, NoReturn

from autograd.given import shown

if TYPE_CHECKING:
    from autograd.value import Value


def topological_order(output: Value) -> list[Value]:
    """Every node that ``output`` was made from, and itself, each after all of its inputs.

    The order is by depth, and within a depth by first use seen from the output, the last first:
    the same in every process. No recursion, so the graph may be as deep as memory allows.

    Raises:
        TypeError: ``output`` is not a Value.
        ValueError: a node was changed by hand, so that it does not come after its inputs.
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
    if waiting:  # an input that is as deep as its node, or deeper
        refuse_by_hand(order)
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
        elif node in opened or len(node._record) == 1:
            order[waiting.pop()] = None
        else:
            opened.add(node)
            inputs = list(reversed(node.inputs))  # what is last in the list comes next
            inputs.sort(key=_depth)
            if inputs[-1]._depth >= node._depth:
                refuse_by_hand([node])
            waiting += inputs
    return list(order)


def refuse_by_hand(nodes: Iterable[Value]) -> NoReturn:
    """Say that a node was changed by hand, so that perhaps it is one of its own inputs.

    The depth of a node is 1 more than that of its deepest input, so in a cycle it cannot be right.

    Raises:
        ValueError: always.
    """
    changed = next(v for v in nodes if any(x._depth >= v._depth for x in v.inputs))
    raise ValueError(
        f"the inputs of {shown(changed)} were changed by hand: those of a node come before it. "
        "Value(data, children, local_grads) makes a node"
    )


_depth = attrgetter("_depth")


def _check(output: object) -> None:
    if not hasattr(output, "_record") or isinstance(output, type):
        raise TypeError(f"expected the Value at which a graph ends; got {type(output).__name__}")
