"""A text of any size, read in blocks: some to learn from, some to stop by, some to test with."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from demos.letters import english
from demos.letters.alphabet import fold
from demos.letters.english import TextError

# In bytes. Less than a second of training, which is what Ctrl-C waits for.
BLOCK = 32_768


class Blocks:
    """The bytes from start to end in blocks of one size, of which the last may be smaller.

    A sequence of ranges that are made when asked for: of a terabyte there are millions.
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
    """A text in UTF-8, of which never more than a block is read at once.

    The last tenth of it is for tests, the tenth before for validation, and the rest to learn from.

    Attributes:
        name: what to call it.
        size: in bytes.
        open: opens it from its beginning.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]

    def training(self, most: int | None = None) -> Blocks:
        """The blocks to learn from, each a range of bytes; ``most`` bytes at most in all."""
        end = self.size - 2 * (self.size // 10)
        return Blocks(0, end if most is None else min(end, most))

    def validation(self, most: int) -> Blocks:
        """The blocks that say when to stop; ``most`` bytes at most in all."""
        start = self.size - 2 * (self.size // 10)
        return Blocks(start, min(self.size - self.size // 10, start + most))

    def test(self, most: int) -> Blocks:
        """The blocks that nothing is learned from; ``most`` bytes at most in all."""
        start = self.size - self.size // 10
        return Blocks(start, min(self.size, start + most))

    def letters(self, block: range) -> str:
        """The letters of a block, in the alphabet of 28; runs of white space are one space.

        A character belongs to the block that its first byte is in.

        Raises:
            TextError: the file cannot be read, or is not UTF-8.
        """
        try:
            with self.open() as file:
                file.seek(block.start)
                # A character is four bytes at most: three more than the block may be its last's.
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
        # One space at an edge stays: blocks end within words, and between them.
        return fold(re.sub(r"\s+", " ", text))

    def joined(self, blocks: Iterable[range]) -> str:
        """The letters of several blocks, one after another."""
        return re.sub(" +", " ", "".join(map(self.letters, blocks))).strip()


def from_file(path: Path) -> Corpus:
    """The text of a file.

    Raises:
        TextError: the file cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
    except OSError as error:
        raise TextError(f"cannot read {path}: {error.strerror}") from error
    corpus = Corpus(str(path), size, lambda: path.open("rb"))
    if not corpus.letters(range(min(size, BLOCK))).strip():
        raise TextError(f"{path} is empty: it takes some English to learn English")
    return corpus


def from_python() -> Corpus:
    """The text that every Python carries.

    Raises:
        TextError: this Python was stripped of it.
    """
    content = english.from_python().encode()
    name = "the language reference within this Python"
    return Corpus(name, len(content), lambda: io.BytesIO(content))


def _next_character(content: bytes, at: int) -> int:
    """The first place from ``at`` on that no character of UTF-8 goes on over."""
    for place in range(at, min(at + 4, len(content))):
        if content[place] & 0b1100_0000 != 0b1000_0000:
            return place
    return min(at + 3, len(content)) if at < len(content) else len(content)
