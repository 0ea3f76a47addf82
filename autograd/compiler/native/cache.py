"""Compiled code, kept on disk for the next time.

Machine code is loaded by unpickling, which could run anything. So a file is read only after its
seal has been checked against a secret of this user, and only from a folder that nobody else can
write to.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import importlib.metadata
import os
import pickle
import secrets
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

SWITCH = "OVERNIGHT_AUTOGRAD_CACHE"
"""The environment variable: ``off`` keeps nothing; a path is the folder to use."""

MOST_BYTES = 200 * 2**20
SEAL = hashlib.sha256().digest_size


def load(source: str, name: str) -> Any:
    """The function of that name in a module of this text, which Numba compiles when it is called.

    Its ``kept`` is a ``Kept``, which says where its machine code comes from and how long that took.
    """
    import numba

    from autograd.compiler.native import elementary
    from autograd.compiler.native import scratch as native_scratch

    options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "boundscheck": False}
    licences = sorted(elementary.FASTMATH)
    inlined = [Path(module.__file__ or "").read_bytes() for module in (elementary, native_scratch)]
    # Machine code on the disk names this module, so it is of no use where that has moved.
    parts = [source.encode(), *inlined, repr((options, licences, __name__)).encode()]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    # The name is unique, because no two pieces of machine code in a process may share one.
    unique = f"{name}_{digest[:24]}"
    source = source.replace(f"def {name}(", f"def {unique}(")
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, f"<native {digest[:24]}>", "exec"), namespace)
    function: Any = numba.njit(fastmath=set(licences), **options)(namespace[unique])
    function._cache = function.kept = Kept(digest)
    return function


class Kept:
    """The cache of a Numba function, which reads and writes one file per signature.

    Attributes:
        from_disk: whether the latest machine code was found on the disk.
        seconds: how long finding or compiling took in all.
    """

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self.from_disk = False
        self.seconds = 0.0
        self._asked = 0.0

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The compiled function, or None."""
        self._asked = time.perf_counter()
        context.refresh()
        folder = cache_folder()
        payload = folder and _read(folder, self._path(folder, signature, context))
        if not payload:
            return None
        from numba.core import compiler

        compile_result: Any = compiler.CompileResult
        result = compile_result._rebuild(context, *pickle.loads(payload))
        self.from_disk = True
        self.seconds += time.perf_counter() - self._asked
        return result

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function."""
        self.from_disk = False
        self.seconds += time.perf_counter() - self._asked
        folder = cache_folder()
        if folder is None or result.library.has_dynamic_globals or any(result.lifted):
            return
        from numba.core import serialize

        pickled: Any = serialize.dumps
        path = self._path(folder, signature, result.target_context)
        _write(folder, path, pickled(result._reduce()))

    def _path(self, folder: Path, signature: Any, context: Any) -> Path:
        import numba

        versions = (numba.__version__, importlib.metadata.version("llvmlite"), sys.version)
        everything = repr((self.digest, str(signature), versions, context.codegen().magic_tuple()))
        return folder / f"{hashlib.sha256(everything.encode()).hexdigest()}.native"

    # Numba expects these of a cache.

    def enable(self) -> None:
        """Nothing to do."""

    def disable(self) -> None:
        """Nothing to do."""

    def flush(self) -> None:
        """Nothing to do."""

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(cache_folder() or "")


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
    for path in (*folder.glob("*.native"), *folder.glob("*.partial")):
        try:
            status = path.stat()
        except OSError:
            continue
        stale = path.suffix == ".partial" and time.time() - status.st_mtime > 3600
        if stale:
            path.unlink(missing_ok=True)
        elif path.suffix == ".native":
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= size
