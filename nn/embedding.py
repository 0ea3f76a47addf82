"""Embedding: a table with a row of learned numbers for each letter, or whatever else is counted."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

from autograd.functions.take import mark_as_table, take
from autograd.real import count
from autograd.value import Value
from nn.arguments import (
    Seed,
    Vector,
    as_list,
    as_parameters,
    check_number_of_parameters,
    positive_whole,
    random_stream,
)
from nn.module import Module


class Embedding(Module):
    """n vectors of m learned numbers. Called with a whole number i, it gives vector i.

    Args:
        n: how many vectors there are: the letters of an alphabet, say.
        m: how many numbers each has.
        vectors: n lists of m numbers, or Values to share with others. Default: random, normal
            with mean 0 and variance 1, as PyTorch's.
        seed: a whole number for the same vectors in every process, or a ``random.Random`` to draw
            them from. Default: different ones each time, unless ``random.seed`` was called.

    Attributes:
        n, m: the size of the table.
        vectors: n lists of m Values. They are called ``E[3,1]``, or as the attribute of the
            Module that holds the embedding: ``letters[3,1]``.

    Raises:
        ValueError: n or m is below 1, or there are not n vectors of m numbers.
        TypeError: n or m is not a whole number, or an element is not a number.
    """

    def __init__(
        self, n: int, m: int, vectors: Sequence[Vector] | None = None, seed: Seed = None
    ) -> None:
        self.n, self.m = positive_whole(n, "n"), positive_whole(m, "m")
        check_number_of_parameters(self.n * self.m, n, m)
        if vectors is None:
            stream = random_stream(seed)
            vectors = [[stream.gauss(0.0, 1.0) for _ in range(m)] for _ in range(n)]
        self.vectors = [as_parameters(as_list(vector)) for vector in as_list(vectors)]
        if len(self.vectors) != n or any(len(vector) != m for vector in self.vectors):
            sizes = sorted({len(vector) for vector in self.vectors})
            raise ValueError(
                f"{self!r} needs {count(n, 'vector')} of {count(m, 'number')}; got "
                f"{len(self.vectors)}, of {' or '.join(map(str, sizes)) or 'no'} numbers"
            )

        mark_as_table(self.vectors)

    def __call__(self, index: float) -> list[Value]:
        """Vector ``index``: its m Values themselves. (See ``take``.)

        Raises:
            IndexError: no vector has this index.
            TypeError: the index is not a number.
        """
        if (
            not isinstance(index, (Real, Value))
            and getattr(index, "shape", None) != ()
            and hasattr(index, "__len__")
        ):
            raise TypeError(
                f"{self!r} takes one whole number; got {type(index).__name__} of {len(index)}: "
                "write [embedding(i) for i in x]"
            )
        vector: list[Value] = take(self.vectors, index)
        return vector

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n}, {self.m})"
