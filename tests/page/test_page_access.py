"""The page with a keyboard, a screen reader, on a phone, in the dark."""

import os
from pathlib import Path

import pytest

from autograd import Value
from nn import MLP, half_squared_error
from tests.page.browsing import (
    PHONE,
    box,
    figure_4,
    network,
    predict,
    problem_12,
    square,
    tab_of,
    to_the_end,
)


def test_moving_through_the_graph_with_the_keyboard(show):
    tab = show(figure_4())
    tab.get_by_label("Neurons").check()
    tab.keyboard.press("Tab")
    box(tab, "out").focus()
    tab.keyboard.press("ArrowLeft")
    focused = "document.activeElement.getAttribute('aria-label')"
    one = tab.evaluate(focused)
    assert one.startswith("h")
    tab.keyboard.press("ArrowDown" if one.startswith("h2") or one.startswith("h1") else "ArrowUp")
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")
    assert tab.get_by_role("tab", name="Explain").get_attribute("aria-selected") == "true"
    assert tab.evaluate(focused).startswith("h")
    tab.keyboard.press("e")
    assert tab.locator(".box.neuron").count() == 2
    tab.keyboard.press("e")
    assert tab.locator(".box.neuron").count() == 3


def test_tabs_with_the_keyboard(show):
    tab = show(square())
    tab.get_by_role("tab", name="Step").focus()
    for name in ("Explain", "Practise", "Nudge", "Update", "Step"):
        tab.keyboard.press("ArrowRight")
        assert tab.get_by_role("tab", name=name).get_attribute("aria-selected") == "true"
        assert tab.evaluate("document.activeElement.id") == f"tab-{name.lower()}"


def test_every_button_has_a_name(show):
    tab = show(figure_4())
    for role in ("button", "slider", "combobox", "radio", "tab"):
        for element in tab.get_by_role(role).all():
            name = element.get_attribute("aria-label") or element.evaluate(
                "e => e.innerText || [...(e.labels || [])].map(l => l.innerText).join('')"
                " || e.textContent"
            )
            assert name.strip(), element


def test_fit_shows_all_of_it(show):
    tab = show(network())
    for view in ("Neurons", "Sums"):
        tab.get_by_label(view).check()
        tab.get_by_role("button", name="Fit").click()
        frame = tab.locator("#picture").bounding_box()
        for place in ("scene.top", "scene.top + scene.height"):
            y = tab.evaluate(f"camera.y + camera.zoom * ({place})")
            assert 0 <= y <= frame["height"]


def test_dragging_scrolling_and_zooming(show):
    tab = show(figure_4())
    out = box(tab, "out")
    before = out.bounding_box()
    for _ in range(5):
        tab.get_by_role("button", name="Zoom in").click()
    large = out.bounding_box()
    assert large["width"] > 2 * before["width"]
    stage = tab.locator("#scroller").bounding_box()
    x, y = stage["x"] + 48, stage["y"] + 40  # where nothing is drawn
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x - 30, y - 20, steps=4)
    tab.mouse.up()
    dragged = out.bounding_box()
    assert dragged["x"] == pytest.approx(large["x"] - 30, abs=1)
    assert dragged["y"] == pytest.approx(large["y"] - 20, abs=1)
    tab.mouse.wheel(0, 50)
    tab.wait_for_timeout(200)
    assert out.bounding_box()["y"] == pytest.approx(dragged["y"] - 50, abs=1)
    assert out.bounding_box()["width"] == pytest.approx(large["width"])
    tab.get_by_role("button", name="Fit").click()
    assert out.bounding_box() == pytest.approx(before)
    # With Ctrl, the wheel zooms about the place that it is at.
    tab.mouse.move(before["x"] + 40, before["y"] + 40)
    tab.keyboard.down("Control")
    tab.mouse.wheel(0, -100)
    tab.wait_for_timeout(200)
    zoomed = out.bounding_box()
    assert zoomed["width"] > 1.2 * before["width"]
    assert zoomed["x"] < before["x"] + 40 < zoomed["x"] + zoomed["width"]


OVERFLOW = """() => {
  const out = [];
  for (const box of document.querySelectorAll('.box')) {
    const frame = box.querySelector('.shape:last-of-type').getBoundingClientRect();
    for (const text of box.querySelectorAll('text')) {
      const r = text.getBoundingClientRect();
      const fits = r.left >= frame.left - 1 && r.right <= frame.right + 1 &&
        r.top >= frame.top - 1 && r.bottom <= frame.bottom + 1;
      if (r.width && !fits) out.push(text.textContent);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) out.push('the page is too wide');
  for (const part of document.querySelectorAll('#side *')) {
    if (part.closest('.scroll, select, svg') || !part.getClientRects().length) continue;
    if (part.getBoundingClientRect().right > innerWidth + 1) out.push(part.outerHTML.slice(0, 80));
  }
  return out;
}"""


