"""Mutants: one operator, number or condition is changed; a test that runs the line must fail.

The sample is frozen: a hash of what it changes, with the text of its line, puts each place into one
of 300 cases, and each case takes its first. So an edit changes no cases but those of its own lines.
``--count 601`` takes the second of each case too. (mutmut and cosmic-ray start pytest anew for each
mutant, and number them by their lines; ``mutating.py`` is quicker, and shorter than their setup.)
"""

import functools
import hashlib
import itertools
from contextlib import contextmanager

from tests.battery import Row
from tests.battery.mutating import Mutants
from tests.battery.places import ROOT, Place, places

SAMPLE = 300
ROUNDS = 2
SOURCES = """autograd/*.py autograd/nodes/*.py autograd/functions/*.py autograd/names/*.py
    autograd/explaining/*.py nn/*.py autograd/compiler/stages/**/*.py""".split()
TESTS = """tests/test_wrong_arguments.py tests/autograd/test_*.py tests/explaining/test_*.py
    tests/drawing/test_*.py tests/nn/test_*.py tests/compiler/test_*.py""".split()

# A mutant that once lived, and the tests that were written to notice.
KNOWN = Place(
    "nn/losses.py",
    "nn/losses.py _mean: return terms[0] if len(terms) == 1 else _sum(terms) / len(terms): 1 -> 2",
)
NOTICES = ["tests/nn/test_few_terms.py"]

# Mutants that no test needs to notice, each with its reason in the line after it: they do the same,
# more slowly, or in another order that is as good.
LINES = (ROOT / "tests/battery/alike.txt").read_text(encoding="utf-8").splitlines()
ALIKE = dict(zip(LINES[::2], LINES[1::2]))


@functools.cache
def sample() -> list[list[Place]]:
    """The places of each case, in the order in which they are taken."""
    cases: list[list[tuple[int, Place]]] = [[] for _ in range(SAMPLE)]
    for file in _files(SOURCES):
        for place in places(file):
            number = int(hashlib.sha256(place.what.encode()).hexdigest(), 16)
            cases[number % SAMPLE].append((number, place))
    gone = ALIKE.keys() - {place.what for case in cases for _, place in case}
    assert not gone, f"alike.txt names what is no longer there: {gone}"
    return [[place for _, place in sorted(case, key=lambda pair: pair[0])] for case in cases]


def _files(patterns: list[str]) -> list[str]:
    found = itertools.chain(*map(ROOT.glob, patterns))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@functools.cache
def sampled() -> Mutants:
    """The sample, and the tests that may notice."""
    return Mutants([place for case in sample() for place in case[:ROUNDS]], _files(TESTS))


@functools.cache
def known(test_file: str) -> Mutants:
    """The known mutant alone, and the tests of one file."""
    return Mutants([KNOWN], [test_file])


def case(i: int) -> None:
    """A mutant; it is a finding if it lives."""
    if i == 0:
        place, mutants = KNOWN, known(NOTICES[0])
    else:
        rounds, number = divmod(i - 1, SAMPLE)
        place, mutants = sample()[number][rounds], sampled()
    if place.what not in ALIKE:
        assert mutants.killer(place), f"{place.what} lives"


@contextmanager
def wrong():
    """Tests of something else: then the mutant lives."""
    usual = list(NOTICES)
    NOTICES[:] = ["tests/autograd/test_deprecation.py"]
    try:
        yield
    finally:
        NOTICES[:] = usual


ROW = Row(
    title="mutants of engine, nn and compiler stages, a seeded sample",
    case=case,
    full=1 + SAMPLE,
    hours=0.8,
    quick=1,
    wrong=wrong,
    unit="mutants",
    limit=3 * 3600.0,  # the first case also notes what tests run
    alone=True,
    slow=True,
)
