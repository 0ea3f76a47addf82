"""The pictures as TikZ and Mermaid: names and numbers as in the SVG; nothing acts as markup."""

import os
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

import nn
from autograd import Value, draw
from autograd.drawing import palette
from tests.autograd.test_hostile import FRAGMENTS

VIEWS = ("scalars", "sums", "neurons")


@pytest.fixture(scope="module")
def drawings():
    model = nn.MLP(2, [3, 1], seed=1)
    y = model([0.5, -1.0])
    y.backward()
    return {view: draw(y, view=view, names=model) for view in VIEWS}


@pytest.mark.parametrize(("suffix", "text"), [("tex", "tikz"), ("mmd", "mermaid")])
def test_a_file_of_the_text_is_written_by_its_suffix(drawings, tmp_path, suffix, text):
    drawing = drawings["scalars"]
    path = drawing.save(tmp_path / "made" / f"net.{suffix}")
    assert path.read_text(encoding="utf-8") == getattr(drawing, text)


def words_of_svg(drawing):
    root = ElementTree.fromstring(drawing.pipe("svg"))
    return sorted("".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text"))


def words_of_mermaid(source):
    quoted = re.findall(r'"([^"]*)"', source)
    text = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), " ".join(quoted))
    return sorted(text.replace("<br/>", " ").split())


def words_of_tikz(source):
    texts = re.findall(r"^\\node.*? at \([^)]*\) \{(.*)\};$", source, re.M)
    plain = [re.sub(r"^\\autogradbold\{(.*)\}$", r"\1", t) for t in texts]
    plain = [re.sub(r"\{\\char(\d+)\}", lambda found: chr(int(found[1])), t) for t in plain]
    return sorted(t.replace(r"\ensuremath{\partial}", "∂").replace(r"\ ", " ") for t in plain)


@pytest.mark.parametrize("view", VIEWS)
def test_names_and_numbers_are_those_of_the_picture(drawings, view):
    drawing = drawings[view]
    assert words_of_mermaid(drawing.mermaid) == sorted(" ".join(words_of_svg(drawing)).split())
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", 2 * "0123456789")
    lowered = [
        re.sub(r"\\text(?:super|sub)script\{(.)\}", r"\1", t) for t in words_of_tikz(drawing.tikz)
    ]
    assert sorted(lowered) == sorted(t.translate(raised) for t in words_of_svg(drawing))


@pytest.mark.parametrize("view", VIEWS)
def test_what_is_bold_in_the_picture_is_bold_in_tex(drawings, view):
    root = ElementTree.fromstring(drawings[view].pipe("svg"))
    bold = sum(e.get("font-weight") == "bold" for e in root.iter())
    assert bold == drawings[view].tikz.count("{\\autogradbold{") > 0


def test_weights_are_written_between_the_boxes(tmp_path):
    """Of close layers; a label is as wide as its text, and stands around its place."""
    model = nn.MLP(2, [2, 1], seed=1)
    drawing = draw(model([0.5, -1.0]), view="sums", names=model)
    root = ElementTree.fromstring(drawing.pipe("svg"))
    texts = [e for e in root.iter() if e.tag.endswith("}text") and e.get("fill") == palette.INK]
    boxes, weights = [], []
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        shapes = [e for e in group if e.tag.rpartition("}")[2] in ("path", "polygon")]
        if group.get("class") == "node":
            numbers = re.findall(r"-?[\d.]+", shapes[0].get("d") or shapes[0].get("points"))
            xs = [float(x) for x in numbers[::2]]
            boxes.append((min(xs), max(xs)))
        elif group.get("class") == "edge":
            weights += [e for e in group if e in texts]
    assert len(weights) == 12  # the name and the number of six
    for e in weights:
        half = 7.2 * len(e.text) / 2
        x = float(e.get("x"))
        assert all(x + half < left or x - half > right for left, right in boxes), e.text


def test_lines_have_their_colours_and_dashes(drawings):
    lines = [line for line in drawings["neurons"].mermaid.splitlines() if "linkStyle" in line]
    assert (
        sum("dasharray" in line for line in lines) == drawings["neurons"].tikz.count("dashed") == 5
    )
    assert 'subgraph cluster_layer1 ["layer 1"]' in drawings["neurons"].mermaid


@pytest.mark.parametrize("label", [*FRAGMENTS, "".join(FRAGMENTS), "1. one", "- x", "end", "`a`"])
def test_no_label_acts_as_markup(label):
    y = Value(0.5, label) * 2.0
    for line in draw(y).mermaid.splitlines()[3:]:
        inner = re.sub(r'"[\w .,=∂<>/#;-]*"', "", line)
        assert re.fullmatch(r"[\w :>|,.#\[\]()-]+", inner), line
    for text in re.findall(r"^\\node.*? at \([^)]*\) \{(.*)\};$", draw(y).tikz, re.M):
        plain = re.sub(r"\{\\char\d+\}|\\ |\\[a-z]+|[{}^_+]", "", text)
        assert re.fullmatch(r"[A-Za-z0-9.,:;=()`'\"~^]*", plain), text
        assert text.count("{") == text.count("}")
    assert draw(y).tikz.isascii()


@pytest.mark.slow
def test_tex_compiles_it(tmp_path, drawings):
    found = shutil.which("kpsewhich")
    has_tikz = found and subprocess.run([found, "tikz.sty"], capture_output=True).stdout
    if not has_tikz and not os.environ.get("CI"):
        pytest.skip("TikZ is not installed")
    hostile = draw(Value(0.5, "".join(FRAGMENTS)) * Value(2.0, "\\input{x}%$&_^~#αé日"))
    body = "\\clearpage".join(d.tikz for d in (*drawings.values(), hostile))
    (tmp_path / "a.tex").write_text(
        "\\documentclass{article}\\usepackage[paperwidth=300cm,paperheight=300cm]{geometry}"
        f"\\usepackage{{tikz}}\\begin{{document}}{body}\\end{{document}}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "4 pages" in done.stdout
