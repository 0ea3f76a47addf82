"""The training of a predictor, block by block of a text; it can be stopped and resumed."""

from __future__ import annotations

import random
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nn
from autograd import jit
from autograd.given import whole
from autograd.visible import visible
from demos.letters.alphabet import windows
from demos.letters.corpus import Corpus
from demos.letters.predictor import Predictor, Trained, positive
from demos.letters.scores import Scores, best_temperature, scores, softmax
from nn.checkpoint import refusal
from nn.ctrl_c import noted_ctrl_c

if TYPE_CHECKING:
    from demos.letters.alphabet import Floats

OPTIMIZERS: dict[str, Callable[..., nn.Optimizer]] = {
    "sgd": nn.SGD,
    "momentum": lambda parameters, lr: nn.SGD(parameters, lr, momentum=0.9),
    "adam": nn.Adam,
}

# In bytes, so that an evaluation takes less time than the training before it.
MOST_VALIDATED = 16_384

# A checkpoint is written when the last one is older than this, and at the end.
SECONDS_BETWEEN_CHECKPOINTS = 10.0


@dataclass(frozen=True)
class Settings:
    """The choices that, with the text and the first weights, decide the result of a training.

    Attributes:
        optimizer: a name in ``OPTIMIZERS``.
        rate: the learning rate at the start; it falls to 0 in equal steps.
        batch: letters per step.
        epochs: how often to train on the text.
        letters: train on about this many letters; None for all.
        patience: stop after this many evaluations in a row without progress.
        evaluations: the largest number of evaluations on the validation part.
        dropout: the share of hidden neurons that are switched off at random for each letter, so
            that no neuron comes to rely on another (Srivastava et al., "Dropout: a simple way to
            prevent neural networks from overfitting", 2014).
        seed: decides the order of the letters, and dropout.
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
    """The progress of a training.

    Attributes:
        blocks: the number of blocks done, over all epochs.
        letters: the number of letters done.
        losses: for each block, the letters done at its end, and its mean loss.
        validation: for each evaluation, the letters done before it, the bits and the accuracy.
        best: the fewest bits of any evaluation.
        since: the number of evaluations after that.
    """

    blocks: int = 0
    letters: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float, float]] = field(default_factory=list)
    best: float | None = None
    since: int = 0


class Training:
    """A predictor, its text, and the progress of its training.

    Args:
        predictor: the predictor to train.
        corpus: the text.
        settings: the choices for the training.
        checkpoint: the file to save to, or None.
        devices: how many of JAX's devices train; None to train with NumPy.

    Attributes:
        validation: the letters that decide when to stop.
        best: the predictor as it was when it was best on these letters.
        progress: the progress so far.
        interrupted: whether Ctrl-C ended the training.
    """

    def __init__(
        self,
        predictor: Predictor,
        corpus: Corpus,
        settings: Settings,
        checkpoint: Path | None = None,
        devices: int | None = None,
    ) -> None:
        self.predictor, self.corpus, self.settings = predictor, corpus, settings
        self.checkpoint, self.devices = checkpoint, devices
        self.blocks = corpus.training(settings.letters)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            predictor.network.parameters(), lr=settings.rate
        )
        self.stream = random.Random(settings.seed)
        self.progress = Progress()
        self.interrupted = False
        self.best = Predictor(**predictor.settings())
        # Compiled here, so that it is recorded once and not for every block.
        self.backend = "jax" if devices else "numpy"
        self.loss = jit(predictor.loss_of, backend=self.backend, dtype="float32")
        self.validation = corpus.joined(corpus.validation(MOST_VALIDATED))
        self._validation = windows(self.validation, predictor.context)

    @property
    def total(self) -> int:
        """The number of blocks over all epochs."""
        return self.settings.epochs * len(self.blocks)

    @property
    def finished(self) -> bool:
        """Whether all blocks are done, or patience has run out."""
        return self.progress.blocks >= self.total or self.progress.since >= self.settings.patience

    def interrupt(self) -> None:
        """End the training after the current block."""
        self.interrupted = True

    def run(
        self,
        learned: Callable[[int, float], None] = lambda letters, loss: None,
        evaluated: Callable[[Scores], None] = lambda scores: None,
        seconds: float | None = None,
    ) -> None:
        """Train until all blocks are done, patience or time has run out, or Ctrl-C is pressed.

        Ctrl-C ends the training after the current block; a second Ctrl-C ends it at once.

        Args:
            learned: called after each block with its number of letters and its mean loss.
            evaluated: called after each evaluation with its scores.
            seconds: the time limit.

        Raises:
            FloatingPointError: a loss or a gradient is not finite.
            ValueError: there are fewer devices, or they cannot share a batch equally.
            ConnectionError: another process that trains along was lost.
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
                # Not in the checkpoint: an uninterrupted training would not evaluate here.
                evaluated(self._evaluate())

    def _learn_block(self) -> tuple[int, float]:
        """Train on the next block; return its number of letters and its mean loss."""
        progress, settings = self.progress, self.settings
        self.optimizer.lr = settings.rate * (1 - progress.blocks / self.total)
        block = self.blocks[progress.blocks % len(self.blocks)]
        X, T = windows(self.corpus.letters(block), self.predictor.context)
        loss = float("nan")
        if len(X):
            X = self._with_dropout(X)
            history = nn.fit(
                self.loss,
                X,
                T,
                self.optimizer,
                batch_size=settings.batch,
                shuffle=self.stream,
                progress=False,
                backend=self.backend,
                devices=self.devices,
            )
            loss = history.losses[-1]
            progress.letters += len(X)
            progress.losses.append((progress.letters, loss))
        progress.blocks += 1
        return len(X), loss

    def _with_dropout(self, X: Floats) -> Floats:
        """The rows, each followed by a factor for every hidden neuron: 0, or as much above 1 as
        keeps the mean at 1."""
        import numpy as np

        dropout, neurons = self.settings.dropout, sum(self.predictor.hidden)
        if not dropout:
            return X
        # Seeded by the block alone, so that a resumed training draws the same factors.
        draw = np.random.default_rng([self.settings.seed, self.progress.blocks])
        rows = np.empty((len(X), X.shape[1] + neurons), np.float32)
        rows[:, : X.shape[1]] = X
        # Bytes are drawn ten times as fast as floats.
        off = round(256 * dropout)
        kept = draw.integers(256, size=(len(X), neurons), dtype=np.uint8) >= off
        np.multiply(kept, np.float32(256 / (256 - off)), out=rows[:, X.shape[1] :])
        return rows

    def _evaluate(self) -> Scores:
        """Score the network on the validation part, and keep a copy if it is the best so far."""
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
        """Write everything that is needed to resume."""
        notes = {
            "predictor": self.best.settings(),
            "settings": self._settings(),
            "progress": asdict(self.progress),
        }
        models = Trained(self.predictor.network, self.best.network)
        nn.save_checkpoint(path, models, self.optimizer, self.stream, notes)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint, bit for bit as if the training had not stopped.

        Raises:
            FileNotFoundError: the file does not exist.
            CheckpointError: the file is damaged, or belongs to another text or other settings.
        """
        notes = nn.load_checkpoint(path)
        try:
            saved = {**notes["predictor"], **notes["settings"]}
            temperature = positive(saved.pop("temperature"), "temperature")
            progress = _progress(notes["progress"])
        except (TypeError, KeyError, ValueError, OverflowError):
            raise refusal(path, "is not a checkpoint of the letters demo") from None
        wanted = {**self.best.settings(), **self._settings()}
        del wanted["temperature"]
        for name in wanted:
            if saved.get(name) != wanted[name]:
                raise refusal(
                    path,
                    f"was made with {name} {_short(saved.get(name))}, not "
                    f"{_short(wanted[name])}: use the same, or another --checkpoint",
                )
        models = Trained(self.predictor.network, self.best.network)
        nn.load_checkpoint(path, models, self.optimizer, self.stream)
        self.best.temperature = temperature
        self.progress = progress

    def _settings(self) -> dict[str, Any]:
        """The settings, with the seed renamed (the predictor has one, too), and a checksum."""
        settings = asdict(self.settings)
        settings["seed of the order"] = settings.pop("seed")
        with self.corpus.open() as file:
            start = file.read(65_536)
        return {**settings, "text": f"{self.corpus.size} bytes {zlib.crc32(start):08x}"}


def copy(source: nn.Module, target: nn.Module) -> None:
    """Copy the weights of one network to another of the same shape."""
    for mine, theirs in zip(target.parameters(), source.parameters()):
        mine.data = theirs.data


def _progress(notes: Any) -> Progress:
    """The progress of a checkpoint, read from JSON."""
    renamed = {"errors": "losses"}  # as version 0.1 wrote them
    progress = Progress(**{renamed.get(name, name): notes[name] for name in notes})
    for count in (progress.blocks, progress.letters, progress.since):
        if whole(count, "a count of the progress", 0) > sys.maxsize:
            raise ValueError("a count is larger than any training")
    if progress.best is not None:
        progress.best = positive(progress.best, "best")
    progress.losses = [(int(a), float(b)) for a, b in progress.losses]
    progress.validation = [(int(a), float(b), float(c)) for a, b, c in progress.validation]
    return progress


def _short(setting: object) -> str:
    return "none" if setting is None else visible(setting)
