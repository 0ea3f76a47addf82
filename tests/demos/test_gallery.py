"""The gallery page with anything that demos may give it, also in a real browser."""

import os
import re
import struct
import time
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from demos.helpers.gallery import Exhibit, Section, is_gallery, save_gallery

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

HOSTILE = [
    "<script>document.title = 'broken into'</script>",
    '"><img src=x onerror="document.title=\'broken into\'">',
    "javascript:alert(1)",
    "</pre></section></main><h1>mine</h1>",
    "100% #1 ?a=b&c=d",
    "a:b\\c 'quoted' `and` {body} {style} %s",
    "été 多 😀",
    "new\nline\ttab",
    "\x00\x1b[31m\u202egnp.exe\ud800",
    "&lt;b&gt; &amp;",
]


def png(colour=(40, 90, 160), size=(900, 300)):
    """A picture of one colour."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = (b"\0" + bytes(colour) * size[0]) * size[1]
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


# Two frames of one pixel, red and blue.
GIF = bytes.fromhex(
    "47494638396101000100800000ff00000000ff21ff0b4e45545343415045322e30030100000021f90400320000002c"
    "0000000001000100000202440121f90400320000002c000000000100010000020244013b"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="90"><text y="50">x</text></svg>'


def section(number=1, exhibits=(), printed="It said so.\n", title="A title", **more):
    return Section(number, "name", title, "what it does", exhibits, printed, **more)


def usual(folder):
    """A gallery with every kind of exhibit."""
    (folder / "a.png").write_bytes(png())
    (folder / "b.svg").write_text(SVG)
    (folder / "c.gif").write_bytes(GIF)
    (folder / "d.html").write_text("<!doctype html><title>d</title><p>d")
    (folder / "e.py").write_text("pass\n")
    names = ("a.png", "b.svg", "c.gif", "d.html", "e.py", "absent.png")
    exhibits = [Exhibit(folder / name, f"This is {name}.") for name in names]
    sections = [
        section(1, exhibits, "wide " * 60 + "\n  no picture: it needs dot\n"),
        section(2, [], "nothing", title="Another"),
        section(7, [], "", title="Broken", trouble="this needs numpy"),
    ]
    return save_gallery(sections, folder / "index.html")


class Page(HTMLParser):
    """The elements and the text of a page; every element must be closed."""

    VOID = ("meta", "img", "br")

    def __init__(self, path):
        super().__init__()
        self.elements, self.open, self.words = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for each, attributes in self.elements if each == tag]

    @property
    def text(self):
        return "".join(self.words)


def test_pictures_are_shown_pages_linked_and_missing_files_named(tmp_path):
    page = Page(usual(tmp_path))
    assert [(image["src"], image["alt"]) for image in page.all("img")] == [
        (name, f"This is {name}.") for name in ("a.png", "b.svg", "c.gif")
    ]
    links = [link["href"] for link in page.all("a")]
    assert {"d.html", "e.py"} < set(links)
    assert "absent.png" not in links
    assert "This is absent.png. The file is missing: absent.png" in page.text
    assert "No picture: it needs dot." in page.text
    assert "This demo made no pictures." in page.text
    assert "It failed: this needs numpy." in page.text
    assert page.text.count("What it printed") == 2


def test_the_page_is_one_file_without_script_or_network(tmp_path):
    page = Page(usual(tmp_path))
    assert not page.all("script")
    assert not page.all("link")
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src"):
            assert ":" not in attributes.get(name, "")


def test_it_opens_with_the_pages_of_all_demos_whichever_ran_last(tmp_path):
    for name in ("d.html", "h.htm"):
        (tmp_path / name).write_text("<!doctype html><title>d</title><p>d")
    last, first = (
        section(number, [Exhibit(tmp_path / name, f"This is {name}.")])
        for number, name in ((7, "h.htm"), (2, "d.html"))
    )
    save_gallery([last], tmp_path / "index.html")
    page = Page(save_gallery([first, section(1)], tmp_path / "index.html"))
    assert [frame["src"] for frame in page.all("iframe")] == ["d.html", "h.htm"]
    assert [link["href"] for link in page.all("a")[:3]] == ["d.html", "h.htm", "#demo-1"]
    assert all(frame["sandbox"] == "allow-scripts" for frame in page.all("iframe"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.svg", {"image/svg+xml": "<svg/>"}),
        ("a.png", {"image/png": "PHN2Zy8+"}),
        ("a.gif", {"image/gif": "PHN2Zy8+"}),
        ("a.html", {}),
    ],
)
def test_a_notebook_shows_the_picture_itself(name, shown, tmp_path):
    (tmp_path / name).write_text("<svg/>")
    assert Exhibit(tmp_path / name, "A picture.")._repr_mimebundle_() == shown


def test_a_question_stands_before_its_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    exhibits = [Exhibit(tmp_path / "a.png", "Because.", "Why?"), Exhibit(tmp_path / "a.png", "b")]
    page = Page(save_gallery([section(1, exhibits)], tmp_path / "index.html"))
    tags = [tag for tag, _ in page.elements if tag in ("h3", "figure")]
    assert tags == ["h3", "figure", "figure"]
    assert page.text.index("Why?") < page.text.index("Because.")


def test_contents_lead_to_the_sections_by_their_numbers(tmp_path):
    page = Page(usual(tmp_path))
    places = {heading["id"] for heading in page.all("h2")}
    assert [link["href"][1:] for link in page.all("a") if link["href"][0] == "#"] == [
        "demo-1",
        "demo-2",
        "demo-7",
    ]
    assert places == {"demo-1", "demo-2", "demo-7"}
    assert [item["value"] for item in page.all("li")] == ["1", "2", "7"]


def test_a_reason_is_given_once(tmp_path):
    printed = "  no picture: it needs dot\n" * 3 + "no animation: too slow.\n"
    page = Page(save_gallery([section(printed=printed)], tmp_path / "index.html"))
    shown = page.text.split("What it printed")[0]
    assert shown.count("No picture: it needs dot.") == 1
    assert shown.count("No picture: too slow.\n") == 1


# --- files from before ---


def test_sections_of_other_demos_stay_unchanged(tmp_path):
    save_gallery([section(i, title=f"Old {i}", made="then") for i in (1, 2, 7)], tmp_path / "a")
    page = Page(save_gallery([section(i, title=f"New {i}") for i in (2, 4)], tmp_path / "a"))
    titles = re.findall(r"(?:Old|New) \d(?= –)", page.text)
    assert titles == ["Old 1", "New 2", "New 4", "Old 7"]
    assert [each["id"][-1] for each in page.all("h2")] == ["1", "2", "4", "7"]
    assert "Old 2" not in page.text
    assert page.text.count("Made then. Run it again") == 2


def test_the_same_sections_give_the_same_page(tmp_path):
    path = usual(tmp_path)
    before = path.read_bytes()
    assert usual(tmp_path).read_bytes() == before


@pytest.mark.parametrize("text", HOSTILE)
def test_a_section_is_kept_whole_whatever_its_text(tmp_path, text):
    hostile = Section(1, text, text, text, [], text, text, text)
    path = save_gallery([hostile, section(2)], tmp_path / "index.html")
    before = path.read_bytes()
    assert save_gallery([section(2)], path).read_bytes() == before


def test_a_page_without_end_is_not_read(tmp_path):
    page = tmp_path / "index.html"
    page.touch()
    os.truncate(page, 2**40)  # of zeros, which take no room on the disk
    with pytest.raises(OSError, match="it has more than 16,000,000 bytes"):
        is_gallery(page)


def test_a_page_by_somebody_else_is_not_a_gallery(tmp_path):
    path = tmp_path / "index.html"
    assert not is_gallery(path)
    path.write_bytes(b"<section><h2>caf\xe9</h2></section>")
    assert not is_gallery(path)
    assert is_gallery(save_gallery([section()], path))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_everywhere(tmp_path, text):
    elements = [tag for tag, _ in Page(save_gallery([section()], tmp_path / "plain.html")).elements]
    hostile = Section(1, text, text, text, [], text, text)
    page = Page(save_gallery([hostile], tmp_path / "index.html"))
    assert [tag for tag, _ in page.elements] == elements
    if text.isprintable():
        assert page.text.count(text) >= 5
    assert not set(page.text) & set("\x00\x1b\u202e")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("suffix", [".png", ".html", ".gif"])
def test_hostile_names_and_captions(tmp_path, text, suffix):
    if "\x00" in text or os.name == "nt":
        pytest.skip("no file can have this name")
    path = tmp_path / (text.replace("/", "∕") + suffix)
    path.write_bytes(png())
    page = Page(save_gallery([section(exhibits=[Exhibit(path, text)])], tmp_path / "index.html"))
    address = page.all("a")[-1]["href"]
    assert unquote(address) == path.name
    assert not set(address) & set("<>\"'` \n:#?&")
    assert text in page.text.replace("\n\n", "\n")


@pytest.mark.skipif(os.name == "nt", reason="file names on Windows are text")
def test_a_file_name_that_is_not_text(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    try:
        path.write_bytes(png())
    except OSError:
        pytest.skip("this file system refuses such names")
    page = Page(save_gallery([section(exhibits=[Exhibit(path, "x")])], tmp_path / "index.html"))
    assert page.all("img")[0]["src"] == "caf%E9.png"


def test_a_file_elsewhere_keeps_its_address(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "x.png").write_bytes(png())
    (tmp_path / "in" / "y.png").write_bytes(png())
    exhibits = [Exhibit(tmp_path / "x.png", "x"), Exhibit(tmp_path / "in" / "y.png", "y")]
    page = Page(save_gallery([section(exhibits=exhibits)], tmp_path / "in" / "index.html"))
    assert [image["src"] for image in page.all("img")] == [
        (tmp_path / "x.png").resolve().as_uri(),
        "y.png",
    ]


# --- in a browser ---


@pytest.fixture
def show(browser):
    """Open a page; in the end, check that there was no error and that it only loaded files."""
    contexts, requests, errors = [], [], []

    def open_page(path, viewport=DESK, **settings):
        context = browser.new_context(viewport=viewport, **settings)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(30_000)
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("requestfailed", lambda request: errors.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith("file:")] == []


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_all_pictures_load_and_nothing_is_too_wide(show, tmp_path, viewport):
    tab = show(usual(tmp_path), viewport)
    loaded = "[...document.images].map(i => i.complete && i.naturalWidth > 0)"
    assert tab.evaluate(loaded) == [True, True, True]
    tab.locator("summary", has_text="What it printed").first.click()
    assert tab.locator("pre").first.is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    first = tab.locator(".tile").first.bounding_box()
    assert first["y"] + 200 < viewport["height"], "the first page is on the first screen"


def test_printed_text_is_folded_and_animations_may_be(show, tmp_path):
    tab = show(usual(tmp_path))
    assert not tab.locator("pre").first.is_visible()
    moving = tab.get_by_alt_text("This is c.gif.")
    assert moving.is_visible()
    tab.locator("summary", has_text="Animation").click()
    assert not moving.is_visible()


def test_nothing_moves_for_readers_who_asked_for_less_motion(show, tmp_path):
    tab = show(usual(tmp_path), reduced_motion="reduce")
    assert not tab.get_by_alt_text("This is c.gif.").is_visible()
    assert tab.get_by_role("link", name="Play c.gif").is_visible()
    assert tab.get_by_alt_text("This is a.png.").is_visible()


def test_the_dark_scheme_is_dark(show, tmp_path):
    background = "getComputedStyle(document.body).backgroundColor"
    path = usual(tmp_path)
    assert show(path).evaluate(background) == "rgb(255, 255, 254)"
    assert show(path, color_scheme="dark").evaluate(background) == "rgb(22, 25, 29)"


def test_hostile_text_has_no_effect(show, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    sections = [
        Section(i, text, text, text, [Exhibit(path, text)], text, text)
        for i, text in enumerate(HOSTILE, start=1)
    ]
    tab = show(save_gallery(sections, tmp_path / "index.html"))
    assert tab.title() == "Neural networks, from the chain rule up"
    assert tab.locator("section").count() == len(HOSTILE)
    assert tab.locator("h1").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show, tmp_path, scheme, viewport):
    folder = os.environ.get("AXE_CORE")
    if not folder:
        pytest.skip("AXE_CORE does not name a folder with axe.min.js (npm pack axe-core)")
    tab = show(usual(tmp_path), viewport, color_scheme=scheme, bypass_csp=True)
    tab.evaluate((Path(folder) / "axe.min.js").read_text(encoding="utf-8"))
    for summary in tab.locator("summary", has_text="What it printed").all():
        summary.click()
    found = tab.evaluate("axe.run().then(r => r.violations)")
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


@pytest.mark.parametrize("begin", ['<section aria-labelledby="demo-1">\n', '<li value="1">'])
def test_parts_that_never_end_do_not_hang(tmp_path, begin):
    page = tmp_path / "index.html"
    page.write_text(begin * 20_000)
    began = time.process_time()
    save_gallery([Section(1, "a", "A", "an a", [], "")], page)
    assert time.process_time() - began < 2
    assert page.read_text().count(begin) == 1
