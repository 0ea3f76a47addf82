"""How much of each part the tests run: lines and branches, in percent.

``python -m tests.covered quick`` measures the quick tests and the processes that they start;
``libraries``, ``demos`` and ``playground`` measure what else counts. Then ``python -m
tests.covered`` prints a line for each part, and fails if one is below its bar. If all four ran, it
writes the line of row 15 into ``tests/RESULTS.md``, and prints it.
"""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage

from tests.battery import load
from tests.battery.results import Reached, write


@dataclass(frozen=True)
class Part:
    """Some of the sources, as patterns of coverage's, and the least that tests must run of them."""

    bar: float
    include: tuple[str, ...]
    omit: tuple[str, ...] = ()


ROOT = Path(__file__).parent.parent

# What is measured, as arguments of ``coverage run``. The demos compute for long in the engine,
# which is not measured meanwhile.
RUNS = {
    "quick": ("-m", "pytest"),
    "libraries": (
        *("-m", "pytest", "--slow", "tests/formats", "tests/nn/formats"),
        *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("tests/*/test_jax*.py"))),
    ),
    "demos": (
        *("--source=demos", "-m", "pytest", "--slow", "-m", "slow"),
        *("-k", "the_demo or site_built or workbook or prompt or test_matrices", "tests/demos"),
    ),
    "playground": ("--source=demos", "-m", "demos", "playground"),
}

LENSES = ("autograd/drawing/*", "autograd/explaining/*", "autograd/page/*")
PARTS = {
    "engine": Part(100, ("autograd/*",), ("autograd/compiler/*", "autograd/formats/*", *LENSES)),
    "nn": Part(100, ("nn/*",)),
    "compiler": Part(95, ("autograd/compiler/*",)),
    "lenses": Part(95, LENSES),
    "formats": Part(95, ("autograd/formats/*",)),
    "demos": Part(95, ("demos/*",)),
}


def report(parts: dict[str, Part], measured: Coverage) -> tuple[float, str]:
    """Print the percent of lines and branches that were run of each part, and a table of those
    that were not if that is too little. The least percent, and the names of the parts below bar.
    """
    percents = {}
    for name, part in parts.items():
        table = io.StringIO()
        percents[name] = measured.report(
            include=part.include, omit=part.omit, show_missing=True, skip_covered=True, file=table
        )
        print(f"{name:8} {percents[name]:6.2f} % of lines and branches are run; {part.bar} wanted")
        if percents[name] < part.bar:
            print(table.getvalue())
    low = ", ".join(name for name, part in parts.items() if percents[name] < part.bar)
    return min(percents.values()), low


def main() -> int:
    """Measure what is named; or report, and write the line of the battery's row 15."""
    if len(sys.argv) > 1:
        _, name, *more = sys.argv
        command = ["-m", "coverage", "run", f"--context={name}", *RUNS[name], *more]
        os.execv(sys.executable, [sys.executable, *command])
    measured = Coverage()
    measured.combine()
    least, low = report(PARTS, measured)
    if measured.get_data().measured_contexts() >= RUNS.keys():
        row, findings = load()[15], {1: f"below their bars: {low}"} if low else {}
        print(write(15, row, Reached(row.full, 100 - least, findings=findings)))
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
