"""Operations as JAX functions that have the derivatives of the operation table.

JAX could differentiate what an operation computes, but not as accurately (1 - tanh² is 0 from 19
on), nor always with the same result at a corner (of ``maximum(x, 0)`` it gives 0.5 at 0).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from autograd.compiler.jax.dialect import JaxDialect
from autograd.compiler.jax.functions import function, results
from autograd.compiler.numpy.kernels import Kernel, arithmetic
from autograd.compiler.update import Traced
from autograd.op import Op
from autograd.ops import TABLE, Power


class DifferentiableDialect(JaxDialect):
    """The texts of a function that JAX differentiates: an operation is an attribute of ``_op``."""

    pairs = False

    def kernel(self, op: Op) -> Kernel | None:
        """The text of an operation. (JAX differentiates powers, and those of any number of
        inputs, itself.)"""
        known = super().kernel(op)
        if known is None or op.arity is None or isinstance(op, Power):
            return known
        return Kernel(f"_op.{op.name}({', '.join(['{}'] * op.arity)})")


class Operations:
    """What the text calls ``_op``."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return differentiable(TABLE[name])


@functools.cache
def differentiable(op: Op) -> Callable[..., Any]:
    """The operation on JAX arrays of one shape, or that broadcast. Its derivatives, of any order,
    are traced from its rule."""
    if known := arithmetic(op):
        return known

    def with_tangents(xs: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        y = computed(*xs)
        pairs = zip(_derivatives(op, y, xs), tangents)
        return y, functools.reduce(jnp.add, (d * t for d, t in pairs))

    computed: Any = jax.custom_jvp(function(op))
    computed.defjvp(with_tangents)
    return computed  # type: ignore[no-any-return]


def _derivatives(op: Op, y: Any, xs: tuple[Any, ...]) -> list[Any]:
    """The derivatives by each input at a point."""
    rule = Traced(op.rule, [False] * (len(xs) - 1))
    return results(rule, [y, *xs], differentiable)
