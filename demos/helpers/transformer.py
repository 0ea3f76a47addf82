"""A GPT as plain loops over scalars: one letter after the other, with lists that grow.

Each letter becomes a vector of ``size`` numbers. An attention head looks back at all letters so
far, and mixes what it finds there into the vector; two layers of neurons work on it; and from what
comes out each letter of the alphabet gets a score, as the one that may come next.

Source: Vaswani et al., "Attention is all you need", 2017; Radford et al., "Language models are
unsupervised multitask learners", 2019, here with one block, without biases, with relu, and with
the root mean square of Zhang and Sennrich, 2019, in place of layer normalisation.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import autograd
import nn
from autograd import Value, dot, exp, logsumexp, relu, take

Vector = list[Value]
Matrix = list[Vector]


class GPT(nn.Module):
    """A small transformer.

    Args:
        letters: the size of the alphabet.
        length: how many letters it reads at most.
        size: the numbers of a vector.
        heads: the attention heads; each looks at ``size / heads`` of the numbers.
        seed: of its first weights.

    Attributes:
        E, P: a vector for each letter, and for each position.
        Q, K, V, O: the matrices of queries, keys and values, and of what the heads pass on.
        W1, W2: the two layers of neurons, the first four times as wide.
        S: the scores of letters.
    """

    def __init__(
        self, letters: int, length: int = 16, size: int = 16, heads: int = 4, seed: int = 0
    ):
        stream = random.Random(seed)
        self.heads, self.part = heads, size // heads
        self.E = nn.Embedding(letters, size, random_rows(letters, size, 0.1, stream))
        self.P = nn.Embedding(length, size, random_rows(length, size, 0.1, stream))
        self.Q, self.K, self.V, self.O = (
            random_rows(size, size, size**-0.5, stream) for _ in range(4)
        )
        self.W1 = random_rows(4 * size, size, size**-0.5, stream)
        self.W2 = random_rows(size, 4 * size, (4 * size) ** -0.5, stream)
        self.S = random_rows(letters, size, size**-0.5, stream)

    def __call__(self, text: Sequence[float], watched: list[Matrix] | None = None) -> Matrix:
        """For each letter of a text, given as numbers, the scores of the one after it.

        Args:
            text: the places of its letters in the alphabet.
            watched: gets, for each letter, how much each head looks at each letter before.
        """
        keys: Matrix = []
        values: Matrix = []
        scores = []
        for position, letter in enumerate(text):
            x = added(self.E(letter), self.P(position))

            y = evened(x)
            query = times(self.Q, y)
            keys.append(times(self.K, y))
            values.append(times(self.V, y))
            found: Vector = []
            looks = []
            for head in range(self.heads):
                part = slice(head * self.part, (head + 1) * self.part)
                look = attention(query[part], [key[part] for key in keys])
                found += mixed(look, [value[part] for value in values])
                looks.append(look)
            x = added(x, times(self.O, found))

            hidden = [relu(h) for h in times(self.W1, evened(x))]
            x = added(x, times(self.W2, hidden))

            scores.append(times(self.S, evened(x)))
            if watched is not None:
                watched.append(looks)
        return scores

    def loss(self, text: Sequence[float], after: Sequence[float]) -> Value:
        """How surprised the network is, on average, by the letter after each letter: the negative
        logarithm of the probability that it gave to it."""
        total = Value(0.0)
        for scores, letter in zip(self(text), after):
            total = total + (logsumexp(scores) - take(scores, letter))
        return total / len(after)


def attention(query: Vector, keys: Matrix) -> Vector:
    """How much a head looks at each letter so far: parts of 1, the more the better the query and
    the letter's key agree."""
    agree = [dot(query, key) / len(query) ** 0.5 for key in keys]
    powers = [exp(a) for a in agree]
    total = autograd.sum(powers)
    return [p / total for p in powers]


def mixed(look: Vector, values: Matrix) -> Vector:
    """What a head finds: the values of all letters so far, each as much as it looks at it."""
    return [dot(look, column) for column in zip(*values)]


def times(matrix: Matrix, x: Vector) -> Vector:
    """A matrix times a vector: a weighted sum for each row."""
    return [dot(row, x) for row in matrix]


def added(x: Vector, y: Vector) -> Vector:
    """The sum of two vectors."""
    return [a + b for a, b in zip(x, y)]


def evened(x: Vector) -> Vector:
    """The vector, scaled so that the mean of its squares is 1."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [scale * a for a in x]


def random_rows(rows: int, columns: int, spread: float, stream: random.Random) -> Matrix:
    """A matrix of random weights, normal with this standard deviation."""
    return [[Value(stream.gauss(0, spread)) for _ in range(columns)] for _ in range(rows)]
