"""``draw``, and the Drawing that it returns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autograd.drawing.mermaid import mermaid
from autograd.drawing.render import FORMATS, render
from autograd.drawing.sketch import Sketch
from autograd.drawing.tikz import tikz
from autograd.drawing.views import neuron_view, scalar_view, sum_view
from autograd.files import expanded, write_whole
from autograd.given import check_one_of, shown, switch
from autograd.neurons import LARGEST, sizes_of
from autograd.reading import Reading
from autograd.value import Value

_DIRECTIONS = ("LR", "TB", "RL", "BT")
_TEXT = {"dot": "source", "gv": "source", "mmd": "mermaid", "tex": "tikz"}
"""The formats that are text, and the attribute that is this text."""


def draw(
    value: Value,
    *,
    view: str | None = None,
    names: object = None,
    rankdir: str = "LR",
    force: bool = False,
) -> Drawing:
    """The graph that ``value`` was made from, as a picture.

    There are three views of the same numbers. "scalars" shows every operation: each Value is a
    node with its operation, name, data and gradient, and each edge carries the local derivative of
    the node at its head by the node at its tail (``x * x`` has two edges). "sums" folds a weighted
    sum into one node, with the weights on the lines to it. "neurons" folds sum and activation into
    one circle, which shows its output with the gradient below. There a layer is a column, and a
    line is thicker for a larger weight, blue above 0 and red below. The gradients are those of the
    last ``backward``.

    Args:
        value: the output at which the graph ends.
        view: "scalars", "sums" or "neurons". Default: scalars for graphs of up to 60 scalars,
            sums for up to 300, and neurons for more.
        names: names for Values, which take precedence over their labels: a Module, or a dict such
            as ``locals()``, in which Values, lists of them and Modules are found.
        rankdir: the direction of the arrows: "LR" for left to right, or "TB", "RL", "BT".
        force: draw the graph even if it is too large to be read.

    Returns:
        A Drawing, which a notebook shows by itself and ``save`` writes to a file.

    Raises:
        TypeError: ``value`` is not a Value, or ``names`` is neither a dict nor a Module.
        ValueError: the view has more than 1500 nodes and ``force`` is false, or the name of the
            view or of the direction is unknown.
    """
    if not isinstance(value, Value):
        raise TypeError(f"draw expects the Value at which a graph ends; got {type(value).__name__}")
    check_one_of(rankdir, _DIRECTIONS, "rankdir is")
    if view is not None:
        check_one_of(view, LARGEST, "view is")
    force = switch(force, "force")
    reading = Reading(value, names)
    sizes = sizes_of(reading.nodes, reading.neurons)
    if view is None:
        view = next((v for v in LARGEST if len(reading.nodes) <= LARGEST[v]), "neurons")
    if sizes[view] > LARGEST["neurons"] and not force:
        raise ValueError(_too_large(sizes, view))
    draw_view = {"scalars": scalar_view, "sums": sum_view, "neurons": neuron_view}[view]
    return Drawing(draw_view(reading, rankdir), sizes[view])


def _too_large(sizes: Mapping[str, int], view: str) -> str:
    smaller = [v for v, size in sizes.items() if size <= LARGEST["neurons"]]
    instead = f'view="{smaller[0]}" has {sizes[smaller[0]]:,}; or ' if smaller else ""
    return (
        f"this graph has {sizes[view]:,} nodes as {view}, but only a picture of some hundreds can "
        f"be read: {instead}draw a value in the middle of it, or the same code on fewer inputs, "
        f"or pass force=True to draw it anyway"
    )


class Drawing:
    """A picture of a graph. It has the methods of the objects of the package ``graphviz``.

    Attributes:
        source: the picture as DOT text, for any Graphviz tool.
    """

    def __init__(self, sketch: Sketch, nodes: int) -> None:
        self.source = sketch.dot()
        self._sketch = sketch
        self._nodes = nodes

    @property
    def mermaid(self) -> str:
        """The picture as the text of a Mermaid flowchart, which Markdown on many sites draws.

        It has the nodes, names, numbers and lines of the picture. Mermaid arranges them.
        """
        return mermaid(self._sketch)

    @property
    def tikz(self) -> str:
        """The picture as a ``tikzpicture`` for a LaTeX document that loads the package tikz.

        It is drawn as ``pipe("svg")`` draws it, in TeX's typewriter font.

        Raises:
            RenderError: no installed program renders graphs, or the program failed.
        """
        return tikz(self.pipe("svg").decode())

    def pipe(self, format: str = "svg") -> bytes:
        """The picture as the bytes of a file.

        Args:
            format: "svg", "png" or "pdf".

        Raises:
            RenderError: no installed program renders that format, or the program failed.
            ValueError: the format is another one.
        """
        check_one_of(format, FORMATS, "a picture is")
        # Fine enough for today's screens; at this resolution a large network would take minutes.
        return render(self.source, format, dpi=192 if self._nodes <= 200 else 60)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all.

        Args:
            path: where to. The suffix chooses the format: .svg, .png or .pdf; .dot or .gv for the
                DOT text, .tex for ``tikz``, .mmd for ``mermaid``. Missing folders are made.

        Returns:
            ``path``, with ``~`` written out.

        Raises:
            RenderError: no installed program renders that format, or the program failed.
            ValueError: the suffix is another one.
        """
        format = expanded(path).suffix[1:].lower()
        if format not in (*FORMATS, *_TEXT):
            known = ", ".join(f".{known}" for known in (*FORMATS, *_TEXT))
            raise ValueError(
                f"the suffix chooses the format, one of {known}; got {shown(os.fspath(path))}"
            )
        if format in _TEXT:
            return write_whole(path, getattr(self, _TEXT[format]).encode())
        return write_whole(path, self.pipe(format))

    def render(self, filename: str | os.PathLike[str], format: str | None = None) -> str:
        """``save`` as graphviz has it: ``render("net", format="png")`` writes net.png.

        Args:
            filename: where to. A suffix that names the format is not repeated.
            format: as in ``save``. Default: the suffix of ``filename``.

        Returns:
            The name of the file.
        """
        name = str(expanded(filename))
        if format is not None and Path(name).suffix.lower() != f".{format}":
            name = f"{name}.{format}"
        return str(self.save(name))

    def _repr_mimebundle_(
        self,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        kind = "image/svg+xml"
        wanted = include is None or kind in include
        unwanted = exclude is not None and kind in exclude
        return {kind: self._repr_image_svg_xml()} if wanted and not unwanted else {}

    def _repr_image_svg_xml(self) -> str:
        return self.pipe("svg").decode()

    def __repr__(self) -> str:
        return f"<Drawing of {self._nodes} nodes>"
