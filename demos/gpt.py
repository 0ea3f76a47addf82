"""A GPT from scalar loops: it reads letters, looks back at those before, and writes English."""

from __future__ import annotations

import argparse
import math
import random
import re
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nn
from autograd import Value, jit, no_grad, page
from autograd.files import write_whole
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.helpers.transformer import GPT, attention, mixed
from demos.letters import corpus
from demos.letters.alphabet import ALPHABET, index
from demos.letters.corpus import Corpus

SUMMARY = "a small transformer in plain loops, which learns letters, and what it looks at"

LENGTH, BATCH = 16, 32
SHOWN = "the value of the"
Rows = list[list[int]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this demo."""
    parser.add_argument("--epochs", type=int, default=16, metavar="N", help="passes over the text")


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Train a GPT, watch its heads, let it write, and step through one head."""
    text = corpus.from_python()
    X, T = documents(text, 12_000 if options.quick else 200_000)
    model = GPT(len(ALPHABET), LENGTH, seed=options.seed)
    print("A GPT reads a text letter by letter. It is written as plain loops over numbers:")
    print("  demos/helpers/transformer.py")
    print(f"  parameters {len(model.parameters()):,}; it looks back at {LENGTH} letters at most")
    print()

    start = time.perf_counter()
    loss = jit(model.loss)
    losses = train(model, loss, X, T, 2 if options.quick else options.epochs, options.seed)
    tokens = LENGTH * len(X) * len(losses)
    seconds = time.perf_counter() - start
    bits = float(loss(*documents(text, 20_000, validation=True)).mean()) / math.log(2)
    print(f"It has read {tokens:,} letters in {seconds:.0f} seconds ({loss.backend}).")
    print(f"  bits per letter, at first {losses[0]:.2f}, at last {losses[-1]:.2f}")
    print(f"  of text that it has not seen {bits:.2f}; by chance {math.log2(len(ALPHABET)):.2f}")
    print()
    print("jit recorded the loops once, and found in them the transformer that a textbook")
    print("writes in matrices. The forward pass:")
    print()
    print(f"  {repr(loss).partition(': ')[2].rstrip('>')}")
    print()
    print(textwrap.indent(forward(loss.source), "  "))
    source = options.out / "gpt_source.py"
    write_whole(source, loss.source.encode())
    print(f"  source:  {source}")
    print()
    print("It writes. Each letter is drawn by its probability:")
    for line in textwrap.wrap(write(model, "the ", 210, options.seed), 70):
        print(f"  {line}")
    print()
    print("One head of two numbers a letter, at the third letter of a text, step by step:")
    path = head_page(options.out / "gpt.html")
    print(f"  page:    {path}")
    return [
        Exhibit(path, "One attention head at the third letter: agreement, share, mixture."),
        Exhibit(source, "The transformer in matrices that jit found. It needs only NumPy."),
        *plots.save_all(
            lambda: draw_attention(model, SHOWN, options.out / "gpt_attention.png"),
            lambda: draw_losses(losses, bits, options.out / "gpt.png"),
        ),
    ]


# --- texts ---


def places(text: str) -> list[int]:
    """The place of each letter in the alphabet."""
    return [index(letter) for letter in text]


def documents(text: Corpus, most: int, validation: bool = False) -> tuple[Rows, Rows]:
    """Pieces of ``LENGTH`` letters, and for each the letters that come one later."""
    letters = text.joined(text.validation(most) if validation else text.training(most))
    every = places(letters)
    starts = range(0, len(every) - LENGTH, LENGTH)
    pieces = [every[at : at + LENGTH + 1] for at in starts]
    return [piece[:-1] for piece in pieces], [piece[1:] for piece in pieces]


def train(model: GPT, loss: Any, X: Rows, T: Rows, epochs: int, seed: int) -> list[float]:
    """Train with a learning rate that falls to 0; returns the bits per letter of each epoch."""
    steps = epochs * math.ceil(len(X) / BATCH)
    optimizer = nn.Adam(model.parameters(), lr=lambda step: 0.01 * (1 - step / steps))
    history = nn.fit(
        loss, X, T, optimizer, epochs, BATCH, shuffle=random.Random(seed), progress=False
    )
    return [nats / math.log(2) for nats in history.losses]


def forward(source: str) -> str:
    """The forward pass of a program, without the shapes, in lines that fit a terminal."""
    body = source.partition("def rows_and_gradients(")[2].partition("# backward")[0]
    lines = [re.sub(r" *#.*", "", line.removeprefix("    ")) for line in body.splitlines()[2:]]
    wrapped = [textwrap.wrap(line, 74, subsequent_indent=" " * 8) for line in lines]
    return "\n".join(part for parts in wrapped for part in parts)


# --- what it does with what it has learned ---


def writer(model: GPT) -> Callable[[str], list[float]]:
    """A function from a text to the probability of each letter that may follow."""
    scores = jit(lambda text: [score for each in model(text) for score in each])

    def after(text: str) -> list[float]:
        seen = text[-LENGTH:]
        # What comes later does not matter, because nothing looks ahead.
        row = places(seen) + [0] * (LENGTH - len(seen))
        found = scores([row])[0].reshape(LENGTH, -1)[len(seen) - 1].tolist()
        powers = [math.exp(score - max(found)) for score in found]
        return [p / sum(powers) for p in powers]

    return after


def write(model: GPT, text: str, count: int, seed: int) -> str:
    """The text, continued by ``count`` letters."""
    after, stream = writer(model), random.Random(seed)
    for _ in range(count):
        text += stream.choices(ALPHABET, after(text))[0]
    return text


def looks(model: GPT, text: str) -> list[list[list[float]]]:
    """How much each head looks, at each letter of a text, at each letter so far."""
    watched: list[Any] = []
    with no_grad():
        model(places(text), watched)
    return [
        [[look.data for look in at_letter[head]] for at_letter in watched]
        for head in range(model.heads)
    ]


def head_page(path: Path) -> Path:
    """Write the page of one head at the third letter of a text, small enough to be read: queries
    and keys have two numbers, and values one."""
    q = [Value(1.0), Value(-0.5)]
    k = [[Value(0.2), Value(0.4)], [Value(-0.6), Value(1.0)], [Value(1.2), Value(0.3)]]
    v = [[Value(-1.0)], [Value(0.5)], [Value(2.0)]]
    look = attention(q, k)
    (found,) = mixed(look, v)
    names: dict[str, Any] = {"q": q, "out": found, "total": look[0].inputs[1]}
    for number, share in enumerate(look, start=1):
        power = share.inputs[0]
        names |= {f"k{number}[{place}]": x for place, x in enumerate(k[number - 1])}
        names |= {f"v{number}": v[number - 1][0], f"look{number}": share}
        names |= {f"power{number}": power, f"agree{number}": power.inputs[0]}
    page(found, path, names=names)
    return path


# --- pictures ---


def draw_attention(model: GPT, text: str, path: Path) -> Exhibit:
    """Draw, for each head, how much it looks from each letter of a text at each one so far."""
    figure = plots.new_figure(10, 3.1 * math.ceil(model.heads / 4))
    shown = [letter if letter != " " else "\u2423" for letter in text]
    each = looks(model, text)
    for number, (axes, rows) in enumerate(zip(figure.subplots(1, len(each)), each), start=1):
        square = [row + [0.0] * (len(text) - len(row)) for row in rows]
        axes.imshow(square, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(text)), shown, fontsize=8)
        axes.set_yticks(range(len(text)), shown, fontsize=8)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(f"head {number}", fontsize=10, color="#222222")
    plots.save(figure, path)
    return Exhibit(
        path,
        "What each head looks at: each row is a letter that was read, and the darker a square, "
        "the more it looks at the letter of that column.",
        "What does the network look at?",
    )


def draw_losses(losses: list[float], unseen: float, path: Path) -> Exhibit:
    """Draw how the bits per letter fall."""
    figure = plots.new_figure(8, 3.6)
    axes = figure.add_subplot(xlabel="passes over the text", ylabel="bits per letter")
    axes.plot(range(1, len(losses) + 1), losses, "o-", color=plots.BLUE, markersize=4)
    axes.axhline(unseen, color=plots.ORANGE, linewidth=1.5)
    plots.label(axes, "unseen text, at last", (len(losses), unseen), (0, 5), plots.ORANGE)
    plots.title(axes, "A GPT of 4,224 numbers learns English")
    plots.save(figure, path)
    return Exhibit(path, "How surprised the network is by the next letter, while it learns.")
