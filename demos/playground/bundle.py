"""The Python packages of the playground as one zip: this project, and what it needs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from importlib import resources
from typing import Any

OURS = ("autograd", "nn", "demos")
OTHERS = ("graphviz", "tqdm")  # of these only Python files
LEFT_OUT = {"__pycache__", "notebooks", "figures", "playground/browser"}


def packed() -> bytes:
    """The zip. The same packages give the same bytes."""
    content = io.BytesIO()
    # Not compressed, because the whole is compressed with gzip, and read faster so.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as file:
        for package in (*OURS, *OTHERS):
            for name, source in _files(resources.files(package), package):
                if package in OURS or name.endswith(".py"):
                    file.writestr(zipfile.ZipInfo(name), source.read_bytes())
    return content.getvalue()


def _files(folder: Any, name: str) -> Iterator[tuple[str, Any]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        inside = f"{name}/{entry.name}"
        if entry.name in LEFT_OUT or inside.partition("/")[2] in LEFT_OUT:
            continue
        if entry.is_dir():
            yield from _files(entry, inside)
        else:
            yield inside, entry
