"""Wrong types, sizes and values at every public entry: only errors of our own, which say what."""

import contextlib
import dis
import fractions
import functools
import importlib
import io
import itertools
import os
import random
import re
import resource
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

import nn
from autograd import AnomalyError, CompileError, GradcheckError, RenderError, real
from autograd.given import shown
from tests.battery import Row
from tests.battery.entries import ENTRIES, FOLDER, SHARED, WRONG

ROOT = Path(__file__).parents[3]
OURS = tuple(str(ROOT / part) for part in ("autograd", "nn", "demos"))
SECONDS = 20  # for a call; those that work take a hundredth of it
MEMORY = 1 << 30  # that a call may add

DOCUMENTED = (
    *(TypeError, ValueError, OverflowError, IndexError, FloatingPointError, AttributeError),
    *(OSError, NotImplementedError, nn.CheckpointError, ModuleNotFoundError),
    *(AnomalyError, CompileError, GradcheckError, RenderError),
)
SAID = r"\b(got|has|have|holds|without|unexpected|returned|is|are|no|with|missing|needs|would) \S"
OF_A_FUNCTION = (
    r"[\w.<>]+\(\) (takes|missing|got|argument)|must be real number|.* object is not callable|"
    ".* as an integer"
)
NAMES = sorted(ENTRIES)
LIBRARIES = ("networkx", "onnx", "sklearn.utils", "sympy", "torch")


def case(i):
    """One call of an entry, with one or two arguments that are something else."""
    drawn = random.Random(i)
    name = NAMES[i % len(NAMES)]
    make, arguments, named = ENTRIES[name]
    places = [*range(len(arguments)), *named]
    wrong_ones = drawn.sample(places, min(len(places), drawn.choice((1, 1, 1, 2))))
    spoilt = {place: drawn.choice(WRONG)() for place in wrong_ones}
    for times in {"epochs", "max_iter"} & spoilt.keys():
        if isinstance(spoilt[times], int):  # fit would begin with 10**12, as it is asked to
            spoilt[times] *= -1
    given = [spoilt[n] if n in spoilt else good() for n, good in enumerate(arguments)]
    options = {n: spoilt[n] if n in spoilt else good() for n, good in named.items()}
    load_libraries()
    before = SHARED.state_dict()
    FOLDER.mkdir(exist_ok=True)
    error = error_of(make(), given, options)
    problem = objection(error, spoilt)
    changed = SHARED.state_dict() != before
    SHARED.load_state_dict(before)
    what = f"{name}({', '.join(f'{place}: {shown(x)}' for place, x in spoilt.items())})"
    assert not problem, f"{what}: {problem}"
    may_change = "fit" in name or ("load_torch" in name and not error)
    assert not changed or may_change, f"{what} left the parameters changed"


@functools.cache
def load_libraries():
    """Those that are there, because to load them takes more than a call may."""
    for name in LIBRARIES:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)


def error_of(function, given, options):
    """The error that a call raises."""
    try:
        with quiet(), limited():
            function(*given, **options)
    except BaseException as error:
        return error


@contextlib.contextmanager
def quiet():
    """Nothing is printed, a warning is an error, and files land in a folder of their own."""
    usual = Path.cwd()
    os.chdir(FOLDER)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        try:
            yield
        finally:
            os.chdir(usual)


@contextlib.contextmanager
def limited():
    """Time and memory that no call needs."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    usual = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, usual)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def _out_of_time(*_):
    raise TimeoutError("no answer")


def objection(error, spoilt):
    """What is wrong with an error; "" if nothing is."""
    if error is None:
        return ""
    last = error.__traceback__
    files = set()
    while last.tb_next:
        last = last.tb_next
        files.update(Path(last.tb_frame.f_code.co_filename).parts)
    code = last.tb_frame.f_code
    text = str(error)
    where = f"{type(error).__name__}, {Path(code.co_filename).name}:{last.tb_lineno}: {text[:200]}"
    if not isinstance(error, DOCUMENTED):
        return f"{type(error).__name__} is not a documented error, at {where}"
    users = Path(code.co_filename).name == "entries.py"
    if users or isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return ""  # a user's or the system's words
    if isinstance(error, OSError) and error.filename is not None:
        return ""
    if "sklearn" in files:
        return ""  # its words for rows, targets and seeds, which are those of all estimators
    if isinstance(error, ModuleNotFoundError) and ": run pip install " in text:
        return ""
    if re.match(OF_A_FUNCTION, text):
        return ""  # of what a user's function takes
    if not code.co_filename.startswith(OURS):
        return f"raised by {where}"
    if dis.opname[code.co_code[last.tb_lasti]] != "RAISE_VARARGS":
        return f"nobody raised it, at {where}"
    if len(text) > 1000:
        return f"{len(text)} characters: {where}"
    counted = re.search(SAID, text)
    if not counted and not any(w in text for x in spoilt.values() for w in ways_to_say(x)):
        return f"it does not say what was given: {where}"
    return ""


def ways_to_say(x):
    """Parts of a sentence that say what was given."""
    yield type(x).__name__
    if hasattr(x, "dtype"):
        yield str(x.dtype)
    yield shown(x)[:20]
    yield getattr(x, "__name__", "") or type(x).__name__
    if hasattr(x, "shape"):
        yield str(tuple(x.shape))
    if isinstance(x, fractions.Fraction):
        yield str(float(x)).removesuffix(".0")
    for part in parts(x, 3):
        yield shown(part)[:20]
        yield type(part).__name__


def parts(x, deep):
    """What lists, arrays and so on hold."""
    if isinstance(x, np.ndarray):
        x = x.reshape(-1).tolist()
    if isinstance(x, bytes):
        x = list(x)
    if isinstance(x, list | tuple | dict | set | range) and deep:
        for part in itertools.islice(x, 9):
            yield part
            yield from parts(part, deep - 1)


@contextlib.contextmanager
def wrong():
    """``as_float`` without its words, as ``float`` raises."""
    modules = list(sys.modules.values())  # some warn of what they are asked for
    found = [m for m in modules if vars(m).get("as_float") is real.as_float]
    original = real.as_float
    for module in found:
        module.as_float = lambda x, name="": float(x)
    try:
        yield
    finally:
        for module in found:
            module.as_float = original


ROW = Row(
    title="wrong types, sizes and values at every public entry: only errors that say what",
    case=case,
    full=100_000,
    hours=0.05,
    quick=3 * len(ENTRIES),
    wrong=wrong,
    unit="calls",
)
