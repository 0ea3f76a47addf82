"""The page of the letters: what Python writes, and what a reader sees, clicks and types."""

import base64
import json
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

from autograd.page.inline import content_hash
from demos.letters.alphabet import ALPHABET, OTHER, fold, places
from demos.letters.predictor import Predictor, matrix
from tests.firefox import operated

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>[[SCRIPT]]"
TEXTS = ["the lett", "", "e", "The END, of: 1984?", "naïve Ünicode 😀", "<b>", HOSTILE, "x" * 300]


def small(**settings):
    return Predictor(4, [6], 3, "cross-entropy", activation="relu", **settings)


def data_of(page):
    return json.loads(re.search('id="network">(.*?)</script>', page, re.DOTALL)[1])


# --- what Python writes ---


def test_the_alphabet_as_data_is_fold_for_every_character():
    characters = "".join(map(chr, range(0x110000)))
    known, other = places(), ALPHABET.index(OTHER)
    found = "".join(ALPHABET[known.get(character, other)] for character in characters)
    assert found == fold(characters)


def test_the_file_is_written_whole_and_small(tmp_path):
    path = small().page(tmp_path / "new" / "letters.html")
    assert path == tmp_path / "new" / "letters.html"
    assert path.stat().st_size < 60_000
    assert list(path.parent.iterdir()) == [path]


def test_a_weight_takes_less_than_six_bytes(tmp_path):
    def size(hidden):
        predictor = Predictor(8, [hidden], 32, "cross-entropy")
        page = predictor.page(tmp_path / "a.html")
        return page.stat().st_size, len(predictor.network.parameters())

    (one, few), (other, many) = size(8), size(64)
    assert (other - one) / (many - few) < 5.4


def test_the_weights_in_it_are_those_of_the_network(tmp_path):
    predictor = small(seed=3)
    data = data_of(predictor.page(tmp_path / "a.html").read_text(encoding="utf-8"))
    assert (data["context"], data["temperature"], data["weights"]) == (
        4,
        1.0,
        28 * 3 + 6 * 13 + 196,
    )
    for layer, found in zip(predictor.network.layers, data["layers"], strict=True):
        numbers = np.frombuffer(base64.b64decode(found["weights"]), "<f4")
        assert numbers.tolist() == matrix(layer).astype(np.float32).ravel().tolist()


def test_names_and_texts_stay_text_and_the_policy_admits_one_script(tmp_path):
    page = small().page(tmp_path / "a.html", HOSTILE, HOSTILE).read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    assert f"script-src '{content_hash(scripts[0])}'" in page
    assert "default-src 'none'" in page
    assert "alert(1)</" not in page
    assert data_of(page)["start"] == HOSTILE


