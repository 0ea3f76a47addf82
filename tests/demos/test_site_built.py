"""The docs as Sphinx builds them, with one small demo in place of ten; in a real browser."""

import os
from pathlib import Path

import pytest

import autograd
from autograd import Value, page
from demos.helpers.gallery import Exhibit, Section
from demos.site.build import build
from demos.site.links import broken

pytestmark = pytest.mark.slow
# The long ones of the API take axe ten seconds each.
PAGES = ("index", "course", "demo_chain_rule", "from_pytorch", "operations", "playground")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def small_course(folder):
    """What the demos give, but of one graph."""
    page(Value(3.0, "x") ** 2).save(folder / "chain.html")
    exhibits = [Exhibit(folder / "chain.html", "A square.", "How does a square change?")]
    return [Section(1, "chain_rule", "The chain rule", "what it does", exhibits, "wide " * 60)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built once."""
    try:
        import furo  # noqa: F401
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("CI builds the docs, and furo is not installed")
        pytest.skip("the docs need pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("docs") / "site"
    playground = folder.parent / "playground"
    playground.mkdir()
    (playground / "index.html").write_text("<!doctype html><title>A playground</title>")
    build(folder, small_course)
    return folder


@pytest.fixture
def tab(browser):
    """A tab; in the end, check that it asked no network and had no error."""
    context = browser.new_context(bypass_csp=True)
    tab, asked, errors = context.new_page(), [], []
    tab.set_default_timeout(60_000)
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert errors == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob"}


def test_it_is_whole(site):
    assert list(broken(site)) == []
    assert (site / ".nojekyll").is_file()
    text = (site / "autograd.html").read_text(encoding="utf-8")
    for name in ("Value", "Value.backward", "jit", "Op", "gradcheck"):
        assert f'id="autograd.{name}"' in text
    assert {f"{name}.html" for name in PAGES} <= {path.name for path in site.iterdir()}
    assert 'href="playground/index.html"' in (site / "playground.html").read_text(encoding="utf-8")
    assert autograd.__version__ in text
    size = sum(path.stat().st_size for path in site.rglob("*.*"))
    assert size < 3e6


def test_its_pages_are_live_and_its_search_finds(site, tab):
    tab.goto((site / "index.html").as_uri())
    live = tab.frame_locator("iframe").first
    live.get_by_role("button", name="One step forward").click()
    tab.locator(".sidebar-search").fill("logsumexp")
    tab.keyboard.press("Enter")
    tab.locator("#search-results li a", has_text="All operations").first.click()
    assert tab.locator("h1").inner_text().startswith("All operations")


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", PHONE)])
def test_axe_finds_nothing_and_nothing_is_too_wide(site, tab, scheme, size):
    folder = os.environ.get("AXE_CORE")
    if not folder:
        pytest.skip("AXE_CORE does not name a folder with axe.min.js (npm pack axe-core)")
    axe = (Path(folder) / "axe.min.js").read_text(encoding="utf-8")
    tab.set_viewport_size(size)
    tab.emulate_media(color_scheme=scheme)
    for name in PAGES:
        tab.goto((site / f"{name}.html").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        tab.evaluate(axe)
        found = tab.evaluate("axe.run({preload: false, iframes: false}).then(r => r.violations)")
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], name
