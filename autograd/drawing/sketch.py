"""A picture before it is text: its nodes, lines and clusters, in the order in which they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd.drawing import palette

Attributes = Mapping[str, "str | None"]


class Node(NamedTuple):
    """A box or a circle. A label in <> is markup of DOT."""

    name: str
    label: str | None
    attributes: Attributes


class Edge(NamedTuple):
    """A line."""

    tail: str
    head: str
    attributes: Attributes


class Sketch:
    """What a picture consists of; attributes are those of DOT.

    Attributes:
        rankdir: the direction of the arrows.
        items: nodes, edges, clusters (Sketches themselves), and attributes of the whole.
    """

    def __init__(self, rankdir: str, name: str = "autograd") -> None:
        self.rankdir, self.name = rankdir, name
        self.items: list[Node | Edge | Sketch | dict[str, str]] = []

    def node(self, name: str, label: str | None = None, **attributes: str | None) -> None:
        """Add a node; an attribute that is None is not there."""
        self.items.append(Node(name, label, attributes))

    def edge(self, tail: str, head: str, **attributes: str) -> None:
        """Add a line."""
        self.items.append(Edge(tail, head, attributes))

    def attr(self, **attributes: str) -> None:
        """Add attributes of the whole."""
        self.items.append(attributes)

    @contextmanager
    def subgraph(self, name: str) -> Iterator[Sketch]:
        """A cluster, to be filled within a ``with``."""
        cluster = Sketch(self.rankdir, name)
        yield cluster
        self.items.append(cluster)

    def dot(self) -> str:
        """The picture as DOT text, in this project's style."""
        import graphviz  # here, so that only those who draw need it

        picture = graphviz.Digraph(
            self.name,
            graph_attr={
                "rankdir": self.rankdir,
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
        self._write(picture)
        return str(picture.source)

    def _write(self, picture: Any) -> None:
        for item in self.items:
            if isinstance(item, Node):
                picture.node(item.name, item.label, **item.attributes)
            elif isinstance(item, Edge):
                picture.edge(item.tail, item.head, **item.attributes)
            elif isinstance(item, Sketch):
                with picture.subgraph(name=item.name) as cluster:
                    item._write(cluster)
            else:
                picture.attr(**item)
