"""Demo 5: the hole is a local minimum that traps gradient descent; momentum passes it."""

import itertools

import pytest
from PIL import Image

from autograd import Value, grad
from demos import valley
from demos.valley import descend, loss


def derivatives(place):
    x, y = map(Value, place)
    return [d.data for d in grad(loss(x, y), [x, y])]


def test_gradient_descent_is_caught_and_momentum_is_not():
    caught, passed = descend(150, 0.1)[-1], descend(150, 0.1, 0.9)[-1]
    assert caught == pytest.approx((-0.09, -0.13), abs=0.01)
    assert passed == pytest.approx((4, -0.605), abs=0.05)
    assert loss(*passed) < loss(*caught) - 0.15


def test_the_hole_is_a_local_minimum_and_the_end_a_deeper_one():
    hole, end = descend(2000, 0.1)[-1], descend(2000, 0.1, 0.9)[-1]
    for place in hole, end:
        assert derivatives(place) == pytest.approx([0, 0], abs=1e-6)
        around = itertools.product((-0.05, 0, 0.05), repeat=2)
        x, y = place
        assert min(loss(x + a, y + b) for a, b in around) == loss(x, y)
    assert loss(*end) < loss(*hole)


def test_its_first_step_is_down_the_gradient_by_finite_differences():
    x, y = valley.START
    h = 1e-6
    slopes = [
        (loss(x + h, y) - loss(x - h, y)) / (2 * h),
        (loss(x, y + h) - loss(x, y - h)) / (2 * h),
    ]
    step = [b - a for a, b in zip(*descend(1, 0.1))]
    assert step == pytest.approx([-0.1 * slope for slope in slopes], rel=1e-6)


@pytest.mark.parametrize(("rate", "momentum"), [(100, 0), (0.1, 1.5)])
def test_steps_too_large_are_one_sentence(rate, momentum):
    with pytest.raises(FloatingPointError, match=r"lead up and away: lower --rate or --momentum"):
        descend(150, rate, momentum)


@pytest.mark.slow
def test_the_demo_prints_its_finding_and_leaves_a_page_a_picture_and_an_animation(run_demo):
    (learning, still, moving), printed = run_demo("valley")
    assert "Gradient descent ended in the hole" in printed
    assert "Momentum ended at the end of the valley" in printed
    assert learning.path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert still.path.read_bytes().startswith(b"\x89PNG")
    with Image.open(moving.path) as animation:
        assert animation.n_frames > 5
    assert moving.path.stat().st_size < 2e6
