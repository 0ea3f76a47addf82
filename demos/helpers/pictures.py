"""Drawings of graphs, and a sentence where one cannot be drawn."""

from __future__ import annotations

from pathlib import Path

from autograd import RenderError, Value, draw
from demos.helpers.gallery import Exhibit


def save_graph(
    value: Value,
    *paths: Path,
    view: str | None = None,
    caption: str = "The graph.",
    question: str = "",
) -> list[Exhibit]:
    """Draw the graph of ``value`` to each path, or say why that is not possible.

    Args:
        value: the output of the graph.
        paths: the files; the suffix chooses the format, and the first is for the gallery.
        view: as for ``draw``.
        caption: a sentence for the gallery.
        question: the question that the picture answers, for the gallery.

    Returns:
        The first picture, if it could be drawn.
    """
    exhibits: list[Exhibit] = []
    try:
        for path in paths:
            print(f"  picture: {draw(value, view=view).save(path)}")
            exhibits = exhibits or [Exhibit(path, caption, question)]
    except RenderError as error:
        print(f"  no picture: {error}")
    return exhibits
