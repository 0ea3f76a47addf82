"""``python -m demos site``."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

SUMMARY = "write the docs: pages to read offline or to publish"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The folder to write."""
    folder = Path("demo_output", "site")
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help="output folder")


def run(options: argparse.Namespace) -> int:
    """Build the site. Returns the exit status."""
    if not all(map(find_spec, ("sphinx", "myst_parser", "furo"))):
        print("python -m demos site: it needs Sphinx: pip install '.[docs]'", file=sys.stderr)
        return 1
    from demos.site.build import build
    from demos.site.course import run_course
    from demos.site.weave import SiteError

    print("The demos run first, which takes a minute or two ...")
    try:
        page = build(options.out, run_course)
    except SiteError as error:
        print(f"python -m demos site: {error}", file=sys.stderr)
        return 1
    print(f"The site is ready. Open it in a browser:\n  page:    {page}")
    return 0
