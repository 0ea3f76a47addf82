"""Demo 3: trial and error costs more with every weight, and backpropagation does not."""

import random
import re

import pytest

from demos import trial_and_error
from demos.trial_and_error import Cost, crossover, growth
from nn import MLP


@pytest.mark.unmeasured
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_costs_cross_and_trial_and_error_grows_faster(seed):
    costs = [trial_and_error.measure(width, 5, seed) for width in (1, 2, 3, 4)]
    assert [cost.weights for cost in costs] == [2, 8, 18, 32]
    assert costs[0].trial_and_error < costs[0].backpropagation
    assert costs[-1].trial_and_error > costs[-1].backpropagation
    assert costs[0].weights < crossover(costs) < costs[-1].weights
    slow, fast = growth(costs)
    assert slow > fast + 0.5


@pytest.mark.parametrize("way", ["trials", "steps"])
def test_both_ways_end_at_the_same_loss(way):
    stream = random.Random(1)
    teacher, pupil = (MLP(2, [2, 2], bias=False, seed=stream) for _ in range(2))
    X = [[-1.0, 1.0], [1.0, 1.0]]
    T = [trial_and_error.outputs(teacher, x) for x in X]
    before = trial_and_error.mean_loss(pupil, X, T).data
    if way == "trials":
        taken = trial_and_error.by_trial_and_error(pupil, X, T, stream)
    else:
        taken = trial_and_error.by_backpropagation(pupil, X, T)
    assert taken > 0
    assert 0 < trial_and_error.mean_loss(pupil, X, T).data <= trial_and_error.GOAL * before


def test_crossover_and_growth_of_known_curves():
    # 2n and 100: they cross at 50; powers 1 and 0.
    costs = [Cost(n, 2 * n, 100) for n in (10, 20, 80, 160)]
    assert crossover(costs) == pytest.approx(50)
    assert growth(costs) == pytest.approx((1, 0))
    assert crossover(costs[:2]) is None
    assert crossover(costs[2:]) is None


@pytest.mark.slow
def test_the_demo_prints_its_finding_and_draws(run_demo, tmp_path):
    (exhibit,), printed = run_demo("trial_and_error")
    assert re.search(r"From about \d+ weights on, backpropagation is cheaper", printed)
    assert exhibit.path == tmp_path / "trial_and_error.png"
    assert exhibit.path.read_bytes().startswith(b"\x89PNG")
