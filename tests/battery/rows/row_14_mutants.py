"""Mutants: one operator, number or condition changed; the tests of its part must fail."""

import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.battery import Row

ROOT = Path(__file__).parents[3]
SECONDS = 600  # for the tests of one mutant; a mutant that hangs is killed
SAMPLE = 300

# Sources, and the tests that should notice what changes in them.
PARTS = {
    "autograd/*.py": ["tests/autograd", "tests/test_wrong_arguments.py"],
    "autograd/nodes/*.py": ["tests/autograd"],
    "autograd/functions/*.py": ["tests/autograd"],
    "autograd/names/*.py": ["tests/autograd", "tests/explaining", "tests/drawing/test_views.py"],
    "autograd/explaining/*.py": ["tests/explaining"],
    "nn/*.py": ["tests/nn", "tests/test_wrong_arguments.py"],
    "autograd/compiler/stages/**/*.py": [
        *("tests/compiler/test_compile.py", "tests/compiler/test_composed.py"),
        *("tests/compiler/test_merge.py", "tests/compiler/test_roll.py"),
        *("tests/compiler/test_structure.py", "tests/compiler/test_positions.py"),
        *("tests/compiler/test_order.py", "tests/compiler/test_folds.py"),
    ],
}
OTHERS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip

# What no test can notice, with the reason: the mutant does the same, or only more slowly.
ALIKE: dict[str, str] = {}


# Two that once lived: the file, what was changed, and the tests that were written to notice.
KNOWN = [
    ("nn/losses.py", "len(terms) == 1", "len(terms) == 2", "tests/nn/test_few_terms.py"),
    (
        *("autograd/value.py", "self.data >= number", "self.data > number"),
        "tests/autograd/test_value.py::test_order_is_by_number",
    ),
]


def places(tree):
    """The nodes of a module that can be changed."""
    return [node for node in ast.walk(tree) if _can_change(node)]


def _can_change(node):
    if isinstance(node, ast.BinOp):
        return type(node.op) in OTHERS and not (isinstance(node.op, ast.Add) and _is_text(node))
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in OTHERS
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float, bool)
    return isinstance(node, ast.BoolOp | ast.If | ast.IfExp)


def _is_text(node):
    return any(isinstance(part, ast.Constant | ast.JoinedStr) for part in (node.left, node.right))


def change(node):
    """Change a node, and say what was changed."""
    if isinstance(node, ast.BinOp | ast.BoolOp):
        before, node.op = type(node.op), OTHERS[type(node.op)]()
        return f"{before.__name__} -> {type(node.op).__name__}"
    if isinstance(node, ast.Compare):
        before, node.ops[0] = type(node.ops[0]), OTHERS[type(node.ops[0])]()
        return f"{before.__name__} -> {type(node.ops[0]).__name__}"
    if isinstance(node, ast.Constant):
        before = node.value
        node.value = not before if isinstance(before, bool) else before + 1
        return f"{before} -> {node.value}"
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return "if -> if not"


def mutant(i):
    """The file, its changed text, what was changed, and the tests that should notice."""
    if i < len(KNOWN):
        name, before, after, test = KNOWN[i]
        text = (ROOT / name).read_text(encoding="utf-8")
        assert before in text
        return ROOT / name, text.replace(before, after), f"{name}: {before} -> {after}", [test]
    drawn = random.Random(i)
    pattern = drawn.choice(sorted(PARTS))
    files = [p for p in sorted(ROOT.glob(pattern)) if p.name != "__init__.py"]
    file = drawn.choices(files, [p.stat().st_size for p in files])[0]
    tree = ast.parse(file.read_text(encoding="utf-8"))
    node = drawn.choice(places(tree))
    what = f"{file.relative_to(ROOT).as_posix()}:{node.lineno}: {change(node)}"
    return file, ast.unparse(ast.fix_missing_locations(tree)), what, PARTS[pattern]


def survives(file, text, tests):
    """Whether the tests pass in a copy of the project with this text for the file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("autograd", "nn", "demos", "tests"):
            ignored = shutil.ignore_patterns("__pycache__", "*.ipynb", "benchmarks")
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        for name in ("pyproject.toml", "setup.cfg", "README.md", "CHANGELOG.md"):
            shutil.copy(ROOT / name, copy / name)
        (copy / file.relative_to(ROOT)).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
        environment = {**os.environ, "PYTHONPATH": folder}
        try:
            done = subprocess.run(
                [*command, *tests], cwd=copy, env=environment, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def case(i):
    """A mutant; it is a finding if it lives."""
    file, text, what, tests = mutant(i)
    if what not in ALIKE:
        assert not survives(file, text, tests), f"{what} lives"


@contextmanager
def wrong():
    """Tests of something else: then the mutant lives."""
    usual = list(KNOWN)
    KNOWN[:] = [(*known[:3], "tests/autograd/test_deprecation.py") for known in KNOWN]
    try:
        yield
    finally:
        KNOWN[:] = usual


ROW = Row(
    title="mutants of engine, nn and compiler stages, a seeded sample",
    case=case,
    full=SAMPLE,
    hours=6.0,
    limit=2.0 * SECONDS,
    quick=1,
    wrong=wrong,
    unit="mutants",
    slow=True,
)
