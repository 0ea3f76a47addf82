"""The three views of a graph as pictures: scalars, weighted sums, neurons.

Every number in a picture comes from the graph; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from autograd.drawing import palette
from autograd.drawing.sketch import Sketch
from autograd.drawing.text import box, circle, markup, rounded
from autograd.neurons import FoundNeuron, folded_by_neurons, folded_by_sums
from autograd.reading import Reading
from autograd.value import Value

NAMED = 12  # with more connections, the weights on them have no names
WRITTEN = 40  # with more, only thickness and colour show the weights
CROWDED = 200  # with more, lines are translucent


def scalar_view(reading: Reading, rankdir: str) -> Sketch:
    """The picture in which each node is a box.

    In DOT a node is called by its place in the reading order, so every process writes the same.
    """
    picture = Sketch(rankdir)
    for node, i in reading.place.items():
        picture.node(f"n{i}", **box(node, *title(reading, node)))
        _edges_to(picture, reading, node)
    return picture


def sum_view(reading: Reading, rankdir: str) -> Sketch:
    """The picture in which a weighted sum is one box, with its weights on the lines to it."""
    nodes, neurons = reading.nodes, reading.neurons
    sums = {neuron.total: neuron for neuron in neurons}
    hidden = folded_by_sums(nodes, neurons)
    picture = Sketch(rankdir)
    for i, node in enumerate(nodes):
        if i not in hidden:
            biases = sums[i].biases if i in sums else ()
            extra = [("bias", nodes[place].data) for place in biases if place in hidden]
            picture.node(f"n{i}", **box(node, *title(reading, node), extra))
    _edges(picture, reading, hidden, sums)
    _connections(picture, reading, {n.total: n.total for n in neurons})
    return picture


def neuron_view(reading: Reading, rankdir: str) -> Sketch:
    """A network as it is usually drawn: a circle per neuron, a column per layer."""
    nodes, neurons = reading.nodes, reading.neurons
    outputs = {neuron.output: neuron for neuron in neurons}
    hidden = folded_by_neurons(nodes, neurons)
    inputs = {c.input for neuron in neurons for c in neuron.connections}
    connections = sum(len(neuron.connections) for neuron in neurons)
    picture = Sketch(rankdir)
    places: dict[int, str] = {}
    if rankdir in _ACROSS and neurons:
        places = _in_columns(nodes, neurons, hidden, _ACROSS[rankdir])
        picture.attr(layout="neato", splines="line", outputorder="edgesfirst")
    elif connections > WRITTEN:
        picture.attr(ranksep="2.4", nodesep="0.12")
    for layer, members in groupby(sorted(neurons, key=_layer), key=_layer):
        with picture.subgraph(name=f"cluster_layer{layer}") as column:
            column.attr(
                label="" if places else f"layer {layer}",
                style="rounded,filled",
                fillcolor=palette.CLUSTER,
                color=palette.CLUSTER_LINE,
            )
            of_layer = list(members)
            if places:
                column.node(f"layer{layer}", f"layer {layer}", **_heading(places, of_layer))
            for neuron in of_layer:
                i, node = neuron.output, nodes[neuron.output]
                column.node(f"n{i}", **circle(node, *title(reading, node)), pos=places.get(i))
    for i, node in enumerate(nodes):
        if i not in hidden and i not in outputs:
            form = circle if node.op is None and i in inputs else box
            picture.node(f"n{i}", **form(node, *title(reading, node)), pos=places.get(i))
    _edges(picture, reading, hidden, outputs)
    _connections(picture, reading, {n.total: n.output for n in neurons})
    return picture


_ACROSS = {"LR": 1, "RL": -1}


def _in_columns(
    nodes: Sequence[Value], neurons: Sequence[FoundNeuron], hidden: set[int], direction: int
) -> dict[int, str]:
    """The positions of the nodes shown: one column per step on the longest path from the leaves.

    A layout program would change the order within a layer to untangle lines, and take minutes for
    thousands of them.
    """
    place = {node: i for i, node in enumerate(nodes)}
    neuron_at = {neuron.output: neuron for neuron in neurons}
    column: dict[int, int] = {}
    for i, node in enumerate(nodes):
        if i in hidden:
            continue
        sources = [place[child] for child in node.inputs]
        if i in neuron_at:
            parts = _shown_biases(neuron_at[i], hidden)
            sources = [c.input for c in neuron_at[i].connections] + parts
        column[i] = max((column[source] + 1 for source in sources), default=0)
    # A leaf that feeds no neuron stands just before the node that uses it.
    for i, node in enumerate(nodes):
        if i in column and i not in neuron_at:
            for child in node.inputs:
                if child.op is None:
                    column[place[child]] = column[i] - 1
    members: dict[int, list[int]] = {}
    for i in sorted(column):
        members.setdefault(column[i], []).append(i)
    tallest = max(map(len, members.values()))
    apart = max(3.4, 0.3 * tallest)  # in inches; steep lines cannot be told apart
    return {
        i: f"{direction * apart * c:g},{1.6 * (len(every) / 2 - at):g}!"
        for c, every in members.items()
        for at, i in enumerate(every)
    }


def _heading(places: Mapping[int, str], layer: Sequence[FoundNeuron]) -> dict[str, str]:
    """What makes a node the heading above the first neuron of a layer."""
    x, y = places[layer[0].output].removesuffix("!").split(",")
    return {
        "pos": f"{x},{float(y) + 0.85:g}!",
        "shape": "plaintext",
        "fontcolor": palette.QUIET,
        "margin": "0",
        "height": "0.2",
    }


_layer = attrgetter("layer")


def title(reading: Reading, node: Value) -> tuple[str, bool]:
    """The name of a node in a picture, and whether somebody gave it. A plain number has none."""
    if node.op is None and reading.role(node) == "constant" and node not in reading.names:
        return "", False
    return reading.names.pictured[node], node in reading.names


def _edges(
    picture: Sketch, reading: Reading, hidden: set[int], neurons: Mapping[int, FoundNeuron]
) -> None:
    """The lines that are not weighted connections, each with its local derivative.

    Such a line leads into a neuron only from a bias that has a node.
    """
    for node, i in reading.place.items():
        if i in neurons:
            for source in _shown_biases(neurons[i], hidden):
                picture.edge(f"n{source}", f"n{i}")
        elif i not in hidden:
            _edges_to(picture, reading, node)


def _edges_to(picture: Sketch, reading: Reading, node: Value) -> None:
    """The lines to a node from its inputs, each with its local derivative."""
    place = reading.place
    for child, partial in zip(node.inputs, node.partials):
        picture.edge(f"n{place[child]}", f"n{place[node]}", label=f"∂ {rounded(partial)}")


def _shown_biases(neuron: FoundNeuron, hidden: set[int]) -> list[int]:
    """The biases that have nodes, because others use them."""
    return [place for place in dict.fromkeys(neuron.biases) if place not in hidden]


def _connections(picture: Sketch, reading: Reading, heads: Mapping[int, int]) -> None:
    """A line per weight: its thickness shows the size, its colour and its dashes the sign."""
    nodes = reading.nodes
    every = [(neuron, c) for neuron in reading.neurons for c in neuron.connections]
    sizes = [abs(nodes[c.weight].data) for _, c in every]
    largest = max((size for size in sizes if 0 < size < float("inf")), default=1.0)
    for neuron, c in every:
        weight = nodes[c.weight]
        share = min(abs(weight.data) / largest, 1.0) if weight.data == weight.data else 0.0
        colour = palette.NEGATIVE if weight.data < 0 else palette.POSITIVE
        attributes = {"penwidth": f"{0.4 + 2.6 * share:.2f}", "color": colour}
        if weight.data < 0:
            attributes["style"] = "dashed"
        if len(every) <= WRITTEN:
            name, given = title(reading, weight)
            shown = markup(name) if given and len(every) <= NAMED else ""
            # Near the neuron, where lines from others do not cross.
            attributes["headlabel"] = f"<{shown}{rounded(weight.data)}>"
            angle = "-22" if shown else "-14"
            attributes |= {"labeldistance": "3.8", "labelangle": angle, "fontcolor": palette.INK}
            attributes["minlen"] = "3"  # room for it between the boxes
        else:
            attributes["arrowsize"] = "0.35"
        if len(every) > CROWDED:
            attributes["color"] += "70"  # translucent, so that strong lines stand out
        picture.edge(f"n{c.input}", f"n{heads[neuron.total]}", **attributes)
