"""Arrays as operands: rules written for numbers, carried out on many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.numpy.kernels import function
from autograd.operand import Operand
from autograd.ops import Op


class Lanes(Operand, np.ndarray[Any, np.dtype[Any]]):  # type: ignore[misc]
    """An array to which the operations of the table can be applied, element by element.

    Made from any array without a copy: ``array.view(Lanes)``.
    """

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> Lanes:
        """The operation on arrays and numbers, of which at least one is an array of lanes."""
        plain = [x.view(np.ndarray) if isinstance(x, Lanes) else x for x in inputs]
        return np.asarray(function(op)(*plain)).view(Lanes)
