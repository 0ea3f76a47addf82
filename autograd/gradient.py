"""grad: derivatives as Values, which can be differentiated again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

from autograd import modes
from autograd.value import Value, topological_order


@overload
def grad(output: Value, inputs: Value, create_graph: bool = ...) -> Value: ...


@overload
def grad(output: Value, inputs: Iterable[Value], create_graph: bool = ...) -> list[Value]: ...


def grad(
    output: Value, inputs: Value | Iterable[Value], create_graph: bool = False
) -> Value | list[Value]:
    """The derivatives of ``output`` by each of ``inputs``, as Values; no ``grad`` is touched.

    Args:
        output: the value to differentiate.
        inputs: one Value, or several; leaves or not.
        create_graph: record the derivatives themselves, so that they can be differentiated
            again. Otherwise they are leaves.

    Returns:
        One Value for one input, a list for several; 0 for an input that ``output`` was not made
        from.

    Raises:
        TypeError: ``output`` is no Value, or ``inputs`` are not Values.
    """
    if isinstance(inputs, Value):
        return grad(output, [inputs], create_graph)[0]
    targets = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    recorder = modes.switches.recorder
    if recorder and not create_graph:
        # While a function is compiled a number would hold for one row only.
        return [recorder.detached(v) for v in grad(output, targets, create_graph=True)]
    for v in (output, *targets):
        if not isinstance(v, Value):
            raise TypeError(f"grad differentiates a Value by Values; got {type(v).__name__}")
    order = topological_order(output)
    on_the_way = set(targets)
    for node in order:
        if any(child in on_the_way for child in node.inputs):
            on_the_way.add(node)
    adjoints: dict[Value, Any] = {output: Value(1.0) if create_graph else 1.0}
    for node in reversed(order):
        if node.op is None or node not in on_the_way:
            continue
        adjoint = adjoints[node]
        partials: Sequence[Any] = node.partials
        if create_graph:
            partials = node.op.apply_rule(node, node.inputs)
        for child, partial in zip(node.inputs, partials, strict=True):
            if child in on_the_way:
                plain_one = type(partial) is float and partial == 1
                term = adjoint if plain_one else partial * adjoint
                adjoints[child] = adjoints[child] + term if child in adjoints else term
    found = [adjoints.get(v, 0.0) for v in targets]
    return [x if isinstance(x, Value) else Value(x) for x in found]
