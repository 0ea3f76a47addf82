"""The cache of machine code: poisoned, truncated, foreign, relative, read-only, shared, absent."""

import os
import random
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from autograd.compiler.machine import cache, seal
from tests.battery import Row
from tests.battery.rows.row_10_damage import damaged, own_cache

ROOT = Path(__file__).parents[3]
CODE = b"machine code" * 50
THEIRS = b"their code" * 60
CALLS = 40  # a case, of each of which the cache may give the right code or nothing
PROCESSES = 5


def kept(name="a", code=CODE):
    """What the cache gives under a name: the code or nothing. Nothing is put right."""
    found = cache.read(name)
    assert found in (code, None), f"the cache gave {found[:30]!r}"
    return found is not None


def again():
    """Whatever happened to it: written once more, the entry is there."""
    cache.write("a", CODE)
    assert kept()


def entry(name="a"):
    return cache.cache_folder() / f"{name}{cache.SUFFIX}"


# --- what may happen to it ---


def changed(chance):
    """An entry that is damaged in any way."""
    again()
    whole = entry().read_bytes()
    entry().write_bytes(fault := damaged(whole, chance))
    assert kept() == (fault == whole)
    again()


def poisoned(chance):
    """Somebody else's code, under each seal that they could make, with a secret beside it."""
    again()
    theirs = chance.choice([bytes(seal.SIZE), b"s" * seal.SIZE, chance.randbytes(seal.SIZE)])
    content = chance.choice([
        seal._seal(theirs, entry().name, THEIRS) + THEIRS,
        entry().read_bytes()[: seal.SIZE] + THEIRS,
        seal.sealed("b.machine", THEIRS) + THEIRS,
        bytes(seal.SIZE) + THEIRS,
        THEIRS,
    ])  # fmt: skip
    (entry().parent / "secret").write_bytes(theirs)
    entry().write_bytes(content)
    assert not kept()
    again()


def swapped(chance):
    """Another entry of this user, in the place of this one."""
    cache.write("b", THEIRS)
    again()
    os.replace(entry("b"), entry())
    assert not kept()
    again()


def in_the_way(chance):
    """What is not this user's file is neither read nor waited for. It is replaced if possible."""
    again()
    content = entry().read_bytes()
    entry().unlink()
    kind = chance.choice(["FIFO", "folder", "link", "huge", "writable", "foreign"])
    if kind == "FIFO":
        os.mkfifo(entry())
    elif kind == "folder":
        entry().mkdir()
    elif kind == "link":
        elsewhere = entry().parent / "elsewhere"
        elsewhere.write_bytes(content)
        entry().symlink_to(elsewhere)
    else:
        entry().write_bytes(content)
        if kind == "huge":
            os.truncate(entry(), 2**40)
        elif kind == "writable":
            entry().chmod(chance.choice([0o666, 0o620, 0o602]))
        elif os.getuid() == 0:
            os.chown(entry(), 12345, -1)
        else:
            entry().write_bytes(b"")
    assert not kept(), f"{kind} was read"
    if kind == "folder":
        cache.write("a", CODE)
        assert not kept()
        entry().rmdir()
    again()


def relative(chance):
    """A folder that depends on where a program is started, with entries and a secret in it."""
    sealed = seal.sealed(entry().name, THEIRS)
    for folder in (Path(".cache"), Path(".cache") / "overnight-autograd"):
        folder.mkdir(exist_ok=True)
        (folder / entry().name).write_bytes(sealed)  # even with the right seal
    name = chance.choice([cache.SWITCH, "XDG_CACHE_HOME"])
    environment = {
        cache.SWITCH: "",
        name: chance.choice([".cache", "./.cache", ".cache/../.cache"]),
    }
    with mock.patch.dict(os.environ, environment), said("depends on where a program is started"):
        cache._prepared.cache_clear()
        assert cache.read("a") is None
        cache.write("a", CODE)
        assert cache.read("a") is None
    cache._prepared.cache_clear()
    again()


