"""The operations whose algebra the compiler uses, each with the reason.

The compiler knows all other operations by their definition alone: it traces their rules, and calls
the kernel that an executor may have for their value.
"""

from __future__ import annotations

from autograd import ops
from autograd.ops import Op

ALGEBRA = {
    ops.add: "a chain of additions is one sum; the partials are 1",
    ops.sub: "a sum may subtract some of its terms",
    ops.neg: "a sum of which all terms are subtracted; -1 times x",
    ops.sum: "a sum may be taken in parts, along an axis, and over the batch",
    ops.mul: "a sum of products is a product of matrices; 1 times x is x, in whichever order",
    ops.div: "1/n times x is read better as x / n",
}
"""Besides these the compiler knows ``power(n)`` by ``exponent_of``: executors write x**n."""


def exponent_of(op: Op) -> float | None:
    """The n of ``power(n)``; None for any other operation."""
    return float(op.name[6:-1]) if op.name.startswith("power(") and not op.registered else None
