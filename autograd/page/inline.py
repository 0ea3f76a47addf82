"""A page as one file: style, script and data inside it, and a policy that admits nothing else."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from importlib import resources

_MARK = re.compile(r"\[\[([A-Z-]+)\]\]")
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)  # a tenth of a page, read in the repository


def filled(frame: str, style: str, script: str, **parts: str) -> str:
    """The HTML of ``frame``, with each mark such as ``[[STYLE]]`` replaced by what it stands for.

    STYLE-HASH and SCRIPT-HASH stand for the hashes in the content security policy. What replaces a
    mark is not searched for marks, so no text of a reader is taken for one.
    """
    script = _COMMENT.sub("", script)
    hashes = {"STYLE-HASH": content_hash(style), "SCRIPT-HASH": content_hash(script)}
    content = {**parts, **hashes, "STYLE": style, "SCRIPT": script}
    return _MARK.sub(lambda mark: content[mark[1]], frame)


def inline_json(data: object) -> str:
    """As JSON that ends no element."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", r"\u003c")


def content_hash(content: str) -> str:
    """The hash by which a content security policy admits one inline element."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


@functools.cache
def browser_file(name: str, package: str = "autograd.page") -> str:
    """The text of a file in a package's folder ``browser``, such as "shell/elements.js"."""
    return resources.files(package).joinpath("browser", name).read_text(encoding="utf-8")
