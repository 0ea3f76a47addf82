"""What a notebook shows of a Value that is last in a cell: its page, if the graph is small."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any

from autograd.page.write import page
from autograd.value import Value, topological_order

LARGEST = 60
"""Nodes of a graph that is shown unasked: larger ones are hard to read, and each page is a file."""


def register() -> None:
    """Tell IPython how to show Values, if this runs in it. A terminal still shows their text."""
    found = sys.modules.get("IPython")
    shell = found and found.get_ipython()
    if shell:
        show = functools.partial(as_html, variables=shell.user_ns)
        shell.display_formatter.formatters["text/html"].for_type(Value, show)


def as_html(value: Value, variables: Mapping[str, Any]) -> str | None:
    """The page in a frame, with the names of these variables; None for a leaf or a large graph."""
    if value.op is None or len(topological_order(value)) > LARGEST:
        return None
    names = {name: thing for name, thing in variables.items() if not _is_long(thing)}
    return page(value, names=names)._repr_html_()


def _is_long(thing: object) -> bool:
    """Whether it would take long to look for Values in it, each time that a Value is shown."""
    return isinstance(thing, (list, tuple, Mapping)) and len(thing) > LARGEST
