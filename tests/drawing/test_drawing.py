"""Pictures are read back with an XML parser and compared with the graph that was drawn."""

import math
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd import sum as total
from autograd.drawing import Drawing, RenderError, draw, render_with
from autograd.nodes.order import reading_order
from autograd.value import Value, topological_order
from tests.counts import count

SVG = "{http://www.w3.org/2000/svg}"
ADVANCE = 0.6  # of Courier New, in ems


def picture(drawing):
    """The nodes' text by name, and the edges as (tail, head, text)."""
    nodes, edges = {}, []
    for group in ET.fromstring(drawing.pipe("svg").decode()).iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title")
        texts = [text.text or "" for text in group.findall(f"{SVG}text")]
        if group.get("class") == "node":
            nodes[title] = texts
        elif group.get("class") == "edge":
            edges.append((*title.split("->"), *texts))
    return nodes, edges


def neuron():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.8813735870195432, "b")
    y = (w * x + b).tanh()
    y.label = "y"
    return y


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """An empty folder, the only one in which programs are found."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder, name, code):
    """A renderer that runs ``code``."""
    file = folder / name
    file.write_text(f"#!{os.path.realpath(PYTHON)}\nimport sys\nsys.stdin.read()\n{code}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


PYTHON = sys.executable
scripts = pytest.mark.skipif(os.name == "nt", reason="stands in for programs with scripts")


# --- what is in the picture ---


def test_shows_operation_label_data_gradient_and_partials():
    y = neuron()
    y.backward()
    nodes, edges = picture(draw(y))
    order = topological_order(y)
    assert sorted(nodes) == sorted(f"n{place}" for place in range(len(order)))
    assert nodes[f"n{len(order) - 1}"] == ["tanh", "y", "data", "0.7071", "grad", "1"]
    shown = {texts[0]: texts[1:] for texts in nodes.values()}
    assert shown["x"] == ["data", "2", "grad", "-1.5"]
    assert shown["w"] == ["data", "-3", "grad", "1"]
    assert shown["*"] == ["v1", "data", "-6", "grad", "0.5"]
    assert shown["+"] == ["v2", "data", "0.8814", "grad", "0.5"]
    names = {name: texts[0] for name, texts in nodes.items()}
    assert sorted((names[tail], names[head], text) for tail, head, text in edges) == [
        ("*", "+", "∂ 1"),
        ("+", "tanh", "∂ 0.5"),
        ("b", "+", "∂ 1"),
        ("w", "*", "∂ 2"),
        ("x", "*", "∂ -3"),
    ]


def test_a_square_has_two_edges():
    x = Value(3.0, "x")
    _, edges = picture(draw(x * x))
    assert edges == [("n0", "n1", "∂ 3")] * 2


def test_each_edge_shows_its_own_partial():
    a, b = Value(5.0), Value(7.0)
    _, edges = picture(draw(a - b))
    assert sorted(text for _, _, text in edges) == ["∂ -1", "∂ 1"]


def test_a_gradient_not_computed_is_not_zero():
    x = Value(3.0)
    y = x * 0
    assert all(texts[-1] == "not computed" for texts in picture(draw(y))[0].values())
    y.backward()
    assert {texts[-1] for texts in picture(draw(y))[0].values()} == {"0", "3", "1"}


def test_a_leaf_alone():
    assert picture(draw(Value(1.0, "alone"))) == (
        {"n0": ["alone", "data", "1", "grad", "not computed"]},
        [],
    )


def test_leaves_and_operations_differ_in_colour_and_shape():
    root = ET.fromstring(draw(-Value(1.0)).pipe())
    outlines = [group[1] for group in root.iter(f"{SVG}g") if group.get("class") == "node"]
    assert len({outline.tag for outline in outlines}) == 2
    assert len({outline.get("fill") for outline in outlines}) == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1e-05, "1e-05"),
        (-0.00012345678, "-0.0001235"),
        (12345.678, "12346"),
        (100000.0, "100000"),
        (999999.9, "1e+06"),
        (-1.5e300, "-1.5e+300"),
        (5e-324, "4.941e-324"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_short_and_readable(data, text):
    assert picture(draw(Value(data)))[0]["n0"] == ["out", "data", text, "grad", "not computed"]


@given(st.floats(-1e308, 1e308))
@settings(max_examples=50, deadline=None)
def test_numbers_are_right_to_four_digits(data):
    shown = picture(draw(Value(data)))[0]["n0"][2]
    assert len(shown) <= len("-1.234e-300")
    assert float(shown) == pytest.approx(data, rel=5.1e-4, abs=5e-324)


def test_inputs_lie_in_the_order_of_their_use():
    names = "abcdef"
    root = ET.fromstring(draw(total([Value(1.0, name) for name in names])).pipe())
    heights = {text.text: float(text.get("y")) for text in root.iter(f"{SVG}text")}
    assert sorted(names, key=heights.__getitem__) == list(names)


# --- labels hold anything ---


def stand_in(letter):
    code = ord(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "\ufffd" if 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF) else letter


def as_shown(label):
    return "".join("" if letter == "\n" else stand_in(letter) for letter in label)


HOSTILE = [
    *("<b>", "</b>", "<BR/>", "</TABLE>>", "<", ">", "}{", "|", "<p>", '"', "'", "`", "&", "&lt;"),
    *("&#65;", "&nbsp;", "&#160;", "\\", "\\N", "\\G", "\\l", "\\n", '\\"', "\\\\", "]]>", "<!--"),
    *("-->", "/*", "//", "#", ";", "n0:p", "->", " ", "  ", "\t", "\n", "\r\n", "\0", "\x1b[31m"),
    *("\x7f", "\x85", "\xa0", "\u2028", "\u202e", "\ufeff", "\u200d", "\ud800", "\udc00", "\ufffe"),
    *("\uffff", "\U0001ffff", "😀", "👩‍👩‍👧", "日本語", "שלום", "مرحبا", "e\u0301", "∂"),
    *('font-family="Courier New"', '<g id="', 'fill="#1f2933"', "<svg", "%s", "{0}", "x" * 100),
]
labels = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(st.sampled_from(HOSTILE), max_size=8).map("".join),
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=8).map("".join),
)


@given(st.lists(labels, min_size=1, max_size=30))
@example(HOSTILE)
@example([f"{one}{other}" for one in HOSTILE for other in HOSTILE])
@settings(max_examples=count(60, quick=30), deadline=None)
@pytest.mark.slow
def test_labels_come_out_as_written(written):
    y = total([Value(1.0, label) for label in written])
    nodes, edges = picture(draw(y, force=True))
    assert len(nodes) == len(written) + 1
    assert len(edges) == len(written)
    for place, value in enumerate(reading_order(y)[:-1]):
        texts = nodes[f"n{place}"]
        assert texts[-4:] == ["data", "1", "grad", "not computed"]
        name, label = "".join(texts[:-4]), as_shown(value.label)
        # A second node of that name has a number behind it; one without a label is v1, v2, ...
        assert re.fullmatch(re.escape(label) + r"(#\d+)?" if value.label else r"v\d+", name)


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_on_operations_as_png(label):
    y = Value(1.0, label) * 2
    y.label = label
    assert draw(y).pipe("png").startswith(b"\x89PNG\r\n\x1a\n")


def test_lines_stay_lines():
    assert picture(draw(Value(1.0, "two\nlines")))[0]["n0"][:2] == ["two", "lines"]


def test_a_long_label_is_folded():
    label = "".join(f"{place:05d}" for place in range(2000))
    drawing = draw(Value(1.0, label))
    texts = picture(drawing)[0]["n0"]
    assert "".join(texts[:-4]) == label
    assert max(map(len, texts)) < 100
    assert drawing.pipe("png").startswith(b"\x89PNG")


def test_text_stays_in_its_box():
    y = (Value(0.1234567, "a name of some length") * Value(-1e-300, "w" * 48)).tanh()
    y.label = "out = tanh(a * w)"
    y.backward()
    for node in ET.fromstring(draw(y).pipe()).iter(f"{SVG}g"):
        if node.get("class") != "node":
            continue
        outline = node[1].get("points") or node[1].get("d")
        pairs = re.findall(r"(-?[\d.]+),(-?[\d.]+)", outline)
        xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
        for text in node.iter(f"{SVG}text"):
            assert text.get("text-anchor") == "start"
            assert text.get("font-family").startswith("'Courier New', ")
            left, size = float(text.get("x")), float(text.get("font-size"))
            assert min(xs) <= left
            assert left + len(text.text) * ADVANCE * size <= max(xs)
            assert min(ys) <= float(text.get("y")) - 0.7 * size
            assert float(text.get("y")) <= max(ys)


# --- one graph, one picture ---

SCRIPT = """
from autograd import Value
from autograd.drawing import draw
x, w = Value(2.0, "x"), Value(-3.0, "w")
y = ((x * w + x).tanh() * x.exp() + w * w).sigmoid()
y.backward()
import sys
for view in "scalars", "sums", "neurons":
    drawing = draw(y, view=view, names=locals())
    sys.stdout.buffer.write(drawing.source.encode() + drawing.pipe("svg") + drawing.pipe("png"))
