"""grad: derivatives as Values, to be differentiated again; gradcheck: finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from autograd import modes
from autograd.deprecation import renamed
from autograd.leaves import DERIVATIVE
from autograd.real import as_float
from autograd.value import Value, make_node, topological_order


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
        TypeError: ``output`` is not a Value, or ``wrt`` holds something else than Values.
        AnomalyError: under ``detect_anomaly``, a derivative on the way is not finite.
    """
    if isinstance(wrt, Value):
        return grad(output, [wrt], create_graph)[0]
    targets = list(wrt) if isinstance(wrt, Iterable) else [wrt]
    for v in (output, *targets):
        if not isinstance(v, Value):
            raise TypeError(f"grad differentiates a Value by Values; got {type(v).__name__}")
    return recorded(output, targets) if create_graph else computed(output, targets)


def computed(output: Value, targets: Sequence[Value]) -> list[Value]:
    """The derivatives as leaves, from the partials that the nodes remember."""
    found = _accumulated(output, targets, 1.0, lambda node: node.partials)
    return [make_node(x, 0, DERIVATIVE) for x in found]


def recorded(output: Value, targets: Sequence[Value]) -> list[Value]:
    """The derivatives as Values with a graph, by the rule of each operation."""

    def partials(node: Value) -> Sequence[Any]:
        assert node.op is not None
        return node.op.apply_rule(node, node.inputs)

    found = _accumulated(output, targets, Value(1.0), partials)
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


def gradcheck(
    function: Callable[..., Value],
    inputs: Sequence[Value | float],
    *,
    step: float = 1e-3,
    tolerance: float = 1e-6,
) -> bool:
    """Compare the derivatives of ``function`` at ``inputs`` with central differences.

    Args:
        function: it takes one Value per input and returns one.
        inputs: the point, clear of corners such as relu at 0.
        step: the largest step of the differences, relative to an input above 1.
        tolerance: how far the two may differ, relative to the derivative or to 1, the larger.

    Returns:
        True.

    Raises:
        GradcheckError: they differ; the message shows both, for the first input where they do.
        TypeError: ``function`` is not a function or returns something else than a Value, or an
            input is not a number.

    Richardson extrapolation: the quotients at ``step``, at half of it and at a quarter lead to a
    step of 0, with an error of the order of step⁶.
    """
    if not callable(function) or not isinstance(inputs, Iterable):
        raise TypeError(
            f"gradcheck takes a function and a list with one number per argument, as in "
            f"gradcheck(lambda x, y: x * y, [2.0, 3.0]); got {function!r} and {inputs!r}"
        )
    point = [x.data if isinstance(x, Value) else as_float(x) for x in inputs]
    leaves = [Value(x) for x in point]
    output = _called(function, leaves)
    for i, analytic in enumerate(grad(output, leaves)):
        numeric = _derivative(function, point, i, step * max(1.0, abs(point[i])))
        if not abs(analytic.data - numeric) <= tolerance * max(1.0, abs(numeric)):
            raise GradcheckError(
                f"derivative by input {i} at {point}: the chain rule gives {analytic.data:.10g}, "
                f"finite differences {numeric:.10g}. A rule may be wrong, or a corner may be near"
            )
    return True


def _called(function: Callable[..., Value], inputs: Iterable[Value]) -> Value:
    output = function(*inputs)
    if not isinstance(output, Value):
        raise TypeError(
            f"gradcheck needs a function that computes with its Values, and not with their .data, "
            f"and returns a Value; got {type(output).__name__} {output!r}"
        )
    return output


class GradcheckError(AssertionError):
    """A derivative that finite differences contradict."""


def _derivative(
    function: Callable[..., Value], point: Sequence[float], i: int, step: float
) -> float:
    def quotient(h: float) -> float:
        above, below = list(point), list(point)
        above[i] += h
        below[i] -= h
        rise = _called(function, map(Value, above)).data - _called(function, map(Value, below)).data
        return rise / (above[i] - below[i])

    first, second, third = quotient(step), quotient(step / 2), quotient(step / 4)
    better, best = second + (second - first) / 3, third + (third - second) / 3
    return best + (best - better) / 15
