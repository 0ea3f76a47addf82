"""English to learn from: what every Python carries."""

from __future__ import annotations

import re


class TextError(ValueError):
    """A text that cannot be learned from; the message is one sentence that says why."""


def from_python() -> str:
    """About 200,000 characters of prose: the language reference that ``help()`` shows.

    Raises:
        TextError: this Python was stripped of it.
    """
    try:
        from pydoc_data.topics import topics
    except ModuleNotFoundError as error:
        raise TextError("this Python lacks its own help: choose a text, --text FILE") from error
    paragraphs = re.split(r"\n\s*\n", "\n\n".join(topics.values()))
    # Each once: whole sections stand under several topics, and who has learned one by heart
    # should not meet it again in the test.
    return one_line(" ".join(dict.fromkeys(filter(_is_prose, paragraphs))))


def one_line(text: str) -> str:
    """The text with each run of spaces, tabs and line ends made one space."""
    return " ".join(text.split())


def _is_prose(paragraph: str) -> bool:
    """Whether it reads as sentences: not code, nor grammar, nor a table, nor a heading."""
    letters = sum(c.isalpha() or c.isspace() for c in paragraph)
    return len(paragraph) > 80 and letters > 0.93 * len(paragraph)
