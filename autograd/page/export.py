"""A graph in the form that the page reads: lists, dictionaries, numbers and text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence, Set
from typing import Any

from autograd.formulas import written_partials
from autograd.neurons import LARGEST, FoundNeuron, sizes_of
from autograd.nodes.by_hand import BY_HAND
from autograd.op import Op
from autograd.ops import Power
from autograd.page.program import PageProgram, encoded, forward_program, rule_program, run_steps
from autograd.reading import Reading
from autograd.real import same_number
from autograd.symbols import ATOM, Symbol, within, write_op
from autograd.value import Value

CURVE = 101  # points on the curve of an operation that the page cannot compute
LONGEST = 400  # letters of a derivative that is shown


def exported(value: Value, names: object = None) -> dict[str, Any]:
    """The graph of ``value``: its nodes in reading order, their operations, its neurons."""
    reading = Reading(value, names)
    nodes = reading.nodes
    place = {id(node): i for i, node in enumerate(nodes)}
    ops: dict[tuple[Op, int], int] = {}
    op_entries: list[dict[str, Any]] = []
    for node in nodes:
        if node.op is not None and (node.op, len(node.inputs)) not in ops:
            ops[node.op, len(node.inputs)] = len(ops)
            op_entries.append(operation_entry(node.op, [child.data for child in node.inputs]))
    entries = [_node(node, place, ops) for node in nodes]
    opaque = {i for i, entry in enumerate(op_entries) if entry["forward"] is None}
    if opaque:
        _add_what_python_knows(nodes, entries, opaque)
    for entry, node in zip(entries, nodes):
        entry.update(_called(node, reading))
    return {
        "nodes": entries,
        "ops": op_entries,
        "neurons": [_neuron(neuron) for neuron in reading.neurons],
        "sizes": sizes_of(nodes, reading.neurons),
        "largest": LARGEST["neurons"],
    }


def _node(node: Value, place: dict[int, int], ops: dict[tuple[Op, int], int]) -> dict[str, Any]:
    entry: dict[str, Any] = {"data": encoded(node.data)}
    if node.has_grad:
        entry["grad"] = encoded(node.grad)
    if node.source:
        entry["source"] = _shortened(node.source)
    if node.op is not None:
        entry["op"] = ops[node.op, len(node.inputs)]
        entry["inputs"] = [place[id(child)] for child in node.inputs]
        entry["partials"] = [encoded(partial) for partial in node.partials]
    return entry


# --- operations ---


def _needed(op: Op, place: int) -> int:
    """The precedence from which on an operand needs no parentheses; 0 if none needs them."""
    operands = (Symbol("a + b", "", precedence=p) for p in range(ATOM))
    return sum(within(op, place, operand).text != operand.text for operand in operands)


def operation_entry(op: Op, xs: Sequence[float]) -> dict[str, Any]:
    """How the operation is written, and its programs; ``xs`` is one place where to check them."""
    n = len(xs)
    forward, rule = forward_program(op, n), rule_program(op, n)
    if forward is None or rule is None or not _is_faithful(op, xs, forward, rule):
        forward = rule = None
    inputs = [_blank(place) for place in range(n)]
    return {
        "name": op.name,
        "symbol": op.symbol,
        "why": "a value made by hand has no rule" if op is BY_HAND else None,
        "precedence": write_op(op, inputs).precedence,
        "needs": [_needed(op, place) for place in range(n)],
        "text": _parts(write_op(op, inputs)),
        "derivatives": _derivatives(op, inputs),
        "forward": forward,
        "rule": rule,
        "taught": rule and rule_program(op, n, taught=True),
    }


def _is_faithful(op: Op, xs: Sequence[float], forward: PageProgram, rule: PageProgram) -> bool:
    """Whether the programs give the numbers that Python gives at ``xs``.

    Tracing cannot see everything: a function may ask for the type of its operand, or for the time.
    """
    if op.is_built_in or isinstance(op, Power):
        return True
    numbers = _evaluated(op, xs)
    traced = [*run_steps(forward, xs), *run_steps(rule, [*xs, numbers[0]])]
    return all(map(same_number, traced, numbers))


def _derivatives(op: Op, inputs: Sequence[Symbol]) -> list[list[str | int] | None]:
    """Each derivative as it is taught: text, with the places of inputs; the output's is n."""
    try:
        written = written_partials(op, _blank(len(inputs)), inputs)
    except TypeError:
        return [None] * len(inputs)
    return [_parts(x) if len(x.text) < LONGEST else None for x in written]


