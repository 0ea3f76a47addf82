"""A network that predicts the next letter from the last few letters."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import nn
from autograd import Value, jit
from demos.letters.alphabet import ALPHABET, ON, encode, fold
from demos.letters.scores import softmax

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

N = len(ALPHABET)
LOSSES = ("squared", "cross-entropy")


class LetterNetwork(nn.Module):
    """A network from encoded letters to an output for each letter that may follow.

    Args:
        context: the number of letters to predict from.
        embedding: how many numbers stand for a letter, wherever it is in the context. The network
            learns them (Bengio et al., "A neural probabilistic language model", 2003). With 0, its
            28 encoded numbers are the input.
        hidden: the number of neurons in each hidden layer.
        activation: the activation of the hidden layers.
        output_activation: the activation of the last layer.
        seed: decides the first weights.
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
            # A layer's usual first weights suit 28 inputs of variance 1, but a letter is a single
            # input of 0.5. With the usual weights all letters would look alike at first. With
            # these, the embedded numbers have variance 1.
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
        """The 28 outputs.

        Args:
            inputs: the encoded letters, 28 numbers per letter.
            kept: for dropout, a factor for the output of each hidden neuron.
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
    """The networks in a checkpoint: the latest, and the best so far."""

    def __init__(self, now: LetterNetwork, best: LetterNetwork) -> None:
        self.now, self.best = now, best


class Predictor:
    """A network that gives each letter a probability to come next, and writes with them.

    Args:
        context: the number of letters to predict from, at least 1.
        hidden: the number of neurons in each hidden layer; empty for none.
        embedding: how many learned numbers stand for a letter; 0 for its 28 encoded numbers.
        loss: "squared", the half squared error of the course, with targets of 0.5 for the right
            letter and 0 for the others; or "cross-entropy", for which the outputs are logits.
        seed: a whole number that decides the first weights.
        temperature: the divisor of the outputs in the softmax that gives the probabilities. The
            default is 1 for logits, and 0.05 for squared loss until training finds a better one.
        activation: the activation of the hidden layers.

    Attributes:
        network: the LetterNetwork.

    Raises:
        ValueError: the loss is neither of the two.
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
            raise ValueError(f"expected a loss of {', '.join(LOSSES)}; got {loss!r}")
        self.context, self.hidden, self.embedding = context, list(hidden), embedding
        self.loss, self.seed, self.activation = loss, seed, activation
        output = "tanh" if loss == "squared" else None
        self.network = LetterNetwork(context, embedding, hidden, activation, output, seed)
        self.temperature = temperature or (0.05 if loss == "squared" else 1.0)
        # At this size NumPy's own library multiplies matrices fastest.
        self._program = jit(self.network, backend="numpy")

    def loss_of(self, inputs: list[float], target: list[float]) -> Value:
        """The loss for one letter, whose place in the target is 1.

        After the letters, the inputs may continue with a factor for each hidden neuron (dropout).
        """
        letters = N * self.context
        outputs = self.network(inputs[:letters], inputs[letters:])
        if self.loss == "squared":
            return nn.half_squared_error(outputs, [ON * t for t in target])
        return nn.cross_entropy(outputs, target)

    def outputs(self, rows: ArrayLike) -> NDArray[np.float64]:
        """The outputs, of shape (n, 28), for encoded contexts of shape (n, 28 * context)."""
        import numpy as np

        return np.asarray(self._program(np.asarray(rows, float)))

    def probabilities(self, text: str) -> list[float]:
        """The probability of each letter after ``text``; only its last ``context`` letters count.

        A shorter text is filled up with spaces on the left.
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
        """``start`` and more letters, each drawn by its probability and then read as input.

        Args:
            start: the text to continue.
            letters: the number of letters to write.
            temperature: letters are drawn in proportion to probability^(1 / temperature), so below
                1 the likely letters become likelier, and above 1 the unlikely ones.
            stream: the random numbers; by default they differ from call to call.
        """
        draw = stream or random.Random()
        text = start
        for _ in range(letters):
            probabilities = self.probabilities(text)
            most = max(probabilities)  # prevents underflow at low temperatures
            weights = [(p / most) ** (1 / temperature) for p in probabilities]
            text += draw.choices(ALPHABET, weights)[0]
        return text

    def settings(self) -> dict[str, Any]:
        """The arguments that make another predictor like this one."""
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
        """The predictor of a checkpoint, as it was at its best.

        Raises:
            FileNotFoundError: there is no such file.
            CheckpointError: the file is damaged, or is not a checkpoint of this demo.
        """
        notes = nn.load_checkpoint(path)
        try:
            settings = notes["predictor"]
            predictor, now = cls(**settings), cls(**settings)
        except (TypeError, KeyError, ValueError):
            raise nn.CheckpointError(f"{path} is not a checkpoint of the letters demo") from None
        nn.load_checkpoint(path, Trained(now.network, predictor.network))
        return predictor


def _list(outputs: Any) -> list[Any]:
    """The outputs as a list; a layer of one neuron returns a single Value."""
    return outputs if isinstance(outputs, list) else [outputs]
