"""The page in Firefox."""

from pathlib import Path

import pytest

from autograd import page
from tests.firefox import operated
from tests.page.browsing import problem_12


@pytest.mark.slow
def test_a_reader_steps_selects_and_gets_an_explanation_in_firefox(tmp_path):
    made = page(problem_12())
    notebook = tmp_path / "notebook.html"
    notebook.write_text(
        f'<!doctype html><body data-jp-theme-light="false">{made._repr_html_()}', encoding="utf-8"
    )
    script = Path(__file__).parent / "in_firefox.js"
    found = operated(script, made.save(tmp_path / "chain.html"), notebook)
    assert found["errors"] == []
    assert found["afterOneStep"].startswith("Step 1 of")
    (shown,) = [label for label in found["atTheEnd"] if label.startswith("in, ")]
    assert "0.5404" in shown
    assert "0.4161" in found["explained"]
    assert "0.1243" in found["explained"]
    assert found["dark"], "in a dark notebook the page is dark"
