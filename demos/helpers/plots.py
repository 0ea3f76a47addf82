"""Figures in one style. Only this file imports matplotlib, and only when a demo draws."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import write_whole
from demos.helpers.gallery import Exhibit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

BLUE, LIGHT_BLUE = "#1f4e79", "#b8cbe0"
ORANGE, LIGHT_ORANGE = "#c8601a", "#f2cfb3"
GREY = "#767676"


def save_all(*drawings: Callable[[], Exhibit]) -> list[Exhibit]:
    """Make each picture and print its path; without matplotlib, say what to install."""
    exhibits = []
    try:
        for draw in drawings:
            exhibit = draw()
            print(f"  picture: {exhibit.path}")
            exhibits.append(exhibit)
    except ModuleNotFoundError as error:
        print(f"  no picture: it needs {error.name}; pip install '.[demos]' installs it")
    return exhibits


def new_figure(width: float, height: float, dpi: int = 150) -> Figure:
    """An empty figure, its size in inches, that needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file, whole or not at all; the suffix chooses the format."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:])
    write_whole(path, content.getvalue())


def title(axes: Axes, text: str) -> None:
    """Set a title at the left, and remove the frame above and to the right."""
    axes.set_title(text, loc="left", fontsize=11, color="#222222")
    axes.spines[["top", "right"]].set_visible(False)


def label(
    axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], colour: str
) -> None:
    """Write text that ends at a point of a curve, moved by ``offset`` in typographic points."""
    axes.annotate(
        text,
        point,
        xytext=offset,
        textcoords="offset points",
        ha="right",
        color=colour,
        fontsize=11,
        weight="bold",
    )


def growth_axes(figure: Figure, sizes: Sequence[int], ylabel: str) -> Axes:
    """Log axes for a cost against the number of weights, with a tick at each size."""
    axes = figure.add_subplot(
        xscale="log",
        yscale="log",
        xlabel="number of weights (log scale)",
        ylabel=f"{ylabel} (log scale)",
    )
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(color="#e6e6e6", linewidth=0.8)
    return axes


def map_axes(axes: Axes, text: str) -> None:
    """Set a title over a map of two inputs; equal units, no numbers along the sides."""
    axes.set_title(text, fontsize=10, color="#222222")
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def two_sided() -> Colormap:
    """Orange below zero, white at zero, blue above."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = [ORANGE, LIGHT_ORANGE, "#ffffff", LIGHT_BLUE, BLUE]
    return LinearSegmentedColormap.from_list("orange to blue", colours)


def save_animation(
    figure: Figure, show: Callable[[Any], None], frames: Iterable[Any], path: Path, fps: int = 10
) -> None:
    """Write a GIF: ``show`` changes the figure to each frame; the last frame stays for a second.

    Args:
        figure: the figure to draw on.
        show: called with each of ``frames``.
        frames: at least one frame.
        path: the GIF file.
        fps: frames per second.
    """
    from matplotlib.animation import PillowWriter

    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # fixed from here on: nothing jumps, and frames are faster
    writer = PillowWriter(fps=fps)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.gif"
        with writer.saving(figure, str(whole), figure.dpi):
            for frame in frames:
                show(frame)
                writer.grab_frame()
            for _ in range(fps):
                writer.grab_frame()
        write_whole(path, whole.read_bytes())
