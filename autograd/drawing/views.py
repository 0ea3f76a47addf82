"""The three views of a graph as DOT text: scalars, weighted sums, neurons.

Every number in a picture comes from the graph; nothing is computed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from autograd.drawing import palette
from autograd.drawing.text import box, circle, markup, rounded
from autograd.neurons import (
    FoundNeuron,
    find_neurons,
    folded_by_neurons,
    folded_by_sums,
)
from autograd.value import Value

WRITTEN = 40  # with more connections, only thickness and colour show the weights
LAID_OUT = 200  # with more connections, nodes stand in columns and lines are not untangled

GivenNames = Mapping[Value, str] | None


def scalar_view(nodes: Sequence[Value], rankdir: str, names: GivenNames = None) -> str:
    """DOT text in which each of ``nodes``, which are in topological order, is a box.

    The name of a node is its place in that order, so every process writes the same text.
    """
    picture = _new_picture(rankdir)
    place = {node: i for i, node in enumerate(nodes)}
    for i, node in reversed(list(enumerate(nodes))):  # so that inputs lie in the order of use
        picture.node(f"n{i}", **box(node, _name_of(node, names)))
        for child, partial in zip(node.inputs, node.partials):
            picture.edge(f"n{place[child]}", f"n{i}", label=f"∂ {rounded(partial)}")
    source: str = picture.source
    return source


def sum_view(nodes: Sequence[Value], rankdir: str, names: GivenNames = None) -> str:
    """DOT text in which a weighted sum is one box, with its weights on the lines to it."""
    neurons = find_neurons(nodes)
    sums = {neuron.total: neuron for neuron in neurons}
    hidden = folded_by_sums(nodes, neurons)
    picture = _new_picture(rankdir)
    for i, node in reversed(list(enumerate(nodes))):
        if i not in hidden:
            biases = sums[i].biases if i in sums else ()
            extra = [("bias", nodes[place].data) for place in biases if place in hidden]
            name = _name_of(node, names) or _module_path(nodes, sums.get(i), names)
            picture.node(f"n{i}", **box(node, name, extra))
    _edges(picture, nodes, hidden, sums)
    _connections(picture, nodes, neurons, {n.total: n.total for n in neurons}, names)
    return str(picture.source)


def neuron_view(nodes: Sequence[Value], rankdir: str, names: GivenNames = None) -> str:
    """DOT text of a network as it is usually drawn: a circle per neuron, a column per layer."""
    neurons = find_neurons(nodes)
    outputs = {neuron.output: neuron for neuron in neurons}
    hidden = folded_by_neurons(nodes, neurons)
    inputs = {c.input for neuron in neurons for c in neuron.connections}
    connections = sum(len(neuron.connections) for neuron in neurons)
    picture = _new_picture(rankdir)
    places: dict[int, str] = {}
    if connections > LAID_OUT:
        places = _in_columns(nodes, neurons, hidden)
        picture.attr(layout="neato", splines="line", outputorder="edgesfirst")
    elif connections > WRITTEN:
        picture.attr(ranksep="2.4", nodesep="0.12")
    for layer, members in groupby(sorted(neurons, key=_by_layer), key=lambda n: n.layer):
        with picture.subgraph(name=f"cluster_layer{layer}") as column:
            column.attr(
                label=f"layer {layer}",
                style="rounded,filled",
                fillcolor=palette.CLUSTER,
                color=palette.CLUSTER_LINE,
            )
            for neuron in members:
                i, node = neuron.output, nodes[neuron.output]
                name = _name_of(node, names) or _module_path(nodes, neuron, names)
                column.node(f"n{i}", **circle(node, name), pos=places.get(i))
    for i, node in reversed(list(enumerate(nodes))):
        if i not in hidden and i not in outputs:
            form = circle if node.op is None and i in inputs else box
            picture.node(f"n{i}", **form(node, _name_of(node, names)), pos=places.get(i))
    _edges(picture, nodes, hidden, outputs)
    _connections(picture, nodes, neurons, {n.total: n.output for n in neurons}, names)
    return str(picture.source)


def _new_picture(rankdir: str) -> Any:
    """An empty ``graphviz.Digraph`` in this project's style."""
    import graphviz  # here, so that only those who draw need it

    return graphviz.Digraph(
        "autograd",
        graph_attr={
            "rankdir": rankdir,
            "bgcolor": palette.PAPER,
            "pad": "0.2",
            "nodesep": "0.25",
            "ranksep": "0.4",
            "fontname": palette.FONT,
            "fontsize": "12",
            "fontcolor": palette.QUIET,
        },
        node_attr={
            "shape": "box",
            "fontname": palette.FONT,
            "fontsize": "12",
            "fontcolor": palette.INK,
            "margin": "0.08,0.05",
            "penwidth": "1.2",
        },
        edge_attr={
            "fontname": palette.FONT,
            "fontsize": "11",
            "fontcolor": palette.DERIVATIVE,
            "color": palette.EDGE,
            "arrowsize": "0.7",
        },
    )


