"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def expanded(path: str | os.PathLike[str]) -> Path:
    """``path``, with ``~`` written out as the home folder."""
    return Path(os.path.expanduser(path))


def write_whole(path: str | os.PathLike[str], content: bytes, *, only_writer: bool = False) -> Path:
    """Write a file so that a reader of ``path`` sees the old file or the new one, whole.

    This holds after a power cut too. Missing folders are made, a link stays a link, and ``~`` is
    the home folder.

    Args:
        path: where to.
        content: what to write.
        only_writer: nothing else writes to ``path`` at the same time. Then the unfinished part has
            a fixed name, so that however many writers are killed, they leave one part at most, and
            the next writer replaces it.

    Returns:
        ``path``, with ``~`` written out.
    """
    path = expanded(path)
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name if only_writer else secrets.token_hex(8)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or the name may reach the disk before the content
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return path
