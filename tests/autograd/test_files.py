"""Files are written whole or not at all."""

import ast
import errno
import os
import runpy
import socket
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nn
from autograd import Value, draw, files, page
from autograd.files import PART, open_file, read_text, write_whole

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and FIFOs are of Unix")


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "folder" / "x.txt"
    assert write_whole(path, b"1") == path
    assert write_whole(str(path), b"2") == path
    assert path.read_bytes() == b"2"
    assert os.listdir(path.parent) == ["x.txt"]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(here)
    y = Value(1.0, "x") + 1
    assert draw(y).save("~/pictures/x.dot") == home / "pictures" / "x.dot"
    assert page(y).save(Path("~/x.html")) == home / "x.html"
    assert draw(y).save("x~.dot").name == "x~.dot"
    assert sorted(os.listdir(home)) == ["pictures", "x.html"]
    assert os.listdir(here) == ["x~.dot"]


@POSIX
def test_parts_of_killed_writers_are_removed_and_no_others(tmp_path):
    import fcntl

    parts = [tmp_path / PART.format(digits) for digits in ("1" * 16, "2" * 16)]
    for part in parts:
        part.write_bytes(b"half")
    (tmp_path / ".other.part").touch()
    living = parts[1].open("rb")
    fcntl.flock(living, fcntl.LOCK_EX)
    write_whole(tmp_path / "x.txt", b"whole")
    assert sorted(os.listdir(tmp_path)) == sorted([".other.part", parts[1].name, "x.txt"])
    living.close()
    write_whole(tmp_path / "x.txt", b"whole")
    assert sorted(os.listdir(tmp_path)) == [".other.part", "x.txt"]


@POSIX
@pytest.mark.parametrize("removed", [True, False])
def test_a_part_that_another_writer_takes_for_abandoned_is_left_to_it(
    tmp_path, monkeypatch, removed
):
    """The other comes between the making of the part and its lock."""
    import fcntl

    real, taken = os.open, []

    def opening(path, flags, *rest):
        descriptor = real(path, flags, *rest)
        if flags & os.O_CREAT and not taken:
            taken.append(real(path, os.O_RDONLY))
            fcntl.flock(taken[0], fcntl.LOCK_EX)
            if removed:
                os.unlink(path)
                os.close(taken[0])
        return descriptor

    monkeypatch.setattr(os, "open", opening)
    write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert len(os.listdir(tmp_path)) == (1 if removed else 2)  # it is the other's to remove
    if not removed:
        os.close(taken[0])


