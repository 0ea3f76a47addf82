"""The notebooks match the source of the demos, and they run."""

import json
import shutil

import pytest

from demos.__main__ import COURSE
from demos.helpers.notebooks import FOLDER, file_name, notebook


@pytest.mark.parametrize("name", COURSE)
def test_it_matches_the_source_of_the_demo(name):
    committed = (FOLDER / file_name(COURSE[name])).read_text(encoding="utf-8")
    assert committed == notebook(COURSE[name]), (
        "run python -m demos.helpers.notebooks and commit the result"
    )


def test_there_is_one_for_each_demo_and_no_other():
    names = {file_name(demo) for demo in COURSE.values()}
    assert {path.name for path in FOLDER.glob("*.ipynb")} == names


@pytest.mark.parametrize("name", COURSE)
@pytest.mark.filterwarnings("ignore")  # from the tools that run notebooks
@pytest.mark.slow
def test_it_runs_from_top_to_bottom_and_shows_what_it_made(name, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    if not shutil.which("python"):
        pytest.skip("no kernel to run it in")
    text = notebook(COURSE[name]).replace(f'[\\"{name}\\"]', f'[\\"{name}\\", \\"--quick\\"]')
    assert "--quick" in json.loads(text)["cells"][1]["source"][-2]
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parents[1]))
    client = nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [o for o in shown if o["output_type"] == "error"]
    kinds = {kind for o in shown for kind in o.get("data", {})}
    assert kinds & {"image/png", "image/svg+xml", "image/gif"}
