"""Python for the page: the scripts of ``runtime/``, each of which brings one file."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

from autograd.files import write_whole

LEVEL = 7  # of gzip; 9 takes four times as long, and saves one part in a hundred


def write_runtime(work: Path) -> None:
    """Write the scripts.

    Args:
        work: the folder with worker.js, the files ``snapshot`` and ``packages.zip``, and what npm
            installed.
    """
    pyodide = work / "node_modules" / "pyodide"
    parts = {
        "snapshot": (work / "snapshot").read_bytes(),
        "program": (pyodide / "pyodide.asm.wasm").read_bytes(),
        "libraries": (pyodide / "python_stdlib.zip").read_bytes(),
        "packages": (work / "packages.zip").read_bytes(),
        "worker": _worker(work).encode(),
    }
    folder = work / "runtime"
    folder.mkdir()
    for name, content in parts.items():
        packed = base64.b64encode(gzip.compress(content, LEVEL, mtime=0)).decode()
        write_whole(folder / f"{name}.js", f'bring("{name}", "{packed}");\n'.encode())
    online = json.dumps(_online(pyodide))
    write_whole(folder / "online.js", f"parts.online = {online};\n".encode())


def _online(pyodide: Path) -> dict[str, object]:
    """What Pyodide needs to fetch numpy: where from, and its name, size and hash."""
    version = json.loads((pyodide / "package.json").read_text(encoding="utf-8"))["version"]
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    lock["packages"] = {"numpy": lock["packages"]["numpy"]}
    return {"address": f"https://cdn.jsdelivr.net/pyodide/v{version}/full/", "lock": lock}


def _worker(work: Path) -> str:
    """Pyodide, Viz.js and our worker as one classic script.

    Pyodide wants a module, and a page from disk cannot have modules: neither their files, which
    count as foreign, nor module workers from memory. So its second script becomes a classic one,
    and the first cannot see that the worker is classic.
    """
    modules = work / "node_modules"
    program = (modules / "pyodide/pyodide.asm.mjs").read_text(encoding="utf-8")
    export = "export default _createPyodideModule;"
    assert program.count(export) == 1, "the version in package-lock.json has it"
    program = program.replace(export, "self.createPyodideModule = _createPyodideModule;")
    return "\n".join(
        (
            "self.importScripts = undefined;",
            (modules / "pyodide/pyodide.js").read_text(encoding="utf-8"),
            program.replace("import.meta.url", "self.location.href"),
            (modules / "@viz-js/viz/dist/viz-global.js").read_text(encoding="utf-8"),
            (work / "worker.js").read_text(encoding="utf-8"),
        )
    )
