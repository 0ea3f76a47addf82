"""What pages insert: parts of the project as Markdown. Each function gives what is true today."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from importlib import metadata
from pathlib import Path
from types import ModuleType

import autograd as autograd
import nn as nn
from autograd import ops
from autograd import value as value
from autograd.formulas import written_partials
from autograd.op import Op
from autograd.symbols import Symbol, write_op
from demos.site.weave import fenced, raw
from demos.workbook import SHEETS, skeleton

ROOT, NAME = Path(__file__).parents[2], "overnight-autograd"


def documented(module: ModuleType, names: str) -> str:
    """The docstrings of public names, as Sphinx reads them."""
    return fenced("{eval-rst}", "\n".join(_directive(module, name) for name in names.split()))


def _directive(module: ModuleType, name: str) -> str:
    thing = getattr(module, name)
    if not isinstance(thing, type):
        return f".. autofunction:: {module.__name__}.{name}\n"
    if issubclass(thing, Exception):
        return f".. autoexception:: {module.__name__}.{name}\n"
    return f".. autoclass:: {module.__name__}.{name}\n   :members:\n"


def source(module: ModuleType, *names: str) -> str:
    """The source of functions and methods, such as Value.backward."""
    text = inspect.getsource(module)
    return fenced("python", "\n\n".join(_source(text, name.split(".")) for name in names))


def _source(text: str, path: list[str]) -> str:
    node: ast.AST = ast.parse(text)
    for name in path:
        children = {getattr(child, "name", None): child for child in ast.iter_child_nodes(node)}
        node = children[name]
    assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))


# --- the table of operations ---


def operations(names: str) -> str:
    """Operations with their formulas, derivatives and accuracy, a row each."""
    head = "| Operation | Value | Derivatives | Accuracy |\n|---|---|---|---|\n"
    return head + "".join(_row(ops.named(name)) for name in names.split())


def _row(op: Op) -> str:
    letters = {1: "x", 2: "ab"}.get(op.arity or 0) or ("x1", "x2", "x3")
    inputs = [Symbol.named(letter) for letter in letters]
    derivatives = written_partials(op, Symbol.named("y"), inputs)
    slopes = ", ".join(_cell(each.text) for each in derivatives)
    written = _cell(write_op(op, inputs).text)
    return f"| {_cell(op.name)} | {written} | {slopes} | {op.ulps:g} ulp |\n"


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", r"\|")


def corners() -> str:
    """What the table of operations says about corners."""
    text = inspect.getdoc(ops) or ""
    return fenced("{eval-rst}", text[text.index("The choices at corners") :])


# --- words that stand elsewhere ---


def readme(title: str) -> str:
    """A section of the README without its title; its links lead to the files' names alone."""
    # An installed package has the README as its description.
    text = _project_file("README.md") or str(metadata.metadata(NAME).json["description"])
    (section,) = re.findall(rf"^## {re.escape(title)}\n\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return re.sub(r"\[([^]]+)\]\((?!http)[^)]+\)", r"\1", section)


def results() -> str:
    """The table of the battery; where the project is installed without its tests, a sentence."""
    text = _project_file("tests/RESULTS.md")
    if not text:
        return "The table is in `tests/RESULTS.md`, which an installed package does not have."
    columns = "Row What Reached Worst Findings Date".split()
    rows = [line.strip("|").split("|")[: len(columns)] for line in text.splitlines() if "|" in line]
    return "".join(f"|{_plain('|'.join(row))}|\n" for row in rows)


def _plain(text: str) -> str:
    """Text without a meaning in Markdown: a finding of the battery quotes programs."""
    return re.sub(r"([\\`*_<\[])", r"\\\1", text)


def _project_file(name: str) -> str:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def sheets() -> str:
    """The files of the workbook as a student finds them, each under its first line."""
    texts = [skeleton(sheet) for sheet in SHEETS]
    titles = [(ast.get_docstring(ast.parse(text)) or "").partition("\n")[0] for text in texts]
    return "\n".join(f"## {title}\n\n{fenced('python', t)}" for title, t in zip(titles, texts))


def playground() -> str:
    """A link to the playground, if it was built; else how to build it."""
    if Path("playground", "index.html").is_file():
        return raw('<p><a class="big" href="playground/index.html">Open the playground</a></p>')
    return (
        "This copy of the site was built without it. `python -m demos playground` builds it, and "
        "after that `python -m demos site` links to it."
    )
