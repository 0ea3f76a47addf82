"""A picture as Mermaid text, which web pages, wikis and notebooks draw by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from autograd.drawing import palette
from autograd.drawing.sketch import Edge, Node, Sketch

# Everything else is written as the number of its character, so that it is not taken for markup.
_SPECIAL = re.compile(r"[^\w .,=∂-]|_|(?<!\w)[.-](?!\d)|\.(?!\d|\w)")


class _Rows(HTMLParser):
    """The lines of an HTML-like label; the operation, which spans several rows, is one itself."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.rows = [""]
        self.feed(label.replace("\\\\", "\\"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("tr", "br"):
            self.rows.append("")
        elif tag == "td" and self.rows[-1]:
            self.rows[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        pass

    def handle_data(self, data: str) -> None:
        self.rows[-1] += data


def _text(label: str) -> str:
    """A label as Mermaid has it, in quotes."""
    rows = _Rows(label[1:-1]).rows if label.startswith("<") else label.split("\n")
    lines = [_SPECIAL.sub(lambda found: f"#{ord(found[0])};", row.strip()) for row in rows]
    return f'"{"<br/>".join(line for line in lines if line) or " "}"'


def mermaid(sketch: Sketch) -> str:
    """The picture as a flowchart: the same nodes, names, numbers and lines, laid out by Mermaid."""
    lines = [f"flowchart {sketch.rankdir}"]
    for name, fill, stroke in (
        ("leaf", palette.LEAF, palette.LEAF_LINE),
        ("operation", palette.OPERATION, palette.OPERATION_LINE),
    ):
        lines.append(f"    classDef {name} fill:{fill},stroke:{stroke},color:{palette.INK}")
    edges = [item for item in sketch.items if isinstance(item, Edge)]
    lines += [*_nodes(sketch, "    ")]
    for edge in edges:
        label = edge.attributes.get("label") or edge.attributes.get("headlabel")
        written = f"|{_text(label)}|" if label else ""
        lines.append(f"    {edge.tail} -->{written} {edge.head}")
    for i, edge in enumerate(edges):
        colour = (edge.attributes.get("color") or palette.EDGE)[:7]
        style = f"stroke:{colour},stroke-width:{edge.attributes.get('penwidth', '1')}px"
        dashes = ",stroke-dasharray:5 3" if edge.attributes.get("style") == "dashed" else ""
        lines.append(f"    linkStyle {i} {style}{dashes}")
    return "\n".join(lines) + "\n"


def _nodes(sketch: Sketch, indent: str) -> Iterator[str]:
    for item in sketch.items:
        if isinstance(item, Sketch):
            yield f'{indent}subgraph {item.name} ["{item.name.replace("cluster_layer", "layer ")}"]'
            yield from _nodes(item, indent * 2)
            yield f"{indent}end"
        elif isinstance(item, Node) and item.attributes.get("shape") != "plaintext":
            kind = "leaf" if item.attributes.get("fillcolor") == palette.LEAF else "operation"
            left, right = ("((", "))") if item.attributes.get("shape") == "circle" else ("[", "]")
            yield f"{indent}{item.name}{left}{_text(item.label or '')}{right}:::{kind}"
