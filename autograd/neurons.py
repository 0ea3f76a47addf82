"""Finds neurons in a graph of scalars: which products, sum and activation belong together.

The graph itself tells. A neuron is an operation on a sum of products, whether ``nn`` recorded it
or a loop that you wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autograd import ops
from autograd.op import Op
from autograd.value import Value

LARGEST = {"scalars": 60, "sums": 300, "neurons": 1500}
"""For each view, the largest graph to show in it, in scalars."""


@dataclass(frozen=True)
class Connection:
    """One weighted input of a sum. All numbers are places in the topological order.

    Attributes:
        product: the node weight * input.
        weight: the factor that belongs to this connection.
        input: the factor that comes from elsewhere.
    """

    product: int
    weight: int
    input: int


@dataclass(frozen=True)
class FoundNeuron:
    """An activation of a weighted sum.

    Attributes:
        output: the node whose value the neuron passes on; ``total`` itself if it is linear.
        total: the sum. A neuron with a single input has no sum, and then it is ``output``.
        connections: its weighted inputs, in order.
        biases: the other terms of the sum, which are leaves.
        partial_sums: the nodes of a sum written as a + b + c, all but the last.
        layer: 1 if no other neuron feeds it; else 1 more than the highest layer that does.
    """

    output: int
    total: int
    connections: tuple[Connection, ...]
    biases: tuple[int, ...]
    partial_sums: tuple[int, ...]
    layer: int

    @property
    def inside(self) -> tuple[int, ...]:
        """The nodes of the neuron, including its weights and biases."""
        parts = [place for c in self.connections for place in (c.weight, c.product)]
        total = () if self.total == self.output else (self.total,)
        return tuple(dict.fromkeys((*parts, *self.biases, *self.partial_sums, *total, self.output)))


def find_neurons(nodes: Sequence[Value]) -> list[FoundNeuron]:
    """The neurons among ``nodes``. Both lists are in topological order.

    A product belongs to a neuron if nothing else uses it. A sum belongs to an activation if nothing
    else uses the sum; otherwise it is a linear neuron by itself.
    """
    place = {node: i for i, node in enumerate(nodes)}
    uses = Counter(child for node in nodes for child in node.inputs)
    only_user = {child: node for node in nodes for child in node.inputs if uses[child] == 1}
    neurons: list[FoundNeuron] = []
    layer_of: dict[int, int] = {}  # for each node so far, the highest layer below it
    for i, node in enumerate(nodes):
        layer_of[i] = max((layer_of[place[child]] for child in node.inputs), default=0)
        user = only_user.get(node)
        # A single input needs no sum.
        alone = _is_op(node, ops.mul) and _is_call(user) and _has_leaf(node)
        if not alone and (not _is_op(node, ops.sum, ops.add) or _is_op(user, ops.add)):
            continue
        terms, partial_sums = ([node], []) if alone else _terms(node, only_user)
        products = [term for term in terms if _is_op(term, ops.mul) and term in only_user]
        others = [term for term in terms if term not in set(products)]
        if not products or any(term.op is not None for term in others):
            continue
        output = place[user] if user is not None and _is_call(user) else i
        layer_of[i] += 1
        neurons.append(
            FoundNeuron(
                output,
                output if alone else i,
                tuple(_connection(product, place, uses) for product in products),
                tuple(place[term] for term in others),
                tuple(place[v] for v in partial_sums),
                layer_of[i],
            )
        )
    return neurons


def _terms(total: Value, only_user: dict[Value, Value]) -> tuple[list[Value], list[Value]]:
    """The terms of a sum, from left to right, and the partial sums a + b + ... within it."""
    terms: list[Value] = []
    partial_sums: list[Value] = []
    waiting = list(reversed(total.inputs))
    while waiting:
        term = waiting.pop()
        if _is_op(total, ops.add) and _is_op(term, ops.add) and term in only_user:
            partial_sums.append(term)
            waiting.extend(reversed(term.inputs))
        else:
            terms.append(term)
    return terms, partial_sums


def _has_leaf(node: Value) -> bool:
    return any(child.op is None for child in node.inputs)


def _is_call(node: Value | None) -> bool:
    """Whether a node may be an activation: f(x), and not -x or x ** 2."""
    return (
        node is not None
        and node.op is not None
        and node.op.arity == 1
        and (node.op.precedence == 4)
    )


def _is_op(node: Value | None, *operations: Op) -> bool:
    return node is not None and node.op is not None and node.op in operations


def _connection(product: Value, place: dict[Value, int], uses: Counter[Value]) -> Connection:
    """The weight is the leaf; of two leaves, the one used less; otherwise, the first factor."""
    first, second = product.inputs
    swap = first.op is not None and second.op is None
    if first.op is None and second.op is None:
        swap = uses[second] < uses[first]
    weight, source = (second, first) if swap else (first, second)
    return Connection(place[product], place[weight], place[source])


def folded_by_sums(nodes: Sequence[Value], neurons: Sequence[FoundNeuron]) -> set[int]:
    """The places of the nodes that a picture of weighted sums does not show.

    These are products and partial sums, and the weights and biases that nothing else uses.
    """
    products = {c.product for n in neurons for c in n.connections}
    inner = products | {place for n in neurons for place in n.partial_sums}
    leaves = {c.weight for n in neurons for c in n.connections if nodes[c.weight].op is None}
    leaves |= {place for n in neurons for place in n.biases}
    shown = {c.input for n in neurons for c in n.connections}
    place_of = {node: i for i, node in enumerate(nodes)}
    within = inner | {n.total for n in neurons}
    for i, node in enumerate(nodes):
        if i not in within:
            shown |= {place_of[child] for child in node.inputs}
    return inner | (leaves - shown)


def folded_by_neurons(nodes: Sequence[Value], neurons: Sequence[FoundNeuron]) -> set[int]:
    """The places of the nodes that a picture of neurons does not show: the sums as well."""
    return folded_by_sums(nodes, neurons) | {n.total for n in neurons if n.total != n.output}


def sizes_of(nodes: Sequence[Value]) -> dict[str, int]:
    """The number of nodes that each view shows."""
    neurons = find_neurons(nodes)
    return {
        "scalars": len(nodes),
        "sums": len(nodes) - len(folded_by_sums(nodes, neurons)),
        "neurons": len(nodes) - len(folded_by_neurons(nodes, neurons)),
    }
