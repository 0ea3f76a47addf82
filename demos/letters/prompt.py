"""A prompt that predicts the next letter while you type."""

from __future__ import annotations

import codecs
import os
import random
import select
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from demos.letters.alphabet import ranking
from demos.letters.predictor import Predictor

BACKSPACE, TAB, ENDS = ("\x7f", "\b"), "\t", ("\r", "\n", "\x03", "\x04", "")
HINT = "Type, and see which letters it expects. Tab takes the likeliest; Enter ends."


def interact(predictor: Predictor) -> None:
    """Predict after every key in a terminal, elsewhere after every line, until the input ends."""
    try:
        import termios  # noqa: F401
    except ModuleNotFoundError:
        keys = False  # not a Unix
    else:
        keys = sys.stdin.isatty() and _screen().isatty()
    if keys:
        _by_key(predictor)
    else:
        _by_line(predictor)


def likely(predictor: Predictor, text: str, most: int = 5) -> str:
    """The likeliest next letters with their probabilities, such as ``e 41%  a 12%``."""
    ranked = ranking(predictor.probabilities(text))[:most]
    return "  ".join(f"{'␣' if letter == ' ' else letter} {p:.0%}" for letter, p in ranked)


def _by_line(predictor: Predictor) -> None:
    print("Type the start of a text, then Enter. An empty line ends.")
    for line in sys.stdin:
        text = line.rstrip("\r\n")
        if not text:
            break
        print(f"  next: {likely(predictor, text)}")
        print(f"  {predictor.write(text, 50, 0.5, random.Random(0))}")


def _by_key(predictor: Predictor) -> None:
    print(textwrap.fill(HINT, _columns() - 1))
    text = ""
    with _each_key_at_once():
        while True:
            columns = _columns()
            shown = text[-max(columns - 50, 10) :]
            # Only as many as fit, at 8 columns each, because a line that wraps cannot be cleared.
            expected = likely(predictor, text, max(min((columns - len(shown) - 3) // 8, 5), 0))
            # Go back to the start of the line, clear it, and leave the cursor after the text.
            _screen().write(f"\r\x1b[K{shown}\x1b7   \x1b[2m{expected}\x1b[0m\x1b8")
            _screen().flush()
            key = _key()
            if key in ENDS:
                break
            if key in BACKSPACE:
                text = text[:-1]
            elif key == TAB:
                text += predictor(text)
            elif key.isprintable():
                text += key
        _screen().write("\r\x1b[K" + text + "\n")
        _screen().flush()


def _key() -> str:
    """The next key as one character; an empty string at the end of the input."""
    terminal = sys.stdin.fileno()
    content = os.read(terminal, 1)
    if content == b"\x1b":  # an arrow key, for example, sends several characters at once
        while select.select([terminal], [], [], 0)[0]:
            os.read(terminal, 1)
        return "\x00"
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    key = decoder.decode(content, final=not content)
    while content and not key:
        content = os.read(terminal, 1)
        key = decoder.decode(content, final=not content)
    return key


def _screen() -> TextIO:
    """The terminal itself, even while ``sys.stdout`` is redirected."""
    return sys.__stdout__ or sys.stdout


def _columns() -> int:
    return os.get_terminal_size(_screen().fileno()).columns or 80


@contextmanager
def _each_key_at_once() -> Iterator[None]:
    """Deliver keys without Enter and without echo; restore the terminal afterwards."""
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal, termios.TCSADRAIN)
        # Only the input is raw, which includes Ctrl-C; the output works as before.
        now = termios.tcgetattr(terminal)
        now[1] = before[1]
        termios.tcsetattr(terminal, termios.TCSADRAIN, now)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
