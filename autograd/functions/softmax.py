"""softmax and log_softmax: lists of Values, made of the operations of the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd import ops
from autograd.given import listed


def softmax(xs: Iterable[Any]) -> list[Any]:
    """e^x / (e^x1 + e^x2 + ...) for each of n Values or numbers: a list of n that add up to 1.

    The largest may be as large as it likes. An x of -inf has a share of 0, and no gradient.

    Raises:
        TypeError: one is neither a Value nor a number.
        ValueError: there is none.
    """
    given = _some(xs)
    y = ops.logsumexp(given)
    return list(ops.shares([ops.exp(x - y) for x in given]))


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """The logarithms of ``softmax(xs)``, with the digits that these lose near 0 and 1."""
    given = _some(xs)
    # The first y is rounded. What that leaves is the logsumexp of what is left.
    for _ in range(2):
        y = ops.logsumexp(given)
        given = [x - y for x in given]
    return given


def _some(xs: Iterable[Any]) -> list[Any]:
    given = listed(xs, "softmax and log_softmax take a list of numbers or Values")
    if not given:
        raise ValueError("softmax and log_softmax need at least one number; got none")
    return given
