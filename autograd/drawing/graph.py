"""The scalar view: DOT text in which every Value is one node."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.drawing import palette
from autograd.drawing.text import markup, number
from autograd.value import Value

# Layout reserves a box for this font's letters, and browsers fill it with the reader's: of the
# fonts that renderers know the measures of, it is the one whose stand-ins are all as wide.
FONT = "Courier New"


def scalar_view(nodes: Sequence[Value], rankdir: str) -> str:
    """DOT text for ``nodes``, which are in topological order.

    A node's name is its place in that order, so the text of a graph is the same in every process.
    """
    import graphviz  # here, so that only those who draw need it

    picture = graphviz.Digraph(
        "autograd",
        graph_attr={
            "rankdir": rankdir,
            "bgcolor": palette.PAPER,
            "pad": "0.2",
            "nodesep": "0.25",
            "ranksep": "0.4",
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
    name = {id(node): f"n{place}" for place, node in enumerate(nodes)}
    for node in reversed(nodes):  # so that inputs come to lie in the order of their use
        leaf = node.op is None
        picture.node(
            name[id(node)],
            label=_label(node),
            style="filled" if leaf else "rounded,filled",
            fillcolor=palette.LEAF if leaf else palette.OPERATION,
            color=palette.LEAF_LINE if leaf else palette.OPERATION_LINE,
        )
        for child, partial in zip(node.inputs, node.partials):
            picture.edge(name[id(child)], name[id(node)], label=f"∂ {number(partial)}")
    source: str = picture.source
    return source


def _label(node: Value) -> str:
    """The operation at the left; name, data and gradient below each other at the right."""
    rows = [
        _entry("data", number(node.data), palette.INK),
        _entry("grad", "not computed", palette.QUIET)
        if node.grad is None
        else _entry("grad", number(node.grad), palette.DERIVATIVE),
    ]
    if node.label:
        name = f"<B>{markup(node.label, 'LEFT')}</B>"
        rows.insert(0, _cell(name, 'COLSPAN="2" ALIGN="LEFT" BALIGN="LEFT"'))
    if node.op is not None:
        symbol = f'<FONT POINT-SIZE="17">{markup(node.op.symbol)}</FONT>'
        rows[0] = _cell(symbol, f'ROWSPAN="{len(rows)}" CELLPADDING="6"') + rows[0]
    table = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{table}</TABLE>>'


def _entry(title: str, content: str, color: str) -> str:
    # Wider than the title by the least gap between it and the content.
    left = _cell(f'<FONT COLOR="{palette.QUIET}">{title}</FONT>', 'ALIGN="LEFT" WIDTH="39"')
    return left + _cell(f'<FONT COLOR="{color}">{content}</FONT>', 'ALIGN="RIGHT"')


def _cell(content: str, attributes: str) -> str:
    return f"<TD {attributes}>{content}</TD>"
