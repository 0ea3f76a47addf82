"""How good probabilities of the next letter are, once the letters are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Scores:
    """What came of n predictions.

    Attributes:
        accuracy: the share of letters that were the likeliest.
        bits: the mean of -log2 of the probability that the right letter had: the bits that it
            takes to write a letter down, for who has these probabilities (Shannon, 1948).
        mean_rank: how many letters one has to try, the likeliest first, until the right one.
        median_rank: the same for the letter in the middle.
    """

    accuracy: float
    bits: float
    mean_rank: float
    median_rank: float


def scores(probabilities: ArrayLike, right: ArrayLike) -> Scores:
    """Compare probabilities with what came.

    Args:
        probabilities: of shape (n, letters), each row summing to 1.
        right: the place of the right letter in each row, of shape (n,).

    Raises:
        ValueError: no predictions, or not one right letter for each.
    """
    import numpy as np

    p, places = np.asarray(probabilities, float), np.asarray(right)
    if p.ndim != 2 or len(p) == 0 or places.shape != (len(p),):
        raise ValueError(
            f"expected (n, letters) probabilities and n right letters, n at least 1; "
            f"got shapes {p.shape} and {places.shape}"
        )
    of_right = p[np.arange(len(p)), places][:, None]
    # Of equally likely letters the right one is, on average, the middle one.
    ranks = 1 + (p > of_right).sum(1) + ((p == of_right).sum(1) - 1) / 2
    return Scores(
        accuracy=float((p.argmax(1) == places).mean()),
        # A probability too small for a double counts as the smallest there is.
        bits=float(-np.log2(np.maximum(of_right, np.finfo(float).tiny)).mean()),
        mean_rank=float(ranks.mean()),
        median_rank=float(np.median(ranks)),
    )


def softmax(outputs: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Each row as probabilities, in proportion to e^(output / temperature)."""
    import numpy as np

    scaled = np.exp((outputs - outputs.max(1, keepdims=True)) / temperature)
    return np.asarray(scaled / scaled.sum(1, keepdims=True))


def best_temperature(outputs: NDArray[np.float64], right: ArrayLike) -> float:
    """The temperature, from 0.001 to 10, with which the softmax takes the fewest bits.

    By golden-section search over its logarithm (Kiefer, 1953): in 1 / temperature the bits are a
    convex function, so there is one lowest point.
    """
    import math

    def bits(log_temperature: float) -> float:
        return scores(softmax(outputs, math.exp(log_temperature)), right).bits

    low, high = math.log(0.001), math.log(10)
    golden = (math.sqrt(5) - 1) / 2
    while high - low > 0.01:
        left, middle = high - golden * (high - low), low + golden * (high - low)
        if bits(left) <= bits(middle):
            high = middle
        else:
            low = left
    return math.exp((low + high) / 2)
