"""Texts for the next letter: the alphabet, and a text of any size read in blocks."""

import io
import sys
from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos.letters import corpus, english
from demos.letters.alphabet import ALPHABET, encode, fold, index, ranking, windows
from demos.letters.corpus import BLOCK, Corpus

# --- the alphabet ---


def test_alphabet_order():
    assert ALPHABET == "abcdefghijklmnopqrstuvwxyz _"
    assert [index(c) for c in "az _"] == [0, 25, 26, 27]


@given(st.text())
def test_fold_gives_one_letter_per_character(text):
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
def test_any_other_character_becomes_an_underscore(odd):
    assert fold(f"A{odd}b") == "a_b"
    assert index(odd) == 27


@given(st.text(max_size=20))
def test_a_letter_becomes_28_numbers_one_of_them_a_half(text):
    numbers = encode(text)
    assert len(numbers) == 28 * len(text)
    for position, letter in enumerate(text):
        block = numbers[28 * position : 28 * position + 28]
        assert block.count(0.5) == 1
        assert block.count(0.0) == 27
        assert block.index(0.5) == index(letter)


@pytest.mark.parametrize("letters", ["", "ab"])
def test_index_needs_one_letter(letters):
    with pytest.raises(ValueError, match="one character"):
        index(letters)


@settings(deadline=None)
@given(st.text(ALPHABET, max_size=30), st.integers(1, 5))
def test_windows_are_all_contexts_and_the_letters_after_them(text, context):
    X, T = windows(text, context)
    places = range(context, len(text))
    assert X.tolist() == [encode(text[place - context : place]) for place in places]
    assert [ALPHABET[row.argmax()] for row in T] == [text[place] for place in places]
    assert X.shape == (len(places), 28 * context)
    assert T.shape == (len(places), 28)
    assert (T.sum(1) == 1).all()


@given(st.text(ALPHABET, min_size=1, max_size=1))
def test_ranking_undoes_encoding(letter):
    ranked = ranking(encode(letter))
    assert ranked[0] == (letter, 0.5)
    assert sorted(symbol for symbol, _ in ranked) == sorted(ALPHABET)
    assert [symbol for symbol, _ in ranked[1:]] == [c for c in ALPHABET if c != letter]


def test_ranking_needs_28_outputs():
    with pytest.raises(ValueError, match="28 outputs"):
        ranking([0.0] * 27)


# --- texts ---


def test_the_text_that_comes_with_python_is_english():
    text = english.from_python()
    assert len(text) > 50_000
    assert "  " not in text
    assert "\n" not in text
    letters = fold(text)
    assert letters.count(" the ") > len(text) / 500
    assert letters.count("_") < len(text) / 15
    assert max(ALPHABET, key=letters.count) == " "
    paragraphs = english.from_python().split(". ")
    assert len(set(paragraphs)) > 0.9 * len(paragraphs)  # some topics occur twice


def test_a_python_without_help_texts(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(english.TextError, match="--text FILE"):
        english.from_python()


def test_a_file_is_read_as_one_line(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffCall me\r\n\r\n\t Ishmael.\n".encode())
    text = corpus.from_file(path)
    assert text.joined([range(text.size)]) == "call me ishmael_"


@pytest.mark.parametrize("size", [1, 2, 3, 16, 100])
def test_words_at_the_edges_of_blocks_stay_whole(size):
    text = in_memory(b"the cat  sat on\n the mat")
    blocks = [range(at, min(at + size, text.size)) for at in range(0, text.size, size)]
    assert text.joined(blocks) == "the cat sat on the mat"


@pytest.mark.parametrize("content", [b"", b"\n \t\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file(tmp_path, content):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(english.TextError, match="is empty"):
        corpus.from_file(path)


@pytest.mark.parametrize("before", [b"caf", b"a" * (BLOCK - 1), b"a" * BLOCK, b"a" * (3 * BLOCK)])
def test_a_file_that_is_not_utf8(tmp_path, before):
    path = tmp_path / "text.txt"
    path.write_bytes(before + b"\xe9 and more")
    text = Corpus(str(path), len(before) + 10, lambda: path.open("rb"))
    with pytest.raises(english.TextError, match=rf"not text in UTF-8 \(byte {len(before)} "):
        text.joined([range(at, at + BLOCK) for at in range(0, text.size, BLOCK)])


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(english.TextError, match="cannot read"):
            corpus.from_file(path)


def in_memory(content):
    return Corpus("memory", len(content), lambda: io.BytesIO(content))


@given(st.text("aé€😀", max_size=40), st.integers(1, 9))
def test_each_character_belongs_to_one_block(text, size):
    content = text.encode()
    whole = in_memory(content)
    starts = range(0, len(content), size)
    blocks = [whole.letters(range(at, min(at + size, len(content)))) for at in starts]
    assert "".join(blocks) == fold(text)


def test_a_large_file_is_never_read_whole(tmp_path):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte, but the disk holds only these letters
        file.write(b"abc " * 100)
        file.seek((1 << 40) - (1 << 40) // 10)
        file.write(b"xyz " * 100)
    text = corpus.from_file(path)
    assert text.size == 1 << 40
    assert len(text.training()) > 10**7
    learning = text.training(1000)
    assert [len(block) for block in learning] == [1000]
    with pytest.raises(IndexError, match="1 blocks; got number 1"):
        learning[1]
    assert text.joined(learning)[:7] == "abc abc"
    assert text.joined(text.test(400))[:7] == "xyz xyz"


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_the_parts_do_not_overlap_and_cover_the_text(size, most):
    text = Corpus("any", size, io.BytesIO)
    parts = [text.training(), text.validation(size + 1), text.test(size + 1)]
    places = [byte for part in parts for block in part for byte in (block.start, block.stop)]
    assert places == sorted(places)
    assert sum(len(block) for part in parts for block in part) == size
    assert max((len(block) for part in parts for block in part), default=0) <= BLOCK
    assert sum(map(len, text.training(most))) == min(most, size - 2 * (size // 10))
