"""The notebooks: ``python -m demos.helpers.notebooks`` runs them and stores what they show.

A notebook is a lesson: prose, a few lines of code, and what they show. Edit it in Jupyter or VS
Code. Running it here stores its outputs, small enough for a repository, so that it can be read
without being run.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from autograd import Drawing
from autograd.files import write_whole

FOLDER = Path(__file__).parents[1] / "notebooks"

PREPARED = "from demos.helpers.notebooks import prepare; prepare()"
"""What the kernel runs before the notebook."""

COLOURS = 64
"""The colours of a stored picture."""

LONGEST = 400_000
"""Letters of a stored output. A larger one, such as the page of a training, must be run."""


def main(names: Sequence[str]) -> None:
    """Run the notebooks with these words in their names, or all; store their outputs."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or any(name in path.name for name in names):
            cells = executed(path)
            write_whole(path, cells.encode())
            print(f"{path.name}: {len(cells) / 1000:,.0f} kB")


def executed(path: Path) -> str:
    """The text of a notebook's file after it ran from top to bottom, in a folder of its own."""
    nbclient: Any = import_module("nbclient")
    nbformat: Any = import_module("nbformat")
    book = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = nbclient.NotebookClient(
            book,
            timeout=600,
            kernel_name="python3",
            record_timing=False,
            extra_arguments=[f"--IPKernelApp.exec_lines={PREPARED}"],
            resources={"metadata": {"path": folder}},
        )
        client.execute(env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1])})
    for cell in book.cells:
        cell.metadata.clear()
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = small(output["data"])
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def prepare() -> None:
    """Let drawings be stored as PNG, too: before a notebook is run, JupyterLab shows no SVG."""
    ipython: Any = import_module("IPython")
    formatter = ipython.get_ipython().display_formatter.formatters["image/png"]
    formatter.for_type(Drawing, lambda drawing: drawing.pipe("png"))


def small(data: dict[str, Any]) -> dict[str, Any]:
    """An output's forms, with pictures in fewer colours, and without those that are too large."""
    if "image/png" in data:
        data = {**data, "image/png": reduced(data["image/png"])}
    return {kind: form for kind, form in data.items() if len(str(form)) <= LONGEST}


def reduced(png: str) -> str:
    """A picture in fewer colours, at most as wide as a notebook; both in base 64."""
    from PIL import Image

    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.thumbnail((900, 900))
    stored = io.BytesIO()
    picture.quantize(COLOURS).save(stored, "PNG", optimize=True)
    return base64.b64encode(stored.getvalue()).decode()


if __name__ == "__main__":
    main(sys.argv[1:])
