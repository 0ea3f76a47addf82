"""The page in a browser: explaining, nudging, updating."""

import math

import pytest

from autograd import Op, Value, detect_anomaly
from nn import MLP, half_squared_error
from tests.page.browsing import PHONE, box, numbers, problem_12, square, tab_of, to_the_end

# --- selecting ---


def test_selecting_a_node_explains_it(show):
    tab = show(problem_12())
    tab.get_by_label("Scalars").check()
    box(tab, "h1").click()
    text = tab.locator("#explanation").inner_text()
    assert "h1 = tanh(v2) = tanh(0.5) = 0.4621" in text
    assert "∂h1/∂v2 = 1 - h1² = 1 - 0.4621² = 0.7864" in text
    box(tab, "in").click()
    text = tab.locator("#explanation").inner_text()
    assert "2 paths to E" in text
    assert "dE/din = 0.4161 + 0.1243 = 0.5404" in text
    assert "Path 1: E ← out ← h1 ← in" in text
    assert "lit" in box(tab, "h2").get_attribute("class").split()
    assert "dim" in box(tab, "w1").get_attribute("class").split()


def test_before_a_choice_explain_says_where_to_begin_and_gives_nothing_away(show):
    tab = show(problem_12())
    tab_of(tab, "Explain")
    said = tab.locator("#explanation")
    assert [item.inner_text().split() for item in said.locator("li").all()][:2] == [
        ["in", "2", "paths", "to", "E"],
        ["w1", "1", "path", "to", "E"],
    ]
    assert "0." not in said.inner_text()
    said.get_by_role("button", name="in", exact=True).click()
    assert "dE/din = 0.4161 + 0.1243 = 0.5404" in said.inner_text()


def test_a_product_of_a_node_with_itself_has_two_paths(show):
    tab = show(square())
    box(tab, "x").click()
    text = tab.locator("#explanation").inner_text()
    assert "2 paths to y" in text
    assert "dy/dx = 3 + 3 = 6" in text
    assert tab.locator("path.edge").count() == 2


def test_paths_are_counted_when_they_are_many(show):
    y = Value(0.5, "x")
    for _ in range(60):
        y = y + y
    tab = show(y)
    tab_of(tab, "Explain")
    tab.locator("#node").select_option(label="x")
    assert "1.153e+18 paths to out" in tab.locator("#explanation").inner_text()


def test_where_a_value_came_from(show):
    with detect_anomaly():
        y = Value(2.0, "x").tanh()
    tab = show(y)
    box(tab, "out").click()
    assert "test_page_lessons.py" not in tab.locator("#explanation").inner_text()
    tab.get_by_text("The line of code that recorded it").click()
    assert 'y = Value(2.0, "x").tanh()' in tab.locator("#explanation").inner_text()


# --- nudging and updating ---


