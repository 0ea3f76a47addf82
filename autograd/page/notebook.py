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
    return page(value, names=without_long_ones(variables))._repr_html_()


def without_long_ones(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Those in which it takes no long time to look for Values, each time that a Value is shown."""
    return {
        name: thing
        for name, thing in variables.items()
        if not (isinstance(thing, (list, tuple, Mapping)) and len(thing) > LARGEST)
    }
