"""The pictures of the letters demo: learning curve, confusions, similarity of letters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.helpers.plots import BLUE, GREY, ORANGE
from demos.letters.alphabet import ALPHABET
from demos.letters.predictor import LetterNetwork, N, matrix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOWELS = "aeiou"
# A space would be invisible.
MARKS = ["␣" if letter == " " else letter for letter in ALPHABET]


def learning_curve(
    losses: Sequence[tuple[int, float]],
    validation: Sequence[tuple[int, float, float]],
    baseline: tuple[str, float],
    loss: str,
    path: Path,
) -> Exhibit:
    """Draw the loss on the training letters, and the bits per letter on the validation letters.

    Args:
        losses: for each block, the letters done at its end, and its mean loss.
        validation: for each evaluation, the letters done before it, the bits and the accuracy.
        baseline: the name of the best counts, and their bits on the same letters.
        loss: the name of the loss.
        path: the file.
    """
    figure = plots.new_figure(8, 4.8)
    left, right = figure.subplots(1, 2)
    left.plot(*zip(*losses), color=BLUE, linewidth=1.5)
    plots.title(left, "On the training letters")
    left.set(ylabel=f"loss ({loss})")
    letters, bits, _ = zip(*validation)
    right.plot(letters, bits, "o-", color=BLUE, markersize=4, label="the network")
    right.axhline(baseline[1], color=ORANGE, linestyle="--", label=baseline[0])
    plots.title(right, "On the validation letters")
    right.set(ylabel="bits per letter")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.set_xlabel("letters trained on")
        axes.xaxis.set_major_formatter(_short_number)
        axes.locator_params(axis="x", nbins=5)
    plots.save(figure, path)
    return Exhibit(path, "The learning curve of the network, beside the best counts.")


def confusions(probabilities: NDArray[np.float64], right: NDArray[np.int64], path: Path) -> Exhibit:
    """Draw the mean probability given to each letter, for each right letter.

    Args:
        probabilities: of shape (n, 28).
        right: the places of the right letters, of shape (n,).
        path: the file.
    """
    import numpy as np
    from matplotlib.colors import PowerNorm

    sums, seen = np.zeros((N, N)), np.bincount(right, minlength=N)
    np.add.at(sums, right, probabilities)
    means = np.full((N, N), np.nan)
    np.divide(sums, seen[:, None], out=means, where=seen[:, None] > 0)
    # From frequent to rare, so that the most important letters come first.
    order = np.argsort(-seen, kind="stable")
    marks = [MARKS[place] for place in order]
    figure = plots.new_figure(7.6, 6.8)
    axes = figure.add_subplot()
    # Without stretching the lower end of the scale, only the diagonal would be visible.
    scale = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(means[order][:, order], cmap=_blues(), norm=scale)
    plots.title(axes, "The letters that the network expects, for each right letter")
    axes.set(
        xlabel="expected letter; the colour is its mean probability",
        ylabel="right letter, the most frequent first",
    )
    axes.set_xticks(range(N), marks, family="monospace")
    axes.set_yticks(range(N), marks, family="monospace")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(
        image, ax=axes, shrink=0.7, format="{x:.0%}", ticks=[0, 0.05, 0.2, 0.5, 1]
    )
    bar.outline.set_visible(False)
    plots.save(figure, path)
    return Exhibit(
        path,
        "Dark squares off the diagonal: letters that the network expects where others are right.",
    )


def letter_vectors(network: LetterNetwork) -> NDArray[np.float64]:
    """What each letter adds to the sums of the first layer, of shape (28, neurons).

    This is for the last place of the context, which matters most. With an embedding, it is the
    product of the embedding and the weights of the first layer.
    """
    weights = matrix(network.layers[0])
    if network.embedding is not None:
        numbers = matrix(network.embedding)
        return (weights[:, -len(numbers) :] @ numbers).T
    return weights[:, -N:].T


def embedding(network: LetterNetwork, path: Path) -> Exhibit:
    """Draw the letters in the plane in which their vectors differ most (PCA; Pearson, 1901)."""
    import numpy as np

    vectors = letter_vectors(network)
    centred = vectors - vectors.mean(0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    sizes = np.append(sizes, 0.0)
    points = left[:, :2] * sizes[:2]
    if points.shape[1] < 2:
        points = np.column_stack([points, np.zeros(N)])
    # The signs are arbitrary; these put the letter a on the upper right.
    points = apart(points * np.where(points[0] < 0, -1, 1))
    share = (sizes[:2] ** 2).sum() / max((sizes**2).sum(), 1e-300)
    figure = plots.new_figure(7, 6)
    axes = figure.add_subplot()
    partner = partners(vectors)
    for start, end in zip(points, points[partner]):
        axes.plot(*zip(start, end), color="#c4ccd4", linewidth=1, zorder=0)
    for mark, letter, (x, y) in zip(MARKS, ALPHABET, points):
        colour = ORANGE if letter in VOWELS else GREY if letter in " _" else BLUE
        axes.text(x, y, mark, color=colour, size=15, ha="center", va="center", weight="bold")
    plots.title(
        axes, "The letters as the first layer sees them, each joined to the one most like it"
    )
    axes.set(
        xlabel=f"the two directions in which they differ most ({share:.0%} of the variance)",
    )
    handles = [
        axes.plot([], [], "s", color=colour, label=label)[0]
        for colour, label in (
            (ORANGE, "vowels"),
            (BLUE, "consonants"),
            (GREY, "space, and other characters (_)"),
        )
    ]
    axes.legend(
        handles=handles, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.08)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#cccccc")
    plots.save(figure, path)
    return Exhibit(
        path,
        f"Each letter is joined to the one that the first layer treats most like it. For "
        f"{paired_vowels(partner)} of the 5 vowels, that is another vowel; by chance it would be "
        f"about 1.",
    )


def partners(vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each letter the place of the one most like it, of shape (28,).

    That is the one whose difference from the mean points in the most similar direction: the vectors
    of rare letters are short, so that they are near to all others.
    """
    import numpy as np

    centred = vectors - vectors.mean(0)
    directions = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-300)
    likeness = directions @ directions.T
    np.fill_diagonal(likeness, -np.inf)
    nearest: NDArray[np.int64] = likeness.argmax(1)
    return nearest


def paired_vowels(partner: NDArray[np.int64]) -> int:
    """For how many vowels the letter most like it is a vowel, too."""
    return sum(ALPHABET[partner[ALPHABET.index(vowel)]] in VOWELS for vowel in VOWELS)


def apart(points: NDArray[np.float64], least: float = 0.045) -> NDArray[np.float64]:
    """Points in a plane, moved until no two are much closer than a share of its sides."""
    import numpy as np

    sides: NDArray[np.float64] = np.ptp(points, axis=0) + 1e-300
    # Equal points get slightly different places, so that they can move apart.
    placed: NDArray[np.float64] = points / sides + 1e-9 * np.arange(len(points))[:, None]
    for _ in range(50):
        ways = placed[:, None] - placed
        distances = np.hypot(*ways.T) + np.eye(len(points))
        missing = np.maximum(0, least - distances)
        placed += np.einsum("ij,ijk->ik", missing / distances / 2, ways)
    return placed * sides


def _blues() -> Any:
    """White to dark blue; letters that never occurred are grey."""
    from matplotlib import colormaps

    return colormaps["Blues"].with_extremes(bad="#eeeeee")


def _short_number(x: float, position: int) -> str:
    """12,000 as 12k, for an axis."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if x >= size:
            return f"{x / size:g}{unit}"
    return f"{x:g}"
