"""The programs in the playground's menu, and what the browser may do in the playground."""

import re
from pathlib import Path

import pytest

from autograd import Value, page
from demos import workbook
from demos.playground import menu, session
from demos.playground.menu import examples
from demos.playground.policy import policy

PRINTED = {
    "first": "w.grad is -0.050062",
    "problem_12": "dE/di is 0.5404",
    "neuron": "out is -0.1974",
    "xor": "[-1, 1]: +0.500, and should be +0.5",
    "recurrent": "x1: derivative 0.0498",
    "operation": "gradcheck: True",
}


PROGRAMS = [example for example in examples() if example.name in PRINTED]
SHEETS = [example for example in examples() if example.name not in PRINTED]


def ran(code):
    """The kinds of messages that a program sends, and what it prints."""
    messages = []
    session.run(code, messages.append)
    printed = "".join(message["text"] for message in messages if message["type"] == "print")
    return {message["type"] for message in messages}, printed


def test_every_file_and_every_sheet_is_in_the_menu():
    files = {path.stem for path in Path(menu.__file__).parent.glob("examples/*.py")}
    assert [example.name for example in PROGRAMS] == list(PRINTED)
    assert files == set(PRINTED)
    assert [example.name for example in SHEETS] == [f"workbook-{name}" for name in workbook.SHEETS]
    for example in examples():
        assert 0 < len(example.title) < 40
        assert "python -m" not in example.code


@pytest.mark.parametrize("example", PROGRAMS, ids=lambda example: example.name)
def test_every_program_prints_its_numbers_and_shows_a_page(example):
    kinds, printed = ran(example.code)
    assert kinds == {"print", "show"}
    assert PRINTED[example.name] in printed


@pytest.mark.parametrize("example", SHEETS, ids=lambda example: example.name)
def test_every_sheet_says_what_is_to_be_filled_in(example):
    kinds, printed = ran(example.code)
    assert kinds == {"print"}
    assert "is still to be filled in: replace its ..." in printed


def test_a_solved_sheet_is_right_and_a_slip_is_named():
    (sheet,) = (example for example in SHEETS if example.name == "workbook-chain")
    check = sheet.code.partition("# --- the check ---")[2]
    solved = workbook.solution("chain")
    assert ran(solved + check) == ({"print"}, "chain: all 6 answers are right.\n")
    _, printed = ran(solved.replace("slope = 1 - o * o", "slope = 1") + check)
    assert "The slope of tanh is missing" in printed


def test_the_page_beside_the_engines_is_shown():
    (sheet,) = (example for example in SHEETS if example.name == "workbook-backprop")
    check = sheet.code.partition("# --- the check ---")[2]
    kinds, _ = ran(workbook.solution("backprop") + check)
    assert kinds == {"print", "show"}


def test_only_our_own_scripts_run_in_a_result():
    source = policy(["alert(1)"])
    assert "'unsafe-inline'" not in re.search(r"script-src [^;]+", source)[0]
    (own,) = re.findall(r"script-src '(sha256-[^']+)'", page(Value(1.0)).source)
    assert own in source
    # As openssl dgst -sha256 computes it.
    assert "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in source