def named_network():
    """A graph, and the option that names its parameters after a model."""
    model = MLP(2, [3, 1], seed=1)
    return half_squared_error(model([0.5, -0.3]), [1.0]), {"names": {"model": model}}


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desk", "phone"])
def test_names_of_a_model_are_whole_and_fit(show, settings):
    tab = show(*named_network(), **settings)
    tab.get_by_label("Scalars").check()
    assert tab.evaluate(OVERFLOW) == []
    assert box(tab, "w¹₂₁").locator(".name").all_text_contents() == ["w¹₂₁"]
    assert "W1[2,1]" in box(tab, "w¹₂₁").get_attribute("aria-label")
    widths = tab.evaluate("scene.boxes.map(box => box.width)")
    assert max(widths) < 1.5 * min(widths)


def long_labels():
    x = Value(-1.23456e-87, "a name that is much longer than any box would like " * 3)
    y = Value(123456.789, "多" * 40) * x
    y.label = "two\nlines\x00\u202e<b>bold</b>"
    return y.tanh() * Value(-9.87654e-100, "W" * 60)


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("make", [figure_4, problem_12, square, network, long_labels])
def test_no_text_overflows(show, make, settings):
    tab = show(make(), **settings)
    for view in ("Scalars", "Sums", "Neurons"):
        if tab.get_by_label(view).is_visible():
            tab.get_by_label(view).check()
        assert tab.evaluate(OVERFLOW) == []
    tab.evaluate("choose(0)")
    for name in ("Explain", "Practise", "Nudge", "Update", "Step"):
        tab_of(tab, name)
        if name == "Update":
            tab.locator("#steps input").first.check()
            tab.get_by_role("button", name="One step").click()
        assert tab.evaluate(OVERFLOW) == [], name


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show, scheme, settings):
    folder = os.environ.get("AXE_CORE")
    if not folder:
        pytest.skip("AXE_CORE does not name a folder with axe.min.js (npm pack axe-core)")
    tab = show(problem_12(), color_scheme=scheme, bypass_csp=True, **settings)
    tab.evaluate((Path(folder) / "axe.min.js").read_text(encoding="utf-8"))

    def violations():
        found = tab.evaluate("axe.run().then(r => r.violations)")
        return [(each["id"], each["nodes"][0]["html"][:200]) for each in found]

    assert violations() == []
    tab.get_by_label("Naive recursion").check()
    to_the_end(tab)
    assert violations() == []
    for view in ("Sums", "Neurons"):
        tab.get_by_label(view).check()
        assert violations() == []
    tab.get_by_role("button", name="Fit").click()
    box(tab, "in").click()
    assert violations() == []
    for name in ("Practise", "Nudge", "Update"):
        tab_of(tab, name)
        if name == "Practise":
            predict(tab, "0.416")
        if name == "Update":
            tab.locator("#steps input").first.check()
            tab.get_by_role("button", name="One step").click()
        assert violations() == [], name
    tab_of(tab, "Practise")
    for mode in ("Gradient", "Find the bug", "Sheet"):
        tab.get_by_label(mode, exact=True).check()
        assert violations() == [], mode
    tab.get_by_role("button", name="New graph").click()
    tab.get_by_label("Lines such as").fill("E = 2*(x")
    tab.get_by_role("button", name="Draw", exact=True).click()
    tab.get_by_role("button", name="Fit").click()  # a box that is cut in two has half of its name
    assert violations() == []


def test_dark_is_dark(show):
    background = "getComputedStyle(document.body).backgroundColor"
    assert show(square()).evaluate(background) == "rgb(255, 255, 254)"
    assert show(square(), color_scheme="dark").evaluate(background) == "rgb(22, 25, 29)"


def test_after_a_click_the_arrows_step_whatever_was_clicked(show):
    tab = show(problem_12())
    click = {
        "a box": lambda: box(tab, "h1").click(),
        "a tab": lambda: tab_of(tab, "Nudge"),
        "a view": lambda: tab.get_by_label("Sums").check(),
        "an order": lambda: tab.get_by_label("Naive").check(),
        "a list": lambda: tab.get_by_label("Speed").select_option("3"),
        "a button": lambda: tab.get_by_role("button", name="Zoom in").click(),
        "nothing": lambda: tab.mouse.click(300, 780),
    }
    for what, do in click.items():
        tab_of(tab, "Step")
        do()
        at = tab.evaluate("state.at")
        key, by = ("ArrowLeft", -1) if at else ("ArrowRight", 1)
        tab.keyboard.press(key)
        assert tab.evaluate("[state.at, state.tab]") == [at + by, "step"], what


def test_selecting_in_the_middle_of_the_steps_gives_nothing_away(show):
    tab = show(problem_12())
    tab.get_by_role("button", name="One step forward").click()
    box(tab, "h1").click()
    assert tab.get_by_role("tab", name="Step").get_attribute("aria-selected") == "true"
    assert tab.locator("#chosen").inner_text() == "h1 has no value yet. Explain h1 now"
    to_the_end(tab)
    box(tab, "h1").click()
    assert tab.get_by_role("tab", name="Explain").get_attribute("aria-selected") == "true"


def test_the_buttons_of_the_player_keep_the_focus_at_the_end(show):
    tab = show(problem_12())
    last = tab.get_by_role("button", name="To the end")
    last.focus()
    last.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "last"
