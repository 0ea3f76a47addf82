"""Writing files whole or not at all, and opening nothing but files.

What other systems lack, and what happens there instead:

- Windows has no modes, owners and links that anybody can make: a new file gets the rights of its
  folder. A folder cannot be flushed to the disk: the file is, its name follows when Windows sees
  fit. A file that is open cannot be replaced: then ``os.replace`` raises PermissionError, and the
  old file stays.
- macOS flushes a file to the disk's own memory only; ``F_FULLFSYNC`` asks for the disk itself.
- Some file systems, mostly of networks, have no locks, or cannot flush a folder. There the parts
  that killed writers left stay, and a new name may be lost by a power cut.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from autograd.given import shown

if sys.platform != "win32":
    import fcntl

PART = ".autograd-{}.part"
"""The name of an unfinished file, with random digits that nobody can foresee."""

_BINARY = getattr(os, "O_BINARY", 0)  # of Windows
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_MOST_TRIES = 100


def expanded(path: str | os.PathLike[str]) -> Path:
    """``path``, with ``~`` written out as the home folder.

    Raises:
        TypeError: it is not a path.
        ValueError: it holds a zero byte, or half of a character, which no path has.
    """
    text: object = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        got = f"{type(path).__name__} {shown(path)}"
        raise TypeError(f"a path is text or a pathlib.Path; got {got}")
    if "\0" in text:
        raise ValueError(f"a path has no zero bytes; got {shown(path)}")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise ValueError(f"a path has whole characters only; got {shown(path)}") from None
    return Path(os.path.expanduser(text))


# --- reading ---


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read its bytes. What could block for ever, such as a FIFO, is refused at once.

    Raises:
        OSError: the file does not exist, it may not be read, or it is a folder, FIFO, socket or
            device.
    """
    _check_kind(path, os.stat(path))  # first, because to open a device can start it
    descriptor = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT)
    try:
        _check_kind(path, os.fstat(descriptor))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_text(path: str | os.PathLike[str], most: int = 16_000_000) -> str:
    """The text of a file in UTF-8, whatever its line ends are, and whatever it really holds.

    Raises:
        OSError: as for ``open_file``, or the file has more than ``most`` bytes.
    """
    with open_file(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        why = f"it has more than {most:,} bytes, so it is something else"
        raise OSError(errno.EFBIG, why, os.fspath(path))
    text = content.decode(errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _check_kind(path: str | os.PathLike[str], status: os.stat_result) -> None:
    """Raise OSError unless this is a file."""
    if stat.S_ISREG(status.st_mode):
        return
    kind, code = "device", errno.EINVAL
    if stat.S_ISDIR(status.st_mode):
        kind, code = "folder", errno.EISDIR
    elif stat.S_ISFIFO(status.st_mode):
        kind = "FIFO"
    elif stat.S_ISSOCK(status.st_mode):
        kind = "socket"
    raise OSError(code, f"it is a {kind}, not a file", os.fspath(path))


# --- writing ---


def write_whole(path: str | os.PathLike[str], content: bytes, mode: int = 0o666) -> Path:
    """Write a file so that a reader of ``path`` sees the old file or the new one, whole.

    This holds after a power cut too, and where several write at once: the last one's file stays.
    Missing folders are made, and ``~`` is the home folder. A file that is replaced passes on its
    mode, and its group if this user may give it. A link stays a link, and the file that it leads to
    is replaced; but no link is followed, to a file or to a folder, that another user put where
    everybody can write, such as in /tmp.

    The part that is being written has a name of its own, which no other program can foresee. A
    writer that is killed leaves it behind, and the next one removes it.

    Args:
        path: where to.
        content: what to write.
        mode: of a new file, before the umask takes its share.

    Returns:
        ``path``, with ``~`` written out.

    Raises:
        OSError: it cannot be written, or something that is not a file has this name. The old file
            stays as it was.
    """
    path = expanded(path)
    target = _followed(path)
    before = _status(target)
    folder = target.parent
    _make(folder)
    _remove_abandoned(folder)
    part, descriptor = _new_part(folder, before, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            _to_disk(descriptor)  # or the name may reach the disk before the content
            if sys.platform != "win32":
                os.replace(part, target)  # while it is locked
        if sys.platform == "win32":
            os.replace(part, target)  # when it is closed
    finally:
        part.unlink(missing_ok=True)
    _folder_to_disk(folder)
    return path


def _followed(path: Path) -> Path:
    """The path without links that ``path`` leads to."""
    found, rest, links = Path(), [*reversed(path.parts)], 0
    while rest:
        found /= rest.pop()
        if found.is_symlink():
            # Colleagues share folders, and may link folders there. In /tmp nobody is a colleague.
            _check_link(found, others=0o002 if rest else 0o022)
            rest += reversed(Path(os.readlink(found)).parts)
            found = found.parent
            links += 1
            if links > 40:  # as many as Linux follows
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return found


def _check_link(link: Path, others: int) -> None:
    """Raise PermissionError if another user put the link where these others can write."""
    if sys.platform != "win32":
        folder, owner = os.stat(link.parent), os.lstat(link).st_uid
        if folder.st_mode & others and owner not in (os.getuid(), folder.st_uid):
            raise PermissionError(
                errno.EACCES, "another user made this link: choose another name", str(link)
            )


def _status(target: Path) -> os.stat_result | None:
    """Of the file that will be replaced; None if there is none."""
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return None
    _check_kind(target, status)
    return status


def _make(folder: Path) -> None:
    """Make a folder and those above it; what was made is on the disk afterwards."""
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _folder_to_disk(folder.parent)


def _new_part(folder: Path, like: os.stat_result | None, mode: int) -> tuple[Path, int]:
    """A new file for the content, open and locked, with the rights of the one that it replaces."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY
    first = mode if like is None else 0o600  # nobody else may open it before its group is set
    if like is not None:
        mode = like.st_mode & 0o777
    for _ in range(_MOST_TRIES):
        part = folder / PART.format(secrets.token_hex(8))
        descriptor = os.open(part, flags, first)
        try:
            mine = _lock(descriptor)
            if like is not None and sys.platform != "win32":
                if like.st_gid != os.fstat(descriptor).st_gid:
                    try:
                        os.fchown(descriptor, -1, like.st_gid)
                    except PermissionError:
                        mode &= ~0o070  # what one group may do, another may not
                os.fchmod(descriptor, mode)
            if mine and os.fstat(descriptor).st_nlink:
                return part, descriptor
        except BaseException:
            os.close(descriptor)
            part.unlink(missing_ok=True)
            raise
        os.close(descriptor)  # another writer took it for abandoned before it was locked
    raise OSError(errno.EAGAIN, "another program locks each new file here", str(folder))


def _remove_abandoned(folder: Path) -> None:
    """Remove the parts whose writers were killed: those of living writers are locked.

    On Windows those of living writers are open, and cannot be removed.
    """
    for part in folder.glob(PART.format("*")):
        with contextlib.suppress(OSError):  # it was removed, or cannot be
            if sys.platform == "win32":
                part.unlink()
            elif stat.S_ISREG(os.lstat(part).st_mode):
                descriptor = os.open(part, os.O_RDONLY | _NO_LINK | _NO_WAIT)
                try:
                    if _lock(descriptor, without=False):
                        part.unlink()
                finally:
                    os.close(descriptor)


def _lock(descriptor: int, without: bool = True) -> bool:
    """Lock a file until it is closed; False if another writer has locked it.

    Where the file system has no locks, the answer is ``without``.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return without
    return True


def _to_disk(descriptor: int) -> None:
    """Wait until the content of a file is on the disk."""
    os.fsync(descriptor)
    if sys.platform == "darwin":
        with contextlib.suppress(OSError):  # the file system has none, and did what it could
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)


def _folder_to_disk(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # this user may write there, and not read
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # of file systems that cannot
            raise
    finally:
        os.close(descriptor)
