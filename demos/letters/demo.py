"""A network that learns English letter by letter: training, comparison with counts, writing."""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nn
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.helpers.options import positive, share, whole
from demos.letters import corpus, training
from demos.letters.alphabet import ranking, windows
from demos.letters.baselines import KneserNey, orders
from demos.letters.corpus import Corpus
from demos.letters.english import TextError
from demos.letters.predictor import LOSSES, Predictor
from demos.letters.scores import Scores, scores, softmax
from demos.letters.training import Settings, Training

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ACTIVATIONS = ("relu", "sigmoid", "tanh")

SUMMARY = "a network that learns to predict and to write English"

# Counting more letters would fill the memory.
MOST_COUNTED, MOST_TESTED = 500_000, 5_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this demo."""
    add = parser.add_argument
    add("--text", type=Path, metavar="FILE", help="train on this file (UTF-8, any size)")
    add("--letters", type=whole(1), metavar="N", help="train on about N letters, not on all")
    add("--context", type=whole(1), default=8, metavar="K", help="letters to predict from")
    add("--embedding", type=whole(0), default=32, metavar="N", help="numbers per letter; 0: none")
    add("--hidden", type=whole(0), default=[256], nargs="*", metavar="N", help="hidden neurons")
    add("--activation", choices=ACTIVATIONS, default="relu", help="of the hidden layers")
    add("--dropout", type=share, default=0.2, metavar="P", help="share of neurons switched off")
    add("--loss", choices=LOSSES, default="cross-entropy", help="the course uses squared")
    add("--optimizer", choices=sorted(training.OPTIMIZERS), default="adam", help="update rule")
    add("--rate", type=positive, default=0.003, metavar="R", help="learning rate at the start")
    add("--batch", type=whole(1), default=128, metavar="N", help="letters per step")
    add("--epochs", type=whole(1), default=8, metavar="N", help="passes over the training text")
    add("--patience", type=whole(1), default=5, metavar="N", help="evaluations without progress")
    add("--minutes", type=positive, metavar="M", help="time limit for the training")
    add("--checkpoint", type=Path, metavar="FILE", help="save the training to this file")
    add("--resume", action="store_true", help="continue from the checkpoint, if it exists")
    add("--interactive", action="store_true", help="then predict while you type")
    add("--devices", type=whole(1), metavar="N", help="train on N devices of JAX, in equal parts")
    add("--process", type=whole(0), metavar="I", help="one of several that train: which, from 0")
    add("--processes", type=whole(1), metavar="N", help="how many processes train together")
    add("--coordinator", metavar="HOST:PORT", help="the machine of process 0, and a free port")


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Read a text, train, test, predict and write."""
    if options.quick:
        options.letters = min(options.letters or 6000, 6000)
        options.hidden = [min(n, 16) for n in options.hidden]
        options.epochs = min(options.epochs, 2)
    text = read(options)
    hidden = [n for n in options.hidden if n]  # --hidden 0 means none, as with --embedding
    predictor = Predictor(
        options.context,
        hidden,
        options.embedding,
        options.loss,
        options.seed,
        activation=options.activation,
    )
    settings = Settings(
        options.optimizer,
        options.rate,
        options.batch,
        options.epochs,
        options.letters,
        options.patience,
        dropout=options.dropout,
        seed=options.seed,
    )
    # Of several processes the first alone writes files, prints and draws.
    checkpoint = None if options.process else options.checkpoint
    job = Training(predictor, text, settings, checkpoint, options.devices)
    with together(options):
        train(job, options)
    if options.process:
        sys.exit(0)
    predictor = job.best

    tested, right = predictions(predictor, test_letters(text, predictor.context))
    best_count = compare(job, tested, right)
    show_ranking(predictor, "the lett")
    show_writing(predictor, options.seed)
    progress, out = job.progress, options.out
    exhibits = show_pictures(predictor, progress, best_count, tested, right, out)
    exhibits.insert(0, show_page(predictor, text.name, out))
    if options.interactive:
        from demos.letters.prompt import interact

        print()
        interact(predictor)
    return exhibits


def read(options: argparse.Namespace) -> Corpus:
    """Open the text, and make sure that it is long enough."""
    text = corpus.from_file(options.text) if options.text else corpus.from_python()
    print(f"Reading {text.name}: {text.size:,} bytes.")
    least = 10 * (options.context + 2)
    parts = text.validation(MOST_TESTED), text.test(MOST_TESTED)
    if any(len(text.joined(part)) <= options.context for part in parts):
        raise TextError(
            f"{text.name} is too short: a context of {options.context} needs at least "
            f"{least:,} letters, and the text has {letters_in(text):,}"
        )
    print("  the last tenth is for tests; the tenth before it decides when to stop")
    return text


