"""The battery: rows of tests that go on for hours, and so find what quick tests do not.

``python -m tests.battery --help`` says how to run it, ``CONTRIBUTING.md`` how to add a row.
"""

import functools
import importlib
import math
import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.battery import rows


@dataclass(frozen=True)
class Row:
    """One row, the ROW of a module ``rows/row_NN_name.py``.

    A case is a function of its number and of nothing else: it seeds whatever it draws with it. It
    returns its figure, of which the largest is reported, or None. What it raises is a finding.
    """

    title: str
    case: Callable[[int], float | None]
    full: int  # the number of cases in the full form
    hours: float  # that these take on two cores, which do nothing else
    quick: int  # the number of cases in the quick form, a test of a second or two
    wrong: Callable[[], AbstractContextManager[None]]  # a fault that the quick form must find
    unit: str = "cases"  # what a case consists of
    per_case: int = 1  # and of how many
    figure: str = ""  # the unit of the figures, such as "ulp"
    usual: float = math.inf  # what 99.9 % of the figures are at most
    limit: float = 300.0  # seconds that one case may take
    alone: bool = False  # whether it takes the machine for itself: no two cases at a time
    slow: bool = False  # whether its tests are marked slow


@functools.cache
def load() -> dict[int, Row]:
    """All rows by their numbers. A row whose libraries are missing raises ImportError."""
    names = sorted(module.name for module in pkgutil.iter_modules(rows.__path__))
    modules = {int(name[4:6]): name for name in names if name.startswith("row_")}
    return {n: importlib.import_module(f"{rows.__name__}.{modules[n]}").ROW for n in modules}