def rows(tab, where):
    all_rows = tab.locator(f"{where} tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in all_rows]


def error_of_problem_12(x):
    out = math.tanh(2 * math.tanh(x) + math.tanh(x / 2))
    return out * out / 2


def test_nudging_a_leaf(show):
    """The promise and the true change are compared with the closed form; the error goes with δ²."""
    tab = show(problem_12())
    tab_of(tab, "Nudge")
    tab.locator("#leaf").select_option(label="in")
    slider = tab.locator("#nudge")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    assert tab.locator("#leaf-now").inner_text() == "in = 0.5 + 0.1 = 0.6"
    assert numbers(tab, "in")[0] == "0.6"
    table = rows(tab, "#promise")
    assert [float(row[0]) for row in table] == [0.1, 0.05, 0.025]
    for step, promised, change, error, _ in (map(float, [*row[:4], "0"]) for row in table):
        truth = error_of_problem_12(0.5 + step) - error_of_problem_12(0.5)
        assert promised == pytest.approx(0.540395442 * step, rel=1e-3)
        assert change == pytest.approx(truth, rel=1e-3)
        assert error == pytest.approx(truth - 0.540395442 * step, rel=1e-3)
    assert all(3.5 < float(row[4].removeprefix("÷ ")) < 4.5 for row in table[1:])
    said = tab.locator("#promise").inner_text()
    ratios = [float(row[4].removeprefix("÷ ")) for row in table[1:]]
    assert ("leaves a quarter of the error" in said) == all(3.8 < each < 4.2 for each in ratios)
    # Each derivative says where it is taken: the boxes are those after the nudge.
    assert "dE/din at in = 0.5, times δ: 0.5404 × 0.1" in said
    assert "(the boxes: at in = 0.6)" in said
    last = tab.locator("#promise tr").last.bounding_box()
    assert last["y"] + last["height"] < 800
    tab.get_by_role("button", name="Halve δ").click()
    assert tab.locator("#delta").input_value() == "0.05"
    assert rows(tab, "#promise")[:2] == [[*table[1][:4], ""], table[2]]
    tab.get_by_role("button", name="Back to the recorded numbers").click()
    assert numbers(tab, "in") == ["0.5", "0.5404"]


def test_two_numbers_travel_along_each_arrow(show):
    tab = show(problem_12())
    tab.get_by_label("Scalars").check()
    tab_of(tab, "Nudge")
    tab.locator("#leaf").select_option(label="in")
    tab.locator("#delta").fill("-0,2")
    assert tab.locator("#leaf-now").inner_text() == "in = 0.5 - 0.2 = 0.3"
    arrows = dict(
        tab.evaluate("""scene.edges.filter(e => e.flow?.isConnected).map(e =>
      [nodes[e.to.node].name, [...e.flow.children].map(t => Number(t.textContent))])""")
    )
    assert arrows["h1"] == [
        pytest.approx(-0.2 * (1 - math.tanh(0.5) ** 2), rel=5e-3),
        pytest.approx(math.tanh(0.3) - math.tanh(0.5), rel=5e-3),
    ]
    assert arrows["E"] == [
        pytest.approx(-0.2 * 0.540395442, rel=5e-3),
        pytest.approx(error_of_problem_12(0.3) - error_of_problem_12(0.5), rel=5e-3),
    ]
    tab.locator("#delta").fill("0.5")
    assert "leaves about a quarter" in tab.locator("#promise").inner_text()
    tab.locator("#delta").fill("x")
    assert "δ must be a number" in tab.locator("#promise").inner_text()


def test_the_bar_of_the_error_stays_within_the_plot_and_its_axes_have_numbers(show):
    tab = show(Value(0.5, "x").exp())
    tab_of(tab, "Nudge")
    for delta in ("1", "-1", "5"):
        tab.locator("#delta").fill(delta)
        frame = tab.locator("#plot clipPath rect").evaluate(
            "r => [r.y.baseVal.value, r.height.baseVal.value]"
        )
        bar = tab.locator("#plot .error").evaluate(
            "p => { const b = p.getBBox(); return [b.y, b.y + b.height]; }"
        )
        assert frame[0] <= bar[0] <= bar[1] <= frame[0] + frame[1]
        assert len(tab.locator("#plot text").all_inner_texts()) >= 7


def test_nudging_by_dragging(show):
    tab = show(square())
    tab_of(tab, "Nudge")
    track = tab.locator("#nudge").bounding_box()
    middle = track["y"] + track["height"] / 2
    tab.mouse.move(track["x"] + track["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(track["x"] + track["width"] * 0.75, middle, steps=5)
    tab.mouse.up()
    x, gradient = map(float, numbers(tab, "x"))
    assert x > 4
    assert gradient == pytest.approx(2 * x)


def test_one_step_of_gradient_descent_and_another(show):
    tab = show(problem_12())
    tab_of(tab, "Update")
    assert "Nothing is trained yet: tick the leaves" in tab.locator("#no-update").inner_text()
    assert tab.get_by_role("button", name="One step").is_disabled()
    for weight in ("w1", "w2", "w3", "w4"):
        tab.get_by_label(weight, exact=True).check()
    tab.get_by_label("Learning rate").fill("0.5")
    tab.get_by_role("button", name="One step").click()
    row = tab.locator("#steps tr", has_text="w3").locator("td").all_inner_texts()
    assert row == ["w3", "2", "0.1222", "-0.06112", "1.939"]
    row = tab.locator("#steps tr", has_text="in").locator("td").all_inner_texts()
    assert row == ["in", "0.5", "0.5404", "", "0.5"]
    first = tab.evaluate("state.numbers.data[output.place]")
    assert first < 0.339
    tab.get_by_role("button", name="Again").click()
    assert tab.evaluate("state.numbers.data[output.place]") < first
    assert "after 2 steps" in tab.locator("#descent").inner_text()


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["beside", "phone"])
def test_the_table_of_the_update_is_whole(show, settings):
    """Each of its five columns can be seen, and each name in one line."""
    model = MLP(2, [4, 1], seed=1)
    rows = [(0.5, -0.3), (0.2, 0.4), (-0.3, 0.6), (0.1, 0.9)]
    loss = sum(half_squared_error(model(row), [1.0]) for row in rows)
    tab = show(loss, {"names": model}, **settings)
    tab_of(tab, "Update")
    tab.get_by_role("button", name="One step").click()
    assert tab.locator(".scroll:visible").evaluate("all => all.scrollWidth - all.clientWidth") == 0
    heights = tab.locator("#steps label").evaluate_all("all => all.map(l => l.clientHeight)")
    assert len(set(heights)) == 1


def test_a_leaf_can_be_kept_from_the_update(show):
    model = MLP(1, [1], seed=1)
    tab = show(model([0.5]), {"names": model})
    tab_of(tab, "Update")
    assert tab.locator("#steps input:checked").count() == 2
    tab.get_by_role("checkbox", name="b1[0]").uncheck()
    tab.get_by_role("button", name="One step").click()
    kept = next(row for row in rows(tab, "#steps") if row[0] == "b1[0]")
    assert kept[1] == kept[4] == "0"
    assert kept[3] == ""


def test_an_operation_that_cannot_be_recomputed(show):
    erf = Op(
        "own_erf",
        math.erf,
        lambda y, x: (1.1283791670955126 * math.exp(-x * x),),
        registered=False,
    )
    tab = show(erf(Value(0.5, "x")))
    for name in ("Nudge", "Update"):
        tab_of(tab, name)
        assert "is Python code that this page cannot run" in (
            tab.get_by_role("tabpanel").inner_text()
        )
        assert not tab.locator("#nudge").is_visible()
    assert tab.get_by_role("button", name="One step").is_disabled()
    box(tab, "out").click()
    assert "= own_erf(0.5) = 0.5205" in tab.locator("#explanation").inner_text()
    tab_of(tab, "Step")
    to_the_end(tab)
    assert numbers(tab, "x") == ["0.5", "0.8788"]
