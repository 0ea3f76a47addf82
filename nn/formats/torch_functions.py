"""The operations of the table as functions of PyTorch's tensors."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional

from autograd import ops
from autograd.op import Op
from autograd.operand import Unknown, traced
from autograd.ops import TABLE

# PyTorch's own, which users expect in a network of PyTorch's; it has their derivatives.
NATIVE: dict[Op, Callable[..., Any]] = {
    ops.add: operator.add,
    ops.sub: operator.sub,
    ops.mul: operator.mul,
    ops.div: operator.truediv,
    ops.neg: operator.neg,
    **{
        TABLE[name]: getattr(torch, name)
        for name in "pow exp log expm1 log1p sqrt tanh sigmoid relu sin cos tan sinh cosh atan "
        "atan2 erf abs maximum minimum".split()
    },
    ops.leaky_relu: functional.leaky_relu,
    ops.elu: functional.elu,
    ops.silu: functional.silu,
    ops.gelu: functional.gelu,
    ops.normal_cdf: torch.special.ndtr,
}


def _softplus(x: Any) -> Any:
    return torch.logaddexp(x, torch.zeros_like(x))  # its own is x from 20 on


def _sign(x: Any) -> Any:
    return torch.where(x.isnan(), x, torch.sign(x))  # its own is 0 at nan


def _step(x: Any) -> Any:
    return _sign(x).clamp(min=0)


def _above(a: Any, b: Any) -> Any:
    half = ((a > b).to(a.dtype) + (a >= b).to(a.dtype)) / 2
    return torch.where(a.isnan() | b.isnan(), torch.nan, half)


def _strong_mul(a: Any, b: Any) -> Any:
    return torch.where(a == 0, torch.zeros_like(a), a * b)


def _sech2(x: Any) -> Any:
    t = torch.exp(-2 * x.abs())
    return 4 * t / (1 + t) ** 2


def _exp_mul(a: Any, b: Any) -> Any:
    return torch.exp(a * b)


# The value alone; the derivative comes from the rule in the table.
VALUES: dict[Op, Callable[..., Any]] = {
    ops.softplus: _softplus,
    ops.hypot: torch.hypot,  # whose derivatives at (0, 0) are nan
    ops.sign: _sign,
    ops.step: _step,
    ops.above: _above,
    ops.strong_mul: _strong_mul,
    ops.sech2: _sech2,
    ops.exp_mul: _exp_mul,
}


class Function:
    """An operation of one input on tensors of any shape. It can be pickled, if the operation can.

    Raises:
        ValueError: only Python can compute the operation.
    """

    def __init__(self, op: Op) -> None:
        self.op = op
        try:
            point = torch.ones(1, dtype=torch.float64, device="cpu", requires_grad=True)
            torch.autograd.grad(self(point).sum(), point)
        except Exception as error:  # a function of the user's may be any Python
            raise ValueError(
                f"PyTorch cannot run the operation {op.name!r}, whose forward or derivative is not "
                "written in arithmetic and other operations: write it so, or take the parameters "
                "alone, by save_torch"
            ) from error

    def __call__(self, x: Any) -> Any:
        """The operation on each element."""
        return _apply(self.op, x)

    def __repr__(self) -> str:
        return str(self.op.name)


def _apply(op: Op, *tensors: Any) -> Any:
    """An operation on tensors, all of one shape, which PyTorch can differentiate any number of
    times."""
    if op in NATIVE:
        return NATIVE[op](*tensors)
    if isinstance(op, ops.Power):
        return tensors[0] ** op.exponent
    return _OfTable.apply(op, *tensors)


class _OfTable(torch.autograd.Function):  # type: ignore[misc]
    """An operation with the derivatives of its rule."""

    generate_vmap_rule = True

    @staticmethod
    def forward(op: Op, *tensors: Any) -> Any:
        """The value."""
        if op in VALUES:
            return VALUES[op](*tensors)
        with traced():
            result = op.apply([_Operand(x) for x in tensors])
        return _tensor(result, tensors[0]).clone()  # PyTorch wants a result of its own

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep what the rule takes."""
        context.op = inputs[0]
        context.save_for_backward(output, *inputs[1:])

    @staticmethod
    def backward(context: Any, gradient: Any) -> tuple[Any, ...]:
        """The gradient by each input."""
        output, *tensors = context.saved_tensors
        with traced():
            rule = context.op.apply_rule(_Operand(output), [_Operand(x) for x in tensors])
        return (None, *(gradient * _tensor(partial, output) for partial in rule))


class _Operand(Unknown):
    """A tensor as an operand of the rules. It has many numbers, so it refuses to be compared."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> _Operand:
        """The operation on operands and numbers."""
        like = next(x.tensor for x in inputs if isinstance(x, _Operand))
        tensors = [_tensor(x, like) for x in inputs]
        if op.arity is None:
            # Those of any number of inputs are written by the others.
            return _Operand(_SEVERAL[op](torch.stack(torch.broadcast_tensors(*tensors))))
        return _Operand(_apply(op, *tensors))


_SEVERAL: dict[Op, Callable[..., Any]] = {
    ops.sum: functools.partial(torch.sum, dim=0),
    ops.logsumexp: functools.partial(torch.logsumexp, dim=0),
    ops.norm: functools.partial(torch.linalg.vector_norm, dim=0),
}


def _tensor(x: Any, like: Any) -> Any:
    """What a rule computes with as a tensor."""
    return x.tensor if isinstance(x, _Operand) else torch.full_like(like, float(x))
