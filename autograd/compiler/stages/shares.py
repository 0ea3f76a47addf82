"""Shares: a softmax, however it is written, does not depend on what is subtracted from its scores.

``e = exp(x - m); e / sum(e)`` is the same for each m, be it the largest x or their logsumexp: m
only keeps the exponentials small. So m has no part in the gradient, and its backward pass, which
would add up to 0 but for rounding, is left out.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from autograd import ops
from autograd.compiler.algebra import EXPONENTIAL, PRODUCTS
from autograd.compiler.program import Array, Indices, Instruction, Map, Program, Reduce


def shifted(program: Program) -> set[Array]:
    """The results of the subtractions ``x - m`` in which m does not matter.

    Args:
        program: of the results.
    """
    uses: dict[Array, list[Instruction]] = defaultdict(list)
    for i in program.instructions:
        for array in {v.array for v in i.operands}:
            uses[array].append(i)
    seen = {v.array for v in program.ends()}
    return {
        i.out
        for i in program.instructions
        if isinstance(i, Map) and i.op is ops.sub and _in_softmax(i, uses, seen)
    }


def _in_softmax(i: Map, uses: dict[Array, list[Instruction]], seen: set[Array]) -> bool:
    """Whether the difference is used in one exponential, and that in its sums and its quotients by
    these alone."""
    (e, *others) = uses[i.out] or [i]
    if others or not isinstance(e, Map) or e.op is not EXPONENTIAL or not e.operands[0].whole:
        return False
    sums = [x for x in uses[e.out] if isinstance(x, Reduce) and x.op is ops.sum]
    if len(sums) != 1 or seen & {i.out, e.out} or sums[0].over_batch:
        return False
    (total,) = sums
    lanes = total.operand.lanes().reshape(max(total.out.size, 1), -1)
    if lanes.size != e.out.size or len(np.unique(lanes)) != lanes.size:
        return False
    row = np.empty(lanes.size, np.int64)  # of each exponential
    row[lanes] = np.arange(len(lanes))[:, None]
    m = i.operands[1].lanes().reshape(-1)[lanes]
    if (m != m[:, :1]).any():
        return False
    divisors = {total.out, *(out for x in uses[total.out] if _inverse(x) for out in x.outs)}
    quotients = [x for x in uses[e.out] if x is not total]
    return all(
        isinstance(x, Map) and _divided(x, e.out, row, total.out, divisors) for x in quotients
    )


def _inverse(i: Instruction) -> bool:
    """Whether it is ``1 / total``, element by element."""
    if not isinstance(i, Map) or not i.operands[-1].whole:
        return False
    if i.op is ops.div:
        return i.operands[0].array.literal() == 1
    return isinstance(i.op, ops.Power) and i.op.exponent == -1


def _divided(i: Map, e: Array, row: Indices, total: Array, divisors: set[Array]) -> bool:
    """Whether each exponential is divided by its own sum."""
    if len(i.operands) != 2 or i.operands[0].array is i.operands[1].array:
        return False
    a, b = i.operands if i.operands[0].array is e else i.operands[::-1]
    if a.array is not e or b.array not in divisors:
        return False
    by_sum = i.op is ops.div and a is i.operands[0] and b.array is total
    by_inverse = i.op in PRODUCTS and b.array is not total
    return (by_sum or by_inverse) and bool((row[a.lanes()] == b.lanes()).all())
