"""The contents of a node of a picture: numbers, names, and the tables that hold them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from autograd.drawing import palette
from autograd.value import Value
from autograd.visible import stand_in

# A longer line is folded: nobody can read a picture as wide as a long label, and beyond 32,767
# pixels there is no picture at all.
LINE = 48

# The path of a parameter, such as layers.0.neurons.3.bias. A number stays with the word before it.
_PATH = re.compile(r"[\w\[\]]+(?:\.[\w\[\]]+)+")
_BEFORE_A_WORD = re.compile(r"\.(?=[^\W\d])")
SMALL = 9  # the size of such a path in points; other text has 12

WIDTH = 19  # the width of a box with numbers of usual length, in small letters

# What XML cannot carry, and tabs and returns, which renderers drop.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def rounded(x: float, digits: int = 4) -> str:
    """Four significant digits: 0.4200 as 0.42, and 0.00001 as 1e-05."""
    return f"{x:.0f}" if 1e4 <= abs(x) < 999_999.5 else f"{x:.{digits}g}"


def lines(text: str) -> list[str]:
    """The lines that show ``text`` as it was written.

    Characters without a printed form get a visible stand-in: control characters their pictures
    (U+2400 for NUL); lone surrogates and others that XML forbids, the replacement character.
    """
    shown = _UNPRINTABLE.sub(lambda found: stand_in(found[0]), text)
    return [
        line[at : at + LINE]
        for line in shown.split("\n")
        for at in range(0, max(len(line), 1), LINE)
    ]


def markup(text: str, align: str = "CENTER") -> str:
    """``text`` for an HTML-like DOT label, in which nothing of it acts as markup or an escape."""
    fold = f'<BR ALIGN="{align}"/>'
    # The last line needs a break too, which aligns it; DOT starts no new line there.
    # DOT reads backslashes after markup, even in HTML-like labels: \N is the name of the node.
    safe = (html.escape(line, quote=False).replace("\\", r"\\") for line in lines(text))
    return "".join(line + fold for line in safe)


def heading(name: str, given: bool, width: int, align: str = "CENTER") -> str:
    """``name`` in bold, or quiet if it was made up; a long path in lines of up to ``width``."""
    if not given:
        return f'<FONT COLOR="{palette.QUIET}">{markup(name, align)}</FONT>'
    if not _PATH.fullmatch(name) or len(name) <= SMALL / 12 * width:
        return f"<B>{markup(name, align)}</B>"
    folded: list[str] = []
    for part in _BEFORE_A_WORD.split(name):
        if folded and len(folded[-1]) + 1 + len(part) <= width:
            folded[-1] += f".{part}"
        else:
            folded.append(part)
    return f'<FONT POINT-SIZE="{SMALL}"><B>{markup(chr(10).join(folded), align)}</B></FONT>'


def colours(node: Value) -> dict[str, str]:
    """A leaf is blue; a computed node is yellow."""
    if node.op is None:
        return {"fillcolor": palette.LEAF, "color": palette.LEAF_LINE}
    return {"fillcolor": palette.OPERATION, "color": palette.OPERATION_LINE}


def gradient(node: Value) -> tuple[str, str]:
    """The text of a gradient, and its colour."""
    if not node.has_grad:
        return "not computed", palette.QUIET
    return rounded(node.grad), palette.DERIVATIVE


def box(
    node: Value, name: str, given: bool, extra: Sequence[tuple[str, float]] = ()
) -> dict[str, str]:
    """A box: the operation on the left; name, data and gradient below one another on the right."""
    rows = [
        _entry("data", rounded(node.data), palette.INK),
        *(_entry(title, rounded(x), palette.INK) for title, x in extra),
        _entry("grad", *gradient(node)),
    ]
    if name:
        written = heading(name, given, WIDTH, "LEFT")
        rows.insert(0, _cell(written, 'COLSPAN="2" ALIGN="LEFT" BALIGN="LEFT"'))
    if node.op is not None:
        symbol = f'<FONT POINT-SIZE="17">{markup(node.op.symbol)}</FONT>'
        rows[0] = _cell(symbol, f'ROWSPAN="{len(rows)}" CELLPADDING="6"') + rows[0]
    style = "filled" if node.op is None else "rounded,filled"
    return {"label": _table(rows, padding=2), "style": style, **colours(node)}


def circle(node: Value, name: str, given: bool) -> dict[str, str]:
    """A circle: the output of a neuron, with the gradient below."""
    written, colour = gradient(node)
    rows = [f"<TD>{heading(name, given, 10)}</TD>"] if name else []
    rows += [f"<TD>{rounded(node.data, 3)}</TD>"]
    rows += [f'<TD><FONT COLOR="{colour}" POINT-SIZE="10">{written}</FONT></TD>']
    form = {"shape": "circle", "style": "filled", "margin": "0", "width": "1.0"}
    return {"label": _table(rows, padding=1), **form, **colours(node)}


def _table(rows: Sequence[str], padding: int) -> str:
    """An HTML-like label."""
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return (
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{body}</TABLE>>'
    )


def _entry(title: str, content: str, color: str) -> str:
    # The width leaves a gap between the title and the content.
    left = _cell(f'<FONT COLOR="{palette.QUIET}">{title}</FONT>', 'ALIGN="LEFT" WIDTH="39"')
    return left + _cell(f'<FONT COLOR="{color}">{content}</FONT>', 'ALIGN="RIGHT"')


def _cell(content: str, attributes: str) -> str:
    return f"<TD {attributes}>{content}</TD>"
