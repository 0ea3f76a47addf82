"""Programs that people write, as scalar loops and as JAX by hand, in the best form that we know.

A program's parameters are arrays of numbers. Ours gets them as nested lists of Values, JAX as they
are; both compute the loss of one row. Rows are batches for ours, and ``vmap`` for JAX.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd import Value
from tests.benchmarks.peers import Floats


@dataclass
class Program:
    """A loss of one row, twice.

    Attributes:
        name: what it is.
        numbers: the parameters.
        width: how many numbers a row has.
        ours: ``ours(w, x)``, with the parameters as attributes of ``w``, and a list ``x``.
        jax: ``jax(np, lax, w, x)`` with ``jax.numpy``, ``jax.lax``, arrays in place of lists.
        form: how JAX does it: in matrices, with its loops unrolled, or as a scan.
        rows: rows of a batch.
        draw: what rows are drawn from. Default: normal numbers.
    """

    name: str
    numbers: dict[str, Floats]
    width: int
    ours: Callable[[Any, list[Any]], Any]
    jax: Callable[[Any, Any, Any, Any], Any]
    form: str = "matrices"
    rows: int = 256
    draw: Callable[[np.random.Generator, int], Floats] | None = field(default=None)

    def batch(self, rows: int | None = None) -> Floats:
        """Rows to learn from."""
        draw, n = np.random.default_rng(1), rows or self.rows
        return self.draw(draw, n) if self.draw else draw.normal(size=(n, self.width))

    def leaves(self) -> SimpleNamespace:
        """The parameters as nested lists of Values."""
        return SimpleNamespace(**{name: values(a) for name, a in self.numbers.items()})


def values(numbers: Floats) -> Any:
    """A Value, or nested lists of them."""
    return Value(float(numbers)) if numbers.ndim == 0 else [values(part) for part in numbers]


def flat(nested: Any) -> list[Any]:
    """The Values of nested lists."""
    return [x for part in nested for x in flat(part)] if isinstance(nested, list) else [nested]


def normal(seed: int, **shapes: Any) -> dict[str, Floats]:
    """Normal numbers, small enough that layers do not saturate."""
    draw = np.random.default_rng(seed)
    return {
        name: draw.normal(size=shape) * (np.prod(shape[1:]) ** -0.5 if shape else 1.0)
        for name, shape in shapes.items()
    }


def dot(w: Any, x: Any) -> Any:
    """The sum of products, as a person writes it."""
    return sum(a * b for a, b in zip(w, x, strict=True))
