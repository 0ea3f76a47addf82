"""The face of the playground, without Python: what is kept, shared, and shown to everyone."""

import os
import random
from pathlib import Path

import pytest

from tests.demos.playing import PHONE, becomes, choose, in_address, state, write, written


@pytest.fixture
def face(open_playground):
    """Open the playground with a silent Python."""

    def show(hash_="", **settings):
        return open_playground(hash_=hash_, silent=True, **settings)

    return show


# --- what was typed is never lost ---


def test_a_reload_brings_back_what_was_typed_and_runs_nothing(face):
    tab = face()
    becomes(tab, "Running…")  # our own example
    write(tab, "mine = 1\n")
    tab.reload()
    becomes(tab, "Ready in")
    assert written(tab) == "mine = 1\n"


def test_an_example_leaves_a_way_back(face):
    tab = face()
    write(tab, "mine = 1\n")
    choose(tab, "Exclusive or")
    assert "half_squared_error" in written(tab)
    assert tab.locator("#note").inner_text().startswith("Your program is kept under Examples.")
    tab.get_by_role("button", name="Back to your program").click()
    assert written(tab) == "mine = 1\n"
    choose(tab, "A neuron")
    choose(tab, "mine = 1")
    assert written(tab) == "mine = 1\n"


def test_two_tabs_do_not_overwrite_each_other(face):
    one = face()
    write(one, "one = 1\n")
    one.wait_for_function("() => localStorage.length === 1")
    two = one.context.new_page()
    two.goto(one.url)
    assert written(two) == "one = 1\n"
    write(two, "two = 2\n")
    write(one, "one = 11\n")
    one.wait_for_function("() => localStorage.length === 2")
    for tab, code in ((one, "one = 11\n"), (two, "two = 2\n")):
        tab.reload()
        assert written(tab) == code


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("QuotaExceededError", "The storage of this browser is full"),
        ("SecurityError", "This browser does not let the page keep anything"),
    ],
)
def test_a_full_or_forbidden_storage_is_one_sentence_and_nothing_is_lost(face, name, sentence):
    fails = f"throw new DOMException('no', '{name}')"
    tab = face(before=f"Storage.prototype.setItem = () => {{ {fails}; }};")
    write(tab, "mine = 1\n")
    tab.locator("#trouble", has_text=sentence).wait_for()
    choose(tab, "A neuron")
    tab.get_by_role("button", name="Back to your program").click()
    assert written(tab) == "mine = 1\n"


def test_a_browser_that_hides_its_storage_still_opens(face):
    hide = """for (const name of ["localStorage", "sessionStorage"]) {
        const get = () => { throw new DOMException("", "SecurityError"); };
        Object.defineProperty(window, name, { get });
    }"""
    tab = face(before=hide)
    becomes(tab, "Running…")
    assert "does not let the page keep anything" in tab.locator("#trouble").inner_text()


# --- the address ---


def test_a_link_brings_any_program(face):
    code = "name = 'é 多 <b>'\n" * 20
    tab = face(in_address(code.encode()))
    assert written(tab) == code
    tab.get_by_role("button", name="Share").click()
    tab.locator("#share-link").wait_for()
    link = tab.locator("#link").input_value()
    assert written(face(link.partition("#")[2])) == code
    assert link.partition("#")[2].startswith("code=d.")


def test_after_a_change_the_address_no_longer_counts(face):
    tab = face(in_address(b"theirs = 1\n"))
    write(tab, "mine = 1\n")
    tab.wait_for_function("() => !location.hash")
    tab.reload()
    assert written(tab) == "mine = 1\n"


@pytest.mark.parametrize(
    ("hash_", "sentence"),
    [
        ("code=d.%%%", "a program that cannot be read"),
        ("code=d.abcdef", "a program that cannot be read"),
        ("code=p._w", "a program that cannot be read"),
        ("code=x.abcd", "a program that cannot be read"),
        ("example=nobody", "asks for an example that is not here"),
        (in_address(b"#" * 5_000_000), "longer than any that fits a link"),
    ],
)
def test_an_address_that_cannot_be_read_is_one_sentence(face, hash_, sentence):
    tab = face(hash_)
    tab.locator("#note", has_text=sentence).wait_for()
    assert written(tab).startswith('"""The first example')