@POSIX
def test_a_file_system_without_locks(tmp_path, monkeypatch):
    """Parts stay there, because nobody knows whether their writers live."""
    import fcntl

    def fails(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", fails)
    old = tmp_path / PART.format("1" * 16)
    old.touch()
    write_whole(tmp_path / "x", b"new")
    assert sorted(os.listdir(tmp_path)) == [old.name, "x"]


@POSIX
def test_nothing_planted_is_written_to_or_waited_for(tmp_path, monkeypatch):
    """A link, a FIFO, a folder under the very name of the part: random names cannot be foreseen."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"safe")
    names = iter(("1" * 16, "2" * 16, "3" * 16))
    monkeypatch.setattr("secrets.token_hex", lambda _: next(names))
    (tmp_path / PART.format("1" * 16)).symlink_to(victim)
    os.mkfifo(tmp_path / PART.format("2" * 16))
    (tmp_path / PART.format("3" * 16)).mkdir()
    for _ in range(3):
        with pytest.raises(FileExistsError):
            write_whole(tmp_path / "x", b"new")
    assert victim.read_bytes() == b"safe"
    assert not (tmp_path / "x").exists()


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444, 0o777])
def test_the_mode_is_kept(tmp_path, mode):
    path = tmp_path / "x.txt"
    path.touch()
    path.chmod(mode)
    write_whole(path, b"new")
    assert path.stat().st_mode & 0o7777 == mode


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_file_has_what_the_umask_leaves(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "x", b"new")
        write_whole(tmp_path / "y", b"new", 0o600)
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o7777 == 0o666 & ~umask
    assert (tmp_path / "y").stat().st_mode & 0o7777 == 0o600


@POSIX
@pytest.mark.parametrize("kept", [True, False])
def test_one_groups_rights_are_not_given_to_another(tmp_path, monkeypatch, kept):
    path, given = tmp_path / "x", []
    path.touch()
    path.chmod(0o771)
    real = os.fstat

    def chown(descriptor, user, group):
        if not kept:
            raise PermissionError
        given.append((user, group))

    def of_another_group(descriptor):
        status = list(real(descriptor)[:10])
        status[5] += 1
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", of_another_group)
    monkeypatch.setattr(os, "fchown", chown)
    write_whole(path, b"new")
    monkeypatch.undo()
    assert path.stat().st_mode & 0o777 == (0o771 if kept else 0o701)
    assert given == ([(-1, path.stat().st_gid)] if kept else [])


@POSIX
def test_a_file_that_may_grow_no_further(tmp_path):
    """A full disk, as the system itself reports it."""
    import resource

    path = tmp_path / "x"
    write_whole(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_whole(path, b"n" * 100_001)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


@POSIX
@pytest.mark.parametrize("name", ["open", "fsync"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EINVAL, errno.EIO])
def test_a_folder_that_cannot_be_flushed(tmp_path, monkeypatch, name, code):
    real = getattr(os, name)

    def fails(at, *rest, **options):
        if at == tmp_path or (isinstance(at, int) and stat.S_ISDIR(os.fstat(at).st_mode)):
            raise OSError(code, os.strerror(code))
        return real(at, *rest, **options)

    monkeypatch.setattr(os, name, fails)
    if (name, code) in (("open", errno.EACCES), ("fsync", errno.EINVAL)):
        write_whole(tmp_path / "x", b"new")
    else:  # then nobody knows whether the name is on the disk
        with pytest.raises(OSError, match=os.strerror(code)):
            write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"


def test_the_longest_names(tmp_path):
    path = tmp_path / ("x" * 255)
    write_whole(path, b"1")
    assert write_whole(path, b"2").read_bytes() == b"2"
    with pytest.raises(OSError, match="too long"):
        write_whole(tmp_path / ("x" * 256), b"1")
    assert os.listdir(tmp_path) == [path.name]


def test_two_writers(tmp_path):
    """Each reader sees one whole file; none of a thousand writings is disturbed."""
    path, contents = tmp_path / "x", [bytes([65 + i]) * 100_000 for i in range(4)]

    def writings(content):
        for _ in range(25):
            write_whole(path, content)
            assert path.read_bytes() in contents

    with ThreadPoolExecutor() as pool:
        list(pool.map(writings, contents))
    assert os.listdir(tmp_path) == ["x"]


def test_the_order_of_writing(tmp_path, monkeypatch):
    """Content on the disk, then the name, then the folder: the name never leads to less."""
    path, done = tmp_path / "new" / "x", []
    names, sync, replace, opened = {}, os.fsync, os.replace, os.open

    def opening(path, *args, **options):
        descriptor = opened(path, *args, **options)
        names[descriptor] = Path(path)
        return descriptor

    def syncing(descriptor):
        at = names[descriptor]
        done.append("folder" if at.is_dir() else f"file of {at.stat().st_size}")
        sync(descriptor)

    def replacing(part, target):
        done.append("replace")
        replace(part, target)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(os, "replace", replacing)
    write_whole(path, b"12345")
    assert done == ["folder", "file of 5", "replace", "folder"]


def stop(kind, path):
    """Put something at a path that is not a file."""
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.symlink_to("/dev/zero")


@POSIX
@pytest.mark.parametrize("kind", ["FIFO", "folder", "socket", "device"])
def test_what_is_not_a_file_is_neither_read_nor_replaced(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)  # because the names of sockets are short
    path = Path("x")
    stop(kind, path)
    for use in (lambda: open_file(path), lambda: write_whole(path, b"new")):
        with pytest.raises(OSError, match=f"it is a {kind}, not a file: 'x'|/dev/zero'"):
            use()
    assert os.listdir() == ["x"]


def test_a_text_is_read_whatever_is_in_it_and_never_more_than_a_text_has(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a\r\nb\rc\n\xff\xe2\x82\xac")
    assert read_text(path) == "a\nb\nc\n\ufffd€"
    os.truncate(path, 2**40)  # of zeros, which take no room on the disk
    with pytest.raises(OSError, match="it has more than 16,000,000 bytes, so it is something else"):
        read_text(path)


@POSIX
def test_a_file_that_becomes_a_folder_before_it_is_opened(tmp_path, monkeypatch):
    file = tmp_path / "x"
    file.touch()
    of_file, opened = os.stat(file), []
    monkeypatch.setattr(os, "stat", lambda path: of_file)
    open_it = os.open
    monkeypatch.setattr(os, "open", lambda *given: opened.append(open_it(*given)) or opened[0])
    with pytest.raises(OSError, match="it is a folder, not a file"):
        open_file(tmp_path)
    with pytest.raises(OSError, match="Bad file descriptor"):  # it was closed
        os.fstat(opened[0])


@POSIX
def test_a_part_whose_mode_cannot_be_set_is_removed(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def refused(descriptor, mode):
        raise PermissionError(f"no mode for {descriptor}")

    monkeypatch.setattr(os, "fchmod", refused)
    with pytest.raises(PermissionError, match="no mode for") as caught:
        write_whole(path, b"new")
    assert os.listdir(tmp_path) == ["x"]
    assert path.read_bytes() == b"old"
    with pytest.raises(OSError, match="Bad file descriptor"):  # it was closed
        os.fstat(int(str(caught.value).split()[-1]))


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    write_whole(path, b"old")

    def full(fd):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_bytes(b"old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("no links may be made here")
    assert write_whole(link, b"new") == link
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@POSIX
def test_no_link_of_another_user_is_followed_where_others_can_write(tmp_path, monkeypatch):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_bytes(b"old")
    link.symlink_to(target)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    real = os.stat
    monkeypatch.setattr(
        os, "stat", lambda *args, **options: of_another(real(*args, **options), me + 2)
    )
    tmp_path.chmod(0o755)
    write_whole(link, b"1")  # a folder's owner can put there what they like anyway
    tmp_path.chmod(0o1777)
    with pytest.raises(PermissionError, match="another user made this link"):
        write_whole(link, b"2")
    assert target.read_bytes() == b"1"


@POSIX
def test_no_folder_that_another_user_links_is_followed_where_everybody_can_write(
    tmp_path, monkeypatch
):
    """As in /tmp, where /tmp/results may lead to the home folder of whoever writes there."""
    shared, home = tmp_path / "shared", tmp_path / "home"
    shared.mkdir()
    home.mkdir()
    (shared / "results").symlink_to(home)
    (shared / "mine").symlink_to("results")
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    real = os.stat
    monkeypatch.setattr(
        os, "stat", lambda *args, **options: of_another(real(*args, **options), me + 2)
    )
    shared.chmod(0o1777)
    for path in (shared / "results" / "x", shared / "results" / "new" / "x", shared / "mine" / "x"):
        with pytest.raises(PermissionError, match="another user made this link"):
            write_whole(path, b"1")
    assert os.listdir(home) == []
    shared.chmod(0o1770)  # of colleagues
    assert write_whole(shared / "mine" / "x", b"1") == shared / "mine" / "x"
    assert (home / "x").read_bytes() == b"1"


@POSIX
def test_folders_that_are_links_are_followed(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "down").symlink_to("a/b")
    (tmp_path / "a" / "b" / "up").symlink_to("../..")
    (tmp_path / "whole").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    write_whole("down/up/whole/b/../x", b"1")
    assert (tmp_path / "a" / "x").read_bytes() == b"1"


@POSIX
def test_nobody_else_may_open_the_part_before_its_group_is_set(tmp_path, monkeypatch):
    path, modes, real = tmp_path / "x", [], os.open
    path.touch()
    path.chmod(0o666)

    def opening(path, flags, *rest):
        descriptor = real(path, flags, *rest)
        if flags & os.O_CREAT:
            modes.append(os.fstat(descriptor).st_mode & 0o777)
        return descriptor

    monkeypatch.setattr(os, "open", opening)
    write_whole(path, b"new")
    assert modes == [0o600]
    assert path.stat().st_mode & 0o777 == 0o666


@POSIX
def test_a_program_that_locks_each_new_file_stops_nobody_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_lock", lambda descriptor, without=True: False)
    with pytest.raises(OSError, match="locks each new file here"):
        write_whole(tmp_path / "x", b"new")


class InBytes:
    def __fspath__(self):
        return b"x"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (InBytes(), "text or a pathlib.Path; got InBytes"),
        ("a\0b", "no zero bytes"),
        ("\ud800", "whole characters only"),
    ],
    ids=["a path in bytes", "zero byte", "half a character"],
)
def test_what_is_not_a_path_is_refused_in_a_sentence(path, said):
    save = lambda path: nn.save_checkpoint(path, nn.Module())
    for use in (lambda path: write_whole(path, b""), save, nn.load_checkpoint):
        with pytest.raises((TypeError, ValueError), match=said):
            use(path)


def of_another(status, owner):
    """A status as that of another user's file."""
    return os.stat_result([owner if i == 4 else status[i] for i in range(10)])


@POSIX
def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels"):
        write_whole(tmp_path / "a", b"new")


@POSIX
def test_forty_links_are_followed_as_by_linux(tmp_path):
    for i in range(41):
        (tmp_path / f"link{i + 1}").symlink_to(f"link{i}" if i else "x")
    write_whole(tmp_path / "link40", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    with pytest.raises(OSError, match="Too many levels"):
        write_whole(tmp_path / "link41", b"new")


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems(tmp_path, monkeypatch, system):
    """What their fallbacks do, on a system that is made to look like them."""
    monkeypatch.setattr(sys, "platform", system)
    for name in ("getuid", "fchmod", "fchown") if system == "win32" else ():
        monkeypatch.delattr(os, name, raising=False)
    synced = []
    real = getattr(files, "fcntl", None)
    if system == "darwin":
        monkeypatch.setattr(real, "F_FULLFSYNC", 51, raising=False)
        monkeypatch.setattr(real, "fcntl", lambda *args: synced.append(args[1]))
    path = tmp_path / "new" / "x"
    abandoned = path.with_name(PART.format("0" * 16))
    path.parent.mkdir()
    abandoned.touch()
    (tmp_path / "link").symlink_to(path)
    for name, content in (path, b"1"), (path, b"2"), (tmp_path / "link", b"3"):
        write_whole(name, content)
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["x"]
    assert ("fcntl" in runpy.run_path(files.__file__)) == (system != "win32")
    assert synced == ([51, 51, 51] if system == "darwin" else [])


# --- the whole project ---

WRITERS = {"write_text", "write_bytes", "tofile", "savez", "savetxt", "imsave", "imwrite"}
MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
IN_MEMORY = {"autograd/compiler/purity/streams.py", "autograd/compiler/purity/watch.py"}
"""What they pickle never leaves the process."""


def test_everything_is_written_by_one_writer_and_no_file_is_unpickled():
    root = Path(files.__file__).parents[1]
    for path in (
        path for top in ("autograd", "nn", "demos") for path in (root / top).rglob("*.py")
    ):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert name in IN_MEMORY or not {x.name for x in node.names} & MODULES, name
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in MODULES, name
            elif isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert called not in WRITERS, f"{name} writes by {called}"
                if called in ("open", "fdopen") and name != "autograd/files.py":
                    modes = [x.value for x in node.args if isinstance(x, ast.Constant)]
                    assert not any(set(str(mode)) & set("wax+") for mode in modes), name
