"""The demos as notebooks: ``python -m demos.helpers.notebooks`` writes one for each demo.

A notebook is cut from the source of its demo: first the functions, then the body of ``run``
paragraph by paragraph, so that a reader can change each part, run it again and see what it prints.
Where ``run`` calls a function without arguments, the body of that function takes the place of the
call; if the function returns a graph, the notebook draws it.
"""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import write_whole
from demos.__main__ import COURSE, Demo

if TYPE_CHECKING:
    from demos.helpers.gallery import Exhibit

DEMOS = Path(__file__).parents[1]
FOLDER = DEMOS / "notebooks"

Cell = dict[str, Any]
Function = ast.FunctionDef


def main() -> None:
    """Write all notebooks."""
    FOLDER.mkdir(exist_ok=True)
    for demo in COURSE.values():
        path = FOLDER / file_name(demo)
        write_whole(path, notebook(demo).encode())
        print(path)


def file_name(demo: Demo) -> str:
    """The name of a demo's notebook file."""
    return f"{demo.number}_{demo.name}.ipynb"


def notebook(demo: Demo) -> str:
    """The notebook of a demo, as the text of its file."""
    source = (DEMOS / f"{demo.module.replace('.', '/')}.py").read_text(encoding="utf-8")
    cells = [
        {**cell, "id": f"{demo.name}-{number}", "metadata": {}}
        for number, cell in enumerate(_cells(demo, source))
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
    """Show in a notebook the pictures that a demo made, and links to its pages."""
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


def _cells(demo: Demo, source: str) -> list[Cell]:
    tree = ast.parse(source)
    lines = source.splitlines()
    text = ast.get_docstring(tree) or ""
    title = f"# {demo.number}. {demo.title}\n\n{textwrap.fill(text, 100)}"
    (run,) = (node for node in tree.body if isinstance(node, Function) and node.name == "run")
    steps = _steps(tree, run)
    imports, definitions = [], []
    for node in tree.body[1:]:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.append(_part(node, lines))
        elif not (node is run or node in steps.values() or _only_for_the_command_line(node)):
            definitions.append(_part(node, lines))
    setup = [
        *imports,
        *(["from autograd import draw"] if any(map(_makes_a_graph, steps.values())) else []),
        "from demos.__main__ import make_parser",
        "from demos.helpers.notebooks import show_exhibits",
        "",
        f'options = make_parser().parse_args(["{demo.name}"])  # add "--quick" for a short run',
        "options.out.mkdir(exist_ok=True)",
    ]
    return [
        _markdown(title),
        _code("\n".join(setup)),
        *([_markdown("## Definitions")] if definitions else []),
        *map(_code, _joined(definitions)),
        _markdown("## The demo"),
        *_body(run, lines, steps, "exhibits"),
        _code("show_exhibits(exhibits)"),
    ]


def _steps(tree: ast.Module, run: Function) -> dict[str, Function]:
    """The functions without arguments that ``run`` calls, once, and nothing else does."""
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    called = {_called(node) for node in run.body}
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, Function) and node.name in called and names.count(node.name) == 1
    }


def _called(node: ast.stmt) -> str:
    """The name of the function that ``f()`` or ``y = f()`` calls without arguments."""
    match node:
        case (
            ast.Expr(ast.Call(ast.Name(name), [], []))
            | ast.Assign(value=ast.Call(ast.Name(name), [], []))
        ):
            return str(name)
    return ""


def _makes_a_graph(function: Function) -> bool:
    return isinstance(function.returns, ast.Name) and function.returns.id == "Value"


def _only_for_the_command_line(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "add_options"
    names = [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
    return names == ["SUMMARY"]


def _part(node: ast.stmt, lines: Sequence[str]) -> str:
    """The text of a statement, with the comments directly above it."""
    return "\n".join(lines[_first(node, lines) : node.end_lineno])


def _first(node: ast.stmt, lines: Sequence[str]) -> int:
    """The index of its first line, with decorators and comments."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first


def _joined(definitions: Sequence[str]) -> list[str]:
    """One text per cell; short definitions, such as constants, share a cell."""
    cells: list[str] = []
    for part in definitions:
        short = "\n" not in part
        if cells and short and "\n\n\n" not in cells[-1] and not cells[-1].startswith("def "):
            cells[-1] += "\n" + part
        else:
            cells.append(part)
    return cells


def _body(
    function: Function, lines: Sequence[str], steps: dict[str, Function], result: str
) -> Iterator[Cell]:
    """The body of a function, cut at blank lines; each step takes the place of its call.

    Args:
        function: a function whose last statement is its only ``return``, if it has one.
        lines: the lines of the source.
        steps: functions without arguments, by name.
        result: the variable for the value returned; empty if the caller drops that value.
    """
    paragraph: list[str] = []
    for node in function.body[1:]:
        part, step = textwrap.dedent(_part(node, lines)), steps.get(_called(node))
        if paragraph and (step or not lines[_first(node, lines) - 1]):
            yield _code("\n".join(paragraph))
            paragraph = []
        if step:
            yield _markdown(f"### {(ast.get_docstring(step) or '').rstrip('.')}")
            names = [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
            yield from _body(step, lines, {}, "".join(names))
        elif isinstance(node, ast.Return):
            returned = part.removeprefix("return ")
            if result not in ("", returned):
                paragraph.append(f"{result} = {returned}")
            if _makes_a_graph(function):
                paragraph.append(f"draw({returned})")
        else:
            paragraph.append(part)
    if paragraph:
        yield _code("\n".join(paragraph))


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
