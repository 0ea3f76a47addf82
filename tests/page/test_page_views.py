"""The page in a browser: three views of one graph."""

import pytest

from autograd import Value, dot
from tests.page.browsing import (
    box,
    figure_4,
    network,
    numbers,
    problem_12,
    tab_of,
    to_the_end,
)


def test_the_three_views_show_the_same_numbers(show):
    tab = show(problem_12())
    to_the_end(tab)
    seen = {}
    for view in ("Scalars", "Sums", "Neurons"):
        tab.get_by_label(view).check()
        seen[view] = (
            numbers(tab, "h1"),
            numbers(tab, "out"),
            numbers(tab, "E"),
            numbers(tab, "in"),
        )
    strip = [[[x.removeprefix("d ") for x in pair] for pair in each] for each in seen.values()]
    assert strip[0] == strip[1] == strip[2]
    tab.get_by_label("Scalars").check()
    scalars = tab.locator(".box").count()
    tab.get_by_label("Sums").check()
    sums = tab.locator(".box").count()
    assert "× 2" in tab.locator(".tag").all_text_contents()
    tab.get_by_label("Neurons").check()
    assert scalars == 20
    assert scalars > sums > tab.locator(".box").count()
    assert tab.locator(".box.neuron").count() == 3


def test_expanding_and_collapsing_a_neuron_and_a_layer(show):
    tab = show(figure_4())
    tab.get_by_label("Neurons").check()
    assert tab.locator(".box").count() == 5
    box(tab, "h1").dblclick()
    assert tab.locator(".box.neuron").count() == 2
    assert box(tab, "w1").count() == 1
    tab.get_by_role("button", name="Collapse the neuron").click()
    assert tab.locator(".box").count() == 5
    tab.get_by_role("button", name="Collapse layer 1").click()
    assert tab.locator(".box.layer").count() == 1
    assert tab.locator(".box").count() == 4
    assert "2 neurons" in tab.locator("#explanation").inner_text()
    tab.get_by_role("button", name="Expand the layer").click()
    assert tab.locator(".box").count() == 5


def test_a_neuron_written_as_a_sum_of_two_terms_and_a_bias(show):
    x1, x2, w1, w2, b = (Value(0.1 * i, name) for i, name in enumerate("x1 x2 w1 w2 b".split(), 1))
    out = (w1 * x1 + w2 * x2 + b).tanh()
    tab = show(out)
    assert tab.locator(".box").count() == 10
    to_the_end(tab)
    tab.get_by_label("Sums").check()
    assert tab.locator(".box").count() == 4
    total = tab.locator(".box", has_text="Σ")
    assert f"{out.inputs[0].data:.4g}, d" in total.get_attribute("aria-label")
    assert total.locator(".number").first.text_content() == "0.5"
    assert "b 0.5" in total.get_attribute("aria-label")
    tab.get_by_label("Neurons").check()
    assert tab.locator(".box").count() == 3


def test_a_weight_that_is_folded_away_can_be_selected(show):
    tab = show(figure_4())
    tab.get_by_label("Neurons").check()
    box(tab, "h1").click()
    tab.get_by_role("button", name="w1", exact=True).click()
    assert "dout/dw1" in tab.locator("#explanation").inner_text()


def test_a_weight_can_be_selected_at_its_edge(show):
    tab = show(figure_4())
    tab.get_by_label("Neurons").check()
    tab.evaluate("scene.edges[0].element.nextSibling.dispatchEvent(new MouseEvent('click'))")
    chosen = tab.locator("#explanation h2").inner_text()
    assert chosen in {"w1", "w2", "w3", "w4", "w5", "w6"}


def test_a_leaf_alone(show):
    tab = show(Value(2.0, "x"))
    for name in ("Explain", "Practise", "Nudge", "Update", "Step"):
        tab_of(tab, name)
    assert numbers(tab, "x") == ["2", ""]
    to_the_end(tab)
    assert numbers(tab, "x") == ["2", "1"]


def test_leaves_assigned_after_recording(show):
    x = Value(3.0, "x")
    y = x * x
    x.data = 4.0
    tab = show(y)
    assert tab.get_by_text("assigned after the graph was recorded").is_visible()
    tab_of(tab, "Nudge")
    tab.locator("#nudge").press("ArrowRight")
    change = tab.locator("#promise tr").nth(1).locator("td").nth(2).inner_text()
    assert float(change) == pytest.approx(4.04**2 - 16, rel=1e-3)


def test_a_large_network_opens_as_neurons(show):
    tab = show(network())
    assert tab.get_by_label("Neurons").is_checked()
    assert tab.locator(".box.neuron").count() == 33


def test_shared_weights_and_a_weight_that_is_also_an_input(show):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    h = x
    for _ in range(3):
        h = dot([w], [h], Value(0.1, "b")).tanh()
    out = dot([w, h], [w, h]).tanh()
    tab = show(out)
    for view in ("Sums", "Neurons", "Scalars"):
        tab.get_by_label(view).check()
        assert box(tab, "w").count() == 1  # it is an input, too, so it keeps its box
        assert box(tab, "out").count() == 1
