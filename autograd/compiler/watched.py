"""Under ``detect_anomaly``: what a compiled function computes, in plain Python first.

Compiled code knows no lines. So the mode runs the function itself for each row, values and
derivatives, and that raises at the first number that is not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.arguments import Key
from autograd.compiler.program import Floats
from autograd.gradient import grad
from autograd.value import Value, topological_order


def watch(
    function: Callable[..., Any], key: Key, arrays: Sequence[Floats], names: Sequence[str]
) -> None:
    """Run the function on each row, and differentiate its results by all that they are made from.

    Args:
        function: of a row of each argument; the last ones go by ``names``.
        key: the width of each argument, None for one number.
        arrays: (batch, n) each.

    Raises:
        AnomalyError: at the first value or gradient that is not finite.
    """
    for row in range(len(arrays[0])):
        leaves = [[Value(x) for x in array[row].tolist()] for array in arrays]
        given = [vs[0] if width is None else vs for width, vs in zip(key, leaves)]
        by_place = len(given) - len(names)
        returned = function(*given[:by_place], **dict(zip(names, given[by_place:])))
        for y in [returned] if isinstance(returned, Value) else returned:
            if isinstance(y, Value):
                grad(y, [v for v in topological_order(y) if v.op is None])
