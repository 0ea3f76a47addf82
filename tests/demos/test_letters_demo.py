"""The demo of the letters: its output, its checkpoints, Ctrl-C and the prompt."""

import contextlib
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from demos.letters.demo import together
from demos.letters.english import TextError
from demos.letters.predictor import Predictor

ROOT = Path(__file__).parents[2]


def demo(*arguments, stdin=""):
    warnings = ["-W", "error"] if os.environ.get("CI") else []  # libraries may warn
    return subprocess.run(
        [sys.executable, *warnings, "-m", "demos", "letters", "--quick", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        input=stdin,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        cwd=ROOT,
        timeout=120,
    )


@pytest.mark.slow
def test_the_demo_compares_draws_and_saves(tmp_path):
    out, path = tmp_path / "out", tmp_path / "a.safetensors"
    result = demo("--out", out, "--checkpoint", path, "--loss", "squared", "--hidden", 12, 8)
    assert (result.returncode, result.stderr) == (0, "")
    counts = [f"counts after {n} letters" for n in (0, 2, 3, 5, 8)]
    for name in (*counts, "the network", r"both, the network \d+%"):
        assert re.search(rf"^  {name} +\d+\.\d% +\d\.\d{{3}} +\d+\.", result.stdout, re.MULTILINE)
    assert "224 -> 256 -> 12 -> 8 -> 28" in result.stdout
    assert "softmax of outputs / 0." in result.stdout
    lines = re.sub(".*(?:picture|checkpoint|page): .*", "", result.stdout).split("\n")
    assert max(map(len, lines)) < 80
    for name in ("letters.png", "letters_confused.png", "letters_alike.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    assert Predictor.load(path).hidden == [12, 8]
    # Learning is complete, so that resuming only tests again and predicts typed letters.
    resume = ["--checkpoint", path, "--resume", "--interactive"]
    again = demo("--out", out, "--loss", "squared", "--hidden", 12, 8, *resume, stdin="the qu\n\n")
    assert (again.returncode, again.stderr) == (0, "")
    table = re.compile(r"^  the network .*$", re.MULTILINE)
    assert table.findall(again.stdout) == table.findall(result.stdout)
    assert re.search(r"^  next: \S \d+%(  \S \d+%){4}$", again.stdout, re.MULTILINE)
    other = demo("--out", out, "--context", 4, "--checkpoint", path, "--resume")
    assert other.returncode == 1
    assert "context 8, not 4" in other.stderr
    assert other.stderr.count("\n") == 1


@pytest.mark.slow
def test_resume_starts_from_the_beginning_without_a_checkpoint(tmp_path):
    path = tmp_path / "new.safetensors"
    result = demo("--out", tmp_path, "--checkpoint", path, "--resume", "--epochs", 1)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"{path} does not exist yet: starting from the beginning" in result.stdout
    kept = path.read_bytes()
    again = demo("--out", tmp_path, "--checkpoint", path, "--epochs", 1)
    assert again.returncode == 1
    assert f"{path} exists already: add --resume to continue from it" in again.stderr
    assert path.read_bytes() == kept
    path.write_bytes(kept[:-1])
    result = demo("--out", tmp_path, "--checkpoint", path, "--resume", "--epochs", 1)
    assert result.returncode == 1
    assert "is damaged" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="only Unix has pseudo-terminals")
@pytest.mark.slow
def test_ctrl_c_in_a_terminal_ends_the_training_and_keeps_the_network(tmp_path):
    import fcntl
    import pty
    import termios

    path = tmp_path / "a.safetensors"
    arguments = ["--hidden", "4", "--epochs", "2000", "--checkpoint", str(path)]
    terminal, inside = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    letters = ["-m", "demos", "letters", "--out", str(tmp_path)]
    with started([*letters, *arguments], inside, start_new_session=True) as process:
        os.close(inside)
        # On a fast machine the bar skips numbers.
        until(terminal, rb" ([2-9]|\d\d+)/\d+ .*loss \d")
        process.send_signal(signal.SIGINT)
        shown = until(terminal, rb"Stopped by Ctrl-C after \d+ of [\d,]+ blocks")
        shown += until(terminal, rb"letters_alike.png\r\n")
        assert re.search(rb"  the network +\d+\.\d%", shown)
        assert b"Traceback" not in shown
        assert process.wait(timeout=60) == 0
    os.close(terminal)
    assert Predictor.load(path).hidden == [4]


@pytest.mark.skipif(sys.platform == "win32", reason="only Unix has pseudo-terminals")
@pytest.mark.parametrize("end", [b"\r", b"\x03", b"\x04"])
@pytest.mark.slow
def test_the_prompt_predicts_after_every_key_and_restores_the_terminal(end):
    import pty
    import termios

    code = (
        "import sys; from demos.letters.predictor import Predictor;"
        "from demos.letters.prompt import interact;"
        "interact(Predictor(3, [4])); print('sane')"
    )
    terminal, inside = pty.openpty()
    before = termios.tcgetattr(inside)
    with started(["-c", code], inside) as process:
        shown = until(terminal, rb"(\S+ \d+%  ){4}\S+ \d+%")
        for keys, expected in (
            (b"th", rb"\r\x1b\[Kth\x1b7"),
            ("é".encode(), "\r\x1b\\[Kthé\x1b7".encode()),
            (b"\x7f", rb"\r\x1b\[Kth\x1b7"),
            (b"\x1b[A", rb"\r\x1b\[Kth\x1b7"),
            (b"\t", rb"\r\x1b\[Kth.\x1b7"),
        ):
            os.write(terminal, keys)
            shown = until(terminal, expected)
        os.write(terminal, end)
        shown = until(terminal, rb"sane\r\n")
        assert b"Traceback" not in shown
        assert process.wait(timeout=30) == 0
    assert termios.tcgetattr(inside) == before
    os.close(terminal)
    os.close(inside)


@contextlib.contextmanager
def started(arguments, terminal, **options):
    """A Python program in a terminal; it ends with the test."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
    with subprocess.Popen([sys.executable, *arguments], **streams, cwd=ROOT, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def until(terminal, pattern):
    """Read what the terminal shows, up to the given text."""
    shown = b""
    end = time.monotonic() + 120
    while not re.search(pattern, shown):
        assert time.monotonic() < end, shown[-2000:]
        ready, _, _ = select.select([terminal], [], [], 30)
        assert ready, shown
        shown += os.read(terminal, 65536)
    return shown


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"process": 0}, "^--devices, --process, --processes and --coordinator go together$"),
        ({"process": 0, "processes": 2, "coordinator": "a:1"}, "^--devices, --process, "),
        (
            {"process": 0, "processes": 2, "coordinator": "a:1", "devices": 2, "minutes": 1.0},
            "^several processes have several clocks: leave --minutes out$",
        ),
        (
            {"process": 0, "processes": 2, "coordinator": "a", "devices": 2},
            "^a coordinator is HOST:PORT",
        ),
    ],
)
def test_processes_that_cannot_train_together(given, sentence):
    nothing = dict.fromkeys(["devices", "process", "processes", "coordinator", "minutes"])
    with (
        pytest.raises(TextError, match=sentence),
        together(SimpleNamespace(**{**nothing, **given})),
    ):
        pass
