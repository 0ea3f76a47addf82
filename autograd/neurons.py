"""Finds neurons in a graph of scalars: which products, sum and activation belong together.

The graph itself tells. A neuron is an operation on a sum of products, whether ``nn`` recorded it
or a loop that you wrote. One factor of each product is a weight: a parameter of a Module; if none
is known, a leaf that somebody made, and of two leaves the one that is shared as weights are. A
plain number never is, so that an average of losses is not a neuron.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from autograd import ops
from autograd.op import Op
from autograd.value import Value, is_constant

LARGEST = {"scalars": 60, "sums": 300, "neurons": 1500}
"""For each view, the largest graph to show in it, in scalars."""


@dataclass(frozen=True)
class Connection:
    """One weighted input of a sum. All numbers are places in the list of nodes.

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


def find_neurons(nodes: Sequence[Value], parameters: Collection[Value] = ()) -> list[FoundNeuron]:
    """The neurons among ``nodes``, each after those that feed it, as the nodes are.

    A product belongs to a neuron if nothing else uses it. A sum belongs to an activation if nothing
    else uses the sum; otherwise it is a linear neuron by itself.

    Args:
        nodes: a graph, each node after its inputs.
        parameters: the weights and biases; if there are none, any leaf that somebody made.
    """
    search = _Search(nodes, parameters)
    within: set[Value] = set()  # sums within larger ones
    found: list[FoundNeuron] = []
    for node in reversed(nodes):
        if node not in within and (neuron := search.neuron(node)):
            found.append(neuron)
            within.update(nodes[place] for place in neuron.partial_sums)
    found.reverse()
    return list(_in_layers(nodes, found))


class _Search:
    """What the search for neurons has to know about a graph."""

    def __init__(self, nodes: Sequence[Value], parameters: Collection[Value]) -> None:
        self.parameters = parameters
        self.place = {node: i for i, node in enumerate(nodes)}
        self.uses = Counter(child for node in nodes for child in node.inputs)
        self.only_user = {
            child: node for node in nodes for child in node.inputs if self.uses[child] == 1
        }
        self.sharing = _Sharing(nodes, self.only_user)

    def neuron(self, node: Value) -> FoundNeuron | None:
        """The neuron of which ``node`` is the sum, or the one product if there is no sum."""
        user = self.only_user.get(node)
        activation = user if user is not None and _is_call(user) else None
        alone = _is_op(node, ops.mul) and activation is not None  # a single input needs no sum
        part_of_chain = _is_op(node, ops.add) and _is_op(user, ops.add)
        if not alone and (part_of_chain or not _is_op(node, ops.sum, ops.add)):
            return None
        terms, partial_sums = ([node], []) if alone else self._terms(node, activation is not None)
        plain = bool(self.parameters) or (not alone and activation is not None)
        connections: list[Connection] = []
        biases: list[int] = []
        for term in terms:
            if connection := self._connection(term, plain):
                connections.append(connection)
            elif term.op is None:
                biases.append(self.place[term])
            else:
                return None
        if not connections:
            return None
        output = self.place[node if activation is None else activation]
        return FoundNeuron(
            output,
            output if alone else self.place[node],
            tuple(connections),
            tuple(biases),
            tuple(self.place[v] for v in partial_sums),
            layer=0,
        )

    def _terms(self, total: Value, activated: bool) -> tuple[list[Value], list[Value]]:
        """The terms of a sum, from left to right, and the sums within it.

        Those are the sums a + b of a + b + c, and the weighted sums whose sum has an activation.
        """
        terms: list[Value] = []
        partial_sums: list[Value] = []
        waiting = list(reversed(total.inputs))
        while waiting:
            term = waiting.pop()
            chained = _is_op(total, ops.add) and _is_op(term, ops.add)
            if term in self.only_user and (chained or (activated and _is_op(term, ops.sum))):
                partial_sums.append(term)
                waiting.extend(reversed(term.inputs))
            else:
                terms.append(term)
        return terms, partial_sums

    def _connection(self, term: Value, plain: bool) -> Connection | None:
        """The product as a weighted input; None if neither of its factors is surely the weight.

        A weight times a multiple of itself is a penalty, and no input.

        Args:
            term: any node.
            plain: whether the input may be a plain number.
        """
        if not _is_op(term, ops.mul) or term not in self.only_user:
            return None
        first, second = term.inputs
        candidates = [v for v in (first, second) if self._may_be_weight(v)]
        if not candidates:
            return None
        weight = candidates[0] if len(candidates) == 1 else self._weight(term)
        if weight is None:
            return None
        source = second if weight is first else first
        if _is_power_of(weight, source) or not (plain or source.op or not is_constant(source)):
            return None
        return Connection(self.place[term], self.place[weight], self.place[source])

    def _weight(self, product: Value) -> Value | None:
        """Which of the two leaves of a product is the weight: the one shared as weights are.

        If that decides nothing, it is the one used once; if both are, the first.
        """
        first, second = product.inputs
        evidence = [self.sharing.evidence(v, product) for v in (first, second)]
        if evidence[0] != evidence[1]:
            return first if evidence[0] > evidence[1] else second
        return next((v for v in (first, second) if self.uses[v] == 1), None)

    def _may_be_weight(self, v: Value) -> bool:
        if self.parameters:
            return v in self.parameters
        return v.op is None and not is_constant(v)


