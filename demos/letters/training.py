"""The training of a predictor: block after block of a text, stopped and continued at will."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import autograd
import nn
from demos.letters.alphabet import windows
from demos.letters.corpus import Corpus
from demos.letters.predictor import Predictor, Trained
from demos.letters.scores import Scores, best_temperature, scores, softmax
from nn.ctrl_c import noted_ctrl_c

if TYPE_CHECKING:
    from demos.letters.alphabet import Floats

OPTIMIZERS: dict[str, Callable[..., nn.Optimizer]] = {
    "sgd": nn.SGD,
    "momentum": lambda parameters, lr: nn.SGD(parameters, lr, momentum=0.9),
    "adam": nn.Adam,
}

# In bytes, for an evaluation is to take less time than what is learned before it.
MOST_VALIDATED = 16_384

# A checkpoint is written when the last is older than this, and at the end.
SECONDS_BETWEEN_CHECKPOINTS = 10.0


@dataclass(frozen=True)
class Settings:
    """What decides, with the text and the first weights, what is learned.

    Attributes:
        optimizer: a name of ``OPTIMIZERS``.
        rate: the learning rate at the start; it falls to 0 in equal steps.
        batch: letters a step.
        epochs: how often to learn the text.
        letters: learn from about so many; None for all.
        patience: stop after so many evaluations in a row that were no better.
        evaluations: how often to look at the validation part, in all, at most.
        dropout: the share of hidden neurons that are switched off for each letter, at random, so
            that no neuron comes to rely on another (Srivastava et al., "Dropout: a simple way to
            prevent neural networks from overfitting", 2014).
        seed: for the order of the letters, and for dropout.
    """

    optimizer: str = "adam"
    rate: float = 0.002
    batch: int = 128
    epochs: int = 1
    letters: int | None = None
    patience: int = 5
    evaluations: int = 12
    dropout: float = 0.0
    seed: int = 0


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        blocks: how many blocks were learned, in all epochs.
        letters: how many letters.
        errors: for each block the letters learned until its end, and its mean error.
        validation: for each evaluation the letters learned until then, bits and accuracy.
        best: the fewest bits of these.
        since: evaluations since then.
    """

    blocks: int = 0
    letters: int = 0
    errors: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float, float]] = field(default_factory=list)
    best: float | None = None
    since: int = 0