"""


def test_the_same_bytes_in_every_process():
    outputs = set()
    for seed in "0", "1", "2":
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        run = subprocess.run([PYTHON, "-c", SCRIPT], env=environment, capture_output=True)
        assert run.returncode == 0, run.stderr.decode()
        outputs.add(run.stdout)
    assert len(outputs) == 1


def test_importing_autograd_loads_no_graphviz():
    code = "import autograd, autograd.drawing, sys; sys.exit('graphviz' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([PYTHON, "-c", code], env=environment).returncode == 0


def test_two_pictures_on_one_page_share_no_ids():
    ids = []
    for data in 1.0, 2.0:
        root = ET.fromstring(draw(Value(data) * 2).pipe())
        ids += [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) > 8
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in ids)


def luminance(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """By the web's accessibility guidelines (WCAG 2.2), which ask 4.5 of text."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(scheme):
    y = neuron()
    y.backward()
    root = ET.fromstring(draw(y).pipe())
    dark = dict(
        re.findall(r'\[fill="(#\w{6})"\] \{ fill: (#\w{6}); \}', root.findtext(f"{SVG}style"))
    )
    seen = (lambda color: dark[color]) if scheme == "dark" else (lambda color: color)
    graph = root.find(f"{SVG}g")
    paper = graph.find(f"{SVG}polygon").get("fill")
    for group in graph.findall(f"{SVG}g"):
        ground = group[1].get("fill") if group.get("class") == "node" else paper
        for text in group.iter(f"{SVG}text"):
            assert contrast(seen(text.get("fill")), seen(ground)) >= 4.5


