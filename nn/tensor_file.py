"""Safetensors files, which many tools read: https://github.com/huggingface/safetensors

Eight bytes give the length of a table. The table is JSON: for each tensor its type, its shape, and
where its numbers are. The numbers follow, without gaps. A file may claim anything, so the whole
table is checked before a number is read; and what is read is never more than the file has.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import TracebackType
from typing import Any, TypeGuard

from autograd.files import open_file
from autograd.visible import visible

FLOATS = {"F64": "d", "F32": "f", "F16": "e"}
"""The types that are read, with their letters in ``struct``."""

MOST_BYTES = 100_000_000
"""Of a table, as in the library safetensors."""

MOST_NOTES = 1_500_000
"""The most bytes of a table that are not about tensors. Read, they take up to 25 times as many."""

MOST_AXES = 32
_BLOCK = 2**20
_NOTES = "__metadata__"


@dataclass(frozen=True)
class Tensor:
    """An entry of the table: the type and shape of a tensor, and where its bytes are."""

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def packed(
    tensors: Mapping[str, tuple[tuple[int, ...], Sequence[float]]], notes: Mapping[str, str]
) -> bytes:
    """The content of a file: for each name a shape and its numbers, row after row; and notes.

    Raises:
        ValueError: the notes or the whole table take more bytes than are read.
    """
    table: dict[str, Any] = {_NOTES: dict(notes)}
    _check_length("notes and settings", len(_written(table)), MOST_NOTES)
    data, at = [], 0
    for name in sorted(tensors):
        shape, numbers = tensors[name]
        data.append(struct.pack(f"<{len(numbers)}d", *numbers))
        offsets = [at, at + len(data[-1])]
        table[name] = {"dtype": "F64", "shape": list(shape), "data_offsets": offsets}
        at = offsets[1]
    text = _written(table)
    text += b" " * (-len(text) % 8)  # so that the numbers lie where a processor likes them
    _check_length("names, settings and notes", len(text), MOST_BYTES)
    return b"".join([struct.pack("<Q", len(text)), text, *data])


def room_for(names: Iterable[str]) -> int:
    """The bytes of a table that tensors of these names take at most."""
    return sum(250 + 12 * len(name) for name in names)  # 12 where JSON writes one as \ud83d\ude00


def _written(table: Mapping[str, Any]) -> bytes:
    return json.dumps(table, separators=(",", ":")).encode()


def _check_length(what: str, length: int, most: int) -> None:
    if length > most:
        raise ValueError(
            f"{what} take {length:,} bytes; at most {most:,} can be read: keep large notes in a "
            "file of their own"
        )


class TensorFile:
    """An open file, whose table has been read and checked.

    Args:
        path: the file.
        room: the bytes of its table that tensors may take beyond ``MOST_NOTES``.

    Attributes:
        tensors: the entries of the table, by name.
        notes: the texts beside them.

    Raises:
        OSError: it cannot be read, or is a folder, a FIFO, a socket or a device.
        ValueError: it is damaged, or is something else.
    """

    def __init__(self, path: str | os.PathLike[str], room: int = 0) -> None:
        self._file = open_file(path)
        try:
            size = os.fstat(self._file.fileno()).st_size
            table = _table(self._text(size, min(MOST_NOTES + room, MOST_BYTES)))
            self.notes = _notes(table.pop(_NOTES, {}))
            self.tensors = {name: _tensor(name, entry) for name, entry in table.items()}
            _check_places(self.tensors, size - self._start)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def numbers(self, name: str) -> tuple[float, ...]:
        """The numbers of a tensor, row after row. Its type is one of ``FLOATS``."""
        tensor = self.tensors[name]
        self._file.seek(self._start + tensor.begin)
        content = self._file.read(tensor.end - tensor.begin)
        if len(content) < tensor.end - tensor.begin:
            raise ValueError(f"{visible(name)} was cut off while it was read")
        letter = FLOATS[tensor.kind]
        return struct.unpack(f"<{len(content) // struct.calcsize(letter)}{letter}", content)

    def _text(self, size: int, most: int) -> bytes:
        """The table as text, read block by block, because a sparse file has any length."""
        length = int.from_bytes(self._file.read(8), "little")
        self._start = 8 + length
        if size < 8 or self._start > size or length > MOST_BYTES:
            raise ValueError(f"its first bytes give the length of no table in {size:,} bytes")
        if length > most:
            raise ValueError(
                f"its table takes {length:,} bytes, and {most:,} are enough for notes and for the "
                "tensors that were asked for"
            )
        blocks: list[bytes] = []
        while length:
            block = self._file.read(min(length, _BLOCK))
            if not block or b"\0" in block or not (blocks or block.startswith(b"{")):
                raise ValueError("its table is not JSON")
            blocks.append(block)
            length -= len(block)
        return b"".join(blocks)


# --- checks ---


def _table(text: bytes) -> dict[str, Any]:
    """The table, from text that is empty or begins with {."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            raise ValueError("a name occurs twice in its table")
        return found

    try:
        table: dict[str, Any] = json.loads(text.decode(), object_pairs_hook=unique)
    except UnicodeDecodeError:
        raise ValueError("its table is not text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"its table is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("its table has too many brackets") from None
    return table


def _notes(notes: Any) -> dict[str, str]:
    if not isinstance(notes, dict) or not all(isinstance(x, str) for x in notes.values()):
        raise ValueError(f"its {_NOTES} are not texts by name")
    return notes


def _tensor(name: str, entry: Any) -> Tensor:
    """An entry, if it has the right form and its bytes are as many as its shape asks for."""
    fields: dict[str, Any] = entry if isinstance(entry, dict) else {}
    kind, shape, offsets = (fields.get(x) for x in ("dtype", "shape", "data_offsets"))
    if (
        not isinstance(kind, str)
        or not _whole_numbers(shape)
        or len(shape) > MOST_AXES
        or not _whole_numbers(offsets)
        or len(offsets) != 2
        or offsets[0] > offsets[1]
    ):
        raise ValueError(f"{visible(name)} has no type, shape and place in its table")
    size, letter = offsets[1] - offsets[0], FLOATS.get(kind)
    if letter and prod(shape) * struct.calcsize(letter) != size:
        raise ValueError(f"{visible(name)} has {size:,} bytes, which do not fit its shape")
    return Tensor(kind, tuple(shape), *offsets)


def _whole_numbers(x: Any) -> TypeGuard[list[int]]:
    return isinstance(x, list) and all(type(n) is int and 0 <= n < 2**63 for n in x)


def _check_places(tensors: Mapping[str, Tensor], size: int) -> None:
    """Raise ValueError unless the tensors fill this many bytes, one after the other."""
    at = 0
    for name, tensor in sorted(tensors.items(), key=lambda x: (x[1].begin, x[1].end)):
        if tensor.begin != at:
            raise ValueError(f"{visible(name)} does not begin where the tensor before it ends")
        at = tensor.end
    if at != size:
        raise ValueError(f"its tensors have {at:,} bytes, and the file has {size:,} for them")
