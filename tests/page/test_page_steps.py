"""The page in a browser: how it opens, and its steps."""

import re

import pytest

from autograd import Value
from demos import chain_rule
from nn import MLP, half_squared_error
from tests.page.browsing import (
    PHONE,
    active,
    box,
    figure_4,
    network,
    neuron,
    numbers,
    problem_12,
    step_text,
    tab_of,
    to_the_end,
    twice_and_twice,
)

# --- opening ---


def size_of_text(tab):
    return 12 * tab.evaluate("camera.zoom")


def is_in_sight(tab, box):
    stage, at = tab.locator("#stage").bounding_box(), box.bounding_box()
    inside = stage["x"] <= at["x"] and at["x"] + at["width"] <= stage["x"] + stage["width"]
    return inside and stage["y"] <= at["y"] <= stage["y"] + stage["height"] - at["height"]


def all_boxes_in_sight(tab):
    left, top, right, bottom = tab.evaluate("""() => {
      const all = [...document.querySelectorAll('.box')].map((box) => box.getBoundingClientRect());
      const least = (side) => Math.min(...all.map((r) => r[side]));
      const most = (side) => Math.max(...all.map((r) => r[side]));
      return [least('left'), least('top'), most('right'), most('bottom')];
    }""")
    stage = tab.locator("#stage").bounding_box()
    across, down = stage["x"] + stage["width"], stage["y"] + stage["height"]
    return stage["x"] <= left and stage["y"] <= top and right <= across and bottom <= down


