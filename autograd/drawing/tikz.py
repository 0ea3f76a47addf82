"""A picture as TikZ, for papers: what the renderer drew, shape by shape."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from autograd.drawing import palette
from autograd.names.written import latex_character

_NAMED = {
    getattr(palette, name): name.lower().replace("_", "")
    for name in (
        "PAPER INK QUIET DERIVATIVE EDGE LEAF LEAF_LINE OPERATION OPERATION_LINE POSITIVE NEGATIVE "
        "CLUSTER CLUSTER_LINE"
    ).split()
}

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", 2 * "0123456789")) | {"‚": ","}
_WIDER = 1.14  # Courier, for which the renderer makes room, is so much wider than TeX's typewriter

_HEAD = """\
% \\usepackage{tikz} in the preamble; change the colours here.
% TeX's typewriter has no bold: each letter is set twice, a little aside.
\\providecommand{\\autogradbold}[1]{\\rlap{\\kern.04em #1}#1}
"""


def tikz(svg: str) -> str:
    """An SVG of ours as a ``tikzpicture``, which pdflatex, xelatex and lualatex compile.

    Its units are those of the SVG, and its colours have names: leaf, operation, derivative.
    """
    root = ElementTree.fromstring(svg)
    shapes = [line for element in root.iter() if (line := _shape(element))]
    colours = (
        f"\\definecolor{{autograd{name}}}{{HTML}}{{{colour[1:].upper()}}}"
        for colour, name in _NAMED.items()
    )
    begin = (
        "\\begin{tikzpicture}[x=1bp, y=-1bp, every node/.style={inner sep=0pt, font=\\ttfamily}]"
    )
    return _HEAD + "\n".join([*colours, begin, *shapes, "\\end{tikzpicture}"]) + "\n"


def _shape(element: ElementTree.Element) -> str:
    kind, get = element.tag.rpartition("}")[2], element.attrib.get
    if kind == "text":
        return _text(element)
    if kind not in ("polygon", "polyline", "path", "ellipse") or get("fill") == palette.PAPER:
        return ""
    options = [f"line width={get('stroke-width', '1')}bp"]
    for paint, word in ("fill", "fill"), ("stroke", "draw"):
        colour = get(paint, "none")
        if colour in _NAMED:
            options.append(f"{word}=autograd{_NAMED[colour]}")
            if opacity := get(f"{paint}-opacity"):
                options.append(f"{word} opacity={opacity}")
    if get("stroke-dasharray"):
        options.append("dashed")
    path = _path(element, kind)
    if kind != "ellipse" and get("fill", "none") != "none":
        path += " -- cycle"
    return f"\\path[{', '.join(options)}] {path};"


def _path(element: ElementTree.Element, kind: str) -> str:
    get = element.attrib.get
    if kind == "ellipse":
        return f"({get('cx')},{get('cy')}) ellipse [x radius={get('rx')}bp, y radius={get('ry')}bp]"
    if kind != "path":
        return " -- ".join(f"({point})" for point in get("points", "").split())
    written = ""
    for command, numbers in re.findall(r"([A-Z])([^A-Z]*)", get("d", "")):
        points = [f"({x},{y})" for x, y in re.findall(r"(-?[\d.]+)[ ,]+(-?[\d.]+)", numbers)]
        if command == "C":
            for a, b, c in zip(*[iter(points)] * 3):
                written += f" .. controls {a} and {b} .. {c}"
        else:
            written += "".join(f" -- {point}" if written else point for point in points)
    return written


def _text(element: ElementTree.Element) -> str:
    get = element.attrib.get
    anchor = {"start": "base west", "end": "base east"}.get(get("text-anchor", "start"), "base")
    size = float(get("font-size", "12")) / 10
    options = [
        f"anchor={anchor}",
        f"xscale={size * _WIDER:.3g}",
        f"yscale={size:.3g}",
        f"text=autograd{_NAMED.get(get('fill', ''), 'ink')}",
    ]
    written = "".join(map(_character, "".join(element.itertext())))
    if get("font-weight") == "bold":
        written = f"\\autogradbold{{{written}}}"
    return f"\\node[{', '.join(options)}] at ({get('x')},{get('y')}) {{{written}}};"


def _character(c: str) -> str:
    """A character in a typewriter font of TeX, which has all of ASCII by number."""
    if c.isascii() and (c.isalnum() or c in ".,:;=+()"):
        return c
    if c == " ":
        return "\\ "
    if c.isascii():
        return f"{{\\char{ord(c)}}}"
    if c in _RAISED:
        return f"\\text{'super' if c in '⁰¹²³⁴⁵⁶⁷⁸⁹' else 'sub'}script{{{_RAISED[c]}}}"
    return "\\ensuremath{\\partial}" if c == "∂" else f"\\ensuremath{{{latex_character(c)}}}"
