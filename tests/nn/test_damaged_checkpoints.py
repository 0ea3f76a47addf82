"""Checkpoints that do not fit, are damaged, or claim what they do not have, are refused at once."""

import json
import math
import os
import random
import struct
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import nn
from autograd import Value
from nn.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from nn.tensor_file import TensorFile
from tests import counts
from tests.nn.test_checkpoint import Training


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "folder" / "a.safetensors"


def refused(path, training=None):
    """The message, after a check that nothing changed."""
    training = training or Training(seed=5, epochs=1)
    before = training.state()
    with pytest.raises(CheckpointError) as caught:
        training.load(path)
    assert training.state() == before
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


def test_another_shape(path):
    Training(sizes=(4, 1)).save(path)
    expected = "model.layers.0.weights is of shape (4, 2) there and (3, 2) here"
    assert expected in refused(path)


def test_another_depth(path):
    Training(sizes=(3, 3, 1)).save(path)
    assert "model has layers.2.bias, layers.2.weights, and none is expected" in refused(path)
    Training(sizes=(3,)).save(path)
    assert "model lacks layers.1.weights, layers.1.bias" in refused(path)


def test_another_optimiser_or_none(path):
    Training(nn.SGD).save(path)
    assert "its optimiser is SGD, not Adam" in refused(path)
    save_checkpoint(path, Training().model)
    assert "holds no optimiser" in refused(path)
    training = Training()
    save_checkpoint(path, training.model, training.optimizer)
    assert "no state of a random stream" in refused(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 8, b"hello, this is some text", b"\xff" * 8 + b"{}", b"\x80PICKLE" * 99],
)
def test_other_files(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    refused(path)


def test_every_truncation_and_every_byte_more_is_noticed(path):
    Training(epochs=1).save(path)
    content = path.read_bytes()
    training = Training(seed=5)
    for length in [*range(0, 64), *range(64, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        refused(path, training)
    path.write_bytes(content + b"\0")
    refused(path, training)


def test_a_flipped_bit_is_an_error_or_another_number_but_no_crash(path):
    Training(epochs=1).save(path)
    content = path.read_bytes()
    chance = random.Random(0)
    refusals = 0
    for _ in range(150):  # row 10 of the battery flips many more
        broken = bytearray(content)
        broken[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        training = Training(seed=5)
        before = training.state()
        try:
            training.load(path)
        except CheckpointError:
            refusals += 1
            assert training.state() == before
    assert refusals > 40


def adam(**changes):
    settings = {"lr": 0.1, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.0}
    return {"kind": "Adam", "settings": {**settings, **changes}}


def header(**changes):
    training = Training()
    full = {
        "format": nn.checkpoint.FORMAT,
        "notes": None,
        "optimizer": adam(),
        "stream": training.stream.getstate(),
    }
    return {**full, **changes}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "not the JSON"),
        ("not JSON {", "not the JSON"),
        ("[" * 100_000, "not the JSON"),
        ("[1, 2]", "of this version"),
        ("{}", "of this version"),
        (json.dumps(header(format="9")), "of this version"),
        (json.dumps(header(stream=[3, [1, 2], None])), "random stream"),
        (json.dumps(header(stream=[3, ["x"] * 625, None])), "random stream"),
        (json.dumps(header(stream="x")), "random stream"),
        (json.dumps(header(stream={})), "random stream"),
        (json.dumps(header(stream=[3, [1] * 625, "x"])), "random stream"),
        (json.dumps(header(stream=[3, [1] * 625, {}])), "random stream"),
        (json.dumps(header(optimizer=[])), "no optimiser"),
        (json.dumps(header(optimizer={"kind": "Adam", "settings": 1})), "no optimiser"),
        (json.dumps(header(optimizer={"kind": "Adam", "settings": {}})), "missing lr"),
        (json.dumps(header(optimizer={"kind": "Adam", "settings": {"lr": "x"}})), "lr is 'x'"),
        (json.dumps(header(optimizer=adam(lr=-1))), "lr must be"),
        (json.dumps(header(optimizer=adam(lr=10**400))), "does not fit"),
        (json.dumps(header(optimizer=adam(betas=3))), "does not fit"),
    ],
)
def test_json_of_another_form(path, content, said):
    Training().save(path)
    tensors = load_file(path)
    save_file(tensors, path, None if content is None else {"checkpoint": content})
    assert said in refused(path)


def test_whole_numbers_are_not_weights(path):
    Training().save(path)
    tensors = load_file(path)
    tensors["model.layers.0.bias"] = np.zeros(3, np.int64)
    save_file(tensors, path, {"checkpoint": json.dumps(header())})
    assert "model.layers.0.bias holds I64" in refused(path)


BITS = {"F4": 4, "F6_E2M3": 6, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "BOOL": 8, "BF16": 16}


@pytest.mark.parametrize("kind", [*BITS, "C64", "X", None, 3, ["F64"]])
def test_a_tensor_of_another_type(path, kind):
    """Wherever it stands: in a tensor that is wanted, or alone."""
    Training().save(path)
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    table, numbers = json.loads(content[8 : 8 + length]), content[8 + length :]
    other = {"__metadata__": table["__metadata__"]}
    size = BITS.get(kind if isinstance(kind, str) else "", 64)
    other["model.layers.0.bias"] = {"dtype": kind, "shape": [8], "data_offsets": [0, size]}
    table["model.layers.0.bias"]["dtype"] = kind
    for entries, rest in ((table, numbers), (other, b"\1" * size)):
        head = json.dumps(entries).encode()
        path.write_bytes(struct.pack("<Q", len(head)) + head + rest)
        said = refused(path)
        assert "damaged" in said or f"model.layers.0.bias holds {kind}" in said or "lacks" in said


@settings(max_examples=counts.count(300, 40), deadline=None)
@given(st.data())
def test_any_header_that_is_wrong_is_a_checkpoint_error(tmp_path_factory, data):
    """Whatever entry of a header's JSON is replaced: it loads, or it is refused."""
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    training = Training()
    training.save(path)
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    table, numbers = json.loads(content[8 : 8 + length]), content[8 + length :]
    odd = st.sampled_from([None, 0, -1, 1.5, "x", [], {}, True, [1], {"a": 1}, 10**30, math.nan])
    outside = data.draw(st.booleans())
    inner = table if outside else json.loads(table["__metadata__"]["checkpoint"])
    node, key = inner, data.draw(st.sampled_from(sorted(inner)))
    while node[key] and isinstance(node[key], (dict, list)) and data.draw(st.booleans()):
        node = node[key]
        key = data.draw(
            st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node)))
        )
    node[key] = data.draw(odd)
    if not outside:
        table["__metadata__"]["checkpoint"] = json.dumps(inner)
    head = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + numbers)
    try:
        training.load(path)
    except CheckpointError:
        return
    training.stream.gauss(0, 1)  # what was loaded can be used
    training.train(1)


