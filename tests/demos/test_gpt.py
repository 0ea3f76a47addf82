"""Demo 10, a GPT from scalar loops: it is a transformer, it learns, and what it shows is true."""

import math
import random

import numpy as np
import pytest

from autograd import jit, no_grad
from demos import gpt
from demos.helpers.transformer import GPT
from demos.letters.alphabet import ALPHABET
from nn import Adam, fit


def small():
    return GPT(letters=5, length=4, size=4, heads=2, seed=1)


def in_matrices(model, text):
    """The scores as a textbook computes them."""
    numbers = {
        name: np.array([[v.data for v in row] for row in getattr(model, name)])
        for name in ("Q", "K", "V", "O", "W1", "W2", "S")
    }
    rows = [model.E.vectors[letter] for letter in text]
    x = np.array([[v.data for v in row] for row in rows])
    x = x + np.array([[v.data for v in row] for row in model.P.vectors[: len(text)]])

    def evened(x):
        return x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)

    y = evened(x)
    q, k, v = (y @ numbers[name].T for name in "QKV")
    found = []
    for head in range(model.heads):
        part = slice(head * model.part, (head + 1) * model.part)
        agree = q[:, part] @ k[:, part].T / math.sqrt(model.part)
        powers = np.tril(np.exp(agree))
        found.append(powers / powers.sum(axis=1, keepdims=True) @ v[:, part])
    x = x + np.hstack(found) @ numbers["O"].T
    x = x + np.maximum(evened(x) @ numbers["W1"].T, 0) @ numbers["W2"].T
    return evened(x) @ numbers["S"].T


def test_the_loops_compute_the_matrices_of_a_textbook():
    model, text = small(), [3, 1, 4, 1]
    with no_grad():
        scores = np.array([[v.data for v in row] for row in model(text)])
    np.testing.assert_allclose(scores, in_matrices(model, text), rtol=1e-12)


def test_compiled_it_is_the_same_and_the_position_is_an_axis():
    model = small()
    texts = np.random.default_rng(0).integers(0, 5, (3, 4))
    scores = jit(lambda text: [score for each in model(text) for score in each])
    expected = [in_matrices(model, text).reshape(-1) for text in texts]
    np.testing.assert_allclose(scores(texts), expected, rtol=1e-11)
    program = jit(model.loss, backend="numpy")
    program.value_and_grad(texts, texts)
    assert "E[text.astype(int)] + P" in program.source
    assert "np.triu(np.full((4, 4), -np.inf), 1)" in program.source


def test_it_has_as_many_parameters_as_it_says():
    assert len(GPT(len(ALPHABET), gpt.LENGTH).parameters()) == 4224


def test_no_letter_sees_what_comes_after_it():
    shares = gpt.looks(small_with_alphabet(), "abcd")
    for head in shares:
        assert [len(row) for row in head] == [1, 2, 3, 4]
        assert [sum(row) for row in head] == pytest.approx([1.0] * 4, rel=1e-12)


def small_with_alphabet():
    return GPT(len(ALPHABET), length=4, size=4, heads=2, seed=1)


def test_it_learns_to_count_in_a_circle():
    model, stream = small(), random.Random(0)
    starts = [stream.randrange(5) for _ in range(20)]
    X = [[(start + i) % 5 for i in range(4)] for start in starts]
    T = [[(letter + 1) % 5 for letter in row] for row in X]
    optimizer = Adam(model.parameters(), lr=0.03)
    losses = fit(jit(model.loss), X, T, optimizer, 60, 5, progress=False).losses
    assert losses[0] > 1.0
    assert losses[-1] < 0.05


def test_the_page_steps_through_one_head(tmp_path):
    page = gpt.head_page(tmp_path / "gpt.html").read_text(encoding="utf-8")
    for name in ("look1", "power2", "agree3", "total"):
        assert name in page


@pytest.mark.slow
def test_the_demo(run_demo):
    exhibits, text = run_demo("gpt")
    assert [e.path.name for e in exhibits] == [
        "gpt.html",
        "gpt_source.py",
        "gpt_attention.png",
        "gpt.png",
    ]
    assert "e1 = E[text.astype(int)] + P" in text
    at_last = float(text.partition("at last ")[2].split()[0])
    assert at_last < 4.0
    assert gpt.writer(GPT(len(ALPHABET)))("the ") != []
