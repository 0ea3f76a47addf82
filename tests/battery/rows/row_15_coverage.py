"""Coverage: lines and branches that the quick tests of a part run."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.battery import Row

ROOT = Path(__file__).parents[3]

# Sources, their tests, and how much of them must run, in percent.
PARTS = {
    "autograd/deprecation.py": (["tests/autograd/test_deprecation.py"], 100),
    "autograd/*.py,autograd/nodes/*,autograd/functions/*,autograd/names/*": (
        [*("tests/autograd", "tests/explaining", "tests/drawing"), "tests/test_wrong_arguments.py"],
        100,
    ),
    "nn/*": (["tests/nn", "tests/test_wrong_arguments.py"], 100),
    "autograd/compiler/*": (["tests/compiler", "tests/nn"], 95),
    "autograd/drawing/*,autograd/explaining/*,autograd/page/*": (
        ["tests/drawing", "tests/explaining", "tests/page"],
        95,
    ),
    "demos/*": (["tests/demos"], 95),
}


def covered(sources, tests):
    """How much of the sources these tests run, in percent of lines and branches."""
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        environment = {**os.environ, "COVERAGE_FILE": str(data), "PYTHONPATH": str(ROOT)}
        coverage = [sys.executable, "-m", "coverage"]
        options = ["--branch", f"--include={sources}"]
        pytest = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
        for command in (
            [*coverage, "run", *options, *pytest, *tests],
            [*coverage, "json", "-q", "-o", str(report)],
        ):
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return json.loads(report.read_text(encoding="utf-8"))["totals"]["percent_covered"]


def case(i):
    """One part. The figure is what no test runs, in percent."""
    sources, (tests, wanted) = list(PARTS.items())[i]
    found = covered(sources, tests)
    assert found >= wanted, f"{found:.1f} % of {sources.split(',')[0]} is run, and {wanted} wanted"
    return 100 - found


@contextmanager
def wrong():
    """Tests of something else."""
    usual = dict(PARTS)
    PARTS["autograd/deprecation.py"] = (["tests/autograd/test_clamp.py"], 100)
    try:
        yield
    finally:
        PARTS.update(usual)


ROW = Row(
    title="lines and branches that the quick tests of a part run, in their own process",
    case=case,
    full=len(PARTS),
    hours=0.3,
    limit=7200.0,
    quick=1,
    wrong=wrong,
    unit="parts",
    figure="% not run",
    slow=True,
)
