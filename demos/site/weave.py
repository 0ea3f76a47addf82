"""Markdown whose code runs: each block is followed by what it prints.

- A block ``python`` runs, and what it prints follows as text. The blocks of a page share names.
- A block ``micrograd`` or ``torch`` says what one writes there. The next ``python`` block is the
  same here and stands beside it. A test runs both and compares what they print.
- A block ``insert`` is an expression, and the Markdown that it returns takes its place.
- ``![What it shows.](file.html)`` on a line of its own is a page or a picture that a block made.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from demos.helpers.gallery import Exhibit, is_page, link, show_exhibit
from demos.helpers.gallery import text as escaped


class SiteError(Exception):
    """Why the site cannot be built, in a sentence."""


class Block(NamedTuple):
    """A block of code in a page.

    Attributes:
        language: "python" or "insert".
        code: what it says.
        line: the line of the page before its first.
        library: the library that the block before it is for, if that is one to compare with.
        there: the code of that block.
    """

    language: str
    code: str
    line: int
    library: str = ""
    there: str = ""


BLOCK = re.compile(
    r"^(?:```(?P<library>micrograd|torch)\n(?P<there>.*?)^```\n\s*)?"
    r"^```(?P<language>python|insert)\n(?P<code>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)
EXHIBIT = re.compile(r"^!\[([^]]+)\]\((\S+)\)$", re.MULTILINE)
TITLES = {"micrograd": "micrograd", "torch": "PyTorch"}


def block_of(found: re.Match[str]) -> Block:
    """A block from where it stands in a page."""
    line = found.string.count("\n", 0, found.start("code"))
    parts = found["language"], found["code"], line, found["library"] or "", found["there"] or ""
    return Block(*parts)


def blocks(page: str) -> list[Block]:
    """The blocks of a page that run."""
    return [block_of(found) for found in BLOCK.finditer(page)]


def woven(page: str, name: str, inserts: Mapping[str, Any]) -> str:
    """The page with what its blocks give. What they write goes into the working folder.

    Args:
        page: Markdown.
        name: the name of its file, for messages.
        inserts: what expressions to insert may call.

    Raises:
        SiteError: a block fails, or a picture was not made.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}

    def replaced(found: re.Match[str]) -> str:
        block = block_of(found)
        if block.language == "insert":
            return f"{run(block, name, dict(inserts))}\n"
        here, printed = fenced("python", block.code), run(block, name, namespace)
        if block.library:
            here = columns(block, here)
        return here + (f"\n{fenced('text', printed)}" if printed else "")

    def shown(found: re.Match[str]) -> str:
        exhibit = Exhibit(Path(found[2]), found[1])
        if not exhibit.path.is_file():
            raise SiteError(f"{name}: no block made the file {found[2]}")
        return raw(show(exhibit))

    return EXHIBIT.sub(shown, BLOCK.sub(replaced, page))


def run(block: Block, name: str, namespace: dict[str, Any]) -> str:
    """Run a block; return what it printed or, for one to insert, its text.

    Raises:
        SiteError: it fails.
    """
    code, printed = "\n" * block.line + block.code, io.StringIO()
    mode = "eval" if block.language == "insert" else "exec"
    try:
        with contextlib.redirect_stdout(printed):
            given = eval(compile(code, name, mode), namespace)
    except Exception as error:  # a block may be any Python
        what = f"{type(error).__name__}: {error}"
        raise SiteError(f"{name}: the block at line {block.line + 1} fails: {what}") from error
    return str(given) if block.language == "insert" else printed.getvalue()


def columns(block: Block, here: str) -> str:
    """What one writes there, and beside it what one writes here."""
    left = f"{TITLES[block.library]}\n\n{fenced('python', block.there)}"
    inner = "".join(f"::::{{container}}\n{part}::::\n" for part in (left, f"Here\n\n{here}"))
    return f":::::{{container}} columns\n{inner}:::::\n"


def fenced(language: str, code: str) -> str:
    """A block of code in Markdown."""
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}\n"


def raw(html: str) -> str:
    """HTML in Markdown."""
    return fenced("{raw} html", html)


def show(exhibit: Exhibit) -> str:
    """A page, live in a frame, or a picture, as HTML. Its address is from the working folder."""
    if not is_page(exhibit):
        return show_exhibit(exhibit, Path())
    address, caption = link(exhibit, Path()), escaped(exhibit.caption)
    return (
        f'<figure class="live"><iframe src="{address}" title="{caption}" loading="lazy"></iframe>\n'
        f'<figcaption>{caption} <a href="{address}">Open this page alone</a>.</figcaption>'
        "</figure>\n"
    )
