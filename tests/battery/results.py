"""What a row reached, and its line in ``tests/RESULTS.md``."""

from __future__ import annotations

import datetime
import importlib.metadata
import math
import platform
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import autograd
from autograd.files import write_whole
from tests.battery import Row
from tests.battery.workers import Result

FILE = Path(__file__).parents[1] / "RESULTS.md"
HEAD = """# What the battery reached

`python -m tests.battery` writes this file; CONTRIBUTING.md says how to run it. *Worst* is the
largest figure of all cases.

| Row | What | Reached | Worst | Findings | Date | Versions | Processor |
|---:|---|---:|---:|---|---|---|---|
"""


@dataclass
class Reached:
    """How far a row came: what is kept between runs, in a file that git ignores."""

    cases: int = 0
    worst: float | None = None
    worst_case: int = 0
    unusual: list[int] = field(default_factory=list)
    findings: dict[int, str] = field(default_factory=dict)

    def add(self, i: int, result: Result, usual: float) -> None:
        """The result of case i, whose figure is above ``usual`` in a few cases only."""
        figure, finding = result
        if figure is not None and (self.worst is None or figure > self.worst):
            self.worst, self.worst_case = figure, i
        if figure is not None and figure > usual and i not in self.unusual:
            self.unusual.append(i)
        self.findings.pop(i, None)
        if finding:
            self.findings[i] = finding


def write(number: int, row: Row, reached: Reached) -> str:
    """Replace the line of a row, and keep the others. Returns the line."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    lines = {int(n): line for line, n in re.findall(r"^(\| (\d+) \|.*)$", text, flags=re.M)}
    cells = [
        row.title,
        f"{reached.cases * row.per_case:,} of {row.full * row.per_case:,} {row.unit}",
        worst(row, reached),
        findings(row, reached),
        datetime.date.today().isoformat(),
        versions(),
        processor(),
    ]
    lines[number] = f"| {number} | {' | '.join(cell.replace('|', '¦') for cell in cells)} |"
    body = "".join(lines[n] + "\n" for n in sorted(lines))
    write_whole(FILE, (HEAD + body).encode())
    return lines[number]


def worst(row: Row, reached: Reached) -> str:
    """The largest figure; and where a row says what is usual, how many are not above that."""
    if reached.worst is None:
        return ""
    text = f"{reached.worst:.3g} {row.figure}".strip()
    if row.usual == math.inf:
        return text
    share = 1 - len(reached.unusual) / reached.cases
    return f"{text}; {share:.3%} under {row.usual:g}"


def findings(row: Row, reached: Reached) -> str:
    """How many, and the first of them."""
    found = [f"case {i}: {text[:100]}" for i, text in sorted(reached.findings.items())]
    if len(reached.unusual) > max(1, reached.cases / 1000):
        found.insert(0, f"{len(reached.unusual)} cases above {row.usual:g}")
    return f"{len(found)}: {'; '.join(found[:3])}" if found else "none"


def versions() -> str:
    """Of this code, of Python and of the libraries that the cases compare with."""
    known = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
    others = [f"{name} {known[name]}" for name in ("numpy", "llvmlite", "torch") if name in known]
    commit = _git("describe", "--always").stdout.strip()
    changed = commit and _git("diff", "--quiet", "HEAD", "--", ":/", f":!{FILE.name}").returncode
    here = f"{autograd.__version__} {commit}{'-dirty' if changed else ''}".strip()
    return ", ".join([here, f"Python {platform.python_version()}", *others])


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=FILE.parent, capture_output=True, text=True)


def processor() -> str:
    """The processor's name, as far as the system says it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*:\s*(.*)$", text, flags=re.M)
    return name[1] if name else platform.machine()
