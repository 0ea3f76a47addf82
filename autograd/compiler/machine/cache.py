"""Compiled code, kept on disk for the next time.

Machine code could do anything. So a file is read only after its seal has been checked against a
secret of this user, and only from a folder that nobody else can write to.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import secrets
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

SWITCH = "OVERNIGHT_AUTOGRAD_CACHE"
"""The environment variable: ``off`` keeps nothing; a path is the folder to use."""

MOST_BYTES = 20 * 2**20
SEAL = hashlib.sha256().digest_size


def read(name: str) -> bytes | None:
    """What was kept under this name; None if there is nothing, or nothing to be trusted."""
    folder = cache_folder()
    return None if folder is None else _read(folder, folder / f"{name}{SUFFIX}")


def write(name: str, content: bytes) -> None:
    """Keep something under this name, if there is a folder for it."""
    folder = cache_folder()
    if folder is not None:
        _write(folder, folder / f"{name}{SUFFIX}", content)


SUFFIX = ".machine"


# --- the folder ---


def cache_folder() -> Path | None:
    """Where machine code is kept; None if nowhere."""
    return _prepared(os.environ.get(SWITCH, ""))


def _default() -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "overnight-autograd"


@functools.lru_cache
def _prepared(wanted: str) -> Path | None:
    """The folder, made if need be. None if it cannot be used."""
    if wanted.lower() in ("off", "0", "no"):
        return None
    try:
        folder = Path(wanted) if wanted else _default()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None  # there is no home, or it is read-only: compile each time
    if not _private(folder, stat.S_ISDIR):
        warnings.warn(
            f"compiled code is not kept: other users can write to {folder}, or own it, and could "
            f"put their code there; set {SWITCH} to a folder of yours",
            stacklevel=2,
        )
        return None
    return folder


def _private(path: Path, kind: Callable[[int], bool]) -> bool:
    """Whether only this user can write there. (On Windows, the folder of a user is.)"""
    status = os.lstat(path)
    if not kind(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


# --- sealed files ---


def _read(folder: Path, path: Path) -> bytes | None:
    """The content of a file. A file whose seal is wrong is removed."""
    secret = _secret(folder)
    try:
        content = path.read_bytes()
        if secret and hmac.compare_digest(_seal(secret, path, content[SEAL:]), content[:SEAL]):
            _touch(path)
            return content[SEAL:]
        path.unlink()
    except OSError:
        pass  # it does not exist, or another process removed it
    return None


def _write(folder: Path, path: Path, payload: bytes) -> None:
    secret = _secret(folder)
    if secret is None:
        return
    try:
        _put(path, _seal(secret, path, payload) + payload)
        _remove_oldest(folder)
    except OSError:
        pass  # the disk is full or read-only; compiled code works without it


def _seal(secret: bytes, path: Path, payload: bytes) -> bytes:
    return hmac.digest(secret, path.name.encode() + b"\0" + payload, "sha256")


def _put(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _secret(folder: Path) -> bytes | None:
    """The user's secret, which seals their files; the first call makes it."""
    path = folder / "secret"
    try:
        if not path.exists():
            _put_first(path, secrets.token_bytes(SEAL))
        if not _private(path, stat.S_ISREG):
            return None
        secret = path.read_bytes()
    except OSError:
        return None
    return secret if len(secret) == SEAL else None


def _put_first(path: Path, content: bytes) -> None:
    """Write a file unless another process did so first."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    try:
        # Neither replaces an existing file: a link never does, nor does renaming on Windows.
        (os.rename if sys.platform == "win32" else os.link)(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink(missing_ok=True)


def _touch(path: Path) -> None:
    """Note that a file was used."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _remove_oldest(folder: Path) -> None:
    """Keep the folder from growing: the files that were unused for longest go first."""
    files = []
    for path in (*folder.glob(f"*{SUFFIX}"), *folder.glob("*.partial")):
        try:
            status = path.stat()
        except OSError:
            continue
        stale = path.suffix == ".partial" and time.time() - status.st_mtime > 3600
        if stale:
            path.unlink(missing_ok=True)
        elif path.suffix == SUFFIX:
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= size
