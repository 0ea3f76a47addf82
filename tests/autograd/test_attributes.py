"""A Value takes any further attribute, as objects of Python do."""

import copy
import pickle
import subprocess
import sys

import pytest

from autograd import Value, detect_anomaly, draw, explain


def test_an_adam_by_hand_keeps_its_memories_on_the_parameters():
    p = Value(4.0)
    p.m, p.v = 0.0, 0.0
    for step in range(1, 4):
        p.grad = 0.0
        ((p - 1.0) ** 2).backward()
        p.m = 0.9 * p.m + 0.1 * p.grad
        p.v = 0.999 * p.v + 0.001 * p.grad**2
        p.data -= 0.1 * (p.m / (1 - 0.9**step)) / ((p.v / (1 - 0.999**step)) ** 0.5 + 1e-8)
    assert p.data == pytest.approx(3.7003815234507473, rel=1e-12)  # as PyTorch's


@pytest.mark.parametrize(
    "twin",
    [
        copy.copy,
        copy.deepcopy,
        *[lambda v, p=p: pickle.loads(pickle.dumps(v, p)) for p in range(2, 6)],
    ],
)
def test_copies_and_pickles_have_them_too(twin):
    x = Value(2.0, "x")
    x.history = [1, 2]
    y = x * x
    y.color = "red"
    again = twin(y)
    assert again.color == "red"
    assert again.inputs[0].history == [1, 2]
    assert again.inputs[0].label == "x"
    assert not hasattr(again.inputs[0], "color")


def test_a_deep_copy_shares_no_attribute():
    x = Value(2.0)
    x.history = [1]
    x.twin = x
    again = copy.deepcopy(x)
    again.history.append(2)
    assert x.history == [1]
    assert again.twin is again


def test_labels_and_the_lines_of_anomalies_are_there_as_before():
    x = Value(2.0)
    assert (x.label, x.source) == ("", None)
    with detect_anomaly():
        y = x * 3.0
    assert "y = x * 3.0" in y.source
    y.label = "y"
    assert repr(y) == "Value(6, label='y', op='*')"
    y.color = "red"
    assert "y" in draw(y).source
    assert "dy/d" in explain(y, x).text


BYTES = """
import tracemalloc
from autograd import Value
def per_node(n=20_000):
    v = Value(0.5)
    tracemalloc.start()
    for _ in range(n):
        v = v.tanh()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / n
before = per_node()
x = Value(1.0, "x")
x.m, x.v, x.color = 0.0, 0.0, "red"
print(before, per_node())
"""


def test_what_some_have_costs_the_others_nothing():
    done = subprocess.run([sys.executable, "-c", BYTES], capture_output=True, check=True, text=True)
    before, after = map(float, done.stdout.split())
    assert after < before + 1
    assert before < 256
