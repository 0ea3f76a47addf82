"""``python -m demos workbook``: write the workbook, check it, show a solution."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path

SUMMARY = "the course's problems as files to fill in, with a check for each"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the two subcommands; without one, the workbook is written."""
    parser.description = (
        "Write the workbook, a folder of files to fill in: the course's problems, and last an "
        "engine of your own. Files that you have changed are kept."
    )
    _add_folder(parser, Path("workbook"), "the folder")
    parser.set_defaults(action="write")
    actions = parser.add_subparsers(metavar="check | solution")
    check = actions.add_parser(
        "check",
        help="say what is right, what is not and probably why",
        description="Check all problems, or those that you name. Each check takes at most 10 s.",
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="a problem, its number or its file")
    _add_folder(check, argparse.SUPPRESS, "the folder (workbook)")
    check.set_defaults(action="check")
    solution = actions.add_parser("solution", help="show one solution")
    solution.add_argument("name", metavar="NAME", help="a problem, its number or its file")
    solution.set_defaults(action="solution")


def _add_folder(parser: argparse.ArgumentParser, default: object, words: str) -> None:
    parser.add_argument("--out", type=Path, default=default, metavar="FOLDER", help=words)


def run(options: argparse.Namespace) -> int:
    """Do what was asked for. Returns the exit status: 1 if a problem is not solved."""
    from demos.workbook.folder import is_workbook

    # Who has gone into the workbook means this one, and not another inside it.
    here = options.out == Path("workbook") and not is_workbook(options.out) and is_workbook(Path())
    folder = Path() if here else options.out
    if options.action == "write":
        return write(folder)
    try:
        if options.action == "solution":
            return solution(options.name)
        named = [problem for name in options.names for problem in problems_of(name)]
        return check(folder, list(dict.fromkeys(named)))
    except LookupError as error:
        return failure(str(error.args[0]))


def write(folder: Path) -> int:
    """Write the sheets."""
    from demos.workbook import folder as sheets
    from demos.workbook import report

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return failure(f"--out {folder} is a file, or lies inside one; choose a folder")
    written = sheets.write(folder)
    print(report.after_writing(folder, written.new, written.kept))
    return 0


def check(folder: Path, problems: list[str]) -> int:
    """Check the problems, or all; print what is right, what is not, and what comes next."""
    from demos.workbook import PROBLEMS, report
    from demos.workbook.folder import is_untouched
    from demos.workbook.sheets import sheet_of

    wanted = problems or list(PROBLEMS)
    if trouble := absent(folder, wanted):
        return failure(trouble)
    begun = [problem for problem in wanted if not is_untouched(folder, sheet_of(problem))]
    right, todo = check_begun(folder, begun)
    todo += [problem for problem in wanted if problem not in begun]
    if todo:
        print(report.still_to_do(sorted(todo, key=PROBLEMS.index)))
    left = [problem for problem in wanted if problem not in right]
    if not problems:
        print(f"\n{report.progress(len(right), left[0] if left else None, folder)}")
    elif not left and wanted[-1] != PROBLEMS[-1]:
        print(report.following(PROBLEMS[PROBLEMS.index(wanted[-1]) + 1], folder))
    return 1 if left else 0


def absent(folder: Path, problems: list[str]) -> str:
    """Why nothing can be checked, in a sentence; empty if all files are there."""
    from demos.workbook.folder import is_workbook
    from demos.workbook.sheets import file_name, sheet_of

    if not is_workbook(folder):
        return f"there is no workbook in {folder}: python -m demos workbook writes one"
    for problem in problems:
        file = folder / file_name(sheet_of(problem))
        if not file.is_file():
            return f"{file} is missing: python -m demos workbook writes it anew"
    return ""


def check_begun(folder: Path, problems: list[str]) -> tuple[list[str], list[str]]:
    """Check problems whose file was changed, and print what was found.

    Returns:
        Those that are right, and those in which nothing was filled in.
    """
    from autograd.files import write_whole
    from demos.workbook import report
    from demos.workbook.running import check_files

    right, todo, watched = [], [], set()

    def show(problem: str, line: str) -> None:
        if problem not in watched:
            print(f"  watch   {problem}")
        watched.add(problem)
        print(f"          {line}")

    for checked in check_files(folder, problems, show):
        if checked.todo:
            todo.append(checked.problem)
            continue
        print(report.verdict(checked, folder))
        if checked.right:
            right.append(checked.problem)
        if checked.page:
            page = folder / f"{checked.problem}.html"
            write_whole(page, checked.page.encode())
            print(f"          Your numbers beside the engine's page: {page}")
    return right, todo


def solution(name: str) -> int:
    """Print the solution of one problem; of the engine by its name, all of it."""
    from demos import workbook

    problem, *others = problems_of(name)
    print(workbook.solution(problem.partition(".")[0] if others else problem), end="")
    return 0


def problems_of(name: str) -> list[str]:
    """The problems that somebody means by a name, a number or a file.

    Raises:
        LookupError: there are none.
    """
    from demos.workbook.sheets import PROBLEMS, SHEETS, sheet_of

    meant = name if name in PROBLEMS else re.sub(r"^\d+_|\.py$", "", Path(name).name)
    if name.isdecimal() and 1 <= int(name) <= len(SHEETS):
        meant = SHEETS[int(name) - 1]
    found = [problem for problem in PROBLEMS if meant in (problem, sheet_of(problem))]
    if not found:
        near = difflib.get_close_matches(meant.lower(), [*SHEETS, *PROBLEMS], n=1)
        rest = f"did you mean {near[0]}?" if near else f"there are {', '.join(SHEETS)}"
        raise LookupError(f"there is no problem {name!r}: {rest}")
    return found


def failure(sentence: str) -> int:
    """Print why nothing could be done. Returns the exit status 1."""
    print(f"python -m demos workbook: {sentence}", file=sys.stderr)
    return 1
