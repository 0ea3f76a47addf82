"""The process in which a student's code runs: it may hang, crash or end, and is started anew then.

``python -m demos.workbook.child FOLDER SECONDS PROBLEM ...`` checks the problems one after another,
each in at most that time, and writes what it finds as lines of JSON: the name of a problem before
its check, lines to show meanwhile, and its results.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import sys
import types
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograd.visible import visible
from demos import workbook
from demos.workbook.outcomes import Namespace, attempt
from demos.workbook.questions import Result
from demos.workbook.sheets import file_name, module, sheet_of

MEMORY = 4 << 30
"""In bytes. A list that grows for ever ends here, and not the student's other programs."""

MOST_PRINTED = 10_000
"""Characters of what the student's code prints."""


class Printed(io.StringIO):
    """What the student's code prints, up to a limit."""

    def write(self, text: str) -> int:
        """Keep the text while there is room."""
        room = MOST_PRINTED - self.tell()
        super().write(text[:room] if room > 0 else "")
        return len(text)


def main(folder: str, seconds: str, *problems: str) -> None:
    """Check each problem, and write its results to the standard output of this process."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    limit_memory()
    faulthandler.enable()
    sys.path.append(folder)  # not first: a file there may have any name
    for problem in problems:
        tell(answers, begin=problem)
        module(sheet_of(problem))  # imported before the student's time begins
        faulthandler.dump_traceback_later(float(seconds), exit=True)
        check(Path(folder), problem, answers)
        faulthandler.cancel_dump_traceback_later()
    os._exit(0)  # whatever threads the student's code has left


def check(folder: Path, problem: str, answers: int) -> None:
    """Run the student's file, and ask the questions of a problem."""
    page = None
    with contextlib.redirect_stdout(Printed()) as printed:
        names, trouble = load(folder / file_name(sheet_of(problem)))
        if trouble:
            results = [trouble]
        else:
            results = workbook.check(problem, names, lambda line: tell(answers, show=line))
            if not all(result.todo for result in results):
                page = workbook.page(problem, names)
    found = [asdict(result) for result in results]
    tell(answers, results=found, printed=printed.getvalue(), page=page)


def load(path: Path) -> tuple[Namespace, Result | None]:
    """The global names of a file after it was run; and what was wrong, if it does not run."""
    student = types.ModuleType(path.stem)
    names = vars(student)
    names["__file__"] = str(path)
    sys.modules[path.stem] = student
    try:
        code = compile(path.read_bytes(), str(path), "exec")
    except SyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else "the file"
        return names, Result(f"Python cannot read {place}: {visible(error.msg, 100)}", False)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return names, Result(f"Python cannot read the file: {visible(error, 100)}", False)
    outcome = attempt(lambda _: exec(code, names), names)
    if outcome.error:
        return names, Result(f"The file does not run: {outcome}", False)
    return names, None


def tell(answers: int, **message: Any) -> None:
    """Write a line for the process that waits, to this file descriptor."""
    line = f"{json.dumps(message)}\n".encode()
    while line:
        line = line[os.write(answers, line) :]


def limit_memory() -> None:
    """Let a program that takes all memory end with a MemoryError, where the system can do that."""
    if sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        soft = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (soft, most))


if __name__ == "__main__":
    main(*sys.argv[1:])
