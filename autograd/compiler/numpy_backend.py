"""The NumPy backend: the program's own source, executed."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compiler import numpy_source
from autograd.compiler.program import Floats, Program


def write(program: Program) -> str:
    """The program as NumPy source; see ``numpy_source.write``."""
    return numpy_source.write(program).text


def load(source: numpy_source.Source) -> Callable[..., Any]:
    """The function of a source."""
    digest = hashlib.sha256(source.text.encode()).hexdigest()[:12]
    file = f"<numpy program {digest}>"
    # So that a traceback shows its lines.
    linecache.cache[file] = (len(source.text), None, source.text.splitlines(True), file)
    namespace: dict[str, Any] = dict(source.functions)
    exec(compile(source.text, file, "exec"), namespace)
    function: Callable[..., Any] = namespace.get("value_and_grad") or namespace["forward"]
    return function


def evaluate(program: Program) -> Callable[[Sequence[Floats], Floats], tuple[Any, ...]]:
    """A function of the arguments, (batch, n) each, and of all parameters as one vector.

    It returns the results, (batch, outputs); how many guards fail for each row; and, if the
    program has gradients, their sum over the rows as one vector, or by the arguments as a list.
    """
    function = load(numpy_source.write(program))
    guarded = program.failures is not None
    blocks = program.blocks

    def run(arguments: Sequence[Floats], theta: Floats) -> tuple[Any, ...]:
        batch = len(arguments[0]) if arguments else 1
        arrays = [theta[block.lanes].reshape(block.array.shape) for block in blocks]
        with np.errstate(all="ignore"):
            returned = function(*arguments, *arrays)
        value, *rest = returned if guarded or program.gradients else (returned,)
        values = _rows(value, batch, 1 if program.single else program.outputs.size)
        failures = _rows(rest.pop(0), batch, 1)[:, 0] if guarded else np.zeros(batch)
        if not program.gradients:
            return values, failures
        if program.arguments and program.arguments[0] in program.gradients:
            by_arguments: list[Any] = rest[len(blocks) :]
            shaped = [np.broadcast_to(g, a.shape) for g, a in zip(by_arguments, arguments)]
            return values, failures, shaped
        gradient = np.zeros_like(theta)
        for block, part in zip(blocks, rest):
            gradient[block.lanes] = np.reshape(part, -1)
        return values, failures, gradient

    return run


def _rows(x: Any, batch: int, width: int) -> Floats:
    """A result as (batch, width), also if it is the same for all rows."""
    array = np.asarray(x)
    if array.size == width and (batch > 1 or array.ndim == 0):
        array = np.broadcast_to(array.reshape(1, width), (batch, width))
    return array.reshape(batch, width)
