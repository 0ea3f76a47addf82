"""Figures of matplotlib in one style. It is imported here alone, and only when a demo draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demos.helpers.gallery import Exhibit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

BLUE, LIGHT_BLUE = "#1f4e79", "#b8cbe0"
ORANGE, LIGHT_ORANGE = "#c8601a", "#f2cfb3"
GREY = "#767676"


def save_all(*drawings: Callable[[], Exhibit]) -> list[Exhibit]:
    """Make each picture and say where it is; without matplotlib say what it needs."""
    exhibits = []
    try:
        for draw in drawings:
            exhibit = draw()
            print(f"  picture: {exhibit.path}")
            exhibits.append(exhibit)
    except ModuleNotFoundError as error:
        print(f"  no picture: it needs {error.name}, which pip install '.[demos]' brings")
    return exhibits


def new_figure(width: float, height: float, dpi: int = 150) -> Figure:
    """An empty figure of so many inches, which needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def title(axes: Axes, text: str) -> None:
    """A title at the left, where reading begins; and no frame above and to the right."""
    axes.set_title(text, loc="left", fontsize=11, color="#222222")
    axes.spines[["top", "right"]].set_visible(False)


def label(
    axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], colour: str
) -> None:
    """Text that ends at a point of a curve, moved by some typographic points."""
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


def map_axes(axes: Axes, text: str) -> None:
    """A title over a map of two inputs in equal units, without numbers along its sides."""
    axes.set_title(text, fontsize=10, color="#222222")
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def two_sided() -> Colormap:
    """Orange below zero, white at it, blue above."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = [ORANGE, LIGHT_ORANGE, "#ffffff", LIGHT_BLUE, BLUE]
    return LinearSegmentedColormap.from_list("orange to blue", colours)


def save_animation(
    figure: Figure, show: Callable[[Any], None], frames: Iterable[Any], path: Path, fps: int = 10
) -> None:
    """Write a GIF: ``show`` changes the figure to each frame in turn; the last stays a second.

    Args:
        figure: drawn for the first frame, or made so by ``show``.
        show: called with each of ``frames``.
        frames: what there is to show, at least one.
        path: of the GIF.
        fps: frames a second.
    """
    from matplotlib.animation import PillowWriter

    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # arranged once: nothing jumps, and each frame is quicker
    writer = PillowWriter(fps=fps)
    with writer.saving(figure, str(path), figure.dpi):
        for frame in frames:
            show(frame)
            writer.grab_frame()
        for _ in range(fps):
            writer.grab_frame()
