"""Damaged checkpoints, cache entries, texts and pages: only the documented error, at once."""

import functools
import gc
import importlib.util
import io
import math
import os
import random
import re
import struct
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import safetensors
import safetensors.numpy

import autograd
import nn
from autograd import Value
from autograd.compiler.machine import cache, seal
from demos.helpers.gallery import Section, is_gallery, save_gallery
from demos.letters import corpus
from demos.letters.alphabet import ALPHABET
from demos.letters.english import TextError
from demos.letters.predictor import Predictor, Trained
from nn import checkpoint, tensor_file
from tests.battery import Row

FILES = 200  # a case
MOST_SECONDS = 1.0
MOST_KILOBYTES = 50_000

Refused = (nn.CheckpointError, OSError, TextError)


# --- what is damaged ---


class Training:
    """A model with all that a checkpoint holds."""

    def __init__(self, seed):
        self.model = nn.MLP(2, [2, 1], seed=seed)
        self.optimizer = nn.Adam(self.model.parameters(), lr=0.05)
        self.stream = random.Random(seed)
        self.parts = self.model, self.optimizer, self.stream

    def state(self):
        states = self.model.state_dict(), self.optimizer.state_dict(), self.stream.getstate()
        return repr(states)  # in which nan equals nan


@functools.cache
def good():
    """The content of a good file of each kind."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x"
        training = Training(1)
        training.stream.gauss(0, 1)
        nn.save_checkpoint(path, *training.parts, {"blocks": [1, 2.5, None, "text"]})
        contents = {load_checkpoint: path.read_bytes()}
        one, other = Predictor(1, [1]), Predictor(1, [1], seed=1)
        notes = {"predictor": one.settings()}
        nn.save_checkpoint(path, Trained(one.network, other.network), notes=notes)
        contents[load_predictor] = path.read_bytes()
        save_gallery([SECTION], path)
        contents[load_gallery] = path.read_bytes()
        nn.save_torch(training.model, path)
        contents[load_torch] = path.read_bytes()
    if IN_TORCH:
        contents[load_pickled] = pickled(safetensors.numpy.load(contents[load_torch]))
    contents[load_graph] = graph().encode()
    contents[load_entry] = b"machine code" * 30
    gc.freeze()  # or a collection, which a file of many lists causes, looks through all of PyTorch
    contents[load_text] = "\ufeffThe quick brown fox, naïve — 日本 😀.\n".encode() * 20
    return contents


def pickled(arrays):
    """What PyTorch writes for these arrays."""
    import torch

    stream = io.BytesIO()
    torch.save({name: torch.tensor(array) for name, array in arrays.items()}, stream)
    return stream.getvalue()


def graph():
    """The text of a graph with all kinds of nodes, labels and numbers."""
    x, y = Value(0.5, "x"), Value(-math.inf, "<y>")
    made = autograd.sum([x * 2, (x**3).tanh(), y.exp(), np.clip(x, 0, 1)])
    made.backward()
    return autograd.to_json([made * autograd.maximum(x, y), x])


def damaged(content, chance):
    """The content with up to three faults."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        content = chance.choice(FAULTS)(bytearray(content), chance)
    return bytes(content)


def flipped(content, chance):
    for _ in range(chance.choice([1, 1, 2, 8])):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def cut(content, chance):
    return content[: chance.randrange(len(content) + 1)]


def longer(content, chance):
    return content + chance.choice([b"\0", chance.randbytes(chance.randrange(1, 99))])


def overwritten(content, chance):
    a, b = between(content, chance)
    content[a:b] = chance.choice([b"\0", b"\xff", b"9", b"[", b'"'])[:1] * (b - a)
    return content


def removed(content, chance):
    a, b = between(content, chance)
    del content[a:b]
    return content


def doubled(content, chance):
    a, b = between(content, chance)
    content[a:a] = content[a:b]
    return content


def other_number(content, chance):
    """Some digits become another number, perhaps an absurd one."""
    numbers = list(re.finditer(rb"\d+", content))
    if numbers:
        a, b = chance.choice(numbers).span()
        digits = [b"0", b"-1", b"1e999", b"9" * 19, b"9" * 400, b"9" * 5000, b"null", b"[]", b"1.5"]
        content[a:b] = chance.choice([*digits, b"true", b"NaN", b'"x"', b"[" * 5000, b'"\\ud800"'])
    return content


def other_word(content, chance):
    words = [b"F64", b"F32", b"dtype", b"shape", b"model", b"Adam", b"tanh", b"means", b"weights"]
    word = chance.choice(words)
    return content.replace(word, chance.choice([*words, b"BF16", b"", b"\x1b[31m", b"x" * 999]), 1)


def other_length(content, chance):
    lengths = [0, 1, 2**62, 2**64 - 1, 10**8, len(content), len(content) - 8, len(content) - 7]
    return bytearray(struct.pack("<Q", max(chance.choice(lengths), 0))) + content[8:]


def crowded(chance):
    """A table, or notes, of brackets, of which each becomes a list."""
    inside = b"[]," * chance.choice([200_000, 490_000, 1_000_000]) + b"[]"
    notes = b'{"format":"%s","notes":[%s]}' % (checkpoint.FORMAT.encode(), inside)
    escaped = notes.replace(b'"', b'\\"')
    kinds = [b'{"model.a":[%s]}' % inside, b'{"__metadata__":{"checkpoint":"%s"}}' % escaped]
    table = chance.choice(kinds)
    return struct.pack("<Q", len(table)) + table


