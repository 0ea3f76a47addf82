"""Embedding and take: rows of a table, by their number."""

import copy
import math
import pickle
import random

import numpy as np
import pytest

from autograd import Value, dot, draw, explain, take
from autograd.names import names_in
from nn import SGD, Adam, Embedding, Layer, Module, fit, load_checkpoint, save_checkpoint

INDICES = (2, 2.0, np.int64(2), np.float32(2), np.array([2, 0])[0])
NO_ROWS = (-1, 3, 1.5, math.nan, math.inf, -0.5, 10**40, 1e300)


class Bigrams(Module):
    """A prediction of the next letter from the last: the smallest use of an embedding."""

    def __init__(self, n, m, seed=0):
        stream = random.Random(seed)
        self.letters = Embedding(n, m, seed=stream)
        self.out = Layer(m, n, None, seed=stream)

    def __call__(self, letter):
        return self.out(self.letters(letter))


def numbers_of(table):
    return np.array([[v.data for v in vector] for vector in table.vectors])


# --- take ---


@pytest.mark.parametrize("index", INDICES)
def test_take_gives_the_values_of_the_row_themselves(index):
    rows = [[Value(float(i)), Value(float(-i))] for i in range(3)]
    taken = take(rows, index)
    assert all(a is b for a, b in zip(taken, rows[2]))
    assert taken is not rows[2]
    assert take(rows[2], 1.0) is rows[2][1]
    assert take([5.0, 6.0, 7.0], index) == 7.0


@pytest.mark.parametrize("index", NO_ROWS)
def test_there_is_no_such_row(index):
    shown = f"{float(index):.15g}".replace("+", r"\+")
    with pytest.raises(
        IndexError,
        match=f"no row {shown} in a table of 3 rows: an index is a whole number from 0 to 2",
    ):
        take([[1.0], [2.0], [3.0]], index)


def test_a_table_without_rows():
    with pytest.raises(IndexError, match="no row 0 in a table without rows"):
        take([], 0)


def test_an_index_is_a_number():
    with pytest.raises(TypeError, match=r"no derivative by its number.*take\(rows, i.data\)"):
        take([[1.0], [2.0]], Value(1.0))
    with pytest.raises(TypeError, match="expected one real number"):
        take([[1.0], [2.0]], "1")
    assert take([[1.0], [2.0]], True) == [2.0]  # as inputs have it, for which True is 1.0


def test_pictures_and_words_name_the_row_that_was_taken():
    table = Embedding(3, 2, [[1, 2], [3, 4], [5, 6]])
    out = dot(table(1), [10.0, 20.0]).tanh()
    assert "E[1,0]" in str(explain(out, table.vectors[1][0], names=table))
    drawn = draw(out, names=table, view="scalars").source
    assert "e₁₀" in drawn
    assert "e₀₀" not in drawn


# --- Embedding ---


def test_gradients_of_repeated_letters_add_up_as_in_torch():
    torch = pytest.importorskip("torch")
    table, letters = Embedding(5, 3, seed=1), [3, 1, 3, 3, 0]
    theirs = torch.nn.Embedding(5, 3).double()
    theirs.weight.data[:] = torch.from_numpy(numbers_of(table))
    loss = sum(v.tanh() * (k + 1) for k, i in enumerate(letters) for v in table(i))
    loss.backward()
    weights = torch.arange(1.0, 6.0).double()[:, None]
    expected = (theirs(torch.tensor(letters)).tanh() * weights).sum()
    expected.backward()
    assert loss.data == pytest.approx(expected.item(), rel=1e-14)
    got = np.array([[v.grad for v in row] for row in table.vectors])
    np.testing.assert_allclose(got, theirs.weight.grad.numpy(), rtol=1e-13)
    assert not got[[2, 4]].any()


@pytest.mark.parametrize("copied", [False, True])
def test_steps_of_adam_are_those_of_torch_also_for_rows_that_are_not_taken(copied):
    torch = pytest.importorskip("torch")
    table = Embedding(4, 2, seed=1)
    if copied:
        table = pickle.loads(pickle.dumps(copy.deepcopy(table)))
    theirs = torch.nn.Embedding(4, 2).double()
    theirs.weight.data[:] = torch.from_numpy(numbers_of(table))
    ours = Adam(table.parameters(), lr=0.1)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.1)
    for letter in (3, 1, 1, 0, 3):
        ours.zero_grad()
        optimizer.zero_grad()
        sum(v.sin() for v in table(letter)).backward()
        theirs(torch.tensor(letter)).sin().sum().backward()
        ours.step()
        optimizer.step()
    np.testing.assert_allclose(numbers_of(table), theirs.weight.detach().numpy(), rtol=1e-10)


def test_random_vectors_have_mean_0_and_variance_1():
    numbers = np.array([p.data for p in Embedding(100, 100, seed=0).parameters()])
    assert abs(numbers.mean()) < 0.04
    assert abs(numbers.var() - 1) < 0.04
    assert Embedding(3, 2, seed=7).state_dict() == Embedding(3, 2, seed=7).state_dict()


def test_wrong_sizes_and_uses_get_a_sentence():
    with pytest.raises(ValueError, match="n must be at least 1"):
        Embedding(0, 2)
    with pytest.raises(TypeError, match="m must be a whole number"):
        Embedding(2, 1.5)
    with pytest.raises(ValueError, match=r"Embedding\(2, 2\) needs 2 vectors of 2 .* got 2"):
        Embedding(2, 2, [[1.0, 2.0], [1.0]])
    with pytest.raises(TypeError, match=r"write \[embedding\(i\) for i in x\]"):
        Embedding(2, 2)([0, 1])
    with pytest.raises(IndexError, match="no row 2 in a table of 2 rows"):
        Embedding(2, 2)(2)


def test_names_state_and_checkpoints(tmp_path):
    model = Bigrams(4, 2)
    assert "letters.vectors.3.1" in model.state_dict()
    names = names_in(model).textbook
    assert names[model.letters.vectors[3][1]] == "letters[3,1]"
    E, other = Embedding(2, 2), Layer(2, 2)
    assert names_in(E).textbook[E.vectors[1][0]] == "E[1,0]"
    both = names_in({"E": E, "layer": other}).textbook
    assert both[E.vectors[1][0]] == "E[1,0]"
    assert both[other.neurons[1].weights[0]] == "layer.W[1,0]"
    save_checkpoint(tmp_path / "model.safetensors", model)
    again = Bigrams(4, 2, seed=1)
    load_checkpoint(tmp_path / "model.safetensors", again)
    assert again.state_dict() == model.state_dict()


def test_fit_learns_what_follows_each_letter():
    model, n = Bigrams(4, 3), 4
    X = [[i] for i in range(n)]
    T = [[float(k == (i + 1) % n) for k in range(n)] for i in range(n)]

    def loss(x, t):
        return sum((a - b) ** 2 for a, b in zip(model(x[0]), t))

    fit(loss, X, T, SGD(model.parameters(), lr=0.1), epochs=300, compile=False)
    for i in range(n):
        outputs = [v.data for v in model(i)]
        assert outputs.index(max(outputs)) == (i + 1) % n
