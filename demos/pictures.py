"""The pictures that demos leave behind, and what they say where one cannot be made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from autograd import RenderError, Value, draw
from demos.gallery import Exhibit


def save_graph(
    value: Value, *paths: Path, view: str | None = None, caption: str = "The graph."
) -> list[Exhibit]:
    """Draw the graph of ``value`` to each path, or say why not.

    Args:
        value: the output at which the graph ends.
        paths: where to; the suffix chooses the format, and the first one is for the gallery.
        view: as ``draw`` takes it.
        caption: a sentence for the gallery.

    Returns:
        The first picture, if it could be drawn.
    """
    exhibits: list[Exhibit] = []
    try:
        for path in paths:
            print(f"  picture: {draw(value, view=view).save(path)}")
            exhibits = exhibits or [Exhibit(path, caption)]
    except RenderError as error:
        print(f"  no picture: {error}")
    return exhibits


def save_loss_curve(errors: Sequence[float], path: Path) -> None:
    """Draw the errors of training, sample after sample, or say what is missing for it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        print(f"  no picture: it needs {error.name}, which pip install '.[demos]' brings")
        return
    window = max(len(errors) // 40, 1)
    steps, means = range(1, len(errors) + 1), running_mean(errors, window)
    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)  # which needs no screen
    axes = figure.add_subplot(
        title="How the error fell", xlabel="letters learned from", ylabel="half squared error"
    )
    axes.plot(steps, errors, ".", color="#b8cbe0", markersize=2, label="at one letter")
    label = f"mean of the last {window:,}"
    axes.plot(steps, means, color="#1f4e79", linewidth=2, label=label)
    axes.set_ylim(0, 1.2 * max(means))
    axes.margins(x=0.01)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, markerscale=4)
    figure.savefig(path)
    print(f"  picture: {path}")


def running_mean(numbers: Sequence[float], window: int) -> list[float]:
    """For each number the mean of it and those before it, ``window`` in all where there are."""
    sums = [0.0, *accumulate(numbers)]
    return [
        (sums[end] - sums[max(end - window, 0)]) / min(end, window) for end in range(1, len(sums))
    ]
