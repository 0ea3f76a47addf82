"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file so that a reader of ``path`` sees the old file or the new one, whole.

    This holds after a power cut too. Missing folders are made, a link stays a link, and ``~`` is
    the home folder.

    Returns:
        ``path``, with ``~`` written out.
    """
    written = Path(os.path.expanduser(path))
    target = written.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or the name may reach the disk before the content
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return written
