"""A graph as the page reads it: plain lists, dictionaries, numbers and text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.names import given_names
from autograd.neurons import LARGEST, Neuron, find_neurons, sizes_of
from autograd.ops import Op
from autograd.page.program import (
    encoded,
    forward_program,
    rule_program,
    written,
    written_rule,
)
from autograd.value import Value, topological_order


def exported(value: Value, names: object = None) -> dict[str, Any]:
    """The graph of ``value``: its nodes in topological order, their operations, its neurons."""
    nodes = topological_order(value)
    rows: dict[tuple[Op, int], int] = {}
    place = {id(node): i for i, node in enumerate(nodes)}
    entries = [_node(node, place, rows) for node in nodes]
    neurons = find_neurons(nodes)
    given = given_names(names)
    known = [given.get(node) or node.label for node in nodes]
    for entry, before, name in zip(entries, known, _completed(known, neurons)):
        entry["name"] = name
        if not before:
            entry["anonymous"] = True
    return {
        "nodes": entries,
        "ops": [_op(op, n) for op, n in rows],
        "neurons": [_neuron(neuron) for neuron in neurons],
        "sizes": sizes_of(nodes),
        "largest": LARGEST["neurons"],
    }


def _node(node: Value, place: dict[int, int], rows: dict[tuple[Op, int], int]) -> dict[str, Any]:
    entry: dict[str, Any] = {"label": node.label, "data": encoded(node.data)}
    if node.grad is not None:
        entry["grad"] = encoded(node.grad)
    if node.source:
        entry["source"] = _shortened(node.source)
    if node.op is not None:
        entry["op"] = rows.setdefault((node.op, len(node.inputs)), len(rows))
        entry["inputs"] = [place[id(child)] for child in node.inputs]
        entry["partials"] = [encoded(partial) for partial in node.partials]
    return entry


def _op(op: Op, n: int) -> dict[str, Any]:
    taught = rule_program(op, n, taught=True)
    return {
        "name": op.name,
        "symbol": op.symbol,
        "precedence": op.precedence,
        "text": written(op, n),
        "derivatives": written_rule(taught, n),
        "forward": forward_program(op, n),
        "rule": rule_program(op, n),
        "taught": taught,
    }


def _neuron(neuron: Neuron) -> dict[str, Any]:
    return {
        "output": neuron.output,
        "total": neuron.total,
        "connections": [[c.product, c.weight, c.input] for c in neuron.connections],
        "biases": neuron.biases,
        "partialSums": neuron.partial_sums,
        "layer": neuron.layer,
    }


def _completed(known: Sequence[str], neurons: Sequence[Neuron]) -> list[str]:
    """What formulas call each node: its known name, or one made up that no other has.

    The output is ``out``, the third neuron of layer 1 ``n1.3``, its second weight ``w1.3.2``, its
    bias ``b1.3``, and anything else ``v1``, ``v2`` and so on.
    """
    taken = set(known)
    names = list(known)
    numbers = (f"v{i}" for i in range(1, 2 * len(known) + 2))
    fresh = (name for name in numbers if name not in taken)
    proposals = [(len(known) - 1, "out"), *_parts_of_neurons(neurons)]
    for place, name in proposals:
        if not names[place] and name not in taken:
            names[place] = name
            taken.add(name)
    return [name or next(fresh) for name in names]


def _parts_of_neurons(neurons: Sequence[Neuron]) -> Iterator[tuple[int, str]]:
    """Places and the names proposed for them."""
    seen: Counter[int] = Counter()
    for neuron in reversed(neurons):  # first used, last in topological order
        seen[neuron.layer] += 1
        number = f"{neuron.layer}.{seen[neuron.layer]}"
        yield neuron.output, f"n{number}"
        yield from ((c.weight, f"w{number}.{i}") for i, c in enumerate(neuron.connections, 1))
        yield from ((bias, f"b{number}") for bias in neuron.biases)


def _shortened(source: str) -> str:
    """The line that recorded a node without its folder, which is nobody else's business."""
    found = re.match(r"(.*?)(:\d+(?:: .*)?)\Z", source, re.DOTALL)
    if not found:
        return source
    return re.split(r"[/\\]", found[1])[-1] + found[2]
