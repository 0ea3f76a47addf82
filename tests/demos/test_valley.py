"""The hole is a local minimum that catches gradient descent; momentum passes it."""

import argparse
import itertools
import sys

import pytest
from PIL import Image

from autograd import Value, grad
from demos import valley
from demos.valley import descend, height


def options(out, quick=True):
    return argparse.Namespace(out=out, quick=quick, rate=0.1, momentum=0.9)


def derivatives(place):
    x, y = map(Value, place)
    return [d.data for d in grad(height(x, y), [x, y])]


def test_gradient_descent_is_caught_and_momentum_is_not():
    caught, passed = descend(150, 0.1)[-1], descend(150, 0.1, 0.9)[-1]
    assert caught == pytest.approx((-0.09, -0.13), abs=0.01)
    assert passed == pytest.approx((4, -0.605), abs=0.05)
    assert height(*passed) < height(*caught) - 0.15


def test_the_hole_is_a_local_minimum_and_the_end_a_deeper_one():
    hole, end = descend(2000, 0.1)[-1], descend(2000, 0.1, 0.9)[-1]
    for place in hole, end:
        assert derivatives(place) == pytest.approx([0, 0], abs=1e-6)
        around = itertools.product((-0.05, 0, 0.05), repeat=2)
        x, y = place
        assert min(height(x + a, y + b) for a, b in around) == height(x, y)
    assert height(*end) < height(*hole)


def test_its_first_step_is_down_the_gradient_by_finite_differences():
    x, y = valley.START
    h = 1e-6
    slopes = [
        (height(x + h, y) - height(x - h, y)) / (2 * h),
        (height(x, y + h) - height(x, y - h)) / (2 * h),
    ]
    step = [b - a for a, b in zip(*descend(1, 0.1))]
    assert step == pytest.approx([-0.1 * slope for slope in slopes], rel=1e-6)


@pytest.mark.parametrize(("rate", "momentum"), [(100, 0), (0.1, 1.5)])
def test_steps_too_large_are_one_sentence(rate, momentum):
    with pytest.raises(FloatingPointError, match=r"lead up and away: lower --rate or --momentum"):
        descend(150, rate, momentum)


@pytest.mark.slow
def test_the_demo_says_so_and_leaves_a_picture_and_an_animation(tmp_path, capsys):
    still, moving = valley.run(options(tmp_path))
    printed = capsys.readouterr().out
    assert "Gradient descent ended in the hole" in printed
    assert "Momentum ended at the end of the valley" in printed
    lines = [line for line in printed.splitlines() if "picture: " not in line]
    assert max(map(len, lines)) <= 80
    assert still.path.read_bytes().startswith(b"\x89PNG")
    with Image.open(moving.path) as animation:
        assert animation.n_frames > 5
    assert moving.path.stat().st_size < 2e6


def test_without_matplotlib_there_is_a_sentence_instead(tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert valley.run(options(tmp_path)) == []
    assert "no picture: it needs matplotlib" in capsys.readouterr().out
