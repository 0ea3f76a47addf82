"""Another package named autograd in the same environment is noticed."""

import os
import runpy
import subprocess
import sys
import types
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest

from autograd.installation import check

ROOT = Path(__file__).parents[2]


def install(site: Path, name: str, files: dict[str, str]) -> None:
    """As pip does: write files into the folder, over older ones, and record them."""
    lines = []
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
        digest = urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
        lines.append(f"{path},sha256={digest},{len(text)}")
    record = site / f"{name}.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("\n".join([*lines, f"{record.parent.name}/RECORD,,"]), encoding="utf-8")


@pytest.fixture
def site(tmp_path):
    """An environment with this package in it."""
    ours = {
        str(file.relative_to(ROOT)).replace(os.sep, "/"): file.read_text(encoding="utf-8")
        for folder in ("autograd", "nn")
        for file in (ROOT / folder).rglob("*.py")
    }
    install(tmp_path, "overnight_autograd-0.1.0", ours)
    return tmp_path


def importing(name: str, site: Path) -> subprocess.CompletedProcess[str]:
    # -I and -S hide the packages of the environment in which the tests run.
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import {name}; print({name}.__file__)"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, cwd=site.parent
    )


def test_a_module_of_the_other_project_says_so(site):
    for name in ("autograd.numpy", "autograd.numpy.random"):
        result = importing(name, site)
        assert result.returncode == 1
        assert "ImportError: autograd.numpy belongs to another project" in result.stderr


@pytest.mark.parametrize("name", ["nn", "autograd"])
def test_a_file_that_hides_a_package_is_named_by_the_demos(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("class MLP: ...\n", encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "demos", "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 1
    assert f"{name}.py hides the package {name} that the demos use" in result.stderr


THEIRS = {"autograd/core.py": "", "autograd/tracer.py": ""}


def test_alone_it_imports(site):
    for name in ("autograd", "nn"):
        result = importing(name, site)
        assert result.stdout.strip().startswith(str(site)), result.stderr


def test_installed_before_ours(site):
    install(site, "autograd-1.8.0", THEIRS)
    result = importing("autograd", site)
    assert result.returncode == 1
    assert (
        "ImportError: autograd-1.8.0 and overnight-autograd are installed in the" in result.stderr
    )
    assert "autograd/core.py" in result.stderr
    assert "pip uninstall autograd" in result.stderr
    with pytest.raises(ImportError, match=r"autograd-1\.8\.0 and overnight-autograd are installed"):
        check(site / "autograd")
    with pytest.raises(ImportError, match=r"the other, such as autograd/core\.py\. "):
        check(site / "autograd")


def test_installed_after_ours_and_over_our_first_file(site):
    install(site, "autograd-1.8.0", {"autograd/__init__.py": "theirs = True", **THEIRS})
    assert importing("autograd", site).returncode == 0  # theirs: nothing of ours runs
    result = importing("nn", site)
    assert result.returncode == 1
    assert "autograd-1.8.0 and overnight-autograd are installed in the" in result.stderr


def test_uninstalled_again_and_our_first_file_with_it(site):
    (site / "autograd/__init__.py").unlink()
    result = importing("nn", site)
    assert "is not the file that overnight-autograd installed" in result.stderr
    assert "pip install --force-reinstall overnight-autograd" in result.stderr
    with pytest.raises(ImportError, match=r"__init__\.py is not the file that overnight-autograd"):
        check(site / "autograd")


def test_nn_tells_another_autograd_from_ours(monkeypatch):
    other = types.ModuleType("autograd")
    other.__file__ = "/site/autograd/__init__.py"
    monkeypatch.setitem(sys.modules, "autograd", other)
    monkeypatch.delitem(sys.modules, "autograd.installation")
    with pytest.raises(
        ImportError, match=r"at /site/autograd/__init__\.py is not ours, which nn n"
    ):
        runpy.run_path(str(ROOT / "nn" / "__init__.py"))


def test_arrays_of_the_other_project_are_not_here():
    with pytest.raises(ImportError, match="belongs to another project, also called autograd"):
        import_module("autograd.numpy")


def test_installed_elsewhere_it_does_no_harm(site, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    install(elsewhere, "autograd-1.8.0", {"autograd/__init__.py": "", **THEIRS})
    check(site / "autograd")
    install(site, "autograd-1.8.0", {"something_else/__init__.py": ""})
    check(site / "autograd")


def test_beside_an_editable_install_another_autograd_is_noticed(monkeypatch):
    """Python then finds the other package first, and what that lacks in ours."""
    other = types.ModuleType("autograd")
    other.__file__ = "/somewhere/autograd/__init__.py"
    monkeypatch.setitem(sys.modules, "autograd", other)
    with pytest.raises(ImportError, match=r"/somewhere/autograd/__init__\.py is not ours"):
        check()
