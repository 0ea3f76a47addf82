"""The seal of compiled code, made with a secret that only this user can read.

The secret lies in the user's home folder and never beside what it seals: whoever sends somebody a
folder with a cache in it, even as an archive, can put a secret there, but not here. Where there is
no home, or it cannot be written to, nothing is sealed, and so nothing is kept.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import secrets
import stat
import sys
from pathlib import Path

from autograd.files import open_file, write_whole

SIZE = hashlib.sha256().digest_size


def secret_file() -> Path:
    """Where the secret is. No environment variable but the home folder's own can move it."""
    return Path.home() / ".config" / "overnight-autograd" / "secret"


def secret() -> bytes | None:
    """The user's secret, made by the first call; None if there is no place for it."""
    try:
        return _secret(secret_file())
    except (OSError, RuntimeError):  # there is no home, or it cannot be written to
        return None


@functools.lru_cache
def _secret(path: Path) -> bytes | None:
    if not path.is_absolute():
        return None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not private(path.parent):
        return None
    if os.path.lexists(path) and _kept(path) is None:
        path.unlink(missing_ok=True)  # it is damaged, or others can read it
    if not os.path.lexists(path):
        _write_first(path, secrets.token_bytes(SIZE))
    return _kept(path)


def _kept(path: Path) -> bytes | None:
    """The secret in a file; None if it is damaged, or others can read it."""
    if not private(path, 0o077):
        return None
    with open_file(path) as file:
        found = file.read(SIZE + 1)
    return found if len(found) == SIZE else None


def _write_first(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, unless another process did so first."""
    new = write_whole(path.with_name(f"{path.name}.{secrets.token_hex(8)}"), content, 0o600)
    try:
        # Neither replaces an existing file: a link never does, nor does renaming on Windows.
        (os.rename if sys.platform == "win32" else os.link)(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink(missing_ok=True)


def private(path: Path, others: int = 0o022) -> bool:
    """Whether a file or folder belongs to this user, and no other can write to it.

    Args:
        path: the file or folder; a link is neither.
        others: what nobody else may do, as the bits of a mode.

    Windows has no modes like these. What lies in a user's own folders is private there.
    """
    status = os.lstat(path)
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        return False
    if sys.platform == "win32":
        return True
    return status.st_uid == os.getuid() and not status.st_mode & others


def sealed(name: str, content: bytes) -> bytes | None:
    """What to keep under a name: the content with its seal before it. None without a secret."""
    key = secret()
    return None if key is None else _seal(key, name, content) + content


def unsealed(name: str, kept: bytes) -> bytes | None:
    """The content, if it was sealed under this name with the user's secret; otherwise None."""
    key = secret()
    if key is None:
        return None
    seal, content = kept[:SIZE], kept[SIZE:]
    return content if hmac.compare_digest(_seal(key, name, content), seal) else None


def _seal(key: bytes, name: str, content: bytes) -> bytes:
    return hmac.digest(key, name.encode() + b"\0" + content, "sha256")
