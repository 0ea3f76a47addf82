"""What the student reads in the terminal."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograd.visible import visible
from demos.workbook.questions import Result
from demos.workbook.running import Checked
from demos.workbook.sheets import ENGINE, PROBLEMS, SHEETS, file_name, sheet_of

WIDTH = 79
GREEN, RED, BOLD = "32", "31", "1"


def paint(text: str, style: str) -> str:
    """The text in a colour, where a terminal shows it."""
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or sys.platform == "win32"
    return text if plain else f"\x1b[{style}m{text}\x1b[0m"


def verdict(checked: Checked, folder: Path) -> str:
    """A problem: that it is right, or what is wrong."""
    if checked.right:
        return f"  {paint('right', GREEN)}   {checked.problem}"
    file = folder / file_name(sheet_of(checked.problem))
    lines = [f"  {paint('wrong', RED)}   {paint(checked.problem, BOLD)}   {visible(file, 200)}"]
    for result in first_of_each_part(checked.results):
        lines += details(result)
    answers = [result for result in checked.results if result.passed or result.expected]
    wrong = sum(not result.passed for result in answers)
    if wrong > 1:
        lines.append(f"          ({wrong} of {len(answers)} answers are wrong)")
    return "\n".join([*lines, *printed(checked.printed)])


def first_of_each_part(results: Iterable[Result]) -> list[Result]:
    """The first wrong answer of each thing that is asked for."""
    found: dict[str, Result] = {}
    for result in results:
        if not result.passed:
            found.setdefault(result.part, result)
    return list(found.values())


def details(result: Result) -> list[str]:
    """A wrong answer, on some lines: question, right answer, the student's, the likely slip."""
    lines = _wrapped("", result.asked)
    if result.expected:
        lines += _wrapped("expected  ", result.expected)
    if result.actual:
        lines += _wrapped("yours     ", result.actual)
    if result.hint:
        lines += _wrapped("likely    ", result.hint)
    return lines


def _wrapped(label: str, text: str) -> list[str]:
    indent = " " * 10 if not label else " " * 12
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent + label, subsequent_indent=indent + " " * len(label)
    )


def printed(text: str) -> list[str]:
    """What the student's code printed, the last lines of it."""
    lines = text.rstrip().splitlines()
    if not lines:
        return []
    more = [f"            ... {len(lines) - 8} lines before"] if len(lines) > 8 else []
    shown = [f"            {visible(line, WIDTH - 12)}" for line in lines[-8:]]
    return ["          It printed:", *more, *shown]


def still_to_do(problems: Sequence[str]) -> str:
    """The problems that were not begun, on a few lines; the eight of the engine as one."""
    names = [name for name in problems if sheet_of(name) != "engine"]
    engine = [name for name in problems if sheet_of(name) == "engine"]
    names += [f"engine ({len(ENGINE)} problems)"] if len(engine) == len(ENGINE) else engine
    return textwrap.fill(
        ", ".join(names), WIDTH, initial_indent="  to do   ", subsequent_indent=" " * 10
    )


def progress(right: int, next_one: str | None, folder: Path) -> str:
    """How many of all problems are right, and which comes next."""
    bar = "#" * right + "." * (len(PROBLEMS) - right)
    lines = [f"{right} of {len(PROBLEMS)}  [{bar}]"]
    if next_one is None:
        lines.append("You have solved them all, and built an engine. See how the real one does it,")
        lines.append("in autograd/value.py, and what it can do: python -m demos")
    else:
        lines.append(following(next_one, folder))
    return "\n".join(lines)


def following(problem: str, folder: Path) -> str:
    """Which problem comes next, and where it is."""
    file = visible(folder / file_name(sheet_of(problem)), 200)
    return f"Next: {paint(problem, BOLD)}, in {file}"


def after_writing(folder: Path, new: list[str], kept: list[str]) -> str:
    """What was written, and what to do now."""
    place = "this folder" if folder == Path() else f"the folder {visible(folder, 200)}"
    first = visible(folder / file_name(SHEETS[0]), 200)
    lines = []
    if new and not kept:
        lines.append(
            f"Your workbook is in {place}: {len(SHEETS)} sheets with {len(PROBLEMS)} problems."
        )
    elif new:
        lines.append(f"New in {place}: {', '.join(new)}")
    else:
        lines.append(f"Your workbook is in {place}; no file of it is new.")
    if kept:
        text = f"Kept as you changed them: {', '.join(kept)}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    check = "python -m demos workbook check"
    if kept:
        lines += ["", f"Go on with: {check}"]
    else:
        lines += [
            "",
            f"  1. Open {first} in an editor. It says what to do.",
            "  2. Replace the ... with your code, and save.",
            f"  3. Run {check}",
            "",
            "The check says what is right, what is not and probably why, and what comes next.",
            "If you are stuck: python -m demos workbook solution tanh",
        ]
    return "\n".join(lines)
