"""What the tape and its kernels agree on: the codes of operations, of steps and of operands."""

from __future__ import annotations

from autograd import ops
from autograd.ops import Op

OPS = (
    ops.add,
    ops.sub,
    ops.mul,
    ops.div,
    ops.neg,
    ops.sum,
    ops.sign,
    ops.step,
    ops.above,
    ops.strong_mul,
    ops.pow,
    ops.exp,
    ops.log,
    ops.sqrt,
    ops.logsumexp,
    ops.sech2,
    ops.tanh,
    ops.sigmoid,
    ops.softplus,
    ops.relu,
    ops.sin,
    ops.cos,
    ops.abs,
    ops.maximum,
    ops.minimum,
)
"""The operations that every kernel knows. An operation's place here is its code."""

CODES = {op: code for code, op in enumerate(OPS)}
POWER = len(OPS)
"""Codes from here on are powers, x ** exponents[code - POWER], and then the tape's ``others``."""

MIXED, RUN = -1, -2
"""Codes of steps only: lanes of add, sub and mul together; and nodes one after the other."""

SLICE, SAME, GATHER = 0, 1, 2
"""How the operands of a vector step lie."""

ONCE = 4
"""Added to SLICE or GATHER where nothing else reads those operands: then their adjoints are set,
neither zeroed nor added to."""


def supports(op: Op) -> bool:
    """Whether native kernels know the operation: a built-in one, or a power of a fixed number.
    NumPy's compute any other in Python."""
    return op in CODES or isinstance(op, ops.Power)
