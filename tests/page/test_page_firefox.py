"""The page in Firefox: Debian's, operated over WebDriver BiDi, which needs no driver."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autograd import page
from tests.page.browsing import problem_12


def needed():
    """The folder of puppeteer-core, and Firefox; CI has both."""
    folder = os.environ.get("PUPPETEER_CORE")
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if folder and firefox and shutil.which("node"):
        return folder, firefox
    reason = "needs firefox-esr, node, and PUPPETEER_CORE, where npm installed puppeteer-core"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.mark.slow
def test_a_reader_steps_selects_and_gets_an_explanation_in_firefox(tmp_path):
    made = page(problem_12())
    notebook = tmp_path / "notebook.html"
    notebook.write_text(
        f'<!doctype html><body data-jp-theme-light="false">{made._repr_html_()}', encoding="utf-8"
    )
    script = Path(__file__).parent / "firefox.js"
    run = subprocess.run(
        ["node", script, *needed(), made.save(tmp_path / "chain.html"), notebook],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["errors"] == []
    assert found["afterOneStep"].startswith("Step 1 of")
    (shown,) = [label for label in found["atTheEnd"] if label.startswith("in, ")]
    assert "0.5404" in shown
    assert "0.4161" in found["explained"]
    assert "0.1243" in found["explained"]
    assert found["dark"], "in a dark notebook the page is dark"