@pytest.mark.parametrize("size", [(1280, 900), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize(
    ("graph", "view"),
    [
        (chain_rule.two_paths, "Scalars"),
        (problem_12, "Scalars"),
        (lambda: half_squared_error(MLP(2, [3, 1], seed=1)([0.5, -1.0]), 0.5), "Sums"),
    ],
)
def test_a_small_graph_opens_whole_and_legible(show, graph, view, size):
    tab = show(graph(), viewport=dict(zip(("width", "height"), size, strict=True)))
    assert size_of_text(tab) >= 12
    assert all_boxes_in_sight(tab)
    if size[0] == 1280:
        assert tab.get_by_label(view).is_checked()


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("make", [figure_4, problem_12, network])
def test_a_large_graph_opens_legible_at_the_first_step(show, make, settings):
    tab = show(make(), **settings)
    assert size_of_text(tab) == 12 or all_boxes_in_sight(tab)
    assert size_of_text(tab) >= 12
    for view in ("Neurons", "Sums", "Scalars"):
        tab.get_by_label(view).check()
        assert tab.locator(".box.active").count() > 0
        assert all(is_in_sight(tab, each) for each in tab.locator(".box.active").all())
    tab.get_by_role("button", name="Fit all").click()
    assert all_boxes_in_sight(tab)


def test_every_step_comes_into_sight_on_a_phone(show):
    tab = show(problem_12(), **PHONE)
    for _ in range(34):
        tab.get_by_role("button", name="One step forward").click()
        assert any(is_in_sight(tab, each) for each in tab.locator(".box.active").all())


@pytest.mark.parametrize("height", [844, 664])
def test_on_a_phone_picture_and_player_keep_their_places(show, height):
    tab = show(network(), **(PHONE | {"viewport": {"width": 390, "height": height}}))
    for name in ("Explain", "Practise", "Nudge", "Update", "Step"):
        tab_of(tab, name)
        assert tab.evaluate("document.documentElement.scrollHeight") == height
    tab.locator("#panel-step").evaluate("panel => panel.scrollTo(0, panel.scrollHeight)")
    stage, player = (tab.locator(part).bounding_box() for part in ("#stage", "#player"))
    assert stage["height"] >= 240
    for button in tab.locator("#player button").all():
        at = button.bounding_box()
        assert min(at["width"], at["height"]) >= 44
        assert stage["y"] + stage["height"] < at["y"] < height - 44
        assert at["x"] >= 0
        assert at["x"] + at["width"] <= 390
    assert player["height"] < 70  # one row


def test_lessons_stand_below_a_wide_picture_and_beside_a_high_one(show):
    tab = show(problem_12())
    assert tab.locator("#side").bounding_box()["width"] == 1280
    tab = show(network())
    assert tab.locator("#side").bounding_box()["width"] == 400


def test_it_opens_at_the_start_and_says_what_comes_first(show):
    tab = show(chain_rule.two_paths())
    said = tab.locator("#event").inner_text()
    assert "only the leaves have numbers. ▶ computes the next one:\n\nv1 = w1 * i" in said
    assert "11 steps forward for the numbers, then 19 steps backward" in said
    assert tab.get_by_role("button", name="One step back").is_disabled()
    assert active(tab) == {"v1"}
    assert numbers(tab, "v1") == ["", ""]
    tab.get_by_role("button", name="One step forward").click()
    assert active(tab) == {"v1"}
    assert numbers(tab, "v1") == ["0.5", ""]


def test_every_event_is_highlighted_to_the_last(show):
    tab = show(figure_4())
    for view in ("Scalars", "Sums", "Neurons"):
        tab.get_by_label(view).check()
        for at in range(tab.evaluate("events().length")):
            tab.get_by_role("slider").fill(str(at + 1))
            assert 1 <= tab.locator(".box.active").count() <= 2


@pytest.mark.parametrize("view", ["Sums", "Neurons"])
@pytest.mark.parametrize("make", [chain_rule.two_paths, problem_12, figure_4])
def test_a_step_names_what_is_drawn(show, make, view):
    """It names boxes and weights on arrows, and writes out products and sums inside."""
    tab = show(make())
    tab.get_by_label(view).check()
    drawn = set(tab.evaluate("scene.boxes.map(box => nodes[box.node].name)"))
    made_up = set(tab.evaluate("nodes.filter(node => !node.named && node.op).map(n => n.name)"))
    hidden = made_up - drawn
    assert hidden
    for at in range(tab.evaluate("events().length")):
        said = step_text(tab, at)
        assert not hidden & set(re.findall(r"[a-z]\d+(?:\.\d+)*", said)), said


def test_a_step_inside_a_neuron_is_described_and_highlighted_there(show):
    tab = show(problem_12())
    tab.get_by_label("Neurons").check()
    steps = {}
    for at in range(1, 35):
        tab.get_by_role("slider").fill(str(at))
        lines = tab.locator("#event").inner_text().split("\n\n")
        steps.setdefault(lines[0], []).append((lines[1:], active(tab)))
    product, total, value = steps["Forward, inside out"][:2] + steps["Forward"][2:3]
    assert product[0][:2] == ["w3 * h1", "= 2 * 0.4621 = 0.9242"]
    assert product[0][2] == "w3 is the weight on the arrow from h1 to out."
    assert product[1] == total[1] == {"out"}
    assert value[0][0] == "out = tanh(w3 * h1 + w4 * h2)"
    into_sum, into_product, *_ = steps["Backward, inside out"]
    assert into_sum[0][0] == "∂out/∂Σ(out) = 1 - out² = 1 - 0.824² = 0.321"
    assert into_sum[0][1] == "The slope of tanh(x) at x = 1.169."
    assert into_sum[0][2] == "dE/dΣ(out) += ∂out/∂Σ(out) × dE/dout"
    assert into_sum[0][5] == "Σ(out) is w3 * h1 + w4 * h2, the sum inside out."
    assert into_product[0][2] == "dE/d(w3 * h1) += ∂Σ(out)/∂(w3 * h1) × dE/dΣ(out)"
    [[lines, boxes]] = steps["Backward: out passes its gradient on to h1"]
    assert lines[0] == "∂(w3 * h1)/∂h1 = w3 = 2"
    assert lines[2] == "dE/dh1 += ∂(w3 * h1)/∂h1 × dE/d(w3 * h1)"
    assert boxes == {"out", "h1"}
    weight = next(i for i in range(35) if "dE/dw3" in step_text(tab, i))
    assert tab.locator(".edge.active").count() == 1, weight


def test_a_shared_weight_is_described_at_the_neuron_of_the_step(show):
    w, h = Value(0.5, "w"), Value(2.0).log()
    h.label = "x"
    for name in ("first", "second"):
        h = neuron(name, (h, w))
    tab = show(h)
    tab.get_by_label("Neurons").check()
    told = [(text, active(tab)) for i in range(20) if "∂w" in (text := step_text(tab, i))]
    at_second, at_first = told
    assert "w is the weight on the arrow from first to second." in at_second[0]
    assert at_second[1] == {"second"}
    assert "w is the weight on the arrow from x to first." in at_first[0]
    assert at_first[1] == {"first"}


def test_a_long_sum_is_shortened(show):
    model = MLP(9, [1], seed=1)
    tab = show(model([0.1 * i for i in range(9)]), {"names": {"model": model}})
    tab.get_by_label("Neurons").check()
    said = next(text for i in range(30) if "z1[0] =" in (text := step_text(tab, i)))
    assert "z1[0] = W1[0,0] * 0 + W1[0,1] * 0.1 + … + b1[0]" in said


def test_a_neuron_of_one_input_is_its_activation_and_no_sum(show):
    w = [Value(x, f"w{k}") for k, x in enumerate((1.0, 0.5, 2.0, 1.0), 1)]
    i = Value(0.5, "i")
    h1, h2 = (w[0] * i).tanh(), (w[1] * i).tanh()
    h1.label, h2.label = "h1", "h2"
    total = w[2] * h1 + w[3] * h2
    total.label = "s"
    tab = show(total.tanh())
    tab.get_by_label("Sums").check()
    symbols = {name: box(tab, name).locator(".symbol").text_content() for name in ("h1", "h2", "s")}
    assert symbols == {"h1": "tanh", "h2": "tanh", "s": "Σ"}


# --- stepping ---


def test_stepping_through_problem_12(show):
    tab = show(problem_12())
    tab.get_by_label("Scalars").check()
    to_the_end(tab)
    assert numbers(tab, "in") == ["0.5", "0.5404"]
    tab.get_by_role("button", name="To the start").click()
    assert numbers(tab, "h1") == ["", ""]
    assert numbers(tab, "in") == ["0.5", ""]
    tab.get_by_role("button", name="One step forward").click()
    assert "Step 1 of 34" in tab.locator("#progress").inner_text()
    seen = []
    while tab.get_by_role("button", name="One step forward").is_enabled():
        tab.get_by_role("button", name="One step forward").click()
        seen.append(tab.locator("#event").inner_text())
    assert any("h1 = tanh(0.5) = 0.4621" in text for text in seen)
    assert any("dE/dE = 1" in text for text in seen)
    through_h2 = next(text for text in seen if "dE/din = 0 + 0.1243 = 0.1243" in text)
    assert "dE/din += 0.5 × 0.2487 = 0.1243" in through_h2
    assert "dE/din = 0.1243 + 0.4161 = 0.5404" in seen[-1]
    assert "+= adds" in seen[-1]
    tab.get_by_role("button", name="One step back").click()
    assert numbers(tab, "in") == ["0.5", "0.1243"]


def test_play_pause_speed_and_slider(show):
    tab = show(problem_12())
    tab.get_by_label("Speed").select_option("60")
    tab.get_by_role("button", name="Play").click()
    tab.get_by_text("Step 34 of 34").wait_for()
    assert tab.get_by_role("button", name="Play").is_visible()
    tab.get_by_label("Speed").select_option("0.5")
    tab.get_by_role("button", name="Play").click()
    tab.get_by_text("Step 1 of 34").wait_for()
    tab.get_by_role("button", name="Pause").click()
    tab.get_by_role("slider").fill("20")
    assert "Step 20 of 34" in tab.locator("#progress").inner_text()


def test_stepping_with_the_keyboard(show):
    tab = show(twice_and_twice())
    tab.keyboard.press("Home")
    assert "7 steps" in tab.locator("#progress").inner_text()
    tab.keyboard.press("ArrowRight")
    assert "b = a + a" in tab.locator("#event").inner_text()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("End")
    assert "Step 7 of 7" in tab.locator("#progress").inner_text()
    tab.keyboard.press(" ")
    tab.get_by_text("Step 1 of 7").wait_for()
    tab.keyboard.press(" ")
    assert tab.get_by_role("button", name="Play").is_visible()
    tab.get_by_role("button", name="To the start").click()
    tab.keyboard.press(" ")  # plays, although the button that was clicked has the focus
    tab.get_by_text("Step 2 of 7").wait_for()


def test_naive_recursion_gives_the_wrong_answer(show):
    tab = show(twice_and_twice())
    to_the_end(tab)
    assert numbers(tab, "a") == ["3", "4"]
    tab.get_by_label("Naive recursion").check()
    assert numbers(tab, "a") == ["3", "2"]
    verdict = tab.locator("#verdict").inner_text()
    assert "1 wrong gradient" in verdict
    assert "dc/da\t2\t4" in verdict
    assert "wrong" in box(tab, "a").get_attribute("class").split()
    for _ in range(2):
        tab.get_by_role("button", name="One step back").click()
    assert (
        "Too early: dc/db is 1 so far, but will be 2 when it is complete."
        in tab.locator("#event").inner_text()
    )
    tab.get_by_label("Topological").check()
    to_the_end(tab)
    assert numbers(tab, "a") == ["3", "4"]


def test_naive_recursion_may_be_right(show):
    x = Value(1.0, "x")
    tab = show(x.tanh().exp())
    tab.get_by_label("Naive recursion").check()
    assert "Step 3 of 5, backward" in tab.locator("#progress").inner_text(), "the end is no secret"
    to_the_end(tab)
    assert "Here naive recursion gives the right result" in tab.locator("#verdict").inner_text()
