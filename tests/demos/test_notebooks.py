"""The notebooks are lessons: they can be read without being run, and they run."""

import json
import shutil

import pytest

from demos.__main__ import COURSE
from demos.helpers.notebooks import FOLDER

PATHS = {demo.name: FOLDER / f"{demo.number}_{demo.name}.ipynb" for demo in COURSE.values()}


def cells(name, kind):
    book = json.loads(PATHS[name].read_text(encoding="utf-8"))
    return [cell for cell in book["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def outputs(name):
    return [output for cell in cells(name, "code") for output in cell["outputs"]]


def test_there_is_one_for_each_demo_and_no_other():
    assert set(FOLDER.glob("*.ipynb")) == set(PATHS.values())


@pytest.mark.parametrize("name", COURSE)
def test_it_is_a_lesson_and_not_a_script(name):
    prose = [source(cell) for cell in cells(name, "markdown")]
    demo = COURSE[name]
    assert prose[0].startswith(f"# {demo.number}. {demo.title}\n\n")
    assert prose[-1].splitlines()[-1].startswith(("1.", "2.", "3.")), "it ends with exercises"
    code = [source(cell) for cell in cells(name, "code")]
    assert 0.6 < len(prose) / len(code) < 1.7
    assert not [text for text in code if "argparse" in text or "make_parser" in text]
    assert max(text.count("\n") for text in code) < 25


@pytest.mark.parametrize("name", COURSE)
def test_it_can_be_read_without_being_run_and_is_small(name):
    found = outputs(name)
    assert not [output for output in found if output["output_type"] == "error"]
    assert not [output for output in found if output.get("name") == "stderr"]
    kinds = {kind for output in found for kind in output.get("data", {})}
    assert kinds & {"image/png", "image/svg+xml"}
    text = PATHS[name].read_text(encoding="utf-8")
    assert "/home/" not in text
    assert "/tmp/" not in text
    assert len(text) < 400_000


def test_the_chain_rule_is_explained_in_latex_and_its_page_is_inside():
    kinds = [kind for output in outputs("chain_rule") for kind in output.get("data", {})]
    assert kinds.count("text/markdown") >= 4
    assert kinds.count("text/html") == 1


@pytest.mark.parametrize("name", COURSE)
@pytest.mark.filterwarnings("ignore")  # from the tools that run notebooks
@pytest.mark.slow
def test_it_runs_from_top_to_bottom_and_shows_the_same_kinds_of_things(name, monkeypatch):
    pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    if not shutil.which("python"):
        pytest.skip("no kernel to run it in")
    from demos.helpers.notebooks import executed

    stored = [sorted(output.get("data", ())) for output in outputs(name)]
    book = json.loads(executed(PATHS[name]))
    shown = [output for cell in book["cells"] for output in cell.get("outputs", [])]
    # Text that is printed in parts may be joined in other ways.
    assert [kinds for o in shown if (kinds := sorted(o.get("data", ())))] == [
        kinds for kinds in stored if kinds
    ]
