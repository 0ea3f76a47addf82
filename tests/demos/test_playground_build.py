"""What the playground is made of."""

import io
import subprocess
import zipfile

import pytest

from demos.__main__ import main
from demos.playground import build
from demos.playground.bundle import packed


def test_without_node_a_sentence_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "out"
    assert main(["playground", "--out", str(out)]) == 1
    assert "needs node, which is not on the PATH: install Node.js" in capsys.readouterr().err
    assert not out.exists()


def test_a_program_that_fails_is_quoted(tmp_path, monkeypatch, capsys):
    def fail(command, **_):
        return subprocess.CompletedProcess(command, 1, "", "npm error: no such\nhost\n")

    monkeypatch.setattr(build.shutil, "which", lambda name: name)
    monkeypatch.setattr(build.subprocess, "run", fail)
    assert main(["playground", "--out", str(tmp_path / "out")]) == 1
    assert "npm ci failed: npm error: no such host" in capsys.readouterr().err


def test_the_packages_are_ours_and_what_they_need():
    content = packed()
    assert content == packed()
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {name.partition("/")[0] for name in names} == {
        *("autograd", "nn", "demos"),
        *("graphviz", "tqdm"),
    }
    assert "autograd/page/browser/page.html" in names
    assert not [name for name in names if name.endswith((".pyc", ".ipynb", ".png", ".svg"))]
    assert not [name for name in names if name.startswith("demos/playground/browser")]


@pytest.mark.slow
def test_both_forms_are_one_playground(playground):
    page = (playground / "index.html").read_text(encoding="utf-8")
    single = (playground / "playground.html").read_text(encoding="utf-8")
    assert "src=" not in single
    assert len(page) < 100_000
    assert len(single) < 24_000_000
    for path in (playground / "runtime").iterdir():
        assert path.read_text(encoding="utf-8").strip() in single
