"""Listed: a graph of Values as lists of numbers, which are quick to compare and to go through."""

from __future__ import annotations

from array import array
from itertools import accumulate

from autograd.op import Op
from autograd.value import Value


class Listed:
    """The n nodes of a graph, each after all of its inputs, which are known by their places.

    They stand by depth, and within a depth by first use, as a person would list them. A node's
    place is its mark while it is listed, so only one thread may list graphs at a time.

    Args:
        root: where the graph ends.

    Attributes:
        nodes: (n,), the Values.
        ops: (n,), the operation of each; None for a leaf.
        starts, inputs: node i's inputs, in order and with repeats, are
            ``inputs[starts[i]:starts[i + 1]]``.
        numbers: (n,), the number of each.
        leaves: the place of each leaf.
    """

    __slots__ = ("inputs", "leaves", "nodes", "numbers", "ops", "starts")

    def __init__(self, root: Value) -> None:
        nodes = _found(root)
        for place, v in enumerate(nodes):
            v._mark = place
        made = [v._record for v in nodes]
        self.nodes = nodes
        self.ops: list[Op | None] = [record[0] for record in made]
        # Arrays, because lists of large numbers take nine times the memory.
        self.starts = array("i", accumulate((len(record) // 2 for record in made), initial=0))
        self.inputs = array(
            "i", [v._mark for record in made for v in record[1 : len(record) // 2 + 1]]
        )
        del made
        self.numbers = [v._number for v in nodes]
        self.leaves = {v: place for place, v in enumerate(nodes) if self.ops[place] is None}
        for v in nodes:
            v._mark = None  # or a number of its own would stay with each

    def __len__(self) -> int:
        return len(self.nodes)

    def inputs_of(self, place: int) -> list[int]:
        """The inputs of a node."""
        return self.inputs[self.starts[place] : self.starts[place + 1]].tolist()

    def computed(self, given: dict[int, float]) -> list[float]:
        """The number of each node where those of some leaves are ``given``, by their places.

        Raises:
            ArithmeticError, ValueError, TypeError: an operation of a user's, out of its domain.
        """
        numbers = self.numbers.copy()
        for place, x in given.items():
            numbers[place] = x
        inputs, start = self.inputs, 0
        for place, (op, end) in enumerate(zip(self.ops, self.starts[1:])):
            if op is not None:
                xs = [numbers[j] for j in inputs[start:end]]
                y = op.forward(xs) if op.arity is None else op.forward(*xs)
                numbers[place] = y if type(y) is float else op.compute(xs)
            start = end
        return numbers


def _found(root: Value) -> list[Value]:
    """The nodes of a graph in the order of ``Listed``: ``topological_order``, with marks."""
    found = object()
    root._mark = found
    waiting: list[list[Value]] = [[] for _ in range(root._depth + 1)]
    waiting[-1].append(root)
    order: list[Value] = []
    while waiting:
        here = waiting.pop()
        order += reversed(here)
        for node in here:
            made = node._record
            for child in made[1 : len(made) // 2 + 1]:
                if child._mark is not found:
                    child._mark = found
                    waiting[child._depth].append(child)
    order.reverse()
    return order
