"""A network that learns English letter by letter: trained, compared with counting, let loose."""

from __future__ import annotations

import argparse
import random
import textwrap
from collections.abc import Callable
from pathlib import Path

import nn
from autograd import Value
from demos import english
from demos.alphabet import ON, Coded, fold, ranking
from demos.baselines import Counts, accuracy
from demos.options import positive, whole
from demos.pictures import save_loss_curve
from demos.predictor import Predictor

SUMMARY = "a network that learns to predict and to write English"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    add = parser.add_argument
    add("--text", type=Path, metavar="FILE", help="learn from this file, in UTF-8")
    add("--letters", type=whole(1), default=8000, metavar="N", help="how many to learn from")
    add("--context", type=whole(1), default=3, metavar="K", help="letters to predict from")
    add("--hidden", type=whole(0), default=24, metavar="N", help="hidden neurons; may be 0")
    add("--epochs", type=whole(1), default=1, metavar="N", help="how often to learn all letters")
    add("--rate", type=positive, default=0.3, metavar="R", help="learning rate at the start")
    add("--seed", type=whole(0), default=0, metavar="N", help="first weights, order and dice")


def run(options: argparse.Namespace) -> None:
    """Read, train, test, predict, write."""
    if options.quick:
        options.letters, options.hidden = min(options.letters, 300), min(options.hidden, 8)
    learning, test = read(options)
    predictor = Predictor(options.context, options.hidden, options.seed)
    errors = train(predictor, learning, options)

    print("Drawing how the error fell.")
    save_loss_curve(errors, options.out / "letters.png")
    print()
    compare(predictor, learning, test)
    show_ranking(predictor, "th")

    print("Letting it write, each letter drawn by chance according to the outputs:")
    written = predictor.write("the ", 300, random.Random(options.seed))
    print(textwrap.indent(textwrap.fill(written, 76), "  "))


def read(options: argparse.Namespace) -> tuple[str, str]:
    """The letters to learn from, and others to test with."""
    if options.text:
        name, text = str(options.text), fold(english.from_file(options.text))
    else:
        name, text = "the language reference within this Python", fold(english.from_python())
    held_out = len(text) // 10
    if held_out <= options.context:
        raise english.TextError(
            f"{name} is too short to learn from: with a context of {options.context} it takes at "
            f"least {10 * (options.context + 1):,} letters, and there are {len(text):,}"
        )
    learning = text[:-held_out][: options.letters + options.context]
    test = text[-held_out:]
    print(f"Reading {name}: {len(text):,} letters.")
    print(f"  to learn from: the first {len(learning):,}")
    print(f"  to test with:  2,000 at most, spread over the last {len(test):,}")
    print()
    return learning, test


def train(predictor: Predictor, text: str, options: argparse.Namespace) -> list[float]:
    """Learn each letter from those before it; the error at every step, until Ctrl-C."""
    context, places = predictor.context, range(predictor.context, len(text))
    optimizer = nn.SGD(predictor.network.parameters(), lr=options.rate)
    steps = options.epochs * len(places)
    errors: list[float] = []

    def error(inputs: list[float], target: list[float]) -> Value:
        # Smaller steps towards the end: the last letters learned should not shake the rest.
        optimizer.lr = options.rate * (1 - len(errors) / steps)
        e = predictor.error(inputs, target)
        errors.append(e.data)
        return e

    print(f"Training {predictor.network}")
    print(f"  weights and biases: {len(optimizer.parameters):,}; steps: {steps:,}, one a letter")
    print("  Ctrl-C ends the training and keeps what was learned")
    history = nn.fit(
        error,
        Coded([text[place - context : place] for place in places]),
        Coded(text[context:]),
        optimizer,
        epochs=options.epochs,
        shuffle=options.seed,
    )
    if history.interrupted:
        print(f"Stopped by Ctrl-C after {len(errors):,} of {steps:,} steps.")
        print("  the rest is done with what was learned until then")
    print(f"  mean error: {history.errors[-1]:.4f}")
    print()
    return errors


def compare(predictor: Predictor, learning: str, test: str) -> None:
    """Print how often the network is right on letters it never saw, and how often counting is."""
    guesses: dict[str, Callable[[str], str]] = {
        "the network": predictor,
        "the most frequent letter": Counts(0, learning),
        "bigrams: counts after 1 letter": Counts(1, learning),
        "trigrams: counts after 2 letters": Counts(2, learning),
    }
    print("Testing: how often is the likeliest next letter the right one?")
    for name, guess in guesses.items():
        print(f"  {name:<34}{accuracy(guess, test, predictor.context):>6.1%}")
    print(f"The counts are those of the same {len(learning):,} letters to learn from.")
    print()


def show_ranking(predictor: Predictor, text: str) -> None:
    """Print the letters with the largest outputs after ``text``, and bars as long as these."""
    print(f'Predicting what follows "{text}" ({ON} would be certainty):')
    for letter, output in ranking(predictor.outputs(text))[:8]:
        name = "space" if letter == " " else letter
        print(f"  {name:<6}{output:>6.3f}  {'#' * round(60 * output)}".rstrip())
    print()
