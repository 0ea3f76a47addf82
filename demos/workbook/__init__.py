"""The workbook: the course's problems as files to fill in, and what checks them.

``check("tanh", namespace)`` asks the questions of a problem to the code of a student, in this
process. ``python -m demos workbook check`` does the same in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from demos.workbook import beside
from demos.workbook.outcomes import Namespace
from demos.workbook.questions import Result, examine
from demos.workbook.sheets import PROBLEMS, SHEETS, file_name, module, sheet_of, skeleton, solution

__all__ = ["PROBLEMS", "SHEETS", "Result", "check", "file_name", "page", "skeleton", "solution"]


def check(
    name: str, namespace: Namespace, show: Callable[[str], None] = lambda line: None
) -> list[Result]:
    """Ask the questions of a problem to the student's code.

    Args:
        name: one of PROBLEMS, or of SHEETS for all problems on it.
        namespace: the global names of the student's file, after it was run.
        show: called with each line of what is watched meanwhile, such as a network that learns.

    Returns:
        A result for each question. They all passed if the problem is solved.

    Raises:
        ValueError: no problem or sheet has that name.
    """
    if name not in (*PROBLEMS, *SHEETS):
        raise ValueError(f"there is no problem {name!r}: there are {', '.join(PROBLEMS)}")
    sheet = module(sheet_of(name))
    problems = [problem for problem in PROBLEMS if problem == name or sheet_of(problem) == name]
    before = [part for parts in sheet.PARTS.values() for part in parts]
    parts = [part for problem in problems for part in sheet.PARTS[problem]]
    results = [result for part in parts for result in examine(namespace, part, before)]
    if hasattr(sheet, "beside_engine") and not all(result.todo for result in results):
        for line in beside.table(sheet.beside_engine(namespace)).splitlines():
            show(line)
    if hasattr(sheet, "watch") and all(result.passed for result in results):
        results += sheet.watch(namespace, show)
    return results


def page(name: str, namespace: Namespace) -> str | None:
    """The student's numbers beside the engine's, as a page in HTML; None if there is none."""
    sheet = module(sheet_of(name))
    if not hasattr(sheet, "beside_engine"):
        return None
    return beside.page(sheet.beside_engine(namespace))