class _Sharing:
    """In which sums the leaves of a graph are used, as factors or as terms.

    The weights and biases of a neuron go together: where one is used again, as in each step of a
    recurrent network or at each place of a convolution, so are the others. Inputs do not.
    """

    def __init__(self, nodes: Sequence[Value], only_user: dict[Value, Value]) -> None:
        self.sum_of = {node: node for node in nodes}  # the whole sum that a node is a part of
        for node in reversed(nodes):
            user = only_user.get(node)
            if user is not None and _is_op(user, ops.add, ops.sum):
                self.sum_of[node] = self.sum_of[user]
        depth: dict[Value, int] = {}  # how many products lie on the way to a node, at most
        uses: dict[Value, set[Value]] = defaultdict(set)  # the sums that use a leaf
        factors: set[tuple[Value, Value]] = set()  # sums and their leaves
        biases: set[tuple[Value, Value]] = set()
        for node in nodes:
            is_product = _is_op(node, ops.mul)
            depth[node] = is_product + max((depth[v] for v in node.inputs), default=0)
            for leaf in node.inputs:
                if leaf.op is None and not is_constant(leaf) and node.op in _PARTS_OF_A_SUM:
                    total = self.sum_of[node]
                    uses[leaf].add(total)
                    (factors if is_product else biases).add((total, leaf))

        # Leaves that are used in the same sums are one group, so that large sums are compared once.
        groups: dict[frozenset[Value], int] = {}
        self.group = {
            leaf: groups.setdefault(frozenset(sums), len(groups)) for leaf, sums in uses.items()
        }
        self.sums = list(groups)  # of each group
        self.recurs = [len({depth[total] for total in sums}) > 1 for sums in groups]
        self.factors = self._counted(factors)
        self.biases = self._counted(biases)
        self.known: dict[tuple[int, int], float] = {}

    def _counted(self, pairs: Collection[tuple[Value, Value]]) -> dict[Value, Counter[int]]:
        """For each sum, how many leaves of each group are in it."""
        counts: dict[Value, Counter[int]] = defaultdict(Counter)
        for total, leaf in pairs:
            counts[total][self.group[leaf]] += 1
        return counts

    def evidence(self, leaf: Value, product: Value) -> tuple[float, bool, float]:
        """The more, the more likely the leaf is a weight: what counts most comes first.

        It is used where the bias is; in sums that feed one another; and where other factors are.
        """
        total, group = self.sum_of[product], self.group[leaf]
        others = self.factors[total] - Counter(self.group[v] for v in set(product.inputs))
        with_biases = self._together(group, self.biases[total])
        return with_biases, self.recurs[group], self._together(group, others)

    def _together(self, group: int, others: Collection[int]) -> float:
        """How much of its use a group has in common with one of the others, at most."""
        return max((self._in_common(group, other) for other in others), default=0.0)

    def _in_common(self, one: int, other: int) -> float:
        if (one, other) not in self.known:
            mine, theirs = self.sums[one], self.sums[other]
            self.known[one, other] = len(mine & theirs) / len(mine | theirs)
        return self.known[one, other]


_PARTS_OF_A_SUM = (ops.mul, ops.add, ops.sum)


def _is_power_of(leaf: Value, v: Value) -> bool:
    """Whether ``v`` is a product of nothing but that leaf, at least once, and plain numbers."""
    factors, waiting = set(), [v]
    while waiting:
        factor = waiting.pop()
        if _is_op(factor, ops.mul):
            waiting.extend(factor.inputs)
        elif factor.op is not None:
            return False
        elif not is_constant(factor):
            factors.add(factor)
    return factors == {leaf}


def _in_layers(nodes: Sequence[Value], neurons: Sequence[FoundNeuron]) -> Iterator[FoundNeuron]:
    """The neurons with their layers, and in the order of their outputs."""
    at_sum = {sum_of(nodes, neuron): neuron for neuron in neurons}
    layer_of: dict[Value, int] = {}  # the highest layer below each node
    for place, node in enumerate(nodes):
        layer_of[node] = max((layer_of[child] for child in node.inputs), default=0)
        if place in at_sum:
            layer_of[node] += 1
            yield replace(at_sum[place], layer=layer_of[node])


def _is_call(node: Value) -> bool:
    """Whether a node may be an activation: f(x), and not -x or x ** 2."""
    return node.op is not None and node.op.arity == 1 and node.op.precedence == 4


def _is_op(node: Value | None, *operations: Op) -> bool:
    return node is not None and node.op is not None and node.op in operations


def sum_of(nodes: Sequence[Value], neuron: FoundNeuron) -> int:
    """The place of the weighted sum, which for a single input may be the product."""
    has_sum = _is_op(nodes[neuron.total], ops.sum, ops.add)
    return neuron.total if has_sum else neuron.connections[0].product


def folded_by_sums(nodes: Sequence[Value], neurons: Sequence[FoundNeuron]) -> set[int]:
    """The places of the nodes that a picture of weighted sums does not show.

    These are products and partial sums, and the weights and biases that nothing else uses.
    """
    products = {c.product for n in neurons for c in n.connections}
    inner = products | {place for n in neurons for place in n.partial_sums}
    leaves = {c.weight for n in neurons for c in n.connections}
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


def sizes_of(nodes: Sequence[Value], neurons: Sequence[FoundNeuron]) -> dict[str, int]:
    """The number of nodes that each view shows."""
    return {
        "scalars": len(nodes),
        "sums": len(nodes) - len(folded_by_sums(nodes, neurons)),
        "neurons": len(nodes) - len(folded_by_neurons(nodes, neurons)),
    }
