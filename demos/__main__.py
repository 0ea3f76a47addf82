"""``python -m demos``: the course as a tour with a gallery, or one demo of it by name."""

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
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TextIO

from demos.helpers.options import whole

if TYPE_CHECKING:
    from demos.helpers.gallery import Exhibit, Section


class Demo(NamedTuple):
    """A demo of the course. Its module has SUMMARY and run; add_options, too, if it has options."""

    number: int
    name: str
    title: str
    module: str

    def load(self) -> ModuleType:
        """Import the module of the demo."""
        return import_module(f"demos.{self.module}")


COURSE = {
    name: Demo(number, name, title, module)
    for number, (name, title, module) in enumerate(
        (
            ("chain_rule", "The chain rule", "chain_rule"),
            ("figure_4", "Figure 4 and abcd", "figure_4"),
            ("trial_and_error", "Trial and error against backpropagation", "trial_and_error"),
            ("price", "All derivatives for the price of about two evaluations", "price"),
            ("valley", "Local minima and momentum", "valley"),
            ("moons", "Moons, circles, spirals", "moons"),
            ("matrices", "From neurons to matrices", "matrices"),
            ("letters", "The next letter", "letters.demo"),
            ("build_your_own", "Build your own", "build_your_own"),
            ("gpt", "A GPT from scalar loops", "gpt"),
        ),
        start=1,
    )
}

