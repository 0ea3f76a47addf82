"""grad: derivatives as Values, to be differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from autograd import modes
from autograd.deprecation import renamed
from autograd.given import listed, shown
from autograd.nodes.changed import is_changed, refuse_changed
from autograd.nodes.leaves import DERIVATIVE, check_output
from autograd.value import Value, constant, make_node, topological_order


@overload
def grad(output: Value, wrt: Value, create_graph: bool = ...) -> Value: ...


@overload
def grad(output: Value, wrt: Iterable[Value], create_graph: bool = ...) -> list[Value]: ...


@renamed(inputs="wrt")
def grad(
    output: Value, wrt: Value | Iterable[Value], create_graph: bool = False
) -> Value | list[Value]:
    """The derivatives of ``output`` with respect to each of ``wrt``, as Values.

    No ``grad`` attribute is touched.

    Args:
        output: the value to differentiate.
        wrt: one Value, or several; leaves or not.
        create_graph: record the derivatives themselves, so that they can be differentiated
            again. Otherwise they are leaves.

    Returns:
        One Value for one, a list for several; 0 for a Value that ``output`` was not made from.

    Raises:
        TypeError: ``output`` is not a Value, ``wrt`` holds something else than Values, or
            ``create_graph`` is neither True nor False.
        ValueError: ``output`` is a derivative that ``grad`` gave without ``create_graph``; or, with
            ``create_graph``, a leaf on the way was assigned since ``output`` was recorded. (Without
            it, derivatives are those of the recorded point, as with ``backward``.)
        AnomalyError: under ``detect_anomaly``, a derivative on the way is not finite.
    """
    if isinstance(wrt, Value):
        return grad(output, [wrt], create_graph)[0]
    one = not isinstance(wrt, Iterable) or getattr(wrt, "shape", None) == ()
    what = "grad differentiates a Value by Values"
    targets: list[Any] = [wrt] if one else listed(wrt, what, "wrt")
    for v in (output, *targets):
        if not isinstance(v, Value):
            raise TypeError(f"{what}; got {type(v).__name__}")
    if not isinstance(create_graph, bool):
        raise TypeError(f"create_graph is True or False; got {shown(create_graph)}")
    check_output(output)
    return recorded(output, targets) if create_graph else computed(output, targets)


def computed(output: Value, targets: Sequence[Value]) -> list[Value]:
    """The derivatives as leaves, from the partials that the nodes remember."""
    found = _accumulated(output, targets, 1.0, lambda node: node.partials)
    return [make_node(x, 0, DERIVATIVE) for x in found]


def recorded(output: Value, targets: Sequence[Value]) -> list[Value]:
    """The derivatives as Values with a graph, by the rule of each operation."""

    def partials(node: Value) -> Sequence[Any]:
        assert node.op is not None
        if is_changed(node):
            refuse_changed(topological_order(output), "grad with create_graph=True")
        try:
            return node.op.apply_rule(node, node.inputs)
        except modes.AnomalyError as error:
            told = modes.described(node)
            raise modes.AnomalyError(f"{error}, in the derivative of {told}") from None

    found = _accumulated(output, targets, constant(1.0), partials)
    return [x if isinstance(x, Value) else Value(x) for x in found]


def _accumulated(
    output: Value, targets: Sequence[Value], one: Any, partials: Callable[[Value], Sequence[Any]]
) -> list[Any]:
    """The chain rule in reverse: each node on the way gives its inputs partial * adjoint."""
    watching = modes.switches.watching and not isinstance(one, Value)  # Values were watched
    order = topological_order(output)
    on_the_way = set(targets)
    for node in order:
        if any(child in on_the_way for child in node.inputs):
            on_the_way.add(node)
    adjoints: dict[Value, Any] = {output: one}
    for node in reversed(order):
        if node.op is None or node not in on_the_way:
            continue
        adjoint = adjoints[node]
        for child, partial in zip(node.inputs, partials(node), strict=True):
            if child in on_the_way:
                plain_one = type(partial) is float and partial == 1
                term = adjoint if plain_one else partial * adjoint
                adjoints[child] = adjoints[child] + term if child in adjoints else term
                if watching:
                    modes.check_gradient(child, adjoints[child], node, partial, adjoint)
    return [adjoints.get(v, 0.0) for v in targets]