def _blank(place: int) -> Symbol:
    """A gap in a formula that the page fills with a name or a number."""
    return Symbol(f"\0{place}\0", "")


def _parts(written: Symbol) -> list[str | int]:
    return [int(part) if i % 2 else part for i, part in enumerate(written.text.split("\0"))]


# --- what the page cannot compute ---


def _add_what_python_knows(
    nodes: Sequence[Value], entries: Sequence[dict[str, Any]], opaque: Set[int]
) -> None:
    """Give the nodes of opaque operations a curve, and the newest numbers where leaves changed.

    The leaves may have been assigned since the graph was recorded. The page recomputes the rest by
    itself, but these numbers only Python can compute.
    """
    data: dict[Value, float] = {}
    for node, entry in zip(nodes, entries):
        if node.op is None:
            data[node] = node.data
            continue
        if node.op is BY_HAND:  # its numbers were given
            data[node] = node.data
            continue
        xs = [data[child] for child in node.inputs]
        numbers = _evaluated(node.op, xs)
        data[node] = numbers[0]
        if entry["op"] not in opaque:
            continue
        if not all(map(same_number, numbers, (node.data, *node.partials))):
            entry["now"] = [encoded(x) for x in numbers]
        if len(xs) == 1:
            entry["curve"] = _curve(node.op, node.inputs[0].data)


def _evaluated(op: Op, xs: Sequence[float]) -> list[float]:
    """The value and the local derivatives; nan where the operation fails."""
    try:
        y, by_input = op.evaluate(xs)
    except Exception:  # it may be any Python
        return [math.nan] * (1 + len(xs))
    return [y, *by_input]


def _curve(op: Op, x: float) -> list[tuple[float, float]]:
    """Finite points of an operation of one input, around ``x``."""
    reach = 2 * max(1.0, abs(x))
    points: list[tuple[float, float]] = []
    for i in range(CURVE):
        at = x + reach * (2 * i / (CURVE - 1) - 1)
        try:
            y = op.compute([at])
        except Exception:  # outside of its domain
            continue
        if math.isfinite(at) and math.isfinite(y):
            points.append((float(f"{at:.6g}"), float(f"{y:.6g}")))
    return points


# --- neurons and names ---


def _neuron(neuron: FoundNeuron) -> dict[str, Any]:
    return {
        "output": neuron.output,
        "total": neuron.total,
        "connections": [[c.product, c.weight, c.input] for c in neuron.connections],
        "biases": neuron.biases,
        "partialSums": neuron.partial_sums,
        "layer": neuron.layer,
    }


def _called(node: Value, reading: Reading) -> dict[str, Any]:
    """What a node is called, whether that was made up, and what a leaf is for."""
    name, short = reading.names[node], reading.names.pictured[node]
    called: dict[str, Any] = {"name": name}
    if short != name:
        called["pictured"] = short
    if node not in reading.names:
        called["anonymous"] = True
    if node.op is None:
        called["role"] = reading.role(node)
    return called


def _shortened(source: str) -> str:
    """The line that recorded a node, without its folder, which may be private."""
    found = re.match(r"(.*?)(:\d+(?:: .*)?)\Z", source, re.DOTALL)
    if not found:
        return source
    return re.split(r"[/\\]", found[1])[-1] + found[2]
