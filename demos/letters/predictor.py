"""A network that is given some letters and says which comes next."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import autograd
import nn
from autograd import Value
from demos.letters.alphabet import ALPHABET, ON, encode, fold
from demos.letters.scores import softmax

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

N = len(ALPHABET)
LOSSES = ("squared", "cross-entropy")


class LetterNetwork(nn.Module):
    """Letters, coded, to an output for each letter that may follow.

    Args:
        context: how many letters it is given.
        embedding: numbers that stand for a letter, the same wherever it is in the context, found
            by the network itself (Bengio et al., "A neural probabilistic language model", 2003);
            0 for the 28 that code it.
        hidden: the neurons of each hidden layer.
        activation: of these.
        output_activation: of the last layer.
        seed: chooses the first weights.
    """

    def __init__(
        self,
        context: int,
        embedding: int,
        hidden: Sequence[int],
        activation: str,
        output_activation: str | None,
        seed: int,
    ) -> None:
        stream = random.Random(seed)
        self.embedding: nn.Layer | None = None
        if embedding:
            # A letter is one input of 0.5, and not 28 of variance 1 as a layer's own first weights
            # suppose: with those all letters would look alike at first. These give variance 1.
            limit = math.sqrt(3) / ON
            rows = [[stream.uniform(-limit, limit) for _ in range(N)] for _ in range(embedding)]
            self.embedding = nn.Layer(N, embedding, activation=None, bias=False, weights=rows)
        self.layers = nn.MLP(
            context * (embedding or N),
            [*hidden, N],
            activation,
            output_activation,
            seed=stream,
        ).layers

    def __call__(self, inputs: list[float], kept: Sequence[float] = ()) -> list[Value]:
        """The 28 outputs for 28 numbers a letter.

        Args:
            inputs: these numbers.
            kept: for dropout, what to multiply the output of each hidden neuron with.
        """
        outputs: Any = inputs
        if self.embedding is not None:
            letters = [inputs[at : at + N] for at in range(0, len(inputs), N)]
            outputs = [number for letter in letters for number in _list(self.embedding(letter))]
        *hidden, last = self.layers
        for layer in hidden:
            outputs = _list(layer(outputs))
            if kept:
                kept, its = kept[len(outputs) :], kept[: len(outputs)]
                outputs = [output * keep for output, keep in zip(outputs, its)]
        return _list(last(outputs))


class Trained(nn.Module):
    """What a checkpoint of a training holds: the network as it is, and as it was at its best."""

    def __init__(self, now: LetterNetwork, best: LetterNetwork) -> None:
        self.now, self.best = now, best


class Predictor:
    """A network from ``context`` letters to 28 outputs, and what to do with these.

    Args:
        context: how many letters it is given, at least 1.
        hidden: the neurons of each hidden layer; none for inputs joined to outputs directly.
        embedding: numbers that stand for a letter; 0 for the 28 that code it.
        loss: "squared", the half squared error of the course, whose outputs are 0.5 for the right
            letter and 0 for others; or "cross-entropy", whose outputs are logits.
        seed: a whole number that chooses the first weights.
        activation: of the hidden layers.

    Attributes:
        network: the LetterNetwork.
        temperature: the softmax of output / temperature is the probability of a letter. 1 for
            logits; for a squared error it has to be found.

    Raises:
        ValueError: no such loss.
    """

    def __init__(
        self,
        context: int,
        hidden: Sequence[int] = (),
        embedding: int = 0,
        loss: str = "squared",
        seed: int = 0,
        temperature: float | None = None,
        activation: str = "tanh",
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"a loss is one of {', '.join(LOSSES)}; got {loss!r}")
        self.context, self.hidden, self.embedding = context, list(hidden), embedding
        self.loss, self.seed, self.activation = loss, seed, activation
        output = "tanh" if loss == "squared" else None
        self.network = LetterNetwork(context, embedding, hidden, activation, output, seed)
        self.temperature = temperature or (0.05 if loss == "squared" else 1.0)
        # Matrices of this size are multiplied fastest by NumPy's own library.
        self._program = autograd.compile(self.network, backend="numpy")

    def error(self, inputs: list[float], target: list[float]) -> Value:
        """How far the outputs are from one letter, whose place in the target is 1.

        Behind the letters the inputs may go on with what dropout keeps of each hidden neuron.
        """
        letters = N * self.context
        outputs = self.network(inputs[:letters], inputs[letters:])
        if self.loss == "squared":
            return nn.half_squared_error(outputs, [ON * t for t in target])
        return nn.cross_entropy(outputs, target)

    def outputs(self, rows: ArrayLike) -> NDArray[np.float64]:
        """The outputs, of shape (n, 28), for n coded contexts, of shape (n, 28 * context)."""
        import numpy as np

        return np.asarray(self._program(np.asarray(rows, float)))

    def probabilities(self, text: str) -> list[float]:
        """The probability of each letter after ``text``, of which the last letters count.

        A text that is too short begins with spaces.
        """
        letters = fold(text).rjust(self.context)[-self.context :]
        row: list[float] = softmax(self.outputs([encode(letters)]), self.temperature)[0].tolist()
        return row

    def __call__(self, text: str) -> str:
        """The likeliest letter after ``text``."""
        probabilities = self.probabilities(text)
        return ALPHABET[probabilities.index(max(probabilities))]

    def write(
        self,
        start: str,
        letters: int,
        temperature: float = 1.0,
        stream: random.Random | None = None,
    ) -> str:
        """``start`` and that many letters more, each drawn by its probability and fed back.

        Args:
            start: what to go on from.
            letters: how many to write.
            temperature: below 1 the likely letters become likelier, in proportion to
                probability^(1 / temperature); above 1 the unlikely ones.
            stream: what to draw with. Default: other letters each time.
        """
        draw = stream or random.Random()
        text = start
        for _ in range(letters):
            probabilities = self.probabilities(text)
            most = max(probabilities)  # without which all would underflow at a low temperature
            weights = [(p / most) ** (1 / temperature) for p in probabilities]
            text += draw.choices(ALPHABET, weights)[0]
        return text

    def settings(self) -> dict[str, Any]:
        """The arguments that make another one like this."""
        return {
            "context": self.context,
            "hidden": self.hidden,
            "embedding": self.embedding,
            "loss": self.loss,
            "seed": self.seed,
            "temperature": self.temperature,
            "activation": self.activation,
        }

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictor:
        """The network of a checkpoint, as it was at its best.

        Raises:
            FileNotFoundError: no such file.
            CheckpointError: the file is damaged, or no checkpoint of letters.
        """
        notes = nn.load_checkpoint(path)
        try:
            settings = notes["predictor"]
            predictor, now = cls(**settings), cls(**settings)
        except (TypeError, KeyError, ValueError):
            raise nn.CheckpointError(f"{path} is a checkpoint, but not of letters") from None
        nn.load_checkpoint(path, Trained(now.network, predictor.network))
        return predictor


def _list(outputs: Any) -> list[Any]:
    """A layer of one neuron returns it alone."""
    return outputs if isinstance(outputs, list) else [outputs]
