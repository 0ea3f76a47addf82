"""Demo 6: the networks learn their shapes, and the pictures show the networks' outputs."""

import random

import numpy as np
import pytest
from PIL import Image

from demos import moons
from demos.moons import SHAPES
from nn import MLP


@pytest.mark.parametrize(("shape", "least"), list(zip(SHAPES, (0.97, 0.97, 0.9))))
@pytest.mark.slow
def test_new_points_are_classified(shape, least):
    story = moons.train(shape, 2, 1.0, seed=0)
    assert story.epochs[0] == 0
    assert story.epochs[-1] == shape.epochs
    assert story.accuracies[0] < 0.8
    assert story.accuracies[-1] >= least


@pytest.mark.parametrize("shape", SHAPES)
def test_classes_are_equally_frequent_and_points_lie_within_the_picture(shape):
    X, classes = shape.points(200, random.Random(1))
    assert sum(side for (side,) in classes) == 0
    assert max(abs(number) for point in X for number in point) < moons.EDGE
    # Without noise there is a gap between the two classes.
    stream = random.Random(2)
    ones = [shape.point(1, stream) for _ in range(200)]
    others = [shape.point(-1, stream) for _ in range(200)]
    assert min(np.hypot(a - c, b - d) for a, b in ones for c, d in others) > 0.15


def test_matrices_give_the_outputs_of_the_neurons():
    network = MLP(2, [3, 4, 1], seed=1)
    for layer in network.layers:
        for neuron in layer.neurons:
            neuron.bias.data = 0.3
    points = [[0.2, -0.7], [1.0, 0.4]]
    layers = moons.look(network, np.array(points))
    assert [layer.shape for layer in layers] == [(2, 3), (2, 4), (2, 1)]
    for row, point in enumerate(points):
        outputs = point
        for layer, found in zip(network.layers, layers):
            outputs = layer(outputs)
            expected = [y.data for y in outputs] if isinstance(outputs, list) else [outputs.data]
            assert found[row] == pytest.approx(expected, abs=1e-12)


def test_a_map_has_its_bottom_row_first():
    network = MLP(2, [1], seed=1)
    *_, ((bottom, top),) = moons.maps(network, 2)
    e = moons.EDGE
    assert bottom == pytest.approx([network([-e, -e]).data, network([e, -e]).data])
    assert top == pytest.approx([network([-e, e]).data, network([e, e]).data])


@pytest.mark.slow
def test_the_demo_prints_what_it_draws_and_leaves_a_page_and_three_pictures(run_demo, monkeypatch):
    drawn = []
    show = moons.show

    def watched(axes, story, stage, side):
        drawn.append((story.shape.name, story.epochs[stage]))
        show(axes, story, stage, side)

    monkeypatch.setattr(moons, "show", watched)
    (learning, strip, neurons, moving), printed = run_demo("moons")
    assert sum(line.split()[:1] == ["accuracy"] for line in printed.splitlines()) == 3
    assert learning.path.read_text(encoding="utf-8").startswith("<!doctype html>")
    for still in strip, neurons:
        assert still.path.read_bytes().startswith(b"\x89PNG")
    with Image.open(moving.path) as animation:
        assert animation.n_frames > 5
    assert moving.path.stat().st_size < 2e6
    rows = [line.split() for line in printed.splitlines() if " epoch " in line]
    table = [(name, int(epoch)) for name, _, *epochs in rows for epoch in epochs]
    assert table == drawn[: len(table)]  # then comes the animation
    assert len(table) == 15
