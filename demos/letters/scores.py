"""How good predicted probabilities are, measured on the letters that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Scores:
    """The quality of n predictions.

    Attributes:
        accuracy: the share of predictions whose likeliest letter was right.
        bits: the mean of -log2 of the probability given to the right letter, which is the length
            of the best code for the letters under these probabilities (Shannon, 1948).
        mean_rank: the mean rank of the right letter, where the likeliest letter has rank 1.
        median_rank: the median of these ranks.
    """

    accuracy: float
    bits: float
    mean_rank: float
    median_rank: float


def scores(probabilities: ArrayLike, right: ArrayLike) -> Scores:
    """Compare probabilities with the letters that came.

    Args:
        probabilities: of shape (n, letters); each row sums to 1.
        right: the place of the right letter in each row, of shape (n,).

    Raises:
        ValueError: there are no predictions, or the shapes do not match.
    """
    import numpy as np

    p, places = np.asarray(probabilities, float), np.asarray(right)
    if p.ndim != 2 or len(p) == 0 or places.shape != (len(p),):
        raise ValueError(
            f"expected (n, letters) probabilities and n right letters, n at least 1; "
            f"got shapes {p.shape} and {places.shape}"
        )
    of_right = p[np.arange(len(p)), places][:, None]
    # Among equally likely letters, the right one takes the middle rank.
    ranks = 1 + (p > of_right).sum(1) + ((p == of_right).sum(1) - 1) / 2
    return Scores(
        accuracy=float((p.argmax(1) == places).mean()),
        # A probability that underflowed to 0 counts as the smallest positive double.
        bits=float(-np.log2(np.maximum(of_right, np.finfo(float).tiny)).mean()),
        mean_rank=float(ranks.mean()),
        median_rank=float(np.median(ranks)),
    )


def softmax(outputs: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Each row as probabilities, proportional to e^(output / temperature)."""
    import numpy as np

    scaled = np.exp((outputs - outputs.max(1, keepdims=True)) / temperature)
    return np.asarray(scaled / scaled.sum(1, keepdims=True))


def best_temperature(outputs: NDArray[np.float64], right: ArrayLike) -> float:
    """The temperature, from 0.001 to 10, at which the softmax takes the fewest bits.

    The method is golden-section search over its logarithm (Kiefer, 1953). The bits are a convex
    function of 1 / temperature, so there is only one minimum.
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
