"""Demo 9: an activation, a recurrent network and a convolution learn their tasks."""

import math
import random

import mpmath
import pytest

from autograd import Value, gradcheck
from autograd.ops import TABLE
from demos import build_your_own as own
from nn import Neuron


@pytest.mark.parametrize("x", [-4.0, -1.7, -0.3, 0.0, 0.8, 2.5])
def test_hat_and_its_derivative_are_those_of_mpmath(x):
    def hat(t):
        return (1 - t * t) * mpmath.exp(-t * t / 2)

    value = Value(x)
    y = own.hat(value)
    y.backward()
    assert y.data == pytest.approx(float(hat(mpmath.mpf(x))), abs=1e-15)
    assert value.grad == pytest.approx(float(mpmath.diff(hat, x)), abs=1e-12)
    assert gradcheck(own.hat, [x])


def test_hat_is_not_registered():
    assert "hat" not in TABLE


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_one_hat_neuron_learns_exclusive_or(seed):
    neuron, attempts = own.learn(own.train_xor, seed)
    assert attempts <= own.ATTEMPTS
    for a in (-1.0, 1.0):
        for b in (-1.0, 1.0):
            assert own.answer(neuron, [a, b]) == pytest.approx(1.0 if a != b else -0.4, abs=0.2)


@pytest.mark.unmeasured
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_recurrent_neuron_trained_on_3_bits_counts_200(seed):
    cell, _ = own.learn(own.train_parity, seed)
    assert len(cell.parameters()) == 3
    assert own.parity_score(cell, 20, 200, random.Random(7)) == 1.0


def test_the_score_of_parity_notices_a_neuron_that_cannot_count():
    forgetful = Neuron(2, activation=own.hat, weights=[0.0, 1.0], bias=0.0)
    assert own.parity_score(forgetful, 20, 50, random.Random(7)) == 0.0


def test_the_unrolled_network_is_the_recurrence_written_out():
    cell = Neuron(2, weights=[0.5, -2.0], bias=0.25)
    states = own.unroll(cell, [1.0, 0.0, 1.0])
    state = own.NO
    for bit, found in zip([1.0, 0.0, 1.0], states):
        state = math.tanh(0.5 * state - 2.0 * bit + 0.25)
        assert found.data == pytest.approx(state, abs=1e-15)
    assert own.parities([1.0, 0.0, 1.0, 1.0]) == [own.YES, own.YES, own.NO, own.YES]


@pytest.mark.unmeasured
@pytest.mark.parametrize("seed", [0, 1])
def test_a_convolution_learns_to_detect_edges_as_a_derivative_does(seed):
    kernel = own.learn_edges(seed)
    assert own.edge_score(kernel, 200, random.Random(seed + 50)) >= 0.98
    outer, before, after, other = (w.data for w in kernel.weights)
    assert before < -0.5
    assert after > 0.5
    assert max(abs(outer), abs(other)) < 0.3


def test_an_edge_is_a_jump_in_the_middle_of_four_numbers():
    signal = own.Signal(clean=[-0.5, -0.5, -0.5, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5], noisy=[])
    assert signal.edges == [0.0, 0.9, 0.0, 0.0, -0.9, 0.0]


@pytest.mark.slow
def test_the_demo_prints_what_was_learned_and_leaves_a_page_and_three_pictures(run_demo):
    exhibits, printed = run_demo("build_your_own")
    assert "hat'(x) = x * (x² - 3) * exp(-x² / 2)" in printed
    assert "right after every bit in 100%" in printed
    learning, *pictures = exhibits
    assert learning.path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(pictures) == 3
    for exhibit in pictures:
        assert exhibit.path.read_bytes().startswith(b"\x89PNG")
