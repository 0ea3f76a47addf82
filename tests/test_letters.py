"""The letters: the alphabet and its coding, texts, counting, and the network that predicts."""

import math
import random
import sys
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from demos import english
from demos.alphabet import ALPHABET, Coded, encode, fold, index, ranking
from demos.baselines import Counts, accuracy
from demos.pictures import running_mean
from demos.predictor import Predictor

# --- the alphabet ---


def test_alphabet_order():
    assert ALPHABET == "abcdefghijklmnopqrstuvwxyz _"
    assert [index(c) for c in "az _"] == [0, 25, 26, 27]


@given(st.text())
def test_fold_gives_one_symbol_for_each_character(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert set(folded) <= set(ALPHABET)
    assert fold(folded) == folded
    for character, symbol in zip(text, folded):
        if character in ascii_letters:
            assert symbol == character.lower()
        else:
            assert symbol == (" " if character == " " else "_")


@pytest.mark.parametrize("odd", [*"éßİ\u212aﬁ7\n\t\0😀\udc80"])
def test_anything_else_is_one_underscore(odd):
    assert fold(f"A{odd}b") == "a_b"
    assert index(odd) == 27


@given(st.text(max_size=20))
def test_a_letter_is_28_numbers_with_one_half(text):
    numbers = encode(text)
    assert len(numbers) == 28 * len(text)
    for position, letter in enumerate(text):
        block = numbers[28 * position : 28 * position + 28]
        assert block.count(0.5) == 1
        assert block.count(0.0) == 27
        assert block.index(0.5) == index(letter)


@pytest.mark.parametrize("letters", ["", "ab"])
def test_index_takes_one_letter(letters):
    with pytest.raises(ValueError, match="one character"):
        index(letters)


def test_coded_pieces_are_encoded_when_asked_for():
    coded = Coded(["ab", "c "])
    assert len(coded) == 2
    assert coded[1] == encode("c ")


@given(st.text(ALPHABET, min_size=1, max_size=1))
def test_ranking_undoes_encoding(letter):
    ranked = ranking(encode(letter))
    assert ranked[0] == (letter, 0.5)
    assert sorted(symbol for symbol, _ in ranked) == sorted(ALPHABET)
    assert [symbol for symbol, _ in ranked[1:]] == [c for c in ALPHABET if c != letter]


def test_ranking_takes_28_outputs():
    with pytest.raises(ValueError, match="28 outputs"):
        ranking([0.0] * 27)


# --- texts ---


def test_the_text_that_python_carries_is_english():
    text = english.from_python()
    assert len(text) > 50_000
    assert "  " not in text
    assert "\n" not in text
    letters = fold(text)
    assert letters.count(" the ") > len(text) / 500
    assert letters.count("_") < len(text) / 15
    assert Counts(0, letters)("") == " "


def test_a_python_without_its_help(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(english.TextError, match="--text FILE"):
        english.from_python()


def test_a_file_is_read_as_one_line(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffCall me\r\n\r\n\t Ishmael.\n".encode())
    assert english.from_file(path) == "Call me Ishmael."


@pytest.mark.parametrize("content", [b"", b"\n \t\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file(tmp_path, content):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(english.TextError, match="is empty"):
        english.from_file(path)


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("café".encode("latin-1"))
    with pytest.raises(english.TextError, match=r"not text in UTF-8 \(byte 3"):
        english.from_file(path)


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(english.TextError, match="cannot read"):
            english.from_file(path)


# --- counting ---

# a is followed by b twice and by c once; ca by b; ab by c and by a, c first.
TINY = "abcab" + "ac"


def test_most_frequent_letter():
    assert Counts(0, TINY)("zzz") == "a"


def test_bigrams_by_hand():
    guess = Counts(1, TINY)
    assert guess("a") == guess("zza") == "b"
    assert guess("b") == "c"
    assert guess("c") == "a"


def test_trigrams_by_hand():
    guess = Counts(2, TINY)
    assert guess("ca") == "b"
    assert guess("ab") == "c"  # as often as a, and seen first
    assert guess("ba") == "c"


def test_unseen_letters_are_looked_up_by_fewer():
    guess = Counts(2, TINY)
    assert guess("za") == Counts(1, TINY)("a") == "b"
    assert guess("zz") == guess("") == "a"
    assert guess("a") == "b"


@given(st.text(ALPHABET, min_size=1), st.text(ALPHABET), st.integers(0, 3))
def test_counts_find_a_guess_for_any_context(text, context, length):
    assert Counts(length, text)(context) in text


def test_accuracy_by_hand():
    # Of the letters b c a b, after a b c a: bigrams from TINY know b, c, a and b.
    assert accuracy(Counts(1, TINY), "abcab", 1) == 1
    # Of c a b, the most frequent letter is right once.
    assert accuracy(Counts(0, TINY), "abcab", 2) == 1 / 3


def test_accuracy_on_a_few_places():
    asked = []
    accuracy(lambda before: asked.append(before) or "a", "abcdefgh", 2, most=3)
    assert asked == ["ab", "cd", "ef"]


def test_too_little_to_count():
    with pytest.raises(ValueError, match="nothing to count"):
        Counts(1, "")
    with pytest.raises(ValueError, match="too few"):
        accuracy(Counts(0, TINY), "abc", 3)


# --- the network ---


@pytest.mark.parametrize("context", [1, 2, 5])
@pytest.mark.parametrize("hidden", [0, 4])
def test_contexts_of_any_length(context, hidden):
    predictor = Predictor(context, hidden, seed=0)
    inputs = 28 * context
    weights = inputs * hidden + hidden * 28 if hidden else inputs * 28
    assert len(predictor.network.parameters()) == weights + hidden + 28
    outputs = predictor.outputs("some letters")
    assert len(outputs) == 28
    assert outputs == predictor.outputs("SOME LETTERS"[-context:])
    assert predictor("some letters") == ALPHABET[outputs.index(max(outputs))]


def test_a_short_context_begins_with_spaces():
    predictor = Predictor(3, 4, seed=0)
    assert predictor.outputs("e") == predictor.outputs("  e")


def test_error_is_half_the_sum_of_squared_differences():
    predictor = Predictor(2, 3, seed=0)
    outputs, target = predictor.outputs("th"), encode("e")
    error = predictor.error(encode("th"), target)
    assert isinstance(error, Value)
    assert math.isclose(error.data, sum((o - t) ** 2 for o, t in zip(outputs, target)) / 2)


def test_writing_is_repeatable_and_continues_the_start():
    predictor = Predictor(2, 3, seed=0)
    written = [predictor.write("the", 20, random.Random(seed)) for seed in (1, 1, 2)]
    assert written[0] == written[1] != written[2]
    assert written[0].startswith("the")
    assert len(written[0]) == 23
    assert fold(written[0]) == written[0]


def test_running_mean_by_hand():
    assert running_mean([1.0, 3.0, 5.0, 7.0], 2) == [1, 2, 4, 6]
    assert running_mean([1.0, 3.0], 1) == [1, 3]
