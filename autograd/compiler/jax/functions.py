"""Operations as functions of JAX arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from autograd.compiler.jax.dialect import JAX
from autograd.compiler.numpy.kernels import arithmetic, of_kernel
from autograd.compiler.recording.record import CompileError
from autograd.ops import Op


@functools.cache
def function(op: Op) -> Callable[..., Any]:
    """A function of arrays, which are of one shape or broadcast.

    Raises:
        CompileError: only Python can compute the operation.
    """
    if kernel := JAX.kernel(op):
        return of_kernel(kernel, op, {"np": jnp, "jax": jax})
    found = arithmetic(op)
    if found is None:
        raise only_python(op.name)
    return found


def only_python(name: str) -> CompileError:
    """The error for an operation that JAX cannot run."""
    return CompileError(
        f"JAX cannot run the operation {name!r}, whose forward is not written in arithmetic "
        "and other operations: write it so, or leave backend='jax' out"
    )
