"""What the project promises as a project: its packages, its imports, its README."""

import ast
import configparser
import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parent.parent
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
SOURCES = [path for top in ("autograd", "nn", "demos") for path in (ROOT / top).rglob("*.py")]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_package_is_shipped_and_the_tests_are_not():
    listed = SETUP["options"]["packages"].split()
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in SOURCES
        if path.name == "__init__.py"
    }
    assert set(listed) == found


# --- its imports, its sizes ---

# A module or folder of autograd may import what stands above it, and in the core and in what the
# lenses share also its neighbours. Only autograd/__init__.py, the door, imports what it likes.
LEVELS = [
    {"deprecation", "extras", "files", "given", "installation", "numpy", "stepwise", "visible"},
    {"clamp", "ieee", "op", "operand", "ops", "powers", "real"},
    {"fast", "modes", "nodes", "value"},
    {"formulas", "functions", "gradient", "names", "neurons", "reading", "symbols"},
    {"compiler", "drawing", "explaining", "page"},
    {"formats"},
    {"nn"},
    {"demos"},
]
LENSES = LEVELS[4]
LEVEL = {part: level for level, parts in enumerate(LEVELS) for part in parts}


def imported(path):
    """The modules that a file imports, inside functions too, and names taken from modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports with dots"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part_of(module):
    """A module or folder of autograd, or nn or demos; None for anything else."""
    top, _, rest = module.partition(".")
    return rest.partition(".")[0] if top == "autograd" else top if top in LEVEL else None


def test_imports_point_one_way():
    for path in SOURCES:
        part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        if part == "__init__":
            continue
        for module in imported(path):
            other = part_of(module)
            if other == part or other not in LEVEL:
                continue  # another library, or a name that the door has
            ahead = LEVEL[other] < LEVEL[part]
            beside = LEVEL[other] == LEVEL[part] and part not in LENSES
            assert ahead or beside, f"{path.relative_to(ROOT)} imports {module}"


def test_the_core_and_the_lenses_do_not_import_the_door():
    """``from autograd import Value`` there would be a cycle."""
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] == "autograd":
            for module in imported(path):
                assert module != "autograd"
                assert not module.startswith("autograd.") or part_of(module) in LEVEL, path


NETWORK = {"asyncio", "ftplib", "http", "requests", "smtplib", "socket", "ssl", "urllib", "xmlrpc"}


def test_nothing_imports_what_talks_to_a_network():
    for path in SOURCES:
        tops = {module.partition(".")[0] for module in imported(path)}
        if path == ROOT / "nn/processes.py":  # it looks whether JAX can have a port
            tops.remove("socket")
        assert not tops & (NETWORK - {"urllib"}), path
        assert "urllib.request" not in {module[:14] for module in imported(path)}, path


def test_nothing_opens_a_connection():
    """Python tells an audit hook of every socket, also of those that a library opens."""
    code = """if True:
        import sys, tempfile

        def hook(event, arguments):
            if event.startswith(("socket.", "urllib.", "http.")):
                print(event, arguments)

        sys.addaudithook(hook)
        import autograd, nn
        from demos.__main__ import main

        model = nn.MLP(2, [3, 1])
        loss = lambda x, t: nn.half_squared_error(model(x), t)
        rows = [[0.1, 0.2], [0.3, 0.4]], [[0.5], [0.6]]
        nn.fit(loss, *rows, nn.SGD(model.parameters(), 0.1), 2, compile=True, progress=False)
        with tempfile.TemporaryDirectory() as folder:
            assert main(["figure_4", "--out", folder]) == 0
            autograd.page(model([1, 2]), folder + "/page.html")
            nn.save_checkpoint(folder + "/c.safetensors", model)
            nn.save_torch(model, folder + "/t.safetensors")
            nn.load_torch(model, folder + "/t.safetensors")
        autograd.from_json(autograd.to_json(model([1, 2])))
    """
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert output.returncode == 0, output.stderr
    assert "socket." not in output.stdout
    assert "urllib." not in output.stdout


def test_every_part_has_its_place():
    parts = {part_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in SOURCES}
    assert parts <= {*LEVEL, "__init__"}


# These functions are short without their docstrings, which explain every parameter.
LONG = (
    "autograd/compiler/api.py: compile ",
    "nn/train.py: fit ",
)


def too_long(path, most_lines, most_lines_of_a_function):
    """What in a file is too long, as text."""
    text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    if text.count("\n") > most_lines:
        yield f"{name} has {text.count(chr(10))} lines"
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > most_lines_of_a_function:
                    yield f"{name}: {node.name} has {lines} lines"


def test_files_and_functions_are_short():
    page = [path for path in (ROOT / "autograd/page").rglob("*.*") if path.suffix != ".pyc"]
    found = [line for path in (*SOURCES, *page) for line in too_long(path, 400, 60)]
    found += [line for path in (ROOT / "tests").rglob("*.py") for line in too_long(path, 599, 60)]
    assert [line for line in found if not line.startswith(LONG)] == []


# --- its distribution ---


def test_the_distribution_has_a_name_of_its_own():
    assert SETUP["metadata"]["name"] == "overnight-autograd"


def test_every_file_beside_the_code_is_shipped():
    data = SETUP["options.package_data"]
    shipped = {
        path
        for package in data
        for pattern in re.split(r"[,\s]+", data[package])
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    files = {path for top in ("autograd", "nn") for path in (ROOT / top).rglob("*.*")}
    cached = {path for path in files if path.parent.name == "__pycache__"}
    assert {path for path in files - cached if path.suffix != ".py"} <= shipped


def test_the_version_stands_in_one_place():
    assert SETUP["metadata"]["version"] == "attr: autograd.__version__"
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {autograd.__version__}\n" in changes


def test_pytorch_is_in_no_extra():
    wanted = [SETUP["options"]["install_requires"], *SETUP["options.extras_require"].values()]
    assert not re.search(r"\btorch\b", " ".join(wanted))


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_importing_it_loads_no_library(package):
    code = (
        f"import sys; before = {{*sys.modules}}; import {package}; "
        "loaded = {name.partition('.')[0] for name in sys.modules.keys() - before}; "
        "print(sorted(loaded - sys.stdlib_module_names - {'autograd', 'nn'}))"
    )
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert output.stdout == "[]\n", output.stderr


def test_all_public_names_exist():
    for name in autograd.__all__:
        assert getattr(autograd, name).__doc__


def test_the_readmes_code_does_what_its_comments_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = list(re.finditer(r"^( *)```python\n(.*?)^\1```", README, flags=re.M | re.S))
    assert len(blocks) >= 3
    for found in blocks:
        indent, block = found.groups()
        code = re.sub(rf"^{indent}", "", block, flags=re.M)
        # A comment, or without one the next block of text.
        _, *texts = re.split(r"^```text\n", README[found.end() :], flags=re.M)
        expected = []
        for comment in re.findall(r"^print\(.*?\)(?: +# (.*))?$", code, flags=re.M):
            expected += [comment] if comment else texts[0].split("\n```")[0].splitlines()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), {})
        assert printed.getvalue().splitlines() == expected
    assert (tmp_path / "chain_rule.svg").stat().st_size > 1000
    del autograd.ops.TABLE["swish"]


def test_the_readmes_pictures_are_there():
    names = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(names) == 2
    starts = {".png": b"\x89PNG", ".svg": b"<svg"}
    for name in names:
        assert (ROOT / name).read_bytes().startswith(starts[Path(name).suffix])


def test_the_readmes_commands_are_those_of_ci():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    first, second = re.findall(r"```sh\n(.*?)\n```", README)
    for part in (*first.split(" && ")[1:], second):
        assert part.replace("pip install", "pip install --quiet") in script


def test_the_readme_shows_the_source_that_compile_finds():
    (block,) = re.findall(r"```python\n([^`]*?value_and_grad[^`]*)```", README)
    namespace: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(block, "README.md", "exec"), namespace)
    (shown,) = re.findall(r"```text\n(a1, s1 = .*?)```", README, flags=re.S)
    source = namespace["loss"].source
    lines = [re.sub(r"\s*#.*", "", line).strip() for line in source.splitlines()]
    for line in shown.splitlines():
        assert re.sub(r"\s*#.*", "", line).strip() in lines