# What to learn with, by name; not a part of the tour. Each module has SUMMARY and run, which gives
# the exit status; add_options, too, if it has options.
TOOLS: dict[str, str] = {
    "playground": "demos.playground.command",
    "site": "demos.site.command",
    "workbook": "demos.workbook.command",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for.

    Returns:
        The exit status: 0; 1 if a demo failed or the folder cannot be used; 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Show each line at once, and do not fail on characters that the terminal lacks.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        # The engine is imported inside this call, so that Ctrl-C is caught from the start.
        return command(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt as stop:
        print("\nStopped by Ctrl-C.", *stop.args, file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) has closed it. Without this, Python would
        # complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        return failure(needs(error))
    except OSError as error:
        return failure(f"cannot write {error.filename or 'the output'}: {error.strerror}")


def command(arguments: Sequence[str]) -> int:
    """Run one demo or the whole tour, and update the gallery. Returns the exit status."""
    from demos.helpers.gallery import is_gallery, save_gallery

    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.tool:
        return int(import_module(TOOLS[options.tool]).run(options))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return failure(f"--out {options.out} is a file, or lies inside one; choose a folder")
    page = options.out / "index.html"
    if options.demo:
        section = perform(COURSE[options.demo], options)
        if section.trouble:
            return 1
        if is_gallery(page):
            print(f"The gallery now shows this run:\n  page:    {save_gallery([section], page)}")
        return 0

    print(contents())
    done, status = 0, 0
    try:
        for demo in COURSE.values():
            print()
            section = perform(demo, parser.parse_args([*arguments, demo.name]))
            status |= bool(section.trouble)
            # Saved after each demo, so that a tour ended by Ctrl-C shows what it made so far.
            save_gallery([section], page)
            done += 1
    except KeyboardInterrupt:
        if not done:
            raise
        raise KeyboardInterrupt(renewed(done)) from None
    print("\nThe tour ends here. Open its gallery in a browser:")
    print(f"  page:    {page}")
    print("You can run each demo by its name, with options: python -m demos --help")
    return status


def renewed(done: int) -> str:
    """Say what the gallery shows after a tour that ended early."""
    new = "demo 1 is" if done == 1 else f"demos 1 to {done} are"
    return f"In the gallery {new} new; any others are from an earlier run."


def perform(demo: Demo, options: argparse.Namespace) -> Section:
    """Run a demo; return what it printed, what it made and, if it failed, why."""
    from demos.helpers.gallery import Section
    from demos.letters.english import TextError

    module = demo.load()
    title = f"{demo.number}. {demo.title}"
    print(f"{title}\n{'=' * len(title)}")
    print(textwrap.fill(f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.", 79), end="\n\n")
    echo, trouble = Echo(sys.stdout), ""
    exhibits: list[Exhibit] = []
    try:
        with contextlib.redirect_stdout(echo):
            exhibits = module.run(options) or []
    except ModuleNotFoundError as error:
        trouble = needs(error)
    except (TextError, FloatingPointError) as error:
        trouble = str(error)
    if trouble:
        failure(trouble)
    return Section(
        *(demo.number, demo.name, demo.title, module.SUMMARY),
        *(exhibits, echo.shown(), trouble),
        made=f"{time.strftime('%Y-%m-%d %H:%M')}{', with --quick' * options.quick}",
    )


class Echo(io.TextIOBase):
    """A stream that passes on what is written, and keeps a copy for the gallery."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._memory = stream, io.StringIO()

    def write(self, text: str) -> int:
        """Pass the text on, and keep it."""
        self._memory.write(text)
        return self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The file descriptor of the stream."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self._stream.encoding

    def shown(self) -> str:
        """The text that a terminal shows in the end: where lines were overwritten, the last."""
        plain = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", self._memory.getvalue())
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))


class Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest name when a demo is misspelt."""

    def error(self, message: str) -> NoReturn:
        """End the program with a sentence."""
        if unknown := re.match(r"argument NAME: invalid choice: (['\"])(.*?)\1", message):
            meant = difflib.get_close_matches(unknown[2].lower(), [*COURSE, *TOOLS], n=1)
            message = f"there is no demo {unknown[2]!r}: " + (
                f"did you mean {meant[0]}?" if meant else f"there are {', '.join(COURSE)}"
            )
        if message.startswith("unrecognized arguments: "):
            others = [word for word in message.split()[2:] if word in COURSE]
            if others:
                message = f"one demo at a time, or all without a name: run {others[0]} next"
        super().error(message)


class Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Help that shows a default only where there is one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        without = action.default is None or action.default is False
        return action.help if without else super()._get_help_string(action)


def make_parser() -> argparse.ArgumentParser:
    """The options of the tour, and a subcommand with its own options for each demo."""
    parser = Parser(
        prog="python -m demos",
        description="A course in neural networks. Without a name, it runs all demos in turn and "
        "writes index.html, a gallery of what they made. With the name or number of a demo, it "
        "runs that demo alone and updates its section of the gallery, if there is one.",
        epilog="python -m demos NAME --help lists the options of a demo.",
    )
    add_shared_options(parser, out=Path("demo_output"), quick=False, seed=0)
    parser.set_defaults(tool=None)
    subparsers = parser.add_subparsers(dest="demo", metavar="NAME")
    for demo in COURSE.values():
        module = demo.load()
        subparser = subparsers.add_parser(
            demo.name,
            aliases=[str(demo.number)],
            help=module.SUMMARY,
            description=f"{demo.title}: {module.SUMMARY}.",
            formatter_class=Defaults,
            conflict_handler="resolve",
        )
        if hasattr(module, "add_options"):
            module.add_options(subparser)
        # A default here would undo an option that stands before the name.
        hidden = argparse.SUPPRESS
        add_shared_options(subparser, out=hidden, quick=hidden, seed=hidden)
        subparser.set_defaults(demo=demo.name)
    for name, module_name in TOOLS.items():
        module = import_module(module_name)
        subparser = subparsers.add_parser(
            name, help=module.SUMMARY, description=f"{module.SUMMARY}.", formatter_class=Defaults
        )
        if hasattr(module, "add_options"):
            module.add_options(subparser)
        subparser.set_defaults(tool=name)
    return parser


def add_shared_options(
    parser: argparse.ArgumentParser, *, out: object, quick: object, seed: object
) -> None:
    """Add the options that every demo takes, before or after its name, with these defaults."""
    add = parser.add_argument
    add("--out", type=Path, default=out, metavar="DIR", help="output folder (demo_output)")
    add("--quick", action="store_true", default=quick, help="a short run, in seconds")
    add("--seed", type=whole(0), default=seed, metavar="N", help="seed of everything random (0)")


def contents() -> str:
    """The course, with a line or two for each demo."""
    lines = [f"A course in {len(COURSE)} demos. Ctrl-C ends it.", ""]
    for demo in COURSE.values():
        lines.append(textwrap.fill(
            demo.load().SUMMARY, 79,
            initial_indent=f"{demo.number:>3}  {demo.name:<17}", subsequent_indent=" " * 22,
        ))  # fmt: skip
    return "\n".join(lines)


def needs(error: ModuleNotFoundError) -> str:
    """Say which library is missing, and how to install it."""
    extra = "jax" if error.name == "jax" else "demos,fast"
    return f"this demo needs {error.name}; pip install '.[{extra}]' installs it"


def failure(sentence: str) -> int:
    """Print why there is no result. Returns the exit status 1."""
    print(f"python -m demos: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
