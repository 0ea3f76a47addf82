"""A network that is given some letters and says which comes next."""

from __future__ import annotations

import math
import random

import nn
from autograd import Value, no_grad
from demos.alphabet import ALPHABET, encode, fold, ranking

# Low, because outputs are: that of a certain letter is 0.5, and those of most letters are near 0.
TEMPERATURE = 0.03


class Predictor:
    """A network from ``context`` letters to 28 outputs, one for each letter that may follow.

    Args:
        context: how many letters it is given, at least 1.
        hidden: the number of hidden neurons; 0 for inputs joined to outputs without any between.
        seed: a whole number that chooses the first weights.
    """

    def __init__(self, context: int, hidden: int, seed: int) -> None:
        self.context = context
        sizes = [hidden, len(ALPHABET)] if hidden else [len(ALPHABET)]
        self.network = nn.MLP(context * len(ALPHABET), sizes, seed=seed)

    def error(self, inputs: list[float], target: list[float]) -> Value:
        """How far the outputs are from one letter, both sides coded."""
        return nn.half_squared_error(self.network(inputs), target)

    def outputs(self, text: str) -> list[float]:
        """The 28 outputs after ``text``, of which the last letters count; spaces where it lacks."""
        letters = fold(text).rjust(self.context)[-self.context :]
        with no_grad():
            outputs = self.network(encode(letters))
        assert isinstance(outputs, list)
        return [output.data for output in outputs]

    def __call__(self, text: str) -> str:
        """The letter with the largest output after ``text``."""
        return ranking(self.outputs(text))[0][0]

    def write(self, start: str, letters: int, stream: random.Random) -> str:
        """``start`` and that many letters more, each drawn by its output and fed back as input.

        The chance of a letter is in proportion to e^(output / TEMPERATURE), the softmax: the lower
        the temperature, the more the largest output wins.
        """
        text = start
        for _ in range(letters):
            weights = [math.exp(output / TEMPERATURE) for output in self.outputs(text)]
            text += stream.choices(ALPHABET, weights)[0]
        return text
