"""``python -m demos`` as a newcomer meets it: its text, its files, its failures."""

import os
import re
import signal
import struct
import subprocess
import sys
import xml.etree.ElementTree
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from demos import __main__ as command
from demos.letters import abcd

# JAX, if an earlier test has loaded it, minds any fork.
pytestmark = pytest.mark.filterwarnings(r"ignore:os.fork\(\):RuntimeWarning")
ROOT = Path(__file__).parents[2]
# In CI only, because libraries on a newcomer's machine may give warnings.
WARNINGS = ["-W", "error"] if os.environ.get("CI") else []
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

COURSE_OF = """import sys
from demos import __main__ as command
command.COURSE = {{name: command.COURSE[name] for name in {!r}}}
sys.exit(command.main())"""


def of(*names):
    return "-c", COURSE_OF.format(names)


def demos(*arguments, path=(), program=("-m", "demos")):
    """Run ``python -m demos`` with both outputs in a pipe."""
    search = os.pathsep.join(map(str, (*path, ROOT)))
    return subprocess.run(
        [sys.executable, *WARNINGS, *program, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": search, "PYTHONIOENCODING": "utf-8"},
        timeout=300,
    )


def size_of_png(path):
    """Width and height of a picture; every checksum in the file must be right."""
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
    """The tour in a pipe, and the folder of its files."""
    out = tmp_path_factory.mktemp("tour") / "new" / "folder"
    return demos("--quick", "--out", out), out


def part(printed, name):
    """The text that one demo printed in the tour."""
    printed = printed.split("\nThe tour ends here.")[0]
    starts = [f"{demo.number}. {demo.title}\n==" for demo in command.COURSE.values()]
    begin = printed.index(starts[command.COURSE[name].number - 1])
    ends = [printed.index(start) for start in starts if start in printed]
    return printed[begin : min([end for end in ends if end > begin] + [len(printed)])]


# --- the tour ---


def test_the_tour_ends_well(tour):
    result, _ = tour
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    lines = [line for line in result.stdout.splitlines() if not re.search(": +/", line)]
    assert [line for line in lines if len(line) > 80] == []
    assert "python -m demos: " not in result.stderr
    assert "Traceback" not in result.stderr


def test_the_tour_begins_with_its_contents(tour):
    contents = tour[0].stdout.split("\n1. ")[0]
    for number, (name, demo) in enumerate(command.COURSE.items(), start=1):
        summary = " ".join(demo.load().SUMMARY.split())
        assert re.search(rf"^ +{number}  {name} ", contents, re.MULTILINE)
        assert summary in " ".join(contents.split())


def test_every_file_that_a_demo_names_is_there_and_whole(tour):
    result, out = tour
    named = [Path(name) for name in re.findall(r"^ +\w+: +(/.+)$", result.stdout, re.MULTILINE)]
    assert named[-1] == out / "index.html"
    assert len(named) == len(set(named))
    for path in named:
        if path.suffix == ".svg":
            assert xml.etree.ElementTree.parse(path).getroot().tag.endswith("svg")
        elif path.suffix == ".png":
            assert min(size_of_png(path)) > 250
        elif path.suffix == ".html":
            assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
        else:
            assert path.stat().st_size > 100


def test_every_demo_has_its_section_in_the_gallery_and_a_picture(tour):
    result, out = tour
    page = (out / "index.html").read_text(encoding="utf-8")
    sections = page.split("<section")[1:]
    assert len(sections) == len(command.COURSE)
    for section, (name, demo) in zip(sections, command.COURSE.items(), strict=True):
        assert demo.title in section
        assert "<img" in section or name == "letters"
        assert f"python -m demos {name}<" in section
        assert 'class="absent"' not in section or name == "letters"
        last = part(result.stdout, name).strip().splitlines()[-1]
        assert last.replace("&", "&amp;").replace("'", "&#x27;") in section


class Links(HTMLParser):
    """The addresses that a page refers to."""

    def __init__(self, text):
        super().__init__()
        self.addresses = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [unquote(v) for k, v in attributes if k in ("href", "src")]


def test_every_link_of_the_gallery_leads_to_a_file_beside_it(tour):
    _, out = tour
    page = (out / "index.html").read_text(encoding="utf-8")
    links = {address for address in Links(page).addresses if not address.startswith("#")}
    assert {"chain_rule.svg", "chain_rule.html", "figure_4.svg", "abcd.png"} <= links
    for address in links:
        assert "/" not in address
        assert (out / address).is_file()


def sections(out):
    """The sections of the gallery, by the names of their demos."""
    parts = (out / "index.html").read_text(encoding="utf-8").split("<section")[1:]
    return {re.search(r"python -m demos (\w+)<", part)[1]: part for part in parts}


@pytest.fixture
def small_tour(monkeypatch):
    """A course of two demos that print one line each."""
    course = {name: command.COURSE[name] for name in ("chain_rule", "figure_4")}
    monkeypatch.setattr(command, "COURSE", course)
    for name in course:
        monkeypatch.setattr(f"demos.{name}.run", lambda _: print("before"))


def test_one_demo_updates_its_section_of_the_gallery(tmp_path, small_tour, monkeypatch, capsys):
    assert command.main(["--out", str(tmp_path)]) == 0
    before = sections(tmp_path)
    monkeypatch.setattr("demos.figure_4.run", lambda _: print("after"))
    assert command.main(["figure_4", "--quick", "--out", str(tmp_path)]) == 0
    now = sections(tmp_path)
    assert list(now) == ["chain_rule", "figure_4"]
    assert now["chain_rule"] == before["chain_rule"]
    assert "after\n" in now["figure_4"]
    assert "before\n" not in now["figure_4"]
    assert re.search(r"Made \d{4}-\d\d-\d\d \d\d:\d\d, with --quick\. Run", now["figure_4"])
    assert capsys.readouterr().out.endswith(f"  page:    {tmp_path / 'index.html'}\n")


@pytest.mark.parametrize("there", [True, False])
def test_one_demo_does_not_create_a_gallery(tmp_path, there):
    page = tmp_path / "index.html"
    if there:
        page.write_text("mine")
    assert command.main(["figure_4", "--quick", "--out", str(tmp_path)]) == 0
    assert page.is_file() == there
    assert not there or page.read_text() == "mine"


def test_one_demo_that_fails_leaves_the_gallery_alone(tmp_path, small_tour, monkeypatch):
    def missing(_):
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    assert command.main(["--out", str(tmp_path)]) == 0
    before = sections(tmp_path)
    monkeypatch.setattr("demos.figure_4.run", missing)
    assert command.main(["figure_4", "--out", str(tmp_path)]) == 1
    assert sections(tmp_path) == before


def test_a_tour_that_is_stopped_keeps_what_it_has_made(tmp_path, small_tour, monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    assert command.main(["--out", str(tmp_path)]) == 0
    before = sections(tmp_path)
    monkeypatch.setattr("demos.chain_rule.run", lambda _: print("after"))
    monkeypatch.setattr("demos.figure_4.run", interrupted)
    assert command.main(["--out", str(tmp_path)]) == 130
    now = sections(tmp_path)
    assert "after\n" in now["chain_rule"]
    assert now["figure_4"] == before["figure_4"]
    sentence = "In the gallery demo 1 is new; any others are from an earlier run."
    assert capsys.readouterr().err == f"\nStopped by Ctrl-C. {sentence}\n"


# --- 1, the chain rule ---

SLOPES = {"-1": "0.419974342", "0": "1.000000000", "1": "0.419974342", "2": "0.070650825"}


def test_problem_6_by_formula_and_number(tour):
    printed = part(tour[0].stdout, "chain_rule")
    assert "  tanh'(x) = 1 - tanh(x)²\n" in printed
    assert dict(re.findall(r"at x = (\S+) +(\S+)$", printed, re.MULTILINE)) == SLOPES


@pytest.mark.parametrize(
    ("number", "sentences"),
    [
        (7, ["ds/dw = 0.5, along one path.", "ds/di = w = 2."]),
        (8, ["o = tanh(i * w) = 0.761594156", "do/dw = 0.209987171",
             "do/di = (1 - o²) * w = 0.839948683."]),
        (9, ["h = tanh(i * w1) = 0.761594156", "o = tanh(h * w2) = 0.363399484",
             "do/dw1 = 0.0911282181", "= 0.364512872.", "do/dw2 = (1 - o²) * h = 0.661018652."]),
        (10, ["ds/db = 1, along one path."]),
        (11, ["dE/do = 0.25", "= o - target"]),
        (12, ["= 0.462117157", "= 0.244918662", "= 0.824000446", "= 0.339488367",
              "= 0.416067521 + 0.124327921\n        = 0.540395442"]),
    ],
)  # fmt: skip
def test_problems_7_to_12(tour, number, sentences):
    printed = part(tour[0].stdout, "chain_rule").split(f"Problem {number}. ")[1]
    printed = printed.split("\nProblem ")[0]
    for sentence in sentences:
        assert sentence in printed


@pytest.mark.parametrize(
    ("number", "numbers"),
    [
        (6, ["0.07065"]),
        (7, ["2", "0.5"]),
        (8, ["0.8399", "0.21"]),
        (9, ["0.3645", "0.09113", "0.661"]),
        (10, ["-0.2", "0.6"]),
        (11, ["0.25", "0.03125"]),
    ],
)
def test_problems_6_to_11_are_drawn(tour, number, numbers):
    texts = xml_text(tour[1] / f"chain_rule_{number}.svg").split()
    assert set(numbers) <= set(texts)


def test_problem_12_is_drawn_and_a_page(tour):
    _, out = tour
    for name in ("i", "target", "h1", "h2", "out", "E"):
        assert name in xml_text(out / "chain_rule.svg").split()
    assert size_of_png(out / "chain_rule.png")[0] > 600
    page = (out / "chain_rule.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "0.54039" in page


def xml_text(path):
    """The words in a picture."""
    return " ".join(xml.etree.ElementTree.parse(path).getroot().itertext())


# --- 2, Figure 4 and abcd ---


def test_figure_4_is_evaluated_and_differentiated(tour):
    printed = part(tour[0].stdout, "figure_4")
    assert "= tanh(2.50121443) = 0.986646554" in printed
    for label, gradient in GRADIENTS.items():
        assert re.search(rf"^  {label} +\d\.\d+ +{gradient}$", printed, re.MULTILINE)


def test_figure_4_is_drawn_as_neurons_and_as_operations(tour):
    _, out = tour
    for name in ("figure_4.svg", "figure_4_neurons.svg"):
        words = xml_text(out / name)
        for label in GRADIENTS:
            assert label in words
    assert min(size_of_png(out / "figure_4.png")) > 300


def test_the_network_of_problem_5(tour):
    printed = part(tour[0].stdout, "figure_4")
    assert "784 weights: 4 are artanh(0.5) = 0.5493, the others are 0" in printed
    rows = re.findall(r"^  ([a-d]) +([a-d]) +(0\.\d{3})$", printed, re.MULTILINE)
    assert rows == [(a, b, "0.268") for a, b in zip("abcd", "bcda", strict=True)]
    assert f"\n  {'abcd' * 7}\n" in printed


@pytest.mark.parametrize("first", "abcd")
def test_it_recites_from_any_of_its_letters(first):
    text = abcd.recite(abcd.make(), first, 40)
    assert text == ("abcd" * 11)["abcd".index(first) :][:40]


def test_all_weights_of_abcd_but_four_are_zero():
    weights = [weight.data for weight in abcd.make().parameters()]
    assert len(weights) == 28 * 28
    assert sorted(weights)[-4:] == [pytest.approx(0.5493061443)] * 4
    assert not any(sorted(weights)[:-4])


# --- the command line ---


def test_help_lists_the_demos():
    result = demos("--help")
    assert result.returncode == 0
    for demo in command.COURSE.values():
        assert f"{demo.name} ({demo.number})" in result.stdout
        assert demo.load().SUMMARY in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", command.COURSE)
def test_every_demo_has_help_and_the_shared_options(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main([name, "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    for option in ("--out DIR", "--quick", "--seed N"):
        assert option in printed


def test_a_demo_by_its_number(tmp_path, capsys):
    assert command.main(["2", "--quick", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("2. Figure 4 and abcd\n====================\n")


@pytest.mark.parametrize("name", command.COURSE)
def test_shared_options_may_come_before_or_after_the_name(name):
    parse = command.make_parser().parse_args
    shared = ["--quick", "--out", "x", "--seed", "7"]
    assert parse([*shared, name]) == parse([name, *shared])
    assert parse([*shared, name]).seed == 7
    assert parse([name]).out == Path("demo_output")
    assert (parse([name]).seed, parse([name]).quick) == (0, False)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("lettrs", "letters"), ("Letters", "letters"), ("chain-rule", "chain_rule"), ("o'k", None)],
)
def test_a_misspelt_name_is_corrected(wrong, meant, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main([wrong])
    assert stopped.value.code == 2
    hint = f"did you mean {meant}?" if meant else f"there are {', '.join(command.COURSE)}"
    assert capsys.readouterr().err.endswith(f"error: there is no demo {wrong!r}: {hint}\n")


def test_two_demos_are_two_commands(capsys):
    with pytest.raises(SystemExit):
        command.main(["chain_rule", "figure_4"])
    told = "one demo at a time, or all without a name: run figure_4 next\n"
    assert capsys.readouterr().err.endswith(told)


def test_help_shows_defaults_where_there_are_any(capsys):
    for name in command.COURSE:
        with pytest.raises(SystemExit):
            command.main([name, "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "learning rate (default: 0.1)" in printed
    assert not re.search(r"\(default: (None|False|==SUPPRESS==)\)", printed)


@pytest.mark.parametrize(
    "arguments", [["figure_5"], ["0"], ["figure_4", "--seed", "x"], ["--seed", "-1"]]
)
def test_a_wrong_option_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_file_cannot_be_the_folder_for_pictures(tmp_path, inside):
    path = tmp_path / "file"
    path.touch()
    result = demos("figure_4", "--out", path / inside)
    assert result.returncode == 1
    assert result.stderr == (
        f"python -m demos: --out {path / inside} is a file, or lies inside one; choose a folder\n"
    )


# --- missing libraries, and a reader who leaves ---


def without(library, folder):
    """A search path that hides a library from a program that uses it."""
    (folder / f"{library}.py").write_text(
        f"raise ModuleNotFoundError('No module named {library}', name='{library}')"
    )
    return [folder]


@pytest.mark.slow
def test_without_matplotlib_sentences_stand_for_pictures(tmp_path):
    out, course = tmp_path / "out", ("chain_rule", "figure_4", "price", "letters")
    path = without("matplotlib", tmp_path)
    result = demos("--quick", "--out", out, path=path, program=of(*course))
    assert result.returncode == 0, result.stderr
    sentence = "no picture: it needs matplotlib; pip install '.[demos]' installs it"
    for name in course:
        assert part(result.stdout, name).count(sentence) == (name != "chain_rule")
    drawn_by_graphviz = {"chain_rule.png", "figure_4.png"}
    assert {path.name for path in out.iterdir() if path.suffix in (".png", ".gif")} <= (
        drawn_by_graphviz
    )
    page = (out / "index.html").read_text(encoding="utf-8")
    assert '<p class="absent">No picture: it needs matplotlib' in page
    for address in Links(page).addresses:
        assert address.startswith("#") or (out / address).is_file()


def test_without_a_renderer_there_is_a_sentence_for_each_graph(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert command.main(["figure_4", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("no picture: ") == 2
    assert "0.986646554" in printed


def test_a_demo_that_fails_does_not_end_the_tour(tmp_path, monkeypatch, capsys):
    def missing(_):
        print("  begun")
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    course = {name: command.COURSE[name] for name in ("chain_rule", "figure_4")}
    monkeypatch.setattr(command, "COURSE", course)
    monkeypatch.setattr("demos.chain_rule.run", missing)
    assert command.main(["--quick", "--out", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    needed = "this demo needs numpy; pip install '.[demos,fast]' installs it"
    assert captured.err == f"python -m demos: {needed}\n"
    assert "0.986646554" in captured.out
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "It failed: this demo needs numpy" in page
    assert ">\n  begun\n<" in page


def test_the_command_itself_loads_neither_matplotlib_nor_numpy():
    code = (
        "import sys, demos.__main__ as c; c.make_parser();"
        "print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.split() == ["False", "False"]


@pytest.mark.slow
def test_a_reader_who_leaves_early_gets_no_complaint(tmp_path):
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


def test_echo_keeps_the_text_that_a_terminal_would_show(capsys):
    echo = command.Echo(sys.stdout)
    print("10%\r50%\r\x1b[1m100%\x1b[0m\r\nnext\r", end="", file=echo, flush=True)
    assert echo.shown() == "100%\nnext"
    assert capsys.readouterr().out.endswith("\r\nnext\r")
    assert (echo.isatty(), echo.encoding) == (sys.stdout.isatty(), sys.stdout.encoding)


# --- Ctrl-C ---


@pytest.mark.parametrize(
    "place", ["demos.helpers.pictures.draw", "demos.helpers.gallery.write_whole"]
)
def test_ctrl_c_while_drawing_is_one_line(monkeypatch, capsys, tmp_path, place):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    assert command.main(["--quick", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "\nStopped by Ctrl-C.\n"


def test_ctrl_c_while_loading_is_one_line(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "import_module", interrupted)
    assert command.main([]) == 130
    assert capsys.readouterr().err == "\nStopped by Ctrl-C.\n"


def in_terminal(arguments, press=lambda shown: b"", program=("-m", "demos")):
    """Run demos in a pseudo-terminal of 80 columns; return the exit status and the output.

    ``press`` returns the keys to type, given the output so far; its first keys are typed once.
    """
    pty = pytest.importorskip("pty", reason="only Unix has pseudo-terminals")
    import fcntl
    import termios

    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable, [sys.executable, *program, *map(str, arguments)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown, typed = b"", b""
    while chunk := _read(terminal):
        shown += chunk
        if not typed and (typed := press(shown)):
            os.write(terminal, typed)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def _read(terminal):
    """The next output in the terminal; nothing after its program has ended."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # on Linux, the end of the output
        return b""


@pytest.mark.slow
def test_a_tour_in_a_terminal(tmp_path):
    course = ["chain_rule", "letters", "gpt"]  # one without and two with a bar
    status, shown = in_terminal(["--quick", "--out", tmp_path], program=of(*course))
    assert status == 0, shown
    assert "Traceback" not in shown
    assert "\x1b" not in shown.replace("\x1b[A", "")  # with which tqdm moves up
    for name in course:
        assert f". {command.COURSE[name].title}\r\n" in shown
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<section") == len(course)
    assert "\r" not in page


def test_ctrl_c_in_a_terminal_ends_the_tour_and_keeps_its_gallery(tmp_path):
    status, shown = in_terminal(
        ["--quick", "--out", tmp_path],
        lambda shown: b"\x03" if b"Evaluation goes from the inputs" in shown else b"",
    )
    assert status == 130, shown
    new = "In the gallery demo 1 is new; any others are from an earlier run."
    assert shown.endswith(f"Stopped by Ctrl-C. {new}\r\n")
    assert "Traceback" not in shown
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<section") == 1
    assert "The chain rule" in page


def test_ctrl_c_as_soon_as_possible(tmp_path):
    status, shown = in_terminal(
        ["--quick", "--out", tmp_path], lambda shown: b"\x03" if b"A course" in shown else b""
    )
    assert status == 130, shown
    assert shown.endswith("Stopped by Ctrl-C.\r\n")
