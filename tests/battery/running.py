"""Runs the cases of a row, on all cores, from where the last run stopped."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from autograd.files import write_whole
from autograd.visible import visible
from tests.battery import Row, load, results

STATE = Path(__file__).parents[2] / ".battery"
BLOCK = 32  # cases that are handed out together, for each process
SECONDS = 20.0  # between two reports
LONGEST = 1000  # characters of a finding, which may quote a hostile label


@dataclass
class Reached:
    """How far a row came: what is kept between runs, in a file that git ignores."""

    cases: int = 0
    worst: float | None = None
    worst_case: int = 0
    findings: dict[int, str] = field(default_factory=dict)

    def add(self, i: int, figure: float | None, finding: str) -> None:
        """The result of case i."""
        if figure is not None and (self.worst is None or figure > self.worst):
            self.worst, self.worst_case = figure, i
        self.findings.pop(i, None)
        if finding:
            self.findings[i] = finding


def attempt(number: int, i: int) -> tuple[float | None, str]:
    """The figure of a case, and what it found; "" if nothing."""
    try:
        return load()[number].case(i), ""
    except (Exception, pytest.fail.Exception) as error:  # the latter is what pytest.raises raises
        place = traceback.extract_tb(error.__traceback__)[-1]
        notes = getattr(error, "__notes__", ())  # hypothesis puts its example there
        text = " ".join(" ".join([str(error), *notes]).split()) or place.line
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        return None, f"{where}: {visible(text, LONGEST)}"


def run(number: int, row: Row, cases: int, again: bool) -> Reached:
    """Run a row until it has reached this many cases, or until Ctrl-C, and write its line.

    Cases that found something in an earlier run are tried again first.
    """
    path = STATE / f"row_{number:02}.json"
    reached = Reached()
    if path.exists() and not again:
        kept = json.loads(path.read_text(encoding="utf-8"))
        reached = Reached(**kept | {"findings": {int(i): t for i, t in kept["findings"].items()}})

    def save() -> None:
        write_whole(path, json.dumps(asdict(reached)).encode())
        results.write(number, row, reached.cases, reached.worst, reached.findings)
        print(f"{number}: {reached.cases} cases, worst {reached.worst}", flush=True)

    # Workers leave Ctrl-C to this process.
    ignored = (signal.SIGINT, signal.SIG_IGN)
    processes = 1 if row.alone else os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, signal.signal, ignored)
    saved = time.monotonic()
    try:
        todo = [*reached.findings]
        while todo or reached.cases < cases:
            last = min(cases, reached.cases + BLOCK * processes)
            todo = todo or [*range(reached.cases, last)]
            for i, result in zip(todo, pool.map(attempt, [number] * len(todo), todo)):
                reached.add(i, *result)
                reached.cases = max(reached.cases, i + 1)
                if result[1]:
                    print(f"{number}: case {i}: {result[1]}", flush=True)
            todo = []
            if time.monotonic() > saved + SECONDS:
                save()
                saved = time.monotonic()
    finally:
        pool.shutdown(cancel_futures=True)
        save()
    return reached
