"""Libraries that are imported where they are used: what is said where one is missing."""

import importlib
import json
import sys

import pytest

from autograd import jit
from autograd.extras import library


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which Python looks for modules."""
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    yield tmp_path
    for name in sys.modules.keys() - before:
        del sys.modules[name]


def test_a_library_that_is_there():
    assert library("json", "to_json") is json


def test_a_library_that_is_missing():
    with pytest.raises(ModuleNotFoundError, match=r"^f needs not_there: run .* not_there$"):
        library("not_there", "f")
    with pytest.raises(ModuleNotFoundError, match=r"^f needs not-there: .* not-there$") as caught:
        library("not_there", "f", "not-there")
    assert caught.value.name == "not_there"


def test_a_folder_of_that_name_is_not_the_library(folder, monkeypatch):
    """Such as onnx/ with somebody's models."""
    (folder / "models_of_mine").mkdir()
    with pytest.raises(ModuleNotFoundError, match="run pip install models_of_mine"):
        library("models_of_mine", "to_onnx")
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: find_spec("models_of_mine"))
    with pytest.raises(ModuleNotFoundError, match="backend='jax' needs jax: pip install"):
        jit(lambda x: x[0], backend="jax")


def test_a_library_that_lacks_another_says_so_itself(folder):
    (folder / "needs_more.py").write_text("import not_there")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'not_there'$"):
        library("needs_more", "f")
