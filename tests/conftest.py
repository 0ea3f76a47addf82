"""The options --slow and --passed, and fixtures shared by all tests."""

import importlib
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests import counts

BENCHMARKS = Path(__file__).parent / "benchmarks"
# The browser, the whole tour of the demos, trainings to be killed.
SLOW_FIXTURES = {"browser", "tour", "trainings"}


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests too")
    parser.addoption(
        "--passed",
        type=Path,
        metavar="FILE",
        help="note in FILE what passes; leave out what it names, but not what --slow tries more of",
    )


def pytest_configure(config):
    counts.slow = config.option.slow
    if config.option.passed and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Passed(config.option.passed))


class Passed:
    """Notes what passed, so that another run does not repeat it."""

    def __init__(self, path):
        self.path, self.names = path, []

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            self.names.append(report.nodeid)

    def pytest_sessionfinish(self):
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in self.names)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    """Save what coverage measured here. pytest-xdist ends a process that takes longer than 10 s."""
    coverage = sys.modules.get("coverage")
    measured = coverage and coverage.Coverage.current()
    if measured and hasattr(session.config, "workerinput"):
        measured.save()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Coverage does not look at a test that is marked unmeasured."""
    coverage = sys.modules.get("coverage")
    measured = coverage and coverage.Coverage.current()
    if not measured or item.get_closest_marker("unmeasured") is None:
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One process for single files and for benchmarks; otherwise one per core."""
    paths = [Path(argument.partition("::")[0]) for argument in config.args]
    alone = all(path.is_file() for path in paths)
    return 0 if alone or any(path.resolve().is_relative_to(BENCHMARKS) for path in paths) else None


def is_slow(item):
    """Marked so, or by what it uses."""
    slow = not SLOW_FIXTURES.isdisjoint(item.fixturenames)
    return slow or item.get_closest_marker("slow") is not None


def tries_more(item):
    """Whether --slow makes a test larger, as far as its file says.

    ``some`` makes none larger: with it --slow has more tests, of other names.
    """
    return not {"counts", "count"}.isdisjoint(vars(item.module))


def pytest_collection_modifyitems(config, items):
    """Without --slow, leave out the slow tests, except those that the command line names."""
    noted = config.option.passed
    passed = set(noted.read_text(encoding="utf-8").splitlines() if noted and noted.exists() else ())
    named = {argument.partition("[")[0].rpartition("::")[2] for argument in config.args}
    chosen, left_out = [], []
    for item in items:
        # pytest-xdist needs the same names in every process.
        assert " at 0x" not in item.nodeid, f"{item.nodeid}: give its parameters ids"
        wanted = config.option.slow or not is_slow(item) or item.originalname in named
        wanted = wanted and (item.nodeid not in passed or tries_more(item))
        (chosen if wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = chosen


def pytest_terminal_summary(terminalreporter, config):
    if not config.option.slow:
        terminalreporter.write_line(
            "Left out: tests marked slow (browsers, notebooks, kills, thousands of random "
            "programs, long demos). pytest --slow runs them too."
        )


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """Programs that tests start react to Ctrl-C, even if the tests run in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def torch():
    """PyTorch, to compare with. Without it tests are skipped, except in CI, where they fail."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("CI compares with PyTorch, and it is not installed")
        pytest.skip("PyTorch is not installed")


ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
).split()
# Without windows, which nobody sees here, Chromium takes half of the time.
PROGRAMS = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "chrome", "msedge"),
)


def unavailable(what):
    if os.environ.get("CI"):
        pytest.fail(f"CI tests pages in a browser, and {what}")
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser():
    """Chromium, driven by Playwright. Without them tests are skipped, except in CI."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        unavailable("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()
