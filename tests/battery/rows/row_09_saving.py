"""Saving: killed at any instant, on a full disk, past planted links, by two writers at once."""

import atexit
import functools
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

import nn
from autograd import files
from autograd.files import PART
from tests.battery import Row

KILLS = 5
BLOCKS = 12


# --- the trainings that are killed, in a process that forks them ---


def train(path, blocks=BLOCKS, saved=lambda block: None):
    """Go on from the checkpoint to the end, and say after each block that it is saved."""
    model = nn.MLP(2, [2, 1], seed=1)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    stream = random.Random(1)
    done = 0
    if Path(path).exists():
        done = nn.load_checkpoint(path, model, optimizer, stream)["blocks"]

    def loss(x, t):
        return nn.half_squared_error(model(x), t)

    for block in range(done + 1, blocks + 1):
        X = [[stream.gauss(0, 1), stream.gauss(0, 1)] for _ in range(2)]
        T = [[0.5 if a * b > 0 else -0.5] for a, b in X]
        nn.fit(loss, X, T, optimizer, shuffle=stream, progress=False, compile=False)
        nn.save_checkpoint(path, model, optimizer, stream, {"blocks": block})
        saved(block)


def serve():
    """Start a training for each line, a path; at the next line, say how it ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            train(line.rstrip("\n"), saved=lambda block: os.write(1, b"saved %d\n" % block))
            os._exit(0)
        os.write(1, b"%d\n" % child)
        sys.stdin.readline()
        os.write(1, b"ended %d\n" % os.waitpid(child, 0)[1])


@functools.cache
def server():
    """The process that starts trainings; loading Python for each would take most of the time."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        bufsize=1,
        cwd=Path(__file__).parents[3],
        start_new_session=True,  # Ctrl-C is for the battery alone
    )
    atexit.register(process.communicate)
    return process


def trained(path, seconds=None):
    """The last block that a training said it had saved, 0 if none; killed after some seconds."""
    process = server()
    process.stdin.write(f"{path}\n")
    child = int(process.stdout.readline())
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    process.stdin.write("how did it end?\n")
    last = 0
    while not (line := process.stdout.readline()).startswith("ended"):
        last = int(line.split()[1])
    assert os.waitstatus_to_exitcode(int(line.split()[1])) in (0, -signal.SIGKILL)
    return last


@functools.cache
def undisturbed():
    """The file after each block of a training that nobody kills, and the time that it takes."""
    with tempfile.TemporaryDirectory() as folder:
        path, contents = Path(folder) / "x", {0: None}
        trained(path)
        path.unlink()
        began = time.monotonic()
        trained(path)
        seconds = time.monotonic() - began
        path.unlink()
        train(path, saved=lambda block: contents.update({block: path.read_bytes()}))
    return contents, seconds


def killed(folder, chance):
    """Nothing that was said to be saved is lost, and the end is that of an undisturbed training."""
    contents, seconds = undisturbed()
    path, safe = folder / "killed", 0
    for _ in range(KILLS):
        safe = max(safe, trained(path, chance.uniform(0, seconds * 0.6)))
        there = path.read_bytes() if path.exists() else None
        reached = [block for block, content in contents.items() if content == there]
        assert reached, f"a file of {len(there or b'')} bytes, as no block leaves it"
        assert reached[0] >= safe, f"block {safe} was saved, and {reached[0]} is there"
        assert len(list(folder.glob(PART.format("*")))) <= 1
    trained(path)
    assert path.read_bytes() == contents[BLOCKS]
    assert list(folder.iterdir()) == [path]


# --- what else can happen to a file ---


def model_and_content(seed, folder):
    model = nn.MLP(2, [2, 1], seed=seed)
    nn.save_checkpoint(folder / "only", model)
    content = (folder / "only").read_bytes()
    (folder / "only").unlink()
    return model, content


