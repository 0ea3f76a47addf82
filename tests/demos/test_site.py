"""The docs: their code runs, both columns agree, and every public name has its place."""

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

import autograd
import nn
from autograd import ops
from demos.helpers.gallery import Exhibit, Section
from demos.site import build, command, course, inserts
from demos.site.build import PAGES
from demos.site.course import demo_page
from demos.site.links import broken
from demos.site.weave import SiteError, blocks, woven

SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md"))}
NAMES = {**vars(inserts), "contents": lambda: "The demos."}


@pytest.mark.parametrize("name", SOURCES)
def test_the_code_of_a_page_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = woven(SOURCES[name], name, NAMES)
    assert "```insert" not in text
    runs = [block for block in blocks(SOURCES[name]) if "print(" in block.code]
    assert text.count("```text\n") == len(runs)


PAIRS = [(name, block.library) for name in SOURCES for block in blocks(SOURCES[name])[:1]]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "library"), [pair for pair in PAIRS if pair[1]])
def test_both_columns_print_the_same(name, library):
    try:
        importlib.import_module(library)
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail(f"CI compares with {library}, and it is not installed")
        pytest.skip(f"{library} is not installed")
    spaces: dict[str, dict[str, object]] = {"here": {}, "there": {}}
    for block in blocks(SOURCES[name]):
        here, there = (
            printed(code, spaces[place])
            for place, code in (("here", block.code), ("there", block.there))
        )
        assert here == there != ""


def printed(code, namespace):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        exec(compile(code, "a block", "exec"), namespace)
    return stream.getvalue()


def test_every_public_name_is_documented_once():
    found = [
        f"{module}.{name}"
        for text in SOURCES.values()
        for module, names in re.findall(r'documented\((\w+), "([^"]+)"\)', text)
        for name in names.split()
    ]
    public = {f"autograd.{name}" for name in autograd.__all__} | {f"nn.{n}" for n in nn.__all__}
    operations = {
        name for name in public if isinstance(getattr(autograd, name.split(".")[1], 0), ops.Op)
    }
    assert sorted(found) == sorted(public - operations)
    listed = re.findall(r"`(\w+)`", SOURCES["autograd"].split("These are operations")[1])
    assert {f"autograd.{name}" for name in listed} == operations


def test_sphinx_takes_no_docstring_of_a_property_for_its_type():
    """As it does with what stands before a colon in the first line."""
    for module in (autograd, nn):
        for thing in map(vars(module).get, module.__all__):
            for each in vars(thing).values() if isinstance(thing, type) else ():
                if isinstance(each, property) and each.__doc__:
                    assert ":" not in each.__doc__.splitlines()[0], each.__doc__


def test_every_operation_stands_in_the_table_once():
    calls = re.findall(r'^operations\("([^"]+)"\)', SOURCES["operations"], re.M)
    listed = [name for names in calls for name in names.split()]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {name for name in ops.BUILT_IN if "power" not in name}


def test_a_row_of_the_table_of_operations():
    rows = inserts.operations("tanh pow abs").splitlines()[2:]
    assert rows == [
        "| `tanh` | `tanh(x)` | `1 - y²` | 4 ulp |",
        "| `pow` | `a ** b` | `b * a ** (b - 1)`, `y * log(a)` | 8 ulp |",
        r"| `abs` | `\|x\|` | `sign(x)` | 4 ulp |",
    ]


def test_words_that_stand_elsewhere(monkeypatch, tmp_path):
    assert "| Promise | Held by |" in inserts.readme("What you can rely on")
    assert "](" not in inserts.readme("What you can rely on")
    assert inserts.results().startswith("| Row | What | Reached | Worst | Findings | Date |\n")
    assert inserts.sheets().count("\n## ") == 12
    assert inserts.source(inserts.value, "Value.backward").startswith("```python\ndef backward(")
    monkeypatch.setattr(inserts, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/RESULTS.md").write_text("| 1 | a | b | c | 1: x**2 <b> `y` [z](q) | d |")
    assert r" 1: x\*\*2 \<b> \`y\` \[z](q) |" in inserts.results()
    (tmp_path / "tests/RESULTS.md").unlink()
    assert inserts.results().startswith("The table is in `tests/RESULTS.md`")


# --- what a writer gets wrong ---


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# A\n\n```python\n1 / 0\n```\n", r"^a: the block at line 4 fails: ZeroDivisionError: "),
        ("```python\n1 +\n```\n", r"^a: the block at line 2 fails: SyntaxError: "),
        ("```insert\nabsent()\n```\n", r"fails: NameError: name 'absent'"),
        ("![What it shows.](absent.html)\n", r"^a: no block made the file absent.html$"),
    ],
)
def test_a_page_that_is_wrong(text, sentence):
    with pytest.raises(SiteError, match=sentence):
        woven(text, "a", {})


