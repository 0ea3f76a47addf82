"""``page``: the interactive page, written as one file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from importlib import resources
from pathlib import Path

from autograd.files import write_whole
from autograd.neurons import LARGEST, sizes_of
from autograd.page.export import exported
from autograd.value import Value, topological_order

_SCRIPTS = ("model.js", "slips.js", "layout.js", "picture.js", "panels.js", "main.js")


def page(
    value: Value,
    path: str | os.PathLike[str] = "chain.html",
    *,
    names: object = None,
    force: bool = False,
) -> Path:
    """Write the graph of ``value`` as one HTML file in which the chain rule can be watched.

    The file steps through the forward and backward pass, explains each gradient as a sum over
    paths, lets gradients be predicted, nudges any leaf and takes steps of gradient descent. It
    works from disk, without a network, in any browser.

    Args:
        value: the output at which the graph ends, and of which the derivatives are.
        path: where to; the suffix is .html or .htm. Missing folders are made.
        names: names for Values, above their labels: a Module, or a dict such as ``locals()``, in
            which Values, lists of them and Modules are found.
        force: write even a graph too large to be read.

    Returns:
        ``path``.

    Raises:
        TypeError: ``value`` is not a Value.
        ValueError: another suffix, or more than 1500 nodes, each neuron counted as one, and
            ``force`` is false.
    """
    if not isinstance(value, Value):
        raise TypeError(f"page expects the Value at which a graph ends; got {type(value).__name__}")
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a page is a file such as 'chain.html'; got {str(path)!r}")
    nodes = sizes_of(topological_order(value))["neurons"]
    if nodes > LARGEST["neurons"] and not force:
        raise ValueError(
            f"this graph has {nodes:,} nodes, and a page is readable up to some hundreds: pass a "
            "value in the middle of it, or the same code on fewer inputs, or force=True to write "
            "it all the same"
        )
    write_whole(path, html(value, names).encode())
    return path


def html(value: Value, names: object = None) -> str:
    """The text of the page. The same graph gives the same text in every process."""
    style = _file("page.css")
    script = "\n".join(_file(name) for name in _SCRIPTS)
    graph = json.dumps(exported(value, names), allow_nan=False, separators=(",", ":"))
    text = _file("page.html")
    for mark, content in {
        "STYLE-HASH": _hash(style),
        "SCRIPT-HASH": _hash(script),
        "STYLE": style,
        "SCRIPT": script,
        # Last, so that no label is taken for a mark; and none ends the element.
        "GRAPH": graph.replace("<", r"\u003c"),
    }.items():
        before, after = text.split(f"[[{mark}]]", 1)
        text = before + content + after
    return text


def _hash(content: str) -> str:
    """The hash by which a content security policy admits one inline element."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return resources.files("autograd.page").joinpath(name).read_text(encoding="utf-8")
