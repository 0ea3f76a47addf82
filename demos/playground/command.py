"""``python -m demos playground``: build the playground."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUMMARY = "build a page with Python in it: type a program, and step through its graph"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo_output/playground"),
        metavar="DIR",
        help="folder of the playground",
    )


def run(options: argparse.Namespace) -> int:
    """Build the playground. Returns the exit status."""
    from demos.playground.build import BuildError, build

    try:
        build(options.out, lambda step: print(f"{step} ..."))
    except BuildError as error:
        print(f"python -m demos playground: {error}", file=sys.stderr)
        return 1
    print("Open one of these in a browser. They work without a network:")
    print(f"  page:    {options.out / 'index.html'}")
    print(f"  page:    {options.out / 'playground.html'} (the same in one file)")
    return 0
