"""The playground with Python in a browser: from the first second to an endless loop."""

import pytest

from demos.playground.menu import examples
from tests.demos.playing import (
    becomes,
    choose,
    ended,
    in_address,
    lines,
    run,
    shown,
    state,
    write,
    written,
)


@pytest.fixture(scope="module")
def started(browser, playground):
    """A tab in which Python has started and the first example has run."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.set_default_timeout(60_000)
    problems = []
    tab.on("console", lambda message: problems.append(message.text))
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("dialog", lambda dialog: problems.append(f"a dialog: {dialog.message}"))
    tab.goto((playground / "index.html").as_uri())
    ended(tab)
    yield tab
    tab.close()
    assert problems == []


def test_a_newcomer_sees_a_graph_without_doing_anything(open_playground):
    tab = open_playground(file="playground.html")
    assert ended(tab).startswith("Finished in")
    assert "w.grad is -0.050062" in lines(tab)
    assert shown(tab).locator("#title").inner_text() == "error"
    shown(tab).get_by_role("button", name="One step forward").click()
    assert shown(tab).locator("#progress").inner_text().startswith("Step 1 of")


def test_a_typed_program_becomes_a_graph(started):
    said = run(
        started, "from autograd import Value\na = Value(3.0)\nprint(a)\nsquare = a * a\nsquare"
    )
    assert said.startswith("Finished in")
    assert lines(started).startswith("Value(3)")
    assert shown(started).locator("#title").inner_text() == "square"
    assert shown(started).locator('.box[aria-label^="a, "]').count() == 1


def test_two_results_are_two_tabs(started):
    run(started, "from autograd import Value, page\nx = Value(2.0)\npage(x * 3)\npage(x + 1)\n")
    tabs = started.get_by_role("tablist", name="What the program showed").get_by_role("tab")
    assert tabs.all_inner_texts() == ["Page", "Page 2"]
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    tabs.nth(1).press("ArrowLeft")
    assert tabs.nth(0).get_attribute("aria-selected") == "true"
    assert started.evaluate("document.activeElement.textContent") == "Page"


def test_an_error_is_a_sentence_and_its_line_is_marked(started):
    said = run(started, "x = 1\n\ny = x / 0\nprint(y)")
    assert said == "Ended with an error"
    error = started.locator(".error")
    assert error.locator("p").inner_text() == "ZeroDivisionError: division by zero Line 3"
    assert started.locator(".error-line").inner_text() == "y = x / 0"
    assert not error.locator("pre").is_visible()
    error.get_by_text("Traceback", exact=True).click()
    assert 'File "program.py", line 3' in error.locator("pre").inner_text()
    error.get_by_role("button", name="Line 3").click()
    assert started.evaluate("getSelection().toString()") == "y = x / 0"
    started.keyboard.press("ArrowRight")
    started.keyboard.type("0")
    assert started.locator(".error-line").count() == 0


def test_what_cannot_be_read_and_what_is_missing_are_sentences(started):
    run(started, "def f(:\n    pass")
    assert "Python cannot read line 1" in lines(started)
    assert started.locator(".error-line").inner_text() == "def f(:"
    run(started, "import pandas")
    assert "there is no library 'pandas' here" in lines(started)


def test_text_stays_text(started):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    run(
        started,
        f"""from autograd import Value, draw, page
x = Value(2.0, "{hostile}")
print(x.label)
draw(x * 2)
page(x * 3)
raise ValueError(x.label)""",
    )
    assert hostile in lines(started)
    assert started.locator("#lines img, #lines script").count() == 0
    assert shown(started).locator("main img").count() == 0


def test_an_endless_loop_is_stopped_and_python_starts_anew(started):
    code = "print('before')\nwhile True:\n    pass"
    write(started, code)
    started.get_by_role("button", name="Run").click()
    started.locator("#lines", has_text="before").wait_for()
    assert state(started) == "Running…"
    started.get_by_role("button", name="Stop").click()
    assert state(started).startswith("Stopped. Starting Python anew…")
    assert lines(started).strip() == "before"
    becomes(started, "Ready in")
    assert written(started) == code
    assert run(started, "print('after')").startswith("Finished in")
    assert lines(started).strip() == "after"


def test_a_flood_of_prints_can_be_stopped(started):
    write(started, "while True:\n    print('again')")
    started.keyboard.press("Control+Enter")
    started.locator("#lines", has_text="again").wait_for()
    started.get_by_role("button", name="Stop").click()
    assert state(started).startswith("Stopped.")
    assert started.locator("#lines .line").count() <= 1001
    becomes(started, "Ready in")


def test_all_examples_run(started):
    for example in examples():
        choose(started, example.title)
        assert ended(started).startswith("Finished in"), example.name
        assert written(started) == example.code
        assert started.locator(".error").count() == 0, lines(started)


def test_a_program_from_an_address_runs_only_when_the_reader_presses_run(open_playground):
    tab = open_playground(hash_=in_address(b"print('from the link')\n"))
    becomes(tab, "Ready in")
    tab.wait_for_timeout(500)
    assert written(tab) == "print('from the link')\n"
    assert lines(tab) == ""
    assert "it runs only when you press Run" in tab.locator("#note").inner_text()
    tab.get_by_role("button", name="Run").click()
    ended(tab)
    assert lines(tab).strip() == "from the link"
    tab.reload()
    becomes(tab, "Ready in")
    assert lines(tab) == ""
