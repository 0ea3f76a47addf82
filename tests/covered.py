"""How much of each part the tests run: lines and branches, in percent.

``python -m tests.covered quick`` measures the quick tests and the processes that they start;
``libraries``, ``demos`` and ``playground`` measure what else counts. Then ``python -m
tests.covered`` prints a line for each part, and fails if one is below its bar.
"""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage


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


def of(part: Part, measured: Coverage) -> tuple[float, str]:
    """The percent of lines and branches that were run, and a table of those that were not."""
    table = io.StringIO()
    percent = measured.report(
        include=part.include,
        omit=part.omit,
        show_missing=True,
        skip_covered=True,
        file=table,
    )
    return percent, table.getvalue()


def main() -> int:
    """Measure what is named; or print each part's percent, and what is not run if that is low."""
    if len(sys.argv) > 1:
        _, name, *more = sys.argv
        command = [sys.executable, "-m", "coverage", "run", *RUNS[name], *more]
        os.execv(sys.executable, command)
    measured = Coverage()
    measured.combine()
    status = 0
    for name, part in PARTS.items():
        percent, table = of(part, measured)
        print(f"{name:8} {percent:6.2f} % of lines and branches are run; {part.bar} are wanted")
        if percent < part.bar:
            status = 1
            print(table)
    return status


if __name__ == "__main__":
    sys.exit(main())
