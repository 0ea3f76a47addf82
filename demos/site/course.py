"""The demos of the course, run for the site, and a page for each."""

from __future__ import annotations

import argparse
import contextlib
import functools
import inspect
import io
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from demos.__main__ import COURSE, make_parser, perform
from demos.helpers.gallery import Section, excuses, sentence, show_printed, show_tiles
from demos.helpers.gallery import text as escaped
from demos.site.weave import SiteError, fenced, raw, show

FOLDER = "demos"
"""Where the demos write, in the folder of the site."""


def run_course(folder: Path) -> list[Section]:
    """Run all demos with ``--quick``, two at a time.

    Args:
        folder: the working folder; the paths of what they make are relative to it.

    Raises:
        SiteError: a demo failed.
    """
    with ProcessPoolExecutor(max_workers=2) as pool:
        sections = list(pool.map(functools.partial(run_demo, folder), COURSE))
    for section in sections:
        if section.trouble:
            raise SiteError(f"the demo {section.name} failed: {section.trouble}")
    return sections


def run_demo(folder: Path, name: str) -> Section:
    """Run one demo in a process of its own; nothing it prints is shown."""
    os.chdir(folder)
    options: argparse.Namespace = make_parser().parse_args([name, "--quick", "--out", FOLDER])
    options.out.mkdir(exist_ok=True)
    nowhere = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return perform(COURSE[name], options)


def page_name(name: str) -> str:
    """The name of a demo's page, without its ending."""
    return f"demo_{name}"


def demo_page(section: Section) -> str:
    """The page of a demo, in Markdown."""
    exhibits = [show(exhibit) for exhibit in section.exhibits]
    absent = [f"<p>{escaped(reason)}</p>\n" for reason in excuses(section)]
    source = inspect.getsource(COURSE[section.name].load())
    return f"""\
# {section.number}. {section.title}

{sentence(section.summary)}

## What it makes

{raw("".join([*exhibits, *absent, show_printed(section)]))}
Run it yourself: `python -m demos {section.name}`. What you see here it made with `--quick`, when
this site was built.

## The program

{fenced("python", source)}"""


def contents(sections: Sequence[Section]) -> str:
    """The live pages of the demos, small, and a list of the demos, each with its page."""
    tiles = "".join(show_tiles(section, Path()) for section in sections)
    lines = [f"{s.number}. [{s.title}]({page_name(s.name)}.md): {s.summary}.\n" for s in sections]
    tree = "\n".join(page_name(section.name) for section in sections)
    screens = raw(f'<nav class="pages" aria-label="Live pages">{tiles}</nav>')
    return f"{screens}\n{''.join(lines)}\n{fenced('{toctree}', f':hidden:{chr(10) * 2}{tree}')}"
