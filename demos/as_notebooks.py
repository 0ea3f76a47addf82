"""The demos as notebooks: ``python -m demos.as_notebooks`` writes one for each.

A notebook is cut from the source of its demo: the functions, then the body of ``run`` paragraph by
paragraph, so that each part prints beneath itself and can be changed and run again.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import write_whole
from demos.__main__ import NUMBERS, TITLES

if TYPE_CHECKING:
    from demos.gallery import Exhibit

FOLDER = Path(__file__).parent / "notebooks"

Cell = dict[str, Any]


def main() -> None:
    """Write all notebooks."""
    FOLDER.mkdir(exist_ok=True)
    for name in TITLES:
        path = FOLDER / file_name(name)
        write_whole(path, notebook(name).encode())
        print(path)


def file_name(name: str) -> str:
    """What the notebook of a demo is called."""
    return f"{NUMBERS[name]}_{name}.ipynb"


def notebook(name: str) -> str:
    """The notebook of a demo, as the text of its file."""
    source = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    cells = [
        {**cell, "id": f"{name}-{number}", "metadata": {}}
        for number, cell in enumerate(_cells(name, source))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def show_exhibits(exhibits: Iterable[Exhibit]) -> None:
    """Show in a notebook what a demo made: pictures as such, pages as links."""
    from IPython.display import SVG, Image, Markdown, display

    for exhibit in exhibits:
        kind = exhibit.path.suffix
        if kind == ".svg":
            display(SVG(filename=str(exhibit.path)))
        elif kind in (".png", ".gif"):
            display(Image(filename=str(exhibit.path)))
        else:
            display(Markdown(f"[{exhibit.path.name}]({exhibit.path.as_posix()})"))
        display(Markdown(f"*{exhibit.caption}*"))


def _cells(name: str, source: str) -> list[Cell]:
    tree = ast.parse(source)
    lines = source.splitlines()
    text = ast.get_docstring(tree) or ""
    title = f"# {NUMBERS[name]}. {TITLES[name]}\n\n{textwrap.fill(text, 100)}"
    imports, definitions, body = [], [], []
    for node in tree.body[1:]:
        part = _part(node, lines)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.append(part)
        elif isinstance(node, ast.FunctionDef) and node.name == "run":
            body = _paragraphs(node, lines)
        elif not _only_for_the_command_line(node):
            definitions.append(part)
    setup = [
        *imports,
        "from demos.__main__ import make_parser",
        "from demos.as_notebooks import show_exhibits",
        "",
        f'options = make_parser().parse_args(["{name}"])  # "--quick" too, for a quick look',
        "options.out.mkdir(exist_ok=True)",
    ]
    return [
        _markdown(title),
        _code("\n".join(setup)),
        *([_markdown("## What it uses")] if definitions else []),
        *map(_code, _joined(definitions)),
        _markdown("## What it does"),
        *map(_code, body),
        _code("show_exhibits(exhibits)"),
    ]


def _only_for_the_command_line(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "add_options"
    names = [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
    return names == ["SUMMARY"]


def _part(node: ast.stmt, lines: Sequence[str]) -> str:
    """The text of a statement, with the comments right above it."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def _joined(definitions: Sequence[str]) -> list[str]:
    """Short ones, such as constants, share a cell."""
    cells: list[str] = []
    for part in definitions:
        short = "\n" not in part
        if cells and short and "\n\n\n" not in cells[-1] and not cells[-1].startswith("def "):
            cells[-1] += "\n" + part
        else:
            cells.append(part)
    return cells


def _paragraphs(run: ast.FunctionDef, lines: Sequence[str]) -> list[str]:
    """The body of ``run``, cut where it has blank lines between statements."""
    returns = _returns(run.body)
    if len(returns) != 1 or run.body[-1] is not returns[0]:
        return [_part(run, lines), "exhibits = run(options)"]
    paragraphs: list[list[str]] = []
    end = 0
    for node in run.body[1:]:
        first = node.lineno - 1
        while lines[first - 1].lstrip().startswith("#"):
            first -= 1
        if not paragraphs or not lines[first - 1].strip():
            paragraphs.append([])
        elif end:
            paragraphs[-1] += lines[end:first]
        paragraphs[-1] += lines[first : node.end_lineno]
        end = node.end_lineno or 0
    cells = [textwrap.dedent("\n".join(p)) for p in paragraphs]
    cells[-1] = re.sub(r"^return ", "exhibits = ", cells[-1], flags=re.MULTILINE)
    return cells


def _returns(body: Sequence[ast.AST]) -> list[ast.Return]:
    """The return statements of a function, without those of functions within it."""
    found: list[ast.Return] = []
    for node in body:
        if isinstance(node, ast.Return):
            found.append(node)
        elif not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            found += _returns(list(ast.iter_child_nodes(node)))
    return found


def _markdown(text: str) -> Cell:
    return {"cell_type": "markdown", "source": text.splitlines(keepends=True)}


def _code(text: str) -> Cell:
    return {
        "cell_type": "code",
        "execution_count": None,
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }


if __name__ == "__main__":
    main()
