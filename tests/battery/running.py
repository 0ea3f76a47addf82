"""Runs the cases of a row, on all cores, from where the last run stopped."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import pytest

from autograd.files import write_whole
from autograd.visible import visible
from tests.battery import Row, load, results
from tests.battery.results import Reached
from tests.battery.workers import Result, attempts

STATE = Path(__file__).parents[2] / ".battery"
SECONDS = 20.0  # between two reports
LONGEST = 1000  # characters of a finding, which may quote a hostile label


def attempt(number: int, i: int) -> Result:
    """The figure of a case, and what it found."""
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
        results.write(number, row, reached)
        print(f"{number}: {reached.cases} cases, worst {reached.worst}", flush=True)

    todo = itertools.chain(sorted(reached.findings), range(reached.cases, cases))
    processes = 1 if row.alone else os.cpu_count() or 1
    done, saved = set(), time.monotonic()  # cases beyond the first that is not done
    try:
        with (
            tempfile.TemporaryDirectory() as folder,  # a process that is killed leaves its files
            mock.patch.dict(os.environ, TMPDIR=folder),
            contextlib.closing(
                attempts(functools.partial(attempt, number), todo, processes, row.limit)
            ) as found,
        ):
            for i, result in found:
                reached.add(i, result, row.usual)
                done.add(i)
                while reached.cases in done:
                    done.remove(reached.cases)
                    reached.cases += 1
                if result[1]:
                    print(f"{number}: case {i}: {result[1]}", flush=True)
                if time.monotonic() > saved + SECONDS:
                    save()
                    saved = time.monotonic()
    finally:
        save()
    return reached
