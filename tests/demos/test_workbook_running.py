"""Students' files in a process of their own: what hangs, crashes, ends itself or does not parse."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demos import workbook
from demos.workbook import child
from demos.workbook.child import Printed, load
from demos.workbook.outcomes import attempt
from demos.workbook.running import check_files, ended

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    """A folder with skeletons and the first four problems."""
    for sheet in workbook.SHEETS:
        (tmp_path / workbook.file_name(sheet)).write_text(workbook.skeleton(sheet))
    return tmp_path


# --- in this process ---


def test_a_file_is_loaded_with_its_names(tmp_path):
    path = tmp_path / "01_tanh.py"
    path.write_text("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 3\n")
    names, trouble = load(path)
    assert trouble is None
    assert names["A"]().x == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = (\n", r"Python cannot read line 1: '\(' was never closed"),
        ("def f():\nreturn 1\n", "Python cannot read line 2: expected an indented block after"),
        ("\0", "Python cannot read (the file|line 1): source code (string )?cannot contain null"),
        ("x = 1\n\nx / 0\n", "The file does not run: ZeroDivisionError in line 3: division by"),
        ("import nothing_of_this_name", "The file does not run: ModuleNotFoundError in line 1"),
        ("\nexit()", r"The file does not run: the program ends itself here \(exit\) in line 2"),
        ("def f(): return f()\nf()", "The file does not run: RecursionError in line 1"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_run_is_one_sentence_with_its_line(tmp_path, text, sentence):
    path = tmp_path / "01_tanh.py"
    path.write_text(text)
    _, trouble = load(path)
    assert re.match(sentence, str(trouble))
    assert "\n" not in str(trouble)


def test_a_file_that_is_not_utf_8_is_one_sentence(tmp_path):
    (tmp_path / "01_tanh.py").write_bytes(b"x = '\xff'\n")
    assert str(load(tmp_path / "01_tanh.py")[1]).startswith("Python cannot read ")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", "There is no tanh in the file: keep the names that the sheet gives"),
        ("tanh = 0.5", "tanh is 0.5, and not something to call"),
        ("def tanh(x): return 'a'", "tanh(0): expected 0, got 'a'"),
        ("def tanh(): return 1", "tanh(0): expected 0, got TypeError: tanh() takes 0 positional "
         "arguments but 1 was given"),
        ("def tanh(x):\n    y = x\n    return z", "tanh(0): expected 0, got NameError in line 3: "
         "name 'z' is not defined"),
        ("def tanh(x): return open", "tanh(0): expected 0, got an object of the class "
         "builtin_function_or_method"),
        ("def tanh(x): return [1.0, 2.0]", "tanh(0): expected 0, got [1, 2]"),
        ("def tanh(x): yield 1", "tanh(0): expected 0, got an object of the class generator"),
        ("import sys\ndef tanh(x): sys.exit('\\x1b[31m')", "tanh(0): expected 0, got the program "
         "ends itself here (exit) in line 2"),
        ("def tanh(x): raise ValueError('\\x1b[31m' + 999 * 'a' + '\\n')", None),
    ],
)  # fmt: skip
def test_an_answer_of_another_kind_is_one_sentence(tmp_path, text, result):
    path = tmp_path / "01_tanh.py"
    path.write_text(text)
    names, trouble = load(path)
    assert trouble is None
    found = str(workbook.check("tanh", names)[0])
    assert found == result or result is None
    assert found.isprintable()
    assert len(found) < 250


def test_an_object_that_cannot_be_shown_harms_nothing():
    text = "class A:\n    def __repr__(self): return 1 / 0\n    __eq__ = __repr__\n"
    names = {"__name__": "student"}
    exec(text + "def tanh(x): return A()", names)
    assert str(workbook.check("tanh", names)[0]).endswith("got an object of the class A")


def test_ctrl_c_is_not_an_answer():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(stop, {})


def test_what_is_printed_is_kept_up_to_a_limit():
    printed = Printed()
    for _ in range(3000):
        print("spam", file=printed)
    assert len(printed.getvalue()) == child.MOST_PRINTED


def test_the_table_of_backprop_shows_both_numbers():
    lines = []
    wrong = workbook.solution("backprop").replace("1 - o * o", "1 - o")
    names = {"__name__": "student"}
    exec(wrong, names)
    workbook.check("backprop", names, lines.append)
    assert lines[0].split() == ["weight", "yours", "the", "engine"]
    assert [line.split()[1::2] for line in lines[1:3]] == [
        ["i->h1", "0.208033760"],
        ["i->h2", "0.124327921"],
    ]
    assert all(line.endswith("differs") for line in lines[1:])


def test_the_page_shows_both_numbers_and_escapes_what_it_was_given():
    names = {"__name__": "student"}
    exec("def backprop(n, i, t): return [[['<b>'], [0.124327921]], [[0.5, 0.0]]]", names)
    page = workbook.page("backprop", names)
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert page.count("0.124327921</td>") == 2
    assert "1 of 4 agree" in page
    assert "<iframe" in page
    assert "<iframe" not in page.split("<iframe", 1)[1].split(">", 1)[0]
    assert workbook.page("tanh", names) is None


def test_the_network_learns_and_its_bar_shrinks():
    lines = []
    names = {"__name__": "student"}
    exec(workbook.solution("next_letter"), names)
    assert all(result.passed for result in workbook.check("next_letter", names, lines.append))
    bars = [line.count("#") for line in lines]
    assert bars[0] > 25
    assert bars[-1] < 12
    assert len(bars) > 10


def test_the_line_of_an_endless_loop_is_that_of_the_main_thread():
    complaints = (
        "Timeout (0:00:10)!\nThread 0x00007f (most recent call first):\n"
        '  File "/x/01_tanh.py", line 3 in <lambda>\n  File "/lib/threading.py", line 1 in run\n\n'
        "Thread 0x00007e (most recent call first):\n"
        '  File "/lib/copy.py", line 9 in copy\n  File "/x/01_tanh.py", line 7 in tanh\n'
        '  File "/x/01_tanh.py", line 30 in <module>\n'
    )
    assert ended("tanh", 1, complaints, 10) == (
        "Still running after 10 s in line 7: does a loop never end?"
    )


def test_a_fault_of_the_check_itself_is_not_blamed_on_the_student():
    complaints = 'Traceback (most recent call last):\n  File "<frozen runpy>", line 198, in _run\n'
    with pytest.raises(RuntimeError, match="the check of tanh itself failed"):
        ended("tanh", 1, complaints, 10)


# --- in a process of its own ---

STUDENTS = {
    "tanh": "import os\ndef tanh(x):\n    os._exit(3)\n",
    "neuron": "def evaluate(weights, inputs):\n    while True:\n        pass\n",
    "figure_4": "def figure_4(i1, i2):\n    return figure_4(i1, i2)\n",
    "letters": "import faulthandler\ndef encode(letter):\n    faulthandler._sigsegv()\n"
    "def decode(numbers): return 'a'\n",
    "abcd": "import itertools\nsum(itertools.count())\n",
    "tanh_slope": None,
}


@pytest.mark.slow
def test_whatever_a_file_does_the_others_are_checked(folder):
    for sheet, text in STUDENTS.items():
        path = folder / workbook.file_name(sheet)
        path.write_text(workbook.solution(sheet) if text is None else text)
    found = {c.problem: c for c in check_files(folder, list(STUDENTS), print, seconds=2)}
    assert list(found) == list(STUDENTS)
    sentences = {name: str(c.results[0]) for name, c in found.items()}
    assert sentences["tanh"] == (
        "The program ended itself, with exit status 3, before it had answered"
    )
    assert re.match(r"Still running after 2 s in line [23]: does a loop", sentences["neuron"])
    assert "RecursionError in line 2" in sentences["figure_4"]
    assert sentences["letters"] == "Python itself crashed in line 3, by SIGSEGV"
    assert re.match(r"Still running after 2 s in line 2: does a loop", sentences["abcd"])
    assert found["tanh_slope"].right


def command(*arguments, cwd):
    """The command as a newcomer runs it, in a pipe, from another folder."""
    return subprocess.run(
        [sys.executable, "-m", "demos", "workbook", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )


@pytest.mark.slow
def test_a_newcomer_solves_a_problem_and_then_all(tmp_path):
    assert command(cwd=tmp_path).returncode == 0
    book = tmp_path / "workbook"
    (book / "01_tanh.py").write_text(workbook.solution("tanh"))
    (book / "02_neuron.py").write_text(
        workbook.solution("neuron").replace("return tanh(total)", "print(total)\n    return total")
    )
    result = command("check", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith(WRONG_AND_RIGHT)
    assert "1 of 20  [#...................]\nNext: neuron, in workbook/02" in result.stdout
    for sheet in workbook.SHEETS:
        (book / workbook.file_name(sheet)).write_text(workbook.solution(sheet))
    result = command("check", cwd=book)
    assert (result.returncode, result.stderr) == (0, "")
    assert "20 of 20  [####################]\nYou have solved them all" in result.stdout
    assert (book / "backprop.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


WRONG_AND_RIGHT = """\
  right   tanh
  wrong   neuron   workbook/02_neuron.py
          evaluate([2], [0.5])
            expected  0.761594156
            yours     1
            likely    This is the sum alone: pass it through tanh.
          (4 of 4 answers are wrong)
          It printed:
            1.0
            1.0
            -1.75
            -1.15
  to do   figure_4, letters, abcd"""
