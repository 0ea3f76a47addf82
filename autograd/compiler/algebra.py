"""The operations whose algebra the compiler uses, each with the reason.

The compiler knows all other operations by their definition alone: it traces their rules, and calls
the kernel that an executor may have for their value.
"""

from __future__ import annotations

from autograd import ops

ALGEBRA = {
    ops.add: "a chain of additions is one sum; the partials are 1",
    ops.sub: "a sum may subtract some of its terms",
    ops.neg: "a sum may subtract all of its terms; -1 times x is -x",
    ops.sum: "a sum may be taken in parts, along an axis, and over the batch",
    ops.mul: "sums of products are products of matrices; factors commute; 1 times x is x",
    ops.div: "x / n is easier to read than 1/n times x",
}
"""Besides these, ``ops.Power``: executors write x ** n with the number n in its place."""
