"""A moment of the page in its address: it follows what the reader does, and leads back to it."""

import pytest

from autograd import Value, page
from nn import MLP, SGD, half_squared_error, training_page
from tests.page.browsing import box, problem_12, tab_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """The address of a page of Problem 12, and a tab to open it in."""
    path = page(problem_12()).save(tmp_path_factory.mktemp("page") / "chain.html")
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text))
    yield tab, path.as_uri()
    tab.close()
    assert errors == []


def opened(address, hash_):
    tab, uri = address
    tab.goto("about:blank")
    tab.goto(f"{uri}{hash_}")
    return tab


def follows(tab, hash_):
    """The address becomes this one, soon."""
    tab.wait_for_function("hash => location.hash === hash", arg=hash_, timeout=5000)


def test_a_link_leads_to_a_step_in_a_view_with_a_node_selected(address):
    tab = opened(address, "#step=29&view=neurons&select=h1")
    assert "Step 29 of" in tab.locator("#progress").inner_text()
    assert tab.get_by_label("Neurons").is_checked()
    assert box(tab, "h1").get_attribute("aria-pressed") == "true"
    assert tab.locator("#absent").is_hidden()


@pytest.mark.parametrize(
    ("hash_", "panel"),
    [("#select=h1", "explain"), ("#tab=nudge", "nudge"), ("#view=sums", "step")],
)
def test_a_part_of_it_is_enough(address, hash_, panel):
    tab = opened(address, hash_)
    assert tab.locator(f"#panel-{panel}").is_visible()
    assert tab.locator("#absent").is_hidden()


def test_it_follows_the_reader_and_the_link_shows_the_same(address):
    tab = opened(address, "")
    tab.get_by_label("Neurons").check()
    for _ in range(16):
        tab.get_by_role("button", name="One step forward").click()
    follows(tab, "#view=neurons&step=16")
    box(tab, "h1").click()
    follows(tab, "#view=neurons&select=h1&step=16")
    shown = tab.locator("main").inner_text()
    assert opened(address, "#view=neurons&select=h1&step=16").locator("main").inner_text() == shown
    tab_of(tab, "Explain")
    follows(tab, "#view=neurons&select=h1&step=16&tab=explain")


def test_playing_does_not_flood_the_history(address):
    tab = opened(address, "")
    tab.evaluate("""() => {
      window.times = 0;
      const replace = history.replaceState.bind(history);
      history.replaceState = (...given) => { window.times += 1; replace(...given); };
    }""")
    before = tab.evaluate("history.length")
    tab.get_by_label("Speed").select_option("60")
    tab.get_by_role("button", name="Play").click()
    last, view = tab.evaluate("[events().length, state.view]")
    follows(tab, f"#view={view}&step={last}")
    assert tab.evaluate("window.times") < 12
    assert tab.evaluate("history.length") == before


def test_what_is_not_here_is_ignored_with_a_sentence(address):
    tab = opened(address, "#step=1000")
    for asked in (
        "step=999",
        "step=-1",
        "step=1e3",
        "step=",
        "select=nobody",
        "select=<img src=x onerror=alert(1)>",
        "view=cubes",
        "tab=secrets",
        "tab=__proto__",
        "__proto__=1",
        "toString=1",
        "alert(1)=",
        "%=",
        "order=%E0%A4%A",
        "expression=alert(1)",
        "expression=y = tanh(",
    ):
        tab.evaluate("asked => { location.hash = asked; }", asked)
        tab.locator(
            "#absent", has_text=f"The address asks for {asked}, which is not here"
        ).wait_for()
        assert tab.locator("#absent *").count() == 0
        assert tab.get_by_role("button", name="One step back").is_disabled()
        assert tab.locator("#title").inner_text() == "E"


def test_a_good_part_is_opened_beside_a_bad_one(address):
    tab = opened(address, "#step=3&view=cubes")
    assert "Step 3 of" in tab.locator("#progress").inner_text()
    assert "view=cubes" in tab.locator("#absent").inner_text()


def test_the_page_does_not_overwrite_an_address_that_it_has_not_read(address):
    tab = opened(address, "#step=3")
    tab.wait_for_function("() => addressTimer === null")
    tab.evaluate(
        """() => {
          setTimeout(() => { location.hash = "step=5"; }, 350);
          followAddress(); // writes in 350 ms, and the change is read after that
        }"""
    )
    tab.get_by_text("Step 5 of").wait_for()


def test_the_address_may_be_edited_while_the_page_is_open(address):
    tab = opened(address, "#step=3")
    tab.evaluate("location.hash = '#step=5&view=sums'")
    tab.get_by_text("Step 5 of").wait_for()
    assert tab.get_by_label("Sums").is_checked()


def test_a_typed_expression_is_in_it_and_comes_back(address):
    tab = opened(address, "")
    tab.get_by_role("button", name="New graph").click()
    tab.locator("#expression").fill("a = 2\ny = tanh(a*a + a/4)")
    tab.get_by_role("button", name="Draw", exact=True).click()
    for _ in range(3):
        tab.get_by_role("button", name="One step forward").click()
    tab.wait_for_function("() => location.hash.includes('step=3')")
    hash_ = tab.evaluate("location.hash")
    assert hash_.startswith("#expression=a%20=%202%0Ay%20=%20tanh(a*a%20+%20a/4)")
    tab = opened(address, hash_)
    assert tab.locator("#title").inner_text() == "y"
    assert "Step 3 of" in tab.locator("#progress").inner_text()
    tab.evaluate("location.hash = '#select=h1'")
    tab.locator("#title", has_text="E").wait_for()
    assert box(tab, "h1").get_attribute("aria-pressed") == "true"


def test_a_page_of_a_training_opens_with_learning_or_with_the_moment(browser, tmp_path):
    model = MLP(2, [2, 1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.1)
    path = training_page(
        model,
        lambda x, t: half_squared_error(model(x), t),
        [[0.5, 1.0]],
        [[0.5]],
        optimizer,
        tmp_path / "learn.html",
    ).path
    tab = browser.new_page()
    for hash_, opened_tab in (("", "learn"), ("#step=2", "step"), ("#tab=explain", "explain")):
        tab.goto("about:blank")
        tab.goto(f"{path.as_uri()}{hash_}")
        assert tab.locator(f"#panel-{opened_tab}").is_visible()
        assert tab.locator("#absent").is_hidden()
    tab.close()


def test_any_name_survives_the_address(show):
    x = Value(2.0, "a&b=c#d %é+")
    tab = show((x * x).tanh(), {"names": {}})
    box(tab, "a&b=c#d %é+").click()
    tab.wait_for_function("() => location.hash.includes('select')")
    tab.reload()
    assert box(tab, "a&b=c#d %é+").get_attribute("aria-pressed") == "true"
    assert tab.locator("#absent").is_hidden()


def test_names_of_a_module_are_readable_in_it(show):
    model = MLP(2, [2, 1], seed=1)
    tab = show(model([1.0, 2.0]), {"names": model})
    tab.evaluate("choose(leaves[0].place)")
    tab.wait_for_function("() => location.hash.includes('select=')")
    name = tab.evaluate("leaves[0].name")
    assert f"select={name}" in tab.evaluate("location.hash")
