"""A text of any size, read in blocks, and split for training, validation and tests."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from autograd.files import open_file
from autograd.visible import visible
from demos.letters import english
from demos.letters.alphabet import fold
from demos.letters.english import TextError

# In bytes. Training on a block takes less than a second, and Ctrl-C waits for its end.
BLOCK = 32_768


class Blocks:
    """The bytes from start to end in blocks of one size; the last block may be smaller.

    It makes each range on demand, because a terabyte has millions of them.
    """

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end, self.size = start, end, BLOCK

    def __len__(self) -> int:
        return -((self.start - self.end) // self.size) if self.end > self.start else 0

    def __getitem__(self, number: int) -> range:
        if not 0 <= number < len(self):
            raise IndexError(f"there are {len(self)} blocks; got number {number}")
        at = self.start + number * self.size
        return range(at, min(at + self.size, self.end))

    def __iter__(self) -> Iterator[range]:
        return (self[number] for number in range(len(self)))


@dataclass(frozen=True)
class Corpus:
    """A text in UTF-8; at most one block of it is read at a time.

    The last tenth is for tests, the tenth before it for validation, and the rest for training.

    Attributes:
        name: the name of the text in messages.
        size: its size in bytes.
        open: opens the text at its beginning.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]

    def training(self, most: int | None = None) -> Blocks:
        """The blocks for training, each a range of bytes; at most ``most`` bytes in total."""
        end = self.size - 2 * (self.size // 10)
        return Blocks(0, end if most is None else min(end, most))

    def validation(self, most: int) -> Blocks:
        """The blocks for validation; at most ``most`` bytes in total."""
        start = self.size - 2 * (self.size // 10)
        return Blocks(start, min(self.size - self.size // 10, start + most))

    def test(self, most: int) -> Blocks:
        """The blocks for tests; at most ``most`` bytes in total."""
        start = self.size - self.size // 10
        return Blocks(start, min(self.size, start + most))

    def letters(self, block: range) -> str:
        """The letters of a block in the alphabet of 28, each run of white space as one space.

        A character belongs to the block that contains its first byte.

        Raises:
            TextError: the file cannot be read, or is not UTF-8.
        """
        try:
            with self.open() as file:
                file.seek(block.start)
                # A character has at most four bytes, so the last may end three after the block.
                content = file.read(len(block) + 3)
        except OSError as error:
            raise TextError(f"cannot read {self.name}: {error.strerror}") from error
        start = _next_character(content, 0) if block.start else 0
        end = _next_character(content, min(len(block), len(content)))
        if block.start == 0 and content.startswith(codecs.BOM_UTF8):
            start = len(codecs.BOM_UTF8)
        try:
            text = content[start:end].decode()
        except UnicodeDecodeError as error:
            place = block.start + start + error.start
            raise TextError(
                f"{self.name} is not text in UTF-8 (byte {place} cannot be read): "
                "save it as UTF-8, or choose another file"
            ) from error
        # A space at an edge stays, because blocks end within words as well as between them.
        return fold(re.sub(r"\s+", " ", text))

    def joined(self, blocks: Iterable[range]) -> str:
        """The letters of several blocks, one after another."""
        return re.sub(" +", " ", "".join(map(self.letters, blocks))).strip()


def from_file(path: Path) -> Corpus:
    """The text of a file.

    Raises:
        TextError: the file cannot be read, or is empty.
    """
    name = visible(path, 400)
    try:
        with open_file(path) as file:
            size = file.seek(0, io.SEEK_END)
    except OSError as error:
        raise TextError(f"cannot read {name}: {error.strerror}") from error
    corpus = Corpus(name, size, lambda: open_file(path))
    if not corpus.letters(range(min(size, BLOCK))).strip():
        raise TextError(f"{name} is empty; choose a file with English text")
    return corpus


def from_python() -> Corpus:
    """The language reference that comes with Python.

    Raises:
        TextError: this Python was installed without it.
    """
    content = english.from_python().encode()
    name = "the language reference that comes with Python"
    return Corpus(name, len(content), lambda: io.BytesIO(content))


def _next_character(content: bytes, at: int) -> int:
    """The first place from ``at`` on where no character continues from before (UTF-8)."""
    for place in range(at, min(at + 4, len(content))):
        if content[place] & 0b1100_0000 != 0b1000_0000:
            return place
    return min(at + 3, len(content)) if at < len(content) else len(content)
