"""Mutants, and the tests that notice them: seconds for each, because little is done twice.

One process imports the sources with all mutants in them, each behind a switch, and lets pytest
collect the tests. Then each run is a fork of it: first one for each test file, which notes the
places that each test runs; then one for each mutant, which turns its switch, and runs those tests
that run its place, the quickest first, until one fails. A place that only an import runs needs a
process of its own, in which it is switched from the start. POSIX only, because of the fork.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import hashlib
import importlib.machinery
import importlib.util
import itertools
import json
import multiprocessing
import os
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.battery.places import ROOT, SWITCH, Place, with_mutants

STATE = ROOT / ".battery" / "mutants"
OPTIONS = "-q -s -n 0 -p no:cacheprovider --no-header --tb=no".split()
MOST_FILES = 8  # that are collected anew for what only an import runs
MOST = 60.0  # seconds of tests that one mutant gets, as of all others of processor time
SLOWER, PAUSE = 5, 20  # what takes this times its usual time, and these seconds, hangs
LONGEST = 1200  # seconds of the clock, for what waits
MEMORY = 12 * 2**30  # bytes of addresses
Seconds = dict[str, dict[str, float]]  # of each place, the tests that run it


class Mutants:
    """Tries mutants of some places with the tests of some files."""

    def __init__(self, places: Collection[Place], test_files: Collection[str]) -> None:
        self.places, self.test_files = places, test_files

    @functools.cached_property
    def started(self) -> tuple[Connection, Seconds, set[str], dict[str, float]]:
        """A process for all mutants, the tests of each place, the places that importing ran, and
        all tests."""
        pipe = self._start("", self.test_files)
        return pipe, *pipe.recv()

    def killer(self, place: Place) -> str:
        """The test that fails with a mutant; "" if none does."""
        pipe, tests_of, imported, every = self.started
        found = _answer(pipe, place, tests_of.get(place.what, {}))
        if found or place.what not in imported:
            return found
        # Importing ran it: in tests, in what they share, or in what is computed once.
        near = [t for what, t in tests_of.items() if what.startswith(f"{place.file} ")]
        counts = Counter(test.partition("::")[0] for tests in near for test in tests)
        name = f"/test_{Path(place.file).stem}"
        files = {file for file in self.test_files if name in file}
        files |= {file for file, _ in counts.most_common(MOST_FILES)}
        if not files:
            return ""
        pipe = self._start(place.what, sorted(files))
        if pipe.recv() == pytest.ExitCode.INTERRUPTED:
            return "an import"
        return _answer(
            pipe, place, {t: s for t, s in every.items() if t.partition("::")[0] in files}
        )

    def _start(self, mutant: str, test_files: Collection[str]) -> Connection:
        """A process that has collected the tests with this mutant, or with none."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, mutant, self.places, test_files)
        context.Process(target=_serve, args=arguments, daemon=True).start()
        theirs.close()
        return ours


def _quickest(tests: dict[str, float]) -> dict[str, float]:
    """Those that take at most ``MOST`` seconds together."""
    ordered = sorted(tests, key=tests.get)
    sums = itertools.accumulate(tests[test] for test in ordered)
    return {test: tests[test] for test, total in zip(ordered, sums) if total <= MOST}


def _answer(pipe: Connection, place: Place, tests: dict[str, float]) -> str:
    pipe.send((place.what, _quickest(tests)))
    return pipe.recv()


# --- in the process that collects the tests ---


class Switch:
    """The switch of all mutants. It notes what it is asked for."""

    def __init__(self, mutant: str) -> None:
        self.mutant = mutant
        self.asked: set[str] = set()

    def __call__(self, place: str) -> bool:
        """Whether to run the mutant of this place."""
        self.asked.add(place)
        return place == self.mutant


class Importer(importlib.machinery.SourceFileLoader):
    """Imports one module with its mutants, and leaves the others to Python."""

    def __init__(self, file: str, wanted: Collection[str]) -> None:
        super().__init__(file.removesuffix(".py").replace("/", "."), str(ROOT / file))
        self.tree = with_mutants(file, wanted)

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """The module's, if it is this one."""
        if name == self.name:
            return importlib.util.spec_from_file_location(name, self.path, loader=self)
        return None

    def get_code(self, fullname: str) -> Any:
        """Not that of a file of bytecode."""
        return compile(self.tree, self.path, "exec", dont_inherit=True)