# --- refusals ---


@pytest.mark.parametrize("thing", [3.0, None, "y", [Value(1.0)]])
def test_draws_values_only(thing):
    with pytest.raises(TypeError, match=f"expects the Value .* got {type(thing).__name__}"):
        draw(thing)


def test_refuses_a_graph_too_large_to_read():
    y = total([Value(1.0) for _ in range(1500)])
    with pytest.raises(ValueError, match=r"has 1,501 nodes.*draw a value in the middle.*force"):
        draw(y)
    assert repr(draw(y, force=True)) == "<Drawing of 1501 nodes>"
    assert isinstance(draw(total([Value(1.0) for _ in range(1499)])), Drawing)


def test_a_deep_graph_needs_no_recursion():
    y = Value(0.5)
    for _ in range(5_000):
        y = -y
    assert draw(y, force=True).source.count(" -> ") == 5_000


def test_direction():
    y = neuron()
    size = {}
    for direction in "LR", "TB":
        root = ET.fromstring(draw(y, rankdir=direction).pipe())
        size[direction] = [float(n) for n in root.get("viewBox").split()[2:]]
    assert size["LR"][0] > size["TB"][0]
    assert size["LR"][1] < size["TB"][1]
    with pytest.raises(ValueError, match="one of LR, TB, RL, BT; got 'lr'"):
        draw(y, rankdir="lr")


