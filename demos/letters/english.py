"""English to learn from: the language reference that comes with Python."""

from __future__ import annotations

import re


class TextError(ValueError):
    """A text that cannot be used for training; the message says why, in one sentence."""


def from_python() -> str:
    """The prose of the language reference that ``help()`` shows, about 200,000 characters.

    Raises:
        TextError: this Python was installed without it.
    """
    try:
        from pydoc_data.topics import topics
    except ModuleNotFoundError as error:
        raise TextError("this Python has no help texts; choose a text with --text FILE") from error
    paragraphs = re.split(r"\n\s*\n", "\n\n".join(topics.values()))
    # Several topics share whole sections. Each paragraph is kept once, so that the test contains
    # nothing that the network could have learned by heart.
    return one_line(" ".join(dict.fromkeys(filter(_is_prose, paragraphs))))


def one_line(text: str) -> str:
    """The text with each run of spaces, tabs and line ends replaced by one space."""
    return " ".join(text.split())


def _is_prose(paragraph: str) -> bool:
    """Whether a paragraph is made of sentences, and is not code, grammar, a table or a heading."""
    letters = sum(c.isalpha() or c.isspace() for c in paragraph)
    return len(paragraph) > 80 and letters > 0.93 * len(paragraph)
