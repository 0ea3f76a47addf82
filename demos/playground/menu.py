"""The programs in the playground's menu: ordinary files, each with its title and what it shows."""

from __future__ import annotations

import ast
from importlib import resources
from typing import NamedTuple

# The first of all is open when a newcomer comes, and is run at once.
GROUPS = {
    "Start here": ("first", "problem_12", "neuron"),
    "Networks and more": ("xor", "recurrent", "operation"),
}


class Example(NamedTuple):
    """A program of the menu."""

    name: str
    group: str
    title: str
    about: str
    code: str


def examples() -> list[Example]:
    """All programs, in the order of the menu."""
    folder = resources.files("demos.playground").joinpath("examples")
    return [
        _example(name, group, folder.joinpath(f"{name}.py").read_text(encoding="utf-8"))
        for group, names in GROUPS.items()
        for name in names
    ]


def _example(name: str, group: str, code: str) -> Example:
    """The docstring of a program is its title and, below it, what it shows."""
    title, _, about = (ast.get_docstring(ast.parse(code)) or name).partition("\n")
    return Example(name, group, title, " ".join(about.split()), code)
