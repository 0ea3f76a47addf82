"""Writes ``tests/RESULTS.md``: a table with one line for each row that was ever run."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import autograd
from autograd.files import write_whole
from tests.battery import Row

FILE = Path(__file__).parents[1] / "RESULTS.md"
HEAD = """# What the battery reached

`python -m tests.battery` writes this file; CONTRIBUTING.md says how to run it. *Worst* is the
largest figure of all cases.

| Row | What | Reached | Worst | Findings | Date | Versions | Processor |
|---:|---|---:|---:|---|---|---|---|
"""


def write(
    number: int, row: Row, cases: int, worst: float | None, findings: Mapping[int, str]
) -> None:
    """Replace the line of a row, and keep the others."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    lines = {int(n): line for line, n in re.findall(r"^(\| (\d+) \|.*)$", text, flags=re.M)}
    found = [f"case {i}: {found[:100]}" for i, found in sorted(findings.items())[:3]]
    cells = [
        row.title,
        f"{cases * row.per_case:,} of {row.full * row.per_case:,} {row.unit}",
        "" if worst is None else f"{worst:.3g} {row.figure}".strip(),
        f"{len(findings)}: {'; '.join(found)}" if findings else "none",
        datetime.date.today().isoformat(),
        versions(),
        processor(),
    ]
    lines[number] = f"| {number} | {' | '.join(cell.replace('|', '¦') for cell in cells)} |"
    body = "".join(lines[n] + "\n" for n in sorted(lines))
    write_whole(FILE, (HEAD + body).encode())


def versions() -> str:
    """Of this code, of Python and of the libraries that the cases compare with."""
    known = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
    others = [f"{name} {known[name]}" for name in ("numpy", "llvmlite", "torch") if name in known]
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, cwd=FILE.parent, capture_output=True, text=True).stdout.strip()
    here = f"{autograd.__version__} {commit}".strip()
    return ", ".join([here, f"Python {platform.python_version()}", *others])


def processor() -> str:
    """The processor's name, as far as the system says it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*:\s*(.*)$", text, flags=re.M)
    return name[1] if name else platform.machine()