FAULTS = (flipped, cut, longer, overwritten, removed, doubled, other_number, other_word)
FAULTS += (other_number, other_number, other_length)


def between(content, chance):
    a = chance.randrange(len(content) + 1)
    return a, min(a + chance.choice([1, 2, 8, 99, 9999]), len(content))


# --- what reads it ---


def load_checkpoint(path, content):
    training = Training(2)
    before = training.state()
    try:
        nn.load_checkpoint(path, *training.parts)
    except Refused:
        assert training.state() == before, "it was refused, and something changed"
        raise
    training.stream.gauss(0, 1)
    training.stream.normalvariate(0, 1)
    if len(content) == path.stat().st_size:
        tensors = safetensors.numpy.load(content)
        for at, layer in enumerate(training.model.layers):
            weights = [[w.data for w in neuron.weights] for neuron in layer.neurons]
            there = tensors[f"model.layers.{at}.weights"]
            assert np.array_equal(there, weights, equal_nan=True), "other numbers than in the file"


def load_predictor(path, content):
    predictor = Predictor.load(path)
    assert 0 < predictor.temperature < float("inf")
    assert len(predictor.network.parameters()) == 85
    outputs = predictor.network([1.0] * len(ALPHABET) * predictor.context)
    assert len(outputs) == len(ALPHABET)


def load_torch(path, content):
    model = nn.MLP(2, [2, 1], seed=2)
    before = model.state_dict()
    try:
        nn.load_torch(model, path)
    except Refused:
        assert model.state_dict() == before, "it was refused, and something changed"
        raise


def load_pickled(path, content):
    load_torch(path.rename(path.with_name("x.pt")), content)


def load_graph(path, content):
    """What is read is a graph, whatever its numbers are: it has derivatives, and can be written."""
    try:
        outputs = autograd.from_json(path.read_bytes())
    except ValueError as error:
        if not re.match("this is not a graph that|the graph has the operation", str(error)):
            raise
        raise nn.CheckpointError(error) from None
    text = autograd.to_json(outputs)
    assert autograd.to_json(autograd.from_json(text)) == text
    for v in outputs if isinstance(outputs, list) else [outputs]:
        v.backward()


def load_entry(path, content):
    """Nothing but what was written comes from the cache."""
    folder = cache.cache_folder()
    entry = folder / f"a{cache.SUFFIX}"
    whole = seal.sealed(entry.name, good()[load_entry])
    fault = damaged(whole, random.Random(content))
    entry.write_bytes(fault)
    found = cache.read("a")
    assert found == (good()[load_entry] if fault == whole else None), "it was believed"


def load_text(path, content):
    text = corpus.from_file(path)
    assert set(text.letters(range(text.size))) <= set(ALPHABET)


def load_gallery(path, content):
    begin = random.Random(content).choice(BEGINS)
    path.write_bytes(content + begin * 20_000)
    is_gallery(path)
    save_gallery([SECTION], path)
    assert b"<h2" in path.read_bytes()


BEGINS = (b'<section aria-labelledby="demo-1">\n', b'<li value="1">', b"")
SECTION = Section(3, "valley", "A valley", "a ball rolls", [], "It printed this.\n")
KINDS = [load_checkpoint] * 6 + [load_predictor, load_predictor, load_entry, load_text]
KINDS += [load_torch] * 2 + [load_graph] * 2
IN_TORCH = importlib.util.find_spec("torch") is not None
KINDS += [load_pickled] * IN_TORCH


# --- the row ---


def attempt(kind, path, chance):
    """Read a damaged file; the seconds that it took."""
    content = damaged(good()[kind], chance)
    if kind is load_checkpoint and chance.random() < 0.002:
        content = crowded(chance)
    path.write_bytes(content)
    if chance.random() < 0.05:
        os.truncate(path, 2**33)  # of zeros, which take no room on the disk
    if kind in (load_text, load_gallery, load_graph) and path.stat().st_size > 1_000_000:
        os.truncate(path, 1_000_000)
    began = time.process_time()
    said = ""
    try:
        kind(path, content)
    except Refused as error:
        said = str(error)
    seconds = time.process_time() - began
    assert said.isprintable(), f"the message is {said!r}"
    assert len(said) < 1000, "the message is long"
    path.unlink(missing_ok=True)  # it may have another name by now
    return seconds


def case(i):
    import resource

    chance, slowest = random.Random(i), 0.0
    good()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as name, own_cache(Path(name)):
        for n in range(FILES):
            kind = load_gallery if n == 0 else chance.choice(KINDS)
            slowest = max(slowest, attempt(kind, Path(name) / "x", chance))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_KILOBYTES, f"memory grew by {grown / 1000:.0f} MB"
    assert slowest < MOST_SECONDS, f"one file took {slowest:.1f} s"
    return slowest


@contextmanager
def own_cache(folder):
    """A cache and a secret of its own."""
    changed = {cache.SWITCH: str(folder / "cache"), "HOME": str(folder)}
    with mock.patch.dict(os.environ, changed):
        forget()
        yield
    forget()


def forget():
    cache._prepared.cache_clear()
    seal._secret.cache_clear()


@contextmanager
def wrong():
    """A reader that does not compare the places of tensors with the size of the file."""
    with mock.patch.object(tensor_file, "_check_places"):
        yield


ROW = Row(
    title="damaged checkpoints, graphs, cache entries, texts and pages: the documented error, "
    "50 MB, 1 s",
    case=case,
    full=5000,
    hours=0.1,
    quick=1,
    wrong=wrong,
    unit="files",
    per_case=FILES,
    figure="s",
)
