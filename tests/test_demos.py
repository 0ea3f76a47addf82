"""``python -m demos`` as a newcomer meets it: what it prints, leaves behind, and how it fails."""

import os
import re
import signal
import struct
import subprocess
import sys
import xml.etree.ElementTree
import zlib
from pathlib import Path

import pytest

from demos import __main__ as command
from demos import letters, pictures
from demos.alphabet import fold

ROOT = Path(__file__).parents[1]
GRADIENTS = {
    "i1->h1": "0.011141322",
    "i2->h1": "0.022282644",
    "i1->h2": "0.000576531",
    "i2->h2": "0.001153062",
    "h1->out": "0.020204010",
    "h2->out": "0.025945642",
    "i1": "0.022859175",
    "i2": "0.013447447",
}


def demos(*arguments, path=()):
    """Run ``python -m demos`` with both outputs in a pipe."""
    search = os.pathsep.join(map(str, (*path, ROOT)))
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "demos", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": search, "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )


def size_of_png(path):
    """Width and height; every part of the file must have its checksum right."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds = 8, []
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 4 : at + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(
            content[at + 8 + length : at + 12 + length], "big"
        )
        kinds.append(kind)
        at += 12 + length
    assert kinds[-1] == b"IEND"
    return struct.unpack(">II", content[16:24])


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    out = tmp_path_factory.mktemp("tour") / "new" / "folder"
    return demos("--quick", "--out", out), out


# --- the tour ---


def test_tour_says_what_it_does_and_nothing_goes_wrong(tour):
    result, _ = tour
    assert result.returncode == 0
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    lines = [line for line in result.stdout.splitlines() if "picture: " not in line]
    assert max(map(len, lines)) <= 80


def test_tour_evaluates_and_differentiates_figure_4(tour):
    result, _ = tour
    assert "= tanh(2.50121443) = 0.986646554" in result.stdout
    for label, gradient in GRADIENTS.items():
        assert re.search(rf"^  {label} +\d\.\d+ +{gradient}$", result.stdout, re.MULTILINE)


def test_tour_trains_the_letters(tour):
    result, _ = tour
    for name in ("the network", "the most frequent letter", "bigrams", "trigrams"):
        assert re.search(rf"^  {name}.* +\d+\.\d%$", result.stdout, re.MULTILINE)
    ranked = re.findall(r"^  (\w+) +(-?\d\.\d{3})(?:  #+)?$", result.stdout, re.MULTILINE)
    assert len(ranked) == 8
    assert [float(output) for _, output in ranked] == sorted((float(o) for _, o in ranked))[::-1]
    written = result.stdout.split("outputs:\n")[1].split("\nThat was the tour.")[0]
    assert written.startswith("  the ")
    assert "".join(written.split()) == fold("".join(written.split()))


def test_tour_leaves_pictures_where_it_says(tour):
    result, out = tour
    told = [Path(name) for name in re.findall(r"^  picture: (.+)$", result.stdout, re.MULTILINE)]
    names = ["figure_4.svg", "figure_4.png", "chain_rule.svg", "chain_rule.png", "letters.png"]
    assert told == [out / name for name in names]
    assert sorted(out.iterdir()) == sorted([*told, out / "chain_rule.html"])
    svg = xml.etree.ElementTree.parse(told[0]).getroot()
    assert svg.tag.endswith("svg")
    text = " ".join(svg.itertext())
    for label in GRADIENTS:
        assert label in text
    for png in (path for path in told if path.suffix == ".png"):
        width, height = size_of_png(png)
        assert width > 600
        assert height > 300


def test_tour_derives_a_gradient_over_two_paths_and_writes_the_page(tour):
    result, out = tour
    assert "= 0.416067521 + 0.124327921\n        = 0.540395442" in result.stdout
    assert f"  page:    {out / 'chain_rule.html'}" in result.stdout
    assert (out / "chain_rule.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_help_lists_the_demos():
    result = demos("--help")
    assert result.returncode == 0
    for name, demo in command.DEMOS.items():
        assert name in result.stdout
        assert demo.SUMMARY in " ".join(result.stdout.split())


def test_shared_options_stand_before_or_after_the_name():
    parse = command.make_parser().parse_args
    assert parse(["--quick", "--out", "x", "letters"]) == parse(
        ["letters", "--out", "x", "--quick"]
    )
    assert parse(["letters"]).out == Path("demo_output")


# --- the letters ---


def quick(tmp_path, *arguments):
    return demos("letters", "--quick", "--out", tmp_path / "out", *arguments)


def test_a_text_of_ones_own(tmp_path):
    path = tmp_path / "été.txt"
    path.write_text("Call me Ishmael. " * 30, encoding="utf-8")
    result = quick(tmp_path, "--text", path, "--context", "5", "--hidden", "0", "--letters", "90")
    assert (result.returncode, result.stderr) == (0, "")
    assert "été.txt: 509 letters" in result.stdout
    assert "MLP(140, [28]" in result.stdout
    assert "steps: 90" in result.stdout


def test_the_network_learns_what_is_certain(tmp_path, capsys):
    path = tmp_path / "abcd.txt"
    path.write_text("abcd" * 60)
    arguments = ["letters", "--text", str(path), "--context", "1", "--hidden", "0", "--epochs", "5"]
    assert command.main([*arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"the network +100\.0%", printed)
    assert re.search(r"bigrams.* 100\.0%", printed)


def test_the_seed_repeats_all_and_another_does_not(tmp_path):
    runs = [quick(tmp_path, "--letters", "40", "--seed", seed).stdout for seed in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]


def test_test_letters_are_not_learned_from(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a" * 90 + "z" * 10)
    for wanted in ("5", "1000000"):
        options = command.make_parser().parse_args(
            ["letters", "--text", str(path), "--letters", wanted]
        )
        learning, test = letters.read(options)
        assert set(learning) == {"a"}
        assert test == "z" * 10
    assert len(learning) == 90


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (
            b"a",
            "with a context of 3 it takes at least 40 letters, and there are 1",
        ),
        (b"only a few letters", "at least 40 letters, and there are 18"),
        (b"caf\xe9 " * 50, "not text in UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_text_of_no_use_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    result = quick(tmp_path, "--text", path)
    assert result.returncode == 1
    assert said in result.stderr
    assert "text.txt" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_is_no_text(tmp_path):
    result = quick(tmp_path, "--text", tmp_path)
    assert result.returncode == 1
    assert "cannot read" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_is_no_folder_for_pictures(tmp_path):
    path = tmp_path / "file"
    path.touch()
    result = demos("figure_4", "--out", path)
    assert result.returncode == 1
    assert "cannot write" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["figure_5"],
        ["letters", "--context", "0"],
        ["letters", "--context", "three"],
        ["letters", "--hidden", "-1"],
        ["letters", "--letters", "0"],
        ["letters", "--epochs", "1.5"],
        ["letters", "--rate", "0"],
        ["letters", "--rate", "nan"],
        ["letters", "--rate", "fast"],
        ["letters", "--seed", "x"],
    ],
)
def test_an_option_of_no_use_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


# --- what may be missing, and who may leave ---


def test_without_matplotlib_one_sentence_stands_for_the_curve(tmp_path):
    (tmp_path / "matplotlib.py").write_text(
        "raise ModuleNotFoundError('No module named matplotlib', name='matplotlib')"
    )
    out = tmp_path / "out"
    result = demos("--quick", "--out", out, path=[tmp_path])
    assert (result.returncode, result.stderr) == (0, "")
    sentence = "no picture: it needs matplotlib, which pip install '.[demos]' brings"
    assert result.stdout.count(sentence) == 1
    assert "trigrams" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == [
        *("chain_rule.html", "chain_rule.png", "chain_rule.svg"),
        *("figure_4.png", "figure_4.svg"),
    ]


def test_without_a_renderer_one_sentence_stands_for_the_graph(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert command.main(["figure_4", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("no picture: ") == 1
    assert "0.986646554" in printed


def test_matplotlib_is_loaded_only_for_the_curve():
    code = "import sys, demos.__main__; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.split() == ["False", "False"]


def test_a_reader_who_leaves_early_hears_no_complaint(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "demos", "--quick", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 1


def test_ctrl_c_outside_training_is_one_line(monkeypatch, capsys, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pictures, "draw", interrupted)
    assert command.main(["figure_4", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "\nStopped by Ctrl-C.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are of Unix")
def test_ctrl_c_in_a_terminal_keeps_what_was_learned(tmp_path):
    import fcntl
    import pty
    import termios

    arguments = ["letters", "--hidden", "4", "--letters", "20000", "--out", str(tmp_path)]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable, [sys.executable, "-m", "demos", *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown, interrupted = b"", False
    while chunk := _read(terminal):
        shown += chunk
        if not interrupted and re.search(rb"epoch 1/1: .*<\d\d:\d\d.* error 0\.\d", shown):
            os.write(terminal, b"\x03")
            interrupted = True
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    text = shown.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert re.search(r"Stopped by Ctrl-C after [\d,]+ of 20,000 steps", text)
    assert re.search(r"the network +\d+\.\d%", text)
    assert "Traceback" not in text
    assert (tmp_path / "letters.png").exists()


def _read(terminal):
    """What the terminal shows next; nothing once its program has ended."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says it
        return b""
