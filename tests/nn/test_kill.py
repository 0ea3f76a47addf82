"""A training that is killed at any instant loses no checkpoint, and resumes bit for bit.

Row 9 of the battery kills a thousand times.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nn
from autograd.files import PART

PARTS = PART.format("*")
HERE = Path(__file__).parent
KILLS = 50


@pytest.fixture
def trainings():
    """The process that starts trainings."""
    with subprocess.Popen(
        [sys.executable, HERE / "letters_training.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        bufsize=1,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    ) as process:
        yield process
        process.stdin.close()
    assert process.returncode == 0


def run(trainings, path, seconds=None):
    """Train from a checkpoint and kill it after some seconds; whether it was still alive."""
    trainings.stdin.write(f"{path}\n")
    child = int(trainings.stdout.readline())
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)  # after its end, too, it waits until its status is read
    trainings.stdin.write("how did it end?\n")
    status = os.waitstatus_to_exitcode(int(trainings.stdout.readline()))
    assert status in (0, -signal.SIGKILL)
    return status != 0


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of Unix")
def test_killed_at_any_instant(tmp_path, trainings):
    path, undisturbed = tmp_path / "training.safetensors", tmp_path / "undisturbed"
    began = time.monotonic()
    assert not run(trainings, undisturbed)
    seconds, expected = time.monotonic() - began, undisturbed.read_bytes()
    chance = random.Random(0)
    kills, reached, enough = 0, set(), KILLS / 5
    # More and later kills if the machine is slower than at first: they should hit different places.
    while kills < KILLS or (len(reached) < enough and kills < 4 * KILLS):
        killed = run(trainings, path, chance.uniform(0, seconds / 6) * max(1, kills / KILLS))
        kills += killed
        if path.exists():
            notes = nn.load_checkpoint(path, nn.MLP(2, [3, 1]))
            reached.add(notes["blocks"])
        assert len(list(tmp_path.glob(PARTS))) <= 1  # each writer removes those before it
        if not killed:
            assert path.read_bytes() == expected
            path.unlink()
    assert len(reached) >= enough
    run(trainings, path)
    assert path.read_bytes() == expected
    assert list(tmp_path.glob(PARTS)) == []
