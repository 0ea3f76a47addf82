"""A graph as every view reads it: nodes in one order, their names, and what its leaves are for."""

from __future__ import annotations

from functools import cached_property

from autograd.names import NodeNames, names_in
from autograd.neurons import FoundNeuron, find_neurons, sum_of
from autograd.nodes.order import reading_order
from autograd.value import Value, is_constant


class Reading:
    """The graph of a value.

    Args:
        output: the value at which the graph ends.
        given: the argument ``names`` of a view: a dict such as ``locals()``, a Module, or None.
        others: values that need names too, whether they are in the graph or not.

    Attributes:
        nodes: the graph in reading order.
        place: the place of each node in that order.
        parameters: the parameters of the Modules in ``given``.
        names: the name of each node.

    Raises:
        TypeError: ``given`` is something else.
    """

    def __init__(self, output: Value, given: object = None, *others: Value) -> None:
        self.nodes = reading_order(output)
        self.place = {node: i for i, node in enumerate(self.nodes)}
        found = names_in(given)
        self.parameters = found.parameters
        textbook = {**found.textbook, **self._of_neurons()}
        outside = [v for v in others if v not in self.place]
        self.names = NodeNames(self.nodes, found.names, textbook, outside)

    @cached_property
    def neurons(self) -> list[FoundNeuron]:
        """The neurons of the graph, in the order of their outputs."""
        return find_neurons(self.nodes, self.parameters)

    def role(self, leaf: Value) -> str:
        """What a leaf is for.

        "parameter" is one of a Module, "constant" a number that an operation made a Value, and
        "leaf" any other, which somebody made.
        """
        if leaf in self.parameters:
            return "parameter"
        return "constant" if is_constant(leaf) else "leaf"

    def _of_neurons(self) -> dict[Value, str]:
        """z1[2] for the sum of a neuron with the weights W1[2,...], and a1[2] for its output."""
        names: dict[Value, str] = {}
        for neuron in self.neurons if self.parameters else ():
            units = {self.parameters[self.nodes[c.weight]].unit for c in neuron.connections}
            unit = units.pop() if len(units) == 1 else None
            if unit:
                names[self.nodes[neuron.output]] = unit.called("a").name
                names[self.nodes[sum_of(self.nodes, neuron)]] = unit.called("z").name
        return names
