"""How much of each part the tests run: lines and branches, in percent.

``python -m coverage run -m pytest`` measures, also in the processes that tests start. Then
``python -m tests.covered`` prints a line for each part, and fails if one is below its bar.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

from coverage import Coverage


@dataclass(frozen=True)
class Part:
    """Some of the sources, as patterns of coverage's, and the least that tests must run of them."""

    bar: float
    include: tuple[str, ...]
    omit: tuple[str, ...] = ()


LENSES = ("autograd/drawing/*", "autograd/explaining/*", "autograd/page/*")
PARTS = {
    "engine": Part(100, ("autograd/*",), ("autograd/compiler/*", *LENSES)),
    "nn": Part(100, ("nn/*",)),
    "compiler": Part(95, ("autograd/compiler/*",)),
    "lenses": Part(95, LENSES),
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
    """Print the percent of each part, and what is not run where that is below the bar."""
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
