"""``draw``, and the Drawing that it returns."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograd.drawing.graph import scalar_view
from autograd.drawing.render import FORMATS, render
from autograd.value import Value, topological_order

LARGEST = 1500
_DIRECTIONS = ("LR", "TB", "RL", "BT")
_TEXT = ("dot", "gv")


def draw(value: Value, *, rankdir: str = "LR", force: bool = False) -> Drawing:
    """The graph that ``value`` was made from, as a picture.

    Every Value is a node with its operation, label, data and gradient; every edge carries the
    local derivative of the node at its head by the node at its tail. What ``x * x`` takes twice
    has two edges. Gradients are those of the last ``backward``.

    Args:
        value: the output at which the graph ends.
        rankdir: where the arrows point: "LR" for left to right, or "TB", "RL", "BT".
        force: draw even a graph too large to be read.

    Returns:
        A Drawing, which a notebook shows by itself and ``save`` writes to a file.

    Raises:
        TypeError: ``value`` is not a Value.
        ValueError: the graph has more than 1500 nodes and ``force`` is false, or ``rankdir`` is
            no direction.
    """
    if not isinstance(value, Value):
        raise TypeError(f"draw expects the Value at which a graph ends; got {type(value).__name__}")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir is one of {', '.join(_DIRECTIONS)}; got {rankdir!r}")
    nodes = topological_order(value)
    if len(nodes) > LARGEST and not force:
        raise ValueError(
            f"this graph has {len(nodes):,} nodes, and a picture is readable up to some hundreds: "
            "draw a value in the middle of it, or the same code on fewer inputs, or pass "
            "force=True to draw it all the same"
        )
    return Drawing(scalar_view(nodes, rankdir), len(nodes))


class Drawing:
    """A picture of a graph, which behaves as the objects of the package ``graphviz`` do.

    Attributes:
        source: the picture as DOT text, for any Graphviz tool.
    """

    def __init__(self, source: str, nodes: int) -> None:
        self.source = source
        self._nodes = nodes

    def pipe(self, format: str = "svg") -> bytes:
        """The picture as the bytes of a file.

        Args:
            format: "svg", "png" or "pdf".

        Raises:
            RenderError: no program here renders that format, or it failed.
            ValueError: another format.
        """
        if format not in FORMATS:
            raise ValueError(f"pictures are {', '.join(FORMATS)}; got {format!r}")
        return render(self.source, format)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all.

        Args:
            path: where to; .svg, .png or .pdf choose the format, .dot or .gv the DOT text.
                Missing folders are made.

        Returns:
            ``path``.

        Raises:
            RenderError: no program here renders that format, or it failed.
            ValueError: another suffix.
        """
        path = Path(path)
        format = path.suffix[1:].lower()
        if format not in (*FORMATS, *_TEXT):
            known = ", ".join(f".{known}" for known in (*FORMATS, *_TEXT))
            raise ValueError(f"the suffix chooses the format, one of {known}; got {str(path)!r}")
        _write(path, self.source.encode() if format in _TEXT else self.pipe(format))
        return path

    def render(self, filename: str | os.PathLike[str], format: str | None = None) -> str:
        """``save`` in the manner of graphviz: ``render("net", format="png")`` writes net.png.

        Args:
            filename: where to. A suffix that names the format is not repeated.
            format: as in ``save``; left out, the suffix of ``filename`` chooses.

        Returns:
            The name of the file written.
        """
        name = os.fspath(filename)
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


def _write(path: Path, content: bytes) -> None:
    """A reader of ``path`` sees the old file or the new one, never a part of either."""
    path = path.resolve()  # a link stays a link
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
