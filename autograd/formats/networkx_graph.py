"""A recorded graph for networkx."""

from __future__ import annotations

from typing import Any

from autograd.extras import library
from autograd.reading import Reading
from autograd.value import Value


def to_networkx(value: Value, names: object = None) -> Any:
    """The graph that ``value`` was made from, as a ``networkx.MultiDiGraph``.

    A node has the name that every view gives it. It has ``data`` and ``label``; ``op``, the name of
    its operation, unless it is a leaf; and ``grad``, if that was computed. An edge leads from an
    input to what was made from it. Its key is the place of the input, from 0, and its ``partial``
    the local derivative; ``x * x`` has two edges. Nodes come after their inputs.

    >>> x = Value(3.0, "x")
    >>> graph = to_networkx(x * x)
    >>> list(graph.edges(keys=True, data="partial"))
    [('x', 'out', 0, 3.0), ('x', 'out', 1, 3.0)]

    Args:
        value: the output at which the graph ends.
        names: a dict such as ``locals()``, or a Module. These names take precedence over labels.

    Raises:
        ModuleNotFoundError: networkx is not installed.
        TypeError: ``value`` is not a Value, or ``names`` is something else.
    """
    graph = library("networkx", "to_networkx").MultiDiGraph()
    reading = Reading(value, names)
    called = reading.names
    for node in reading.nodes:
        known = {"data": node.data, "label": node.label}
        if node.op is not None:
            known["op"] = node.op.name
        if node.has_grad:
            known["grad"] = node.grad
        graph.add_node(called[node], **known)
        for place, (child, partial) in enumerate(zip(node.inputs, node.partials)):
            graph.add_edge(called[child], called[node], key=place, partial=partial)
    return graph
