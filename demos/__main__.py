"""``python -m demos``: a tour of a minute or less. ``python -m demos NAME`` runs one demo."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from demos import chain_rule, figure_4, letters
from demos.english import TextError

DEMOS = {"figure_4": figure_4, "chain_rule": chain_rule, "letters": letters}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for.

    Returns:
        The exit status: 0; 1 where a text or a folder is of no use; 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Each line appears at once, and none fails where the terminal lacks a letter.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = make_parser()
    options = parser.parse_args(arguments)
    tour = [[*arguments, name] for name in DEMOS]
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for number, chosen in enumerate([arguments] if options.demo else tour):
            options = parser.parse_args(chosen)
            print("\n" * bool(number) + headline(options.demo))
            DEMOS[options.demo].run(options)
        if chosen is tour[-1]:
            print("\nThat was the tour. Each part has a name, and options: python -m demos --help")
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read our output (head, less) has left. Python would complain at exit, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        return failure(f"the demos need {error.name}: run pip install . first")
    except OSError as error:
        return failure(f"cannot write {error.filename or 'the output'}: {error.strerror}")
    except (TextError, FloatingPointError) as error:
        return failure(str(error))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options of the tour, and a subcommand with its own for each demo."""
    parser = argparse.ArgumentParser(
        prog="python -m demos",
        description="A tour of a minute or less; or one of its demos, by name.",
        epilog="python -m demos NAME --help lists the options of a demo.",
    )
    add_shared_options(parser, Path("demo_output"), False)
    subparsers = parser.add_subparsers(dest="demo", metavar="NAME")
    for name, demo in DEMOS.items():
        subparser = subparsers.add_parser(
            name,
            help=demo.SUMMARY,
            description=f"{demo.SUMMARY[0].upper()}{demo.SUMMARY[1:]}.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        # Suppressed, or it would undo what stands before the name.
        add_shared_options(subparser, argparse.SUPPRESS, argparse.SUPPRESS)
        demo.add_options(subparser)
    return parser


def add_shared_options(parser: argparse.ArgumentParser, out: object, quick: object) -> None:
    """What every demo understands, before its name and after it."""
    parser.add_argument(
        "--out", type=Path, default=out, metavar="DIR", help="where pictures go (demo_output)"
    )
    parser.add_argument(
        "--quick", action="store_true", default=quick, help="seconds only, to see that all works"
    )


def headline(name: str) -> str:
    """A line over the output of a demo."""
    title = f"{name}: {DEMOS[name].SUMMARY}"
    return f"{title}\n{'=' * len(title)}"


def failure(sentence: str) -> int:
    """Say why there is no result."""
    print(f"python -m demos: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