@contextmanager
def said(sentence):
    """A warning says why nothing is kept, once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [sentence in str(warning.message) for warning in caught] == [True], caught


def open_to_others(chance):
    """A folder that others can write to, or that is another user's."""
    again()
    folder = cache.cache_folder()
    mode = chance.choice([0o777, 0o770, 0o703, 0o1777])
    folder.chmod(mode)
    cache._prepared.cache_clear()
    with said("other users can write to"):
        assert not kept()
    folder.chmod(0o700)
    cache._prepared.cache_clear()
    assert kept()


def secret_lost(chance):
    """A secret that others can read, or that is damaged, is made anew; old entries are not read."""
    again()
    path = seal.secret_file()
    old = path.read_bytes()
    if chance.random() < 0.5:
        path.chmod(chance.choice([0o644, 0o640, 0o604, 0o666]))
    else:
        path.write_bytes(chance.choice([old[:-1], old + b"s", b""]))
    seal._secret.cache_clear()
    cache._prepared.cache_clear()
    assert not kept()
    again()
    assert path.read_bytes() != old
    assert path.stat().st_mode & 0o777 == 0o600


def read_only(chance):
    """A disk that is full or read-only, at any call: nothing is kept, and nothing is said."""
    name = chance.choice(["open", "replace", "fsync", "fdopen"])
    code = chance.choice([28, 30, 13, 5])
    entry().unlink(missing_ok=True)
    with mock.patch.object(os, name, side_effect=OSError(code, os.strerror(code))):
        cache.write("a", CODE)
        kept()
    again()
    assert list(entry().parent.glob(".*")) == []


HAPPENS = (changed, changed, poisoned, swapped, in_the_way, relative)
HAPPENS += (open_to_others, secret_lost, read_only)


# --- whole processes ---

PROGRAM = """
import sys
if sys.argv[1] == "without":
    sys.modules["llvmlite"] = None
import numpy as np
from autograd import jit
f = jit(lambda x: (x[0] * x[1]).tanh() + x[2])
print(np.array2string(f(np.array([[0.5, 1.5, 2.0], [1.0, -1.0, 0.0]])), precision=12))
"""
RIGHT = "[ 2.635148952387 -0.761594155956]"


def processes(n, word="with"):
    """So many processes, each of which compiles, at once; each has the right answer."""
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, word],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(n)
    ]
    for process in started:
        printed, trouble = process.communicate()
        assert not trouble, trouble[-300:]
        assert " ".join(printed.split()) == RIGHT, printed


def together(chance):
    """Five processes at an empty cache, then with the damage that they may leave; none without
    llvmlite."""
    processes(PROCESSES)
    found = list(cache.cache_folder().glob(f"*{cache.SUFFIX}"))
    assert len(found) == 1, found
    found[0].write_bytes(damaged(found[0].read_bytes(), chance))
    processes(PROCESSES)
    processes(1, "without")


def case(i):
    """Many calls; in one case of a hundred whole processes. Case 0 is the quick form."""
    chance, here = random.Random(i), Path.cwd()
    with tempfile.TemporaryDirectory() as name, own_cache(Path(name)):
        os.chdir(name)
        try:
            if i % 100 == 99:
                together(chance)
            for happens in chance.choices(HAPPENS, k=CALLS):
                happens(chance)
        finally:
            os.chdir(here)


@contextmanager
def wrong():
    """A cache that believes every seal."""
    with mock.patch.object(cache, "unsealed", lambda name, kept: kept[seal.SIZE :]):
        yield


ROW = Row(
    title="the cache of machine code: poisoned, damaged, foreign, relative, shared, read-only",
    case=case,
    full=1000,
    hours=0.1,
    quick=1,
    wrong=wrong,
    unit="calls",
    per_case=CALLS,
)
