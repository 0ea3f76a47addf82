"""The kernels' object file on the disk is found again, and never trusted blindly."""

import functools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.machine import build, cache, seal  # noqa: E402

POSIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache of its own, of a user with an empty home."""
    path, home = tmp_path / "kept", tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv(cache.SWITCH, str(path))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    new_process()
    yield path
    new_process()


def new_process():
    """Forget what is looked up once in a process."""
    cache._prepared.cache_clear()
    seal._secret.cache_clear()


def kept(name="a", content=b"machine code"):
    """Whether something was kept under a name; if not, it is from now on."""
    found = cache.read(name)
    if found is None:
        cache.write(name, content)
    return found == content


def entries(folder):
    return sorted(folder.glob(f"*{cache.SUFFIX}"))


def test_the_second_time_it_comes_from_the_disk(folder):
    assert not kept()
    assert kept()
    assert not kept("b")
    assert len(entries(folder)) == 2
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "swapped"])
def test_a_damaged_file_is_written_again(folder, damage):
    kept()
    (path,) = entries(folder)
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "empty":
        path.write_bytes(b"")
    else:  # a valid entry in the place of another
        kept("b", b"other code")
        (other,) = set(entries(folder)) - {path}
        path.write_bytes(other.read_bytes())
    assert not kept()
    assert kept()
    assert path.read_bytes() == content


def test_a_file_that_another_user_wrote_is_not_used(folder):
    kept()
    (path,) = entries(folder)
    payload = b"their code"
    path.write_bytes(seal._seal(b"not the secret of this user....", path.name, payload) + payload)
    assert not kept()
    assert kept()


@POSIX
def test_only_this_user_can_read_or_write_it(folder):
    kept()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}


@POSIX
def test_a_folder_that_others_can_write_is_refused(folder):
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(UserWarning, match="other users can write") as caught:
        assert not kept()
    assert not kept()
    assert len(caught) == 1
    assert list(folder.iterdir()) == []


@POSIX
def test_a_folder_of_another_user_is_refused(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.warns(UserWarning, match="own it"):
        assert not kept()
    assert list(folder.iterdir()) == []


# --- the secret ---


def planted(folder, content=b"their code"):
    """Put an entry into a folder as somebody could who sends it, with a secret beside it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "secret").write_bytes(b"s" * seal.SIZE)
    (folder / "secret").chmod(0o600)
    path = folder / f"a{cache.SUFFIX}"
    path.write_bytes(seal._seal(b"s" * seal.SIZE, path.name, content) + content)


def test_a_secret_beside_the_files_is_none(folder):
    planted(folder)
    assert cache.read("a") is None
    assert entries(folder) == []
    assert not folder.is_relative_to(seal.secret_file().parent)


@POSIX
@pytest.mark.parametrize("wrong", ["readable", "short", "long", "link"])
def test_a_secret_that_is_none_is_made_anew(folder, wrong):
    kept()
    path = seal.secret_file()
    old = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    if wrong == "readable":
        path.chmod(0o644)
    elif wrong == "link":
        path.rename(path.with_name("elsewhere"))
        path.symlink_to("elsewhere")
    else:
        path.write_bytes(old[:-1] if wrong == "short" else old + b"s")
    new_process()
    assert not kept()
    assert kept()
    assert path.read_bytes() != old
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.is_symlink()


@POSIX
@pytest.mark.parametrize("why", ["a file in the way", "others can write there", "no home"])
def test_without_a_place_for_a_secret_nothing_is_kept(folder, monkeypatch, why):
    place = seal.secret_file().parent
    if why == "a file in the way":
        place.parent.write_text("")
    elif why == "others can write there":
        place.mkdir(parents=True)
        place.chmod(0o777)
    else:
        monkeypatch.setenv("HOME", "relative")
    assert not kept()
    assert not kept()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("variable", [cache.SWITCH, "XDG_CACHE_HOME"])
