"""Installed in every way, without libraries, on other systems: it works, or says why."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.battery import Row

ROOT = Path(__file__).parents[3]

USE = """
import autograd, nn, os, tempfile
from autograd import Value, explain, page, draw
folder = tempfile.mkdtemp()
x = Value(2.0, "x"); y = (x * x + 1).log(); y.backward(); assert abs(x.grad - 0.8) < 1e-15
assert "0.8" in str(explain(y, x)) and "digraph" in draw(y).source
page(y).save(os.path.join(folder, "p.html"))
model = nn.MLP(2, [2, 1], seed=1); path = os.path.join(folder, "c.st")
optimizer = nn.SGD(model.parameters(), lr=0.1)
nn.save_checkpoint(path, model, optimizer); nn.load_checkpoint(path, model, optimizer)
assert os.listdir(folder) and not [f for f in os.listdir(folder) if f.endswith(".part")]
print("works")
"""
TRAIN = """
nn.fit(lambda x, t: nn.half_squared_error(model(x), t), [[1.0, 2.0]], [[0.5]], optimizer)
print("trains")
"""
COMPILE = """
f = autograd.compile(lambda x: (x[0] * 2).tanh())
print("compiles", f([[0.5]]).round(3), f.backend)
"""
RENDER = """
print(len(draw(y).pipe("svg")) > 500)
"""
HIDE = """
from importlib.machinery import PathFinder
find, hidden = PathFinder.find_spec, {names!r}
PathFinder.find_spec = lambda n, *rest: None if n.split(".")[0] in hidden else find(n, *rest)
"""
WINDOWS = """
import os, sys
for name in "fork getuid geteuid chown fchmod getpgid O_NOFOLLOW O_NONBLOCK O_DIRECTORY".split():
    if hasattr(os, name):
        delattr(os, name)
sys.modules["fcntl"] = sys.modules["resource"] = sys.modules["termios"] = None
sys.platform = "win32"
"""
MACOS = """
import fcntl, sys
fcntl.F_FULLFSYNC, fcntl.fcntl = 51, lambda *_: 0
sys.platform = "darwin"
"""


def run(program, *options, path=ROOT, python=sys.executable, **environment):
    """What a program prints, and the last line of its error."""
    given = {**os.environ, "PYTHONPATH": str(path), **environment}
    done = subprocess.run(
        [python, *options, "-c", program],
        env=given, capture_output=True, text=True, cwd=tempfile.gettempdir(),
    )  # fmt: skip
    return done.stdout.strip(), (done.stderr.strip().splitlines() or [""])[-1]


def works(output, *words):
    """Everything was printed, and nothing complained."""
    printed, complaint = output
    assert not complaint, complaint
    for word in ("works", *words):
        assert re.search(word, printed), printed


def says(output, sentence):
    """It ends with this sentence."""
    assert re.search(sentence, output[1]), output


def without(*names):
    return HIDE.format(names=set(names))


def without_any_library():
    """But the two that setup.cfg requires."""
    works(run(without("numpy", "llvmlite", "safetensors", "matplotlib") + USE))


def without_numpy():
    works(run(without("numpy") + USE + TRAIN), "trains")
    says(run(without("numpy") + USE + COMPILE), "compile needs numpy: pip install")


def without_llvmlite():
    works(run(without("llvmlite") + USE + TRAIN + COMPILE), "trains", r"compiles \[0.762\] numpy")


def without_dot():
    absent = "import shutil; shutil.which = lambda *_, **__: None\n"
    says(run(absent + USE + RENDER), "RenderError: .*graphviz-pure")


def optimised():
    works(run(USE + TRAIN + COMPILE, "-O"), "trains", "compiles")


def warnings_are_errors():
    works(run(USE + TRAIN + COMPILE, "-W", "error"), "trains", "compiles")


def on_windows():
    works(run(WINDOWS + USE))


def on_macos():
    works(run(MACOS + USE))


def read_only():
    """Installed by somebody else, for users who may write neither there nor in their home."""
    site = Path(tempfile.mkdtemp())
    for package in ("autograd", "nn"):
        shutil.copytree(ROOT / package, site / package, ignore=shutil.ignore_patterns("*.pyc"))
    for place in [site, *site.rglob("*")]:
        place.chmod(0o555 if place.is_dir() else 0o444)
    try:
        works(run(USE + TRAIN + COMPILE, path=site, HOME="/nowhere"), "trains", "compiles")
    finally:
        for place in [site, *site.rglob("*")]:
            place.chmod(0o755)
        shutil.rmtree(site)


def another_autograd():
    """An editable install beside another project's package of the same name."""
    site = Path(tempfile.mkdtemp())
    (site / "autograd").mkdir()
    (site / "autograd" / "__init__.py").write_text("grad = None\n")
    paths = f"{site}{os.pathsep}{ROOT}"
    says(run("import nn", "-S", path=paths), f"ImportError: .*{site}.* is not ours")
    says(run("import demos", "-S", path=paths), f"ImportError: {site}.* hides")


def built(kind):
    """Built, and used from where the files of the wheel are."""
    folder = Path(tempfile.mkdtemp())
    copy = folder / "source"
    names = shutil.ignore_patterns(".git", ".venv*", "demo_output", "*.pyc", ".battery", "tests")
    shutil.copytree(ROOT, copy, ignore=names)
    build = f"from setuptools.build_meta import *; print(build_{kind}({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-500:]
    (archive,) = [p for p in folder.iterdir() if p.suffix in (".whl", ".gz")]
    shutil.unpack_archive(archive, folder / "site", "zip" if archive.suffix == ".whl" else None)
    site = next(p.parent.parent for p in sorted((folder / "site").rglob("autograd/value.py")))
    assert not list(site.rglob("tests/test_*.py")), "the tests are shipped"
    works(run(USE + COMPILE, path=site), "compiles")
    shutil.rmtree(folder)


def wheel():
    built("wheel")


def sdist():
    built("sdist")


WAYS = [
    *(without_any_library, warnings_are_errors, another_autograd, on_windows, on_macos, optimised),
    *(without_numpy, without_llvmlite, without_dot, read_only, wheel, sdist),
]


def case(i):
    """One way."""
    WAYS[i]()


@contextmanager
def wrong():
    """The use of a library where none was promised."""
    global USE
    right = USE
    USE = right.replace("import autograd,", "import numpy, autograd,")
    try:
        yield
    finally:
        USE = right


ROW = Row(
    title="wheel, sdist, copies that nobody may write; without NumPy, llvmlite, dot or any "
    "library; another autograd; -O, -W error; Windows and macOS faked",
    case=case,
    full=len(WAYS),
    hours=0.1,
    quick=3,
    wrong=wrong,
    unit="ways",
    slow=True,
)
