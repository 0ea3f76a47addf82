"""From DOT text to pictures: find a program that renders, run it, finish its SVG.

Where no program can be started, ``render_with`` puts a function in its place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable

from autograd.drawing.palette import FONT, STYLE
from autograd.given import shown
from autograd.visible import visible

FORMATS = ("svg", "png", "pdf")
LONGEST = 400  # characters of a program's complaint, which may quote a label
_FALLBACKS = f"'{FONT}', Courier, 'Liberation Mono', monospace"


class RenderError(RuntimeError):
    """No program that renders was found, or the program failed."""


Renderer = Callable[[str, str], "str | bytes"]

_renderer: Renderer | None = None


def render_with(renderer: Renderer | None) -> None:
    """Let a function render all pictures of this process, in the place of an installed program.

    Python in a browser, for example, can start no program, but JavaScript can draw there.

    Args:
        renderer: is called with DOT text and a format, "svg", "png" or "pdf". It returns the
            picture, as bytes or, for an SVG, as text. It raises RenderError if it lacks the format;
            what it raises reaches the caller of ``draw``'s methods. None: a program, as before.

    Raises:
        TypeError: ``renderer`` cannot be called.
    """
    global _renderer
    if renderer is not None and not callable(renderer):
        raise TypeError(
            "a renderer is a function of DOT text and a format, or None for an installed program; "
            f"got {shown(renderer)}"
        )
    _renderer = renderer


def render(source: str, format: str, dpi: int) -> bytes:
    """``source`` as a picture.

    Args:
        source: DOT text.
        format: "svg", "png" or "pdf".
        dpi: dots per inch of a png.

    Raises:
        RenderError: no installed program renders that format, or the program failed.
    """
    rendered = _renderer(source, format) if _renderer else _rendered_by_program(source, format, dpi)
    if format != "svg":
        return rendered.encode() if isinstance(rendered, str) else rendered
    svg = rendered if isinstance(rendered, str) else rendered.decode()
    return _finish(svg, source).encode()


def _rendered_by_program(source: str, format: str, dpi: int) -> bytes:
    command = [_program(format), f"-T{format}"]
    if format == "png":
        command.append(f"-Gdpi={dpi}")
    try:
        result = subprocess.run(command, input=source.encode(), capture_output=True)
    except OSError as error:
        raise RenderError(f"{command[0]} could not be started: {error}") from error
    if result.returncode or not result.stdout:
        said = result.stderr.decode(errors="replace")
        complaint = visible(" ".join(said.split()), LONGEST)
        raise RenderError(f"{command[0]} failed with status {result.returncode}: {complaint}")
    return result.stdout


def _program(format: str) -> str:
    """The program to run: graphviz-pure from this environment, else dot; for a pdf, only dot."""
    if format != "pdf":
        # An environment may be in use without being activated, and then is not on the PATH.
        folders = [sysconfig.get_path("scripts"), os.path.dirname(sys.executable)]
        places = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
        if found := shutil.which("graphviz-pure", path=places):
            return found
    if found := shutil.which("dot"):
        return found
    system = "Graphviz from your system or https://graphviz.org/download, which brings `dot`"
    if format == "pdf":
        raise RenderError(
            f"a pdf needs the program `dot`, which is not on the PATH: install {system}, or save "
            "as .svg or .png, for which `pip install graphviz-pure` is enough. The DOT text is in "
            "`.source`."
        )
    raise RenderError(
        "found no program that renders graphs: run `pip install graphviz-pure` (needs nothing "
        f"else), or install {system}. The DOT text is in `.source`."
    )


def _finish(svg: str, source: str) -> str:
    """The SVG, made fit for a page that has others on it, and for light and dark surroundings.

    Replacing text is safe, because the renderer writes every < and " of a label as an entity.
    """
    prefix = "g" + hashlib.sha256(source.encode()).hexdigest()[:8]
    svg = svg[svg.index("<svg") :]
    svg = svg.replace('<g id="', f'<g id="{prefix}_')
    svg = svg.replace(f'font-family="{FONT}"', f'font-family="{_FALLBACKS}"')
    # It writes a second space as a no-break space, which would be copied as another character.
    svg = svg.replace("&#160;", " ")
    head, body = svg.split(">", 1)
    head = head.replace("<svg", '<svg class="autograd" xml:space="preserve"', 1)
    return f"{head}>\n<style>\n{STYLE}\n</style>{body.rstrip()}\n"