# --- files and notebooks ---


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<svg "), ("PNG", b"\x89PNG"), ("dot", b"digraph "), ("gv", b"dig")],
)
def test_the_suffix_chooses_the_format(tmp_path, suffix, start):
    path = tmp_path / "new folder" / f"net.v2.{suffix}"
    assert draw(neuron()).save(str(path)) == path
    assert path.read_bytes().startswith(start)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_render_as_graphviz_does(tmp_path):
    drawing = draw(neuron())
    assert drawing.render(tmp_path / "net", format="png") == str(tmp_path / "net.png")
    assert drawing.render(str(tmp_path / "net.svg")) == str(tmp_path / "net.svg")
    assert drawing.render(tmp_path / "net.svg", format="svg") == str(tmp_path / "net.svg")
    assert (tmp_path / "net.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "net.svg").read_bytes() == drawing.pipe("svg")


def test_unknown_formats_are_named(tmp_path):
    drawing = draw(neuron())
    with pytest.raises(ValueError, match=r"one of \.svg, .*, \.mmd, \.tex; got 'y\.bmp'"):
        drawing.save("y.bmp")
    with pytest.raises(ValueError, match="got 'y'"):
        drawing.save("y")
    with pytest.raises(ValueError, match="svg, png, pdf; got 'gif'"):
        drawing.pipe("gif")


def test_pdf_comes_from_dot_or_says_so(tmp_path):
    drawing = draw(neuron())
    if shutil.which("dot"):
        assert drawing.save(tmp_path / "y.pdf").read_bytes().startswith(b"%PDF")
        return
    with pytest.raises(RenderError, match=r"pdf needs .*`dot`.*graphviz\.org.*\.svg or \.png"):
        drawing.save(tmp_path / "y.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "y.svg"
    path.write_text("before")

    def fail(*_):
        raise OSError("disk gone")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk gone"):
        draw(neuron()).save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_notebooks_show_svg():
    drawing = draw(neuron())
    kind = "image/svg+xml"
    assert drawing._repr_mimebundle_() == {kind: drawing.pipe("svg").decode()}
    assert drawing._repr_mimebundle_(include=[kind], exclude=[]) == drawing._repr_mimebundle_()
    assert drawing._repr_mimebundle_(include=["text/plain"]) == {}
    assert drawing._repr_mimebundle_(exclude=[kind]) == {}


# --- renderers ---


def test_without_a_renderer_both_ways_out_are_named(programs, tmp_path):
    drawing = draw(neuron())
    with pytest.raises(RenderError, match=r"pip install graphviz-pure.*`dot`.*`\.source`"):
        drawing.save(tmp_path / "y.svg")
    assert drawing.source.startswith("digraph")
    assert drawing.save(tmp_path / "y.dot").read_text(encoding="utf-8") == drawing.source
    assert not (tmp_path / "y.svg").exists()


@scripts
def test_dot_serves_where_graphviz_pure_is_missing(programs):
    program(programs, "dot", "print('dot', *sys.argv[1:])")
    assert draw(neuron()).pipe("png").startswith(b"dot -Tpng")
    program(programs, "graphviz-pure", "print('pure', *sys.argv[1:])")
    assert draw(neuron()).pipe("png").startswith(b"pure -Tpng")
    assert draw(neuron()).pipe("pdf").startswith(b"dot -Tpdf")


@scripts
def test_a_failing_renderer_is_quoted(programs, tmp_path):
    program(programs, "dot", "sys.exit('the layout went wrong')")
    (tmp_path / "y.png").write_text("before")
    with pytest.raises(RenderError, match="failed with status 1: the layout went wrong"):
        draw(neuron()).save(tmp_path / "y.png")
    assert (tmp_path / "y.png").read_text() == "before"


@scripts
def test_a_renderer_that_does_not_start(programs):
    (programs / "dot").write_bytes(b"\x7fELF, but not for this machine")
    (programs / "dot").chmod(0o755)
    with pytest.raises(RenderError, match="could not be started"):
        draw(neuron()).pipe()


@pytest.fixture
def rendered_by():
    """Let a function render, until the test ends."""
    yield render_with
    render_with(None)


def test_a_function_can_render_in_the_place_of_a_program(programs, rendered_by, tmp_path):
    asked = []

    def renderer(source, format):
        asked.append((source, format))
        if format == "pdf":
            raise RenderError("this renderer has no pdf")
        return (
            '<?xml version="1.0"?>\n<svg width="1pt"><g id="a"></g></svg>\n'
            if format == "svg"
            else b"P"
        )

    rendered_by(renderer)
    drawing = draw(neuron())
    svg = drawing.save(tmp_path / "y.svg").read_text(encoding="utf-8")
    assert svg.startswith('<svg class="autograd"'), "finished as every SVG"
    assert "prefers-color-scheme: dark" in svg
    assert drawing.pipe("png") == b"P"
    assert asked == [(drawing.source, "svg"), (drawing.source, "png")]
    with pytest.raises(RenderError, match="no pdf"):
        drawing.pipe("pdf")
    rendered_by(None)
    with pytest.raises(RenderError, match="found no program"):
        drawing.pipe()


def test_a_renderer_is_a_function(rendered_by):
    with pytest.raises(TypeError, match=r"function of DOT text and a format.*; got 'dot'"):
        rendered_by("dot")