class Training:
    """A predictor, the text that it learns from, and how far it is.

    Args:
        predictor: the network, which learns.
        corpus: the text.
        settings: what decides what is learned.
        checkpoint: the file to write all this to, or None.

    Attributes:
        validation: the letters of the validation part that say when to stop.
        best: the predictor as it was when it was best on them.
        progress: how far it is.
        interrupted: whether Ctrl-C ended it.
    """

    def __init__(
        self,
        predictor: Predictor,
        corpus: Corpus,
        settings: Settings,
        checkpoint: Path | None = None,
    ) -> None:
        self.predictor, self.corpus, self.settings = predictor, corpus, settings
        self.checkpoint = checkpoint
        self.blocks = corpus.training(settings.letters)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            predictor.network.parameters(), lr=settings.rate
        )
        self.stream = random.Random(settings.seed)
        self.progress = Progress()
        self.interrupted = False
        self.best = Predictor(**predictor.settings())
        # Held, so that it is recorded once, and not for every block.
        self.error = autograd.compile(predictor.error, backend="numpy", dtype="float32")
        self.validation = corpus.joined(corpus.validation(MOST_VALIDATED))
        self._validation = windows(self.validation, predictor.context)

    @property
    def total(self) -> int:
        """How many blocks there are to learn, in all epochs."""
        return self.settings.epochs * len(self.blocks)

    @property
    def finished(self) -> bool:
        """Whether all was learned, or nothing more is to be hoped for."""
        return self.progress.blocks >= self.total or self.progress.since >= self.settings.patience

    def interrupt(self) -> None:
        """End after the block under way."""
        self.interrupted = True

    def run(
        self,
        learned: Callable[[int, float], None] = lambda letters, error: None,
        evaluated: Callable[[Scores], None] = lambda scores: None,
        seconds: float | None = None,
    ) -> None:
        """Learn until all is learned, it gets no better, time is up, or Ctrl-C.

        Ctrl-C ends it after the block under way; a second one at once.

        Args:
            learned: told after each block how many letters it had, and the mean error.
            evaluated: told how good the network is on the validation part, each time it is.
            seconds: the time after which to stop.

        Raises:
            FloatingPointError: an error or a gradient is not finite.
        """
        start = saved = time.monotonic()
        every = -(-self.total // self.settings.evaluations)
        with noted_ctrl_c(self.interrupt):
            while not self.finished and not self.interrupted:
                learned(*self._learn_block())
                if self.progress.blocks % every == 0 or self.progress.blocks == self.total:
                    evaluated(self._evaluate())
                now = time.monotonic()
                if self.checkpoint and now - saved >= SECONDS_BETWEEN_CHECKPOINTS:
                    self.save(self.checkpoint)
                    saved = time.monotonic()
                if seconds is not None and now - start >= seconds:
                    break
            if self.checkpoint:
                self.save(self.checkpoint)
            if not self.finished or not self.progress.validation:
                # Of what is kept, but not of the checkpoint: without the stop it would not be.
                evaluated(self._evaluate())

    def _learn_block(self) -> tuple[int, float]:
        """Learn the next block; how many letters it had, and the mean error."""
        progress, settings = self.progress, self.settings
        self.optimizer.lr = settings.rate * (1 - progress.blocks / self.total)  # type: ignore[attr-defined]
        block = self.blocks[progress.blocks % len(self.blocks)]
        X, T = windows(self.corpus.letters(block), self.predictor.context)
        error = float("nan")
        if len(X):
            X = self._with_dropout(X)
            history = nn.fit(
                self.error,
                X,
                T,
                self.optimizer,
                batch_size=settings.batch,
                shuffle=self.stream,
                progress=False,
            )
            error = history.errors[-1]
            progress.letters += len(X)
            progress.errors.append((progress.letters, error))
        progress.blocks += 1
        return len(X), error

    def _with_dropout(self, X: Floats) -> Floats:
        """The rows, each followed by what is kept of its hidden neurons: nothing, or so much more
        that the sum stays the same on average."""
        import numpy as np

        dropout, neurons = self.settings.dropout, sum(self.predictor.hidden)
        if not dropout:
            return X
        # Of the block alone, so that a training that is resumed goes on with the same ones.
        draw = np.random.default_rng([self.settings.seed, self.progress.blocks])
        rows = np.empty((len(X), X.shape[1] + neurons), np.float32)
        rows[:, : X.shape[1]] = X
        # In bytes, which are drawn ten times as fast as floats.
        off = round(256 * dropout)
        kept = draw.integers(256, size=(len(X), neurons), dtype=np.uint8) >= off
        np.multiply(kept, np.float32(256 / (256 - off)), out=rows[:, X.shape[1] :])
        return rows

    def _evaluate(self) -> Scores:
        """How good the network is on the validation part; remembered, if it is the best so far."""
        X, T = self._validation
        outputs, right = self.predictor.outputs(X), T.argmax(1)
        if self.predictor.loss == "squared":
            self.predictor.temperature = best_temperature(outputs, right)
        found = scores(softmax(outputs, self.predictor.temperature), right)
        progress = self.progress
        progress.validation.append((progress.letters, found.bits, found.accuracy))
        if progress.best is None or found.bits < progress.best:
            progress.best, progress.since = found.bits, 0
            copy(self.predictor.network, self.best.network)
            self.best.temperature = self.predictor.temperature
        else:
            progress.since += 1
        return found

    # --- checkpoints ---

    def save(self, path: Path) -> None:
        """Write all that it takes to go on."""
        notes = {
            "predictor": self.best.settings(),
            "settings": self._made_of(),
            "progress": asdict(self.progress),
        }
        models = Trained(self.predictor.network, self.best.network)
        nn.save_checkpoint(path, models, self.optimizer, self.stream, notes)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint, bit for bit as if there had been no stop.

        Raises:
            FileNotFoundError: no such file.
            CheckpointError: the file is damaged, or of a training on other settings or texts.
        """
        notes = nn.load_checkpoint(path)
        try:
            theirs = {**notes["predictor"], **notes["settings"]}
            temperature = float(theirs.pop("temperature"))
            progress = _progress(notes["progress"])
        except (TypeError, KeyError, ValueError):
            raise nn.CheckpointError(f"{path} is a checkpoint, but not of letters") from None
        ours = {**self.best.settings(), **self._made_of()}
        del ours["temperature"]
        for name in ours:
            if theirs.get(name) != ours[name]:
                raise nn.CheckpointError(
                    f"{path} was made with {name} {_short(theirs.get(name))}, not "
                    f"{_short(ours[name])}: ask for the same, or for another --checkpoint"
                )
        models = Trained(self.predictor.network, self.best.network)
        nn.load_checkpoint(path, models, self.optimizer, self.stream)
        self.best.temperature = temperature
        self.progress = progress

    def _made_of(self) -> dict[str, Any]:
        """The settings, the seed of the order by a name of its own, and what tells texts apart."""
        settings = asdict(self.settings)
        settings["seed of the order"] = settings.pop("seed")
        with self.corpus.open() as file:
            start = file.read(65_536)
        return {**settings, "text": f"{self.corpus.size} bytes {zlib.crc32(start):08x}"}


def copy(source: nn.Module, target: nn.Module) -> None:
    """Give one network the weights of another of the same shape."""
    for mine, theirs in zip(target.parameters(), source.parameters()):
        mine.data = theirs.data


def _progress(notes: Any) -> Progress:
    """Progress that was JSON."""
    progress = Progress(**notes)
    numbers = [progress.blocks, progress.letters, progress.since, progress.best or 0]
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) or n < 0 for n in numbers):
        raise ValueError("not how far a training is")
    progress.errors = [(int(a), float(b)) for a, b in progress.errors]
    progress.validation = [(int(a), float(b), float(c)) for a, b, c in progress.validation]
    return progress


def _short(setting: object) -> str:
    return "none" if setting is None else str(setting)