def _in_columns(
    nodes: Sequence[Value], neurons: Sequence[FoundNeuron], hidden: set[int]
) -> dict[int, str]:
    """The positions of the nodes shown: one column per step on the longest path from the leaves.

    This is for networks with more lines than a layout program can untangle within minutes.
    """
    place = {node: i for i, node in enumerate(nodes)}
    neuron_at = {neuron.output: neuron for neuron in neurons}
    column: dict[int, int] = {}
    for i, node in enumerate(nodes):
        if i in hidden:
            continue
        sources = [place[child] for child in node.inputs]
        if i in neuron_at:
            parts = _shown_parts(nodes, neuron_at[i], hidden)
            sources = [c.input for c in neuron_at[i].connections] + parts
        column[i] = max((column[source] + 1 for source in sources), default=0)
    # A leaf that feeds no neuron stands just before the node that uses it.
    for i, node in enumerate(nodes):
        if i in column and i not in neuron_at:
            for child in node.inputs:
                if child.op is None:
                    column[place[child]] = column[i] - 1
    members: dict[int, list[int]] = {}
    for i in sorted(column, reverse=True):  # so that inputs lie in the order of use
        members.setdefault(column[i], []).append(i)
    tallest = max(map(len, members.values()))
    apart = max(3.0, 0.3 * tallest)  # in inches; steep lines cannot be told apart
    return {
        i: f"{apart * c},{1.3 * (len(every) / 2 - at)}!"
        for c, every in members.items()
        for at, i in enumerate(every)
    }


def _by_layer(neuron: FoundNeuron) -> tuple[int, int]:
    return neuron.layer, -neuron.output


def _edges(
    picture: Any, nodes: Sequence[Value], hidden: set[int], neurons: Mapping[int, FoundNeuron]
) -> None:
    """The lines that are not weighted connections, each with its local derivative.

    Such a line leads into a neuron only from a bias or a weight that has a node.
    """
    place = {node: i for i, node in enumerate(nodes)}
    for i, node in enumerate(nodes):
        if i in neurons:
            for source in _shown_parts(nodes, neurons[i], hidden):
                picture.edge(f"n{source}", f"n{i}")
        elif i not in hidden:
            for child, partial in zip(node.inputs, node.partials):
                picture.edge(f"n{place[child]}", f"n{i}", label=f"∂ {rounded(partial)}")


def _shown_parts(nodes: Sequence[Value], neuron: FoundNeuron, hidden: set[int]) -> list[int]:
    """The weights and biases that have nodes, because they were computed or others use them."""
    weights = [c.weight for c in neuron.connections]
    return [place for place in dict.fromkeys((*weights, *neuron.biases)) if place not in hidden]


def _connections(
    picture: Any,
    nodes: Sequence[Value],
    neurons: Sequence[FoundNeuron],
    heads: Mapping[int, int],
    names: GivenNames,
) -> None:
    """A line per weight: its thickness shows the size of the weight, its colour the sign."""
    every = [(neuron, c) for neuron in neurons for c in neuron.connections]
    sizes = [abs(nodes[c.weight].data) for _, c in every]
    largest = max((size for size in sizes if 0 < size < float("inf")), default=1.0)
    for neuron, c in every:
        weight = nodes[c.weight]
        share = min(abs(weight.data) / largest, 1.0) if weight.data == weight.data else 0.0
        colour = palette.NEGATIVE if weight.data < 0 else palette.POSITIVE
        attributes = {"penwidth": f"{0.4 + 2.6 * share:.2f}", "color": colour}
        if len(every) <= WRITTEN:
            name = _name_of(weight, names)
            title = markup(name) if name and not _PARAMETER.fullmatch(name) else ""
            attributes["label"] = f"<{title}{rounded(weight.data)}>"
            attributes["fontcolor"] = palette.INK
        else:
            attributes["arrowsize"] = "0.35"
        if len(every) > LAID_OUT:
            attributes["color"] += "70"  # translucent, so that strong lines stand out
        picture.edge(f"n{c.input}", f"n{heads[neuron.total]}", **attributes)


_PARAMETER = re.compile(r"(.+)\.(?:weights\.\d+|bias)")


def _name_of(node: Value, names: GivenNames) -> str:
    """The name given for this drawing; else the label."""
    return (names or {}).get(node) or node.label


def _module_path(nodes: Sequence[Value], neuron: FoundNeuron | None, names: GivenNames) -> str:
    """The name of a neuron of a Module, from those of its weights: ``layers.0.neurons.3``."""
    if neuron is None:
        return ""
    weights = [_name_of(nodes[c.weight], names) for c in neuron.connections]
    paths = {match[1] if (match := _PARAMETER.fullmatch(name)) else "" for name in weights}
    return paths.pop() if len(paths) == 1 else ""