@pytest.mark.parametrize("name", ["letters.txt", "letters", "a.html.png"])
def test_another_suffix_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"a page is a file such as 'letters\.html'; got"):
        small().page(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_activation_that_the_page_does_not_know_is_refused(tmp_path):
    predictor = Predictor(1, [2], activation="softplus")
    with pytest.raises(ValueError, match="linear, relu, sigmoid, tanh; got softplus"):
        predictor.page(tmp_path / "a.html")


@pytest.mark.parametrize("number", [1e300, -math.inf, math.nan])
def test_a_weight_that_single_precision_does_not_have_is_refused(tmp_path, number):
    predictor = small()
    predictor.network.parameters()[0].data = number
    with pytest.raises(ValueError, match=r"its weights are finite and at most 3\.4e38; one"):
        predictor.page(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_is_none_is_refused(tmp_path):
    with pytest.raises(TypeError, match="got int 3"):
        small().page(tmp_path / "a.html", 3)
    with pytest.raises(TypeError, match="source is the name of a text; got int"):
        small().page(tmp_path / "a.html", "the", -(10**5000))


# --- in a browser ---

NETWORKS = {
    "usual": lambda: Predictor(8, [40], 6, "cross-entropy", activation="relu"),
    "none": lambda: Predictor(3, [], 0, "squared"),
    "squared": lambda: Predictor(5, [16, 8], 4, "squared", activation="tanh"),
    "deep": lambda: Predictor(2, [5, 4, 3], 0, "cross-entropy", activation="sigmoid"),
    "one": lambda: Predictor(1, [1], 1, "squared", temperature=0.001),
}


@pytest.fixture
def show(browser, tmp_path):
    """Open the page of a predictor; in the end, check that it made no request and no error."""
    contexts, faults = [], []

    def open_page(predictor, text="the lett", source="", **settings):
        path = predictor.page(tmp_path / "letters.html", text, source)
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(20_000)
        tab.on("request", lambda r: r.url == path.as_uri() or faults.append(r.url))
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("dialog", lambda dialog: faults.append(dialog.message))
        tab.goto(path.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def grown(predictor):
    """With weights as large as learned ones, so that sums do not vanish."""
    stream = np.random.default_rng(1)
    for parameter in predictor.network.parameters():
        parameter.data = float(parameter.data + stream.normal() / 4)
    return predictor


def number(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_probabilities_are_those_of_python_and_every_sum_adds_up(show, name):
    predictor = grown(NETWORKS[name]())
    tab = show(predictor)
    for text in TEXTS:
        tab.locator("#text").fill(text)
        found = tab.evaluate("state.now.probabilities")
        assert found == pytest.approx(predictor.probabilities(text), abs=1e-6), text
    exact = """() => layers.flatMap(({ bias }, layer) => [...bias].map((b, neuron) =>
      termsOf(state.now, layer, neuron).reduce((sum, { value }) => sum + value, b)
      - state.now.layers[layer].sums[neuron]))"""
    assert max(map(abs, tab.evaluate(exact))) < 1e-12
    for layer in range(len(predictor.network.layers)):
        tab.evaluate(f"choose({{ layer: {layer}, neuron: 0 }})")
        *terms, total = map(number, tab.locator(".sum td:last-child").all_text_contents())
        # With the rest as one term, the column adds up as printed; without, to its rounding.
        decimals = len(tab.locator(".sum tfoot td").last.inner_text().partition(".")[2])
        rest = tab.locator(".sum").get_by_text("the other").count()
        slack = 1e-9 if rest else len(terms) * 0.6 * 10**-decimals
        assert sum(terms) == pytest.approx(total, abs=slack)


def test_what_a_neuron_looks_for_is_the_product_of_weights_and_embedding(show):
    predictor = grown(small())
    network = predictor.network
    weights, numbers = matrix(network.layers[0]), matrix(network.embedding)
    pulls = show(predictor).evaluate(
        "places => places.map(place => alphabet.map((_, letter) => pull(2, place, letter)))",
        list(range(4)),
    )
    for place, row in enumerate(pulls):
        expected = 0.5 * weights[2, 3 * place : 3 * place + 3] @ numbers
        assert row == pytest.approx(expected, abs=1e-6)


def test_typing_choosing_and_explaining(show):
    predictor = grown(NETWORKS["usual"]())
    tab = show(predictor, source="a book")
    assert "learned from a book" in tab.locator("#about").inner_text()
    best = predictor("the lett")
    assert tab.locator(".name").first.inner_text() == ("␣" if best == " " else best)
    tab.locator(".write").first.click()  # writes it
    assert tab.locator("#text").input_value() == f"the lett{best}"
    tab.get_by_label("a to z").check()
    assert tab.locator(".name").all_text_contents() == [*ALPHABET.replace(" ", "␣")]
    tab.get_by_role("button", name="Why q?").click()
    assert tab.locator("#why h2").inner_text().startswith("Why q? ")
    tab.locator("#why .link").first.click()
    assert tab.locator("#why h2").inner_text().startswith("Neuron ")
    tab.locator(".neuron").nth(17).click()
    assert tab.locator("#why h2").inner_text().startswith("Neuron 17: ")
    tab.keyboard.press("ArrowDown")
    assert tab.locator("#why h2").inner_text().startswith("Neuron 24: ")
    assert tab.locator(".neuron[aria-pressed=true]").count() == 1
    tab.get_by_role("button", name="Explain the likeliest letter").click()
    tab.locator("#text").fill("import")
    assert tab.locator(".name[aria-pressed=true]").inner_text() == (
        predictor("import").replace(" ", "␣")
    )
    assert tab.locator(".neuron[aria-pressed=true]").count() == 0


def test_it_writes_until_it_is_stopped(show):
    tab = show(small())
    tab.evaluate("Math.random = () => 0")
    tab.locator("#temperature").fill("0.1")
    tab.get_by_role("button", name="Write", exact=True).click()
    stop = tab.get_by_role("button", name="Stop")
    while len(tab.locator("#text").input_value()) <= len("the lett"):
        assert stop.is_visible()
        tab.wait_for_timeout(20)
    stop.click()
    written = tab.locator("#text").input_value()
    tab.wait_for_timeout(250)
    assert tab.locator("#text").input_value() == written
    shares = tab.evaluate(
        "Array.from({ length: 99 }, (_, i) => {"
        " Math.random = () => i / 99; return drawn([0.5, 0, 0.3, 0.2], 0.5) })"
    )
    # In proportion to p squared: 25, 9 and 4 of 38.
    assert [shares.count(place) for place in range(4)] == pytest.approx([65, 0, 23, 10], abs=1)


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 800}}


@pytest.mark.parametrize("settings", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["usual", "none", "squared"])
def test_nothing_overflows(show, name, settings):
    tab = show(grown(NETWORKS[name]()), HOSTILE, HOSTILE, **settings)
    assert "<script>" in tab.locator("#about").inner_text()
    for layer in range(len(NETWORKS[name]().network.layers)):
        tab.evaluate(f"choose({{ layer: {layer}, neuron: 0 }})")
        wide = tab.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getClientRects().length && "
            "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
        )
        assert wide == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("scheme", "settings"), [("light", DESK), ("dark", PHONE)], ids=["desk", "phone"]
)
def test_axe_finds_nothing(show, scheme, settings):
    folder = os.environ.get("AXE_CORE")
    if not folder:
        pytest.skip("AXE_CORE does not name a folder with axe.min.js (npm pack axe-core)")
    tab = show(NETWORKS["squared"](), color_scheme=scheme, bypass_csp=True, **settings)
    tab.evaluate((Path(folder) / "axe.min.js").read_text(encoding="utf-8"))
    for layer in range(3):
        tab.evaluate(f"choose({{ layer: {layer}, neuron: 1 }})")
        found = tab.evaluate("axe.run().then(r => r.violations)")
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


@pytest.mark.slow
def test_it_works_in_firefox(tmp_path):
    predictor = grown(NETWORKS["usual"]())
    page = predictor.page(tmp_path / "letters.html")
    found = operated(Path(__file__).with_name("letters_in_firefox.js"), page)
    assert found["errors"] == []
    assert found["probabilities"] == pytest.approx(
        predictor.probabilities("the lett The"), abs=1e-6
    )
    assert found["explained"].startswith("Neuron 0: ")
    assert found["width"] == 1280
    assert found["text"] == f"the lett The{predictor('the lett The')}"
    assert found["lit"] not in ("rgba(0, 0, 0, 0)", "transparent")
