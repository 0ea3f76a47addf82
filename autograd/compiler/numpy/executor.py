"""The NumPy backend: it runs the source of the program."""

from __future__ import annotations

import functools
import hashlib
import linecache
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd.compiler.executor import Executor
from autograd.compiler.numpy import source as numpy_source
from autograd.compiler.numpy.dialect import NUMPY, Dialect
from autograd.compiler.program import Floats, Indices, Program


class NumpyExecutor(Executor):
    """Runs a program as NumPy source.

    Args:
        program: with gradients or without.
        dtype: of the numbers, float64 or float32.
    """

    name = "numpy"

    def __init__(self, program: Program, dtype: Any = np.float64) -> None:
        self.dtype, self.parameters = np.dtype(dtype), len(program.parameters)
        self._run = evaluate(program)

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        """As ``Executor.rows``."""
        values, failures = self._run(arguments, theta)[:2]
        # Copied, because they may be a part of an argument, or one number for all rows.
        return np.array(values, self.dtype), failures

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        """As ``Executor.gradients``."""
        values, failures, *gradient = self._run(arguments, theta)
        return float(values.sum()), failures, gradient[0] if gradient else np.zeros_like(theta)


def write(program: Program, dtype: Any = np.float64, dialect: Dialect = NUMPY) -> str:
    """The program as source; see ``numpy_source.write``."""
    return numpy_source.write(program, dtype, dialect).text


def load(
    source: numpy_source.NumpySource, known: Mapping[str, Any] = MappingProxyType({})
) -> Callable[..., Any]:
    """The function that a source defines, with the names that it knows. Tracebacks show its
    lines."""
    digest = hashlib.sha256(source.text.encode()).hexdigest()[:12]
    file = f"<numpy program {digest}>"
    linecache.cache[file] = (len(source.text), None, source.text.splitlines(True), file)
    namespace: dict[str, Any] = {**source.functions, **known}
    exec(compile(source.text, file, "exec"), namespace)
    names = (numpy_source.PER_ROW, "value_and_grad", "forward")
    function: Callable[..., Any] = next(namespace[name] for name in names if name in namespace)
    return function


def evaluate(program: Program) -> Callable[[Sequence[Floats], Floats], tuple[Any, ...]]:
    """A function of the arguments, (batch, n) each, and of all parameters as one vector.

    It returns the results, (batch, outputs), which may be a view of an argument; how many guards
    fail for each row, or (0,) without guards; and, if the program has gradients, their sum over
    the rows as one vector, or by the arguments as a list. It computes in float32 if everything
    that it gets is float32.
    """

    @functools.cache
    def function_in(dtype: Any) -> Callable[..., Any]:
        return load(numpy_source.write(program, dtype))

    guarded = program.failures is not None
    blocks = [(_places(block.lanes), block.array.shape) for block in program.blocks]
    by_arguments = bool(program.arguments) and program.arguments[0] in program.gradients

    def run(arguments: Sequence[Floats], theta: Floats) -> tuple[Any, ...]:
        batch = len(arguments[0]) if arguments else 1
        arrays = [theta[lanes].reshape(shape) for lanes, shape in blocks]
        given = [a for a in (*arguments, theta) if a.size]
        function = function_in(np.result_type(*given) if given else theta.dtype)
        with np.errstate(all="ignore"):
            returned = function(*arguments, *arrays)
        value, *rest = returned if guarded or program.gradients else (returned,)
        values = _rows(value, batch, 1 if program.single else program.outputs.size)
        failures = _rows(rest.pop(0), batch, 1)[:, 0] if guarded else np.zeros(0)
        if not program.gradients:
            return values, failures
        if by_arguments:
            # Copied, because a gradient may be a part of an argument, or one number for all rows.
            pairs = zip(rest[len(blocks) :], arguments)
            shaped = [np.array(np.broadcast_to(g, a.shape), a.dtype, order="C") for g, a in pairs]
            return values, failures, shaped
        gradient = np.zeros_like(theta)
        for (lanes, _), part in zip(blocks, rest):
            gradient[lanes] = np.reshape(part, -1)
        return values, failures, gradient

    return run


def _places(lanes: Indices) -> Indices | slice:
    """The lanes as a slice where they follow each other, so that nothing is copied; otherwise as
    integers of the size by which NumPy indexes, so that it need not convert them in each call."""
    first = int(lanes[0]) if len(lanes) else 0
    in_order = np.array_equal(lanes, np.arange(first, first + len(lanes)))
    return slice(first, first + len(lanes)) if in_order else lanes.astype(np.intp)


def _rows(x: Any, batch: int, width: int) -> Floats:
    """A result as (batch, width), even if it is the same for all rows."""
    array = np.asarray(x)
    if array.size == width and (batch > 1 or array.ndim == 0):
        array = np.broadcast_to(array.reshape(1, width), (batch, width))
    return array.reshape(batch, width)
