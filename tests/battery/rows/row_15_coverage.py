"""Coverage: lines and branches that tests run, part by part; ``tests/covered.py`` lists the runs.

CI measures the same in the same runs, and prints the line of this row: copy it to
``tests/RESULTS.md``. So the quick form here is only one small file.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from coverage import Coverage

from tests.battery import Row
from tests.covered import PARTS, RUNS, Part, report

ROOT = Path(__file__).parents[3]
SMALL = Part(100, ("autograd/deprecation.py",))
# What to measure, in which runs.
CASES = [
    ({"small": SMALL}, {"one": ("-m", "pytest", "tests/autograd/test_deprecation.py")}),
    (PARTS, RUNS),
]


def case(i):
    """The figure is what is not run of the worst part, in percent."""
    parts, runs = CASES[i]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        for name, run in runs.items():
            out = ("--out", f"{folder}/playground") if name == "playground" else ()
            done = subprocess.run(
                [sys.executable, "-m", "coverage", "run", *run, *out],
                cwd=ROOT,
                env={**os.environ, "COVERAGE_FILE": str(data), "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, name + done.stdout[-2000:] + done.stderr[-2000:]
        measured = Coverage(data)
        measured.combine()
        least, low = report(parts, measured)
    assert not low, f"below their bars: {low}"
    return 100 - least


@contextmanager
def wrong():
    """Tests of something else."""
    usual = CASES[0]
    CASES[0] = (usual[0], {"one": ("-m", "pytest", "tests/autograd/test_seed.py")})
    try:
        yield
    finally:
        CASES[0] = usual


ROW = Row(
    title="lines and branches that the tests run, part by part",
    case=case,
    full=len(CASES),
    hours=0.1,
    quick=1,
    wrong=wrong,
    unit="measurements",
    figure="% of a part not run",
    limit=7200.0,
    alone=True,
    slow=True,
)
