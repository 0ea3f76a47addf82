"""Demo 4: a gradient takes about two evaluations; by finite differences it takes n + 1."""

import re

import pytest

from demos import price
from demos.price import Price, Problem


@pytest.mark.unmeasured
@pytest.mark.parametrize("width", [2, 7, 22])
def test_finite_differences_take_one_evaluation_more_than_weights(width, monkeypatch):
    problem, calls = Problem(width, 0), []
    loss = problem.loss

    def counted():
        calls.append(1)
        return loss()

    monkeypatch.setattr(problem, "loss", counted)
    problem.by_finite_differences()
    assert len(calls) == len(problem.weights) + 1
    calls.clear()
    problem.by_backpropagation()
    assert len(calls) == 1


@pytest.mark.parametrize("width", [2, 7, 22, 70])
def test_backward_takes_a_bounded_multiple_of_the_multiplications(width):
    problem = Problem(width, 0)
    forward, backward = price.products(problem.loss())
    # One for each weight that is not a bias, and two for each half squared difference.
    assert 2 * width**2 <= forward <= 2 * width**2 + 2 * width
    assert forward <= backward <= 6 * forward


def test_both_ways_agree():
    problem = Problem(3, 1)
    before = [w.data for w in problem.weights]
    ours, differences = problem.by_backpropagation(), problem.by_finite_differences()
    assert len(ours) == 24
    assert max(map(abs, ours)) > 0.01
    assert ours == pytest.approx(differences, abs=1e-5)
    assert [w.data for w in problem.weights] == before


def test_a_million_weights_are_among_the_sizes():
    assert 2 * price.WIDTHS[0] ** 2 + 2 * price.WIDTHS[0] == 12
    assert 2 * price.WIDTHS[-1] ** 2 + 2 * price.WIDTHS[-1] > 1_000_000


def test_price_in_evaluations_counts_forward_and_backward():
    assert Price(10, 2.0, 1.0, 22.0, True).in_evaluations == 1.5


@pytest.mark.parametrize(
    ("time", "words"),
    [(0.00012, "120 µs"), (0.0143, "14.3 ms"), (45, "45 s"), (7200, "2 hours"), (432000, "5 days")],
)
def test_times_have_fitting_units(time, words):
    assert price.spell(time) == words


@pytest.mark.slow
def test_the_demo_prints_its_table_and_draws(run_demo):
    (exhibit,), printed = run_demo("price")
    lines = printed.splitlines()
    rows = [line for line in lines if re.match(r" +[\d,]+ +[\d.e+]+ (µs|ms|s) ", line)]
    assert [row.split()[0] for row in rows] == ["12", "112", "1,012", "9,940"]
    assert ["estimate" in row for row in rows] == [False, False, False, True]
    found = r"^\d\.\d evaluations, and 12 derivatives for the price of \d\.\d\.$"
    assert re.search(found, printed, re.MULTILINE)
    assert "Finite differences take 9,941 evaluations" in printed
    assert exhibit.path.read_bytes().startswith(b"\x89PNG")
