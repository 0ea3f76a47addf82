"""The folder that a student works in. What the student has changed is never overwritten."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from autograd.files import read_text, write_whole
from demos.workbook.sheets import SHEETS, file_name, skeleton

RECORD = ".workbook.json"
"""In the folder: for each file, the hash of what was last written there."""


class Written(NamedTuple):
    """The names of the files that were written now, that were as they should be, and that the
    student has changed."""

    new: list[str]
    unchanged: list[str]
    kept: list[str]


def is_workbook(folder: Path) -> bool:
    """Whether a folder holds a sheet."""
    return any((folder / file_name(sheet)).is_file() for sheet in SHEETS)


def write(folder: Path) -> Written:
    """Write every sheet that is missing, and renew those that are as an earlier call wrote them."""
    record = _read_record(folder)
    written = Written([], [], [])
    for sheet in SHEETS:
        name, text = file_name(sheet), skeleton(sheet)
        found = _read(folder / name)
        if found == text:
            written.unchanged.append(name)
        elif found is None or record.get(name) == _hash(found):
            write_whole(folder / name, text.encode())
            written.new.append(name)
        else:
            written.kept.append(name)
            continue
        record[name] = _hash(text)
    write_whole(folder / RECORD, json.dumps(record, indent=1).encode())
    return written


def is_untouched(folder: Path, sheet: str) -> bool:
    """Whether a sheet is as it was written: there is nothing to check."""
    found = _read(folder / file_name(sheet))
    return found is not None and found == skeleton(sheet)


def _read(path: Path) -> str | None:
    """The text of a file, whatever its line ends are; None if there is none."""
    return read_text(path) if path.exists() else None


def _read_record(folder: Path) -> dict[str, str]:
    """What was written; nothing if the record is missing or damaged, so that all files are kept."""
    try:
        record = json.loads(_read(folder / RECORD) or "{}")
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
