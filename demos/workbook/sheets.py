"""The sheets of the workbook, a module for each, which holds its text, its solution and its check.

What stands above the line CHECK is the sheet. The student's file is the sheet without what stands
between ``# <solution>`` and ``# </solution>``, with ``...`` in its place.
"""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from importlib import import_module, resources
from types import ModuleType
from typing import Any

from demos.workbook.questions import Slip

SHEETS = (
    *("tanh", "neuron", "figure_4", "letters", "abcd", "tanh_slope"),
    *("products", "chain", "two_paths", "backprop", "training", "next_letter", "engine"),
)
"""The sheets in the order of the course, and last the engine."""

ENGINE = {
    "value": "Value.__init__",
    "add": "Value.__add__",
    "mul": "Value.__mul__",
    "tanh": "Value.tanh",
    "order": "topological_order",
    "backward": "Value.backward",
    "neuron": "Neuron",
    "layer": "Layer",
}
"""The problems of the last sheet, and what each fills in. Any other sheet is one problem."""

PROBLEMS = (*SHEETS[:-1], *(f"engine.{part}" for part in ENGINE))
"""The names of all problems, in order."""

CHECK = "# --- the check ---\n"
_SOLUTION = re.compile(r"^( *)# <solution>\n(.*?)^ *# </solution>\n", re.MULTILINE | re.DOTALL)


def sheet_of(problem: str) -> str:
    """The sheet on which a problem stands."""
    return problem.partition(".")[0]


def file_name(sheet: str) -> str:
    """The name of the student's file, such as ``01_tanh.py``."""
    return f"{SHEETS.index(sheet) + 1:02}_{sheet}.py"


def module(sheet: str) -> ModuleType:
    """The module of a sheet."""
    return import_module(f"demos.workbook.problems.{sheet}")


def skeleton(problem: str) -> str:
    """The text of the student's file on which a problem stands, to be filled in."""
    return _SOLUTION.sub(r"\1...\n", _text(sheet_of(problem)))


def solution(problem: str) -> str:
    """The same file, filled in; of a problem of the engine, its function or class alone."""
    whole = _SOLUTION.sub(r"\2", _text(sheet_of(problem)))
    _, _, part = problem.partition(".")
    return _definition(whole, ENGINE[part]) if part else whole


def _definition(source: str, name: str) -> str:
    """The text of a function, a class or a method."""
    body: list[ast.stmt] = ast.parse(source).body
    for each in name.split("."):
        found = next(node for node in body if getattr(node, "name", "") == each)
        body = getattr(found, "body", [])
    lines = source.splitlines()[found.lineno - 1 : found.end_lineno]
    return textwrap.dedent("\n".join(lines)) + "\n"


def edited(sheet: str, hint: str, *changes: tuple[str, str]) -> Slip:
    """A slip that is the solution of a sheet with some text replaced."""

    @functools.cache
    def make() -> dict[str, Any]:
        source = solution(sheet)
        for old, new in changes:
            if old not in source:
                raise ValueError(f"the solution of {sheet} has no {old!r}")
            source = source.replace(old, new)
        names: dict[str, Any] = {"__name__": sheet}
        exec(compile(source, f"<{sheet}>", "exec"), names)
        return names

    return Slip(hint, make)


def _text(sheet: str) -> str:
    """The sheet, with its solution between marks."""
    source = resources.files("demos.workbook.problems").joinpath(f"{sheet}.py")
    return source.read_text(encoding="utf-8").partition(CHECK)[0].rstrip() + "\n"
