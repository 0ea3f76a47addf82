"""A small GPT in plain scalar loops: one position after the other, with lists of keys and values
that grow, as people write it."""

import random

import autograd
from autograd import Value, dot


class GPT:
    """Rows of an embedding go in, one for each position, and the loss over all positions comes out.

    Args:
        positions: how many tokens a document has.
        by_hand: whether softmax is written as exponentials and their sum.
    """

    def __init__(self, positions, width=8, heads=2, letters=5, layers=1, by_hand=False):
        stream = random.Random(positions)
        self.width, self.heads, self.by_hand = width, heads, by_hand

        def matrix(rows, columns):
            return [[Value(stream.gauss(0, 0.4)) for _ in range(columns)] for _ in range(rows)]

        self.x = matrix(positions, width)
        self.layers = [
            {
                **{name: matrix(width, width) for name in ("query", "key", "value", "out")},
                "up": matrix(2 * width, width),
                "down": matrix(width, 2 * width),
            }
            for _ in range(layers)
        ]
        self.scores = matrix(letters, width)
        self.targets = [stream.randrange(letters) for _ in range(positions)]

    def parameters(self):
        matrices = [self.x, self.scores, *(m for layer in self.layers for m in layer.values())]
        return [p for matrix in matrices for row in matrix for p in row]

    def softmax(self, scores):
        if not self.by_hand:
            return autograd.softmax(scores)
        powers = [autograd.exp(s) for s in scores]
        total = sum(powers)
        return [p / total for p in powers]

    def loss(self, rows):
        """The mean cross entropy over the positions, given a row of numbers for each."""
        memory = [([], []) for _ in self.layers]
        losses = []
        for row, target in zip(rows, self.targets):
            x = normalised(row)
            for layer, (keys, values) in zip(self.layers, memory):
                x = self.block(layer, x, keys, values)
            logits = linear(self.scores, normalised(x))
            losses.append(autograd.logsumexp(logits) - logits[target])
        return sum(losses) / len(losses)

    def block(self, layer, x, keys, values):
        before, x = x, normalised(x)
        query = linear(layer["query"], x)
        keys.append(linear(layer["key"], x))
        values.append(linear(layer["value"], x))
        size = self.width // self.heads
        attended = []
        for head in range(self.heads):
            part = slice(head * size, (head + 1) * size)
            scores = [dot(query[part], key[part]) / size**0.5 for key in keys]
            weights = self.softmax(scores)
            for j in range(part.start, part.stop):
                attended.append(sum(w * value[j] for w, value in zip(weights, values)))
        x = [a + b for a, b in zip(linear(layer["out"], attended), before)]
        before = x
        x = [autograd.relu(h) for h in linear(layer["up"], normalised(x))]
        return [a + b for a, b in zip(linear(layer["down"], x), before)]


def linear(matrix, x):
    return [dot(row, x) for row in matrix]


def normalised(x):
    square = sum(v * v for v in x) / len(x)
    scale = (square + 1e-5) ** -0.5
    return [v * scale for v in x]