@contextlib.contextmanager
def together(options: argparse.Namespace) -> Iterator[None]:
    """Inside, this process trains with the others, if there are any. Only the first one prints."""
    given = [options.process, options.processes, options.coordinator]
    several = any(each is not None for each in given)
    if several and (None in given or not options.devices):
        raise TextError("--devices, --process, --processes and --coordinator go together")
    if several and options.minutes:
        raise TextError("several processes have several clocks: leave --minutes out")
    try:
        with contextlib.ExitStack() as stack:
            if several:
                address = options.coordinator
                stack.enter_context(nn.connected(address, options.process, options.processes))
            if options.process:
                stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            yield
    except (ConnectionError, ValueError) as error:
        if options.devices and not isinstance(error, TextError):
            raise TextError(str(error)) from error
        raise


def letters_in(text: Corpus) -> int:
    """The number of letters in a short text."""
    return len(text.joined([range(min(text.size, MOST_COUNTED))]))


def train(job: Training, options: argparse.Namespace) -> None:
    """Train, and print the progress."""
    from tqdm import tqdm

    predictor = job.predictor
    if options.resume and options.checkpoint is None:
        raise TextError("--resume needs a checkpoint: add --checkpoint FILE")
    if options.resume and options.checkpoint.exists():
        try:
            job.resume(options.checkpoint)
        except (nn.CheckpointError, OSError) as error:
            raise TextError(str(error)) from error
        print(f"  continuing from {options.checkpoint}, after {job.progress.letters:,} letters")
    elif options.resume:
        print(f"  {options.checkpoint} does not exist yet: starting from the beginning")
    elif options.checkpoint and options.checkpoint.exists():
        raise TextError(
            f"{options.checkpoint} exists already: add --resume to continue from it, or choose "
            "another file"
        )
    weights = len(job.optimizer.parameters)
    layers = " -> ".join(map(str, sizes(predictor)))
    print(f"Training a network with layers of {layers} numbers:")
    print(f"  {weights:,} weights and biases")
    print("  Ctrl-C ends the training and keeps the best network so far")
    print("  bits per letter and accuracy, on the part that decides when to stop; and a")
    print("  sample of what the network writes:")
    print("      letters   bits  accuracy  sample")
    bar = tqdm(total=job.total, initial=job.progress.blocks, unit="block", disable=None)

    def learned(letters: int, loss: float) -> None:
        bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        bar.update(1)

    def evaluated(found: Scores) -> None:
        sample = predictor.write("the ", 30, 0.7, random.Random(options.seed))
        # Printed where the bar is; the bar moves down.
        line = f"  {job.progress.letters:>11,}  {found.bits:.3f}  {found.accuracy:8.1%}  {sample}"
        with bar.external_write_mode(file=sys.stdout):
            print(line)

    seconds = 60 * options.minutes if options.minutes else None
    with bar:
        job.run(learned, evaluated, seconds)
    if job.interrupted:
        print(f"Stopped by Ctrl-C after {job.progress.blocks:,} of {job.total:,} blocks.")
    elif job.progress.blocks < job.total:
        why = "no more progress" if job.finished else "the time is up"
        print(f"Stopped after {job.progress.blocks:,} of {job.total:,} blocks: {why}.")
    if options.checkpoint:
        print(f"  checkpoint: {options.checkpoint}")
    print()


def sizes(predictor: Predictor) -> list[int]:
    """The size of each layer, from the inputs to the outputs."""
    network, context = predictor.network, predictor.context
    first = [28 * context, context * predictor.embedding] if predictor.embedding else [28 * context]
    return first + [len(layer.neurons) for layer in network.layers]