def test_a_relative_path_is_refused(folder, tmp_path, monkeypatch, variable):
    """As in an archive with a cache in it, where somebody set XDG_CACHE_HOME=.cache."""
    if variable != cache.SWITCH and sys.platform in ("win32", "darwin"):
        pytest.skip("it means nothing there")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(cache.SWITCH)
    monkeypatch.setenv(variable, ".cache")
    planted(tmp_path / ".cache")
    planted(tmp_path / ".cache" / "overnight-autograd")
    with pytest.warns(UserWarning, match=r"compiled code is not kept: \.cache.* depends on where"):
        assert cache.read("a") is None
    assert not kept()
    assert not kept()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_on_other_systems(folder, tmp_path, monkeypatch, system):
    """On a system that is made to look like them: one without modes and owners, one with others'
    folders."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.delenv(cache.SWITCH)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "home" / "local"))
    if system == "darwin":
        monkeypatch.setattr("fcntl.F_FULLFSYNC", 1, raising=False)  # F_GETFD, which is harmless
    else:
        monkeypatch.delattr(os, "getuid", raising=False)
        monkeypatch.delattr(os, "link", raising=False)
    assert not kept()
    assert kept()
    new_process()
    assert kept()
    place = Path("local") if system == "win32" else Path("Library") / "Caches"
    assert len(entries(tmp_path / "home" / place / "overnight-autograd")) == 1


# --- what stands in the way ---


@POSIX
@pytest.mark.parametrize("kind", ["FIFO", "folder", "link", "huge", "writable"])
def test_what_is_no_file_of_this_user_is_not_read(folder, kind):
    kept()
    (path,) = entries(folder)
    content = path.read_bytes()
    path.unlink()
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        (folder / "b").write_bytes(content)
        path.symlink_to(folder / "b")
    elif kind == "huge":
        path.touch(0o600)
        os.truncate(path, 2**40)
    else:
        path.write_bytes(content)
        path.chmod(0o666)
    before = time.monotonic()
    assert not kept()
    assert kept() or kind == "folder"
    assert time.monotonic() - before < 1


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "file" / "folder"))
    assert not kept()
    assert not kept()


def test_a_disk_that_is_full(folder, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    assert seal.secret()
    monkeypatch.setattr(os, "replace", full)
    assert not kept()
    assert not kept()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("word", ["off", "0"])
def test_it_can_be_turned_off(folder, monkeypatch, word):
    monkeypatch.setenv(cache.SWITCH, word)
    assert not kept()
    assert not kept()
    assert cache.cache_folder() is None


def test_the_oldest_goes_when_there_is_too_much(folder, monkeypatch):
    for name in "ab":
        kept(name)
    first, second = entries(folder)
    for age, path in enumerate((second, first)):
        os.utime(path, (time.time() - 1000 + age, time.time() - 1000 + age))
    monkeypatch.setattr(cache, "MOST_BYTES", int(2.5 * first.stat().st_size))
    kept("c")
    assert first.exists()
    assert not second.exists()
    assert len(entries(folder)) == 2


def test_the_folders_of_the_systems(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache._default() == Path("/somewhere/overnight-autograd")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache._default() == Path.home() / ".cache" / "overnight-autograd"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache._default() == Path.home() / "Library" / "Caches" / "overnight-autograd"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache._default() == Path("/local/overnight-autograd")


# --- the module of kernels ---


object_file = functools.cache(build.compiled)
"""The module, compiled once for all tests here."""


@pytest.fixture
def fresh(folder, monkeypatch):
    """A function that loads the machine as a new process would."""
    monkeypatch.setattr(build, "compiled", object_file)
    return lambda: build._machine(8)


def test_the_kernels_are_kept(folder, fresh):
    assert not fresh().from_disk
    assert fresh().from_disk
    assert len(entries(folder)) == 1


def test_without_a_folder_they_are_compiled_each_time(fresh, monkeypatch):
    monkeypatch.setenv(cache.SWITCH, "off")
    assert not fresh().from_disk
    assert not fresh().from_disk


def test_they_are_made_in_a_thread_while_a_function_is_recorded(monkeypatch):
    makers = []
    monkeypatch.setattr(build, "_machines", {})
    monkeypatch.setattr(build, "_machine", lambda n: makers.append(threading.current_thread()))
    for _ in range(2):
        with build.made_meanwhile(8):
            pass
    assert makers[0] is not threading.main_thread()
    build.machine(8)
    assert len(makers) == 1


def test_what_keeps_them_from_being_made_is_said_where_they_are_needed(monkeypatch, capsys):
    def fails(itemsize):
        raise OSError("no room")

    monkeypatch.setattr(build, "_machines", {})
    monkeypatch.setattr(build, "_machine", fails)
    with build.made_meanwhile(8):
        pass
    assert capsys.readouterr() == ("", "")
    with pytest.raises(OSError, match="no room"):
        build.machine(8)


def test_the_key_has_all_that_machine_code_depends_on(folder, fresh, monkeypatch):
    fresh()
    monkeypatch.setattr(build, "_source", lambda: "another source")
    assert not fresh().from_disk
    assert len(entries(folder)) == 2


@pytest.mark.slow
def test_processes_that_compile_at_once(folder):
    code = "from autograd.compiler.machine import build; print(build.machine().from_disk)"
    several = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert {p.communicate()[0].strip() for p in several} <= {"True", "False"}
    assert len(entries(folder)) == 1
    assert len(list(folder.iterdir())) == 1
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"