def test_a_program_that_is_too_long_for_a_link_is_one_sentence(face):
    tab = face()
    write(tab, f"# {random.Random(1).randbytes(10_000).hex()}")
    tab.get_by_role("button", name="Share").click()
    tab.locator("#share-says", has_text="too long for a link").wait_for()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as program.py").click()
    assert download.value.suggested_filename == "program.py"


def test_a_program_that_comes_while_another_waits_for_python_does_not_run(face):
    tab = face()
    becomes(tab, "Running…")
    tab.evaluate("() => { startPython = () => ({ stop() {} }); stop(); run(); }")
    assert state(tab) == "Starting Python… Then your program runs."
    tab.evaluate("hash => { location.hash = hash; }", in_address(b"theirs = 1\n"))
    tab.locator("#note", has_text="it runs only when you press Run").wait_for()
    tab.evaluate("hear({ type: 'ready', seconds: 1 })")
    assert state(tab).startswith("Ready in")
    assert written(tab) == "theirs = 1\n"


def test_an_example_ends_the_run_of_another_program(face):
    tab = face()
    becomes(tab, "Running…")
    choose(tab, "A neuron")
    tab.wait_for_function("() => running.id === 2")
    assert state(tab) == "Running…"


def test_an_example_by_its_name(face):
    tab = face("example=xor")
    becomes(tab, "Running…")
    assert written(tab).startswith('"""Exclusive or')


# --- everyone ---


def test_a_browser_without_webassembly_is_told_so(face):
    tab = face(before="delete window.WebAssembly; delete window.Worker;")
    assert state(tab) == (
        "This browser has no WebAssembly and no workers, so Python cannot run in it: open the "
        "playground in a newer one."
    )
    tab.locator("#run").evaluate("button => button.click()")
    assert state(tab).startswith("This browser has no")


def test_with_the_keyboard_alone(face):
    tab = face()
    becomes(tab, "Running…")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Examples"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent").startswith("The first example")
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.textContent") == "Examples"
    assert tab.locator("#examples").is_hidden()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "cm-content"
    tab.keyboard.press("Tab")
    assert written(tab).startswith("    ")  # Tab indents
    tab.keyboard.press("Escape")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "run"


STATES = {
    "running": "",
    "ready": "hear({ type: 'done', id: running.id, seconds: 1 })",
    "results": """for (const title of ["Page", "Picture"])
        hear({ type: "show", title, html: "<!doctype html><html lang=en><title>x</title>" });
        hear({ type: "print", text: "one\\n\\ntwo\\n", error: false });""",
    "error": """hear({ type: "print", text: "one\\n", error: true });
        hear({ type: "error", sentence: "ValueError: no", line: 3, trace: "Traceback" });
        hear({ type: "done", id: running.id, seconds: 1 });""",
    "note": """openProgram("x = 1", { draft: "x" });
        openProgram("y = 2", { note: "A note." });""",
    "menu": "byId('open-examples').click()",
    "share": "byId('open-share').click()",
}

SMALL = """() => [...document.querySelectorAll("button, summary, input")].filter((each) => {
  const { width, height } = each.getBoundingClientRect();
  return width && (width < 24 || height < 24);
}).map((each) => each.outerHTML)"""


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut_or_small(face, scheme, settings):
    tab = face(color_scheme=scheme, bypass_csp=True, **settings)
    becomes(tab, "Running…")
    folder = os.environ.get("AXE_CORE")
    if folder:
        tab.evaluate((Path(folder) / "axe.min.js").read_text(encoding="utf-8"))
    for name, script in STATES.items():
        tab.evaluate(f"() => {{ {script} }}")
        tab.wait_for_timeout(100)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert tab.evaluate(SMALL) == [], name
        if folder:
            found = tab.evaluate(
                "axe.run({ iframes: false, preload: false }).then(r => r.violations)"
            )
            assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], name
