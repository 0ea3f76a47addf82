"""Demo 8, the next letter: the network, its training, and the demo."""

import io
import math
import os
import random
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import no_grad
from demos.letters import corpus
from demos.letters import demo as letters_demo
from demos.letters.alphabet import ALPHABET, encode, fold, index, windows
from demos.letters.baselines import KneserNey
from demos.letters.corpus import Corpus
from demos.letters.english import TextError
from demos.letters.pictures import apart, letter_vectors
from demos.letters.predictor import Predictor, Trained
from demos.letters.scores import Scores, scores
from demos.letters.training import Settings, Training
from tests.counts import some

ROOT = Path(__file__).parents[2]


def in_memory(content):
    return Corpus("memory", len(content), lambda: io.BytesIO(content))


# --- the network ---


@pytest.mark.parametrize("context", [1, 2, 5])
@pytest.mark.parametrize("hidden", [[], [4], [4, 3]])
@pytest.mark.parametrize("embedding", [0, 1, 3])
def test_networks_of_any_shape(context, hidden, embedding):
    predictor = Predictor(context, hidden, embedding)
    first = context * (embedding or 28)
    sizes = [first, *hidden, 28]
    weights = 28 * embedding + sum((a + 1) * b for a, b in pairwise(sizes))
    assert len(predictor.network.parameters()) == weights
    p = predictor.probabilities("some letters")
    assert sum(p) == pytest.approx(1)
    assert p == predictor.probabilities("SOME LETTERS"[-context:])
    assert predictor("some letters") == ALPHABET[p.index(max(p))]
    with no_grad():
        plain = [output.data for output in predictor.network(encode("letters"[-context:]))]
    assert predictor.outputs([encode("letters"[-context:])])[0] == pytest.approx(plain, rel=1e-12)


def test_the_mask_of_dropout_multiplies_the_hidden_neurons():
    predictor = Predictor(2, [3, 2], 0, "cross-entropy", activation="relu")
    numbers, kept = encode("th"), [0.0, 2.0, 1.5, 0.5, 3.0]
    with no_grad():
        found = [output.data for output in predictor.network(numbers, kept)]
        first, second, last = (
            np.array(
                [[w.data for w in neuron.weights] + [neuron.bias.data] for neuron in layer.neurons]
            )
            for layer in predictor.network.layers
        )
    hidden = np.maximum(first @ [*numbers, 1], 0) * kept[:3]
    hidden = np.maximum(second @ [*hidden, 1], 0) * kept[3:]
    assert found == pytest.approx(last @ [*hidden, 1], rel=1e-12)
    target = [float(letter == "e") for letter in ALPHABET]
    loss = predictor.loss_of([*numbers, *kept], target).data
    assert loss == pytest.approx(np.log(np.exp(found).sum()) - found[index("e")])


def test_a_short_text_is_filled_up_with_spaces():
    predictor = Predictor(3, [4])
    assert predictor.probabilities("e") == predictor.probabilities("  e")


def test_the_losses_are_those_of_the_course_and_of_information_theory():
    target = [float(letter == "e") for letter in ALPHABET]
    squared = Predictor(2, [3])
    outputs = squared.outputs([encode("th")])[0]
    expected = sum((o - t) ** 2 for o, t in zip(outputs, encode("e"))) / 2
    assert squared.loss_of(encode("th"), target).data == pytest.approx(expected)
    logits = Predictor(2, [3], 2, "cross-entropy")
    expected = -math.log(logits.probabilities("th")[index("e")])
    assert logits.loss_of(encode("th"), target).data == pytest.approx(expected)
    with pytest.raises(ValueError, match="squared, cross-entropy"):
        Predictor(2, loss="cubed")


def test_writing_is_repeatable_and_continues_the_start():
    predictor = Predictor(2, [3], loss="cross-entropy")
    written = [predictor.write("the", 20, 1, random.Random(seed)) for seed in (1, 1, 2)]
    assert written[0] == written[1] != written[2]
    assert written[0].startswith("the")
    assert len(written[0]) == 23
    assert fold(written[0]) == written[0]


def test_writing_at_a_low_temperature_takes_the_likeliest():
    predictor = Predictor(2, [3], loss="cross-entropy")
    written = predictor.write("the", 10, 1e-6)
    assert all(predictor(written[:at]) == written[at] for at in range(3, 13))


