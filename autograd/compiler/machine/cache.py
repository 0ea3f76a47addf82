"""Compiled code, kept on disk for the next time.

Machine code could do anything. So a file is read only from a folder whose path is absolute, which
belongs to this user, and to which nobody else can write; and only if it was sealed with this user's
secret, which lies elsewhere. It is the only code that the project reads from files that it wrote.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from pathlib import Path

from autograd.compiler.machine.seal import private, sealed, secret, unsealed
from autograd.files import expanded, open_file, write_whole

SWITCH = "OVERNIGHT_AUTOGRAD_CACHE"
"""The environment variable: ``off`` keeps nothing; a path is the folder to use."""

SUFFIX = ".machine"
MOST_BYTES = 20 * 2**20


def read(name: str) -> bytes | None:
    """What was kept under this name; None if there is nothing, or nothing to be trusted."""
    folder = cache_folder()
    return None if folder is None else _read(folder / f"{name}{SUFFIX}")


def write(name: str, content: bytes) -> None:
    """Keep something under this name, if there is a folder for it."""
    folder = cache_folder()
    if folder is not None:
        _write(folder, folder / f"{name}{SUFFIX}", content)


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
        folder = expanded(wanted) if wanted else _default()
        if not folder.is_absolute():
            _warn(f"{folder} depends on where a program is started")
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder.is_dir() and private(folder)):
            _warn(f"other users can write to {folder}, or own it")
            return None
    except (OSError, RuntimeError):
        return None  # there is no home, or it is read-only: compile each time
    return folder if secret() is not None else None


def _warn(why: str) -> None:
    """Say that nothing is kept, and why."""
    warnings.warn(
        f"compiled code is not kept: {why}, so that somebody else's code could lie there; set "
        f"{SWITCH} to the whole path of a folder of yours, or to off",
        stacklevel=4,
    )


# --- its files ---


def _read(path: Path) -> bytes | None:
    """The content of a file. A file that is not this user's, or whose seal is wrong, is removed."""
    content = None
    with contextlib.suppress(OSError):  # it does not exist, or another process removed it
        if private(path) and path.stat().st_size <= MOST_BYTES:
            with open_file(path) as file:
                content = unsealed(path.name, file.read(MOST_BYTES))
        if content is None:
            path.unlink()
        else:
            os.utime(path)  # it was used
    return content


def _write(folder: Path, path: Path, content: bytes) -> None:
    kept = sealed(path.name, content)
    # A full or read-only disk is no reason to stop: compiled code works without it.
    with contextlib.suppress(OSError):
        if kept is not None:
            write_whole(path, kept, 0o600)
            _remove_oldest(folder)


def _remove_oldest(folder: Path) -> None:
    """Keep the folder from growing: the files that were unused for longest go first."""
    files = []
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= size
