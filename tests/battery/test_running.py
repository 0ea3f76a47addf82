"""The runner: what a row reached is kept, and nothing that a case does stops it."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from coverage import CoverageData

from tests import covered
from tests.battery import load, results
from tests.battery.results import Reached
from tests.battery.workers import attempts

ROOT = Path(__file__).parents[2]


def test_a_row_keeps_the_lines_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FILE", tmp_path / "RESULTS.md")
    results.write(12, load()[12], Reached(cases=3))
    results.write(1, load()[1], Reached(2, 1.5, findings={1: "AssertionError: a | b"}))
    results.write(1, load()[1], Reached(4, 2.5))
    lines = results.FILE.read_text(encoding="utf-8").splitlines()[-3:]
    assert [line[:5] for line in lines] == ["|---:", "| 1 |", "| 12 "]
    assert "2.5 of the ulps that are allowed | none |" in lines[1]


def test_what_is_above_the_usual_bound_is_counted_and_too_much_of_it_is_a_finding():
    row = load()[2]
    reached = Reached(cases=3000)
    for i, figure in enumerate([1e-15, 2e-13, 3e-13, 2e-13, None]):
        reached.add(i, (figure, ""), row.usual)
        reached.add(i, (figure, ""), row.usual)  # tried again
    assert results.worst(row, reached) == "3e-13 of the largest number; 99.900% under 1e-13"
    assert results.findings(row, reached) == "none"
    reached.add(9, (2e-13, ""), row.usual)
    assert results.findings(row, reached) == "1: 4 cases above 1e-13"


def test_the_line_of_coverage_is_written_when_all_runs_were_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FILE", tmp_path / "RESULTS.md")
    monkeypatch.setattr(sys, "argv", ["covered"])
    monkeypatch.setenv("COVERAGE_FILE", str(tmp_path / "data"))
    monkeypatch.setattr(covered, "PARTS", {"small": covered.Part(99, ("autograd/deprecation.py",))})
    for runs in list(covered.RUNS)[1:], covered.RUNS:
        assert not results.FILE.exists()
        for name in runs:
            data = CoverageData(str(tmp_path / "data"), suffix=name)
            data.set_context(name)
            data.add_arcs({str(ROOT / "autograd/deprecation.py"): {(-1, 3)}})
            data.write()
            data.close()
        assert covered.main() == 1  # one line of all is not enough
    line = results.FILE.read_text(encoding="utf-8").splitlines()[-1]
    assert line.startswith("| 15 |")
    assert "below their bars: small" in line


def hostile(folder, i):
    """A case for each way in which one can go wrong."""
    if i == 1:
        os._exit(3)
    if i == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    if i == 3:
        child = subprocess.Popen(["sleep", "100"])
        (folder / "child").write_text(str(child.pid))
        while True:
            pass
    return float(i), ""


@pytest.mark.slow
def test_a_case_that_dies_or_hangs_is_a_finding_and_the_run_goes_on(tmp_path):
    found = dict(attempts(functools.partial(hostile, tmp_path), range(6), 2, limit=3.0))
    assert found == {
        0: (0.0, ""),
        1: (None, "its process died: exit status 3"),
        2: (None, "its process died: signal SIGSEGV"),
        3: (None, "no end within 3 s"),
        4: (4.0, ""),
        5: (5.0, ""),
    }
    left = Path("/proc", (tmp_path / "child").read_text(), "cmdline")  # of what case 3 started
    end = time.monotonic() + 10  # a signal takes a moment
    while (alive := left.exists() and left.read_bytes() != b"") and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive  # a zombie has no command line


def command(folder, *words):
    """The battery in a process of its own, which writes into this folder."""
    program = f"""
import pathlib, sys
from tests.battery import __main__, results, running
running.STATE, running.SECONDS = pathlib.Path({str(folder)!r}), 0.1
results.FILE = running.STATE / "RESULTS.md"
__main__.main()
"""
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_the_command_stops_at_once_and_goes_on(tmp_path):
    running = command(tmp_path, "8", "--full")
    assert "worst None" in running.stdout.readline()
    stopped = time.monotonic()
    running.send_signal(signal.SIGINT)
    assert "stopped" in running.communicate()[0]
    assert time.monotonic() - stopped < 20  # seconds, on a machine that does much else
    path = tmp_path / "row_08.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    assert 0 < state["cases"] < load()[8].full
    state["findings"] = {"0": "a fault that was mended"}
    path.write_text(json.dumps(state), encoding="utf-8")
    wanted = state["cases"] + 2
    assert f"8: {wanted} cases" in command(tmp_path, "8", "--count", str(wanted)).communicate()[0]
    after = json.loads(path.read_text(encoding="utf-8"))
    assert (after["cases"], after["findings"]) == (wanted, {})
    assert f"{wanted:,} of" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