def test_a_folder_is_not_a_checkpoint(tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder, not a file"):
        load_checkpoint(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs are of Unix")
def test_nothing_waits_for_a_fifo(tmp_path):
    os.mkfifo(path := tmp_path / "fifo")
    for use in load_checkpoint, lambda path: save_checkpoint(path, nn.MLP(2, [1])):
        with pytest.raises(OSError, match="it is a FIFO, not a file"):
            use(path)


def of_any_size(path, table, size):
    """A file with a table and this many bytes of zeros, which take no room on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    os.truncate(path, 8 + len(head) + size)


@pytest.mark.parametrize("name", ["foreign", "model.layers.0.weights"])
def test_a_huge_tensor_is_not_read(path, name):
    """8 GiB on paper. Its name and shape tell that it does not belong here."""
    tensor = {"dtype": "F64", "shape": [2**30], "data_offsets": [0, 2**33]}
    notes = {"checkpoint": json.dumps(header())}
    of_any_size(path, {"__metadata__": notes, name: tensor}, 2**33)
    tracemalloc.start()
    assert "model lacks" in refused(path)
    assert load_checkpoint(path) is None
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize("length", [2**62, 99_000_000, 2**33 - 8])
def test_the_length_of_a_table_is_not_believed(path, length):
    of_any_size(path, {}, 2**33)
    with path.open("r+b") as file:
        file.write(struct.pack("<Q", length) + b"{")
    tracemalloc.start()
    assert "is damaged" in refused(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"dtype": "F64", "shape": [3], "data_offsets": [0, 16]}, "16 bytes, which do not fit"),
        ({"dtype": "F64", "shape": [2], "data_offsets": [8, 24]}, "does not begin where"),
        ({"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}, "the file has 16 for them"),
        ({"dtype": "F64", "shape": [-2], "data_offsets": [0, 16]}, "no type, shape and place"),
        ({"dtype": "F64", "shape": [True, 2], "data_offsets": [0, 16]}, "no type, shape and"),
        ({"dtype": "F64", "shape": [1] * 99 + [2], "data_offsets": [0, 16]}, "no type, shape"),
        ({"dtype": "F64", "shape": [10**99], "data_offsets": [0, 16]}, "no type, shape and"),
        ({"dtype": "F64", "shape": [2], "data_offsets": [16, 0]}, "no type, shape and place"),
        ({"dtype": "F64", "shape": [2]}, "no type, shape and place"),
        ([], "no type, shape and place"),
    ],
)
def test_entries_that_lie(path, entry, said):
    of_any_size(path, {"\x1b[31ma": entry}, 16)
    sentence = refused(path)
    assert said in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b'{"a": {}, "a": {}}', "occurs twice"),
        (b'{"a": ' + b"[" * 100_000, "too many brackets"),
        (b'{"a": "\xff"}', "not text in UTF-8"),
    ],
)
def test_a_table_that_is_wrong(path, head, said):
    path.parent.mkdir(parents=True)
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    assert said in refused(path)


def test_a_file_that_shrinks_while_it_is_read(path):
    save_checkpoint(path, nn.Neuron(2000))  # too large to be read with the table
    with TensorFile(path) as file:
        os.truncate(path, 10_000)
        with pytest.raises(ValueError, match=r"model\.weights was cut off while it was read"):
            file.numbers("model.weights")


def test_a_table_of_zeros_is_not_read_to_its_end(path, monkeypatch):
    of_any_size(path, {}, 1_400_000)
    with path.open("r+b") as file:
        file.write(struct.pack("<Q", 1_300_000) + b"{")
    monkeypatch.setattr(json, "loads", None)  # so that a call is another error
    assert refused(path).endswith("its table is not JSON")


def test_a_table_that_is_cut_off_while_it_is_read(path, monkeypatch):
    save_checkpoint(path, nn.Neuron(2))
    size = os.stat(path).st_size
    os.truncate(path, 100)
    found = os.stat(path)
    as_before = os.stat_result((*found[:6], size, *found[7:10]))
    monkeypatch.setattr(os, "fstat", lambda descriptor: as_before)
    with pytest.raises(CheckpointError, match=r"its table is not JSON$"):
        load_checkpoint(path)


def test_names_of_a_file_are_shown_without_control_characters(path):
    class Named(nn.Module):
        def __init__(self):
            self.by_name = {"\x1b[31m" + "x" * 999: Value(1.0)}

    save_checkpoint(path, Named())
    sentence = refused(path)
    assert sentence.isprintable()
    assert len(sentence) < len(str(path)) + 300


@pytest.mark.parametrize("most", ["MOST_NOTES", "MOST_BYTES"])
def test_notes_that_nobody_reads(path, monkeypatch, most):
    monkeypatch.setattr(f"nn.tensor_file.{most}", 1000)
    with pytest.raises(ValueError, match="keep large notes in a file of their own"):
        Training().save(path, ["x" * 1000])
    assert not path.exists()


def test_a_table_is_at_most_as_long_as_notes_and_the_model_need(path):
    """Read, 100 MB of brackets become 2 GB of lists."""
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 99_000_000) + b'{"a":[')
        file.truncate(8 + 99_000_000)  # of zeros, which take no room on the disk
    message = r"its table takes 99,000,000 bytes, and 1,5\d\d,\d\d\d are enough"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path, nn.MLP(2, [3, 1]))


def test_a_model_of_many_tensors_has_a_long_table(path, monkeypatch):
    class Apart(nn.Module):
        def __init__(self, start):
            self.parts = {f"😀{i}!": Value(start) for i in range(300)}  # 12 bytes a face

    monkeypatch.setattr("nn.tensor_file.MOST_NOTES", 1000)
    first, second = (Apart(x) for x in (1.0, 2.0))
    save_checkpoint(path, first, nn.Adam(first.parameters()))
    load_checkpoint(path, second)
    assert second.state_dict() == first.state_dict()
    with pytest.raises(CheckpointError, match="its table takes"):
        load_checkpoint(path)


def words(**changes):
    """A state of a random stream with other words at some places."""
    state = list(random.Random(1).getstate()[1])
    for place, word in changes.items():
        state[int(place[1:])] = word
    return state


@pytest.mark.parametrize(
    "state",
    [
        [3, [0] * 624 + [624], None],  # gives 0 for ever, and gauss() never ends
        [3, words(_5=2**32), None],  # would be cut to 32 bits
        [3, words(_5=1.5), None],
        [3, words(_5=True), None],
        [3, words(_624=625), None],
        [2, words(), None],
        [3, words(), math.nan],
        [3, words(), 1e9],  # further than gauss() goes
        [3, words(), "x"],
        [3, [], None],
    ],
)
def test_a_damaged_state_of_a_stream(path, state):
    Training().save(path)
    save_file(load_file(path), path, {"checkpoint": json.dumps(header(stream=state))})
    assert "no state of a random stream" in refused(path)
