"""``python -m demos``: the course as one tour, and its gallery; or, with a name, one demo of it."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import re
import sys
import textwrap
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn, TextIO

from demos.helpers.options import whole

if TYPE_CHECKING:
    from demos.helpers.gallery import Exhibit, Section

# The course, in order. Each is a module of this name, with SUMMARY, add_options and run.
TITLES = {
    "chain_rule": "The chain rule",
    "figure_4": "Figure 4 and abcd",
    "trial_and_error": "Trial and error against backpropagation",
    "price": "Every weight for the price of about two evaluations",
    "valley": "Local minima and momentum",
    "moons": "Moons, circles, spirals",
    "matrices": "From neurons to matrices",
    "letters": "The next letter",
    "build_your_own": "Build your own",
}
NUMBERS = {name: number for number, name in enumerate(TITLES, start=1)}


def demo_module(name: str) -> ModuleType:
    """The module of a demo."""
    return import_module("demos.letters.demo" if name == "letters" else f"demos.{name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for.

    Returns:
        The exit status: 0; 1 where a demo came to nothing or a folder is of no use; 130 after
        Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Each line appears at once, and none fails where the terminal lacks a letter.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        # The engine is loaded in here, so that Ctrl-C is heard from the first moment.
        return command(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt as stop:
        print("\nStopped by Ctrl-C.", *stop.args, file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read our output (head, less) has left. Python would complain at exit, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        return failure(needs(error))
    except OSError as error:
        return failure(f"cannot write {error.filename or 'the output'}: {error.strerror}")


def command(arguments: Sequence[str]) -> int:
    """One demo if one is named, or all of them; and the gallery. The exit status."""
    from demos.helpers.gallery import is_gallery, save_gallery

    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return failure(f"--out {options.out} is no folder but a file, or in one: name a folder")
    page = options.out / "index.html"
    if options.demo:
        section = perform(options.demo, options)
        if section.trouble:
            return 1
        if is_gallery(page):
            print(f"The gallery shows it as it is now:\n  page:    {save_gallery([section], page)}")
        return 0

    print(contents())
    done, status = 0, 0
    try:
        for name in TITLES:
            print()
            section = perform(name, parser.parse_args([*arguments, name]))
            status |= bool(section.trouble)
            # After each, so that what was made is shown when Ctrl-C ends the tour.
            save_gallery([section], page)
            done += 1
    except KeyboardInterrupt:
        if not done:
            raise
        raise KeyboardInterrupt(renewed(done)) from None
    print("\nThat was the tour. What it made is in a gallery, to be opened in a browser:")
    print(f"  page:    {page}")
    print("Each demo has a name, and options: python -m demos --help")
    return status


def renewed(done: int) -> str:
    """What the gallery shows after a tour that ended early."""
    new = "demo 1 is" if done == 1 else f"demos 1 to {done} are"
    return f"In the gallery {new} new; any others are from an earlier run."


def perform(name: str, options: argparse.Namespace) -> Section:
    """Run a demo; what it said, what it made, and why not if it came to nothing."""
    from demos.helpers.gallery import Section
    from demos.letters.english import TextError

    demo = demo_module(name)
    print(headline(name, demo))
    echo, trouble = Echo(sys.stdout), ""
    exhibits: list[Exhibit] = []
    try:
        with contextlib.redirect_stdout(echo):
            exhibits = demo.run(options) or []
    except ModuleNotFoundError as error:
        trouble = needs(error)
    except (TextError, FloatingPointError) as error:
        trouble = str(error)
    if trouble:
        failure(trouble)
    return Section(
        *(NUMBERS[name], name, TITLES[name], demo.SUMMARY),
        *(exhibits, echo.heard(), trouble),
        made=f"{time.strftime('%Y-%m-%d %H:%M')}{', with --quick' * options.quick}",
    )


class Echo(io.TextIOBase):
    """A stream that passes on what is written, and remembers it for the gallery."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._memory = stream, io.StringIO()

    def write(self, text: str) -> int:
        """Pass it on."""
        self._memory.write(text)
        return self._stream.write(text)

    def flush(self) -> None:
        """The stream's."""
        self._stream.flush()

    def isatty(self) -> bool:
        """The stream's."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self._stream.encoding

    def heard(self) -> str:
        """What a terminal shows in the end: of lines written over each other, the last."""
        plain = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", self._memory.getvalue())
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))


class Parser(argparse.ArgumentParser):
    """Where there is no such demo, it says which was meant."""

    def error(self, message: str) -> NoReturn:
        """End, with a sentence."""
        if unknown := re.match(r"argument NAME: invalid choice: (['\"])(.*?)\1", message):
            meant = difflib.get_close_matches(unknown[2].lower(), TITLES, n=1)
            message = f"there is no demo {unknown[2]!r}: " + (
                f"did you mean {meant[0]}?" if meant else f"there are {', '.join(TITLES)}"
            )
        super().error(message)


class Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Help that tells defaults where there are any."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        without = action.default is None or action.default is False
        return action.help if without else super()._get_help_string(action)


def make_parser() -> argparse.ArgumentParser:
    """The options of the tour, and a subcommand with its own for each demo."""
    parser = Parser(
        prog="python -m demos",
        description="A course in neural networks. Without a name: all demos, one after the other, "
        "and index.html, a gallery of what they made. With a name, or its number: that demo "
        "alone, and its section of the gallery if there is one.",
        epilog="python -m demos NAME --help lists the options of a demo.",
    )
    add_shared_options(parser, out=Path("demo_output"), quick=False, seed=0)
    subparsers = parser.add_subparsers(dest="demo", metavar="NAME")
    for name, number in NUMBERS.items():
        demo = demo_module(name)
        subparser = subparsers.add_parser(
            name,
            aliases=[str(number)],
            help=demo.SUMMARY,
            description=f"{TITLES[name]}: {demo.SUMMARY}.",
            formatter_class=Defaults,
            conflict_handler="resolve",
        )
        # Suppressed, or it would undo what stands before the name.
        hidden = argparse.SUPPRESS
        demo.add_options(subparser)
        add_shared_options(subparser, out=hidden, quick=hidden, seed=hidden)
        subparser.set_defaults(demo=name)
    return parser


def add_shared_options(
    parser: argparse.ArgumentParser, *, out: object, quick: object, seed: object
) -> None:
    """What every demo understands, before its name and after it, with these defaults."""
    add = parser.add_argument
    add("--out", type=Path, default=out, metavar="DIR", help="where pictures go (demo_output)")
    add("--quick", action="store_true", default=quick, help="seconds only, to see that all works")
    add("--seed", type=whole(0), default=seed, metavar="N", help="of all that is drawn by lot (0)")


def contents() -> str:
    """The course, a line or two for each demo."""
    lines = [f"A course in {len(TITLES)} demos, one after the other. Ctrl-C ends it.", ""]
    for name, number in NUMBERS.items():
        summary = demo_module(name).SUMMARY
        lines.append(textwrap.fill(
            summary, 79, initial_indent=f"{number:>3}  {name:<17}", subsequent_indent=" " * 22
        ))  # fmt: skip
    return "\n".join(lines)


def headline(name: str, demo: ModuleType) -> str:
    """What stands over the output of a demo."""
    title = f"{NUMBERS[name]}. {TITLES[name]}"
    summary = textwrap.fill(f"{demo.SUMMARY[0].upper()}{demo.SUMMARY[1:]}.", 79)
    return f"{title}\n{'=' * len(title)}\n{summary}\n"


def needs(error: ModuleNotFoundError) -> str:
    """What to do where a library is missing."""
    return f"this needs {error.name}, which pip install '.[demos,fast]' brings"


def failure(sentence: str) -> int:
    """Say why there is no result."""
    print(f"python -m demos: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
