"""Labels that try to break DOT, HTML, SVG, LaTeX, Markdown, JSON and terminals."""

import functools
import json
import random
import re
import xml.etree.ElementTree as ElementTree

import pytest

import autograd
from autograd import Value, draw, explain, topological_order
from autograd.names import displayed
from tests.counts import count

FRAGMENTS = [
    *("<b>", "</b>", "<BR/>", "</TABLE>>", "<<TABLE>", "}{", "|", "\\N", "\\G", "\\l", "\\", '"'),
    *("]]>", "<!--", "-->", "</svg>", "<script>alert(1)</script>", "</style>", "onload=", "&lt;"),
    *("&#65;", "&", "'", "`", "javascript:", "[[GRAPH]]", "\\u003c", "\\end{align*}", "\\input{x}"),
    *("$", "$$", "^", "_", "{", "}", "%", "~", "#", "**b**", "[l](u)", "|a|b|", "\x1b[31m"),
    *("\x1b]0;", "\x07", "\x00", "\x7f", "\u202e", "😀", "é", "日本", "x", "w1", " "),
    *("->", ":", ";", "/*", "//"),
]  # fmt: skip
COUNT, BATCH = count(10_000, quick=1_000), 500


@functools.cache
def hostile_labels():
    stream = random.Random(10)
    return ["".join(stream.choices(FRAGMENTS, k=stream.randint(1, 6))) for _ in range(COUNT)]


def shown(label):
    """A label in a picture: as written, with the pictures of control characters."""
    return re.sub("[\x00-\x1f]", lambda c: chr(0x2400 + ord(c[0])), label).replace("\x7f", "\u2421")


@pytest.mark.parametrize("start", range(0, COUNT, BATCH))
def test_each_reads_back_as_written(start):
    labels = {displayed(label): label for label in hostile_labels()[start : start + BATCH]}
    leaves = [Value(1.0 + i, label) for i, label in enumerate(labels.values())]
    total = autograd.sum(leaves)

    root = ElementTree.fromstring(draw(total, view="scalars").pipe("svg"))
    nodes = [g for g in root.iter() if g.get("class") == "node"]
    texts = [[t.text or "" for t in g.iter() if t.tag.endswith("}text")] for g in nodes]
    expected = [shown(v.label) for v in topological_order(total) if v.op is None]
    assert sorted("".join(text[:-4]) for text in texts if "out" not in text) == sorted(expected)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "style", "g", "title", "polygon", "path", "text", "ellipse", "polyline"),
    }

    page = autograd.page(total).source
    graph = json.loads(re.search(r'id="graph">(.*?)</script>', page, re.DOTALL)[1])
    assert [n["name"] for n in graph["nodes"] if "anonymous" not in n] == list(labels.values())
    assert page.count("</script>") == autograd.page(Value(1.0)).source.count("</script>")
    assert page.count("</style>") == 1


@pytest.mark.parametrize("start", range(0, COUNT, BATCH))
def test_none_becomes_markup_in_words(start):
    for at in range(start, start + BATCH, 4):
        values = [Value(0.5 + i, label) for i, label in enumerate(hostile_labels()[at : at + 4])]
        explanation = explain(autograd.dot(values[:2], values[2:]).tanh(), values[0])
        assert all(line.isprintable() for line in explanation.text.splitlines())
        for source in (explanation.latex, explanation.markdown):
            assert source.isascii()
            plain = re.sub(r"\\[\\{}$%&#_]", "", source)
            assert plain.count("{") == plain.count("}")
            assert plain.count("$") % 2 == 0
            assert "\\input" not in source
