"""The workbook's sheets and their checks, in this process: solutions, skeletons, slips."""

import ast
import functools
import re
import sys
from pathlib import Path

import pytest

from demos import workbook
from demos.workbook import sheets
from demos.workbook.questions import examine

ROOT = Path(__file__).parents[2]


@functools.cache
def run(text):
    """The global names of a student's file."""
    names = {"__name__": "student"}
    exec(compile(text, "student.py", "exec"), names)
    return names


def filled(problem, **changed):
    """The solution of the sheet of a problem, with some names changed."""
    return {**run(workbook.solution(problem.partition(".")[0])), **changed}


def failed(problem, names):
    return [result for result in workbook.check(problem, names) if not result.passed]


# --- every sheet ---

# Its solution trains a network: see test_workbook_running.py.
QUICK = [problem for problem in workbook.PROBLEMS if problem != "next_letter"]
LONG = {"backprop", "training", "next_letter"}


@pytest.mark.parametrize("problem", QUICK)
def test_the_solution_passes(problem):
    found = workbook.check(problem, filled(problem))
    assert len(found) >= 2
    assert [str(result) for result in found if not result.passed] == []


@pytest.mark.parametrize("sheet", [sheet for sheet in workbook.SHEETS if sheet != "next_letter"])
def test_the_sheet_as_it_stands_is_right(sheet):
    found = workbook.check(sheet, vars(sheets.module(sheet)))
    assert [str(result) for result in found if not result.passed] == []


@pytest.mark.parametrize("problem", workbook.PROBLEMS)
def test_the_skeleton_fails_and_says_what_to_do(problem):
    names = run(workbook.skeleton(problem.partition(".")[0]))
    found = workbook.check(problem, names)
    assert found
    for result in found:
        assert not result.passed
        assert result.todo
        assert str(result).endswith("is still to be filled in: replace its ...")


@pytest.mark.parametrize(
    "problem",
    [pytest.param(p, marks=pytest.mark.slow) if p in LONG else p for p in workbook.PROBLEMS],
)
def test_every_slip_gets_its_own_hint(problem):
    sheet = problem.partition(".")[0]
    for part in sheets.module(sheet).PARTS[problem]:
        assert len(part.slips) >= 4
        for slip in part.slips:
            found = examine(filled(problem, **slip.make()), part)
            assert {r.hint for r in found if not r.passed} == {slip.hint}, slip.hint


@pytest.mark.parametrize("sheet", workbook.SHEETS)
def test_a_sheet_is_plain(sheet):
    number = workbook.SHEETS.index(sheet) + 1
    text = workbook.skeleton(sheet)
    assert text.startswith(f'"""{number}. ')
    assert "solution>" not in text
    assert max(map(len, text.splitlines())) <= 79
    assert text.isascii() or set(re.sub("[\x00-\x7f]", "", text)) <= set("²")
    assert text.count(" ...\n") == workbook.solution(sheet).count("def ") - helpers(sheet)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert ast.get_docstring(node)


def helpers(sheet):
    """Functions that a sheet gives, or that only its solution has."""
    return {"backprop": 1, "engine": 1}.get(sheet, 0)


@pytest.mark.parametrize("sheet", workbook.SHEETS)
def test_a_sheet_can_be_loaded_first(sheet, monkeypatch):
    for name in list(sys.modules):
        if name.startswith(("demos.workbook.problems.", "demos.workbook.given")):
            monkeypatch.delitem(sys.modules, name)
    assert sheets.module(sheet).PARTS


def test_an_unknown_problem_is_named():
    with pytest.raises(ValueError, match=r"no problem 'tahn': there are tanh, neuron, figure_4"):
        workbook.check("tahn", {})


# --- the course's numbers ---


def test_backprop_gives_the_numbers_of_problem_12_and_figure_4():
    backprop = filled("backprop")["backprop"]
    found = backprop([[[1.0], [0.5]], [[2.0, 1.0]]], [0.5], [0.0])
    assert found[0][0] + found[0][1] + found[1][0] == pytest.approx(
        [0.208033760, 0.124327921, 0.122240762, 0.064786696], abs=1e-9
    )
    # With a target of out - 1, the derivatives of the error are those of out.
    found = backprop([[[1.0, 0.5], [0.5, 2.0]], [[2.0, 1.0]]], [0.5, 1.0], [0.986646554 - 1])
    assert found[0][0] + found[0][1] + found[1][0] == pytest.approx(
        [0.011141322, 0.022282644, 0.000576531, 0.001153062, 0.020204010, 0.025945642], abs=1e-9
    )


def test_the_network_of_problem_5_recites():
    names = filled("abcd")
    weights = names["make_weights"]()
    assert names["recite"](weights, "a", 8) == "abcdabcd"
    assert names["outputs"](weights, "a")[1] == pytest.approx(0.268, abs=1e-3)
    assert sorted(w for row in weights for w in row)[-5:] == pytest.approx(
        [0] + 4 * [0.5493], abs=1e-4
    )
