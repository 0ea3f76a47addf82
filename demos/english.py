"""English to learn from: what every Python carries, or a file."""

from __future__ import annotations

import re
from pathlib import Path


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
    return one_line(" ".join(filter(_is_prose, paragraphs)))


def from_file(path: Path) -> str:
    """The text of a file in UTF-8.

    Raises:
        TextError: the file cannot be read, is not UTF-8, or holds nothing but white space.
    """
    try:
        text = one_line(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TextError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TextError(
            f"{path} is not text in UTF-8 (byte {error.start} cannot be read): "
            "save it as UTF-8, or choose another file"
        ) from error
    if not text:
        raise TextError(f"{path} is empty: it takes some English to learn English")
    return text


def one_line(text: str) -> str:
    """The text with each run of spaces, tabs and line ends made one space."""
    return " ".join(text.split())


def _is_prose(paragraph: str) -> bool:
    """Whether it reads as sentences: not code, nor grammar, nor a table, nor a heading."""
    letters = sum(c.isalpha() or c.isspace() for c in paragraph)
    return len(paragraph) > 80 and letters > 0.93 * len(paragraph)
