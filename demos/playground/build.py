"""Build the playground: a folder, and the same as one file."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from autograd.files import write_whole
from autograd.page.inline import browser_file, inline_json
from demos.playground import menu
from demos.playground.bundle import packed
from demos.playground.policy import policy
from demos.playground.runtime import write_runtime

BROWSER = "browser"
PAGE, ONE_FILE = "index.html", "playground.html"
SCRIPT = re.compile(r'<script src="([^"]+)"[^>]*></script>')
STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


class BuildError(Exception):
    """The playground cannot be built. The message is one sentence."""


def build(out: Path, say: Callable[[str], object] = print) -> None:
    """Write the playground into the folder ``out``: index.html with its files, and playground.html.

    Args:
        out: the folder; it is made if it is missing.
        say: is called with a sentence for each step.

    Raises:
        BuildError: node or npm is missing, or one of them failed.
    """
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise BuildError(
                f"the playground needs {program}, which is not on the PATH: install Node.js 20 or "
                "newer from your system or https://nodejs.org"
            )
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file in resources.files("demos.playground").joinpath(BROWSER).iterdir():
            if file.is_file():
                write_whole(work / file.name, file.read_bytes())
        write_whole(work / "elements.js", browser_file("shell/elements.js").encode())
        say("npm fetches Pyodide and the editor")
        _run(
            work, *"npm ci --silent --ignore-scripts --no-audit --no-fund --prefer-offline".split()
        )
        _bundle_editor(work)
        say("Python starts once, so that a page can begin where it ended")
        write_whole(work / "packages.zip", packed())
        _run(work, "node", "snapshot.mjs", ".", "packages.zip", "snapshot")
        say("all of it becomes a page")
        write_runtime(work)
        _write(work, out)


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [shutil.which(command[0]) or command[0], *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-400:]
        raise BuildError(f"{' '.join(command[:2])} failed: {said}")


def _bundle_editor(work: Path) -> None:
    _run(
        *(work, "node", "node_modules/esbuild/bin/esbuild", "editor.module.js", "--bundle"),
        *("--minify", "--format=iife", "--global-name=Editor", "--outfile=editor.js"),
        *("--legal-comments=eof", "--log-level=warning"),
    )


def _write(work: Path, out: Path) -> None:
    text = (work / PAGE).read_text(encoding="utf-8")
    examples = [example._asdict() for example in menu.examples()]
    text = text.replace("[[EXAMPLES]]", inline_json(examples))
    scripts, styles = SCRIPT.findall(text), STYLE.findall(text)
    for name in (*scripts, *styles):
        (out / name).parent.mkdir(exist_ok=True)
        write_whole(out / name, (work / name).read_bytes())
    write_whole(out / PAGE, text.replace("[[POLICY]]", policy()).encode())
    inside = {name: f"\n{(work / name).read_text('utf-8')}" for name in (*scripts, *styles)}
    text = text.replace("[[POLICY]]", policy(inside[name] for name in scripts))
    text = STYLE.sub(lambda found: f"<style>{inside[found[1]]}</style>", text)
    text = SCRIPT.sub(lambda found: f"<script>{inside[found[1]]}</script>", text)
    write_whole(out / ONE_FILE, text.encode())
