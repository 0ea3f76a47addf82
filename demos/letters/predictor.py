"""A network that predicts the next letter from the last few letters."""

from __future__ import annotations

import math
import os
import random
import sys
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nn
from autograd import Value, jit
from autograd.given import shown, whole
from autograd.visible import visible
from demos.letters.alphabet import ALPHABET, FILLER, ON, encode, fold
from demos.letters.scores import softmax
from nn.checkpoint import notes_and_shapes, refusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

N = len(ALPHABET)
LOSSES = ("squared", "cross-entropy")

MOST_WEIGHTS = 4_000_000


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
        ValueError: the loss is neither of the two, the temperature is not a positive number, or a
            size is too small or too large.
        TypeError: a size or the seed is not a whole number.
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
            raise ValueError(f"expected a loss of {', '.join(LOSSES)}; got {shown(loss)}")
        sizes = whole_sizes(context, hidden, embedding)
        self.context, self.hidden, self.embedding = sizes
        self.loss, self.activation = loss, activation
        self.seed = whole(seed, "seed")
        if sum(map(math.prod, network_shapes(*sizes).values())) > MOST_WEIGHTS:
            raise ValueError(
                f"a context of {shown(context)} letters with hidden layers of {shown(hidden)} "
                f"neurons takes more than {MOST_WEIGHTS:,} weights: take fewer"
            )
        if temperature is None:
            temperature = 0.05 if loss == "squared" else 1.0
        self.temperature = positive(temperature, "temperature")
        output = "tanh" if loss == "squared" else None
        self.network = LetterNetwork(
            self.context, self.embedding, self.hidden, activation, output, seed
        )
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
        check_text(text)
        letters = fold(text).rjust(self.context, FILLER)[-self.context :]
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

        Raises:
            TypeError: ``start`` is not text, or ``letters`` not a whole number.
            ValueError: ``letters`` is negative, or the temperature not a positive number.
        """
        check_text(start)
        letters, temperature = whole(letters, "letters", 0), positive(temperature, "temperature")
        draw = stream or random.Random()
        text = start
        for _ in range(letters):
            probabilities = self.probabilities(text)
            most = max(probabilities)  # prevents underflow at low temperatures
            weights = [(p / most) ** (1 / temperature) for p in probabilities]
            text += draw.choices(ALPHABET, weights)[0]
        return text

    def page(self, path: str | os.PathLike[str], text: str = "the lett", source: str = "") -> Path:
        """Write a page for a browser, in which one types and sees what the network does, and why.

        The page is one file that works from disk, without a network. Its weights are in single
        precision, so its probabilities are those of this predictor to 1e-6.

        Args:
            path: where to, with the suffix .html or .htm; the file is written whole or not at all.
            text: the text in the page as it opens.
            source: the name of the text that the network learned from.

        Returns:
            ``path``, with ``~`` written out.

        Raises:
            ValueError: the suffix is another one.
            TypeError: ``text`` or ``source`` is not text.
        """
        from demos.letters.page import save_page

        check_text(text)
        return save_page(self, path, text, source)

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

        Its settings are compared with the shapes of its tensors before a network is built.

        Raises:
            FileNotFoundError: the file does not exist.
            OSError: it cannot be read, or is a folder, a FIFO, a socket or a device.
            CheckpointError: the file is damaged, or is not a checkpoint of this demo.
        """
        notes, shapes = notes_and_shapes(path)
        try:
            settings = notes["predictor"]
            sizes = whole_sizes(settings["context"], settings["hidden"], settings["embedding"])
            for name, shape in network_shapes(*sizes).items():
                if not shape == shapes.get(f"model.now.{name}") == shapes.get(f"model.best.{name}"):
                    raise ValueError(f"{name} is not of shape {shape}, as its settings say")
            predictor, now = cls(**settings), cls(**settings)
        except (TypeError, KeyError, ValueError, OverflowError, AttributeError) as error:
            why = f"is not a checkpoint of the letters demo: {visible(error, 200)}"
            raise refusal(path, why) from None
        nn.load_checkpoint(path, Trained(now.network, predictor.network))
        return predictor


def whole_sizes(context: Any, hidden: Sequence[Any], embedding: Any) -> tuple[int, list[int], int]:
    """The sizes of a network as whole numbers, or an error that names the wrong one."""
    layers = [whole(n, "a hidden layer", 1) for n in hidden]
    return whole(context, "context", 1), layers, whole(embedding, "embedding", 0)


def network_shapes(
    context: int, hidden: Sequence[int], embedding: int
) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a LetterNetwork."""
    sizes = [context * (embedding or N), *hidden, N]
    shapes: dict[str, tuple[int, ...]] = {"embedding.weights": (embedding, N)} if embedding else {}
    for layer, (nin, nout) in enumerate(pairwise(sizes)):
        shapes |= {f"layers.{layer}.weights": (nout, nin), f"layers.{layer}.bias": (nout,)}
    return shapes


def matrix(layer: nn.Layer) -> NDArray[np.float64]:
    """The weights of a layer, of shape (nout, nin)."""
    import numpy as np

    return np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])


def check_text(text: Any) -> None:
    """Raise TypeError unless this is text."""
    if not isinstance(text, str):
        raise TypeError(
            f"letters are predicted after a text; got {type(text).__name__} {shown(text)}"
        )


def positive(x: Any, name: str) -> float:
    """A positive number, or an error that names it."""
    is_number = isinstance(x, Real) and not isinstance(x, bool)
    if not is_number or not 0 < x <= sys.float_info.max:
        raise ValueError(f"{name} is a positive number; got {shown(x)}")
    return float(x)


def _list(outputs: Any) -> list[Any]:
    """The outputs as a list; a layer of one neuron returns a single Value."""
    return outputs if isinstance(outputs, list) else [outputs]
