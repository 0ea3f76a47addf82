"""13. The engine

Here you build the engine itself: numbers that remember how they were made,
and find their own derivatives. It is one file with eight problems, in this
order:

    engine.value     a number that knows what it was made from
    engine.add       a sum, with its two local derivatives
    engine.mul       a product, with its two
    engine.tanh      and tanh, with its one
    engine.order     all numbers of a graph, each after what it needs
    engine.backward  the chain rule, in one loop
    engine.neuron    a neuron
    engine.layer     a layer of neurons

Each check compares with the real engine, and waits for those before it.
When all are right, you have written the core of autograd/value.py.

When you think that one is right:  python -m demos workbook check engine
"""

from __future__ import annotations

from math import tanh


class Value:
    """A number that remembers how it was made."""

    def __init__(
        self,
        data: float,
        inputs: tuple[Value, ...] = (),
        partials: tuple[float, ...] = (),
    ) -> None:
        """Keep the four things that a Value knows, under these names:

        data: the number.
        grad: the derivative of the output with respect to it; at first 0.0.
        inputs: the Values that it was computed from; none for a leaf.
        partials: its derivatives with respect to the inputs, as numbers.
        """
        # <solution>
        self.data = data
        self.grad = 0.0
        self.inputs = inputs
        self.partials = partials
        # </solution>

    def __add__(self, other: Value) -> Value:
        """self + other, as a new Value with two inputs and two partials."""
        # <solution>
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
        # </solution>

    def __mul__(self, other: Value) -> Value:
        """self * other, as a new Value with two inputs and two partials."""
        # <solution>
        data = self.data * other.data
        return Value(data, (self, other), (other.data, self.data))
        # </solution>

    def tanh(self) -> Value:
        """tanh of self, as a new Value with one input and one partial."""
        # <solution>
        y = tanh(self.data)
        return Value(y, (self,), (1 - y * y,))
        # </solution>

    def backward(self) -> None:
        """Put d(self)/d(node) into the grad of each node that self is made of.

        All of them begin with 0.0, and self with 1.0. Then go through
        topological_order backwards. Each node gives to each of its inputs:
        its partial times its own grad.
        """
        # <solution>
        order = topological_order(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for child, partial in zip(node.inputs, node.partials):
                child.grad += partial * node.grad
        # </solution>


def topological_order(output: Value) -> list[Value]:
    """All Values that output was made from, and output itself.

    Each comes once, and after all of its inputs; so output is the last.
    """
    # <solution>
    order: list[Value] = []
    seen = set()

    def visit(node: Value) -> None:
        if node not in seen:
            seen.add(node)
            for child in node.inputs:
                visit(child)
            order.append(node)

    visit(output)
    return order
    # </solution>


class Neuron:
    """tanh(w1 * i1 + w2 * i2 + ...), with weights that are Values."""

    def __init__(self, weights: list[float]) -> None:
        """Make a Value of each weight, and keep them in self.weights."""
        # <solution>
        self.weights = [Value(weight) for weight in weights]
        # </solution>

    def __call__(self, inputs: list[Value]) -> Value:
        """The activation of the neuron."""
        # <solution>
        total = Value(0.0)
        for weight, value in zip(self.weights, inputs):
            total = total + weight * value
        return total.tanh()
        # </solution>


class Layer:
    """Several neurons that have the same inputs."""

    def __init__(self, weights: list[list[float]]) -> None:
        """Make a Neuron of each list of weights; keep them in self.neurons."""
        # <solution>
        self.neurons = [Neuron(row) for row in weights]
        # </solution>

    def __call__(self, inputs: list[Value]) -> list[Value]:
        """The activations of all neurons: a list, even of only one."""
        # <solution>
        return [neuron(inputs) for neuron in self.neurons]
        # </solution>


# A hint for topological_order: visit the inputs of a node first, each in the
# same way, and append the node afterwards. A set remembers who was visited.


# --- the check ---

from demos.workbook import engine_graphs, engine_values

PARTS = {**engine_values.PARTS, **engine_graphs.PARTS}
