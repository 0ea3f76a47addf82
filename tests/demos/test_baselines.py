"""Kneser-Ney counts against their formula, and as a probability distribution; scores."""

import math
import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos.letters.alphabet import ALPHABET
from demos.letters.baselines import KneserNey, orders
from demos.letters.scores import best_temperature, scores, softmax
from tests.counts import count

letters = st.text("abc _", min_size=6, max_size=60)


@settings(max_examples=count(200, quick=50), deadline=None)
@given(letters, st.text("abcd ", max_size=8), st.integers(0, 5))
def test_probabilities_sum_to_one_and_none_is_zero(text, context, length):
    p = KneserNey(length, text).probabilities(context)
    assert len(p) == 28
    assert math.fsum(p) == pytest.approx(1, abs=1e-12)
    assert min(p) > 0


@pytest.mark.parametrize("length", [0, 1, 3, 6])
def test_probabilities_sum_to_one_where_discounts_are_estimated(length):
    chance = random.Random(0)
    text = "".join(chance.choices(ALPHABET, range(1, 29), k=5_000))
    model = KneserNey(length, text)
    for _ in range(50):
        p = model.probabilities("".join(chance.choices(ALPHABET, k=chance.randrange(9))))
        assert math.fsum(p) == pytest.approx(1, abs=1e-12)
        assert min(p) > 0


def test_bigrams_by_the_formula():
    # In such a short text all discounts are 0.5.
    text = "abcabacbab"
    p = KneserNey(1, text).probabilities("a")
    pairs = Counter(pairwise(text))
    after = {b: n for (a, b), n in pairs.items() if a == "a"}
    total = sum(after.values())
    kinds = Counter(b for _, b in pairs)  # the number of different letters before it
    for place, letter in enumerate(ALPHABET):
        fewer = (max(kinds[letter] - 0.5, 0) + 0.5 * len(kinds) / 28) / len(pairs)
        expected = (max(after.get(letter, 0) - 0.5, 0) + 0.5 * len(after) * fewer) / total
        assert p[place] == pytest.approx(expected, rel=1e-12)


def test_discounts_by_the_formula():
    # One letter occurs once, two twice, three three times, two four times (Chen and Goodman, 17).
    counts = {"a": 1, "b": 2, "c": 2, "d": 3, "e": 3, "f": 3, "g": 4, "h": 4}
    n1, n2, n3, n4 = 1, 2, 3, 2
    y = n1 / (n1 + 2 * n2)
    d1, d2, d3 = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
    text = "".join(letter * n for letter, n in counts.items())
    p = KneserNey(0, text).probabilities("")
    taken = n1 * d1 + n2 * d2 + (n3 + n4) * d3
    total = len(text)
    assert p[0] == pytest.approx((1 - d1 + taken / 28) / total)
    assert p[1] == pytest.approx((2 - d2 + taken / 28) / total)
    assert p[7] == pytest.approx((4 - d3 + taken / 28) / total)
    assert p[27] == pytest.approx(taken / 28 / total)


def test_unseen_contexts_are_shortened():
    text = "the cat sat on the mat with the hat"
    model = KneserNey(3, text)
    assert model.probabilities("zat") == model.probabilities("at") != model.probabilities("cat")
    assert model.probabilities("q") == model.probabilities("")


def test_longer_contexts_help_where_they_matter():
    text = "abcdabxy" * 50
    right = [ALPHABET.index("x")]
    bits = [scores([KneserNey(n, text).probabilities("bcdab")], right).bits for n in (1, 2, 3)]
    assert bits[0] > 0.9
    assert bits[2] < 0.2


@pytest.mark.parametrize(("length", "text"), [(0, ""), (3, "abc"), (-1, "abc")])
def test_a_text_too_short_to_count(length, text):
    with pytest.raises(ValueError, match="too few"):
        KneserNey(length, text)


def test_orders_are_the_context_and_shorter_ones():
    assert orders(8) == [0, 1, 2, 3, 5, 8]
    assert orders(1) == [0, 1]
    assert orders(12) == [0, 1, 2, 3, 5, 8, 12]


# --- scores ---


def test_scores_by_hand():
    p = [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]]
    found = scores(p, [0, 1, 0, 2])
    assert found.accuracy == 0.5
    assert found.bits == (1 + 2 + 2 + 1) / 4
    # Two letters tie for ranks 2 and 3, so each has rank 2.5.
    assert found.mean_rank == (1 + 2.5 + 2.5 + 1) / 4
    assert found.median_rank == 1.75


def test_scores_of_guessing():
    found = scores(np.full((10, 28), 1 / 28), np.arange(10))
    assert found.bits == pytest.approx(math.log2(28))
    assert found.mean_rank == found.median_rank == 14.5


@pytest.mark.parametrize(
    ("p", "right"), [(np.zeros((0, 28)), []), ([[0.5, 0.5]], [0, 1]), ([0.5, 0.5], [0, 1])]
)
def test_scores_take_one_letter_per_row(p, right):
    with pytest.raises(ValueError, match="n right letters"):
        scores(np.array(p), right)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 5))
def test_the_temperature_at_which_letters_were_drawn_is_found(temperature):
    stream = np.random.default_rng(0)
    outputs = stream.normal(size=(2000, 5)) * temperature * 2
    p = softmax(outputs, temperature)
    right = [stream.choice(5, p=row) for row in p]
    found = best_temperature(outputs, right)
    assert found == pytest.approx(temperature, rel=0.15)
    # No temperature near it takes fewer bits.
    bits = scores(softmax(outputs, found), right).bits
    for factor in (0.9, 1.1):
        assert scores(softmax(outputs, factor * found), right).bits >= bits


def test_softmax_of_large_outputs():
    p = softmax(np.array([[1000.0, 999.0, -1000.0]]), 1.0)
    np.testing.assert_allclose(p[0, :2], [1 / (1 + math.exp(-1)), 1 / (1 + math.e)])
    assert p.sum() == pytest.approx(1)