def _serve(
    pipe: Connection, mutant: str, places: Collection[Place], test_files: Collection[str]
) -> None:
    """Collect the tests, and run what the pipe asks for, until it is closed."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.chdir(ROOT)
    assert not {"autograd", "nn"} & set(sys.modules)
    switch = Switch(mutant)
    setattr(builtins, SWITCH, switch)
    for file in {place.file for place in places}:
        sys.meta_path.insert(0, Importer(file, {p.what for p in places if p.file == file}))
    plugin = Serving(pipe, switch, sorted(place.what for place in places))
    code = pytest.main([*OPTIONS, *test_files], plugins=[plugin])
    with contextlib.suppress(OSError):  # nobody asks any longer
        pipe.send(code)


class Serving:
    """A pytest plugin that runs collected tests when it is asked to, each time in a fork."""

    def __init__(self, pipe: Connection, switch: Switch, wanted: list[str]) -> None:
        self.pipe, self.switch, self.wanted = pipe, switch, wanted
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what failed."""
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Answer requests instead of running all tests."""
        if session.testsfailed:
            raise session.Interrupted("a file cannot be imported")
        items = {item.nodeid: item for item in session.items}
        imported = set(self.switch.asked)
        if self.switch.mutant:
            self.pipe.send(None)  # collected
        else:
            tests, every = self._tests(items)
            self.pipe.send((tests, imported, every))
        with contextlib.suppress(EOFError):
            while True:
                self.switch.mutant, tests = self.pipe.recv()
                chosen = [items[test] for test in sorted(tests, key=tests.get) if test in items]
                seconds = PAUSE + SLOWER * sum(tests.values())
                found = _in_fork(functools.partial(self._killer, chosen), seconds)
                self.pipe.send("a hang or a crash" if found is None else found)
        return True

    def _tests(self, items: dict[str, pytest.Item]) -> tuple[Seconds, dict[str, float]]:
        """The tests that run each place, and all tests, with their seconds."""
        found: Seconds = defaultdict(dict)
        every: dict[str, float] = {}
        for file, group in itertools.groupby(items.values(), lambda i: i.nodeid.partition("::")[0]):
            path = STATE / f"{file.replace('/', '.')}.json"
            key = hashlib.sha256((ROOT / file).read_bytes() + repr(self.wanted).encode())
            note = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            if note.get("key") != key.hexdigest():
                note = _in_fork(functools.partial(self._note, [*group]), 10 * LONGEST)
                assert note, f"{file} cannot be run"
                STATE.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(note | {"key": key.hexdigest()}), encoding="utf-8")
            for test, ran in note["ran"].items():
                every[test] = note["seconds"][test]
                for place in ran:
                    found[self.wanted[place]][test] = note["seconds"][test]
        return dict(found), every

    def _note(self, items: list[pytest.Item]) -> dict[str, Any]:
        """The places that each test runs, and its seconds, if it passes."""
        numbers = {what: i for i, what in enumerate(self.wanted)}
        ran, seconds, before = {}, {}, _seconds()
        for item in self._run(items):
            ran[item.nodeid] = sorted(numbers[what] for what in self.switch.asked)
            seconds[item.nodeid] = _seconds() - before
            self.switch.asked.clear()
            before = _seconds()
        for failed in self.failed:
            ran.pop(failed, None)
        return {"ran": ran, "seconds": seconds}

    def _killer(self, items: list[pytest.Item]) -> str:
        """The first test that fails."""
        for _ in self._run(items):
            if self.failed:
                return self.failed[0]
        return ""

    def _run(self, items: list[pytest.Item]) -> Iterator[pytest.Item]:
        self.switch.asked.clear()
        for item, following in zip(items, [*items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            yield item


def _seconds() -> float:
    return sum(os.times()[:4])  # of the processor, for this process and those that it has ended


def _in_fork(function: Callable[[], Any], seconds: float) -> Any:
    """What a function returns in a fork; None if that crashes, or takes longer."""
    import resource

    with tempfile.NamedTemporaryFile() as file:
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(LONGEST)
                Path(file.name).write_text(json.dumps(function()), encoding="utf-8")
            os._exit(0)
        os.waitpid(child, 0)
        content = file.read()
    return json.loads(content) if content else None
