"""At special values all operations are PyTorch's, except where the table of ``ops.py`` says so."""

import itertools
import math
from math import inf, nan

import pytest

from autograd.ops import TABLE, Power, power
from tests.autograd.test_ops import HELPERS, in_torch

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.0, inf, -inf, nan]
POWERS = [power(n) for n in (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 1 / 3)]


def of_nan(*xs):
    return any(math.isnan(x) for x in xs)


def zero_beside_nan(*xs):
    return of_nan(*xs) and 0 in xs


EXCEPTIONS = {
    **dict.fromkeys(("relu", "abs", "sign", "elu", "leaky_relu", "maximum", "minimum"), of_nan),
    "pow": lambda a, b: b < 0 and (a in (0, inf, -inf) or (a < -1 and b == -inf)),
    "hypot": lambda a, b: a == b == 0 or zero_beside_nan(a, b),
    "atan2": zero_beside_nan,
    "norm": zero_beside_nan,
}
"""Where the table says that PyTorch differs. It does at each of these points."""


def same(a, b):
    return a == pytest.approx(b, rel=1e-9, abs=0, nan_ok=True)


@pytest.mark.parametrize("op", [*TABLE.values(), *POWERS], ids=lambda op: op.name)
def test_special_values_are_pytorchs_except_where_the_table_says_so(op, torch):
    if op.name in HELPERS:
        return
    theirs = (lambda x: x**op.exponent) if isinstance(op, Power) else in_torch(op, torch)
    excepted = EXCEPTIONS.get(op.name, lambda *xs: False)
    for xs in itertools.product(SPECIAL, repeat=op.arity or 2):
        y, partials = op.evaluate(xs)
        leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in xs]
        result = theirs(*leaves)
        result.backward()
        alike = same(y, result.item()) and all(
            same(p, leaf.grad.item()) for p, leaf in zip(partials, leaves)
        )
        assert alike != excepted(*xs), xs
