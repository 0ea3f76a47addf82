"""Operations as functions of JAX arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from autograd.compiler.jax.dialect import JAX
from autograd.compiler.numpy.kernels import arithmetic, of_kernel
from autograd.compiler.recording.record import CompileError
from autograd.compiler.update import Traced
from autograd.operand import traced
from autograd.ops import Op


@functools.cache
def function(op: Op) -> Callable[..., Any]:
    """A function of arrays, which are of one shape or broadcast.

    Raises:
        CompileError: only Python can compute the operation.
    """
    if kernel := JAX.kernel(op):
        return of_kernel(kernel, op, {"np": jnp, "jax": jax})
    found = arithmetic(op) or _in_other_operations(op)
    if found is None:
        raise only_python(op.name)
    return found


def results(found: Traced, given: Sequence[Any], of: Callable[[Op], Any]) -> list[Any]:
    """What a list of operations computes from the arrays at its first places, where ``of`` gives
    the function of an operation."""
    known: dict[int, Any] = {place: x for place, x in enumerate(found.start) if x is not None}
    known.update(enumerate(given))
    for op, inputs, out in found.traced:
        known[out] = of(op)(*[known[i] for i in inputs])
    return [known[i] for i in found.results]


def _in_other_operations(op: Op) -> Callable[..., Any] | None:
    """The function of an operation, such as silu, whose forward is arithmetic and operations."""
    if op.arity is None:
        return None
    try:
        with traced():
            found = Traced(lambda _, *xs: (op.apply(xs),), [False] * (op.arity - 1))
    except Exception:  # whatever a user's function raises on what is not a number
        return None
    return lambda *xs: results(found, [None, *xs], function)[0]


def only_python(name: str) -> CompileError:
    """The error for an operation that JAX cannot run."""
    return CompileError(
        f"JAX cannot run the operation {name!r}, whose forward is not written in arithmetic "
        "and other operations: write it so, or leave backend='jax' out"
    )
