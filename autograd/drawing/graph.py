"""The scalar view: DOT text in which every Value is one node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.drawing import palette
from autograd.drawing.text import heading, markup, number
from autograd.value import Value

# Layout reserves a box for this font's letters, and browsers fill it with the reader's: of the
# fonts that renderers know the measures of, it is the one whose stand-ins are all as wide.
FONT = "Courier New"

WIDTH = 19  # of a box that holds usual numbers, in the small letters of a path


def scalar_view(
    nodes: Sequence[Value], rankdir: str, names: Mapping[Value, str] | None = None
) -> str:
    """DOT text for ``nodes``, which are in topological order, every one a box.

    A node's name is its place in that order, so the text of a graph is the same in every process.
    """
    picture = new_picture(rankdir)
    place = {node: i for i, node in enumerate(nodes)}
    for i, node in reversed(list(enumerate(nodes))):  # so that inputs lie in the order of use
        picture.node(f"n{i}", **box(node, name_of(node, names)))
        for child, partial in zip(node.inputs, node.partials):
            picture.edge(f"n{place[child]}", f"n{i}", label=f"∂ {number(partial)}")
    source: str = picture.source
    return source


def new_picture(rankdir: str) -> Any:
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
            "fontname": FONT,
            "fontsize": "12",
            "fontcolor": palette.QUIET,
        },
        node_attr={
            "shape": "box",
            "fontname": FONT,
            "fontsize": "12",
            "fontcolor": palette.INK,
            "margin": "0.08,0.05",
            "penwidth": "1.2",
        },
        edge_attr={
            "fontname": FONT,
            "fontsize": "11",
            "fontcolor": palette.DERIVATIVE,
            "color": palette.EDGE,
            "arrowsize": "0.7",
        },
    )


def name_of(node: Value, names: Mapping[Value, str] | None) -> str:
    """The name given for this drawing, or else the label."""
    return (names or {}).get(node) or node.label


def colours(node: Value) -> dict[str, str]:
    """A leaf is blue, what was computed is yellow."""
    if node.op is None:
        return {"fillcolor": palette.LEAF, "color": palette.LEAF_LINE}
    return {"fillcolor": palette.OPERATION, "color": palette.OPERATION_LINE}


def gradient(node: Value) -> tuple[str, str]:
    """How a gradient is written, and in what colour."""
    if node.grad is None:
        return "not computed", palette.QUIET
    return number(node.grad), palette.DERIVATIVE


def box(node: Value, name: str, extra: Sequence[tuple[str, float]] = ()) -> dict[str, str]:
    """The operation at the left; name, data and gradient below each other at the right."""
    rows = [
        _entry("data", number(node.data), palette.INK),
        *(_entry(title, number(x), palette.INK) for title, x in extra),
        _entry("grad", *gradient(node)),
    ]
    if name:
        written = heading(name, WIDTH, "LEFT")
        rows.insert(0, _cell(written, 'COLSPAN="2" ALIGN="LEFT" BALIGN="LEFT"'))
    if node.op is not None:
        symbol = f'<FONT POINT-SIZE="17">{markup(node.op.symbol)}</FONT>'
        rows[0] = _cell(symbol, f'ROWSPAN="{len(rows)}" CELLPADDING="6"') + rows[0]
    style = "filled" if node.op is None else "rounded,filled"
    return {"label": table(rows, padding=2), "style": style, **colours(node)}


def table(rows: Sequence[str], padding: int) -> str:
    """An HTML-like label."""
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return (
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{body}</TABLE>>'
    )


def _entry(title: str, content: str, color: str) -> str:
    # Wider than the title by the least gap between it and the content.
    left = _cell(f'<FONT COLOR="{palette.QUIET}">{title}</FONT>', 'ALIGN="LEFT" WIDTH="39"')
    return left + _cell(f'<FONT COLOR="{color}">{content}</FONT>', 'ALIGN="RIGHT"')


def _cell(content: str, attributes: str) -> str:
    return f"<TD {attributes}>{content}</TD>"
