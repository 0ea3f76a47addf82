"""A page in the cell of a notebook: shown by itself, in the notebook's colours, and by a Value."""

import sys
from types import SimpleNamespace

import pytest

from autograd import Value, page
from autograd.page import notebook
from autograd.page.frame import in_a_frame
from tests.page.browsing import figure_4

DARK = "matchMedia('(prefers-color-scheme: dark)').matches"


def formatted(value, monkeypatch, **variables):
    """What a notebook with these variables shows of a value, by kind."""
    formatters = pytest.importorskip("IPython.core.formatters")
    shell = SimpleNamespace(
        display_formatter=formatters.DisplayFormatter(), user_ns={"y": value, **variables}
    )
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    notebook.register()
    return shell.display_formatter.format(value)[0]


def test_a_small_graph_is_shown_as_a_page_with_the_names_of_the_variables(monkeypatch):
    x = Value(2.0)
    shown = formatted(x * x + 1, monkeypatch, x=x, many=list(range(100_000)))
    assert shown["text/plain"] == "Value(5, op='+')"
    assert "<iframe" in shown["text/html"]
    assert "&quot;name&quot;:&quot;x&quot;" in shown["text/html"]
    assert "&quot;name&quot;:&quot;y&quot;" in shown["text/html"]


def test_a_leaf_and_a_large_graph_stay_text(monkeypatch):
    large = Value(1.0)
    for _ in range(notebook.LARGEST):
        large = large.tanh()
    for value in (Value(2.0), large):
        assert set(formatted(value, monkeypatch)) == {"text/plain"}


def test_outside_of_a_notebook_nothing_is_registered(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    notebook.register()
    monkeypatch.delitem(sys.modules, "IPython")
    notebook.register()


@pytest.fixture(scope="module")
def shown(browser):
    """HTML in a tab, as a notebook shows it."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, color_scheme="null")

    def show(content):
        tab = context.new_page()
        tab.set_content(f"<!doctype html>{content}")
        return tab

    yield show
    context.close()


@pytest.mark.slow
def test_it_is_as_dark_as_the_notebook(shown):
    notebooks = {
        '<div data-jp-theme-light="false">': True,
        '<div data-jp-theme-light="true" style="color-scheme: dark">': False,
        '<div class="vscode-dark">': True,
        '<div class="vscode-light" style="color-scheme: dark">': False,
        '<div theme="dark">': True,
        '<div class="dark">': True,
        '<div style="color-scheme: dark">': True,
        "<div>": False,
    }
    tab = shown("".join(f"{around}{in_a_frame('<p>', 1)}</div>" for around in notebooks))
    for frame, dark in zip(tab.frames[1:], notebooks.values(), strict=True):
        frame.wait_for_function(f"() => {DARK} === {str(dark).lower()}")
    tab.close()


@pytest.mark.slow
def test_a_reader_steps_in_the_cell_and_the_whole_graph_is_in_view(shown):
    tab = shown(f'<body style="width: 830px">{page(figure_4())._repr_html_()}')
    frame = tab.frame_locator("iframe")
    frame.get_by_role("button", name="One step forward").click()
    assert "Step 1 of" in frame.locator("#progress").inner_text()
    stage = frame.locator("#stage").bounding_box()
    for box in frame.locator(".box").all():
        place = box.bounding_box()
        assert stage["x"] <= place["x"] + 1
        assert place["x"] + place["width"] <= stage["x"] + stage["width"] + 1
    tab.close()


@pytest.mark.slow
def test_where_its_script_may_not_run_it_says_what_to_do(shown):
    policy = "<meta http-equiv=Content-Security-Policy content=\"script-src 'nonce-abc'\">"
    cell = page(figure_4())._repr_html_()
    tab = shown(policy + cell)
    asleep = tab.frame_locator("iframe").locator("#asleep")
    assert 'page(…).save("chain.html")' in asleep.inner_text()
    assert not tab.frame_locator("iframe").locator("#picture").is_visible()
    awake = shown(cell)
    awake.frame_locator("iframe").locator("#picture").wait_for()
    assert not awake.frame_locator("iframe").locator("#asleep").is_visible()
    tab.close()
    awake.close()