# --- training ---

ENGLISH = ("it was the best of times it was the worst of times " * 120).encode()


def trained(path=None, text=ENGLISH, resume=False, stop_after=None, **choice):
    """Train to the end, or for some blocks."""
    wanted = {"rate": 0.02, "batch": 16, "epochs": 3, **choice}
    predictor = Predictor(4, [8], 4, wanted.pop("loss", "cross-entropy"))
    job = Training(predictor, in_memory(text), Settings(**wanted), path)
    if resume:
        job.resume(path)

    def learned(letters, loss):
        job.interrupted = job.progress.blocks == stop_after

    job.run(learned)
    return job


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 1,000 bytes, so that a short text has several."""
    monkeypatch.setattr(corpus, "BLOCK", 1000)


@pytest.mark.unmeasured
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
@pytest.mark.parametrize("optimizer", some(["sgd", "momentum", "adam"], "adam"))
def test_training_learns_and_resumes_bit_for_bit(tmp_path, loss, optimizer):
    rate = {"sgd": 0.3, "momentum": 0.03, "adam": 0.02}[optimizer]
    choice = {"loss": loss, "optimizer": optimizer, "rate": rate, "evaluations": 4}
    whole = trained(tmp_path / "whole", **choice)
    assert whole.finished
    assert whole.progress.validation[-1][1] < whole.progress.validation[0][1]
    first = trained(tmp_path / "parts", stop_after=2, **choice)
    assert first.progress.blocks == 2
    assert len(first.progress.validation) == 1  # the checkpoint has none
    trained(tmp_path / "parts", resume=True, stop_after=9, **choice)
    last = trained(tmp_path / "parts", resume=True, **choice)
    assert last.finished
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.unmeasured
@pytest.mark.usefixtures("small_blocks")
def test_training_with_dropout_learns_and_resumes_bit_for_bit(tmp_path):
    whole = trained(tmp_path / "whole", dropout=0.3, evaluations=3)
    assert whole.progress.validation[-1][1] < whole.progress.validation[0][1]
    trained(tmp_path / "parts", stop_after=4, dropout=0.3, evaluations=3)
    trained(tmp_path / "parts", resume=True, dropout=0.3, evaluations=3)
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()
    with pytest.raises(nn.CheckpointError, match=r"dropout 0\.3, not 0\.5"):
        trained(tmp_path / "parts", resume=True, dropout=0.5, evaluations=3)


def test_dropout_keeps_the_mean():
    text = corpus.from_python()
    job = Training(Predictor(3, [40, 24]), text, Settings(dropout=0.4, seed=5))
    X, _ = windows(text.letters(job.blocks[0])[:4003], 3)
    rows = job._with_dropout(X)
    kept = rows[:, X.shape[1] :]
    assert np.array_equal(rows[:, : X.shape[1]], X)
    assert kept.shape == (4000, 64)
    # With 256,000 draws the share off is 0.4 to about a thousandth (it is a multiple of 1/256).
    assert (kept == 0).mean() == pytest.approx(0.4, abs=0.004)
    assert kept.mean() == pytest.approx(1, abs=0.006)
    assert len(np.unique(kept)) == 2
    job.progress.blocks = 1
    assert not np.array_equal(job._with_dropout(X), rows)


def test_letters_in_the_picture_do_not_overlap():
    points = np.random.default_rng(1).normal(size=(28, 2)) * [1, 100]
    points[7] = points[3]
    sides = np.ptp(points, axis=0)
    moved = apart(points)
    distances = np.hypot(*((moved[:, None] - moved) / sides).T) + np.eye(28)
    assert distances.min() > 0.04
    assert np.abs((moved - points) / sides).max() < 0.1
    alone = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    assert apart(alone) == pytest.approx(alone, abs=1e-7)
    assert np.isfinite(apart(np.zeros((28, 2)))).all()


@pytest.mark.slow
def test_the_network_and_counts_together_take_fewer_bits_than_either():
    job = trained(epochs=1, rate=0.003)
    counts = KneserNey(1, ENGLISH.decode()[:200])
    weight, bits_of_counts = letters_demo.with_counts(job, counts)
    ours, right = letters_demo.predictions(job.best, job.validation)
    theirs = letters_demo.probabilities(counts, job.validation, 4)
    assert theirs[0].tolist() == counts.probabilities(job.validation[:4])
    assert bits_of_counts == pytest.approx(scores(theirs, right).bits)
    # The picture compares the bits of the counts with these bits.
    assert job.progress.best == pytest.approx(scores(ours, right).bits)
    both = letters_demo.mixture(ours, theirs, weight)
    assert both.sum(1) == pytest.approx(1)
    least = min(scores(ours, right).bits, scores(theirs, right).bits)
    assert 0 < weight < 1
    assert scores(both, right).bits < least


@pytest.mark.usefixtures("small_blocks")
def test_the_best_predictor_is_kept_and_loaded(tmp_path):
    path = tmp_path / "letters.safetensors"
    job = trained(path, loss="squared")
    loaded = Predictor.load(path)
    assert loaded.settings() == job.best.settings()
    assert loaded.probabilities("the wor") == job.best.probabilities("the wor")
    assert loaded.write("it ", 20, 1, random.Random(0)).startswith("it ")
    assert min(bits for _, bits, _ in job.progress.validation) == job.progress.best


@pytest.mark.usefixtures("small_blocks")
def test_training_stops_early_without_progress():
    # The text to learn from says nothing about the text that decides when to stop.
    text = b"ab" * 2400 + b"ba" * 0 + b"zyxw " * 240
    job = trained(text=text, epochs=50, evaluations=100, patience=3)
    assert job.finished
    assert job.progress.blocks < job.total
    assert job.progress.since == 3
    assert job.progress.best == min(bits for _, bits, _ in job.progress.validation)


@pytest.mark.usefixtures("small_blocks")
def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "letters.safetensors"
    trained(path, epochs=1)
    for changes, message in (
        ({"epochs": 2}, "epochs 1, not 2"),
        ({"epochs": 1, "loss": "squared"}, "loss cross-entropy, not squared"),
        ({"epochs": 1, "text": b"another text " * 200}, "text"),
    ):
        with pytest.raises(nn.CheckpointError, match=message):
            trained(path, resume=True, **changes)
    nn.save_checkpoint(path, nn.MLP(1, [1]), notes={"predictor": 3})
    for load in (Predictor.load, lambda path: trained(path, resume=True)):
        with pytest.raises(nn.CheckpointError, match="is not a checkpoint of the letters demo"):
            load(path)


@pytest.mark.usefixtures("small_blocks")
def test_a_checkpoint_of_version_0_1_can_be_resumed(tmp_path):
    whole = trained(tmp_path / "whole")
    job = trained(tmp_path / "parts", stop_after=2)
    notes = nn.load_checkpoint(tmp_path / "parts")
    notes["progress"]["errors"] = notes["progress"].pop("losses")
    models = Trained(job.predictor.network, job.best.network)
    nn.save_checkpoint(tmp_path / "parts", models, job.optimizer, job.stream, notes)
    assert trained(tmp_path / "parts", resume=True).progress == whole.progress


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "changes",
    [
        {"progress": {"blocks": 1.5}},
        {"progress": {"blocks": 10**400}},
        {"progress": {"since": -1}},
        {"progress": {"best": math.nan}},
        {"progress": {"best": 10**400}},
        {"progress": {"losses": [[1, 10**400]]}},
        {"progress": {"losses": 3}},
        {"predictor": {"temperature": 10**400}},
    ],
    ids=str,
)
def test_a_wrong_progress_is_refused(tmp_path, changes):
    path = tmp_path / "parts"
    job = trained(path, stop_after=1)
    notes = nn.load_checkpoint(path)
    for name, wrong in changes.items():
        notes[name].update(wrong)
    models = Trained(job.predictor.network, job.best.network)
    nn.save_checkpoint(path, models, job.optimizer, job.stream, notes)
    with pytest.raises(nn.CheckpointError, match="is not a checkpoint of the letters demo"):
        trained(path, resume=True)


def test_the_old_place_of_the_predictor_warns(monkeypatch):
    monkeypatch.delitem(sys.modules, "demos.predictor", raising=False)
    with pytest.warns(DeprecationWarning, match=r"demos\.letters\.predictor.* goes in 0\.3"):
        from demos.predictor import Predictor as old
    assert old is Predictor


def test_the_time_limit_ends_the_training():
    job = Training(Predictor(2, [2]), in_memory(ENGLISH), Settings(epochs=1000))
    seen = []
    job.run(evaluated=seen.append, seconds=1e-9)
    assert job.progress.blocks == 1
    assert isinstance(seen[0], Scores)
    assert not job.finished


@pytest.mark.parametrize("embedding", [0, 3])
def test_letter_vectors_are_what_a_letter_adds_to_the_first_layer(embedding):
    predictor = Predictor(2, [5], embedding)
    vectors = letter_vectors(predictor.network)
    assert vectors.shape == (28, 5)
    predictor.network.layers[1:] = []
    for neuron in predictor.network.layers[0].neurons:
        neuron.activation = None
    with no_grad():
        sums = {a: predictor.network(encode("x" + a)) for a in "ab"}
    difference = [b.data - a.data for a, b in zip(sums["a"], sums["b"])]
    # The input for a letter is 0.5.
    assert difference == pytest.approx(0.5 * (vectors[1] - vectors[0]))


# --- what cannot be predicted with, or is not a checkpoint ---


def saved(path, **changes):
    """A checkpoint of a predictor with some settings changed."""
    predictor = Predictor(3, [4])
    models = Trained(predictor.network, Predictor(3, [4], seed=1).network)
    nn.save_checkpoint(path, models, notes={"predictor": {**predictor.settings(), **changes}})
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"context": 10_000_000}, "layers.0.weights is not of shape (4, 280000000)"),
        ({"context": 10**400}, "layers.0.weights is not of shape"),
        ({"context": [1], "embedding": 10**9}, "context must be a whole number; got list [1]"),
        ({"hidden": [10**9]}, "not of shape (1000000000, 84), as its settings say"),
        ({"hidden": 10**9}, "not iterable"),
        ({"embedding": -1}, "embedding must be at least 0; got -1"),
        ({"temperature": "x"}, "temperature is a positive number; got 'x'"),
        ({"temperature": 0}, "temperature is a positive number; got 0"),
        ({"temperature": math.nan}, "temperature is a positive number; got nan"),
        ({"temperature": 10**400}, "temperature is a positive number; got about 10^400"),
        ({"loss": []}, "expected a loss of squared, cross-entropy"),
        ({"seed": "x"}, "seed must be a whole number; got str 'x'"),
        ({"other": 3}, "unexpected keyword argument 'other'"),
    ],
)
def test_wrong_settings_in_a_checkpoint_are_refused_at_once(tmp_path, changes, said):
    path = saved(tmp_path / "x", **changes)
    tracemalloc.start()
    with pytest.raises(
        nn.CheckpointError, match="is not a checkpoint of the letters demo"
    ) as found:
        Predictor.load(path)
    assert said in str(found.value)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda p: Predictor.load("none"), "this checkpoint does not exist: 'none'"),
        (lambda p: p.write(3, 10), "letters are predicted after a text; got int 3"),
        (lambda p: p(None), "letters are predicted after a text; got NoneType None"),
        (lambda p: p.write("the", -1), "letters must be at least 0; got -1"),
        (lambda p: p.write("the", 1.5), "letters must be a whole number; got float 1.5"),
        (lambda p: p.write("the", 3, 0), "temperature is a positive number; got 0"),
        (lambda p: Predictor(3, temperature=-1), "temperature is a positive number; got -1"),
        (lambda p: Predictor(10**9, [10**9]), "takes more than 4,000,000 weights: take fewer"),
        (lambda p: Predictor(0), "context must be at least 1; got 0"),
    ],
)
def test_what_is_given_wrongly_is_a_sentence(use, said):
    with pytest.raises((OSError, TypeError, ValueError)) as found:
        use(Predictor(2))
    assert said in str(found.value)


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs are of Unix")
def test_no_text_is_read_from_what_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    for name, kind in ("fifo", "FIFO"), ("/dev/zero", "device"), (".", "folder"):
        with pytest.raises(TextError, match=f"cannot read {name}: it is a {kind}, not a file"):
            corpus.from_file(Path(name))
