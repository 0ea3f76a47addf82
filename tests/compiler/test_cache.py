"""Compiled code on the disk is found again, and never trusted blindly."""

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba")

from autograd.compiler.native import cache

TEXT = "def run(x):\n    return {} * x\n"
POSIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache of its own."""
    path = tmp_path / "kept"
    monkeypatch.setenv(cache.SWITCH, str(path))
    cache._prepared.cache_clear()
    yield path
    cache._prepared.cache_clear()


def loaded(factor=2.0):
    """A function, called once; whether it came from the disk."""
    function = cache.load(TEXT.format(factor), "run")
    assert function(3.0) == 3 * factor
    return function.kept.from_disk


def entries(folder):
    return sorted(folder.glob("*.native"))


def test_the_second_time_it_comes_from_the_disk(folder):
    assert not loaded()
    assert loaded()
    assert len(entries(folder)) == 1
    assert not loaded(5.0)
    assert len(entries(folder)) == 2
    function = cache.load(TEXT.format(2.0), "run")
    assert function(3) == 6.0  # another type, another entry
    assert not function.kept.from_disk
    assert 0 < function.kept.seconds < 60


def test_another_process_finds_it(folder):
    assert not loaded()
    code = (
        "from autograd.compiler.native.cache import load\n"
        f"f = load({TEXT.format(2.0)!r}, 'run'); assert f(4.0) == 8.0; print(f.kept.from_disk)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"


@pytest.mark.slow
def test_processes_that_compile_the_same_at_once(folder):
    code = (
        "from autograd.compiler.native.cache import load\n"
        f"print(load({TEXT.format(7.0)!r}, 'run')(2.0))"
    )
    several = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [p.communicate()[0].strip() for p in several] == ["14.0"] * 3
    assert len(entries(folder)) == 1
    assert not list(folder.glob("*.partial"))
    assert loaded(7.0)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "swapped"])
def test_a_damaged_file_is_compiled_again(folder, damage):
    loaded()
    (path,) = entries(folder)
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "empty":
        path.write_bytes(b"")
    else:  # a valid entry in the place of another
        loaded(5.0)
        (other,) = set(entries(folder)) - {path}
        path.write_bytes(other.read_bytes())
    assert not loaded()
    assert path.read_bytes()[cache.SEAL :] != b""
    assert loaded()


class Bomb:
    def __reduce__(self):
        return (os._exit, (3,))


def test_a_file_that_another_user_wrote_is_not_unpickled(folder):
    loaded()
    (path,) = entries(folder)
    payload = pickle.dumps(Bomb())
    path.write_bytes(cache._seal(b"not the secret of this user....", path, payload) + payload)
    assert not loaded()
    assert loaded()


@POSIX
def test_only_this_user_can_read_or_write_it(folder):
    loaded()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}


@POSIX
def test_a_folder_that_others_can_write_is_refused(folder):
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(UserWarning, match="other users can write") as caught:
        assert not loaded()
    assert not loaded()
    assert len(caught) == 1
    assert list(folder.iterdir()) == []


@POSIX
def test_a_folder_of_another_user_is_refused(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.warns(UserWarning, match="own it"):
        assert not loaded()
    assert list(folder.iterdir()) == []


@POSIX
def test_a_secret_that_others_can_write_seals_nothing(folder):
    loaded()
    (folder / "secret").chmod(0o666)
    assert not loaded()


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "file" / "folder"))
    assert not loaded()
    assert not loaded()


def test_a_disk_that_is_full(folder, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not loaded()
    assert not loaded()
    assert [p.name for p in folder.iterdir()] == ["secret"]


@pytest.mark.parametrize("word", ["off", "0"])
def test_it_can_be_turned_off(folder, monkeypatch, word):
    monkeypatch.setenv(cache.SWITCH, word)
    assert not loaded()
    assert not loaded()
    assert cache.cache_folder() is None


def test_the_oldest_goes_when_there_is_too_much(folder, monkeypatch):
    loaded(2.0)
    (first,) = entries(folder)
    loaded(3.0)
    second = (set(entries(folder)) - {first}).pop()
    for age, path in enumerate((second, first)):
        os.utime(path, (time.time() - 1000 + age, time.time() - 1000 + age))
    size = first.stat().st_size
    monkeypatch.setattr(cache, "MOST_BYTES", int(2.5 * size))
    loaded(4.0)
    assert first.exists()
    assert not second.exists()
    assert len(entries(folder)) == 2


def test_the_key_has_all_that_machine_code_depends_on(folder, monkeypatch):
    import numba

    loaded()
    monkeypatch.setattr(numba, "__version__", "0.0")
    assert not loaded()


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