LINKS = {
    '<a href="b.html#here">': "",
    '<a href="b.html#step=29&view=neurons">': "",
    '<a href="#top"><p id="top">': "",
    '<a href="https://example.org/a?b">': "",
    '<img src="data:image/png;base64,AA">': "",
    '<a href="c.html">': "the file does not exist",
    '<img src="c.png">': "the file does not exist",
    '<a href="b.html#there">': "the page does not have that place",
    '<a href="#there">': "the page does not have that place",
    '<a href="../a.html">': "it leads out of the folder",
    '<a href="/a.html">': "it leads out of the folder",
    '<a href="https:example.org">': "it names no host",
    '<a href="https://">': "it names no host",
    '<a href="file:///a.html">': "it is not relative",
    '<script src="https://example.org/a.js">': "a browser would load it from a network",
    '<link href="https://example.org/a.css">': "a browser would load it from a network",
    '<img src="//example.org/a.png">': "a browser would load it from a network",
}


@pytest.mark.parametrize("html", LINKS)
def test_links_are_followed(html, tmp_path):
    (tmp_path / "a.html").write_text(html)
    (tmp_path / "b.html").write_text('<p id="here">')
    faults = [fault.partition(": ")[2] for fault in broken(tmp_path)]
    assert faults == ([LINKS[html]] if LINKS[html] else [])


def test_a_style_that_loads_from_a_network(tmp_path):
    (tmp_path / "a.css").write_text("p { background: url('https://example.org/a.png') }")
    assert list(broken(tmp_path)) == ["a.css loads 'https://example.org/a.png' from a network"]


def test_a_broken_link_replaces_nothing(tmp_path, monkeypatch):
    def write_html(sources, html):
        html.mkdir()
        (html / "index.html").write_text('<a href="absent.html">')

    monkeypatch.setattr(build, "write_html", write_html)
    monkeypatch.setattr(build, "write_sources", lambda sections, sources: None)
    with pytest.raises(SiteError, match=r"^a link is broken\.\nindex.html links to 'absent.html'"):
        build.build(tmp_path / "site", lambda folder: [])
    assert list((tmp_path / "site").iterdir()) == []


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.run(None) == 1
    assert capsys.readouterr().err.endswith("it needs Sphinx: pip install '.[docs]'\n")


def test_the_page_of_a_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, printed = Exhibit(tmp_path / "a.html", "A <page>."), "```\nThree ticks.\n```"
    page.path.write_text("a")
    text = demo_page(Section(1, "chain_rule", "The chain rule", "what it does", [page], printed))
    assert text.startswith("# 1. The chain rule\n\nWhat it does.\n")
    assert '<iframe src="a.html" title="A &lt;page&gt;."' in text
    assert "````{raw} html\n" in text
    assert "Run it yourself: `python -m demos chain_rule`." in text
    assert text.count("```python\n") == 1


@pytest.mark.slow
def test_a_demo_names_its_files_as_the_site_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = course.run_demo(tmp_path, "figure_4")
    assert section.trouble == ""
    assert str(tmp_path) not in section.printed
    text = demo_page(section)
    for exhibit in section.exhibits:
        assert exhibit.path.is_file()
        assert f'src="{exhibit.path.as_posix()}"' in text


def test_a_demo_that_fails_ends_the_build(tmp_path, monkeypatch):
    here = contextlib.nullcontext(SimpleNamespace(map=map))
    failed = Section(1, "gpt", "A GPT", "what it does", [], "", trouble="this demo needs numpy")
    monkeypatch.setattr(course, "ProcessPoolExecutor", lambda max_workers: here)
    monkeypatch.setattr(course, "run_demo", lambda folder, name: failed)
    with pytest.raises(SiteError, match=r"^the demo gpt failed: this demo needs numpy$"):
        course.run_course(tmp_path)


def test_the_command_alone_loads_no_work():
    code = "import sys, demos.site.command; print([m for m in sys.modules if m == 'autograd'])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert output.stdout == "[]\n", output.stderr