def predictions(
    predictor: Predictor, letters: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The network's probabilities, of shape (n, 28), and the places of the right letters."""
    X, T = windows(letters, predictor.context)
    return softmax(predictor.outputs(X), predictor.temperature), T.argmax(1)


def test_letters(text: Corpus, context: int) -> str:
    """The first letters of the test part."""
    return text.joined(text.test(2 * MOST_TESTED))[: MOST_TESTED + context]


def compare(
    job: Training, tested: NDArray[np.float64], right: NDArray[np.int64]
) -> tuple[str, float]:
    """Print how well the network and counts predict letters that neither has seen.

    Returns:
        The name of the best counts, and their bits per letter on the validation letters, where
        the network was evaluated during training.
    """
    text, context = job.corpus, job.best.context
    most = min(job.settings.letters or MOST_COUNTED, MOST_COUNTED)
    learning, test = text.joined(text.training(most)), test_letters(text, context)
    print(f"Testing the network and counts on {len(right):,} letters that neither has seen:")
    print(f"  {'':<30}accuracy  bits/letter  mean rank  median rank")
    found: dict[str, Scores] = {}
    counted: dict[str, KneserNey] = {}
    for length in (n for n in orders(context) if n < len(learning)):
        name = f"counts after {length} letter{'s' * (length != 1)}"
        counted[name] = KneserNey(length, learning)
        found[name] = scores(probabilities(counted[name], test, context), right)
        show_scores(name, found[name])
    best = min(found, key=lambda name: found[name].bits)
    ours = scores(tested, right)
    show_scores("the network", ours)
    weight, bits_of_counts = with_counts(job, counted[best])
    both = scores(mixture(tested, probabilities(counted[best], test, context), weight), right)
    show_scores(f"both, the network {weight:.0%}", both)
    gains = [100 * (s.accuracy - found[best].accuracy) for s in (ours, both)]
    one, other = (f"{abs(gain):.1f} points {'higher' if gain >= 0 else 'lower'}" for gain in gains)
    print(f"The likeliest letter has rank 1. The counts are of {len(learning):,} letters, smoothed")
    print(f"(Kneser-Ney); {best} take the fewest bits. Compared with")
    print(f"these, the accuracy of the network is {one}, and the accuracy")
    print(f"of both, their weighted mean, is {other}.")
    if job.best.loss == "squared":
        divisor = f"{job.best.temperature:.3f}"
        print(f"The network's probabilities are the softmax of outputs / {divisor}. This")
        print("temperature takes the fewest bits on the part that decides when to stop.")
    print()
    return best, bits_of_counts


def show_scores(name: str, s: Scores) -> None:
    """Print a line of the table."""
    ranks = f"{s.mean_rank:>9.2f}  {s.median_rank:>11.1f}"
    print(f"  {name:<30}{s.accuracy:>8.1%}  {s.bits:>11.3f}  {ranks}")


def probabilities(counts: KneserNey, letters: str, context: int) -> NDArray[np.float64]:
    """Probabilities by counting, of shape (n, 28), where ``context`` letters come before."""
    import numpy as np

    places = range(context, len(letters))
    return np.array([counts.probabilities(letters[at - context : at]) for at in places])


def with_counts(job: Training, counts: KneserNey) -> tuple[float, float]:
    """On the validation letters, the network's weight in the mixture with the fewest bits, and the
    bits of the counts alone."""
    ours, right = predictions(job.best, job.validation)
    theirs = probabilities(counts, job.validation, job.best.context)
    weights = [step / 20 for step in range(21)]
    bits = [scores(mixture(ours, theirs, weight), right).bits for weight in weights]
    return weights[bits.index(min(bits))], bits[0]


def mixture(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """The weighted mean of two sets of probabilities; ``weight`` is that of the first."""
    return weight * ours + (1 - weight) * theirs


def show_ranking(predictor: Predictor, text: str) -> None:
    """Print the likeliest letters after ``text``, with a bar for each probability."""
    print(f'The likeliest letters after "{text}":')
    for letter, p in ranking(predictor.probabilities(text))[:8]:
        name = "space" if letter == " " else letter
        print(f"  {name:<6}{p:>6.1%}  {'#' * round(60 * p)}".rstrip())
    print()


def show_writing(predictor: Predictor, seed: int) -> None:
    """Print samples of writing at three temperatures."""
    print("The network writes: it draws each letter by its probability. The lower the")
    print("temperature, the more it prefers the likeliest letters:")
    for temperature in (0.3, 0.7, 1.0):
        written = predictor.write("the ", 150, temperature, random.Random(seed))
        first, rest = f"  {temperature}  ", " " * 7
        print(textwrap.fill(written, 76, initial_indent=first, subsequent_indent=rest))
    print()


def show_page(predictor: Predictor, source: str, out: Path) -> Exhibit:
    """Write the page in which a reader types, and name it."""
    print("Writing a page of the network for a browser:")
    path = predictor.page(out / "letters.html", source=source)
    print(f"  page:    {path}")
    return Exhibit(path, "Type, and see the next letter predicted, neurons lit, and why.")


def show_pictures(
    predictor: Predictor,
    progress: training.Progress,
    best_count: tuple[str, float],
    tested: NDArray[np.float64],
    right: NDArray[np.int64],
    out: Path,
) -> list[Exhibit]:
    """Draw the learning curve, the confusions and the similarity of letters."""
    from demos.letters import pictures

    print("Drawing the learning curve, the confusions and the similarity of letters:")
    return plots.save_all(
        lambda: pictures.learning_curve(
            progress.losses,
            progress.validation,
            best_count,
            predictor.loss,
            out / "letters.png",
        ),
        lambda: pictures.confusions(tested, right, out / "letters_confused.png"),
        lambda: pictures.embedding(predictor.network, out / "letters_alike.png"),
    )