def full_disk(folder, chance):
    """Where the disk is full at some byte, or the sync fails, the old file stays, and no part."""
    path = folder / "full"
    old, before = model_and_content(1, folder)
    new, after = model_and_content(2, folder)
    nn.save_checkpoint(path, old)
    room = chance.randrange(len(after))
    real, failing = os.fdopen, chance.choice(["write", "fsync", "replace"])

    class Full:
        """A file with little room."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[:room])
            raise OSError(28, "No space left on device")

        def flush(self):
            self.file.flush()

    def fails(*_):
        raise OSError(28, "No space left on device")

    replaced = {"write": ("fdopen", lambda *a: Full(real(*a)))}.get(failing, (failing, fails))
    with mock.patch.object(os, *replaced), pytest.raises(OSError, match="No space"):
        nn.save_checkpoint(path, new)
    assert path.read_bytes() == before
    assert list(folder.iterdir()) == [path]
    path.unlink()


def planted(folder, chance):
    """Links, FIFOs and folders under every name that could be guessed are left alone."""
    model, content = model_and_content(1, folder)
    path, victim = folder / "planted", folder / "victim"
    victim.write_bytes(b"safe")
    victim.chmod(0o600)
    nn.save_checkpoint(path, model)
    path.chmod(mode := chance.choice([0o600, 0o640, 0o644, 0o660, 0o400]))
    names = [f".{path.name}.part", f"{path.name}.part", f"{path.name}.tmp", f"{path.name}~"]
    names += [f".{path.name}.{os.getpid()}", PART.format("0" * 16), PART.format("")]
    for name in names:
        kind = chance.choice(["link", "FIFO", "folder", "hard link"])
        if kind == "link":
            (folder / name).symlink_to(victim)
        elif kind == "FIFO":
            os.mkfifo(folder / name)
        elif kind == "folder":
            (folder / name).mkdir()
        else:
            os.link(victim, folder / name)
    nn.save_checkpoint(path, model)
    assert path.read_bytes() == content
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == mode
    assert victim.read_bytes() == b"safe"
    for entry in list(folder.iterdir()):
        entry.rmdir() if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def two_writers(folder, chance):
    """Readers see the file of one writer or of the other, whole."""
    path = folder / "both"
    models, contents = zip(*(model_and_content(seed, folder) for seed in (1, 2)))
    found = []

    def write(model):
        try:
            for _ in range(4):
                nn.save_checkpoint(path, model)
                found.append(path.read_bytes())
        except OSError as error:
            found.append(repr(error))

    writers = [threading.Thread(target=write, args=[model]) for model in models]
    for writer in writers:
        writer.start()
        time.sleep(chance.uniform(0, 0.002))
    for writer in writers:
        writer.join()
    assert [x for x in found if x not in contents] == []
    assert len(found) == 8
    assert list(folder.iterdir()) == [path]
    path.unlink()


def order(folder, chance):
    """The content reaches the disk before the name, and the name before the call returns."""
    model, content = model_and_content(1, folder)
    path, done, opened = folder / "order", [], {}
    if chance.random() < 0.5:
        path.write_bytes(b"old")
    with mock.patch.multiple(os, **watched(done, opened)):
        nn.save_checkpoint(path, model)
    part = done[0][1] if done else ""
    expected = [("create", part), ("sync", part, content), ("replace", part, path.name)]
    expected += [("sync", folder.name, None)]
    assert done == expected, f"the order was {[event[:2] for event in done]}"
    path.unlink()


def watched(done, opened):
    """The functions of ``os`` that write, which note what they do."""
    real = {name: getattr(os, name) for name in ("open", "fsync", "replace")}

    def opening(path, flags, *rest, **options):
        descriptor = real["open"](path, flags, *rest, **options)
        opened[descriptor] = Path(path)
        if flags & os.O_CREAT:
            assert flags & os.O_EXCL
            done.append(("create", Path(path).name))
        return descriptor

    def syncing(descriptor):
        at = opened[descriptor]
        done.append(("sync", at.name, None if at.is_dir() else at.read_bytes()))
        real["fsync"](descriptor)

    def replacing(part, target):
        done.append(("replace", Path(part).name, Path(target).name))
        real["replace"](part, target)

    return {"open": opening, "fsync": syncing, "replace": replacing}


def case(i):
    """Everything, to a file each. Case 0, the quick form, kills nobody: test_kill.py does."""
    chance = random.Random(i)
    with tempfile.TemporaryDirectory() as name:
        for happens in (order, full_disk, planted, two_writers, *[killed] * bool(i)):
            happens(Path(name), chance)


@contextmanager
def wrong():
    """A writer that opens the file itself, as ``Path.write_bytes`` does."""
    with mock.patch.object(nn.checkpoint, "write_whole", writes):
        yield


def writes(path, content):
    path = files.expanded(path)
    path.write_bytes(content)
    return path


ROW = Row(
    title="kill -9 while training and saving, a full disk, planted links, two writers, the order",
    case=case,
    full=201,
    hours=0.15,
    quick=1,
    wrong=wrong,
    unit=f"times {KILLS} kills",
)
