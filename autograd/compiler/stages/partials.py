"""Partials: the derivatives of an operation as instructions, traced from its rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compiler.program import View
from autograd.compiler.stages.expand import one_for_each, partial_in_python
from autograd.compiler.stages.term import Term
from autograd.ops import Op


def rule(op: Op, y: Term, xs: Sequence[Term]) -> Sequence[View | float]:
    """The partials of an operation, traced from its rule, or where that cannot be traced computed
    in Python, number by number."""
    try:
        partials = [_plain(p) for p in op.apply_rule(y, xs)]
        if len(partials) != len(xs):
            raise ValueError(one_for_each(op, partials, xs))
        return partials
    except Exception:  # whatever a user's rule raises on what is not a number
        shape, views = y.view.shape, [x.view for x in xs]
        by_each = (partial_in_python(op, place) for place in range(len(xs)))
        return [y.writer.map(partial, views, shape) for partial in by_each]


def _plain(p: Any) -> View | float:
    return p.view if isinstance(p, Term) else float(p)
