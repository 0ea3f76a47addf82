"""Checks of files, each in a process that cannot harm this one, and in 10 seconds."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import demos
from demos.workbook.questions import Result
from demos.workbook.sheets import file_name, sheet_of

SECONDS = 10
"""Time for each problem."""


@dataclass
class Checked:
    """What the check of one problem found.

    Attributes:
        problem: its name.
        results: of its questions.
        printed: what the student's code printed.
        page: a page in HTML that goes with it, if there is one.
    """

    problem: str
    results: list[Result] = field(default_factory=list)
    printed: str = ""
    page: str | None = None

    @property
    def right(self) -> bool:
        """Whether the problem is solved."""
        return bool(self.results) and all(result.passed for result in self.results)

    @property
    def todo(self) -> bool:
        """Whether nothing of it was filled in."""
        return all(result.todo for result in self.results)


def check_files(
    folder: Path,
    problems: Sequence[str],
    show: Callable[[str, str], None],
    seconds: float = SECONDS,
) -> Iterator[Checked]:
    """Check problems in a folder, one after another.

    Args:
        folder: where the student's files are.
        problems: their names.
        show: called with the problem and each line of what is to be watched meanwhile.
        seconds: the time for each problem.
    """
    rest = list(problems)
    while rest:
        for checked in _in_one_process(folder, rest, show, seconds):
            rest.remove(checked.problem)
            yield checked


def _in_one_process(
    folder: Path, problems: list[str], show: Callable[[str, str], None], seconds: float
) -> Iterator[Checked]:
    """Check until all is done, or until the process ends in the middle of a problem."""
    now = problems[0]
    done = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "demos.workbook.child",
                str(folder.resolve()),
                str(seconds),
                *problems,
            ],
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": _path(), "PYTHONIOENCODING": "utf-8"},
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                message = json.loads(line)
                if "begin" in message:
                    now = message["begin"]
                elif "show" in message:
                    show(now, message["show"])
                else:
                    done += 1
                    results = [Result(**result) for result in message["results"]]
                    yield Checked(now, results, message["printed"], message["page"])
            if done < len(problems):
                status = process.wait()
                complaints.seek(0)
                yield Checked(now, [Result(ended(now, status, complaints.read(), seconds), False)])
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _path() -> str:
    """Where the other process finds this package, wherever it was started."""
    here = str(Path(demos.__file__).parent.parent)
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))


def ended(problem: str, status: int, complaints: str, seconds: float) -> str:
    """Why a process ended before its answer, in a sentence."""
    main_thread = complaints.rpartition("hread 0x")[2]  # the last one, innermost call first
    found = re.search(rf'{file_name(sheet_of(problem))}", line (\d+)', main_thread)
    place = f" in line {found[1]}" if found else ""
    if "Timeout (" in complaints:
        return f"Still running after {seconds:g} s{place}: does a loop never end?"
    if "Traceback" in complaints and "runpy" in complaints:
        raise RuntimeError(f"the check of {problem} itself failed:\n{complaints}")
    if status < 0:
        return f"Python itself crashed{place}, by {signal.Signals(-status).name}"
    return f"The program ended itself{place}, with exit status {status}, before it had answered"
