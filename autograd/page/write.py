"""``page``, and the Page that it returns."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from autograd.deprecation import REMOVAL
from autograd.files import expanded, write_whole
from autograd.given import shown, switch
from autograd.neurons import LARGEST
from autograd.page.export import exported
from autograd.page.frame import in_a_frame
from autograd.page.inline import browser_file, filled, inline_json
from autograd.page.operations import operation_table
from autograd.value import Value

_SCRIPTS = {  # in the order in which they run
    "graph": ("graph", "kernels", "compute", "passes", "paths", "numbers", "writing"),
    "making": ("expression", "typed", "random", "maker"),
    "picture": (
        *("text", "boxes", "neuron", "place", "labels", "draw", "strands", "flow"),
        *("legend", "room", "camera", "save"),
    ),
    "reasons": ("formula", "why", "sketch", "light", "bar", "chain"),
    "lessons": ("plot", "steps", "explain", "nudge", "update"),
    "practise": ("slips", "ladder", "bug", "sheet", "practise"),
    "shell": ("elements", "parts", "state", "keys", "address", "main"),
}
_OF_TRAINING = {
    "training": ("random", "lanes", "learner", "field", "map", "surface", "rows", "panel", "start"),
}


def page(
    value: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    names: object = None,
    force: bool = False,
) -> Page:
    """The graph that ``value`` was made from, as a page in which to watch the chain rule.

    The page steps through the forward and the backward pass, explains each gradient as a sum over
    paths, sets exercises, nudges any leaf, takes steps of gradient descent, and draws what a reader
    types. It is one HTML file that works from disk, without a network, in any browser.

    Args:
        value: the output at which the graph ends; all derivatives are derivatives of it.
        path: where to save the page, as in ``Page.save``. Left out, nothing is written.
        names: names for Values, which take precedence over their labels: a Module, or a dict such
            as ``locals()``, in which Values, lists of them and Modules are found.
        force: make the page even of a graph too large to be read.

    Returns:
        A Page, which a notebook shows by itself and ``save`` writes to a file.

    Raises:
        TypeError: ``value`` is not a Value, or ``names`` is neither a dict nor a Module.
        ValueError: the graph has more than 1500 nodes, with each neuron counted as one, and
            ``force`` is false; or the suffix of ``path`` is another one.
    """
    if not isinstance(value, Value):
        raise TypeError(f"page expects the Value at which a graph ends; got {type(value).__name__}")
    force = switch(force, "force")
    graph = exported(value, names)
    size = graph["sizes"]["neurons"]
    if size > LARGEST["neurons"] and not force:
        raise ValueError(
            f"this graph has {size:,} nodes, but only a page of some hundreds can be read: pass a "
            f"value in the middle of it, or run the same code on fewer inputs, or pass force=True "
            f"to make the page anyway"
        )
    made = Page(_html(graph), len(graph["nodes"]))
    if path is not None:
        made.save(path)
    return made


def page_that_learns(graph: dict[str, Any], training: dict[str, Any]) -> Page:
    """The page of an exported program that learns.

    Args:
        graph: what ``exported`` returns for the loss of one row.
        training: the rows, the optimiser and what stands where in the graph; see
            ``browser/training/learner.js``.
    """
    return Page(_html(graph, training), len(graph["nodes"]))


class Page:
    """An interactive page about one graph.

    Attributes:
        source: the page as HTML text. The same graph gives the same text in every process.
        path: where it was last saved; None if it was not.
    """

    def __init__(self, source: str, nodes: int) -> None:
        self.source = source
        self.path: Path | None = None
        self._nodes = nodes

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all.

        Args:
            path: where to; the suffix is .html or .htm. Missing folders are made.

        Returns:
            ``path``, with ``~`` written out.

        Raises:
            ValueError: the suffix is another one.
        """
        if expanded(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a page is a file such as 'chain.html'; got {shown(os.fspath(path))}")
        self.path = write_whole(path, self.source.encode())
        return self.path

    def __fspath__(self) -> str:
        return os.fspath(self._as_path())

    def __str__(self) -> str:
        return str(self.path) if self.path else repr(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Path, name):
            raise AttributeError(f"a Page has no attribute {name!r}")
        return getattr(self._as_path(), name)

    def _as_path(self) -> Path:
        if self.path is None:
            raise TypeError("the page was not saved, so it has no path: call its save(path) first")
        warnings.warn(
            f"a Page in the place of its path goes in {REMOVAL}: write page(value, path).path",
            DeprecationWarning,
            stacklevel=3,
        )
        return self.path

    def _repr_html_(self) -> str:
        return in_a_frame(self.source, self._nodes)

    def __repr__(self) -> str:
        return f"<Page of {self._nodes} nodes>"


def _html(graph: dict[str, Any], training: dict[str, Any] | None = None) -> str:
    style, scripts, learning = browser_file("base.css") + browser_file("page.css"), _SCRIPTS, ""
    if training:
        style += browser_file("training/training.css")
        scripts = {**_SCRIPTS, **_OF_TRAINING}
        learning = browser_file("training/training.html").replace(
            "[[TRAINING]]", inline_json(training)
        )
    names = [f"{folder}/{name}.js" for folder in scripts for name in scripts[folder]]
    return filled(
        browser_file("page.html"),
        style,
        "\n".join(map(browser_file, names)),
        OPERATIONS=inline_json(operation_table()),
        LEARNING=learning,
        GRAPH=inline_json(graph),
    )
