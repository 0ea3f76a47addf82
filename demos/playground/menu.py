"""The programs in the playground's menu: ordinary files, each with its title and what it shows."""

from __future__ import annotations

import ast
import re
from importlib import resources
from typing import NamedTuple

from demos import workbook

# The first of all is open when a newcomer comes, and is run at once.
GROUPS = {
    "Start here": ("first", "problem_12", "neuron"),
    "Networks and more": ("xor", "recurrent", "operation"),
}
WORKBOOK = "The workbook: fill in each ... and press Run"
CHECK = """

# --- the check ---

from demos.playground.checking import check

check("%s", globals())
"""


class Example(NamedTuple):
    """A program of the menu."""

    name: str
    group: str
    title: str
    about: str
    code: str


def examples() -> list[Example]:
    """All programs, in the order of the menu; the last are the sheets of the workbook."""
    folder = resources.files("demos.playground").joinpath("examples")
    return [
        *(
            _example(name, group, folder.joinpath(f"{name}.py").read_text(encoding="utf-8"))
            for group, names in GROUPS.items()
            for name in names
        ),
        *map(_sheet, workbook.SHEETS),
    ]


def _example(name: str, group: str, code: str) -> Example:
    """The docstring of a program is its title and, below it, what it shows."""
    title, _, about = (ast.get_docstring(ast.parse(code)) or name).partition("\n")
    return Example(name, group, title, " ".join(about.split()), code)


def _sheet(name: str) -> Example:
    """A sheet of the workbook; its last lines check it."""
    code = re.sub(r": +python -m demos workbook check.*", ": press Run.", workbook.skeleton(name))
    title = code.splitlines()[0].strip('"').partition(" (")[0]
    return Example(f"workbook-{name}", WORKBOOK, title, "", f"{code.rstrip()}\n{CHECK % name}")
